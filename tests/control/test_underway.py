"""The music is still on its way where what was wanted since would not have changed it."""

from biofeedback.control.base import Decision
from biofeedback.control.build import ControlSettings, build
from biofeedback.control.curves import Palette
from biofeedback.control.override import OverrideRequest
from biofeedback.control.transition_tracker import SECONDS, Transition, TransitionTracker
from biofeedback.state.estimator import State
from synth.params import MusicParams

DT_S = 0.5


def underway(wanted_bpm: list[float]) -> list[bool]:
    """Let a tempo of 90 glide by 1 bpm a second to what is wanted each tick."""
    one, tempo, found = TransitionTracker(0.05, 1.0), 90.0, []
    for wanted in wanted_bpm:
        tempo += max(-DT_S, min(DT_S, wanted - tempo))
        found.append(one.step(Transition(0.3, wanted, 0.3, tempo), DT_S))
    return found


def test_a_long_glide_is_underway_once_its_reason_is_older_than_the_window() -> None:
    found = underway([60.0] * 70)
    assert not any(found[: int(SECONDS / DT_S)])
    assert all(found[int(SECONDS / DT_S) + 1 : 58])


def test_music_that_has_arrived_or_is_sent_elsewhere_is_not() -> None:
    assert not underway([90.0] * 60)[-1]
    assert not underway([60.0] * 30 + [90.0] * 6)[-1]


def decisions(ticks: int) -> list[Decision]:
    """Lead one whose arousal stays; they hold for a while, and a wish has its time."""
    home = MusicParams(tempo_bpm=64.0, density=1.5)
    steering = build(ControlSettings(), Palette(), home)
    found = []
    for k in range(ticks):
        if k == 400:
            steering.wish(OverrideRequest("tempo_bpm", 110.0, 60.0), "key", k * DT_S)
        state = State(k * DT_S, 0.3, 0.2, 0.4, 0.9, "tracking", {})
        found.append(steering.step(state, DT_S, held=600 <= k < 640))
    return found


def test_the_way_back_from_a_wish_is_neither_the_bodys_nor_the_plans_doing() -> None:
    found = decisions(560)
    assert found[450].cause == "override"
    assert {d.cause for d in found[545:560]} == {"underway"}
    assert found[559].params.tempo_bpm < found[545].params.tempo_bpm


def test_what_a_hold_kept_back_is_said_to_be_resumed() -> None:
    found = decisions(670)
    assert found[620].cause == "held"
    assert found[645].cause in ("resumed", "underway")
