"""Samples come into the session as the log will read them back."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from biofeedback.record.even_times import even_times, spread
from sensors.base import Sample, SensorStatus
from sensors.printable import printable
from sensors.signals import Chunk, Gap

__all__ = ["Sanitizer"]


class Sanitizer:
    """Cleans what sensors send, and keeps the sources of several sensors apart.

    JSON has no infinity, no NaN where a number must stand and no broken text; what the core sees
    must be what the log can give back.
    """

    def __init__(self) -> None:
        self._owners: dict[str, int] = {}
        self._away: set[tuple[str, str]] = set()  #: signals that a lost source owes
        self.seen: dict[tuple[str, str], Chunk] = {}  #: latest chunk by source and signal

    def clean(self, sample: Sample, sensor: int, wearer: str = "") -> Sample | None:
        """Return a sample of sensor number `sensor` as it may enter, None when nothing is left.

        A source of a wearer of a group is named after both.
        """
        source = self._source(sample.source, sensor, wearer)
        if isinstance(sample, SensorStatus):
            if sample.state == "lost":
                self._away |= {key for key in self.seen if key[0] == source}
            detail, time_s = _text(sample.detail), sample.time_s
            if not math.isfinite(time_s):
                time_s = 0.0
            drift_ppm = sample.drift_ppm
            if drift_ppm is not None and not math.isfinite(drift_ppm):
                drift_ppm = None
            bad = {_text(kind): int(times) for kind, times in sample.bad.items()}
            trust = {_text(signal): _share(worth) for signal, worth in sample.trust.items()}
            return replace(
                sample, source=source, detail=detail, time_s=time_s, drift_ppm=drift_ppm, bad=bad,
                trust=trust, profile=_text(sample.profile),
                wish=self._source(sample.wish, sensor, wearer) if sample.wish else "",
            )  # fmt: skip
        if isinstance(sample, Gap):
            known = math.isfinite(sample.start_s) and math.isfinite(sample.end_s)
            return replace(sample, source=source) if known else None
        chunk = _finite(sample)
        if not len(chunk):
            return None
        chunk = replace(chunk, source=source)
        self.seen[source, chunk.signal.value] = chunk
        self._away.discard((source, chunk.signal.value))
        return chunk

    def lost(self) -> list[Chunk]:
        """Return the latest chunk of each signal that did not come back after a loss."""
        return [self.seen[key] for key in sorted(self._away)]

    def _source(self, source: str, sensor: int, wearer: str) -> str:
        source = _text(f"{wearer}/{source}" if wearer else source)
        if self._owners.setdefault(source, sensor) == sensor:
            return source
        return f"{source} #{sensor + 1}"


def _text(text: str) -> str:
    """Return what a sensor says as it may stand on any screen, page and line of a log."""
    return printable(text.encode("utf-8", "replace").decode("utf-8"))


def _share(worth: float) -> float:
    return min(1.0, max(0.0, worth)) if math.isfinite(worth) else 0.0


def _finite(chunk: Chunk) -> Chunk:
    """Return the chunk with NaN for infinity, and without samples that have no time."""
    device = chunk.device_times_s
    if device is not None and not np.isfinite(device).all():
        chunk = replace(chunk, device_times_s=None)
    elif device is not None and (even := even_times(device)) is not None:
        chunk = replace(chunk, device_times_s=spread(*even, len(device)))
    timed = np.isfinite(chunk.times_s)
    if timed.all() and np.isfinite(chunk.values).all():
        return chunk
    values = np.where(np.isfinite(chunk.values), chunk.values, np.nan)
    if timed.all():
        return replace(chunk, values=values)
    device = None if chunk.device_times_s is None else chunk.device_times_s[timed]
    return Chunk.events(chunk.signal, chunk.source, chunk.times_s[timed], values[timed], device)
