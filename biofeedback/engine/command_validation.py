"""Which commands and ratings make sense, before one is logged or does anything."""

from __future__ import annotations

from biofeedback.common.errors import CommandError, PluginError
from biofeedback.config.styles import load_style
from biofeedback.control.override import NAMES, OverrideRequest
from biofeedback.engine.inputs import Command
from synth.errors import StyleError

__all__ = ["SCALES", "check", "parse_rating"]


#: scale -> its ends. Arousal and valence are those of the self-assessment manikin, of nine steps
#: (Bradley and Lang 1994): 1 calm or unpleasant, 9 excited or pleasant. The others are our own.
SCALES = {"relaxation": (0, 10), "distress": (0, 10), "arousal": (1, 9), "valence": (1, 9)}


def parse_rating(text: str) -> tuple[str, float]:
    """Return scale and value of "relaxation=7" or "valence=2"; raise `CommandError`."""
    scale, _, value = (part.strip() for part in text.partition("="))
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    low, high = SCALES.get(scale, (1, 0))
    if not low <= number <= high:
        known = ", ".join(f"{name} {low} to {high}" for name, (low, high) in SCALES.items())
        raise CommandError(
            f"rating {text!r} is not understood",
            hint=f"A scale and a number on it ({known}): relaxation=7.",
        )
    return scale, number


_LONGEST = 2000  #: characters of a marker, note or adverse event


def check(command: Command) -> None:
    """Raise `CommandError` for a value that makes no sense."""
    value = command.value
    match command.what:
        case "volume":
            _check_number("volume", value, 1.0)
        case "stop" if value:
            _check_number("stop", value, 86400.0)
        case "override":
            _check_override(value)
        case "release" if value and value not in NAMES:
            raise CommandError(
                f"release {value!r}: it cannot be asked for, so it cannot be released",
                hint=f"One of {', '.join(NAMES)}, or nothing for all.",
            )
        case "resume" if value not in ("", "hold"):
            raise CommandError(
                f"resume {value!r}: it takes no such word",
                hint='"hold" ends a hold alone, nothing goes on after a stop rule as well.',
            )
        case "rating":
            parse_rating(value)
        case "marker" | "note" | "adverse" | "guess" if len(value) > _LONGEST:
            raise CommandError(
                f"{command.what}: the text has {len(value)} characters",
                hint=f"At most {_LONGEST}.",
            )
        case _:
            pass


def _check_override(value: str) -> None:
    wish = OverrideRequest.parse(value)
    if wish.name != "style":
        return
    try:
        load_style(str(wish.value))
    except (StyleError, PluginError) as error:
        raise CommandError(f"override {value!r}: {error}", hint=error.hint) from error


def _check_number(what: str, value: str, most: float) -> None:
    try:
        known = 0.0 <= float(value) <= most
    except ValueError:
        known = False
    if not known:
        raise CommandError(
            f"{what} {value!r} is not a number from 0 to {most:g}", hint="For example 0.5."
        )
