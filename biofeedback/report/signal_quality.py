"""How well the session was sensed: batteries, outages, clocks, bad input, holes in the log."""

from __future__ import annotations

from collections import Counter

from biofeedback.report.html import note, section, table
from biofeedback.report.session_data import SessionData
from biofeedback.report.words import length

__all__ = ["sensing"]

_REASONS = {
    "link": "connection lost", "stall": "nothing came", "no_contact": "no skin contact",
    "bad_data": "unusable samples", "clock": "a clock was set",
}  # fmt: skip


def sensing(story: SessionData) -> list[str]:
    """Return the section; nothing when no sensor ever spoke up."""
    rows = [
        (source, _battery(story, source), _drift(story, source), _bad(story, source))
        for source in story.sources
    ]
    parts = (
        table("Sensors", ("Sensor", "Battery", "Its clock", "Bad input left out"), rows)
        if rows
        else []
    )
    outages = _outages(story)
    if outages:
        parts += table(
            "Outages", ("Signal", "Why", "Outages", "In all", "Longest"), outages, numbers=(2, 3, 4)
        )
    elif rows:
        parts.append(note("No outages: every sensor delivered without a gap."))
    return section("How well it was sensed", parts)


def _battery(story: SessionData, source: str) -> str:
    known = [
        line.battery_percent
        for line in story.statuses
        if line.source == source and line.battery_percent is not None
    ]
    if not known:
        return "not told"
    return f"{known[0]} %" if known[0] == known[-1] else f"{known[0]} → {known[-1]} %"


def _drift(story: SessionData, source: str) -> str:
    known = [
        line.drift_ppm
        for line in story.statuses
        if line.source == source and line.drift_ppm is not None
    ]
    if story.end is not None and source in story.end.drift_ppm:
        known.append(story.end.drift_ppm[source])
    if not known:
        return "not measured"
    ppm = known[-1]
    return (
        f"{abs(ppm):.0f} ppm {'fast' if ppm >= 0 else 'slow'} ({0.0036 * abs(ppm):.2f} s an hour)"
    )


def _bad(story: SessionData, source: str) -> str:
    counts: dict[str, int] = {}
    for line in story.statuses:
        if line.source == source:
            counts |= line.bad
    if story.end is not None:
        counts |= story.end.bad.get(source, {})
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"


def _outages(story: SessionData) -> list[tuple[str, str, str, str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    whole_s: dict[tuple[str, str], float] = {}
    longest_s: dict[tuple[str, str], float] = {}
    for gap in story.gaps:
        key, lasted_s = (f"{gap.signal} of {gap.source}", gap.reason), max(0.0, gap.end - gap.start)
        counts[key] += 1
        whole_s[key] = whole_s.get(key, 0.0) + lasted_s
        longest_s[key] = max(longest_s.get(key, 0.0), lasted_s)
    return [
        (signal, _REASONS.get(reason, reason), str(counts[signal, reason]),
         length(whole_s[signal, reason]), length(longest_s[signal, reason]))
        for signal, reason in counts
    ]  # fmt: skip
