"""A capture without what tells whose it is: names, addresses, serial numbers, the time of day."""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sensors.captures.capture import Capture, CaptureEvent
from sensors.captures.needles import Identity, Needle, find, needles_of
from sensors.errors import RecordingError

__all__ = ["identity_of", "scrub", "traces"]

_BASE = "-0000-1000-8000-00805f9b34fb"
_SERIAL, _NAME, _SYSTEM_ID = f"00002a25{_BASE}", f"00002a00{_BASE}", f"00002a23{_BASE}"
#: Values that are read and say nothing of a person or of one device: battery, model, hardware,
#: firmware and software revision, maker, where it is worn, PnP ID, features of Polar's service.
_KEPT = {f"0000{short}{_BASE}" for short in "2a19 2a24 2a26 2a27 2a28 2a29 2a38 2a50".split()}
_KEPT.add("fb005c81-02e7-f387-1cad-8acd2d8df0c8")
_DAY_S = 86400
_MOST_PASSES = 8


def identity_of(
    names: Sequence[str], addresses: Sequence[str], events: Sequence[CaptureEvent]
) -> Identity:
    """Return what a capture knows of a device: what it told when it was read counts too.

    Parameters
    ----------
    names, addresses
        As advertised, and as asked for on the command line.
    events
        Of the capture.

    Returns
    -------
    Identity
        Each thing once.
    """
    read: dict[str, list[str]] = defaultdict(list)
    for event in events:
        if event.kind == "read" and event.uuid in (_SERIAL, _NAME):
            read[event.uuid].append(event.data.decode(errors="replace").strip("\0 "))
    return Identity(
        names=tuple(dict.fromkeys(filter(None, [*names, *read[_NAME]]))),
        addresses=tuple(dict.fromkeys(filter(None, addresses))),
        serials=tuple(dict.fromkeys(filter(None, read[_SERIAL]))),
    )


def scrub(capture: Capture, identity: Identity, unix_s: float) -> Capture:
    """Return a capture in which none of it can be found; lengths and times stay.

    Parameters
    ----------
    capture
        As it was recorded.
    identity
        Of its device.
    unix_s
        When it was recorded, in seconds since 1970: devices are told the time.

    Returns
    -------
    Capture
        With how many places were scrubbed.

    Raises
    ------
    RecordingError
        Where something stays that cannot be taken out.
    """
    needles = needles_of(identity)
    removed: Counter[str] = Counter({"name": 0, "address": 0, "serial": 0})
    events = [_unread(event, removed) for event in capture.events]
    events = [_timeless(event, unix_s, removed) for event in events]
    for _ in range(_MOST_PASSES):  # what is put in their place may complete another
        events, places = _scrubbed(events, needles)
        removed.update(places)
        if not places:
            break
    clean = replace(
        capture,
        name=_text(capture.name, needles),
        events=tuple(events),
        profile=_text(capture.profile, needles),
        removed=dict(removed),
    )
    if left := traces(clean, identity):
        raise RecordingError(
            f"the {' and the '.join(sorted(left))} cannot be taken out of this capture",
            hint="Give the device another name, and capture again.",
        )
    return clean


def traces(capture: Capture, identity: Identity) -> set[str]:
    """Return what of an identity can still be found.

    Parameters
    ----------
    capture
        To be searched.
    identity
        Of its device.

    Returns
    -------
    set[str]
        "name", "address", "serial"; empty for a clean one.
    """
    needles = needles_of(identity)
    texts = f"{capture.name}\n{capture.profile}\n{capture.made_with}".encode()
    found = {needle.what for _, _, needle in find(texts, needles)}
    for stream in _streams(capture.events).values():
        whole = b"".join(capture.events[i].data for i in stream)
        found |= {needle.what for _, _, needle in find(whole, needles)}
    return found


def _unread(event: CaptureEvent, removed: Counter[str]) -> CaptureEvent:
    """Empty a value that was read, unless it is known to say nothing of anybody."""
    if event.kind != "read" or event.uuid in _KEPT:
        return event
    what = {_SERIAL: "serial", _NAME: "name", _SYSTEM_ID: "address"}.get(event.uuid, "other value")
    removed[what] += 1
    return replace(event, data=b"0" * len(event.data))


def _timeless(event: CaptureEvent, unix_s: float, removed: Counter[str]) -> CaptureEvent:
    """Empty the time of day in what is written."""
    if event.kind != "write":
        return event
    data = bytearray(event.data)
    for at in range(len(data) - 3):
        for order in "<>":
            (number,) = struct.unpack_from(f"{order}I", data, at)
            if abs(number - unix_s) < _DAY_S:
                data[at : at + 4] = bytes(4)
                removed["time"] += 1
    return replace(event, data=bytes(data))


def _streams(events: Sequence[CaptureEvent]) -> dict[tuple[bool, str], list[int]]:
    """Return which events are one after another what a device, or we, said somewhere."""
    found: dict[tuple[bool, str], list[int]] = defaultdict(list)
    for number, event in enumerate(events):
        if event.data:
            found[event.kind == "write", event.uuid].append(number)
    return found


def _scrubbed(
    events: list[CaptureEvent], needles: Sequence[Needle]
) -> tuple[list[CaptureEvent], Counter[str]]:
    """Return events without needles, also where one is cut into several packets."""
    places: Counter[str] = Counter()
    clean = list(events)
    for stream in _streams(events).values():
        whole = bytearray(b"".join(events[i].data for i in stream))
        for first, stop, needle in find(bytes(whole), needles):
            whole[first:stop] = (b"0" if needle.text else b"\0") * (stop - first)
            places[needle.what] += 1
        at = 0
        for i in stream:
            size = len(events[i].data)
            clean[i] = replace(events[i], data=bytes(whole[at : at + size]))
            at += size
    return clean, places


def _text(text: str, needles: Sequence[Needle]) -> str:
    """Return a profile without them; what is no text in it is left."""
    whole = bytearray(text.encode())
    for first, stop, _ in find(bytes(whole), [n for n in needles if n.text]):
        whole[first:stop] = b"0" * (stop - first)
    return whole.decode(errors="replace")
