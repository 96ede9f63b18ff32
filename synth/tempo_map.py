"""The one relation between session time and beats, which players execute and clocks can steer."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Self

__all__ = ["STANDSTILL_BPM", "TempoMap", "TempoSegment", "entry"]

#: The tempo of music that waits: so slow that no further note begins.
STANDSTILL_BPM = 1e-6
_KEPT_SEGMENTS = 256
_BAR_BEATS = 4.0
_RETURN_BEATS = 2.0  # an error of phase is gone after about this time
_MOST_BEND = 0.15  # share of the tempo; of our own choosing, like the rest
_SAME_BPM = 0.005


@dataclass(frozen=True, slots=True)
class TempoSegment:
    """From `time_s` on, where the music stands at `beat`, it moves at `bpm`.

    A breath lasts `breath_beats`, and one began at the beat `breath_from`.
    """

    time_s: float
    beat: float
    bpm: float
    breath_beats: float = 8.0
    breath_from: float = 0.0

    def beat_at(self, time_s: float) -> float:
        """Return the beat at a time, also of one outside of the segment.

        Parameters
        ----------
        time_s
            Session time.

        Returns
        -------
        float
            In beats.
        """
        return self.beat + (time_s - self.time_s) * self.bpm / 60.0

    def time_at(self, beat: float) -> float:
        """Return the time of a beat, also of one outside of the segment.

        Parameters
        ----------
        beat
            In beats of the session.

        Returns
        -------
        float
            Session time, in s.
        """
        return self.time_s + (beat - self.beat) * 60.0 / self.bpm


@dataclass(frozen=True, slots=True)
class TempoMap:
    """Segments in order of time; continuous in beats, so a change never jumps the phase.

    Only where another device's clock was stopped do beats leap, to the bar line where it goes on.
    """

    segments: tuple[TempoSegment, ...]  #: in order of time

    @classmethod
    def start(cls, time_s: float, bpm: float) -> Self:
        """Return the map whose beat 0 falls on `time_s`.

        Parameters
        ----------
        time_s
            Session time.
        bpm
            Tempo, in beats a minute, above 0.

        Returns
        -------
        Self
            Of one segment.
        """
        return cls((TempoSegment(time_s, 0.0, bpm),))

    @property
    def latest(self) -> TempoSegment:
        """The last segment, which holds from its time on for ever."""
        return self.segments[-1]

    @property
    def stands_still(self) -> bool:
        """Whether the music waits, at `STANDSTILL_BPM`, after the last change."""
        return self.latest.bpm <= STANDSTILL_BPM

    def change(self, time_s: float, bpm: float, breath_beats: float | None = None) -> Self:
        """Return the map with another tempo from `time_s` on, which must not precede the last.

        Where the breath gets another number of beats, it goes on where it is.

        Parameters
        ----------
        time_s
            Session time.
        bpm
            The new tempo, in beats a minute.
        breath_beats
            The beats of a breath; None for those it has.

        Returns
        -------
        Self
            With one segment more.

        Raises
        ------
        ValueError
            When `time_s` precedes the last segment.
        """
        last = self.latest
        if time_s < last.time_s:
            raise ValueError(f"a tempo at {time_s} s would precede the one at {last.time_s} s")
        beat, beats, begun = self.beat_at(time_s), last.breath_beats, last.breath_from
        if breath_beats is not None and breath_beats != beats:
            begun = beat - (beat - begun) % beats / beats * breath_beats
            beats = float(breath_beats)
        return type(self)((*self.segments, TempoSegment(time_s, beat, bpm, beats, begun)))

    def going_on(self, time_s: float, beat: float, bpm: float) -> TempoSegment:
        """Return the segment of music that leaps to a beat, and breathes as before.

        Parameters
        ----------
        time_s
            From when on.
        beat
            Where it stands then.
        bpm
            Its tempo.

        Returns
        -------
        TempoSegment
            To follow the last one.
        """
        return replace(self.latest, time_s=time_s, beat=beat, bpm=bpm)

    def recent(self) -> Self:
        """Return the map of the latest 256 segments: all that is asked of while music plays.

        Returns
        -------
        Self
            The first of them holds before its own time too.
        """
        return type(self)(self.segments[-_KEPT_SEGMENTS:])

    def replaced(self, segment: TempoSegment) -> Self:
        """Return the map with a segment in the place of those from its time on.

        Parameters
        ----------
        segment
            The last one from now on.

        Returns
        -------
        Self
            Of the latest 256 segments at most.
        """
        kept = [s for s in self.segments if s.time_s < segment.time_s]
        return type(self)((*kept, segment)).recent()

    def beat_at(self, time_s: float) -> float:
        """Return the beat at a time; negative before the start.

        Parameters
        ----------
        time_s
            Session time.

        Returns
        -------
        float
            In beats; the first segment holds before its own time too.
        """
        index = bisect_right(self.segments, time_s, key=lambda s: s.time_s)
        return self.segments[max(0, index - 1)].beat_at(time_s)

    def breath_at(self, time_s: float) -> float:
        """Return which part of a breath has passed at a time.

        Parameters
        ----------
        time_s
            Session time.

        Returns
        -------
        float
            0 where it begins, below 1.
        """
        index = bisect_right(self.segments, time_s, key=lambda s: s.time_s)
        segment = self.segments[max(0, index - 1)]
        into = (segment.beat_at(time_s) - segment.breath_from) % segment.breath_beats
        return into / segment.breath_beats

    def time_at(self, beat: float) -> float:
        """Return the time of a beat; of one that was leapt over, that of the leap.

        Parameters
        ----------
        beat
            In beats of the session.

        Returns
        -------
        float
            Session time, in s.
        """
        index = bisect_right(self.segments, beat, key=lambda s: s.beat)
        time_s = self.segments[max(0, index - 1)].time_at(beat)
        return min(time_s, self.segments[index].time_s) if index < len(self.segments) else time_s

    def steered(self, beat: float, bpm: float, at_s: float, from_s: float) -> TempoSegment | None:
        """Return the tempo from `from_s` on that takes our bars to the other's, None to go on.

        The nearer bar line counts. An error of phase is taken back by a tempo at most 15 % off.

        Parameters
        ----------
        beat
            Where the other stands at `at_s`, in beats.
        bpm
            Its tempo, in beats a minute.
        at_s
            Session time at which it stands there.
        from_s
            Session time from which on ours may change; the last segment's when that is later.

        Returns
        -------
        TempoSegment | None
            From `from_s` on; None where the tempo would change by less than 0.005 beats a minute.
        """
        from_s = max(from_s, self.latest.time_s)
        ours = self.beat_at(from_s)
        theirs = beat + (from_s - at_s) * bpm / 60.0
        ahead = (theirs - ours + 0.5 * _BAR_BEATS) % _BAR_BEATS - 0.5 * _BAR_BEATS
        bend = max(-_MOST_BEND, min(_MOST_BEND, ahead / _RETURN_BEATS))
        wanted_bpm = bpm * (1.0 + bend)
        if abs(wanted_bpm - self.latest.bpm) < _SAME_BPM:
            return None
        return self.going_on(from_s, ours, wanted_bpm)


def entry(beat: float, bpm: float, at_s: float, from_s: float) -> float:
    """Return the first time from `from_s` on at which a bar of the other device begins.

    Its bars have four beats.

    Parameters
    ----------
    beat
        Where the other stands at `at_s`, in beats.
    bpm
        Its tempo, in beats a minute.
    at_s
        Session time at which it stands there.
    from_s
        Session time from which on a bar may begin.

    Returns
    -------
    float
        Session time, in s.
    """
    there = beat + (from_s - at_s) * bpm / 60.0
    bar = math.ceil(there / _BAR_BEATS - 1e-9) * _BAR_BEATS
    return at_s + (bar - beat) * 60.0 / bpm
