"""A capture without the day it was made on: clocks begin anew, and dates that are told are zero.

The clocks that drivers read begin anew, and go on as they went; a leap of more than a day, which
tells how far a clock was off before it was set, becomes one of a day. In bytes that no driver
reads, and in what is written and answered, a time of those days becomes zeros: seconds, ms, us or
ns since 1970 or 2000, a calendar's year, month and day, or a date as a text.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import accumulate
from pathlib import Path

from sensors.ble.polar import PMD_DATA
from sensors.captures.capture import Capture, CaptureEvent
from sensors.captures.places import applies, known_bits, with_bits
from sensors.profiles.fields import PacketField, TextColumn
from sensors.profiles.loader import parse
from sensors.profiles.schema import BinaryLayout, DeviceTime, ProfileStream, TextLayout

__all__ = ["undated"]

_DAY_S = 86400
_2000_S = 946_684_800  #: in seconds since 1970
_PMD_TIME = PacketField(8, "u64")  #: of a frame: ns since 2000; 0 where it does not say
_MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
_SHORTEST_S = 3600.0  #: a clock that starts again from 0 sooner tells nothing
#: Bytes of a number, units in a second, and its highest bytes that are compared: they hold for
#: minutes, and hardly anywhere by chance.
_NUMBERS = ((4, 1, 2), (6, 1000, 3), (8, 1_000_000, 4), (8, 1_000_000_000, 3))
_DIGITS = re.compile(rb"(?<![0-9.])[0-9]{9,19}(?![0-9])")


@dataclass(slots=True)
class _Clock:
    """Tells the times of one clock, in its ticks, as if it had begun at another time."""

    day: Decimal  #: ticks
    told: Decimal  #: of the first time
    _was: Decimal | None = None

    def tell(self, ticks: Decimal, wraps_at: int | None = None) -> Decimal:
        """Return what is told instead; the next differs by as much as it did, or by a day."""
        if self._was is not None:
            step = ticks - self._was
            if wraps_at:
                step = (step + wraps_at // 2) % wraps_at
                step += (wraps_at if step < 0 else 0) - wraps_at // 2
            self.told += step if abs(step) <= self.day else self.day
        self._was = ticks
        return self.told


def undated(capture: Capture, unix_s: float) -> tuple[Capture, dict[str, int]]:
    """Return a capture that does not tell when it was recorded.

    Parameters
    ----------
    capture
        As it was recorded.
    unix_s
        When that began, in seconds since 1970.

    Returns
    -------
    tuple[Capture, dict[str, int]]
        With as many events of the same lengths; and how many times were made zero, and how many
        clocks begin anew.
    """
    streams: tuple[ProfileStream, ...] = ()
    if capture.driver == "profile":
        streams = parse(Path("profile.toml"), capture.profile).streams
    days = _Days(unix_s, unix_s + capture.duration_s)
    packets = _Packets(streams, days)
    lines: dict[str, list[TextLayout]] = {}
    for one in streams:
        if isinstance(one.layout, TextLayout):
            lines.setdefault(one.characteristic, []).append(one.layout)
    # Of a strap's heart rate, and of a board, all bytes are samples; lines are joined first.
    whole = capture.driver not in ("strap", "profile")

    def scrubbed(event: CaptureEvent) -> CaptureEvent:
        if event.kind in ("write", "answer"):
            return replace(event, data=packets.zeroed(event.data, 0))
        if event.kind != "packet":
            return event
        if event.uuid == PMD_DATA:
            return replace(event, data=packets.frame(event.data))
        if whole or event.uuid in (_MEASUREMENT, *lines):
            return event
        return replace(event, data=packets.described(event.uuid, event.data))

    events = [scrubbed(event) for event in capture.events]
    for uuid, layouts in lines.items():
        numbers = [i for i, one in enumerate(events) if one.uuid == uuid and one.kind == "packet"]
        parts = packets.lines([events[i].data for i in numbers], layouts)
        for i, data in zip(numbers, parts, strict=True):
            events[i] = replace(events[i], data=data)
    return replace(capture, events=tuple(events)), {
        "time": packets.places,
        "clock": len(packets.clocks),
    }


@dataclass(slots=True)
class _Packets:
    """Takes times out of one packet after another."""

    streams: Sequence[ProfileStream]
    days: _Days
    places: int = 0
    clocks: dict[tuple[str, object], _Clock] = field(default_factory=dict)

    def zeroed(self, data: bytes, known: int) -> bytes:
        """Return bytes without dates, but for those of bits that are known to be something else."""
        found = bytearray(data)
        for first, stop in self.days.find(data):
            bits = (1 << 8 * (stop - first)) - 1 << 8 * (len(data) - stop)
            if not bits & known and any(found[first:stop]):
                text = data[first:stop].strip(b"0123456789-./") == b""
                found[first:stop] = (b"0" if text else b"\0") * (stop - first)
                self.places += 1
        return bytes(found)

    def frame(self, data: bytes) -> bytes:
        """Return a frame of Polar's own service: its clock begins a day after 2000."""
        if len(data) < _PMD_TIME.end or not (ticks := Decimal(int(_PMD_TIME.read(data)))):
            return data
        day = Decimal(_DAY_S * 10**9)
        clock = self.clocks.setdefault((PMD_DATA, _PMD_TIME), _Clock(day, day))
        return with_bits(data, _PMD_TIME, max(1, int(clock.tell(ticks))))

    def described(self, uuid: str, data: bytes) -> bytes:
        """Return a packet of a band: what its profile knows stays, but for clocks."""
        known, clocks = 0, dict[PacketField, DeviceTime]()
        mine = [one for one in self.streams if one.characteristic == uuid]
        for stream in mine:
            if isinstance(stream.layout, BinaryLayout):
                known |= known_bits(stream, data)
                clock = stream.layout.clock
                if clock and isinstance(clock.source, PacketField) and applies(stream, data):
                    clocks[clock.source] = clock
        for place, clock in clocks.items():
            data = self._clock_at(uuid, place, clock.tick_s, data)
        return self.zeroed(data, known)

    def _clock_at(self, uuid: str, place: PacketField, tick_s: float, data: bytes) -> bytes:
        ticks = place.read(data)
        if place.type == "f32" and abs(ticks) < 1e30:
            told = float(self._clock(uuid, place, tick_s).tell(Decimal(ticks)))
            return with_bits(data, place, int.from_bytes(struct.pack(">f", told), "big"))
        if place.type[1:].isdecimal() and (1 << place.bits) * tick_s > _SHORTEST_S:
            wraps_at = 1 << place.bits
            told_ticks = self._clock(uuid, place, tick_s).tell(Decimal(ticks), wraps_at)
            return with_bits(data, place, int(told_ticks) % wraps_at)
        return data  # of a decimal number the digits do not reach as far as a day

    def _clock(self, uuid: str, place: object, tick_s: float) -> _Clock:
        new = _Clock(_DAY_S / Decimal(str(tick_s)), Decimal(0))
        return self.clocks.setdefault((uuid, place), new)

    def lines(self, parts: Sequence[bytes], layouts: Sequence[TextLayout]) -> list[bytes]:
        """Return packets of lines, which may be cut anywhere, in which no date is told."""
        whole = bytearray(b"".join(parts))
        start = 0
        for line in bytes(whole).split(b"\n"):
            for layout in layouts:
                text = line.decode("ascii", errors="replace")
                if layout.clock and text.strip().startswith(layout.starts_with):
                    self._clock_in(whole, start, line, layout)
                    break
            start += len(line) + 1
        clean = self.zeroed(bytes(whole), 0)
        ends = accumulate(map(len, parts))
        return [clean[end - len(part) : end] for end, part in zip(ends, parts, strict=True)]

    def _clock_in(self, whole: bytearray, start: int, line: bytes, layout: TextLayout) -> None:
        clock = layout.clock
        assert clock  # `lines` has looked
        assert isinstance(clock.source, TextColumn)  # the loader allows no other here
        cells = line.split(layout.separator.encode())
        if clock.source.column >= len(cells):
            return
        cell = cells[clock.source.column]
        at = start + len(layout.separator.encode().join([*cells[: clock.source.column], b""]))
        try:
            ticks = Decimal(cell.strip().decode("ascii"))
        except (InvalidOperation, UnicodeDecodeError):
            return
        if not ticks.is_finite():
            return
        teller = self._clock("", layout.starts_with, clock.tick_s)
        decimals = max(0, -int(ticks.as_tuple().exponent))
        told = f"{teller.tell(ticks):0{len(cell.strip())}.{decimals}f}"
        if len(told) > len(cell):  # after a restart: it begins at 0 again
            teller.told = Decimal(0)
            told = f"{0:0{len(cell.strip())}.{decimals}f}"
        if len(told) <= len(cell):
            whole[at : at + len(cell)] = told.encode().rjust(len(cell))


class _Days:
    """Finds times of some days in bytes."""

    def __init__(self, first_s: float, last_s: float) -> None:
        low_s, high_s = first_s - _DAY_S, last_s + _DAY_S
        self._spans = [
            (int((low_s - epoch_s) * units), int((high_s - epoch_s) * units))
            for epoch_s in (0, _2000_S)
            for _, units, _ in _NUMBERS
        ]
        ways: set[bytes] = set()
        for epoch_s in (0, _2000_S):
            for size, units, count in _NUMBERS:
                shift = 8 * (size - count)
                low, high = (max(0, int((end - epoch_s) * units)) for end in (low_s, high_s))
                rest = rb"[\s\S]{%d}" % (size - count)
                for head in range(low >> shift, (high >> shift) + 1):
                    if head >> 8 * count:
                        continue
                    ways.add(re.escape(head.to_bytes(count, "big")) + rest)
                    ways.add(rest + re.escape(head.to_bytes(count, "little")))
        first = datetime.fromtimestamp(low_s, UTC).date()
        for i in range(int((high_s - low_s) // _DAY_S) + 2):
            ways |= {re.escape(way) for way in _written(first + timedelta(days=i))}
        self._pattern = re.compile(b"(?=(" + b"|".join(sorted(ways)) + b"))")

    def find(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Yield the first byte of each time, and the one after its last."""
        for found in self._pattern.finditer(data):
            yield found.span(1)
        for found in _DIGITS.finditer(data):
            if any(low <= int(found[0]) <= high for low, high in self._spans):
                yield found.span()


def _written(day: date) -> Iterator[bytes]:
    """Yield how a calendar's day may be written, as numbers, as digits of bytes, and as text."""
    year, month, number = day.year, day.month, day.day
    yield year.to_bytes(2, "big") + bytes([month, number])
    yield year.to_bytes(2, "little") + bytes([month, number])
    for short in (bytes([year % 100, month, number]), bytes.fromhex(f"{day:%y%m%d}")):
        yield from (short, short[::-1])
    for text in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%y%m%d",
                 "%d.%m.%y", "%d%m%Y"):  # fmt: skip
        yield day.strftime(text).encode()
