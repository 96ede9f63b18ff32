"""Time-domain HRV against neurokit2, and windows against the PhysioNet toolbox in MATLAB."""

from __future__ import annotations

import csv

import numpy as np
from recorded import recordings_folder

from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.windowed import powers_ms2
from body.data import judged, reference_beats, rmssd, rr_recordings
from body.table import Table
from sensors.signals import FloatArray

__all__ = ["run"]


def run(table: Table, quick: bool) -> None:
    """Add the rows."""
    _against_neurokit(table, quick)
    _after_many_beats(table, quick)
    _against_matlab(table)


def _window(times_s: FloatArray, nn_ms: FloatArray) -> BeatWindow:
    window = BeatWindow(1e9)
    for number, (t, rr) in enumerate(zip(times_s.tolist(), nn_ms.tolist(), strict=True)):
        window.feed(Beat(t, rr, "normal", number > 0))
    return window


def _against_neurokit(table: Table, quick: bool) -> None:
    import neurokit2

    worst, windows = 0.0, 0
    for _, rr_ms in rr_recordings():
        beats = judged(np.cumsum(rr_ms) / 1000.0, rr_ms)
        nn_ms = np.array([beat.rr_ms for beat in beats if beat.is_nn])
        for start in range(0, len(nn_ms) - 75, 150 if quick else 25):
            part = nn_ms[start : start + 75]
            ends_s = np.cumsum(part) / 1000.0
            window = _window(ends_s, part)
            theirs = neurokit2.hrv_time({"RRI": part, "RRI_Time": ends_s})
            windows += 1
            for mine, name in (
                (window.mean_ms(), "HRV_MeanNN"),
                (window.sdnn_ms(), "HRV_SDNN"),
                (window.rmssd_ms(), "HRV_RMSSD"),
                (window.pnn50_percent(), "HRV_pNN50"),
            ):
                value = float(theirs[name].iloc[0])
                if mine and value:
                    worst = max(worst, abs(mine - value) / abs(value))
    table.row(
        f"mean NN, SDNN, RMSSD, pNN50 in {windows} windows, worst relative", f"{worst:.1e}",
        "<= 1e-9", worst <= 1e-9, "to neurokit2",
    )  # fmt: skip


def _after_many_beats(table: Table, quick: bool) -> None:
    count = 100_000 if quick else 1_000_000
    rng, window, t = np.random.default_rng(1), BeatWindow(60.0), 0.0
    rr_all = (1000.0 * rng.integers(700, 900, count) / 1024).tolist()
    for rr in rr_all:
        t += rr / 1000.0
        window.feed(Beat(t, rr, "normal", True))
    back_s = t - np.concatenate(([0.0], np.cumsum(rr_all[::-1]) / 1000.0))[:200]
    tail = np.array(rr_all[::-1][:200])[back_s[:200] > t - 60.0][::-1]
    off = abs((window.rmssd_ms() or 0.0) / rmssd(tail) - 1.0)
    table.row(f"RMSSD after {count:.0e} beats, relative", f"{off:.1e}", "<= 1e-9", off <= 1e-9)


def _against_matlab(table: Table) -> None:
    path = recordings_folder() / "hrv_reference" / "matlab_windows.csv"
    times_s, nn_ms, _ = reference_beats()
    worst, ratios = 0.0, []
    with path.open() as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        inside = (times_s >= float(line["t_start"])) & (times_s < float(line["t_end"]))
        window = _window(times_s[inside], nn_ms[inside])
        for value, name in (
            (window.mean_ms(), "NNmean"), (window.sdnn_ms(), "SDNN"), (window.rmssd_ms(), "RMSSD"),
        ):  # fmt: skip
            worst = max(worst, abs((value or 0.0) / float(line[name]) - 1.0))
        if bands := powers_ms2(times_s[inside], nn_ms[inside]):
            theirs = float(line["lf"]) / float(line["hf"])
            ratios.append(abs(bands.lf_ms2 / bands.hf_ms2 / theirs - 1.0))
    table.row(
        f"{len(lines)} MATLAB windows: NNmean, SDNN, RMSSD, worst", f"{100 * worst:.4f} %",
        "<= 0.01 %", worst <= 1e-4,
    )  # fmt: skip
    median = float(np.median(ratios))
    table.row(
        f"LF/HF of {len(ratios)} MATLAB windows, median", f"{100 * median:.3f} %", "<= 2 %",
        median <= 0.02,
    )  # fmt: skip
