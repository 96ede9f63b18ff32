"""A rise while the music calms is told from recovery, from jumps, and from music that stays."""

import numpy as np
import pytest

from biofeedback.control.paradox_detector import SECONDS, ParadoxDetector, rise
from biofeedback.state.estimator import State

TIME_S = np.arange(float(SECONDS))


def seen(
    rates: np.ndarray,
    levels: tuple[float, float] = (0.7, 0.2),
    others: dict[str, np.ndarray] | None = None,
) -> bool | None:
    """Show deviations of heart rate, one a second, while the activation goes between levels."""
    one, courses = ParadoxDetector(), {"heart_rate": rates, **(others or {})}
    courses = {name: [*[zs[0]] * 18, *zs] for name, zs in courses.items()}
    count = len(rates) + 18
    for k, level in enumerate(np.linspace(*levels, count)):
        found = {name: float(zs[k]) for name, zs in courses.items()}
        state = State(float(k), 0.5, 0.4, 0.6, 0.9, "tracking", found)
        for _ in range(2):
            one.step(state, float(level), 0.5)
    return one.found


def test_a_level_that_stays_is_no_rise_however_high_it_is() -> None:
    assert rise(np.full(SECONDS, 2.5)) == pytest.approx(0.0, abs=1e-12)


def test_a_straight_rise_by_one_counts_as_the_shape_says() -> None:
    # by hand: the middles of ten steps of a line from 0 to 1 are 0.05, 0.15 ... 0.95
    shape = [-0.15, -0.15, -0.1, -0.1, 0.0, 0.0, 0.0, 0.1, 0.15, 0.25]
    by_hand = sum(weight * (0.05 + 0.1 * k) for k, weight in enumerate(shape))
    assert rise(TIME_S / SECONDS) == pytest.approx(by_hand, abs=0.002)


RISING = 1.2 + TIME_S / SECONDS
STEADY = np.full(SECONDS, 1.2)


def test_a_heart_rate_that_builds_up_is_found() -> None:
    assert seen(RISING)
    assert seen(RISING, others={"ln_rmssd": -RISING})


def test_skin_conductance_is_no_witness_however_far_it_drifts() -> None:
    drift = {"scl": 12.0 * TIME_S / SECONDS, "scr_rate": 3.0 * TIME_S / SECONDS}
    assert seen(STEADY, others=drift) is False
    falling = {"scl": -12.0 * TIME_S / SECONDS}
    assert seen(RISING, others=falling)


def test_neither_variability_nor_heart_rate_alone_is_enough_against_the_other() -> None:
    assert seen(STEADY, others={"ln_rmssd": -5.0 * TIME_S / SECONDS}) is False
    assert seen(RISING, others={"ln_rmssd": 5.0 * TIME_S / SECONDS}) is False


def test_without_a_heart_nothing_is_said() -> None:
    one = ParadoxDetector()
    for k in range(600):
        state = State(k / 2, 0.5, 0.4, 0.6, 0.9, "tracking", {"scl": k / 60.0})
        one.step(state, 0.7 - k / 1200, 0.5)
    assert one.found is None


def test_whoever_recovers_or_stays_where_they_are_is_left_alone() -> None:
    assert seen(2.0 * np.exp(-TIME_S / 300.0)) is False
    assert seen(STEADY) is False


def test_a_rise_as_small_as_a_heart_has_by_itself_is_left_alone() -> None:
    assert seen(1.2 + 0.5 * TIME_S / SECONDS) is False


def test_a_jump_within_seconds_is_something_elses_doing() -> None:
    jump = 1.5 * np.exp(-TIME_S / 300.0) + 1.2 * (TIME_S > 90) * np.exp(-(TIME_S - 90) / 200.0)
    assert rise(jump) < 0.1
    assert seen(jump) is False


def test_music_that_did_not_calm_stirred_nobody_up() -> None:
    assert seen(RISING, levels=(0.3, 0.2)) is False


def test_nothing_is_said_before_enough_was_seen() -> None:
    assert seen(RISING[:-1]) is None
