"""What the core derives as lines of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from typing import Annotated

import msgspec
from msgspec import Meta

from biofeedback.control.base import Decision
from biofeedback.engine.events import Derived, WindowRequest
from biofeedback.group.subjects import SubjectEvent
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.scr import Scr
from biofeedback.record.line import Beat as BeatNumber
from biofeedback.record.line import Count, DerivedLine, Number, Time, fine, short, shortened
from biofeedback.state.estimator import State
from synth.events import Bar, Cancel
from synth.params import Key, Layer, Mode, MusicParams
from synth.tempo_map import TempoSegment

__all__ = [
    "OF_STATE",
    "BeatLine",
    "CancelLine",
    "DecisionLine",
    "MusicLine",
    "NoteLine",
    "ParamsItem",
    "ReadingItem",
    "ReadingLine",
    "ScrLine",
    "StateLine",
    "TempoLine",
    "WindowLine",
    "derived_lines",
    "encoded",
    "params_item",
    "params_of",
]

_ENCODER = msgspec.json.Encoder()
OF_STATE = ("arousal", "low", "high", "confidence")  #: of a decision, in the line before it
_key = cache(Key.parse)  # a day has 200,000 parameters and a few keys
_PARAMS = tuple(field.name for field in fields(MusicParams))

#: 0 to 1, as far as numbers are exact.
_Share = Annotated[float, Meta(ge=-1e-3, le=1.001)]
_Length = Annotated[float, Meta(ge=0.0, le=1e4)]  #: in beats
#: Down to where the music stands still.
_Tempo = Annotated[float, Meta(gt=0.0, le=1e3)]
_KeyName = Annotated[
    str,
    Meta(pattern=rf"^(?:[CDFGA]#?|[DEGAB]b|[EB]) (?:{'|'.join(Mode)})$"),
]


class BeatLine(DerivedLine, frozen=True, tag="beat", omit_defaults=True):
    """Derived: a beat, whether metrics use it (`nn`), and in a group whose it is (`wearer`)."""

    time: Time  #: session time in s
    rr_ms: Number  #: the interval that ends there
    verdict: str  #: what it is worth
    nn: bool
    wearer: str = ""


class ScrLine(DerivedLine, frozen=True, tag="scr", omit_defaults=True):
    """Derived: a skin conductance response, and in a group whose it is (`wearer`)."""

    time: Time  #: session time of the onset in s
    peak: Time  #: session time in s
    amplitude_us: Number  #: from trough to peak
    wearer: str = ""


class ReadingItem(msgspec.Struct, frozen=True, array_like=True):
    """One metric within a reading line: a list of these, in this order."""

    name: str  #: that of the metric
    value: Number | None  #: None for too little to say anything
    unit: str  #: of the value
    window_s: Time  #: how much time it describes
    time_s: Time  #: session time at the end of it
    quality: Number  #: 0 to 1
    coverage: Number  #: 0 to 1


class ReadingLine(DerivedLine, frozen=True, tag="reading"):
    """Derived, once a second: all metrics."""

    readings: list[ReadingItem]  #: one a metric


class WindowLine(DerivedLine, frozen=True, tag="window"):
    """Derived: the worker was asked for the metrics of start .. end."""

    start: Time
    end: Time
    from_seq: Count  #: first line that it rests on
    to_seq: Count  #: last line that it rests on


class StateLine(DerivedLine, frozen=True, tag="state", omit_defaults=True):
    """Derived: the arousal estimate with its interval."""

    arousal: Number
    low: Number  #: end of the 90 % interval
    high: Number  #: its other end
    confidence: Number  #: 0 to 1
    phase: str  #: "rest" or "tracking"
    breaths_per_minute: Number | None  #: None where it is not known
    contributions: dict[str, Number]  #: of each metric, in standard deviations
    notes: tuple[str, ...] = ()  #: what else is to be said of the body, see `state.notes`


class ParamsItem(msgspec.Struct, frozen=True, array_like=True):
    """The music's parameters within a decision line: a list of these, in this order."""

    tempo_bpm: _Tempo  #: 32 to 160
    key: _KeyName  #: such as "F# aeolian"
    density: Annotated[float, Meta(ge=0.0, le=100.0)]  #: onsets a beat
    dynamics: _Share  #: 0 to 1
    register: Annotated[float, Meta(ge=-1.001, le=1.001)]  #: -1 to 1
    brightness: _Share  #: 0 to 1
    tension: _Share  #: 0 to 1
    articulation: _Share  #: 0 to 1
    swing: _Share  #: 0.5 to 0.67
    swell: _Share  #: 0 to 1
    layers: list[Layer]  #: those that play
    rest: bool = False  #: whether the music is to be silent
    sound: str = ""  #: the set of instruments
    breath_beats: Annotated[int, Meta(ge=1, le=64)] = 8  #: of a breath
    breath_in: _Share = 0.4  #: share of the breath in, of in and out
    breath_hold: _Share = 0.0  #: share of the whole, held full
    breath_pause: _Share = 0.0  #: and empty


class DecisionLine(DerivedLine, frozen=True, tag="decision", omit_defaults=True):
    """Derived: what the music should do, and why; `cause` is the reading or branch behind it."""

    strategy: str  #: who decided
    setpoint: Number | None  #: arousal to lead to; None where it leads nowhere
    params: ParamsItem  #: of the music
    why: str
    numbers: dict[str, Number]  #: what the strategy went by, beside its state, the line before
    cause: str = ""
    phase: str = ""  #: of the programme


class TempoLine(DerivedLine, frozen=True, tag="tempo"):
    """Derived: from `time` on, where the music stands at `beat`, it moves at `bpm`."""

    time: Time
    beat: BeatNumber
    bpm: _Tempo
    breath_beats: Annotated[float, Meta(ge=1.0, le=64.0)] = 8.0  #: of a breath
    breath_from: Number = 0.0  #: a beat at which one began


class MusicLine(DerivedLine, frozen=True, tag="music"):
    """Derived: a bar as it was composed; its notes follow."""

    index: Count  #: of the bar
    beat: BeatNumber  #: where it starts, in beats of the session
    beats: _Length  #: its length
    key: _KeyName  #: such as "F# aeolian"
    chords: list[str]  #: symbols in order
    section: str  #: place in the form
    phrase_start: bool  #: whether it begins a phrase


class NoteLine(DerivedLine, frozen=True, tag="note"):
    """Derived: a note."""

    id: Count  #: by which it is known
    beat: BeatNumber  #: where it starts, in beats of the session
    beats: _Length  #: its length
    pitch: Annotated[int, Meta(ge=0, le=127)]  #: MIDI note number
    velocity: Annotated[int, Meta(ge=1, le=127)]  #: 1 to 127
    layer: Layer  #: who plays it


class CancelLine(DerivedLine, frozen=True, tag="cancel"):
    """Derived: notes from this beat on were withdrawn."""

    from_beat: BeatNumber  #: in beats of the session


def encoded(seq: int, t: float, derived: Sequence[Derived]) -> list[bytes]:
    """Return the lines of derived values as JSON, numbered from `seq` on, without line breaks.

    Parameters
    ----------
    seq
        The number of the first line.
    t
        Session time in s at which they came to be.
    derived
        What the core derived from one input.

    Returns
    -------
    list[bytes]
        One for each line.
    """
    found: list[bytes] = []
    for item in derived:
        found += [_ENCODER.encode(line) for line in derived_lines(seq + len(found), t, item)]
    return found


def derived_lines(seq: int, t: float, item: Derived) -> list[DerivedLine]:
    """Return the lines of a derived value, numbered from `seq` on; a bar brings its notes.

    Parameters
    ----------
    seq
        The number of the first line.
    t
        Session time in s at which it came to be.
    item
        What the core derived.

    Returns
    -------
    list[DerivedLine]
        One line, or for a bar one and its notes.
    """
    match item:
        case State():
            return [
                StateLine(
                    t=t, seq=seq, arousal=short(item.arousal), low=short(item.low),
                    high=short(item.high), confidence=short(item.confidence), phase=item.phase,
                    breaths_per_minute=short(item.breaths_per_minute),
                    contributions=shortened(item.contributions), notes=item.notes,
                )
            ]  # fmt: skip
        case Decision():
            beside = {name: x for name, x in item.numbers.items() if name not in OF_STATE}
            return [
                DecisionLine(
                    t=t, seq=seq, strategy=item.strategy, setpoint=short(item.setpoint),
                    params=params_item(item.params), why=item.why, numbers=shortened(beside),
                    cause=item.cause, phase=item.phase,
                )
            ]  # fmt: skip
        case tuple():
            return [ReadingLine(t=t, seq=seq, readings=[_reading(r) for r in item])]
        case WindowRequest():
            return [
                WindowLine(
                    t=t, seq=seq, start=item.window.start_s, end=item.window.end_s,
                    from_seq=item.from_seq, to_seq=item.to_seq,
                )
            ]  # fmt: skip
        case Bar():
            return _bar_lines(seq, t, item)
        case SubjectEvent():
            return [
                msgspec.structs.replace(line, wearer=item.wearer)
                for line in derived_lines(seq, t, item.item)
            ]
        case Beat():
            return [
                BeatLine(
                    t=t, seq=seq, time=item.time_s, rr_ms=item.rr_ms, verdict=item.verdict,
                    nn=item.is_nn,
                )
            ]  # fmt: skip
        case Scr():
            us = item.amplitude_us
            return [ScrLine(t=t, seq=seq, time=item.onset_s, peak=item.peak_s, amplitude_us=us)]
        case TempoSegment():
            return [
                TempoLine(
                    t=t, seq=seq, time=fine(item.time_s), beat=fine(item.beat), bpm=fine(item.bpm),
                    breath_beats=item.breath_beats, breath_from=fine(item.breath_from),
                )
            ]  # fmt: skip
        case Cancel():
            return [CancelLine(t=t, seq=seq, from_beat=item.from_beat)]


def params_item(params: MusicParams) -> ParamsItem:
    """Return the music's parameters as a decision line holds them.

    Parameters
    ----------
    params
        As the core decided them.

    Returns
    -------
    ParamsItem
        A list in JSON.
    """
    values = shortened({name: getattr(params, name) for name in _PARAMS})
    return ParamsItem(**values | {"key": str(params.key), "layers": list(params.layers)})


def params_of(item: ParamsItem) -> MusicParams:
    """Return the parameters that a decision line holds.

    Parameters
    ----------
    item
        As a decision line holds them.

    Returns
    -------
    MusicParams
        Equal to what `params_item` was given, but for the seventh digit.

    Raises
    ------
    ValueError
        For an unknown key or layer.
    """
    values = {name: getattr(item, name) for name in _PARAMS}
    values |= {"key": _key(item.key), "layers": tuple(item.layers)}
    return MusicParams(**values)


def _reading(reading: Reading) -> ReadingItem:
    return ReadingItem(
        reading.name, short(reading.value), reading.unit, short(reading.window_s),
        reading.time_s, short(reading.quality), short(reading.coverage),
    )  # fmt: skip


def _bar_lines(seq: int, t: float, bar: Bar) -> list[DerivedLine]:
    music = MusicLine(
        t=t, seq=seq, index=bar.index, beat=bar.beat, beats=bar.beats, key=str(bar.key),
        chords=list(bar.chords), section=bar.section, phrase_start=bar.phrase_start,
    )  # fmt: skip
    notes = [
        NoteLine(
            t=t, seq=seq + place, id=note.id, beat=fine(note.beat), beats=fine(note.beats),
            pitch=note.pitch, velocity=note.velocity, layer=note.layer,
        )
        for place, note in enumerate(bar.notes, 1)
    ]  # fmt: skip
    return [music, *notes]
