"""Strategies within their limits, driven by states written by hand."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from biofeedback.config.loader import load as load_config
from biofeedback.control.base import Decision
from biofeedback.control.breathe import BreatheSettings
from biofeedback.control.build import ControlSettings, build
from biofeedback.control.curves import Palette
from biofeedback.control.direction import DirectionSettings
from biofeedback.control.fixed import FixedSettings
from biofeedback.control.lead import LeadSettings
from biofeedback.control.limits import Limits
from biofeedback.control.override import OverrideRequest
from biofeedback.state.estimator import State
from synth.params import Key, Mode, MusicParams

DT_S = 0.5
HOME = MusicParams(tempo_bpm=64.0, density=1.5)


def state(
    time_s: float, arousal: float, confidence: float = 0.9, breaths: float | None = None
) -> State:
    low, high = max(0.0, arousal - 0.1), min(1.0, arousal + 0.1)
    return State(time_s, arousal, low, high, confidence, "tracking", {}, breaths)


#: Where slower is taken for calmer, as in sleep; what tests it is in test_direction.py.
BELIEVED = DirectionSettings(test=False)


def course(
    strategy: str, arousals: list[float], confidences: list[float] | None = None
) -> list[Decision]:
    settings = ControlSettings(strategy=strategy, direction=BELIEVED)  # type: ignore[arg-type]
    steering = build(settings, Palette(), HOME)
    trusts = confidences or [0.9] * len(arousals)
    return [
        steering.step(state(k * DT_S, arousal, trust), DT_S)
        for k, (arousal, trust) in enumerate(zip(arousals, trusts, strict=True))
    ]


@pytest.mark.parametrize("strategy", ["lead", "mirror", "breathe", "fixed"])
def test_tempo_never_moves_faster_than_the_slew_limit(strategy: str) -> None:
    jumpy = [0.1 if (k // 7) % 2 else 0.95 for k in range(400)]
    tempos = [d.params.tempo_bpm for d in course(strategy, jumpy)]
    # a held-back tempo may catch up by the width of the dead band
    limits = Limits()
    most = limits.tempo_slew_bpm_per_s * DT_S + limits.tempo_dead_band_bpm
    assert max(abs(b - a) for a, b in pairwise(tempos)) <= most + 1e-9


@pytest.mark.parametrize("strategy", ["lead", "mirror", "breathe", "fixed"])
def test_every_decision_says_why_in_one_sentence_and_in_numbers(strategy: str) -> None:
    for decision in course(strategy, [0.5 + 0.001 * k for k in range(300)]):
        assert decision.why.endswith(".")
        assert len(decision.why) < 120
        assert {"arousal", "low", "high", "confidence", "level"} <= decision.numbers.keys()


def test_mirror_drives_tempo_key_and_density_with_arousal() -> None:
    calm, driven = course("mirror", [0.05] * 200)[-1], course("mirror", [0.95] * 200)[-1]
    assert driven.params.tempo_bpm > calm.params.tempo_bpm + 30
    assert driven.params.density > 2 * calm.params.density
    assert calm.params.key == Key(2, Mode.LYDIAN)  # home, at its brightest
    assert driven.params.key == Key((2 + 4 * 7) % 12, Mode.AEOLIAN)  # four fifths away, dark


def test_lead_meets_first_and_then_stays_below_the_listener() -> None:
    decisions = course("lead", [0.8] * 400)
    met, led = decisions[39], decisions[100]
    assert met.numbers["wanted_level"] == pytest.approx(0.8)
    assert led.numbers["wanted_level"] == pytest.approx(0.8 - 0.5, abs=0.12)


def test_lead_without_a_meeting_of_its_own_still_begins_where_the_listener_is() -> None:
    settings = ControlSettings(strategy="lead", lead=LeadSettings(meet_s=0.0, lead_s=100.0))
    steering = build(settings, Palette(), HOME)
    setpoints = [
        steering.step(state(k * DT_S, max(0.25, 0.8 - 0.00275 * k)), DT_S).setpoint
        for k in range(220)
    ]
    assert setpoints[0] == pytest.approx(0.8, abs=0.01)
    assert setpoints[100] == pytest.approx(0.8 - 0.55 / 2, abs=0.05)
    assert setpoints[-1] == pytest.approx(0.25)


def test_lead_that_begins_near_the_target_goes_a_little_ahead_and_does_not_plunge() -> None:
    settings = ControlSettings(strategy="lead", lead=LeadSettings(meet_s=0.0), direction=BELIEVED)
    steering = build(settings, Palette(), HOME)
    first = [steering.step(state(k * DT_S, 0.3), DT_S) for k in range(80)]
    # 0.05 of a way of 0.25 at least: a fifth of half the range ahead, and no more.
    assert min(d.numbers["wanted_level"] for d in first) > 0.3 - 0.1 - 0.05


def test_before_it_has_begun_no_time_passes_for_the_plan() -> None:
    steering = build(ControlSettings(strategy="lead", direction=BELIEVED), Palette(), HOME)
    waited = [steering.step(state(k * DT_S, 0.7), DT_S, begun=False) for k in range(240)]
    assert [d.setpoint for d in waited] == pytest.approx([0.7] * 240)
    begun = [steering.step(state(120.0 + k * DT_S, 0.7), DT_S) for k in range(80)]
    assert "meets" in begun[30].why  # 15 s of the 20
    assert "leads" in begun[60].why


def test_what_a_wish_does_not_move_is_not_put_down_to_it() -> None:
    steering = build(ControlSettings(strategy="mirror"), Palette(), HOME)
    for k in range(100):
        steering.step(state(k * DT_S, 0.4), DT_S)
    steering.wish(OverrideRequest("tempo_bpm", 75.0, 600.0), "key", 50.0)
    causes = [
        steering.step(state(50.0 + k * DT_S, 0.4 + 0.002 * k), DT_S).cause for k in range(120)
    ]
    assert "override" in causes[:30]  # the tempo glides to what was asked for
    assert set(causes[60:]) == {"arousal"}  # it is there, and the rest goes with the listener


def test_lead_goes_further_ahead_of_a_listener_who_does_not_follow() -> None:
    levels = [d.numbers["wanted_level"] for d in course("lead", [0.9] * 1500)]
    assert levels[60:] == sorted(levels[60:], reverse=True)
    assert levels[-1] == 0.0


def test_lead_waits_for_a_listener_who_does_not_follow() -> None:
    setpoints = [d.setpoint for d in course("lead", [0.8] * 2000)]
    assert setpoints[-1] == pytest.approx(0.8 - 0.25, abs=0.01)


def test_lead_arrives_with_a_listener_who_follows() -> None:
    falling = [max(0.25, 0.8 - 0.0005 * k) for k in range(1600)]
    last = course("lead", falling)[-1]
    assert last.setpoint == pytest.approx(0.25)
    assert last.numbers["wanted_level"] <= 0.25  # what it took to bring them there stays
    assert "arrived" in last.why


def test_lead_meets_again_when_something_stirs_the_listener_up() -> None:
    calm, stirred = [max(0.25, 0.6 - 0.001 * k) for k in range(800)], [0.75] * 30
    decisions = course("lead", [*calm, *stirred])
    assert "arrived" in decisions[799].why
    assert decisions[-1].numbers["wanted_level"] == pytest.approx(0.75)
    assert "meets" in decisions[-1].why


def test_lead_holds_a_listener_who_is_calmer_than_the_target() -> None:
    last = course("lead", [max(0.1, 0.6 - 0.001 * k) for k in range(1000)])[-1]
    assert 0.25 < last.numbers["wanted_level"] <= 0.25 + 0.1


def test_lead_presses_below_the_target_until_the_listener_is_there() -> None:
    stuck = course("lead", [max(0.35, 0.6 - 0.001 * k) for k in range(1000)])
    levels = [decision.numbers["wanted_level"] for decision in stuck[600:]]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < 0.1


def breathing(
    seconds: float, rate: Callable[[float], float | None], **settings: object
) -> list[Decision]:
    """Breathe with the pacer as `rate` says, which is told the pace (0 while there is none)."""
    control = ControlSettings(strategy="breathe", breathe=BreatheSettings(**settings))  # type: ignore[arg-type]
    steering, decisions, pace = build(control, Palette(), HOME), [], 0.0
    for k in range(int(seconds / DT_S)):
        decisions.append(steering.step(state(k * DT_S, 0.5, breaths=rate(pace)), DT_S))
        pace = decisions[-1].numbers.get("pace_per_minute", 0.0)
    return decisions


def pace_of(decision: Decision) -> float:
    return decision.params.tempo_bpm / decision.params.breath_beats


def onsets_a_minute(decision: Decision) -> float:
    return decision.params.tempo_bpm * decision.params.density


def assert_falls(decisions: list[Decision]) -> None:
    for before, after in pairwise(decisions):
        same = after.params.breath_beats == before.params.breath_beats
        assert not same or after.params.tempo_bpm <= before.params.tempo_bpm + 1e-9
        assert onsets_a_minute(after) <= onsets_a_minute(before) + 1e-9


@pytest.mark.parametrize("own", [8.0, 14.5, 19.0, 24.0])
@pytest.mark.parametrize("home_bpm", [48.0, 84.0])
def test_breathe_begins_at_the_own_rate_and_only_slows_in_a_calm_tempo(
    own: float, home_bpm: float
) -> None:
    control = ControlSettings(strategy="breathe", breathe=BreatheSettings(slowing_per_minute=2.0))
    steering = build(control, Palette(), replace(HOME, tempo_bpm=home_bpm))
    decisions, pace = [], 0.0
    for k in range(1600):
        decisions.append(steering.step(state(k * DT_S, 0.2, breaths=pace or own), DT_S))
        pace = decisions[-1].numbers.get("pace_per_minute", 0.0)
    swelling = [d for d in decisions if d.params.swell > 0.0]
    assert pace_of(swelling[0]) == pytest.approx(own, abs=0.1)
    assert pace_of(swelling[-1]) == pytest.approx(6.0, abs=0.1)
    assert all(39.8 <= d.params.tempo_bpm <= 80.0 for d in swelling)
    assert_falls(swelling)
    for before, after in pairwise(swelling):
        assert pace_of(after) <= pace_of(before) + 1e-9
        assert after.numbers["pace_per_minute"] == pytest.approx(pace_of(after))
    assert len({d.params.breath_beats for d in swelling}) > 1 or own == 8.0


@pytest.mark.parametrize("programme", ["sleep", "breathing"])
@pytest.mark.parametrize("own", [8.0, 17.0, 24.0])
def test_a_programme_that_falls_never_hurries(programme: str, own: float) -> None:
    config = load_config(programme)
    steering = build(config.control, Palette(), replace(HOME, tempo_bpm=84.0), config.phase)
    decisions, pace = [], 0.0
    for k in range(3600):
        arousal = 0.5 + 0.4 * math.sin(k / 90.0)
        moment = state(k * DT_S, arousal, breaths=pace or own)
        decisions.append(steering.step(moment, DT_S, phrase_start=k % 32 == 0))
        pace = decisions[-1].numbers.get("pace_per_minute", 0.0)
    assert max(d.params.tempo_bpm for d in decisions) <= 80.0
    assert any(d.params.swell for d in decisions)
    assert_falls(decisions)


def test_breathe_waits_for_a_breath_that_does_not_follow() -> None:
    decisions = breathing(900.0, lambda pace: 16.0 if pace < 15.0 else pace or 16.0)
    assert pace_of(decisions[-1]) == pytest.approx(pace_of(decisions[-600]), abs=0.05)
    assert 13.0 < pace_of(decisions[-1]) < 15.5
    assert "waits" in decisions[-1].why
    assert decisions[-1].cause == "breathing_rate"


def test_breathe_that_does_not_adapt_slows_whatever_the_breath_does() -> None:
    decisions = breathing(1200.0, lambda pace: 16.0, adapts=False)
    assert decisions[-1].numbers["pace_per_minute"] == pytest.approx(6.0)


@pytest.mark.slow
@pytest.mark.parametrize("own", [None, 5.2, 7.0, 9.0, 24.0])
@pytest.mark.parametrize("follows", [True, False])
def test_no_pace_is_ever_faster_than_the_own_breath_even_when_it_is_asked_for(
    own: float | None, follows: bool
) -> None:
    control = ControlSettings(strategy="breathe")
    steering, pace = build(control, Palette(), HOME), 0.0
    steering.wish(OverrideRequest("tempo_bpm", 160.0, 3600.0), "key", 0.0)
    for k in range(1600):
        breaths = own if own is None or not (follows and pace) else pace
        decision = steering.step(state(k * DT_S, 0.5, breaths=breaths), DT_S)
        pace = decision.numbers.get("pace_per_minute", 0.0)
        if decision.params.swell:
            assert pace_of(decision) <= (own or 8.0) + 1e-9


@pytest.mark.parametrize(("own", "pace"), [(14.0, 6.0), (5.2, 5.2), (None, 6.0)])
def test_a_fixed_pace_is_the_same_for_all_but_those_who_breathe_slower(
    own: float | None, pace: float
) -> None:
    control = ControlSettings(strategy="fixed", fixed=FixedSettings(breaths_per_minute=6.0))
    steering = build(control, Palette(), HOME)
    decisions = [steering.step(state(k * DT_S, 0.5, breaths=own), DT_S) for k in range(400)]
    assert decisions[-1].numbers["pace_per_minute"] == pytest.approx(pace)
    assert pace_of(decisions[-1]) == pytest.approx(pace, abs=0.05)
    assert decisions[-1].params.swell == 1.0
    with pytest.raises(ValueError, match="below 4"):
        FixedSettings(breaths_per_minute=3.0)


def test_music_holds_then_glides_to_neutral_when_the_body_is_out_of_sight() -> None:
    trusts = [0.9] * 100 + [0.0] * 400
    decisions = course("mirror", [0.9] * 500, trusts)
    seen, held, gone = decisions[99], decisions[100 + 28], decisions[-1]
    assert held.params == seen.params
    assert "holds" in held.why
    assert gone.numbers["level"] == pytest.approx(Limits().neutral_level)
    assert "neutral" in gone.why


def test_music_that_ignores_the_body_does_not_mind_losing_it() -> None:
    decisions = course("fixed", [0.9] * 200, [0.9] * 50 + [0.0] * 150)
    assert {d.why for d in decisions} == {"Fixed music: it does not follow the body."}


def test_following_resumes_only_well_above_the_level_at_which_it_stopped() -> None:
    between = (Limits().hold_below_confidence + Limits().follow_above_confidence) / 2
    falling = course("mirror", [0.9] * 20, [0.9] * 10 + [between] * 10)[-1]
    rising = course("mirror", [0.9] * 20, [0.0] * 10 + [between] * 10)[-1]
    assert "mirrors" in falling.why
    assert "holds" in rising.why


def test_a_hold_by_the_listener_freezes_everything() -> None:
    steering = build(ControlSettings(strategy="mirror"), Palette(), HOME)
    before = [steering.step(state(k * DT_S, 0.9), DT_S) for k in range(40)][-1]
    held = [steering.step(state(20 + k * DT_S, 0.1), DT_S, held=True) for k in range(40)][-1]
    assert held.params == before.params
    assert "You asked" in held.why
