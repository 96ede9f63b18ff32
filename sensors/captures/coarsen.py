"""Values made coarse, for whoever wants to share how a device talks and not what a body does.

Times, lengths, types, counters, clocks and flags stay. Heart rates are rounded to 5 a minute, and
intervals to 1/32 s, with what was rounded off carried on, so that they still add up to the time
that passes. Of other numbers whose place is known the first four bits that count are kept; samples
of waves are zero, and so are bytes that nobody here knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sensors.ble.band import BATTERY
from sensors.ble.polar import PMD_CONTROL, PMD_DATA
from sensors.captures.capture import Capture, CaptureEvent
from sensors.captures.places import applies, fixed_fields, leading_bits, mask
from sensors.codecs.polar_pmd import PmdMeasurement
from sensors.errors import SettingsError
from sensors.profiles.loader import parse
from sensors.profiles.schema import BinaryLayout, ProfileStream

__all__ = ["coarse"]

_MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
_TICKS, _MS, _BPM, _PERCENT = 32, 30, 5, 10  #: of 1/1024 s, and of the others. Ours
_BITS = 4  #: of a number, from its highest that counts on: steps of 6 % at least
_PMD_HEAD = 10  #: bytes: kind, time, type of frame
_WIDE, _ENERGY, _RR = 1, 8, 16


def coarse(capture: Capture) -> Capture:
    """Return a capture whose values are coarse, and whose timing and structure are not.

    Parameters
    ----------
    capture
        As it was recorded.

    Returns
    -------
    Capture
        With as many events, of the same lengths.

    Raises
    ------
    SettingsError
        For lines of text, and boards whose numbers are packed in a way of their own.
    """
    if capture.driver not in ("strap", "profile"):
        raise SettingsError(
            f"the values of a {capture.driver} cannot be made coarse", hint="Use --values keep."
        )
    streams: tuple[ProfileStream, ...] = ()
    if capture.driver == "profile":
        streams = parse(Path("profile.toml"), capture.profile).streams
        if not all(isinstance(stream.layout, BinaryLayout) for stream in streams):
            raise SettingsError("lines of text cannot be made coarse", hint="Use --values keep.")
    rounders: dict[str, Callable[[bytes], bytes]] = {
        _MEASUREMENT: _Intervals().heart_rate,
        PMD_DATA: _Intervals().pmd,
        PMD_CONTROL: _whole,
        BATTERY: _battery,
        **{one.characteristic: _described(streams, one.characteristic) for one in streams},
    }

    def changed(event: CaptureEvent) -> CaptureEvent:
        if event.kind == "packet" or (event.kind == "read" and event.uuid == BATTERY):
            rounded = rounders.get(event.uuid, _nothing)(event.data)
            return replace(event, data=rounded.ljust(len(event.data), b"\0"))
        return event

    return replace(capture, values="coarse", events=tuple(map(changed, capture.events)))


def _whole(data: bytes) -> bytes:
    return data


def _nothing(data: bytes) -> bytes:
    return bytes(len(data))


def _battery(data: bytes) -> bytes:
    """Return a percentage; more than 100 says something else."""
    return bytes(one if one > 100 else round(one / _PERCENT) * _PERCENT for one in data[:1])


class _Intervals:
    """Rounds intervals, and carries on what was rounded off."""

    def __init__(self) -> None:
        self._carried = 0

    def heart_rate(self, data: bytes) -> bytes:
        """Return a packet of the Heart Rate Service."""
        flags, found = (data[0] if data else 0), bytearray(data)
        at = 3 if flags & _WIDE else 2
        if len(data) < at:
            return bytes(len(data))
        rate = int.from_bytes(data[1:at], "little")
        found[1:at] = (round(rate / _BPM) * _BPM).to_bytes(at - 1, "little")
        if flags & _ENERGY:
            found[at : at + 2] = bytes(len(found[at : at + 2]))
            at += 2
        if flags & _RR:
            self._round(found, range(at, len(found) - 1, 2), _TICKS)
        return bytes(found)

    def pmd(self, data: bytes) -> bytes:
        """Return a frame of Polar's own service."""
        kind, compressed = (
            (data[0] & 0x3F, data[9] >= 0x80) if len(data) >= _PMD_HEAD else (-1, False)
        )
        found = bytearray(data)
        if kind == PmdMeasurement.PPI and not compressed:
            for at in range(_PMD_HEAD, len(found) - 5, 6):
                found[at] = round(found[at] / _BPM) * _BPM
            self._round(found, range(_PMD_HEAD + 1, len(found) - 4, 6), _MS)
            return bytes(found)
        body = _deltas(data) if compressed else bytes(max(0, len(data) - _PMD_HEAD))
        return data[:_PMD_HEAD] + body

    def _round(self, found: bytearray, places: range, step: int) -> None:
        for at in places:
            interval = int.from_bytes(found[at : at + 2], "little")
            rounded = min(0xFFFF, max(0, round((interval + self._carried) / step) * step))
            self._carried += interval - rounded
            found[at : at + 2] = rounded.to_bytes(2, "little")


def _deltas(data: bytes) -> bytes:
    """Return the body of a compressed frame of no movement: the heads of its blocks stay."""
    channels, width = _REFERENCES.get((data[0] & 0x3F, data[9] & 0x7F), (0, 0))
    at = channels * width
    body = data[_PMD_HEAD:]
    found = bytearray(len(body))
    while channels and at + 2 <= len(body):
        found[at : at + 2] = body[at : at + 2]
        at += 2 + (body[at] * body[at + 1] * channels + 7) // 8
    return bytes(found)


#: (kind, frame type) of compressed frames -> channels, bytes of each whole sample
_REFERENCES: dict[tuple[int, int], tuple[int, int]] = {
    (PmdMeasurement.PPG, 0): (4, 3),
    (PmdMeasurement.PPG, 10): (21, 3),
    (PmdMeasurement.PPG, 13): (3, 3),
    (PmdMeasurement.ACC, 0): (3, 2),
    (PmdMeasurement.ACC, 1): (3, 2),
}


def _described(streams: tuple[ProfileStream, ...], uuid: str) -> Callable[[bytes], bytes]:
    """Return what rounds the packets of a characteristic: all places that are known are kept."""
    mine = [stream for stream in streams if stream.characteristic == uuid]

    def rounded(data: bytes) -> bytes:
        kept = 0
        for stream in mine:
            for field in fixed_fields(stream, data):
                kept |= mask(field, 0, len(data))
            if applies(stream, data):
                assert isinstance(stream.layout, BinaryLayout)  # others were refused
                values = stream.layout.values
                for shift in values.shifts(data):
                    kept |= leading_bits(values.first, shift, data, _BITS)
        return (int.from_bytes(data, "big") & kept).to_bytes(len(data), "big")

    return rounded
