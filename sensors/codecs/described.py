"""Packets of any device that a profile describes, binary or lines of text."""

from __future__ import annotations

import math
from collections.abc import Callable

from sensors.codecs.frame import SampleFrame, SequenceCounter
from sensors.error_counter import BadKind
from sensors.errors import PacketError
from sensors.profiles.schema import (
    BinaryLayout,
    ContactRule,
    DeviceProfile,
    DeviceTime,
    PacketField,
    TextColumn,
    TextLayout,
)

__all__ = ["DescribedDecoder"]

_Read = Callable[[PacketField | TextColumn], float]

_LONGEST_LINE = 256  #: bytes; a line that is longer is no line


class DescribedDecoder:
    """Turns the notifications of one connection into frames.

    Lines may be cut anywhere and go on in the next notification. `reset` when the connection was
    lost: counters start anew, and a line that had begun is dropped.

    Parameters
    ----------
    profile
        What the device sends.
    """

    def __init__(self, profile: DeviceProfile) -> None:
        self._profile = profile
        layout = profile.layout
        wraps_at = layout.sequence_wraps_at if isinstance(layout, TextLayout) else None
        if isinstance(layout, BinaryLayout) and layout.sequence:
            wraps_at = layout.sequence.wraps_at
        self._counter = SequenceCounter(wraps_at or 1)
        self._line = bytearray()
        self._in_line = False

    @property
    def clock_wraps_s(self) -> float | None:
        """Seconds after which the device's clock starts again from 0; None if it never does."""
        clock = self._profile.layout.clock
        if clock is None or not isinstance(clock.source, PacketField) or not clock.source.wraps_at:
            return None
        return clock.source.wraps_at * clock.tick_s

    def reset(self) -> None:
        """Forget what a lost connection leaves open."""
        self._counter.reset()
        self._line.clear()
        self._in_line = False

    def decode(self, packet: bytes) -> list[SampleFrame]:
        """Return the frames that a notification completes; often one, none within a line.

        Parameters
        ----------
        packet
            The bytes of one notification.

        Returns
        -------
        list[SampleFrame]
            In order of time. A line that cannot be read is one sample of NaN.

        Raises
        ------
        PacketError
            For a binary packet that is too short, or a line without an end.
        """
        layout = self._profile.layout
        if isinstance(layout, BinaryLayout):
            return [self._packet(layout, packet)]
        return [self._cells(layout, line) for line in self._lines(packet) if self._ours(line)]

    def _packet(self, layout: BinaryLayout, packet: bytes) -> SampleFrame:
        row = layout.values
        room = len(packet) - row.first.at - row.first.size
        if len(packet) < layout.shortest:
            raise PacketError(f"a packet of {len(packet)} bytes instead of {layout.shortest}")
        count = row.count or room // row.every + 1
        raw = [row.first.read(packet, i * row.every) for i in range(count)]
        lost = packets = 0
        if layout.sequence:
            number = int(layout.sequence.read(packet))
            if layout.sequence_counts == "samples":
                lost = self._counter.step(number, count)
                packets = -(-lost // max(1, count))
            else:
                packets = self._counter.step(number)
                lost = packets * count

        def read(place: PacketField | TextColumn) -> float:
            assert isinstance(place, PacketField)  # the loader allows no other here
            return place.read(packet)

        return self._frame(raw, lost, packets, layout, read)

    def _lines(self, packet: bytes) -> list[str]:
        """Return the lines that end in this notification, without the first after a loss."""
        *ends, rest = packet.split(b"\n")
        lines = []
        for end in ends:
            if self._in_line and len(self._line) + len(end) <= _LONGEST_LINE:
                lines.append((bytes(self._line) + end).decode("ascii", errors="replace").strip())
            self._line.clear()
            self._in_line = True
        if len(self._line) + len(rest) > _LONGEST_LINE:
            self._line.clear()
            self._in_line = False
            raise PacketError(f"a line of more than {_LONGEST_LINE} bytes", "unreadable text")
        self._line += rest
        return lines

    def _ours(self, line: str) -> bool:
        layout = self._profile.layout
        return bool(line) and isinstance(layout, TextLayout) and line.startswith(layout.starts_with)

    def _cells(self, layout: TextLayout, line: str) -> SampleFrame:
        cells = line.split(layout.separator)

        def read(place: PacketField | TextColumn) -> float:
            assert isinstance(place, TextColumn)  # the loader allows no other here
            if "_" in cells[place.column]:  # a separator of digits in Python alone
                raise ValueError(cells[place.column])
            return float(cells[place.column])

        try:
            if layout.columns not in (None, len(cells)):
                raise ValueError(f"{len(cells)} columns")
            lost = self._counter.step(int(read(layout.sequence))) if layout.sequence else 0
            return self._frame([read(layout.value)], lost, lost, layout, read)
        except (ValueError, IndexError, OverflowError):
            return SampleFrame(self._profile.signal, (math.nan,), bad=(("unreadable text", 1),))

    def _frame(
        self,
        raw: list[float],
        lost: int,
        packets: int,
        layout: BinaryLayout | TextLayout,
        read: _Read,
    ) -> SampleFrame:
        profile, limits = self._profile, self._profile.valid
        values = [profile.scale.apply(number) for number in raw]
        worn = None
        if limits.contact_above is not None:
            worn = not any(value <= limits.contact_above for value in values)
        if layout.contact:
            worn = _worn(layout.contact, read) and worn is not False
        good = [value if limits.above < value < limits.below else math.nan for value in values]
        clock_s = _clock_s(layout.clock, read, len(raw), profile.rate_hz)
        bad: list[tuple[BadKind, int]] = [("lost packets", packets)] if packets else []
        if wrong := sum(map(math.isnan, good)) if worn is not False else 0:
            bad.append(("out of range", wrong))
        return SampleFrame(profile.signal, tuple(good), lost, clock_s, worn, tuple(bad))


def _worn(contact: ContactRule, read: _Read) -> bool:
    number = read(contact.source)
    return math.isfinite(number) and int(number) & contact.mask == contact.worn


def _clock_s(
    clock: DeviceTime | None, read: _Read, count: int, rate_hz: float | None
) -> float | None:
    if clock is None:
        return None
    time_s = read(clock.source) * clock.tick_s
    if clock.of == "last" and rate_hz:
        time_s -= (count - 1) / rate_hz
    return time_s if math.isfinite(time_s) else None
