"""When beats happened, from intervals without times that arrive late.

A strap sends RR intervals about once a second and no clock. Within a run of unbroken intervals
every beat is exactly one interval after the last, so only one offset is unknown. A packet can be
late but never early: the smallest difference of arrival and summed intervals bounds the offset.

A strap that sends by its own clock sends, on average, in the middle between two beats: the one
that it has just told and the first that it has not. Over many packets that mean is known three
times as well as the smallest difference, and it takes over where the two agree.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from sensors.device_clock import RELAXATION, DriftMeter
from sensors.signals import Chunk, Gap, GapReason, Signal

__all__ = ["NEIGHBOUR_TOLERANCE_S", "PLAUSIBLE_RR_S", "BeatTimeline", "is_plausible"]

#: A run ends when the newest beat arrives later than this after its supposed time, or when that
#: lag grows by this much between packets: some intervals never arrived. In RR, and in seconds for
#: the jitter of the link. Found on simulated straps with 50 ms jitter and lost packets.
_LAG = (1.5, 0.3)
_LAG_JUMP = (0.75, 0.3)
#: Where the last packets came this evenly, as a share of their usual distance, a pause of this
#: many of it shows a lost one at once.
_STEADY = (0.7, 1.3)
_PAUSE = 1.6
_ARRIVALS = 8
#: The mean is taken over this many packets and counts from the fewest on. It agrees with the bound
#: within this share of an interval; where packets come at the beats, they differ by half of one.
_MEAN_PACKETS, _FEWEST_PACKETS, _AGREE = 100, 20, 0.3
#: 20 to 240 beats a minute: what lies outside is a detection error, not a beat.
PLAUSIBLE_RR_S = (0.25, 3.0)
#: Beats of wristbands stand on a grid of 1/64 s; anything further apart is a missing beat.
NEIGHBOUR_TOLERANCE_S = 1 / 64 + 0.001


def is_plausible(rr_ticks: Sequence[int], ticks_per_s: int = 1024) -> bool:
    """Return whether a heart can make all of these intervals; true of none at all."""
    shortest, longest = (limit * ticks_per_s for limit in PLAUSIBLE_RR_S)
    return all(shortest <= rr <= longest for rr in rr_ticks)


class BeatTimeline:
    """Gives each beat its time, and finds where beats are missing.

    `feed` takes what a packet brought; `interrupt` tells of a break that it cannot see. Times
    never decrease. In the first 20 s of a run they may be up to a packet too late; the intervals
    are exact at once. `drift` compares the device's clock with ours. With `even_packets` False
    packets come at the beats, so their rhythm is the heart's and tells nothing of lost ones.
    """

    def __init__(self, source: str, *, ticks_per_s: int = 1024, even_packets: bool = True) -> None:
        self.drift = DriftMeter()
        self._source, self._ticks_per_s, self._even_packets = source, ticks_per_s, even_packets
        self._last_beat_s: float | None = None
        self._broken_by: GapReason | None = None
        self._in_run = False
        self._offset_s = 0.0
        self._sum_ticks = 0
        self._arrival_s = 0.0
        self._lag_s = 0.0
        self._mean_s, self._mean_of = 0.0, 0
        self._between: list[float] = []  #: arrivals since the last beat of the run
        self._heard_s: float | None = None
        self._pauses_s: deque[float] = deque(maxlen=_ARRIVALS)

    def feed(self, arrival_s: float, rr_ticks: Sequence[int]) -> list[Chunk | Gap]:
        """Return the beats that a packet brought, after the gap before them if there is one.

        `rr_ticks` is in 1/1024 s, unless the timeline has other ticks, oldest first. A list with
        an implausible interval is dropped: what it was part of is no longer known. An empty list
        returns nothing, yet shows that no packet was lost.
        """
        if self._even_packets and self._came_after_a_pause(arrival_s):
            self.interrupt("link")
        if not rr_ticks:
            self._between = [*self._between[-_ARRIVALS:], arrival_s]
            return []
        if not is_plausible(rr_ticks, self._ticks_per_s):
            self.interrupt("bad_data")
            return []
        total = sum(rr_ticks)
        if self._in_run and self._lost_some(arrival_s, total, rr_ticks[-1] / self._ticks_per_s):
            self.interrupt("link")
        samples: list[Chunk | Gap] = []
        if not self._in_run:
            self._start_run(arrival_s, total)
            samples += self._gap()
        else:
            self._average(rr_ticks[0])
        self._follow(arrival_s, total)
        samples.append(self._beats(arrival_s, rr_ticks))
        self._between = [arrival_s]
        return samples

    def interrupt(self, reason: GapReason) -> None:
        """End the run: the next beat is no neighbour of the last. The first reason counts."""
        self._in_run = False
        self._broken_by = self._broken_by or reason
        self._heard_s = None

    def _came_after_a_pause(self, arrival_s: float) -> bool:
        """Return whether a packet is missing before this one, by the rhythm of the packets."""
        pauses_s, heard_s = self._pauses_s, self._heard_s
        self._heard_s = arrival_s
        if heard_s is None:
            return False
        pause_s = arrival_s - heard_s
        usual_s = sorted(pauses_s)[len(pauses_s) // 2] if pauses_s else 0.0
        steady = (
            len(pauses_s) == _ARRIVALS
            and min(pauses_s) >= _STEADY[0] * usual_s
            and max(pauses_s) <= _STEADY[1] * usual_s
        )
        if steady and pause_s > _PAUSE * usual_s:
            return True
        pauses_s.append(pause_s)
        return False

    def _lost_some(self, arrival_s: float, total: int, rr_s: float) -> bool:
        lag_s = arrival_s - (self._offset_s + (self._sum_ticks + total) / self._ticks_per_s)
        return (
            lag_s > _LAG[0] * rr_s + _LAG[1]
            or lag_s - self._lag_s > _LAG_JUMP[0] * rr_s + _LAG_JUMP[1]
        )

    def _start_run(self, arrival_s: float, total: int) -> None:
        self._in_run = True
        self._sum_ticks = 0
        self._offset_s = arrival_s - total / self._ticks_per_s
        self._arrival_s = arrival_s
        self._mean_of = 0
        self.drift.restart()

    def _gap(self) -> list[Gap]:
        reason, self._broken_by = self._broken_by, None
        if self._last_beat_s is None or reason is None:
            return []
        end_s = max(self._last_beat_s, self._offset_s)
        return [Gap(Signal.RR, self._source, self._last_beat_s, end_s, reason)]

    def _average(self, rr: int) -> None:
        """Take packets as sent in the middle between the last beat and the next, on average."""
        last_s, rr_s = self._sum_ticks / self._ticks_per_s, rr / self._ticks_per_s
        for arrival_s in self._between:
            if arrival_s - self._offset_s - last_s > 1.5 * rr_s:
                continue  # held up on its way
            self._mean_of = min(self._mean_of + 1, _MEAN_PACKETS)
            off_s = arrival_s - last_s - rr_s / 2 - self._mean_s
            self._mean_s += off_s / self._mean_of

    def _best_offset_s(self, rr: int) -> float:
        """Return the mean where it is to be trusted, else the bound."""
        agree = abs(self._offset_s - self._mean_s) < _AGREE * rr / self._ticks_per_s
        sure = self._even_packets and self._mean_of >= _FEWEST_PACKETS
        return self._mean_s if sure and agree else self._offset_s

    def _follow(self, arrival_s: float, total: int) -> None:
        """Lower the offset to what this packet allows, or let it rise a little."""
        device_s = (self._sum_ticks + total) / self._ticks_per_s
        relaxed_s = self._offset_s + RELAXATION * max(0.0, arrival_s - self._arrival_s)
        self._offset_s = min(relaxed_s, arrival_s - device_s)
        self._lag_s = arrival_s - device_s - self._offset_s
        self._arrival_s = arrival_s
        self.drift.feed(arrival_s, device_s)

    def _beats(self, arrival_s: float, rr_ticks: Sequence[int]) -> Chunk:
        offset_s = self._best_offset_s(rr_ticks[-1])
        times_s: list[float] = []
        for rr in rr_ticks:
            self._sum_ticks += rr
            beat_s = min(arrival_s, offset_s + self._sum_ticks / self._ticks_per_s)
            # What was handed out stays: after a better offset, beats wait for it.
            if self._last_beat_s is None or beat_s > self._last_beat_s:
                self._last_beat_s = beat_s
            times_s.append(self._last_beat_s)
        return Chunk.events(
            Signal.RR, self._source, times_s, [rr / self._ticks_per_s for rr in rr_ticks]
        )
