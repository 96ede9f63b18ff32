"""What a person asks of the music: how it is read, how it acts, and how it ends."""

import pytest

from biofeedback.common.errors import CommandError
from biofeedback.control.base import Decision
from biofeedback.control.build import ControlSettings, build
from biofeedback.control.curves import Palette
from biofeedback.control.music_controller import MusicController
from biofeedback.control.override import NAMES, OverrideRequest
from biofeedback.engine.command_validation import check
from biofeedback.engine.inputs import Command
from biofeedback.state.estimator import State
from synth.params import Key, Mode, MusicParams

DT_S = 0.5
HOME = MusicParams(tempo_bpm=64.0, density=1.5)


def steering(strategy: str = "fixed") -> MusicController:
    return build(ControlSettings(strategy=strategy), Palette(), HOME)  # type: ignore[arg-type]


def run(
    one: MusicController, from_s: float, seconds: float, arousal: float = 0.5
) -> list[Decision]:
    times = [from_s + k * DT_S for k in range(int(seconds / DT_S))]
    states = [State(t, arousal, 0.4, 0.6, 0.9, "tracking", {}) for t in times]
    return [one.step(state, DT_S) for state in states]


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("tempo_bpm=70", OverrideRequest("tempo_bpm", 70.0)),
        ("density = 2.5 for 60", OverrideRequest("density", 2.5, 60.0)),
        ("key=F# aeolian", OverrideRequest("key", Key(6, Mode.AEOLIAN))),
        ("mode=dorian for 10", OverrideRequest("mode", Mode.DORIAN, 10.0)),
        ("style=drone_breath for 10", OverrideRequest("style", "drone_breath", 10.0)),
        ("volume_most=0.4", OverrideRequest("volume_most", 0.4)),
    ],
)
def test_a_wish_is_read_from_words(text: str, wish: OverrideRequest) -> None:
    assert OverrideRequest.parse(text) == wish


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("override", "tempo_bpm"),
        ("override", "tempo=70"),
        ("override", "tempo_bpm=nan"),
        ("override", "tempo_bpm=500"),
        ("override", "tempo_bpm=70 for ever"),
        ("override", "key=H dorian"),
        ("override", "mode=happy"),
        ("override", "style=techno"),
        ("override", "volume_most=1.5"),
        ("release", "tempo"),
        ("rating", "relaxation"),
        ("rating", "joy=3"),
        ("rating", "distress=11"),
        ("volume", "loud"),
        ("resume", "rising"),
        ("note", "x" * 3000),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line_with_a_hint(what: str, value: str) -> None:
    with pytest.raises(CommandError) as caught:
        check(Command("key", what, value))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_what_makes_sense_is_let_through() -> None:
    for what, value in (
        ("release", ""), ("release", "key"), ("resume", ""), ("resume", "hold"),
        ("rating", "relaxation=7"), ("note", "sat up"),
        ("adverse", "dizzy"), ("volume", "0.5"), ("marker", "m"), ("override", "level=0.2"),
    ):  # fmt: skip
        check(Command("web:therapist:Ann", what, value))  # type: ignore[arg-type]


def test_a_tempo_that_was_asked_for_is_reached_by_a_glide_and_left_by_one() -> None:
    one = steering()
    before = run(one, 0.0, 10.0)[-1].params.tempo_bpm
    one.wish(OverrideRequest.parse(f"tempo_bpm={before + 20} for 60"), "key", 10.0)
    asked = run(one, 10.0, 60.0)
    assert asked[0].params.tempo_bpm <= before + 1.0
    assert asked[-1].params.tempo_bpm == pytest.approx(before + 20, abs=0.5)
    assert run(one, 70.0, 40.0)[-1].params.tempo_bpm == pytest.approx(before, abs=0.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [("density", 5.0), ("dynamics", 1.0), ("brightness", 0.0), ("register", 1.0)],
)
def test_a_parameter_glides_to_what_was_asked_for_and_back(name: str, value: float) -> None:
    one = steering()
    before = getattr(run(one, 0.0, 10.0)[-1].params, name)
    one.wish(OverrideRequest(name, value), "key", 10.0)
    course = [getattr(d.params, name) for d in run(one, 10.0, 30.0)]
    assert abs(course[0] - before) < 0.1 * abs(value - before)
    assert course[-1] == pytest.approx(value)
    one.release(name)
    assert getattr(run(one, 40.0, 30.0)[-1].params, name) == pytest.approx(before)


def test_a_mode_is_taken_on_the_tonic_that_stands_and_a_key_as_a_whole() -> None:
    one = steering()
    tonic = run(one, 0.0, 5.0)[-1].params.key.tonic
    one.wish(OverrideRequest.parse("mode=phrygian"), "key", 5.0)
    assert run(one, 5.0, 1.0)[-1].params.key == Key(tonic, Mode.PHRYGIAN)
    one.release("")
    one.wish(OverrideRequest.parse("key=Bb ionian"), "key", 6.0)
    assert run(one, 6.0, 1.0)[-1].params.key == Key(10, Mode.IONIAN)


def test_a_target_that_was_asked_for_is_where_the_music_leads() -> None:
    one = steering("lead")
    one.wish(OverrideRequest.parse("target=0.4 for 3600"), "web:therapist:Ann", 0.0)
    assert run(one, 0.0, 900.0, arousal=0.42)[-1].setpoint == pytest.approx(0.4)


def test_the_reason_names_who_asked_for_what_and_until_when() -> None:
    one = steering()
    one.wish(OverrideRequest.parse("density=2 for 90"), "web:therapist:Ann", 30.0)
    decision = run(one, 30.0, 1.0)[-1]
    assert decision.why.startswith("Ann asked for density=2 until 2:00.")
    assert decision.cause == "override"
    assert "asked" not in run(one, 121.0, 1.0)[-1].why


@pytest.mark.slow
def test_every_name_that_can_be_asked_for_acts() -> None:
    values = {"key": "A aeolian", "mode": "phrygian", "register": "-1", "tempo_bpm": "100",
              "tempo_least_bpm": "110", "tempo_most_bpm": "35", "style": "piano"}  # fmt: skip

    def heard(one: MusicController) -> tuple[object, ...]:
        decision = run(one, 0.0, 120.0)[-1]
        return decision.params, decision.numbers.get("volume_most"), one.style

    for name in NAMES:
        plain, asked = steering("lead"), steering("lead")
        asked.wish(OverrideRequest.parse(f"{name}={values.get(name, '0.9')}"), "key", 0.0)
        assert heard(plain) != heard(asked), name


def test_the_tempo_keeps_to_the_bounds_whoever_asked_for_it() -> None:
    one = steering()
    one.wish(OverrideRequest("tempo_bpm", 100.0), "web:therapist:Ann", 0.0)
    one.wish(OverrideRequest("tempo_most_bpm", 60.0), "web:therapist:Ann", 0.0)
    decisions = run(one, 0.0, 60.0)
    assert decisions[-1].params.tempo_bpm == pytest.approx(60.0, abs=0.5)
    assert max(d.params.tempo_bpm for d in decisions[20:]) <= 60.5
    one.release("")
    one.wish(OverrideRequest("tempo_least_bpm", 80.0), "web:therapist:Ann", 60.0)
    assert run(one, 60.0, 60.0)[-1].params.tempo_bpm == pytest.approx(80.0, abs=0.5)


def test_a_stop_rule_lets_go_of_wishes_but_not_of_bounds_that_calm() -> None:
    one = steering()
    for wish in (
        OverrideRequest("tempo_bpm", 100.0),
        OverrideRequest("volume_most", 0.3),
        OverrideRequest("style", "pulse"),
    ):
        one.wish(wish, "web:therapist:Ann", 0.0)
    one.rate("distress", 9.0)
    (decision,) = run(one, 0.0, DT_S)
    assert decision.cause == "stop:distress"
    assert decision.numbers["volume_most"] == 0.3
    assert one.style == ""
