"""A score as JSON, to hand it to another process."""

from __future__ import annotations

import json
from dataclasses import asdict, astuple
from typing import Any

from synth.events import Note
from synth.params import Key, Layer, Mode, MusicParams
from synth.score import Score
from synth.tempo_map import TempoMap, TempoSegment

__all__ = ["decode", "decode_note", "decode_params", "encode", "encode_params"]


def encode(score: Score) -> str:
    """Return JSON on one line from which `decode` makes an equal score."""
    return json.dumps(
        {
            "notes": [astuple(note) for note in score.notes],
            "tempo": [astuple(segment) for segment in score.tempo_map.segments],
            "keys": [(beat, key.tonic, key.mode) for beat, key in score.keys],
            "params": [(time_s, encode_params(params)) for time_s, params in score.params],
            "markers": score.markers,
        }
    )


def decode(text: str | bytes) -> Score:
    """Return the score that `encode` made JSON of."""
    data = json.loads(text)
    return Score(
        notes=tuple(decode_note(note) for note in data["notes"]),
        tempo_map=TempoMap(tuple(TempoSegment(*segment) for segment in data["tempo"])),
        keys=tuple((beat, Key(tonic, Mode(mode))) for beat, tonic, mode in data["keys"]),
        params=tuple((time_s, decode_params(params)) for time_s, params in data["params"]),
        markers=tuple((time_s, text) for time_s, text in data["markers"]),
    )


def decode_note(values: list[Any]) -> Note:
    """Return the note whose fields come in order, as `dataclasses.astuple` gives them."""
    note_id, beat, beats, pitch, velocity, layer = values
    return Note(note_id, beat, beats, pitch, velocity, Layer(layer))


def encode_params(params: MusicParams) -> dict[str, Any]:
    """Return the parameters as JSON values."""
    return asdict(params)


def decode_params(data: dict[str, Any]) -> MusicParams:
    """Return the parameters that `encode_params` made JSON values of."""
    key = Key(data["key"]["tonic"], Mode(data["key"]["mode"]))
    layers = tuple(Layer(layer) for layer in data["layers"])
    return MusicParams(**{**data, "key": key, "layers": layers})
