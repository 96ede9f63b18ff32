"""Counts notices of irregular rhythm an hour, in recordings of people without a known arrhythmia.

Straps and chest ECG count; a wristband's own intervals are shown too, as if a strap gave them,
though the product never says a word of those. MIT-BIH 100, which has extra beats, is shown apart.

    BIOFEEDBACK_RECORDINGS=FOLDER python benchmarks/rhythm.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from body.data import mitbih, neurokit_column
from body.table import Table
from recorded import recordings_folder

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.rhythm import Rhythm
from sensors.files import read
from sensors.signals import Chunk, FloatArray, Signal

__all__ = ["main"]

_MOST_AN_HOUR = 0.1


_ECG = ("bio_eventrelated_100hz", "bio_resting_5min_100hz", "bio_resting_8min_100hz")
_MITBIH_HZ = 360.0


def of_straps(folder: Path) -> Iterator[tuple[str, int, float]]:
    """Yield name, notices and length in hours of each recording of a strap or a chest ECG."""
    straps = [*(folder / "polar_rr").glob("*.hrm"), folder / "polar_rr" / "rest_rri.txt"]
    for path in [*sorted(straps), folder / "hrv_reference" / "nsr001_rr_fs125.csv"]:
        recording = read(path)
        found = sum(of_intervals(c) for c in recording.series if c.signal is Signal.RR)
        yield path.name, found, recording.duration_s / 3600.0
    for name in _ECG:
        yield name, *of_ecg(neurokit_column(name, "ECG"), 100.0)


def of_ecg(ecg_mv: FloatArray, rate_hz: float) -> tuple[int, float]:
    """Return how often the rhythm of an ECG turns irregular, and its length in hours."""
    bank, found, before = MetricBank(MetricSettings()), 0, False
    a_second = int(rate_hz)
    for start in range(0, len(ecg_mv), a_second):
        values = ecg_mv[start : start + a_second, None].astype(float)
        times_s = (start + np.arange(len(values))) / rate_hz
        bank.feed(Chunk(Signal.ECG, "strap", times_s, values, rate_hz))
        found += bank.irregular and not before
        before = bank.irregular
    return found, len(ecg_mv) / rate_hz / 3600.0


def of_intervals(chunk: Chunk) -> int:
    """Return the same of intervals as they come."""
    rhythm, found, before = Rhythm(), 0, False
    for time_s, rr_s in zip(chunk.times_s.tolist(), chunk.values[:, 0].tolist(), strict=True):
        rhythm.feed(time_s, 1000.0 * rr_s)
        found += rhythm.irregular and not before
        before = rhythm.irregular
    return found


def main() -> None:
    """Print all figures."""
    table, folder = Table(), recordings_folder()
    calls, hours = 0, 0.0
    for name, found, lasted_h in of_straps(folder):
        calls, hours = calls + found, hours + lasted_h
        table.row(f"notices, {name}", f"{found} in {lasted_h:.2f} h")
    table.row("notices an hour, strap or ECG", f"{calls} in {hours:.1f} h", "at most 1 in 10 h",
              calls <= _MOST_AN_HOUR * hours)  # fmt: skip
    calls, hours = 0, 0.0
    for path in sorted((folder / "stress_predict").glob("S*")):
        recording = read(path)
        for chunk in recording.series:
            if chunk.signal is Signal.RR:
                calls, hours = calls + of_intervals(chunk), hours + recording.duration_s / 3600.0
    table.row("the same of wrists, of which nothing is said", f"{calls} in {hours:.1f} h")
    found, lasted_h = of_ecg(mitbih()[0], _MITBIH_HZ)
    table.row("MIT-BIH 100, extra beats now and then", f"{found} in {lasted_h:.2f} h")


if __name__ == "__main__":
    main()
