"""Packets of any device that a profile describes, binary or lines of text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from sensors.codecs.frame import SampleFrame, SequenceCounter
from sensors.error_counter import BadKind
from sensors.errors import PacketError
from sensors.profiles.fields import PacketField, TextColumn, meets
from sensors.profiles.schema import (
    BinaryLayout,
    ContactRule,
    DeviceProfile,
    DeviceTime,
    ProfileStream,
    TextLayout,
)

__all__ = ["DescribedDecoder", "decoders_of"]

_Read = Callable[[PacketField | TextColumn], float]

_LONGEST_LINE = 256  #: bytes; a line that is longer is no line


def decoders_of(profile: DeviceProfile) -> dict[str, DescribedDecoder]:
    """Return what decodes the packets of each characteristic.

    Parameters
    ----------
    profile
        What the device sends.

    Returns
    -------
    dict[str, DescribedDecoder]
        By the full UUID; each has seen nothing yet.
    """
    return {uuid: DescribedDecoder(profile.of(uuid)) for uuid in profile.characteristics}


class DescribedDecoder:
    """Turns the notifications of one characteristic into frames, of each signal that is in them.

    Lines may be cut anywhere and go on in the next notification. `reset` when the connection was
    lost: counters start anew, and a line that had begun is dropped.

    Parameters
    ----------
    streams
        What comes on the characteristic.
    """

    def __init__(self, streams: Sequence[ProfileStream]) -> None:
        self._streams = [_StreamDecoder(stream) for stream in streams]

    def reset(self) -> None:
        """Forget what a lost connection leaves open."""
        for stream in self._streams:
            stream.reset()

    def decode(self, packet: bytes) -> list[SampleFrame]:
        """Return the frames that a notification completes; often one, none within a line.

        Parameters
        ----------
        packet
            The bytes of one notification.

        Returns
        -------
        list[SampleFrame]
            In order of time; none for a packet of a type that the profile does not know. A line
            that cannot be read is one sample of NaN, and so is a packet that fits one of its
            signals and not this one.

        Raises
        ------
        PacketError
            For a binary packet that is too short, or a line without an end.
        """
        frames: list[SampleFrame] = []
        error: PacketError | None = None
        spoilt: list[SampleFrame] = []
        for stream in self._streams:
            try:
                frames += stream.decode(packet)
            except PacketError as found:
                error = error or found
                spoilt.append(stream.spoilt(found.kind))
        if error and not frames:
            raise error
        return frames + spoilt


class _StreamDecoder:
    """One signal among the packets of a characteristic."""

    def __init__(self, stream: ProfileStream) -> None:
        self._stream = stream
        layout = stream.layout
        wraps_at = layout.sequence_wraps_at if isinstance(layout, TextLayout) else None
        if isinstance(layout, BinaryLayout) and layout.sequence:
            wraps_at = layout.sequence.wraps_at
        self._counter = SequenceCounter(wraps_at or 1)
        self._line = bytearray()
        self._in_line = False

    def reset(self) -> None:
        self._counter.reset()
        self._line.clear()
        self._in_line = False

    def spoilt(self, kind: BadKind) -> SampleFrame:
        """Return a sample without a value, where one should have been."""
        return _nothing(self._stream, kind)

    def decode(self, packet: bytes) -> list[SampleFrame]:
        layout, when = self._stream.layout, self._stream.when
        lost = 0
        if isinstance(layout, BinaryLayout) and layout.sequence_counts == "all":
            lost = self._step(layout, packet)
        if when and len(packet) < when.source.end:
            raise PacketError(f"a packet of {len(packet)} bytes instead of {when.source.end}")
        if when and not when.holds(packet):
            return []
        if isinstance(layout, BinaryLayout):
            return [self._packet(layout, packet, lost)]
        lines = [line for line in self._lines(packet) if line.startswith(layout.starts_with)]
        return [self._cells(layout, line) for line in lines if line]

    def _step(self, layout: BinaryLayout, packet: bytes, width: int = 1) -> int:
        """Return how much of what is counted is missing before this packet."""
        assert layout.sequence is not None  # it is asked for by its scope
        if len(packet) < layout.sequence.end:
            raise PacketError(f"a packet of {len(packet)} bytes instead of {layout.sequence.end}")
        return self._counter.step(int(layout.sequence.read(packet)), width)

    def _packet(self, layout: BinaryLayout, packet: bytes, others: int) -> SampleFrame:
        """Return the samples; `others` packets, of whatever type, are missing before them."""
        if len(packet) < layout.shortest:
            raise PacketError(f"a packet of {len(packet)} bytes instead of {layout.shortest}")
        raw = layout.values.read(packet)
        count = len(raw) // layout.values.axes
        lost, packets = 0, others
        if layout.sequence and layout.sequence_counts == "samples":
            lost = self._step(layout, packet, count)
            packets = -(-lost // max(1, count))
        elif layout.sequence and layout.sequence_counts == "packets":
            packets = self._step(layout, packet)
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
            return _nothing(self._stream, "unreadable text")

    def _frame(
        self,
        raw: list[float],
        lost: int,
        packets: int,
        layout: BinaryLayout | TextLayout,
        read: _Read,
    ) -> SampleFrame:
        stream, limits = self._stream, self._stream.valid
        axes = layout.values.axes if isinstance(layout, BinaryLayout) else 1
        values = [stream.scale.apply(number) for number in raw]
        worn = None
        if limits.contact_above is not None:
            worn = not any(value <= limits.contact_above for value in values)
        if layout.contact:
            worn = _worn(layout.contact, read) and worn is not False
        good = [value if limits.above < value < limits.below else math.nan for value in values]
        clock_s = _clock_s(layout.clock, read, len(raw) // axes, stream.rate_hz)
        bad: list[tuple[BadKind, int]] = [("lost packets", packets)] if packets else []
        if wrong := sum(map(math.isnan, good)) if worn is not False else 0:
            bad.append(("out of range", wrong))
        return SampleFrame(stream.signal, tuple(good), lost, clock_s, worn, tuple(bad), axes)


def _nothing(stream: ProfileStream, kind: BadKind) -> SampleFrame:
    axes = stream.layout.values.axes if isinstance(stream.layout, BinaryLayout) else 1
    return SampleFrame(stream.signal, axes * (math.nan,), bad=((kind, 1),), axes=axes)


def _worn(contact: ContactRule, read: _Read) -> bool:
    number = read(contact.source)
    return meets(number, contact.worn, contact.mask)


def _clock_s(
    clock: DeviceTime | None, read: _Read, count: int, rate_hz: float | None
) -> float | None:
    if clock is None:
        return None
    time_s = read(clock.source) * clock.tick_s
    if clock.of == "last" and rate_hz:
        time_s -= (count - 1) / rate_hz
    return time_s if math.isfinite(time_s) else None
