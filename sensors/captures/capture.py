"""A capture: who it is of, in neutral words, and all that was said on its links, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from sensors.ble.tap import GattCharacteristic

__all__ = ["MOST_EVENTS", "Capture", "CaptureEvent", "Driver", "EventKind", "Values"]

MOST_EVENTS = 1_000_000  #: a day of a strap with ECG and acceleration

#: `connected` begins each connection; `read`, `write`, `listen`, `packet` and `answer` are about a
#: characteristic, `answer` being a packet that a driver had asked for; `link` is a state.
EventKind = Literal["connected", "link", "listen", "read", "write", "packet", "answer"]
Driver = Literal["strap", "profile", "BITalino", "Shimmer3R"]
Values = Literal["keep", "coarse"]


@dataclass(frozen=True, slots=True)
class CaptureEvent:
    """One thing that happened."""

    time_s: float  #: since the capture began
    kind: EventKind  #: what it was
    uuid: str = ""  #: of the characteristic, in full
    data: bytes = b""  #: that were sent
    state: str = ""  #: of a link
    reason: str = ""  #: why it was lost, where it was
    mtu: int | None = None  #: of a connection, where the system tells
    response: bool = True  #: of a write: whether it was to be acknowledged


@dataclass(frozen=True, slots=True)
class Capture:
    """All of it. `options` are those of the driver, such as the BITalino's channels."""

    name: str  #: of the device, without what tells whose it is
    services: tuple[str, ...]  #: that it advertised, full UUIDs
    has: tuple[GattCharacteristic, ...]  #: its table, of the first connection
    driver: Driver  #: what decodes it
    events: tuple[CaptureEvent, ...]  #: in order of time
    duration_s: float  #: from its begin to its end
    values: Values = "keep"  #: whether they are as they were sent
    profile: str = ""  #: text of the band's profile, where the driver needs one
    options: dict[str, int] = field(default_factory=dict)
    made_with: str = ""  #: program and system, in words
    removed: dict[str, int] = field(default_factory=dict)  #: places scrubbed, by what stood there

    def of(self, *kinds: EventKind) -> Iterator[CaptureEvent]:
        """Return the events of some kinds.

        Parameters
        ----------
        *kinds
            Which.

        Returns
        -------
        Iterator[CaptureEvent]
            In order.
        """
        return (event for event in self.events if event.kind in kinds)
