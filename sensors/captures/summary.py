"""What is in a capture and what is not, in words that its giver can check."""

from __future__ import annotations

from collections import Counter

from sensors.base import SensorStatus
from sensors.captures.capture import Capture
from sensors.captures.playing import samples_of
from sensors.signals import Chunk

__all__ = ["summary"]

_BASE = "-0000-1000-8000-00805f9b34fb"
_NAMES = {
    "2a00": "name", "2a19": "battery", "2a23": "system ID", "2a24": "model", "2a25": "serial",
    "2a26": "firmware", "2a27": "hardware", "2a28": "software", "2a29": "maker",
    "2a37": "heart rate", "2a38": "where it is worn", "2a50": "kind of product",
    "fb005c81-02e7-f387-1cad-8acd2d8df0c8": "Polar's control point",
    "fb005c82-02e7-f387-1cad-8acd2d8df0c8": "Polar's measurements",
}  # fmt: skip
_KEPT = {
    "keep": "Values are as the device sent them: heart rates, intervals and samples of a body.",
    "coarse": "Values are coarse: heart rates to 5 a minute, intervals to 1/32 s, other known "
    "numbers to their first four bits, waves and unknown bytes zero.",
}


def summary(capture: Capture) -> list[str]:
    """Return a capture in lines for a person.

    Parameters
    ----------
    capture
        To be shown before it is given away, and by whoever gets it.

    Returns
    -------
    list[str]
        Without anything that tells whose it is.
    """
    said = Counter((event.kind, event.uuid) for event in capture.events if event.uuid)
    connects = list(capture.of("connected"))
    losses = [event for event in capture.of("link") if event.state == "lost"]
    mtus = sorted({event.mtu for event in connects if event.mtu})
    lines = [
        f"A capture of {capture.duration_s:.0f} s of a device known as {capture.name!r}, read as "
        f"{'a band with a profile' if capture.driver == 'profile' else capture.driver}.",
        f"Links: {len(connects)} made, {len(losses)} lost"
        + "".join(f" ({loss.reason or 'link'} at {loss.time_s:.1f} s)" for loss in losses[:5])
        + (f"; packets of up to {mtus[-1]} bytes." if mtus else "."),
        f"It has {len({one.service for one in capture.has})} services with {len(capture.has)} "
        "characteristics, all of them listed in the file.",
    ]
    for (kind, uuid), count in sorted(said.items(), key=lambda one: (one[0][1], one[0][0])):
        if kind in ("packet", "answer", "read", "write"):
            times = f"{count} {kind}{'' if count == 1 or kind == 'read' else 's'}"
            lines.append(f"  {_short(uuid)}: {times}{_words(uuid)}")
    lines += [_KEPT[capture.values], *_gives(capture)]
    gone = ", ".join(f"{what} at {n}" for what, n in capture.removed.items() if n)
    lines.append(f"Taken out: {gone} places." if gone else "Nothing had to be taken out.")
    lines.append(
        "Not in it: the device's name, address and serial number, the date, anything about this "
        "computer but its system and the versions of the programs."
    )
    if capture.profile:
        lines.append("The band's profile is in it, whole.")
    return lines


def _gives(capture: Capture) -> list[str]:
    found: Counter[str] = Counter()
    bad: dict[str, int] = {}
    for sample in samples_of(capture, "capture"):
        if isinstance(sample, Chunk):
            found[sample.signal.value] += len(sample)
        elif isinstance(sample, SensorStatus):
            bad = dict(sample.bad)
    words = ", ".join(f"{count} of {signal}" for signal, count in found.items())
    lines = [f"Played, it gives samples: {words}." if words else "Played, it gives no samples."]
    if bad:
        counts = ", ".join(f"{count} times {kind}" for kind, count in bad.items())
        lines.append(f"What made no sense: {counts}.")
    return lines


def _short(uuid: str) -> str:
    return uuid[4:8] if uuid.startswith("0000") and uuid.endswith(_BASE) else uuid


def _words(uuid: str) -> str:
    words = _NAMES.get(_short(uuid), "")
    return f" ({words})" if words else ""
