"""What travels between an edge device and a desk, as JSON.

Times `utc_ms` are the wearer's wall clock. An event's `line` is the session log's line of the same
value, but for `seq`, which counts events alone: 1, 2, 3, ... without a hole in a session.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from biofeedback.views.picture import Picture

__all__ = [
    "LARGEST",
    "AnswerLine",
    "EventMessage",
    "OrderMessage",
    "PictureMessage",
    "ResendMessage",
    "ResendRequest",
    "StatusMessage",
    "decoded",
    "encode",
]

#: Bytes that a message may have; the broker's limit as `setup` writes it.
LARGEST = 256 * 1024

Id = Annotated[str, Meta(max_length=64)]
Count = Annotated[int, Meta(ge=0)]
T = TypeVar("T")


class StatusMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a wearer is there. `last` is the number of the last event, known at the end."""

    state: Literal["online", "ended", "lost"]
    session: Id
    simulated: bool = False
    last: Count = 0
    utc_ms: float = 0.0


class PictureMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of the session; `last` is the number of the last event that there is."""

    session: Id
    last: Count
    utc_ms: float
    simulated: bool
    picture: Picture


class EventMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, a command or an answer to one."""

    session: Id
    seq: Annotated[int, Meta(ge=1)]
    utc_ms: float
    line: msgspec.Raw


class AnswerLine(msgspec.Struct, frozen=True, kw_only=True, tag="answer", tag_field="kind"):
    """The line of an event that says what became of an order; `problem` is "" if it was done."""

    t: float
    seq: int
    user: str
    order: Id
    problem: str


class ResendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A user misses the events `first` to `last`."""

    session: Id
    first: Annotated[int, Meta(ge=1)]
    last: Annotated[int, Meta(ge=1)]


class ResendMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Events once more; those before `oldest` are not kept by the wearer any longer."""

    session: Id
    oldest: Annotated[int, Meta(ge=1)]
    events: tuple[EventMessage, ...]


class OrderMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a therapist wants of one session.

    `number` goes up with each order of one `desk`, so that a second delivery is known as such.
    `edge_ms` is the wearer's wall clock as the desk knows it from the last picture: how old an
    order is does not depend on two clocks that agree. `who` is the person at the desk.
    """

    id: Id
    session: Id
    desk: Id
    number: Annotated[int, Meta(ge=1)]
    edge_ms: float
    who: Annotated[str, Meta(max_length=40)] = ""
    what: Annotated[str, Meta(max_length=20)]
    value: Annotated[str, Meta(max_length=500)] = ""


_ENCODER = msgspec.json.Encoder()


def encode(value: msgspec.Struct) -> bytes:
    """Return a message as JSON."""
    return _ENCODER.encode(value)


def decoded(payload: object, kind: type[T]) -> T | None:
    """Return the message of a payload; None for what is malformed, too large or no bytes."""
    if not isinstance(payload, bytes) or len(payload) > LARGEST:
        return None
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None
