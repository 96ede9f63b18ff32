"""When beats happened, from intervals without times that arrive late.

A strap sends RR intervals about once a second and no clock. Within a run of unbroken intervals
every beat is exactly one interval after the last, so only one offset is unknown. A packet can be
late but never early: the smallest difference of arrival and summed intervals is the best offset.
"""

from __future__ import annotations

from collections.abc import Sequence

from sensors.signals import Chunk, Gap, GapReason, Signal

__all__ = ["BeatTimeline"]

#: How fast the offset may grow, to follow a device whose clock is slow. Watch crystals stay within
#: 100 ppm; twice that forgets one early packet within minutes.
_RELAXATION = 200e-6
#: A run ends when the newest beat arrives later than this after its supposed time, or when that
#: lag grows by this much between packets: some intervals never arrived. In RR, and in seconds for
#: the jitter of the link. Found on simulated straps with 50 ms jitter and lost packets.
_LAG = (1.5, 0.3)
_LAG_JUMP = (0.75, 0.3)
_PLAUSIBLE_1024 = range(256, 3 * 1024 + 1)  #: 0.25 to 3 s


class BeatTimeline:
    """Gives each beat its time, and finds where beats are missing.

    `feed` takes what a packet brought; `interrupt` tells of a break that it cannot see. Times
    never decrease. In the first 20 s of a run they may be up to a packet too late; the intervals
    are exact at once.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._last_beat_s: float | None = None
        self._broken_by: GapReason | None = None
        self._in_run = False
        self._offset_s = 0.0
        self._sum_1024 = 0
        self._arrival_s = 0.0
        self._lag_s = 0.0

    def feed(self, arrival_s: float, rr_1024: Sequence[int]) -> list[Chunk | Gap]:
        """Return the beats that a packet brought, after the gap before them if there is one.

        `rr_1024` is in 1/1024 s, oldest first. A list with an implausible interval is dropped:
        what it was part of is no longer known. An empty list returns nothing.
        """
        if not rr_1024:
            return []
        if any(rr not in _PLAUSIBLE_1024 for rr in rr_1024):
            self.interrupt("bad_data")
            return []
        total_1024 = sum(rr_1024)
        if self._in_run and self._lost_some(arrival_s, total_1024, rr_1024[-1] / 1024):
            self.interrupt("link")
        samples: list[Chunk | Gap] = []
        if not self._in_run:
            self._start_run(arrival_s, total_1024)
            samples += self._gap()
        self._follow(arrival_s, total_1024)
        samples.append(self._beats(rr_1024))
        return samples

    def interrupt(self, reason: GapReason) -> None:
        """End the run: the next beat is no neighbour of the last. The first reason counts."""
        self._in_run = False
        self._broken_by = self._broken_by or reason

    def _lost_some(self, arrival_s: float, total_1024: int, rr_s: float) -> bool:
        lag_s = arrival_s - (self._offset_s + (self._sum_1024 + total_1024) / 1024)
        return (
            lag_s > _LAG[0] * rr_s + _LAG[1]
            or lag_s - self._lag_s > _LAG_JUMP[0] * rr_s + _LAG_JUMP[1]
        )

    def _start_run(self, arrival_s: float, total_1024: int) -> None:
        self._in_run = True
        self._sum_1024 = 0
        self._offset_s = arrival_s - total_1024 / 1024
        self._arrival_s = arrival_s

    def _gap(self) -> list[Gap]:
        reason, self._broken_by = self._broken_by, None
        if self._last_beat_s is None or reason is None:
            return []
        end_s = max(self._last_beat_s, self._offset_s)
        return [Gap(Signal.RR, self._source, self._last_beat_s, end_s, reason)]

    def _follow(self, arrival_s: float, total_1024: int) -> None:
        """Lower the offset to what this packet allows, or let it rise a little."""
        relaxed_s = self._offset_s + _RELAXATION * max(0.0, arrival_s - self._arrival_s)
        allowed_s = arrival_s - (self._sum_1024 + total_1024) / 1024
        self._offset_s = min(relaxed_s, allowed_s)
        self._lag_s = allowed_s - self._offset_s
        self._arrival_s = arrival_s

    def _beats(self, rr_1024: Sequence[int]) -> Chunk:
        times_s: list[float] = []
        for rr in rr_1024:
            self._sum_1024 += rr
            beat_s = self._offset_s + self._sum_1024 / 1024
            # What was handed out stays: after a better offset, beats wait for it.
            self._last_beat_s = max(self._last_beat_s or beat_s, beat_s)
            times_s.append(self._last_beat_s)
        return Chunk.events(Signal.RR, self._source, times_s, [rr / 1024 for rr in rr_1024])
