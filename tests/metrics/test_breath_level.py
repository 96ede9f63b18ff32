"""How far in a breath is, from how the beats swing."""

from __future__ import annotations

import math

import pytest

from biofeedback.metrics.beats import Beat
from biofeedback.metrics.breathing import BreathLevel


def breathing(rate_hz: float, until_s: float) -> BreathLevel:
    """Return the level after beats that are shortest when the breath is in, at whole turns."""
    level, time_s = BreathLevel(), 0.0
    while time_s < until_s:
        rr_ms = 900.0 - 60.0 * math.cos(2.0 * math.pi * rate_hz * time_s)
        level.feed(Beat(time_s, rr_ms, "normal"))
        time_s += rr_ms / 1000.0
    return level


@pytest.mark.parametrize("breaths_per_minute", [6.0, 15.0])
def test_the_level_is_full_where_beats_are_shortest(breaths_per_minute) -> None:
    rate_hz = breaths_per_minute / 60.0
    level = breathing(rate_hz, 60.0)
    for turn, expected in ((0.0, 1.0), (0.25, 0.5), (0.5, 0.0)):
        now_s = 60.0 + (turn - 60.0 * rate_hz % 1.0) / rate_hz
        assert level.read(now_s, breaths_per_minute) == pytest.approx(expected, abs=0.1)


def test_without_a_rate_or_beats_nothing_is_said() -> None:
    assert BreathLevel().read(10.0, 6.0) is None
    assert breathing(0.1, 60.0).read(60.0, None) is None
    assert breathing(0.1, 60.0).read(300.0, 6.0) is None
