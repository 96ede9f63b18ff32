"""Beats from ECG and pulse waves, and breathing from beats."""

from __future__ import annotations

import numpy as np

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.pulse_train import PulseTrain, Wave
from body.data import mitbih, neurokit_column, wristbands
from body.table import Table
from sensors.signals import Chunk, FloatArray, Signal

__all__ = ["run"]


def pulses(
    values: FloatArray, rate_hz: float, wave: Wave, chunk_s: float
) -> tuple[FloatArray, FloatArray]:
    """Return the times of beats, and when they were known."""
    train, size = PulseTrain(wave), max(1, round(chunk_s * rate_hz))
    found = []
    for start in range(0, len(values), size):
        piece = values[start : start + size]
        for pulse in train.feed(Chunk.regular(Signal.ECG, "x", start / rate_hz, rate_hz, piece)):
            found.append((pulse.time_s, (start + len(piece)) / rate_hz))
    at_s, known_s = np.array(found).reshape(-1, 2).T
    return at_s, known_s


def matched(found_s: FloatArray, truth_s: FloatArray, within_s: float) -> int:
    """Return how many true beats were found, both in order of time."""
    hits = index = 0
    for beat_s in truth_s:
        while index < len(found_s) and found_s[index] < beat_s - within_s:
            index += 1
        if index < len(found_s) and abs(found_s[index] - beat_s) <= within_s:
            hits, index = hits + 1, index + 1
    return hits


def run(table: Table, quick: bool) -> None:
    """Add the rows."""
    _r_peaks(table)
    for name in ("bio_resting_5min_100hz", "bio_resting_8min_100hz"):
        _resting(table, name)
    _wristbands(table, quick)


def _r_peaks(table: Table) -> None:
    import neurokit2 as nk

    ecg_mv, truth_s, _ = mitbih()
    found_s, _ = pulses(ecg_mv, 360.0, "ecg", 1.0)
    _, info = nk.ecg_peaks(nk.ecg_clean(ecg_mv, 360), 360)
    theirs_s = np.array(info["ECG_R_Peaks"]) / 360.0
    hits, their_hits = matched(found_s, truth_s, 0.15), matched(theirs_s, truth_s, 0.15)
    sensitivity, precision = hits / len(truth_s), hits / len(found_s)
    table.row(
        "R peaks, MIT-BIH 100: Se; PPV", f"{sensitivity:.4f}; {precision:.4f}", ">= 0.999",
        min(sensitivity, precision) >= 0.999,
        f"neurokit2 {their_hits / len(truth_s):.4f}, {their_hits / len(theirs_s):.4f}",
    )  # fmt: skip
    at_s, known_s = pulses(ecg_mv[: 360 * 120], 360.0, "ecg", 1 / 360)
    delays = (known_s - at_s)[at_s > 2.5]
    table.row(
        "R peak known after, median; largest", f"{np.median(delays):.3f}; {delays.max():.3f} s",
        "<= 0.15 s", bool(delays.max() <= 0.15),
    )  # fmt: skip


def _resting(table: Table, name: str) -> None:
    import neurokit2 as nk

    ecg, wave = neurokit_column(name, "ECG"), neurokit_column(name, "PPG")
    _, info = nk.ecg_peaks(nk.ecg_clean(ecg, 100), 100)
    heart_s = np.array(info["ECG_R_Peaks"]) / 100.0
    if len(wave):
        at_s, _ = pulses(wave, 100.0, "ppg", 1.0)
        transit_s = np.median([at_s[np.searchsorted(at_s, t)] - t for t in heart_s[:-3]])
        hits = matched(at_s - transit_s, heart_s, 0.15)
        f1 = 2 * hits / (len(at_s) + len(heart_s))
        table.row("pulse waves, NeuroKit against its ECG: F1", f"{f1:.3f}")
    belt = nk.rsp_process(neurokit_column(name, "RSP"), 100)[0]["RSP_Rate"].to_numpy()
    own_s, _ = pulses(ecg, 100.0, "ecg", 1.0)
    for label, beats_s in (("RR", own_s), ("ECG", own_s), ("neurokit2's RR", heart_s)):
        errors = _breathing_errors(label == "ECG", ecg, beats_s, belt)
        mean = float(np.mean(errors))
        table.row(
            f"breathing from {label}, {name[:16]}: MAE a minute", f"{mean:.2f} (n {len(errors)})",
            "<= 1" if label == "RR" else "", mean <= 1.0 if label == "RR" else None,
        )  # fmt: skip


def _breathing_errors(
    by_ecg: bool, ecg: FloatArray, beats_s: FloatArray, belt: FloatArray
) -> list[float]:
    times_s, rr_s = beats_s[1:], np.diff(beats_s)
    bank, errors = MetricBank(MetricSettings()), []
    for second in range(1, len(ecg) // 100 + 1):
        piece = slice(100 * (second - 1), 100 * second)
        if by_ecg:
            bank.feed(Chunk.regular(Signal.ECG, "x", second - 1.0, 100.0, ecg[piece]))
        else:
            inside = (times_s >= second - 1) & (times_s < second)
            bank.feed(Chunk.events(Signal.RR, "x", times_s[inside], rr_s[inside]))
        rates = {reading.name: reading.value for reading in bank.read(float(second))}
        mine = rates["breathing_rate"]
        if second >= 64 and mine is not None:
            errors.append(abs(mine - float(belt[100 * (second - 64) : 100 * second].mean())))
    return errors


def _wristbands(table: Table, quick: bool) -> None:
    scores = []
    for _, series in wristbands(quick):
        wave_times_s, wave = series[Signal.PPG]
        own_s, intervals_s = series[Signal.RR]
        at_s, _ = pulses(wave, 64.0, "ppg", 1.0)
        at_s = at_s + wave_times_s[0]
        index = np.searchsorted(at_s, own_s).clip(1, len(at_s) - 1)
        off_s = np.stack((at_s[index] - own_s, at_s[index - 1] - own_s))
        off_s = off_s[np.abs(off_s).argmin(axis=0), np.arange(len(index))]
        at_s -= np.median(off_s)
        starts_s = own_s - intervals_s
        inside = [bool(((starts_s + 0.1 < t) & (t <= own_s + 0.1)).any()) for t in at_s]
        hits = matched(at_s, own_s, 0.1)
        scores.append(2 * hits / (len(own_s) + max(sum(inside), hits)))
    table.row(
        f"pulse waves, {len(scores)} E4 against its IBI: F1, mean; least",
        f"{np.mean(scores):.3f}; {min(scores):.3f}",
    )  # fmt: skip
