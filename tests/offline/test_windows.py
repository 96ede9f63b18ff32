"""Windows of a recording cost what its samples cost, however long it claims to be."""

import math

import numpy as np
import pytest

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.offline.windows import WindowedBank
from sensors.signals import Chunk, Signal


def beats(start_s: float, count: int) -> list[Chunk]:
    """Return intervals that swing with breaths, one a chunk."""
    rr_s = 0.85 + 0.05 * np.sin(np.arange(count) * 1.3)
    times_s = start_s + np.cumsum(rr_s)
    return [
        Chunk.events(Signal.RR, "strap", [time_s], [interval_s])
        for time_s, interval_s in zip(times_s, rr_s, strict=True)
    ]


def measured(chunks: list[Chunk]) -> WindowedBank:
    windows = WindowedBank(60.0)
    for chunk in chunks:
        windows.feed(float(chunk.times_s[0]), chunk)
    return windows


def test_a_silence_of_years_makes_no_windows_and_is_told() -> None:
    year_s = 365 * 86_400.0
    chunks = beats(0.0, 150) + beats(year_s, 150) + beats(20 * year_s, 150)
    windows = measured(chunks)
    found = windows.finish(20 * year_s + 130.0)
    assert len(found) < 12
    assert [round((end_s - start_s) / year_s) for start_s, end_s in windows.left_out_s] == [1, 19]
    with_beats = [w for w in found if w.readings[0].value is not None]
    assert len(with_beats) >= 6


def test_a_silence_of_hours_is_shown_as_windows_without_values() -> None:
    chunks = beats(0.0, 150) + beats(7200.0, 150)
    windows = measured(chunks)
    found = windows.finish(7320.0)
    assert [window.start_s for window in found] == [60.0 * k for k in range(122)]
    assert not windows.left_out_s
    for window in found[4:119]:
        assert all(reading.value is None for reading in window.readings)
        assert all(reading.quality == 0.0 for reading in window.readings)


@pytest.mark.slow
def test_seconds_that_are_passed_over_change_no_mean() -> None:
    chunks = beats(0.0, 150) + beats(500.0, 150) + beats(903.3, 200)
    end_s = 1080.0
    bank = MetricBank(MetricSettings(breathing_window_s=60.0, long_window_s=60.0))
    values: dict[int, list[float]] = {}
    second = 0
    for chunk in [*chunks, None]:
        until_s = end_s - 1.0 if chunk is None else float(chunk.times_s[0])
        while second <= until_s:
            reading = next(r for r in bank.read(float(second)) if r.name == "breathing_rate")
            if reading.value is not None:
                values.setdefault(second // 60, []).append(reading.value)
            second += 1
        if chunk is not None:
            bank.feed(chunk)
    found = measured(chunks).finish(end_s)
    rates = [next(r.value for r in w.readings if r.name == "breathing_rate") for w in found]
    expected = [
        math.fsum(values[k]) / len(values[k]) if len(values.get(k, ())) >= 30 else None
        for k in range(18)
    ]
    assert rates == expected
    assert sum(rate is not None for rate in rates) >= 4


def test_what_is_read_each_second_is_what_the_whole_bank_says() -> None:
    whole, part = MetricBank(MetricSettings()), MetricBank(MetricSettings())
    for second, chunk in enumerate(beats(0.0, 90)):
        for bank in (whole, part):
            bank.feed(chunk)
        readings = {reading.name: reading for reading in whole.read(float(second))}
        for reading in part.read_momentary(float(second)):
            assert reading == readings[reading.name]


def test_steps_of_hours_make_no_more_windows_than_samples_have() -> None:
    chunks = [chunk for k in range(30) for chunk in beats(21_600.0 * k, 8)]
    found = measured(chunks).finish(21_600.0 * 29 + 10.0)
    assert len(found) < 2 * 30 + 480 + 30
