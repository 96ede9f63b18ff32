"""What a page may ask of a running session, checked before it reaches the log."""

from __future__ import annotations

import re
from typing import Literal, get_args

from biofeedback.common.errors import ConfigError
from biofeedback.engine.inputs import CommandName

__all__ = ["LATE_S", "Role", "checked", "may_act_late"]

#: Who somebody at a page may be.
Role = Literal["listener", "therapist", "observer"]

#: From this age on a wish may no longer raise or start anything.
LATE_S = 5.0

_LISTENER = {"marker", "hold", "resume", "stop", "volume", "rating", "note", "adverse"}
_THERAPIST = _LISTENER - {"rating"} | {"override", "release"}
_ALLOWED: dict[Role, set[str]] = {"listener": _LISTENER, "therapist": _THERAPIST}

_HARMLESS_LATE = {"marker", "note", "adverse", "hold", "stop"}
_TEXTS = {"marker", "note", "adverse"}
_LONGEST_TEXT = 500
_RATING = re.compile(r"(relaxation|distress)=(10|[0-9])|(arousal|valence)=[1-9]")
_OVERRIDE = re.compile(r"[a-z_]{1,32}=[\w. #-]{1,40}( for [0-9]{1,5})?")
_RELEASE = re.compile(r"[a-z_]{0,32}")


def checked(role: Role, what: str, value: str) -> tuple[CommandName, str]:
    """Return a command as it may be passed on; raise `ConfigError` for any other."""
    if what not in _ALLOWED.get(role, set()):
        raise ConfigError(f"{what!r} is not for a {role}")
    if what in _TEXTS:
        value = "".join(c if c.isprintable() else " " for c in value).strip()[:_LONGEST_TEXT]
        good = bool(value) or what == "marker"
    elif what == "volume":
        good = re.fullmatch(r"0(\.\d{1,3})?|1(\.0{1,3})?", value) is not None
    elif what == "rating":
        good = _RATING.fullmatch(value) is not None
    elif what == "override":
        good = _OVERRIDE.fullmatch(value) is not None
    elif what == "release":
        good = _RELEASE.fullmatch(value) is not None
    elif what == "resume":
        good = value in ("", "hold")  # a hold alone, or a person goes on after a stop rule too
    else:
        good = value == ""
    if not good:
        raise ConfigError(f"{value[:60]!r} means nothing to {what!r}")
    name: CommandName = next(name for name in get_args(CommandName) if name == what)
    return name, value


def may_act_late(what: CommandName, value: str, volume: float) -> bool:
    """Return whether a wish that took long to arrive may act: not where music could rise from it.

    `volume` is that of now. A rating of distress may end what a stop rule keeps silent.
    """
    match what:
        case "volume":
            return float(value) <= volume
        case "rating":
            return not value.startswith("distress")
        case _:
            return what in _HARMLESS_LATE
