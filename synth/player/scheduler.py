"""What sounds when: notes in beats, executed against a tempo map that may change at any time."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from typing import Final

from synth.breath import fullness
from synth.events import Note
from synth.output import ClockedOutput, ClockPulse, NoteOff, NoteOn, Output
from synth.params import Layer, MusicParams
from synth.tempo_map import TempoMap, TempoSegment

__all__ = ["Scheduler"]

_STALE_S: Final = 0.25  # a note that comes later than this is better left out
_MOST_NOTES: Final = 20_000  # more are refused: hours of music, sent by mistake
_PULSE, _OFF, _ON, _SWAY = 0, 1, 2, 3
_SWAYS_PER_BEAT: Final = 8
_TICKS_PER_BEAT: Final = 24
_BAR_BEATS: Final = 4.0
_FIRST: Final = {Layer.BASS: 0, Layer.DRONE: 1, Layer.PAD: 1}  # a slow cable carries bass first


class _Sway:
    """The moment to tell where the swell stands."""


_Event = tuple[float, int, int, int, Note | ClockPulse | _Sway]  # beat, kind, rank, count, what


class Scheduler:
    """Feed it with notes and tempo; `advance` sends what is due.

    Pure: it reads no clock and never waits. Of events at one time, the clock goes first, then offs
    before ons, bass before chords before the rest.

    The clock sends Start half a tick before beat 0, 24 ticks a beat from there on, Stop with a
    panic or after a stall, then Continue at the next bar. The pacer comes eight times a beat: 0
    where the swell is softest, 1 where it is fullest.

    Parameters
    ----------
    output
        What sounds; it is open.
    clocked
        Is sent a MIDI clock; None for no clock.
    early_s
        How much before its time the port wants everything; negative for later.
    sways
        Whether the output gets the signal "pacer", where the swell stands.

    Attributes
    ----------
    sent
        Events sent.
    dropped
        Notes too late to begin, or too many.
    lateness_s
        Of each event sent; the reader empties it.
    """

    def __init__(
        self,
        output: Output,
        clocked: ClockedOutput | None = None,
        *,
        early_s: float = 0.0,
        sways: bool = False,
    ) -> None:
        self._output = output
        self._clocked = clocked
        self._early_s = early_s
        self._ahead_s = output.lookahead_s + early_s
        self._tempo = TempoMap(())
        self._events: list[_Event] = []
        self._count = 0
        self._sways, self._swaying = sways, False
        self._running = False  # the clock has begun, or will at a known beat
        self._params = MusicParams()  # of the breath
        self._sounding: dict[tuple[Layer, int], Note] = {}
        self.sent = 0
        self.dropped = 0  #: notes too late to begin, or too many
        self.lateness_s: list[float] = []  #: of each event sent; the reader empties it

    def set_tempo(self, segment: TempoSegment) -> None:
        """Let the music move as `segment` says from its time on; later segments are replaced.

        Parameters
        ----------
        segment
            Where the music stands, and how fast it moves.
        """
        self._tempo = self._tempo.replaced(segment)
        if self._tempo.stands_still:
            self._stop_clock(segment.time_s)

    def set_params(self, params: MusicParams) -> None:
        """Let the music breathe as they say, and the output have its colour.

        Parameters
        ----------
        params
            From now on.
        """
        self._params = params
        self._output.set_params(params)

    def feed(self, notes: Iterable[Note]) -> None:
        """Queue notes; one of no duration or out of MIDI's range is dropped.

        Parameters
        ----------
        notes
            In any order.
        """
        for note in notes:
            valid = note.beats > 0.0 and 0 <= note.pitch <= 127 and 1 <= note.velocity <= 127
            if not valid or len(self._events) >= _MOST_NOTES:
                self.dropped += 1
                continue
            self._push(note.beat, _ON, note)

    def cancel(self, from_beat: float) -> None:
        """Withdraw notes that begin at `from_beat` or later; end earlier ones by then.

        Parameters
        ----------
        from_beat
            In beats of the session.
        """
        kept = []
        for beat, kind, rank, count, note in self._events:
            if isinstance(note, ClockPulse | _Sway):
                pass
            elif kind == _OFF:
                beat = min(beat, from_beat)
            elif beat >= from_beat:
                continue
            elif note.beat + note.beats > from_beat:
                note = Note(note.id, beat, from_beat - beat, note.pitch, note.velocity, note.layer)
            kept.append((beat, kind, rank, count, note))
        heapq.heapify(kept)
        self._events = kept

    def next_due_s(self) -> float | None:
        """Return when the output wants its next event; None when nothing is queued.

        Returns
        -------
        float | None
            Session time, in s; what the output looks ahead is taken off.
        """
        if not self._events or not self._tempo.segments:
            return None
        return self._tempo.time_at(self._events[0][0]) - self._ahead_s

    def step(self, now_s: float) -> None:
        """Send every event that is due at session time `now_s`.

        Parameters
        ----------
        now_s
            Session time.
        """
        if not self._tempo.segments:
            return
        horizon_s = now_s + self._ahead_s
        if self._clocked is not None and not self._running:
            self._begin_clock(horizon_s)
        if self._sways and not self._swaying:
            self._plan_sway(self._tempo.beat_at(horizon_s))
        while self._events:
            due_s = self._tempo.time_at(self._events[0][0])
            if due_s > horizon_s:
                return
            beat, kind, _, _, note = heapq.heappop(self._events)
            late_s = max(0.0, horizon_s - due_s)
            if isinstance(note, _Sway):
                self._sway(beat, self._tempo.beat_at(horizon_s))
                continue
            if isinstance(note, ClockPulse):
                self._send_pulse(note, due_s, late_s)
            elif kind == _OFF:
                self._end(note, due_s)
            elif late_s > _STALE_S:
                self.dropped += 1
                continue
            else:
                self._begin(note, due_s)
            self.lateness_s.append(late_s)

    def _begin(self, note: Note, due_s: float) -> None:
        place = note.layer, note.pitch
        other = self._sounding.get(place)
        if other is not None:
            self._end(other, due_s)
        self._sounding[place] = note  # before it sounds: a signal may strike between the two
        self._push(note.beat + note.beats, _OFF, note)
        on = NoteOn(note.id, note.layer, note.pitch, note.velocity)
        self._output.send(on, due_s - self._early_s)
        self.sent += 1

    def _end(self, note: Note, due_s: float) -> None:
        place = note.layer, note.pitch
        if self._sounding.get(place) is note:  # else it was struck again, and ended then
            off = NoteOff(note.id, note.layer, note.pitch)
            self._output.send(off, due_s - self._early_s)
            del self._sounding[place]
            self.sent += 1

    def _begin_clock(self, now_s: float) -> None:
        """Plan the clock's beginning at beat 0, or at the next bar when that has passed."""
        now_beat = self._tempo.beat_at(now_s)
        beat = max(self._tempo.segments[0].beat, math.ceil(now_beat / _BAR_BEATS) * _BAR_BEATS)
        begin = ClockPulse("start" if beat == 0.0 else "continue", beat)
        self._push_pulse(beat - 0.5 / _TICKS_PER_BEAT, begin)
        self._push_pulse(beat, ClockPulse("tick", beat))
        self._running = True

    def _send_pulse(self, pulse: ClockPulse, due_s: float, late_s: float) -> None:
        assert self._clocked is not None
        if late_s > _STALE_S:  # ticks in a heap would only confuse those who follow
            self._stop_clock(due_s + late_s)
            self._begin_clock(due_s + late_s)
            return
        self._clocked.pulse(pulse, due_s - self._early_s)
        if pulse.what == "tick":
            beat = (round(pulse.beat * _TICKS_PER_BEAT) + 1) / _TICKS_PER_BEAT
            self._push_pulse(beat, ClockPulse("tick", beat))

    def _plan_sway(self, beat: float) -> None:
        following = (math.floor(beat * _SWAYS_PER_BEAT) + 1) / _SWAYS_PER_BEAT
        self._count += 1
        self._swaying = True
        heapq.heappush(self._events, (following, _SWAY, 0, self._count, _Sway()))

    def _sway(self, beat: float, now_beat: float) -> None:
        part = self._tempo.breath_at(self._tempo.time_at(beat))
        self._output.set_signals({"pacer": fullness(part, self._params)})
        self._plan_sway(max(beat, now_beat))

    def _stop_clock(self, now_s: float) -> None:
        if self._clocked is not None and self._running:
            self._running = False
            kept = [event for event in self._events if event[1] != _PULSE]
            heapq.heapify(kept)
            self._events = kept
            self._clocked.pulse(ClockPulse("stop", self._tempo.beat_at(now_s)), now_s)

    def panic(self, now_s: float) -> None:
        """End all that sounds, forget all that is queued, then silence the output.

        Parameters
        ----------
        now_s
            Session time.
        """
        self._events.clear()
        self._swaying = False
        try:
            for note in list(self._sounding.values()):
                self._end(note, now_s)
            self._stop_clock(now_s)
        finally:
            self._sounding.clear()
            self._output.panic()

    def _push(self, beat: float, kind: int, note: Note) -> None:
        self._count += 1
        rank = _FIRST.get(note.layer, 2)
        heapq.heappush(self._events, (beat, kind, rank, self._count, note))

    def _push_pulse(self, beat: float, pulse: ClockPulse) -> None:
        self._count += 1
        heapq.heappush(self._events, (beat, _PULSE, 0, self._count, pulse))
