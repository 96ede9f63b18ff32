"""A rise while the music calms is told from recovery, from jumps, and from music that stays."""

import numpy as np
import pytest

from biofeedback.control.rise import SECONDS, Rise, rise
from biofeedback.state.estimator import State

TIME_S = np.arange(float(SECONDS))


def seen(
    deviations: np.ndarray, levels: tuple[float, float] = (0.7, 0.2), name: str = "scl"
) -> bool | None:
    """Show a course, one value a second, while the activation goes from one level to the other."""
    one, sign = Rise(), -1.0 if name == "ln_rmssd" else 1.0
    course = [*[deviations[0]] * 18, *deviations]
    for k, (z, level) in enumerate(zip(course, np.linspace(*levels, len(course)), strict=True)):
        state = State(float(k), 0.5, 0.4, 0.6, 0.9, "tracking", {name: sign * z})
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


@pytest.mark.parametrize("name", ["heart_rate", "ln_rmssd", "scl"])
def test_a_rise_that_builds_up_is_found_in_each_reading(name: str) -> None:
    assert seen(1.2 + 0.5 * TIME_S / SECONDS, name=name)


def test_whoever_recovers_or_stays_where_they_are_is_left_alone() -> None:
    assert seen(2.0 * np.exp(-TIME_S / 300.0)) is False
    assert seen(np.full(SECONDS, 1.5)) is False


def test_a_jump_within_seconds_is_something_elses_doing() -> None:
    jump = 1.5 * np.exp(-TIME_S / 300.0) + 1.2 * (TIME_S > 90) * np.exp(-(TIME_S - 90) / 200.0)
    assert rise(jump) < 0.1
    assert seen(jump) is False


def test_music_that_did_not_calm_stirred_nobody_up() -> None:
    assert seen(1.2 + 0.5 * TIME_S / SECONDS, levels=(0.3, 0.2)) is False


def test_nothing_is_said_before_enough_was_seen() -> None:
    assert seen(TIME_S[:-1] / SECONDS) is None
