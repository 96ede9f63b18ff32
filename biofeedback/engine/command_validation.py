"""Which commands make sense, before one is logged or does anything."""

from __future__ import annotations

from biofeedback.common.errors import CommandError
from biofeedback.control.override import NAMES, OverrideRequest
from biofeedback.control.ratings import parse_rating
from biofeedback.engine.inputs import Command

__all__ = ["check"]

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
            OverrideRequest.parse(value)
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


def _check_number(what: str, value: str, most: float) -> None:
    try:
        known = 0.0 <= float(value) <= most
    except ValueError:
        known = False
    if not known:
        raise CommandError(
            f"{what} {value!r} is not a number from 0 to {most:g}", hint="For example 0.5."
        )
