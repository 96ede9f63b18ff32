"""A whole piece as it was played, which files are rendered from, and its form as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, astuple, dataclass
from typing import Any

from synth.events import Note
from synth.params import Key, Layer, Mode, MusicParams
from synth.tempo_map import TempoMap, TempoSegment

__all__ = ["Score", "decode_note", "decode_params", "decode_score", "encode_params", "encode_score"]


@dataclass(frozen=True, slots=True)
class Score:
    """Notes in order of beat, with everything needed to time and colour them.

    `keys` holds (beat, key) where the key changes, `sections` (beat, name) where a section of the
    form begins, `params` (time in s, parameters) in order of time, `markers` (time in s, text).
    Cancelled notes are already gone. Time 0 of a file is the session's time 0.
    """

    notes: tuple[Note, ...]  #: in order of beat
    tempo_map: TempoMap  #: where beats fall in time
    keys: tuple[tuple[float, Key], ...] = ()
    params: tuple[tuple[float, MusicParams], ...] = ()
    markers: tuple[tuple[float, str], ...] = ()
    sections: tuple[tuple[float, str], ...] = ()

    @property
    def end_s(self) -> float:
        """Session time at which the last note ends; 0 without notes."""
        return max((self.tempo_map.time_at(n.beat + n.beats) for n in self.notes), default=0.0)


def encode_score(score: Score) -> str:
    """Return JSON on one line from which `decode_score` makes an equal score.

    Parameters
    ----------
    score
        A piece as it was played.

    Returns
    -------
    str
        JSON without a line break.
    """
    return json.dumps(
        {
            "notes": [astuple(note) for note in score.notes],
            "tempo": [astuple(segment) for segment in score.tempo_map.segments],
            "keys": [(beat, key.tonic, key.mode) for beat, key in score.keys],
            "params": [(time_s, encode_params(params)) for time_s, params in score.params],
            "markers": score.markers,
            "sections": score.sections,
        }
    )


def decode_score(text: str | bytes) -> Score:
    """Return the score that `encode_score` made JSON of.

    Parameters
    ----------
    text
        What `encode_score` made.

    Returns
    -------
    Score
        An equal score.

    Raises
    ------
    ValueError
        When it is no JSON, or a mode or a layer in it is unknown.
    KeyError
        When a part is missing.
    """
    data = json.loads(text)
    return Score(
        notes=tuple(decode_note(note) for note in data["notes"]),
        tempo_map=TempoMap(tuple(TempoSegment(*segment) for segment in data["tempo"])),
        keys=tuple((beat, Key(tonic, Mode(mode))) for beat, tonic, mode in data["keys"]),
        params=tuple((time_s, decode_params(params)) for time_s, params in data["params"]),
        markers=tuple((time_s, text) for time_s, text in data["markers"]),
        sections=tuple((beat, name) for beat, name in data["sections"]),
    )


def decode_note(values: list[Any]) -> Note:
    """Return the note whose fields come in order, as `dataclasses.astuple` gives them.

    Parameters
    ----------
    values
        Six values: id, beat, beats, pitch, velocity, layer's name.

    Returns
    -------
    Note
        The note.

    Raises
    ------
    ValueError
        For another number of values or an unknown layer.
    """
    note_id, beat, beats, pitch, velocity, layer = values
    return Note(note_id, beat, beats, pitch, velocity, Layer(layer))


def encode_params(params: MusicParams) -> dict[str, Any]:
    """Return the parameters as JSON values.

    Parameters
    ----------
    params
        A value for each field.

    Returns
    -------
    dict[str, Any]
        By the names of the fields; the key as an object of tonic and mode.
    """
    return asdict(params)


def decode_params(data: dict[str, Any]) -> MusicParams:
    """Return the parameters that `encode_params` made JSON values of.

    Parameters
    ----------
    data
        What `encode_params` made.

    Returns
    -------
    MusicParams
        Equal parameters.

    Raises
    ------
    KeyError
        Without key or layers.
    ValueError
        For an unknown mode or layer, or a tonic that is no pitch class.
    """
    key = Key(data["key"]["tonic"], Mode(data["key"]["mode"]))
    layers = tuple(Layer(layer) for layer in data["layers"])
    return MusicParams(**{**data, "key": key, "layers": layers})
