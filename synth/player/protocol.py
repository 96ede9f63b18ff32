"""What a session and its player process say to each other: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from typing import Any

from synth.events import Cancel, Note
from synth.outputs.midi_map import MidiMap
from synth.params import MusicParams
from synth.score import encode_params
from synth.tempo_map import TempoSegment

__all__ = [
    "LineReader",
    "cancel",
    "line",
    "notes",
    "open_output",
    "params",
    "signals",
    "tempo",
    "volume",
]

_LONGEST_LINE = 16 * 1024 * 1024


def line(kind: str, **fields: Any) -> bytes:
    """Return a message as a line.

    Parameters
    ----------
    kind
        What is said.
    **fields
        JSON values that belong to it.

    Returns
    -------
    bytes
        Compact JSON and a line end.
    """
    return json.dumps({"kind": kind, **fields}, separators=(",", ":")).encode() + b"\n"


def open_output(uri: str, t0_s: float, midi_map: MidiMap | None = None, made_by: str = "") -> bytes:
    """Ask to open an output; session time is the monotonic clock less `t0_s`.

    Parameters
    ----------
    uri
        The output as a user writes it, such as `midi:PORT NAME`.
    t0_s
        The monotonic clock at session time 0, in s.
    midi_map
        Which channels and controllers carry the layers; General MIDI when it is None.
    made_by
        The "module:attribute" that makes an output of a kind that is not built in.

    Returns
    -------
    bytes
        A message of kind "open".
    """
    encoded = midi_map.encode() if midi_map else None
    return line("open", uri=uri, t0_s=t0_s, map=encoded, made_by=made_by)


def tempo(segment: TempoSegment) -> bytes:
    """Tell that the music moves as `segment` says from its time on.

    Parameters
    ----------
    segment
        From its time on.

    Returns
    -------
    bytes
        A message of kind "tempo".
    """
    return line("tempo", segment=astuple(segment))


def notes(batch: Iterable[Note]) -> bytes:
    """Queue notes.

    Parameters
    ----------
    batch
        In any order.

    Returns
    -------
    bytes
        A message of kind "notes".
    """
    return line("notes", notes=[astuple(note) for note in batch])


def cancel(event: Cancel) -> bytes:
    """Withdraw notes.

    Parameters
    ----------
    event
        From which beat on.

    Returns
    -------
    bytes
        A message of kind "cancel".
    """
    return line("cancel", from_beat=event.from_beat)


def params(value: MusicParams) -> bytes:
    """Set the colour of the music.

    Parameters
    ----------
    value
        The colour.

    Returns
    -------
    bytes
        A message of kind "params".
    """
    return line("params", params=encode_params(value))


def volume(gain: float) -> bytes:
    """Set the loudness, 0 to 1.

    Parameters
    ----------
    gain
        0 silent to 1 full.

    Returns
    -------
    bytes
        A message of kind "volume".
    """
    return line("volume", gain=gain)


def signals(values: Mapping[str, float]) -> bytes:
    """Pass on named values from outside the music.

    Parameters
    ----------
    values
        By name.

    Returns
    -------
    bytes
        A message of kind "signals".
    """
    return line("signals", values=dict(values))


class LineReader:
    """Bytes in pieces become messages, one at a time; a broken line is counted and left out.

    Attributes
    ----------
    broken
        How many lines were left out, or were longer than 16 MiB.
    """

    def __init__(self) -> None:
        self._rest = b""
        self.broken = 0

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Return the messages that `data` completes.

        Parameters
        ----------
        data
            The next bytes, in pieces of any size.

        Returns
        -------
        list[dict[str, Any]]
            Objects with a "kind", in order.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            self._rest = b""
            self.broken += 1
        messages = []
        for text in lines:
            try:
                message = json.loads(text)
                message["kind"]
            except (ValueError, TypeError, KeyError):
                self.broken += 1
            else:
                messages.append(message)
        return messages
