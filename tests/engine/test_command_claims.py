"""Which commands make sense, before anything is done about them."""

import pytest

from biofeedback.common.errors import CommandError
from biofeedback.engine.command_validation import SCALES, check, parse_rating
from biofeedback.engine.inputs import Command


def accepted(what: str, value: str) -> bool:
    try:
        check(Command("key", what, value))  # type: ignore[arg-type]
    except CommandError as error:
        return not error.hint
    return True


@pytest.mark.parametrize(
    ("what", "right", "wrong"),
    [
        ("volume", ("0", "0.5", "1"), ("", "-0.1", "1.01", "nan", "loud")),
        ("stop", ("", "0", "5.5", "86400"), ("-1", "86400.5", "soon", "inf")),
        ("override", ("tempo_bpm=70", "key=D dorian for 60"), ("", "tempo_bpm", "taste=1")),
        ("release", ("", "tempo_bpm", "style"), ("taste",)),
        ("resume", ("", "hold"), ("stop", "Hold")),
        ("rating", ("relaxation=0", "arousal=9"), ("", "arousal=0", "arousal=9.1", "joy=1")),
        ("marker", ("", "x" * 2000), ("x" * 2001,)),
        ("note", ("x" * 2000,), ("x" * 2001,)),
        ("adverse", ("x" * 2000,), ("x" * 2001,)),
        ("guess", ("x" * 2000,), ("x" * 2001,)),
        ("hold", ("", "x" * 2001), ()),
    ],
)
def test_values_that_make_sense_pass_and_others_are_refused_with_a_hint(
    what: str, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    assert [value for value in right if not accepted(what, value)] == []
    assert [value for value in wrong if accepted(what, value)] == []


@pytest.mark.parametrize(
    ("what", "value", "words", "hint"),
    [
        ("volume", "9", "volume '9' is not a number from 0 to 1", "For example 0.5."),
        ("stop", "x", "stop 'x' is not a number from 0 to 86400", "For example 0.5."),
        ("release", "taste", "release 'taste': it cannot be asked for", "tempo_bpm, target, level"),
        ("resume", "x", "resume 'x': it takes no such word", '"hold" ends a hold alone'),
        ("note", "x" * 2001, "note: the text has 2001 characters", "At most 2000."),
        ("rating", "joy=3", "rating 'joy=3' is not understood", "arousal 1 to 9, valence 1 to 9"),
    ],
)
def test_a_refusal_says_what_was_wrong_and_what_is_right(
    what: str, value: str, words: str, hint: str
) -> None:
    with pytest.raises(CommandError) as caught:
        check(Command("key", what, value))  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(("scale", "ends"), SCALES.items())
def test_a_rating_may_be_anything_between_the_ends_of_its_scale(
    scale: str, ends: tuple[int, int]
) -> None:
    low, high = ends
    for value in (low, (low + high) / 2, high):
        assert parse_rating(f" {scale} = {value} ") == (scale, float(value))
    for value in (low - 0.01, high + 0.01, "nan", "much", ""):
        with pytest.raises(CommandError, match="is not understood"):
            parse_rating(f"{scale}={value}")


def test_the_scales_are_those_of_the_self_assessment_manikin_and_our_own() -> None:
    """Bradley and Lang (1994): nine steps."""
    assert SCALES["arousal"] == SCALES["valence"] == (1, 9)
    assert SCALES["relaxation"] == SCALES["distress"] == (0, 10)
