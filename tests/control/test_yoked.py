"""Yoked music goes its own way, but never hurries a breath."""

import pytest

from biofeedback.control.base import ControlInput
from biofeedback.control.yoked import Yoked, YokedSettings
from biofeedback.state.estimator import State


def moment(breaths: float | None, arousal: float = 0.5) -> ControlInput:
    state = State(0.0, arousal, 0.0, 1.0, 0.9, "tracking", {}, breaths)
    return ControlInput(state, 0.5)


STREAM = YokedSettings(
    every_s=20.0, level=(0.1, 0.7), tempo_bpm=(60.0, 120.0), swell=(0.0, 1.0), pauses=((5.0, 6.0),)
)


def test_it_plays_the_stream_whatever_the_body_does() -> None:
    calm, stirred = Yoked(STREAM), Yoked(STREAM)
    one = [calm.aim(moment(None, 0.1)) for _ in range(90)]
    two = [stirred.aim(moment(None, 0.9)) for _ in range(90)]
    assert one == two
    assert [aim.level for aim in one[:41]] == [0.1] * 40 + [0.7]
    assert [n for n, aim in enumerate(one) if aim.silent] == [10, 11]
    assert one[-1].tempo_bpm == 120.0


@pytest.mark.parametrize(("own", "most"), [(9.0, 9.0), (None, 8.0)])
def test_its_swell_is_never_faster_than_the_own_breath(own: float | None, most: float) -> None:
    yoked = Yoked(STREAM)
    aims = [yoked.aim(moment(own)) for _ in range(60)]
    assert aims[-1].swell == 1.0
    assert aims[-1].most_per_minute == most


def test_a_stream_whose_parts_differ_in_length_is_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        YokedSettings(level=(0.1, 0.2), tempo_bpm=(60.0,), swell=(0.0,))
