"""What a trial is going to do, written down and frozen before its first block."""

from __future__ import annotations

import hashlib
import re
import tomllib
from datetime import date
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from biofeedback.common.errors import TrialError

__all__ = [
    "ARMS",
    "END_POINTS",
    "Arm",
    "EndPoint",
    "Protocol",
    "checked_name",
    "dump",
    "parse",
    "sha256",
]

Arm = Literal["adaptive", "yoked", "fixed6", "silence"]
#: Each arm in words, for whoever designs a trial and for its result; never for its screens.
ARMS: dict[Arm, str] = {
    "adaptive": "music that follows and leads the body",
    "yoked": "music that moves as it did in another session",
    "fixed6": "a swell of 6 a minute from beginning to end",
    "silence": "no music",
}
EndPoint = Literal["breathing_rate", "heart_rate", "rmssd", "arousal"]
#: Name in words and unit.
END_POINTS: dict[EndPoint, tuple[str, str]] = {
    "breathing_rate": ("breathing rate", "a minute"),
    "heart_rate": ("heart rate", "a minute"),
    "rmssd": ("RMSSD", "ms"),
    "arousal": ("arousal estimate", "of 1"),
}
SCHEMA = 1


class Protocol(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A trial's protocol. The first arm is compared with the second; others are secondary."""

    schema: int = SCHEMA
    name: str
    question: str = ""
    person: str | None = None  #: the profile, a pseudonym
    arms: tuple[Arm, ...]
    pairs: Annotated[int, Meta(ge=2, le=200)]  #: each has one block of every arm
    block_minutes: Annotated[float, Meta(ge=1.0, le=120.0)]
    washout_minutes: Annotated[float, Meta(ge=0.5, le=60.0)]  #: silence before each block
    settle_s: Annotated[float, Meta(ge=0.0, le=3600.0)]  #: of each block, that does not count
    end_point: EndPoint = "breathing_rate"
    smallest: Annotated[float, Meta(gt=0.0)]  #: effect that would matter, in the unit
    alpha: Annotated[float, Meta(ge=0.001, le=0.2)] = 0.05
    adaptive: Literal["breathe", "lead"] = "breathe"
    style: str = "ambient"
    stop_date: str  #: after this day the trial ends with the pairs that it has
    least_coverage: Annotated[float, Meta(ge=0.1, le=1.0)] = 0.5
    most_attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    most_lost: Annotated[float, Meta(ge=0.0, le=0.5)] = 0.2  #: share of pairs
    created_utc: str
    yoked_to: str = "simulated listeners"  #: whose sessions lead the yoked arm
    allocation_sha256: str  #: of the sealed file
    analysis: str = ""
    missing: str = ""

    def __post_init__(self) -> None:
        if len(self.arms) < 2 or len(set(self.arms)) != len(self.arms):
            raise ValueError("arms: name two or more, each once")
        if self.settle_s >= 60.0 * self.block_minutes:
            raise ValueError("settle_s: nothing of the block is left")
        date.fromisoformat(self.stop_date)

    @property
    def blocks(self) -> int:
        """How many blocks there are in all."""
        return self.pairs * len(self.arms)

    def over(self, today: date) -> bool:
        """Whether the day is past on which the trial stops."""
        return today > date.fromisoformat(self.stop_date)


def checked_name(name: str) -> str:
    """Return a name that can be a folder's; raise `TrialError` for any other."""
    if not re.fullmatch(r"[\w-]{1,64}", name):
        raise TrialError(f"{name!r} is no name for a trial", hint="Use letters, digits, - and _.")
    telling = [arm for arm in get_args(Arm) if arm in name.lower()]
    if telling:
        raise TrialError(
            f"the name {name!r} names an arm", hint="The name is on every screen: choose another."
        )
    return name


def dump(protocol: Protocol) -> bytes:
    """Return the protocol as TOML, the form that is frozen."""
    lines = [
        "# A trial's protocol. It is frozen: changed by a single letter, it is refused.",
        *(
            f"{key} = {msgspec.json.encode(value).decode()}"
            for key, value in msgspec.to_builtins(protocol).items()
            if value is not None
        ),
    ]
    return ("\n".join(lines) + "\n").encode()


def parse(raw: bytes, place: str) -> Protocol:
    """Return the protocol of a file's content; raise `TrialError` when it is none."""
    try:
        return msgspec.convert(tomllib.loads(raw.decode()), Protocol)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TrialError(
            f"{place} is no protocol of a trial: {error}",
            hint="Put the file back as `trial new` wrote it.",
        ) from error


def sha256(raw: bytes) -> str:
    """Return the digest by which a file is known."""
    return hashlib.sha256(raw).hexdigest()
