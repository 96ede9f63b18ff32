"""The topics of one wearer, and who may use which; `setup` turns them into the broker's rules."""

from __future__ import annotations

import re
from typing import Literal

from biofeedback.common.errors import ConfigError

__all__ = ["Role", "again", "asks", "checked_name", "events", "orders", "picture", "rules", "split",
           "status", "watched"]  # fmt: skip

Role = Literal["wearer", "therapist", "observer"]

_ROOT = "biofeedback"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def checked_name(name: str) -> str:
    """Return a name that may stand in a topic; raise `ConfigError` for any other."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name[:40]!r} cannot be a name here",
            hint="Small letters, digits, - and _, at most 32; a pseudonym, not a person's name.",
        )
    return name


def status(wearer: str) -> str:
    """Retained: whether the wearer is there; the broker says so when the link breaks."""
    return f"{_ROOT}/{wearer}/status"


def picture(wearer: str) -> str:
    """QoS 0: the latest picture of the session."""
    return f"{_ROOT}/{wearer}/picture"


def events(wearer: str) -> str:
    """QoS 1: decisions, markers and other commands, numbered without a hole."""
    return f"{_ROOT}/{wearer}/events"


def again(wearer: str, user: str) -> str:
    """QoS 1: events once more, for the one user who missed them."""
    return f"{_ROOT}/{wearer}/again/{user}"


def asks(wearer: str, user: str) -> str:
    """QoS 1: a user asks for events that they missed."""
    return f"{_ROOT}/{wearer}/asks/{user}"


def orders(wearer: str, user: str) -> str:
    """QoS 1: what a therapist wants; the broker vouches for the user in the topic."""
    return f"{_ROOT}/{wearer}/orders/{user}"


def split(topic: str) -> tuple[str, str, str]:
    """Return wearer, kind and user ("" without one) of a topic; ("", "", "") if it is not ours."""
    parts = topic.split("/")
    if parts[0] != _ROOT or len(parts) not in (3, 4):
        return "", "", ""
    return parts[1], parts[2], parts[3] if len(parts) == 4 else ""


def watched(user: str) -> tuple[str, ...]:
    """Return what a desk subscribes to."""
    return status("+"), picture("+"), events("+"), again("+", user)


def rules(user: str, role: Role) -> list[str]:
    """Return what a user may do, as lines of mosquitto's ACL file; all else is refused."""
    if role == "wearer":
        own = [f"topic write {place(user)}" for place in (status, picture, events)]
        own.append(f"topic write {again(user, '+')}")
        return [*own, f"topic read {orders(user, '+')}", f"topic read {asks(user, '+')}"]
    reads = [f"topic read {topic}" for topic in watched(user)]
    steers = [f"topic write {orders('+', user)}"] if role == "therapist" else []
    return [*reads, f"topic write {asks('+', user)}", *steers]
