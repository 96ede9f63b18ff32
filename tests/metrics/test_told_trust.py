"""What a sensor says of its own signals scales the quality of what is made of them."""

from collections.abc import Mapping
from random import Random

import pytest

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from sensors.base import SensorStatus
from sensors.signals import Chunk, Signal


def read_after(trust: Mapping[str, float]) -> dict[str, Reading]:
    """Return the readings of 90 s of a heart whose sensor says that of itself."""
    bank, rng, time_s = MetricBank(MetricSettings()), Random(3), 0.0
    bank.feed(SensorStatus("strap", 0.0, "streaming", trust=trust))
    while time_s < 90.0:
        rr_s = rng.gauss(0.85, 0.03)
        time_s += rr_s
        bank.feed(Chunk.events(Signal.RR, "strap", [time_s], [rr_s]))
        bank.feed(Chunk.events(Signal.HR, "strap", [time_s], [round(rng.gauss(64, 1))]))
    return {reading.name: reading for reading in bank.read(time_s)}


def test_intervals_that_count_for_nothing_leave_the_heart_rate_of_the_device() -> None:
    whole, doubted = read_after({}), read_after({"rr": 0.0})
    assert doubted["rmssd"].quality == doubted["ln_rmssd"].quality == 0.0
    assert whole["rmssd"].quality > 0.9
    assert doubted["heart_rate"].value == pytest.approx(64, abs=3)
    assert doubted["heart_rate"].value != whole["heart_rate"].value
    assert doubted["heart_rate"].quality == pytest.approx(0.6)


def test_a_heart_that_is_half_trusted_gives_readings_of_half_the_quality() -> None:
    whole, doubted = read_after({}), read_after({"rr": 0.5, "hr": 0.5})
    for name in ("heart_rate", "rmssd", "breathing_rate"):
        assert doubted[name].quality == pytest.approx(whole[name].quality / 2, abs=0.01)
