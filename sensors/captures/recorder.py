"""Records what is said on the links of one sensor, as it is said."""

from __future__ import annotations

from collections.abc import Sequence

from sensors.base import Clock, LinkState
from sensors.ble.radio import Advertisement
from sensors.ble.tap import GattCharacteristic
from sensors.captures.capture import MOST_EVENTS, CaptureEvent, EventKind
from sensors.signals import GapReason

__all__ = ["CaptureRecorder"]


class CaptureRecorder:
    """A tap that keeps everything, up to a million events.

    Parameters
    ----------
    clock
        The session's; times count from its 0.

    Attributes
    ----------
    devices
        Those that were connected, the latest last: one may come back under another address.
    has
        What the first of them had.
    events
        In order.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.devices: list[Advertisement] = []
        self.has: tuple[GattCharacteristic, ...] = ()
        self.events: list[CaptureEvent] = []

    def connected(
        self, device: Advertisement, has: Sequence[GattCharacteristic], mtu: int | None
    ) -> None:
        """Take in a connection.

        Parameters
        ----------
        device
            As it advertised itself.
        has
            What it has.
        mtu
            In bytes, where the system tells.
        """
        self.devices.append(device)
        self.has = self.has or tuple(has)
        self._keep(CaptureEvent(self._clock(), "connected", mtu=mtu))

    def changed(self, state: LinkState, reason: GapReason | None) -> None:
        """Take in another state of the link.

        Parameters
        ----------
        state
            The new one.
        reason
            Why it was lost.
        """
        self._keep(CaptureEvent(self._clock(), "link", state=state, reason=reason or ""))

    def listened(self, uuid: str) -> None:
        """Take in that a characteristic was subscribed to.

        Parameters
        ----------
        uuid
            In full.
        """
        self._say("listen", uuid, b"")

    def notified(self, uuid: str, data: bytes, is_answer: bool) -> None:
        """Take in a notification.

        Parameters
        ----------
        uuid
            In full.
        data
            Its bytes.
        is_answer
            Whether a driver had asked for it.
        """
        self._say("answer" if is_answer else "packet", uuid, data)

    def read(self, uuid: str, data: bytes) -> None:
        """Take in a value that was read.

        Parameters
        ----------
        uuid
            In full.
        data
            Its bytes.
        """
        self._say("read", uuid, data)

    def wrote(self, uuid: str, data: bytes, response: bool) -> None:
        """Take in what is written.

        Parameters
        ----------
        uuid
            In full.
        data
            Its bytes.
        response
            Whether the device acknowledges it.
        """
        event = CaptureEvent(self._clock(), "write", uuid.lower(), data, response=response)
        self._keep(event)

    def _say(self, kind: EventKind, uuid: str, data: bytes) -> None:
        self._keep(CaptureEvent(self._clock(), kind, uuid.lower(), data))

    def _keep(self, event: CaptureEvent) -> None:
        if len(self.events) < MOST_EVENTS:
            self.events.append(event)
