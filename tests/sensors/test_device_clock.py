"""A device's clock against the session's, over a link with jitter."""

from random import Random

import pytest

from sensors.timing.device_clock import DeviceClock, DriftMeter


@pytest.mark.parametrize("ppm", [-60.0, 0.0, 60.0])
def test_a_clock_with_drift_is_mapped_to_its_true_time(ppm: float) -> None:
    clock, rng = DeviceClock(), Random(1)
    worst_s = 0.0
    for index in range(6000):
        true_s = index * 0.56
        device_s = 6e8 + true_s * (1 + ppm * 1e-6)
        assert not clock.feed(true_s + 0.02 + abs(rng.gauss(0.0, 0.02)), device_s)
        if true_s > 10.0:
            worst_s = max(worst_s, abs(clock.session_s(device_s) - true_s - 0.02))
    assert worst_s < 0.025
    assert clock.drift.ppm == pytest.approx(ppm, abs=2.0)


def test_a_packet_is_never_placed_after_its_arrival() -> None:
    clock, rng = DeviceClock(), Random(2)
    for index in range(1000):
        arrival_s = index + rng.random()
        clock.feed(arrival_s, float(index))
        assert clock.session_s(float(index)) <= arrival_s


@pytest.mark.parametrize("step_s", [-6e8, 6e8, 5.0])
def test_a_clock_that_is_set_is_followed_at_once(step_s: float) -> None:
    clock = DeviceClock()
    assert not clock.feed(1.0, 6e8)
    assert clock.feed(2.0, 6e8 + 1.0 + step_s)
    assert clock.session_s(6e8 + 1.0 + step_s) == pytest.approx(2.0)


def test_packets_that_were_held_up_do_not_move_the_clock() -> None:
    clock = DeviceClock()
    clock.feed(1.0, 101.0)
    assert not clock.feed(9.0, 102.0)
    assert clock.session_s(102.0) == pytest.approx(2.0, abs=0.01)


def test_no_drift_is_told_in_the_first_minutes() -> None:
    meter = DriftMeter()
    for second in range(200):
        meter.feed(float(second), float(second))
    assert meter.ppm is None


def test_a_drift_stays_known_while_a_new_run_is_young() -> None:
    meter = DriftMeter()
    for second in range(400):
        meter.feed(float(second), second * 1.00005)
    meter.restart()
    meter.feed(500.0, 0.0)
    assert meter.ppm == pytest.approx(50.0, abs=0.1)
