"""A score becomes a sound file, WAV or FLAC, rendered in a process of its own."""

from __future__ import annotations

import json
import math
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth import wire
from synth.errors import RenderError
from synth.outputs.files import replacing
from synth.outputs.midi_map import MidiMap
from synth.score import Score, encode_score

__all__ = ["SAMPLE_RATE_HZ", "RenderStats", "render"]

SAMPLE_RATE_HZ = 48_000
_TAIL_S = 5.0
_BYTES_A_FRAME = 4
_LARGEST_BYTES = 2**32 - 1 - 64  # the sizes in a WAV header have 32 bits


@dataclass(frozen=True, slots=True)
class RenderStats:
    """What was written: its length, integrated loudness and true peak, at volume 1."""

    seconds: float  #: length
    loudness_lufs: float  #: integrated; -inf for silence
    true_peak_dbfs: float  #: 0 is full scale


def render(
    path: Path,
    score: Score,
    *,
    volume: float = 1.0,
    rate_hz: int = SAMPLE_RATE_HZ,
    soundfont: Path | None = None,
    midi_map: MidiMap | None = None,
    progress: Callable[[float], None] | None = None,
) -> RenderStats:
    """Write `score` to `path`, .wav or .flac, as 16-bit stereo; return its sound in numbers.

    Blocks until done, many times faster than the music lasts. The file appears complete or not at
    all.

    Parameters
    ----------
    path
        .flac for FLAC, anything else is WAV.
    score
        A piece as it was played.
    volume
        0 to 1, where 1 means -17 LUFS or a true peak of -1 dBFS, whichever is quieter.
    rate_hz
        Samples a second.
    soundfont
        A .sf2 or .sf3 file that sounds in place of our instruments.
    midi_map
        Channels and programs for the soundfont; General MIDI when it is None.
    progress
        Called now and then with 0 to 1.

    Returns
    -------
    RenderStats
        Its sound in numbers.

    Raises
    ------
    RenderError
        When it cannot be written, as where the library for FLAC or for sound is missing, or
        when a WAV file would pass 4 GiB.
    """
    seconds = score.end_s + _TAIL_S
    kind = "flac" if path.suffix.lower() == ".flac" else "wav"
    if kind == "wav" and math.ceil(seconds * rate_hz) * _BYTES_A_FRAME > _LARGEST_BYTES:
        raise RenderError(
            f"{seconds / 3600:.1f} h of sound would pass the 4 GiB that a WAV file can hold",
            hint="Render it as .flac, or as a MIDI file.",
        )
    with replacing(path) as partial:
        partial.touch()  # fail here, where the error is clear, when the folder cannot be written
        request = {
            "path": os.fspath(partial),
            "format": kind,
            "volume": min(1.0, max(0.0, volume)),
            "rate_hz": rate_hz,
            "tail_s": _TAIL_S,
            "score": encode_score(score),
            "soundfont": _soundfont(soundfont, midi_map or MidiMap()),
        }
        return _run(json.dumps(request), progress)


def _soundfont(path: Path | None, midi_map: MidiMap) -> dict[str, Any] | None:
    return {"path": os.fspath(path), "map": midi_map.encode()} if path else None


def _run(request: str, progress: Callable[[float], None] | None) -> RenderStats:
    child, ours = wire.start(sys.executable, "-P", "-m", "synth.outputs.offline")
    with child, ours, ours.makefile("rb") as answers:
        try:
            ours.sendall(request.encode())
            ours.shutdown(socket.SHUT_WR)
            for line in answers:
                message = json.loads(line)
                if "progress" in message and progress is not None:
                    progress(message["progress"])
                elif "error" in message:
                    raise RenderError(message["error"], hint=message["hint"])
                elif "stats" in message:
                    return RenderStats(**message["stats"])
        except ConnectionError:
            pass  # it has gone, as is told below
        finally:
            child.kill()
    raise RenderError(
        f"the renderer ended with code {child.returncode} before its time",
        hint="Run it again; if that fails too, please report it with the session folder.",
    )
