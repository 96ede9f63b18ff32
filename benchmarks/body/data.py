"""The recordings that the parts of the benchmark look at."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator

import numpy as np
from recorded import recordings_folder

from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.beats import Beat, BeatCleaner
from sensors.files import read
from sensors.signals import FloatArray, Signal

__all__ = [
    "LAB",
    "eda_recordings",
    "judged",
    "mitbih",
    "neurokit_column",
    "polar",
    "reference_beats",
    "rmssd",
    "rr_recordings",
    "stream_rmssd",
    "wristbands",
]

#: Laboratory recordings with skin conductance, at 100 Hz.
LAB = ("bio_eventrelated_100hz", "bio_resting_8min_100hz")


def judged(times_s: FloatArray, rr_ms: FloatArray) -> list[Beat]:
    """Return the beats with verdicts."""
    cleaner = BeatCleaner()
    pairs = zip(times_s.tolist(), rr_ms.tolist(), strict=True)
    return [beat for t, rr in pairs for beat in cleaner.feed(t, rr)] + cleaner.cut()


def stream_rmssd(beats: list[Beat]) -> float:
    """Return RMSSD over all normal beats."""
    window = BeatWindow(math.inf)
    for beat in beats:
        window.feed(beat)
    return window.rmssd_ms() or math.nan


def rmssd(rr_ms: FloatArray) -> float:
    """Return RMSSD of intervals as they are."""
    return float(np.sqrt(np.mean(np.diff(rr_ms) ** 2)))


def polar(name: str) -> FloatArray:
    """Return the RR intervals of a Polar export in ms."""
    series = read(recordings_folder() / "polar_rr" / name).series
    values = next(chunk for chunk in series if chunk.signal is Signal.RR).values[:, 0]
    return np.round(1000.0 * values[np.isfinite(values)], 6)


def rr_recordings() -> Iterator[tuple[str, FloatArray]]:
    """Yield name and RR intervals in ms of recordings with little noise."""
    for name in ("rest_rri.txt", "exercise_rri.hrm", "14121501.hrm"):
        yield name, polar(name)[:6000]
    _, nn_ms, _ = reference_beats()
    yield "nsr001", nn_ms[:1000]


def reference_beats() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return times in s and intervals in ms of the PhysioNet toolbox's example, annotated N.

    The third array says of each whether the beat before it is annotated N as well.
    """
    path = recordings_folder() / "hrv_reference" / "nsr001_rr_fs125.csv"
    with path.open() as file:
        rows = list(csv.DictReader(file))
    normal = np.array([row["beat"] == "N" for row in rows])
    times_s = np.array([float(row["t_end_s"]) for row in rows])
    rr_ms = np.array([float(row["rr_ms"]) for row in rows])
    after_normal = np.concatenate(([True], normal[:-1]))
    return times_s[normal], rr_ms[normal], after_normal[normal]


def eda_recordings(quick: bool) -> dict[str, list[tuple[FloatArray, float]]]:
    """Return skin conductance in uS and its rate, from the laboratory and from wristbands."""
    lab = [(neurokit_column(name, "EDA"), 100.0) for name in LAB]
    bands = []
    for _, series in wristbands(quick):
        chunk = series[Signal.EDA]
        bands.append((chunk[1], 4.0))
    return {"lab": lab, "E4": bands}


def wristbands(
    quick: bool,
) -> Iterator[tuple[str, dict[Signal, tuple[FloatArray, FloatArray]]]]:
    """Yield name, and times and first channel by signal, of the people of Stress-Predict."""
    paths = sorted((recordings_folder() / "stress_predict").glob("S*"))
    for path in paths[: 3 if quick else None]:
        series = read(path).series
        yield path.name, {c.signal: (c.times_s, c.values[:, 0]) for c in series}


def neurokit_column(name: str, column: str) -> FloatArray:
    """Return a column of one of NeuroKit's recordings; empty where it has none."""
    import pandas as pd

    frame = pd.read_csv(recordings_folder() / "neurokit" / f"{name}.csv")
    return frame[column].to_numpy() if column in frame else np.zeros(0)


def mitbih() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return lead 1 of record 100 in mV, the annotated beats in s, and which are normal."""
    folder = recordings_folder() / "mitbih"
    packed = np.fromfile(folder / "100.dat", np.uint8).reshape(-1, 3).astype(np.int32)
    lead = packed[:, 0] | (packed[:, 1] & 0x0F) << 8
    words = np.fromfile(folder / "100.atr", "<u2").tolist()
    beats, normal, sample, index = [], [], 0, 0
    while words[index]:
        code, value = words[index] >> 10, words[index] & 1023
        index += 1
        if code == 63:
            index += (value + 1) // 2
        elif code == 59:
            sample += (words[index] << 16) + words[index + 1]
            index += 2
        elif code < 59:
            sample += value
            if code < 14:
                beats.append(sample)
                normal.append(code == 1)
    ecg_mv = (np.where(lead > 2047, lead - 4096, lead) - 1024) / 200.0
    return ecg_mv, np.array(beats) / 360.0, np.array(normal)
