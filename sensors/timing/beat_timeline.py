"""When beats happened, from intervals without times that arrive late.

A strap sends RR intervals about once a second and no clock. Within a run of unbroken intervals
every beat is exactly one interval after the last, so only one offset is unknown. A packet can be
late but never early: the smallest difference of arrival and summed intervals bounds the offset.

A strap that sends evenly, by its own clock, bounds the offset from both sides: when it sent a
packet, the beats in it had happened and the first one of the next had not. After some packets the
two bounds leave a few ms between them, and their middle takes over.
"""

from __future__ import annotations

from collections.abc import Sequence

from sensors.signals import Chunk, Gap, GapReason, Signal
from sensors.timing.device_clock import RELAXATION, DriftMeter
from sensors.timing.offset_bounds import OffsetBounds
from sensors.timing.packet_clock import PacketClock

__all__ = ["NEIGHBOUR_TOLERANCE_S", "PLAUSIBLE_RR_S", "BeatTimeline", "is_plausible"]

#: A run ends when the newest beat arrives later than this after its supposed time, or when that
#: lag grows by this much between packets: some intervals never arrived. In RR, and in seconds for
#: the jitter of the link. Found on simulated straps with 50 ms jitter and lost packets.
_LAG = (1.5, 0.3)
_LAG_JUMP = (0.75, 0.3)
#: So many packets without a beat are remembered; no heart is slower.
_MOST_EMPTY = 8
#: 20 to 250 beats a minute: what lies outside is a detection error, not a beat.
PLAUSIBLE_RR_S = (0.24, 3.0)
#: Beats of wristbands stand on a grid of 1/64 s; anything further apart is a missing beat.
NEIGHBOUR_TOLERANCE_S = 1 / 64 + 0.001


def is_plausible(rr_ticks: Sequence[int], ticks_per_s: int = 1024) -> bool:
    """Return whether a heart can make all of these intervals; true of none at all.

    Parameters
    ----------
    rr_ticks
        Intervals.
    ticks_per_s
        Their unit: 1024 for straps.

    Returns
    -------
    bool
        False when one lies outside `PLAUSIBLE_RR_S`.
    """
    shortest, longest = (limit * ticks_per_s for limit in PLAUSIBLE_RR_S)
    return all(shortest <= rr <= longest for rr in rr_ticks)


class BeatTimeline:
    """Gives each beat its time, and finds where beats are missing.

    `feed` takes what a packet brought; `interrupt` tells of a break that it cannot see. Times never
    decrease. In the first 20 s of a run they may be up to a packet too late; the intervals are
    exact at once.

    Parameters
    ----------
    source
        The sensor's name, which its chunks and gaps bear.
    ticks_per_s
        Unit of the intervals: 1024 for straps.
    even_packets
        Whether the device sends by its own clock. False for one that sends at the beats: the
        rhythm of its packets is the heart's and tells nothing of lost ones.

    Attributes
    ----------
    drift
        Compares the device's clock with ours.
    """

    def __init__(self, source: str, *, ticks_per_s: int = 1024, even_packets: bool = True) -> None:
        self.drift = DriftMeter()
        self._source, self._ticks_per_s = source, ticks_per_s
        self._packets = PacketClock() if even_packets else None
        self._bounds = OffsetBounds()
        self._last_beat_s: float | None = None
        self._broken_by: GapReason | None = None
        self._in_run = False
        self._offset_s = 0.0
        self._sum_ticks = 0
        self._arrival_s = 0.0
        self._lag_s = 0.0
        self._sent_s: list[float] = []  #: when packets left since the last beat of the run

    def feed(self, arrival_s: float, rr_ticks: Sequence[int]) -> list[Chunk | Gap]:
        """Return the beats that a packet brought, after the gap before them if there is one.

        A list with an implausible interval is dropped: what it was part of is no longer known.

        Parameters
        ----------
        arrival_s
            When it arrived, in session time.
        rr_ticks
            Oldest first; an empty list shows that no packet was lost.

        Returns
        -------
        list[Chunk | Gap]
            A chunk of RR in s at most, none for an empty or an implausible list.
        """
        sent_s = None
        if self._packets is not None:
            missing = self._packets.feed(arrival_s)
            sent_s = self._packets.sent_s
            if missing:
                self._break("link")
        if not rr_ticks:
            if sent_s is not None:
                self._sent_s = [*self._sent_s[-_MOST_EMPTY:], sent_s]
            return []
        if not is_plausible(rr_ticks, self._ticks_per_s):
            self._break("bad_data")
            return []
        total = sum(rr_ticks)
        if self._in_run and self._lost_some(arrival_s, total, rr_ticks[-1] / self._ticks_per_s):
            self._break("link")
        samples: list[Chunk | Gap] = []
        if not self._in_run:
            self._start_run(arrival_s, total)
            self._bounds.start_run(sent_s, total / self._ticks_per_s)
        self._follow(arrival_s, total)
        self._bound(arrival_s, sent_s, rr_ticks)
        if not self._sum_ticks:
            samples += self._gap()
        samples.append(self._beats(arrival_s, rr_ticks))
        return samples

    def interrupt(self, reason: GapReason) -> None:
        """End the run: the next beat is no neighbour of the last. The first reason counts.

        Parameters
        ----------
        reason
            Why something is missing.
        """
        self._break(reason)
        if self._packets is not None and reason in ("link", "stall"):
            self._packets.restart()

    def _break(self, reason: GapReason) -> None:
        self._in_run = False
        self._broken_by = self._broken_by or reason
        if self._packets is not None:
            self._packets.skip()

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
        self._sent_s = []
        self.drift.restart()

    def _gap(self) -> list[Gap]:
        reason, self._broken_by = self._broken_by, None
        if self._last_beat_s is None or reason is None:
            return []
        end_s = max(self._last_beat_s, self._best_offset_s)
        return [Gap(Signal.RR, self._source, self._last_beat_s, end_s, reason)]

    @property
    def _best_offset_s(self) -> float:
        """Return the middle of the two bounds where they are close, else the upper one."""
        middle_s = self._bounds.offset_s
        return self._offset_s if middle_s is None else middle_s

    def _follow(self, arrival_s: float, total: int) -> None:
        """Lower the offset to what this packet allows, or let it rise a little."""
        device_s = (self._sum_ticks + total) / self._ticks_per_s
        relaxed_s = self._offset_s + RELAXATION * max(0.0, arrival_s - self._arrival_s)
        self._offset_s = min(relaxed_s, arrival_s - device_s)
        self._lag_s = arrival_s - device_s - self._offset_s
        self._arrival_s = arrival_s
        self.drift.feed(arrival_s, device_s)

    def _bound(self, arrival_s: float, sent_s: float | None, rr_ticks: Sequence[int]) -> None:
        rr_s = [rr / self._ticks_per_s for rr in rr_ticks]
        self._bounds.feed(arrival_s, sent_s, self._sent_s, rr_s)
        self._sent_s = [] if sent_s is None else [sent_s]

    def _beats(self, arrival_s: float, rr_ticks: Sequence[int]) -> Chunk:
        offset_s = self._best_offset_s
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
