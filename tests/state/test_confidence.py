"""Claims about what arousal is worth: by source, by how the body answers, by its rest."""

from collections.abc import Callable

import msgspec
import pytest
from rigs.tracked import CALM, KNOWN, tracked, varied


@pytest.mark.parametrize(
    ("names", "least", "most"),
    [(("heart_rate", "scl"), 0.75, 1.0), (("heart_rate",), 0.5, 0.75), (("scl",), 0.5, 0.75)],
)
def test_one_source_is_worth_less_than_both(
    names: tuple[str, ...], least: float, most: float
) -> None:
    course = varied(0.7, 0.05)
    states = tracked(lambda now_s: {name: course(now_s)[name] for name in names}, 900.0)
    assert least < states[-1].confidence < most


@pytest.mark.parametrize(
    ("course", "source", "mute"),
    [
        (varied(0.0, 0.0), "skin", {"heart_rate": None}),
        (varied(0.15, 0.05), "heart", {"scl": None}),
    ],
    ids=["dry skin", "a heart held by a beta blocker"],
)
def test_a_body_that_does_not_answer_is_found_and_never_called_sure(
    course: Callable[[float], dict[str, float | None]], source: str, mute: dict[str, float | None]
) -> None:
    states = tracked(lambda now_s: course(now_s) | mute, 1200.0)
    assert states[-1].notes == (f"{source}_silent",)
    assert states[-1].confidence < 0.35
    assert not any(state.notes for state in states[:240])


def test_a_body_that_answers_again_is_believed_again() -> None:
    def course(now_s: float) -> dict[str, float | None]:
        return varied(0.7, 0.0 if now_s < 1200.0 else 0.05)(now_s)

    states = tracked(course, 1500.0)
    assert states[2400].notes == ("skin_silent",)
    assert states[-1].notes == ()
    assert states[-1].confidence > states[2400].confidence + 0.1


def test_a_shaken_sensor_is_worth_less() -> None:
    still = tracked(lambda _: CALM | {"motion": 0.005}, 60.0)[-1]
    shaken = tracked(lambda _: CALM | {"motion": 0.1}, 60.0)[-1]
    assert shaken.confidence < 0.4 * still.confidence
    assert shaken.arousal == still.arousal


def test_a_weak_rest_is_worth_less() -> None:
    weak = msgspec.structs.replace(KNOWN, weak=True)
    assert (
        tracked(lambda _: CALM, 60.0, weak)[-1].confidence
        < 0.85 * tracked(lambda _: CALM, 60.0)[-1].confidence
    )


def test_the_interval_widens_for_a_body_that_is_restless() -> None:
    def width(course: Callable[[float], dict[str, float | None]]) -> float:
        state = tracked(course, 600.0)[-1]
        return state.high - state.low

    assert width(varied(1.5, 0.1)) > width(varied(0.3, 0.02)) + 0.1


@pytest.mark.parametrize(("quality", "follows"), [(1.0, True), (0.5, True), (0.1, False)])
def test_readings_without_skin_contact_never_make_the_estimate_confident(
    quality: float, follows: bool
) -> None:
    confidence = tracked(lambda _: CALM, 300.0, quality=quality)[-1].confidence
    assert (confidence > 0.35) == follows
    assert follows or confidence < 0.25
