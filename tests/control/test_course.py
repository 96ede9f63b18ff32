"""Programmes: phases follow one another at phrases, when their conditions hold."""

from collections.abc import Callable

import pytest

from biofeedback.config.loader import load, programmes
from biofeedback.control.base import Decision
from biofeedback.control.build import ControlSettings, build
from biofeedback.control.curves import Palette
from biofeedback.control.music_controller import MusicController
from biofeedback.control.phases import Phase, PhaseEnd, length_minutes
from biofeedback.control.resonance import ResonanceSettings
from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import State
from synth.params import MusicParams

DT_S = 0.5
HOME = MusicParams(tempo_bpm=64.0, density=1.5)
CALM = Phase(name="last", strategy="fixed")


def performed(phases: list[Phase], **control: object) -> MusicController:
    return build(ControlSettings(**control), Palette(), HOME, phases)  # type: ignore[arg-type]


def run(
    one: MusicController,
    seconds: float,
    arousal: Callable[[float], float] = lambda t: 0.5,
    *,
    phrase_s: float = 16.0,
    tracking: bool = True,
) -> list[Decision]:
    decisions = []
    for k in range(int(seconds / DT_S)):
        t = k * DT_S
        phase = "tracking" if tracking else "rest"
        state = State(t, arousal(t), 0.0, 1.0, 0.9, phase, {})  # type: ignore[arg-type]
        decisions.append(one.step(state, DT_S, phrase_start=t % phrase_s == 0.0))
    return decisions


def ends(until: PhaseEnd, *args: object, **kwargs: object) -> float | None:
    """Return when a phase with this end is over, in s."""
    one = performed([Phase(name="first", strategy="lead", until=until), CALM])
    phases = [decision.phase for decision in run(one, 300.0, *args, **kwargs)]  # type: ignore[arg-type]
    return phases.index("last") * DT_S if "last" in phases else None


def test_a_phase_ends_with_the_first_phrase_after_its_time() -> None:
    assert ends(PhaseEnd(minutes=1.0)) == 64.0
    assert ends(PhaseEnd(minutes=1.0), phrase_s=1000.0) == pytest.approx(119.5, abs=1.0)


def test_a_phase_ends_when_arousal_has_been_low_for_long_enough() -> None:
    until = PhaseEnd(minutes=4.0, arousal_below=0.3, for_s=30.0)
    assert ends(until, lambda t: 0.2 if t > 50.0 else 0.5) == 80.0
    assert ends(until, lambda t: 0.2 if t % 20.0 < 15.0 else 0.5) == 240.0  # never so long


def test_a_phase_ends_when_the_rest_is_known() -> None:
    assert ends(PhaseEnd(minutes=2.0, baseline_known=True)) == 0.0
    assert ends(PhaseEnd(minutes=2.0, baseline_known=True), tracking=False) == 128.0


def test_a_phase_ends_with_a_rating() -> None:
    phases = [Phase(name="first", strategy="lead", until=PhaseEnd(relaxation_at_least=7.0)), CALM]
    one = performed(phases)
    run(one, 20.0)
    one.rate("relaxation", 6.0)
    assert run(one, 40.0)[-1].phase == "first"
    one.rate("relaxation", 7.0)
    assert run(one, 20.0)[-1].phase == "last"


def test_the_time_that_is_left_is_in_the_numbers_and_the_end_is_known() -> None:
    phases = [Phase(name="one", strategy="mirror", until=PhaseEnd(minutes=1.0))]
    one = performed(phases)
    first, last = run(one, 100.0)[0], run(one, 1.0)[-1]
    assert first.numbers["phase_left_s"] == pytest.approx(59.5)
    assert last.numbers["phase_left_s"] == 0.0
    assert one.over


def test_a_programme_begins_gently_and_fades_as_it_says() -> None:
    phases = [
        Phase(name="one", strategy="fixed", until=PhaseEnd(minutes=2.0)),
        Phase(name="two", strategy="fixed", loudness=0.2, fade_s=60.0),
    ]
    decisions = run(performed(phases), 240.0)
    assert {d.cause for d in decisions[16:24]} == {"plan"}  # nothing but its fade moves then
    loudness = [d.params.dynamics for d in decisions]
    assert loudness[0] < 0.6 * loudness[100]
    assert loudness[-1] == pytest.approx(0.2 * loudness[100])


def test_silence_is_a_phase_too() -> None:
    phases = [Phase(name="pause", strategy="silence", until=PhaseEnd(minutes=2.0)), CALM]
    decisions = run(performed(phases), 200.0)
    assert decisions[0].params.rest
    assert not decisions[-1].params.rest


def at_pace(pace: float, resonance: float | None, own: float = 14.0) -> tuple[Reading, ...]:
    """Return what a heart shows at a pace, whose swing is largest at its resonance."""
    swing = 20.0 if resonance is None else 80.0 / (1.0 + (pace - resonance) ** 2)
    values = {"sdnn": swing, "coherence": 4.0, "breathing_rate": pace or own}
    quality = 0.1 if resonance is None else 1.0
    return tuple(Reading(n, v, "", 60.0, 0.0, quality, 1.0) for n, v in values.items())


def search(resonance: float | None, **settings: object) -> tuple[MusicController, list[Decision]]:
    control = {"resonance": ResonanceSettings(**settings), "strategy": "resonance"}  # type: ignore[arg-type]
    one, pace, decisions = build(ControlSettings(**control), Palette(), HOME), 0.0, []  # type: ignore[arg-type]
    for k in range(1600):
        state = State(k * DT_S, 0.4, 0.0, 1.0, 0.9, "tracking", {})
        decisions.append(one.step(state, DT_S, readings=at_pace(pace, resonance)))
        pace = decisions[-1].numbers["pace_per_minute"]
    return one, decisions


@pytest.mark.parametrize("resonance", [4.5, 5.2, 6.0, 6.7])
def test_the_search_finds_the_rate_at_which_the_heart_swings_most(resonance: float) -> None:
    one, decisions = search(resonance)
    assert one.found["resonance_per_minute"] == pytest.approx(resonance, abs=0.15)
    assert decisions[-1].numbers["pace_per_minute"] == one.found["resonance_per_minute"]
    paces = {d.numbers["pace_per_minute"] for d in decisions[:1400]}
    assert {7.0, 6.5, 6.0, 5.5, 5.0, 4.5} <= paces


def test_a_search_without_trust_says_so_and_remembers_nothing() -> None:
    one, decisions = search(None)
    assert "No rate stood out" in decisions[-1].why
    assert one.found == {}


def test_a_rate_that_is_known_is_gone_to_at_once() -> None:
    _, decisions = search(None, known_per_minute=5.4)
    assert decisions[0].numbers["pace_per_minute"] == 5.4


def test_a_later_phase_uses_what_an_earlier_one_found() -> None:
    phases = [
        Phase(name="search", strategy="resonance", until=PhaseEnd(minutes=13.0, finished=True)),
        Phase(name="stay", strategy="resonance"),
    ]
    one, pace, decision = performed(phases), 0.0, None
    for k in range(1700):
        state = State(k * DT_S, 0.4, 0.0, 1.0, 0.9, "tracking", {})
        decision = one.step(state, DT_S, readings=at_pace(pace, 5.5), phrase_start=k % 32 == 0)
        pace = decision.numbers["pace_per_minute"]
    assert decision is not None
    assert decision.phase == "stay"
    assert decision.numbers["pace_per_minute"] == pytest.approx(5.5, abs=0.1)


@pytest.mark.parametrize("name", programmes())
def test_every_shipped_programme_ends_or_is_one_strategy(name: str) -> None:
    config = load(name)
    assert not config.phase or length_minutes(config.phase)
