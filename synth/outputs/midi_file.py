"""A score becomes a type 1 MIDI file whose times are those of the session."""

from __future__ import annotations

import io
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import mido

from synth.breath import gains
from synth.events import Note
from synth.outputs.files import replacing
from synth.outputs.midi_map import EXPRESSION_CC, Message, MidiMap
from synth.params import Key, Layer, Mode
from synth.score import Score
from synth.tempo_map import TempoMap

__all__ = ["TICKS_PER_BEAT", "write"]

TICKS_PER_BEAT = 960
_BAR_BEATS = 4
_HEADER_BYTES = 14
_UNITS = (4, 8, 16, 32, 64)  # of the silence before the first beat; the coarsest that fits
_STRETCH = 0.02  # share by which its tempo may differ from the music's
_SLOWEST_US = 0xFFFFFF  # a tempo event holds 24 bits of microseconds per beat
_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
_MAJOR_LIKE = frozenset({Mode.LYDIAN, Mode.IONIAN, Mode.MIXOLYDIAN})

#: Tick, rank among equals, and a message: as bytes, since a day has 500,000 of them.
_Event = tuple[int, int, bytes | mido.MetaMessage]


def write(path: Path, score: Score, *, channels: MidiMap | None = None) -> None:
    """Write `score` to `path`: one track for time and harmony, then one for each layer in use.

    Every tick falls on its session time: rounding a tempo to whole microseconds, or a change of
    tempo to a tick, is made good by the next tempo event, so errors do not add up. Beat 0 lies on a
    bar line of the file, after a first bar as short as the silence before it is in the music's
    tempo. Equal scores give equal bytes; an empty one gives a file without notes.

    Parameters
    ----------
    path
        Takes the place of a file that stands there.
    score
        A piece as it was played.
    channels
        Which channels and programs the layers have; General MIDI when it is None.

    Raises
    ------
    RenderError
        When the file cannot be written.
    """
    midi_map = channels or MidiMap()
    clock = _Clock(score.tempo_map)
    chunks = [_chunk(_track(_conductor(score, clock)))]
    for layer in Layer:
        notes = [note for note in score.notes if note.layer is layer]
        if notes:
            chunks.append(_chunk(_track(_part(layer, notes, score, clock, midi_map))))
    with replacing(path) as partial:
        header = struct.pack(">4sLHHH", b"MThd", 6, 1, len(chunks), TICKS_PER_BEAT)
        partial.write_bytes(b"".join((header, *chunks)))


class _Clock:
    """Where beats and times fall in ticks, and the tempo events that make it so."""

    def __init__(self, tempo_map: TempoMap) -> None:
        self._map = tempo_map
        first = tempo_map.segments[0]
        self.upbeat: tuple[int, int] | None = None  #: length of a first, shorter bar; None for none
        self._lead_ticks = 0
        self._origin_beat = tempo_map.beat_at(0.0)
        if first.time_s > 0.0:  # silence leads to beat 0 at its time, in the music's own tempo
            count, unit = _lead(first.time_s * first.bpm / 60.0)
            upbeat = count % (_BAR_BEATS * unit // 4)
            self.upbeat = (upbeat, unit) if upbeat else None
            self._lead_ticks = count * 4 * TICKS_PER_BEAT // unit
            self._origin_beat = first.beat - 4.0 * count / unit

    def tick(self, beat: float) -> int:
        return max(0, round((beat - self._origin_beat) * TICKS_PER_BEAT))

    def tick_at(self, time_s: float) -> int:
        first = self._map.segments[0]
        if self._lead_ticks and time_s < first.time_s:
            return max(0, round(self._lead_ticks * time_s / first.time_s))
        return self.tick(self._map.beat_at(time_s))

    def _time_at(self, tick: int) -> float:
        first = self._map.segments[0]
        if tick < self._lead_ticks:
            return first.time_s * tick / self._lead_ticks
        return self._map.time_at(self._origin_beat + tick / TICKS_PER_BEAT)

    def tempo_events(self) -> Iterable[tuple[int, int]]:
        """Yield (tick, microseconds per beat), each chosen so that the next tick is on time."""
        changes = {0, self._lead_ticks}
        changes.update(self.tick(segment.beat) for segment in self._map.segments)
        ticks = sorted(changes)
        now_s, previous_us = 0.0, None
        for tick, following in zip(ticks, [*ticks[1:], None], strict=True):
            if following is None:
                tempo_us = round(60e6 / self._map.latest.bpm)
            else:
                beats = (following - tick) / TICKS_PER_BEAT
                wanted_us = round((self._time_at(following) - now_s) * 1e6 / beats)
                tempo_us = min(_SLOWEST_US, max(1, wanted_us))
                now_s += tempo_us * 1e-6 * beats
                if wanted_us > _SLOWEST_US:  # music that waited longer than a tempo can say
                    now_s = self._time_at(following)
            if tempo_us != previous_us:
                yield tick, tempo_us
            previous_us = tempo_us


def _lead(beats: float) -> tuple[int, int]:
    """Return some beats in quarters, eighths ..., the coarsest that are within two percent."""
    for unit in _UNITS:
        count = max(1, round(beats * unit / 4))
        if abs(4.0 * count / unit / beats - 1.0) <= _STRETCH:
            break
    return count, unit


def _conductor(score: Score, clock: _Clock) -> Iterable[_Event]:
    meta = mido.MetaMessage
    yield 0, 0, meta("track_name", name="Conductor")
    if clock.upbeat is not None:
        count, unit = clock.upbeat
        yield 0, 1, meta("time_signature", numerator=count, denominator=unit)
    after = 4 * TICKS_PER_BEAT * count // unit if clock.upbeat is not None else 0
    yield after, 1, meta("time_signature", numerator=_BAR_BEATS, denominator=4)
    for tick, tempo_us in clock.tempo_events():
        yield tick, 2, meta("set_tempo", tempo=tempo_us)
    for beat, key in score.keys:
        tick = clock.tick(beat)
        yield tick, 3, meta("key_signature", key=_signature(key))
        yield tick, 4, meta("text", text=str(key))
    for beat, name in score.sections:
        yield clock.tick(beat), 5, meta("marker", text=name)
    for time_s, text in score.markers:
        yield clock.tick_at(time_s), 5, meta("marker", text=text)


def _signature(key: Key) -> str:
    """Return the major or minor signature of the same tonic, one accidental off at most."""
    return (_MAJOR if key.mode in _MAJOR_LIKE else _MINOR)[key.tonic]


def _part(
    layer: Layer, notes: Sequence[Note], score: Score, clock: _Clock, midi_map: MidiMap
) -> Iterable[_Event]:
    voice = midi_map[layer]
    channel = voice.channel
    yield 0, 0, mido.MetaMessage("track_name", name=layer.value)
    for message in voice.preset():
        yield 0, 1, bytes(message)
    previous: tuple[Message, ...] = ()
    times = [time_s for time_s, _ in score.params]
    for time_s, loud in gains(score.tempo_map, score.params, score.end_s):
        params = score.params[bisect_right(times, time_s) - 1][1]
        for message in midi_map.expressions(params, loud):
            if message[0] & 0x0F == channel:
                yield clock.tick_at(time_s), 2, bytes(message)
    for time_s, params in score.params:
        controls = voice.colours(params)
        if params.swell:
            controls = tuple(c for c in controls if c[1] != EXPRESSION_CC)
        if controls != previous:
            for message in controls:
                yield clock.tick_at(time_s), 2, bytes(message)
        previous = controls
    for start, end, note in _without_overlap(notes, clock):
        pitch = voice.pitch(note.pitch)
        yield end, 3, bytes((0x80 | channel, pitch, 0))
        yield start, 4, bytes((0x90 | channel, pitch, note.velocity))


def _without_overlap(notes: Sequence[Note], clock: _Clock) -> Iterable[tuple[int, int, Note]]:
    """Yield (start, end, note) in ticks; a note that is struck again ends just there.

    Two notes of one pitch at the same tick are one note, the longer and louder of both.
    """
    struck: dict[tuple[int, int], tuple[int, Note]] = {}
    for note in notes:
        start = clock.tick(note.beat)
        end = max(start + 1, clock.tick(note.beat + note.beats))
        place = (note.pitch, start)
        if place in struck:
            other_end, other = struck[place]
            struck[place] = max(end, other_end), max(note, other, key=lambda n: n.velocity)
        else:
            struck[place] = end, note
    following: dict[int, int] = {}
    for (pitch, start), (end, note) in sorted(struck.items(), key=lambda x: x[0], reverse=True):
        yield start, min(end, following.get(pitch, end)), note
        following[pitch] = start


def _chunk(track: Iterable[mido.Message]) -> bytes:
    """Return a track as it stands in a file; messages take a hundred times its memory."""
    alone = io.BytesIO()
    mido.MidiFile(ticks_per_beat=TICKS_PER_BEAT, charset="utf-8", tracks=[track]).save(file=alone)
    return alone.getvalue()[_HEADER_BYTES:]


def _track(events: Iterable[_Event]) -> Iterator[mido.Message]:
    """Yield events by tick, offs before ons, with the times between them."""
    now = 0
    for tick, _, event in sorted(events, key=lambda e: (e[0], e[1], _order(e[2]))):
        message = mido.Message.from_bytes(event) if isinstance(event, bytes) else event
        yield message.copy(time=tick - now)
        now = tick
    yield mido.MetaMessage("end_of_track")


def _order(event: bytes | mido.MetaMessage) -> bytes:
    """Return what sorts equals: the bytes, of a text in any script its length and itself."""
    if isinstance(event, bytes):
        return event
    if event.type not in ("marker", "text"):
        return bytes(event.bytes())
    text = str(event.text).encode()
    return len(text).to_bytes(4) + text
