"""The report's tables of numbers: each measure over time, and what holds of the whole session."""

from __future__ import annotations

import numpy as np

from biofeedback.report import summary
from biofeedback.report.hrv_summary import whole
from biofeedback.report.html import note, section, table
from biofeedback.report.session_data import MetricSeries, SessionData
from biofeedback.report.words import METRIC_NAMES, joined, quality_word, rounded, share, unit

__all__ = ["numbers", "whole_session"]


def numbers(story: SessionData) -> list[str]:
    """Return the section with what each measure was on average, and how well it was known."""
    rows = [
        _metric_row(METRIC_NAMES.get(name, name), series)
        for name, series in story.metrics.items()
        if np.isfinite(series.values).any()
    ]
    missing = [
        METRIC_NAMES.get(name, name)
        for name, series in story.metrics.items()
        if not np.isfinite(series.values).any()
    ]
    parts = []
    if rows:
        head = ("Measure", "Mean", "Range", "Unit", "Time with a value", "Quality")
        parts = table("Numbers", head, rows, numbers=(1, 2, 4))
    notes = []
    left_out = summary.heart_beats_left_out(story)
    if left_out is not None:
        total = len(story.beat_used)
        part = f"{share(left_out)} of them left out" if left_out else "none left out"
        notes.append(f"{total} heart beats, {part}.")
    if len(story.response_us):
        notes.append(f"{len(story.response_us)} skin responses.")
    notes.append(f"{story.notes} notes.")
    if missing:
        notes.append(f"Without any value: {joined(missing)}.")
    return section("Numbers", [*parts, note(" ".join(notes))])


def _metric_row(name: str, series: MetricSeries) -> tuple[str, ...]:
    known = np.isfinite(series.values)
    values = series.values[known]
    quality = float(series.quality[known].mean())
    return (
        name, rounded(float(values.mean())),
        f"{rounded(float(values.min()))} – {rounded(float(values.max()))}",
        _unbroken(unit(series.unit)), share(float(known.mean())),
        _unbroken(f"{quality_word(quality)} ({quality:.2f})"),
    )  # fmt: skip


def _unbroken(text: str) -> str:
    return text.replace(" ", "\u00a0")


def whole_session(story: SessionData) -> list[str]:
    """Return the section with what can only be said of a whole session; nothing without it."""
    rows = whole(story)
    if not rows:
        return []
    text = (
        "Over all beats and all skin conductance that could be trusted. Spreads grow with the "
        "length of a session: compare sessions of equal length."
    )
    parts = [
        *table("The whole session", ("Measure", "Value", "Unit"), rows, numbers=(1,)),
        note(text),
    ]
    return section("The whole session", parts)
