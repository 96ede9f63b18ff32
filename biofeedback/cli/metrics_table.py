"""An analysis as a person, a spreadsheet or a program reads it."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import asdict
from rich.markup import escape
from rich.table import Table

from biofeedback.cli import console

if TYPE_CHECKING:
    from biofeedback.metrics.base import Reading
    from biofeedback.metrics.spectrum import Spectrum
    from biofeedback.offline.analysis import Analysis
    from biofeedback.offline.windows import WindowMetrics

__all__ = ["as_csv", "as_json", "blank", "show", "summary", "whole"]

#: What a person wants to see, and fits a terminal; JSON and CSV have everything.
_HEADS = {
    "heart_rate": "HR", "rmssd": "RMSSD", "sdnn": "SDNN", "pnn50": "pNN50",
    "stress_index": "sqrt SI", "breathing_rate": "breath", "scl": "SCL", "scr_rate": "SCR",
    "vlf": "VLF", "lf": "LF", "hf": "HF", "lf_hf": "LF/HF",
}  # fmt: skip
#: Below the first a value is dim, below the second it is marked as well. Our own choice.
_GOOD, _POOR = 0.8, 0.5


def show(analysis: Analysis) -> None:
    """Print a table of the usual metrics that have a value anywhere, then the summary."""
    first = analysis.windows[0].readings if analysis.windows else ()
    names = [name for name in _HEADS if analysis.mean(name) is not None]
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("from", justify="right")
    for reading in first:
        if reading.name in names:
            head = f"{_HEADS[reading.name]}\n{reading.unit}"
            table.add_column(escape(head), justify="right", no_wrap=True)
    for window in analysis.windows:
        minutes, seconds = divmod(round(window.start_s), 60)
        cells = [_cell(reading) for reading in window.readings if reading.name in names]
        table.add_row(f"{minutes}:{seconds:02}", *cells)
    if names:
        console.out.print(table)
    console.out.print(escape(summary(analysis)), highlight=False)
    for line in [*whole(analysis), *blank(analysis)]:
        console.out.print(escape(line), highlight=False)
    if names:
        console.out.print(
            f"[dim]Dim values have a quality below {_GOOD:g}, those with ? below {_POOR:g}; "
            "- stands for too little data.[/]",
            highlight=False,
        )


def summary(analysis: Analysis) -> str:
    """Return one line: length, means, beats left out, gaps."""
    parts = [f"{analysis.duration_s / 60:.1f} min in windows of {analysis.window_s:g} s"]
    for name, unit in (("heart_rate", "bpm"), ("rmssd", "ms"), ("scl", "uS")):
        if (mean := analysis.mean(name)) is not None:
            parts.append(f"mean {_HEADS[name]} {mean:.3g} {unit}")
    if analysis.beats:
        parts.append(f"{analysis.beats} beats, {analysis.beats_left_out} left out")
    if (shape := analysis.nonlinear) is not None:
        names = (("DFA alpha1", shape.dfa_alpha1), ("sample entropy", shape.sample_entropy))
        known = [f"{name} {value:.2f}" for name, value in names if value is not None]
        parts += [f"{', '.join(known)} over {shape.beats} unbroken beats"] if known else []
    parts += [f"gaps in {signal} {lost_s:.0f} s" for signal, lost_s in analysis.lost_s.items()]
    return f"{analysis.name}: {'; '.join(parts)}."


def whole(analysis: Analysis) -> list[str]:
    """Return a line each of heart and skin over the whole recording, where there is enough."""
    said = []
    if (heart := analysis.hrv) is not None:
        parts = [
            f"mean NN {heart.mean_nn_ms:.0f} ms",
            f"HR {heart.heart_rate_bpm:.0f} bpm ({heart.lowest_bpm:.0f}-{heart.highest_bpm:.0f})",
            f"SDNN {heart.sdnn_ms:.1f} ms",
            f"RMSSD {heart.rmssd_ms:.1f} ms",
            f"pNN50 {heart.pnn50_percent:.1f} %",
            f"SD1 {heart.sd1_ms:.1f} ms",
            f"SD2 {heart.sd2_ms:.1f} ms",
        ]
        parts += [] if heart.stress_index is None else [f"sqrt SI {heart.stress_index:.1f}"]
        said.append(f"Heart as a whole: {', '.join(parts)}.")
        said += [] if heart.spectrum is None else [_spectrum(heart.spectrum)]
    if (skin := analysis.eda) is not None:
        parts = [
            f"median {skin.median_us:.2f} uS ({skin.lowest_us:.2f}-{skin.highest_us:.2f})",
            f"{skin.responses} responses in {skin.minutes:.1f} min",
        ]
        if skin.mean_amplitude_us is not None:
            parts.append(f"{skin.mean_amplitude_us:.2f} uS on average")
        said.append(f"Skin as a whole: {', '.join(parts)}.")
    return said


def blank(analysis: Analysis) -> list[str]:
    """Return a line for each reason why figures of the table are blank, in some windows or all."""
    if analysis.blanks is None:
        return []
    found: dict[str, dict[str, list[float]]] = {}  # windows, by reason and figure
    for window in analysis.windows:
        for reading in window.readings:
            if reading.name in _HEADS and reading.value is None:
                reason = analysis.blanks.why(reading, window)
                found.setdefault(reason, {}).setdefault(reading.name, []).append(window.start_s)
    lines: dict[str, None] = {}
    for reason, figures in found.items():
        for starts_s in {tuple(starts_s) for starts_s in figures.values()}:
            names = ", ".join(_HEADS[n] for n in figures if tuple(figures[n]) == starts_s)
            where = ""
            if len(starts_s) < len(analysis.windows):
                minutes, seconds = divmod(round(starts_s[0]), 60)
                count = "one window" if len(starts_s) == 1 else f"{len(starts_s)} windows"
                where = f" in {count} from {minutes}:{seconds:02} on"
            lines[f"No {names}{where}: {reason}."] = None
    return list(lines)


def _spectrum(found: Spectrum) -> str:
    """Return the line of the heart's spectrum."""
    parts = [] if found.vlf_ms2 is None else [f"VLF {found.vlf_ms2:.0f} ms^2"]
    parts += [
        f"LF {found.lf_ms2:.0f} ms^2 ({found.lf_nu:.0f} n.u., peak {found.lf_peak_hz:.3f} Hz)",
        f"HF {found.hf_ms2:.0f} ms^2 ({found.hf_nu:.0f} n.u., peak {found.hf_peak_hz:.3f} Hz)",
    ]
    parts += [] if found.total_ms2 is None else [f"total {found.total_ms2:.0f} ms^2"]
    parts.append(f"LF/HF {found.lf_hf:.2f}")
    windows = "one window" if found.windows == 1 else f"{found.windows} windows"
    return f"Its spectrum, {windows} of up to 300 s: {', '.join(parts)}."


def as_json(analysis: Analysis) -> str:
    """Return everything as one JSON object."""
    return json.dumps(
        {
            "name": analysis.name,
            "format": analysis.format,
            "started": None if analysis.started is None else analysis.started.isoformat(),
            "duration_s": analysis.duration_s,
            "window_s": analysis.window_s,
            "beats": analysis.beats,
            "beats_left_out": analysis.beats_left_out,
            "skin_responses": analysis.skin_responses,
            "lost_s": analysis.lost_s,
            "means": {
                reading.name: analysis.mean(reading.name)
                for reading in (analysis.windows[0].readings if analysis.windows else ())
            },
            "hrv": None if analysis.hrv is None else msgspec.to_builtins(analysis.hrv),
            "eda": None if analysis.eda is None else msgspec.to_builtins(analysis.eda),
            "nonlinear": None if analysis.nonlinear is None else asdict(analysis.nonlinear),
            "blank": {
                name: why
                for name, why in (analysis.blanks.whole() if analysis.blanks else {}).items()
                if _lacks(analysis, name)
            },
            "warnings": list(analysis.warnings),
            "windows": [
                {
                    "start_s": window.start_s,
                    "end_s": window.end_s,
                    "metrics": {
                        reading.name: {
                            "value": reading.value,
                            "unit": reading.unit,
                            "quality": reading.quality,
                            "coverage": reading.coverage,
                        }
                        | _reason(analysis, reading, window)
                        for reading in window.readings
                    },
                }
                for window in analysis.windows
            ],
        },
        indent=1,
    )


def _lacks(analysis: Analysis, name: str) -> bool:
    """Return whether a figure over the whole recording is blank."""
    if name == "spectrum":
        return analysis.hrv is None or analysis.hrv.spectrum is None
    return getattr(analysis, name) is None


def _reason(analysis: Analysis, reading: Reading, window: WindowMetrics) -> dict[str, str]:
    """Return why a reading is blank, where it is."""
    why = "" if analysis.blanks is None else analysis.blanks.why(reading, window)
    return {"why": why} if why else {}


def as_csv(analysis: Analysis) -> str:
    """Return one row a window: each metric with its unit in the column's name, and its quality."""
    from biofeedback.record.tables import column

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    first = analysis.windows[0].readings if analysis.windows else ()
    heads = [(column(reading.name, reading.unit), f"{reading.name}_quality") for reading in first]
    writer.writerow(["start_s", "end_s", *(name for pair in heads for name in pair)])
    for window in analysis.windows:
        pairs = [(reading.value, reading.quality) for reading in window.readings]
        writer.writerow([window.start_s, window.end_s, *(cell for pair in pairs for cell in pair)])
    return text.getvalue()


def _cell(reading: Reading) -> str:
    if reading.value is None:
        return "[dim]-[/]"
    size = abs(reading.value)
    text = f"{reading.value:.{0 if size >= 100 else 1 if size >= 10 else 2}f}"
    if reading.quality < _POOR:
        return f"[dim]{text}?[/]"
    return text if reading.quality >= _GOOD else f"[dim]{text}[/]"
