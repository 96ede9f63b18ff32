"""Stop rules: each is met by hand, and each says why."""

from collections.abc import Callable

import numpy as np
import pytest

from biofeedback.control.base import Decision
from biofeedback.control.build import ControlSettings, build
from biofeedback.control.curves import Palette
from biofeedback.control.direction import DirectionSettings
from biofeedback.control.music_controller import MusicController
from biofeedback.control.override import OverrideRequest
from biofeedback.control.safety import SafetySettings
from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import State
from synth.params import MusicParams

DT_S = 0.5
HOME = MusicParams(tempo_bpm=64.0, density=1.5)


def steering(strategy: str = "lead", **safety: object) -> MusicController:
    """Lead in the belief that slower is calmer: the rules stand whether or not that is tested."""
    settings = ControlSettings(
        strategy=strategy,  # type: ignore[arg-type]
        safety=SafetySettings(**safety),  # type: ignore[arg-type]
        direction=DirectionSettings(test=False),
    )
    return build(settings, Palette(), HOME)


def beating(bpm: float, quality: float = 1.0) -> tuple[Reading, ...]:
    return (Reading("heart_rate", bpm, "bpm", 10.0, 0.0, quality, 1.0),)


def run(
    one: MusicController,
    seconds: float,
    arousal: Callable[[float], float] = lambda t: 0.5,
    readings: tuple[Reading, ...] = (),
    confidence: float = 0.9,
    from_s: float = 0.0,
) -> list[Decision]:
    states = [
        State(from_s + k * DT_S, arousal(k * DT_S), 0.0, 1.0, confidence, "tracking", {})
        for k in range(int(seconds / DT_S))
    ]
    return [one.step(state, DT_S, readings=readings) for state in states]


@pytest.mark.slow
@pytest.mark.parametrize("bpm", [35.0, 165.0])
def test_a_heart_rate_outside_its_limits_stops_with_advice_and_then_silence(bpm: float) -> None:
    one = steering()
    run(one, 30.0, readings=beating(70.0))
    decisions = run(one, 180.0, readings=beating(bpm))
    causes = [d.cause for d in decisions]
    assert causes.index("stop:heart_rate") == pytest.approx(40, abs=2)  # 20 s
    assert "check the sensor, and rest" in decisions[-1].why
    assert not decisions[60].params.rest
    assert decisions[-1].params.rest
    after = run(one, 600.0, readings=beating(70.0))
    assert {d.cause for d in after} == {"stop:heart_rate"}  # it never ends by itself
    assert "back within 40 to 150" in after[-1].why
    one.resume()
    assert not run(one, 1.0, readings=beating(70.0))[-1].cause.startswith("stop")


def test_a_heart_rate_that_cannot_be_trusted_stops_nothing() -> None:
    decisions = run(steering(), 120.0, readings=beating(190.0, quality=0.2))
    assert not any(d.cause.startswith("stop") for d in decisions)


def test_high_distress_stops_at_once_until_it_is_rated_lower_or_resumed() -> None:
    for end in (lambda one: one.rate("distress", 3.0), lambda one: one.resume()):
        one = steering()
        run(one, 30.0)
        one.rate("distress", 8.0)
        decisions = run(one, 120.0)
        assert {d.cause for d in decisions} == {"stop:distress"}
        assert "8 of 10" in decisions[0].why
        assert decisions[-1].params.rest
        levels = [d.numbers["level"] for d in decisions]
        assert levels == sorted(levels, reverse=True)
        end(one)
        assert run(one, 1.0)[-1].cause != "stop:distress"


def test_no_wish_stands_against_a_stop() -> None:
    one = steering()
    run(one, 10.0)
    one.rate("distress", 9.0)
    one.wish(OverrideRequest("level", 1.0), "key", 10.0)
    assert run(one, 60.0)[-1].numbers["level"] <= 0.3


def test_a_rise_that_the_music_does_not_turn_stops_it() -> None:
    decisions = run(
        steering(paradox=False, turn_minutes=3.0), 900.0, lambda t: min(0.8, 0.4 + 0.001 * t)
    )
    causes = [d.cause for d in decisions]
    assert "stop:rising" in causes
    assert "did not turn it within 3 minutes" in decisions[causes.index("stop:rising")].why
    assert decisions[-1].params.rest


def test_a_listener_whom_calm_music_stirs_up_is_recognised_within_three_minutes() -> None:
    one, arousal, first, second = steering(), 0.6, 0.6, 0.6
    rng = np.random.default_rng(4)
    for k in range(360):
        decision = one.step(State(k * DT_S, arousal, 0.0, 1.0, 0.9, "tracking", {}), DT_S)
        first += (decision.numbers["level"] - first) * DT_S / 25.0
        second += (first - second) * DT_S / 25.0
        arousal = 0.6 - 0.5 * (second - 0.6) + 0.005 * rng.standard_normal()
        if decision.cause == "stop:paradox":
            break
    assert decision.cause == "stop:paradox"
    assert "rises as the music calms" in decision.why


def stopped_by_rising(one: MusicController) -> float:
    """Let a heart stay up until the rule speaks; return the level of the music before."""
    levels = []
    for _ in range(1200):
        decision = run(one, DT_S, lambda t: 0.8 if len(levels) > 240 else 0.3)[0]
        if decision.cause == "stop:rising":
            return levels[-1]
        levels.append(decision.numbers["level"])
    raise AssertionError("the rule did not speak")


def test_a_stop_by_a_rise_ends_by_itself_once_said_and_no_higher_than_before() -> None:
    one = steering(paradox=False, turn_minutes=2.0)
    before = stopped_by_rising(one)
    assert {d.cause for d in run(one, 300.0, lambda t: 0.8)} == {"stop:rising"}
    calmed = run(one, 180.0, lambda t: 0.3)
    back = next(k for k, d in enumerate(calmed) if not d.cause.startswith("stop"))
    assert 60.0 <= back * DT_S <= 121.0  # a minute's mean, gone for a minute
    assert "no higher than before" in calmed[back].why
    assert not calmed[back].params.rest
    stirred = run(one, 60.0, lambda t: 0.9)
    levels = [d.numbers["level"] for d in (calmed + stirred)[back:]]
    glide = levels[:20]  # 10 s from neutral
    assert glide == sorted(glide, reverse=True)
    assert max(levels[20:]) <= before + 1e-9
    assert "no higher than before" not in stirred[-1].why
    stopped_by_rising(one)
    assert {d.cause for d in run(one, 900.0, lambda t: 0.3)} == {"stop:rising"}  # once a session
    one.resume()
    assert run(one, 1.0, lambda t: 0.3)[-1].cause != "stop:rising"


def test_a_stop_whose_reason_stays_does_not_end() -> None:
    one = steering(paradox=False, turn_minutes=2.0)
    stopped_by_rising(one)
    assert {d.cause for d in run(one, 1200.0, lambda t: 0.6)} == {"stop:rising"}


def test_a_stop_does_not_end_while_the_body_is_out_of_sight() -> None:
    one = steering(paradox=False, turn_minutes=2.0)
    stopped_by_rising(one)
    unseen = run(one, 600.0, lambda t: 0.1, confidence=0.1)
    assert {d.cause for d in unseen} == {"stop:rising"}


def test_distress_in_a_stop_by_a_rise_does_not_end_by_itself() -> None:
    one = steering(paradox=False, turn_minutes=2.0)
    stopped_by_rising(one)
    one.rate("distress", 9.0)
    assert {d.cause for d in run(one, 600.0, lambda t: 0.2)} == {"stop:distress"}


@pytest.mark.parametrize("confidence", [0.0, 0.2, 0.34])
def test_a_stop_never_raises_the_music_while_the_body_is_out_of_sight(confidence: float) -> None:
    one = steering(paradox=False, turn_minutes=2.0)
    assert stopped_by_rising(one) < 0.25
    seen = run(one, 1.5)  # on its way up to neutral
    unseen = run(one, 300.0, confidence=confidence)
    assert {d.cause for d in unseen} == {"stop:rising"}
    for name in ("level", "tempo", "density"):
        values = [
            d.numbers["level"] if name == "level"
            else d.params.tempo_bpm if name == "tempo" else d.params.density
            for d in (seen[-1], *unseen)
        ]  # fmt: skip
        assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("strategy", ["lead", "mirror"])
def test_an_unsure_sensor_never_lets_the_music_become_more_driven(strategy: str) -> None:
    one = steering(strategy)
    calm = run(one, 300.0, lambda t: 0.1)
    unsure = run(one, 300.0, lambda t: 0.9, confidence=0.1, from_s=300.0)
    for name in ("level", "tempo"):
        values = [
            d.numbers["level"] if name == "level" else d.params.tempo_bpm
            for d in (calm[-1], *unsure)
        ]
        assert values == sorted(values, reverse=True)


def silent(one: MusicController, from_s: float = 0.0) -> bool:
    return run(one, 1.0, readings=beating(80.0), from_s=from_s)[-1].params.rest


def test_a_graver_reason_brings_back_no_music_that_is_silent() -> None:
    one = steering()
    run(one, 30.0, readings=beating(80.0))
    one.rate("distress", 9.0)
    run(one, 120.0, readings=beating(80.0))
    assert silent(one)
    one.rate("distress", 9.0)  # it is no better
    assert silent(one)
    assert run(one, 60.0, readings=beating(170.0))[-1].cause == "stop:heart_rate"
    assert silent(one)


def test_a_lower_rating_ends_no_stop_by_heart_rate() -> None:
    one = steering()
    run(one, 30.0, readings=beating(80.0))
    run(one, 30.0, readings=beating(170.0))
    for distress in (9.0, 2.0):
        one.rate("distress", distress)
        after = run(one, 90.0, readings=beating(80.0))
        assert {d.cause for d in after} == {"stop:heart_rate"}


def test_a_heart_rate_that_leaves_its_limits_again_is_not_called_back() -> None:
    one = steering()
    for bpm, said in ((170.0, "170 is outside"), (80.0, "80 is back"), (185.0, "185 is outside")):
        assert said in run(one, 90.0, readings=beating(bpm))[-1].why
