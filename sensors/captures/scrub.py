"""A capture without what tells whose it is: names, addresses, serial numbers, the time of day."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from sensors.captures.capture import Capture, CaptureEvent
from sensors.captures.dates import undated
from sensors.captures.needles import Identity, Needle, find, needles_of
from sensors.captures.profile_text import own_texts, rewritten
from sensors.errors import RecordingError

__all__ = ["identity_of", "scrub", "traces"]

_BASE = "-0000-1000-8000-00805f9b34fb"
_SERIAL, _NAME, _SYSTEM_ID = f"00002a25{_BASE}", f"00002a00{_BASE}", f"00002a23{_BASE}"
#: Values that are read and say nothing of a person or of one device: battery, model, hardware,
#: firmware and software revision, maker, where it is worn, PnP ID, features of Polar's service.
_KEPT = {f"0000{short}{_BASE}" for short in "2a19 2a24 2a26 2a27 2a28 2a29 2a38 2a50".split()}
_KEPT.add("fb005c81-02e7-f387-1cad-8acd2d8df0c8")
_MOST_PASSES = 8
#: Bytes of a packet that may be its own: the first and the last are left out when it is searched.
_HEADS, _TAILS = range(4), range(3)
_FILL = b"0:-_ \0"  #: what is put in the place of something, and stands in any packets
_LEAST_IN_UUID = 5  #: letters of a text that tells of somebody in the digits of a UUID


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
        elif event.kind == "read" and event.uuid == _SYSTEM_ID:
            read[_SYSTEM_ID].append(_address_of(event.data))
    return Identity(
        names=tuple(dict.fromkeys(filter(None, [*names, *read[_NAME]]))),
        addresses=tuple(dict.fromkeys(filter(None, [*addresses, *read[_SYSTEM_ID]]))),
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
    dateless, times = undated(replace(capture, events=tuple(events)), unix_s)
    events = list(dateless.events)
    removed.update(times)
    for _ in range(_MOST_PASSES):  # what is put in their place may complete another
        events, places = _scrubbed(events, needles)
        removed.update(places)
        if not places:
            break
    others = _other_uuids(capture, needles)
    removed["UUID"] += len(others)

    def uuid(text: str) -> str:
        return others.get(text, text)

    clean = replace(
        capture,
        name=_text(capture.name, needles),
        services=tuple(map(uuid, capture.services)),
        has=tuple(
            replace(one, service=uuid(one.service), uuid=uuid(one.uuid)) for one in capture.has
        ),
        events=tuple(replace(event, uuid=uuid(event.uuid)) for event in events),
        profile=rewritten(
            capture.profile,
            lambda text: _text(text, needles),
            uuid,
            lambda data: _bytes(data, needles),
        ),
        removed={
            what: count
            for what, count in removed.items()
            if count or what not in ("UUID", "time", "clock")
        },
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
    texts = [capture.name, *own_texts(capture.profile)]
    found = {needle.what for text in texts for _, _, needle in find(text.encode(), needles)}
    found |= {what for uuid in _uuids(capture) for what in _told_by(uuid, needles)}
    for stream in _streams(capture.events).values():
        packets = [capture.events[i].data for i in stream]
        found |= {needle.what for _, needle in _places(packets, needles)}
    return found


def _address_of(system_id: bytes) -> str:
    """Return the address that a System ID is made of, or all of it; empty where it is empty."""
    if len(set(system_id)) < 2:
        return ""
    if system_id[3:5] == b"\xfe\xff":  # as its standard says: the last octet first
        system_id = system_id[::-1]
    if len(system_id) == 8 and system_id[3:5] == b"\xff\xfe":
        system_id = system_id[:3] + system_id[5:]
    return system_id.hex(":")


def _uuids(capture: Capture) -> dict[str, None]:
    """Return every UUID that stands anywhere in a capture, in order."""
    found = [*capture.services, *(event.uuid for event in capture.events)]
    found += [text for one in capture.has for text in (one.service, one.uuid)]

    def note(uuid: str) -> str:
        found.append(uuid)
        return uuid

    rewritten(capture.profile, str, note, bytes)
    return dict.fromkeys(filter(None, found))


def _told_by(uuid: str, needles: Sequence[Needle]) -> set[str]:
    """Return what a UUID tells, by its digits and by its bytes; a standard one tells nothing."""
    if uuid.endswith(_BASE):
        return set()
    plain = uuid.replace("-", "").lower()
    long = [one for one in needles if one.text and len(one) >= _LEAST_IN_UUID]
    found = {needle.what for _, _, needle in find(f"{uuid} {plain}".encode(), long)}
    try:
        data = bytes.fromhex(plain)
    except ValueError:
        return found  # it is in no standard form, and its text was searched
    return found | {needle.what for _, _, needle in find(data, needles)}


def _other_uuids(capture: Capture, needles: Sequence[Needle]) -> dict[str, str]:
    """Return what stands for each UUID that tells of somebody: the same wherever it stood."""
    telling = [uuid for uuid in _uuids(capture) if _told_by(uuid, needles)]
    return {
        uuid: f"00000000-0000-4000-8000-{number:012x}" for number, uuid in enumerate(telling, 1)
    }


def _unread(event: CaptureEvent, removed: Counter[str]) -> CaptureEvent:
    """Empty a value that was read, unless it is known to say nothing of anybody."""
    if event.kind != "read" or event.uuid in _KEPT:
        return event
    what = {_SERIAL: "serial", _NAME: "name", _SYSTEM_ID: "address"}.get(event.uuid, "other value")
    removed[what] += 1
    return replace(event, data=b"0" * len(event.data))


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
        packets = [bytearray(events[i].data) for i in stream]
        for where, needle in _places(packets, needles):
            for number, at in where:
                packets[number][at] = ord("0") if needle.text else 0
            places[needle.what] += 1
        for i, packet in zip(stream, packets, strict=True):
            clean[i] = replace(events[i], data=bytes(packet))
    return clean, places


def _places(
    packets: Sequence[bytes | bytearray], needles: Sequence[Needle]
) -> list[tuple[list[tuple[int, int]], Needle]]:
    """Return where needles stand: the number of the packet, and the byte in it, of each byte.

    Packets may begin with a counter and end with a checksum: without those they are joined too.
    A piece of a needle at the edge of a packet counts, for the rest may have been lost.
    """
    found: list[tuple[list[tuple[int, int]], Needle]] = []
    for head in _HEADS:
        for tail in _TAILS:
            parts = [bytes(one[head : len(one) - tail]) for one in packets]
            starts = list(accumulate(map(len, parts), initial=0))
            whole = b"".join(parts)
            spans = find(whole, needles) + _pieces(whole, starts, needles)
            found += [(_bytes_of(span[:2], starts, head), span[2]) for span in spans]
    return found


def _bytes_of(span: tuple[int, int], starts: Sequence[int], head: int) -> list[tuple[int, int]]:
    """Return the packet of each byte of a span, and where in it, its head counted."""
    number = bisect_right(starts, span[0]) - 1
    places = []
    for at in range(*span):
        while at >= starts[number + 1]:
            number += 1
        places.append((number, at - starts[number] + head))
    return places


def _pieces(
    whole: bytes, starts: Sequence[int], needles: Sequence[Needle]
) -> list[tuple[int, int, Needle]]:
    """Return where packets end as a needle begins, and begin as one ends."""
    lower, edges = whole.lower(), set(starts)
    found: list[tuple[int, int, Needle]] = []
    for needle in needles:
        data, least = needle.edges
        among = lower if needle.text else whole
        for piece, step in ((data[:least], 1), (data[-least:], -1)):
            if len(data) <= least or not piece.strip(_FILL):
                continue
            at = among.find(piece)
            while at >= 0:
                for size in range(least, len(data)):
                    first, stop = (at, at + size) if step > 0 else (at + least - size, at + least)
                    part = data[:size] if step > 0 else data[-size:]
                    edge = stop if step > 0 else first
                    if edge in edges and first >= 0 and among[first:stop] == part:
                        found.append((first, stop, needle))
                at = among.find(piece, at + 1)
    return found


def _bytes(data: bytes, needles: Sequence[Needle]) -> bytes:
    """Return bytes of a profile without needles."""
    whole = bytearray(data)
    for first, stop, needle in find(data, needles):
        whole[first:stop] = (b"0" if needle.text else b"\0") * (stop - first)
    return bytes(whole)


def _text(text: str, needles: Sequence[Needle]) -> str:
    """Return a text without them; what is no text in it is left."""
    return _bytes(text.encode(), [n for n in needles if n.text]).decode(errors="replace")
