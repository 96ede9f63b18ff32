"""The score of a session, from its log: the one way to MIDI and sound, also after a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from biofeedback.record import lines
from biofeedback.record.derived import params_of
from biofeedback.record.reader import read
from synth.events import Note
from synth.params import Key, Layer, MusicParams
from synth.score import Score
from synth.tempo_map import TempoMap, TempoSegment

__all__ = ["score_of", "segment_of"]


def segment_of(line: lines.TempoLine) -> TempoSegment:
    """Return what a line says of the tempo and of the breath.

    Parameters
    ----------
    line
        As it was logged; of an earlier version it has eight beats a breath.

    Returns
    -------
    TempoSegment
        From its time on.
    """
    return TempoSegment(line.time, line.beat, line.bpm, line.breath_beats, line.breath_from)


def score_of(
    session: Path, sounding: Callable[[MusicParams], object] = lambda params: params
) -> Score:
    """Return what the session at `session` (folder or log) played; no notes when it never began.

    A note that was withdrawn is left out; one that was cut short ends where it was cut.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    sounding
        What of the parameters is heard where the score is to go; where that stays the same they
        are left out, which a day has 170,000 of.

    Returns
    -------
    Score
        In order of time; beat 0 is at 0 s when it never began.

    Raises
    ------
    LogError
        When the log cannot be read.
    """
    notes: list[Note] = []
    segments: list[TempoSegment] = []
    keys: list[tuple[float, Key]] = []
    sections: list[tuple[float, str]] = []
    params: list[tuple[float, MusicParams]] = []
    last: lines.ParamsItem | None = None
    heard: object = None
    markers: list[tuple[float, str]] = []
    for _, line in read(session):
        match line:
            case lines.NoteLine():
                layer = Layer(line.layer)
                notes.append(Note(line.id, line.beat, line.beats, line.pitch, line.velocity, layer))
            case lines.CancelLine():
                notes = _without(notes, line.from_beat)
                keys = [(beat, key) for beat, key in keys if beat < line.from_beat]
                sections = [(beat, name) for beat, name in sections if beat < line.from_beat]
            case lines.TempoLine():
                segments.append(segment_of(line))
            case lines.MusicLine():
                key = Key.parse(line.key)
                if not keys or keys[-1][1] != key:
                    keys.append((line.beat, key))
                section = line.section.partition(" bar ")[0]
                if not sections or sections[-1][1] != section:
                    sections.append((line.beat, section))
            case lines.DecisionLine():
                if line.params == last:
                    continue
                last, found = line.params, params_of(line.params)
                before, heard = heard, sounding(found)
                if not params or heard != before:
                    params.append((line.t, found))
            case lines.CommandLine(what="marker"):
                markers.append((line.at, line.value))
            case _:
                pass
    tempo_map = TempoMap(tuple(segments)) if segments else TempoMap.start(0.0, 60.0)
    notes.sort(key=lambda note: (note.beat, note.id))
    return Score(
        tuple(notes), tempo_map, tuple(keys), tuple(params), tuple(markers), tuple(sections)
    )


def _without(notes: list[Note], from_beat: float) -> list[Note]:
    kept = [note for note in notes if note.beat < from_beat]
    return [
        note
        if note.beat + note.beats <= from_beat
        else Note(note.id, note.beat, from_beat - note.beat, note.pitch, note.velocity, note.layer)
        for note in kept
    ]
