"""The child process that renders a score to WAV or FLAC as fast as it can.

`synth.outputs.wav` starts it. The request on its wire is an object of `path`, `format`, `volume`,
`rate_hz`, `tail_s`, `score` and `soundfont`, which is null or an object of `path` and `map`; each
line that goes back is an object with `progress` (0 to 1), `stats` or `error`.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from synth.breath import gains
from synth.errors import OutputUnavailable, SynthError
from synth.instruments import pyo_library
from synth.instruments.loudness import Loudness, true_peak
from synth.instruments.orchestra import LATENCY_SAMPLES, SWELL_AHEAD_S, Orchestra
from synth.instruments.sequencer import Sequencer, Swell
from synth.output import NoteOff, NoteOn
from synth.outputs.midi_map import MidiMap
from synth.score import Score, decode_score
from synth.wire import ChildEnd

__all__ = ["main", "play"]

_BLOCK = 256
_BLOCKS_A_CHUNK = 375  # 2 s at 48 kHz
_FADE_IN_S = 4.0
_QUIET_START = 0.25
_TARGET_LUFS = -17.0
_PEAK = 10.0 ** (-1.1 / 20.0)  # 0.1 dB for what rounding to 16 bits and resampling may add
_MOST_GAIN = 10.0  # a nearly silent piece stays quiet

_Samples = NDArray[np.float32]
_Progress = Callable[[float], None]
_Put = Callable[[NDArray[np.int16]], object]


def main() -> int:
    """Render the request on the wire; return the exit code.

    Returns
    -------
    int
        0 when an answer was sent, be it an error; 1 when nobody waits for it.
    """
    with ChildEnd() as wire:
        answer: dict[str, Any]
        try:
            answer = {"stats": _answer(json.loads(b"".join(wire.lines())), wire)}
        except SynthError as error:
            answer = {"error": str(error), "hint": error.hint}
        except ConnectionError:
            return 1  # nobody waits for it any more
        except OSError as error:
            answer = {"error": f"cannot write: {error.strerror}", "hint": "Is the disk full?"}
        wire.say(_line(answer))
    return 0


def _answer(request: dict[str, Any], wire: ChildEnd) -> dict[str, float]:
    return _render(
        Path(request["path"]),
        decode_score(request["score"]),
        request["volume"],
        request["rate_hz"],
        request["tail_s"],
        request["format"],
        lambda share: wire.say(_line({"progress": share})),
        request["soundfont"],
    )


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _render(
    path: Path,
    score: Score,
    volume: float,
    rate_hz: int,
    tail_s: float,
    kind: str,
    progress: _Progress,
    soundfont: dict[str, Any] | None,
) -> dict[str, float]:
    loudness, peak = Loudness(rate_hz), 0.0
    end = math.ceil((score.end_s + tail_s) * rate_hz)
    with tempfile.TemporaryFile(dir=path.parent, buffering=1 << 20) as raw:
        done = 0
        for samples in _played(score, rate_hz, end, soundfont):
            loudness.feed(samples)
            peak = max(peak, true_peak(samples))
            raw.write(samples.tobytes())
            done += len(samples)
            progress(0.95 * done / end)
        lufs = loudness.read()
        gain = _gain(lufs, peak)
        raw.seek(0)
        with _flac(path, rate_hz) if kind == "flac" else _wave(path, rate_hz) as put:
            _write(put, raw, score, rate_hz, tail_s, gain * volume)
    progress(1.0)
    return {
        "seconds": end / rate_hz,
        "loudness_lufs": lufs + 20.0 * math.log10(gain) if math.isfinite(lufs) else -120.0,
        "true_peak_dbfs": 20.0 * math.log10(max(1e-6, peak * gain)),
    }


def _gain(lufs: float, peak: float) -> float:
    """Return what brings the piece to its loudness without clipping."""
    if not math.isfinite(lufs) or peak == 0.0:
        return 1.0
    wanted = math.pow(10.0, (_TARGET_LUFS - lufs) / 20.0)
    return min(wanted, _PEAK / peak, _MOST_GAIN)


def _played(
    score: Score, rate_hz: int, end: int, soundfont: dict[str, Any] | None
) -> Iterator[_Samples]:
    if soundfont is None:
        return play(score, rate_hz, end)
    from synth.outputs.soundfont import play as play_soundfont

    midi_map = MidiMap.decode(soundfont["map"])
    return play_soundfont(score, rate_hz, end, soundfont["path"], midi_map)


def play(score: Score, rate_hz: int, end: int) -> Iterator[_Samples]:
    """Yield `end` samples of the piece in chunks of shape (n, 2), before gain and fades.

    Parameters
    ----------
    score
        A piece as it was played.
    rate_hz
        Samples a second.
    end
        In samples.

    Yields
    ------
    _Samples
        Left and right, 32-bit, full scale at 1.

    Raises
    ------
    OutputUnavailable
        Where pyo is missing.
    """
    pyo = pyo_library.load()
    pyo_library.flush()
    server = pyo.Server(sr=rate_hz, nchnls=2, buffersize=_BLOCK, duplex=0, audio="manual")
    server.verbosity = 0
    server.deactivateMidi()
    server.boot()
    server.setGlobalSeed(1)
    sound = next((params.sound for _, params in score.params), "")
    orchestra = Orchestra(pyo, rate_hz, {note.layer for note in score.notes}, sound)
    chunk = _BLOCK * _BLOCKS_A_CHUNK
    table = pyo.DataTable(chunk, chnls=2)
    recorder = pyo.TableFill(orchestra.stereo, table)
    server.start()
    sides = [np.asarray(table.getBuffer(side)) for side in range(2)]
    sequencer = _sequence(score, orchestra, rate_hz)
    done = -LATENCY_SAMPLES
    while done < end:
        for _ in range(_BLOCKS_A_CHUNK):
            sequencer.block(_BLOCK)
            server.process()
        samples = np.stack(sides, axis=1).astype(np.float32)
        samples = samples[max(0, -done) : end - done]
        done += chunk
        yield samples
    recorder.stop()
    server.stop()


def _sequence(score: Score, orchestra: Orchestra, rate_hz: int) -> Sequencer:
    sequencer = Sequencer(orchestra)
    for time_s, params in score.params:
        sequencer.add(round(time_s * rate_hz), params)
    for time_s, loud in gains(score.tempo_map, score.params, score.end_s):
        sequencer.add(round((time_s - SWELL_AHEAD_S) * rate_hz), Swell(loud))
    for note in score.notes:
        on_s = score.tempo_map.time_at(note.beat)
        off_s = score.tempo_map.time_at(note.beat + note.beats)
        on = NoteOn(note.id, note.layer, note.pitch, note.velocity)
        sequencer.add(round(on_s * rate_hz), on)
        sequencer.add(round(off_s * rate_hz), NoteOff(note.id, note.layer, note.pitch))
    return sequencer


@contextmanager
def _wave(path: Path, rate_hz: int) -> Iterator[_Put]:
    with path.open("wb") as stream, wave.open(stream, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        yield lambda samples: file.writeframesraw(samples.astype("<i2").tobytes())


@contextmanager
def _flac(path: Path, rate_hz: int) -> Iterator[_Put]:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise OutputUnavailable(
            f"FLAC cannot be written here: {error}",
            hint="pip install 'biofeedback[flac]', or render a .wav file.",
        ) from error
    with soundfile.SoundFile(path, "w", rate_hz, 2, "PCM_16", format="FLAC") as file:
        yield file.write


def _write(
    put: _Put, raw: IO[bytes], score: Score, rate_hz: int, tail_s: float, gain: float
) -> None:
    """Write 16 bits with triangular dither, and the fades at both ends."""
    rng = np.random.default_rng(1)
    first_s = min((score.tempo_map.time_at(note.beat) for note in score.notes), default=0.0)
    first = max(0.0, first_s * rate_hz)
    last = score.end_s * rate_hz
    done = 0
    while data := raw.read(_BLOCK * _BLOCKS_A_CHUNK * 8):
        samples = np.frombuffer(data, dtype=np.float32).reshape(-1, 2)
        at = np.arange(done, done + len(samples), dtype=np.float64)
        rise = np.clip((at - first) / (_FADE_IN_S * rate_hz), 0.0, 1.0)
        fall = np.clip((at - last) / (tail_s * rate_hz), 0.0, 1.0)
        envelope = (_QUIET_START + (1.0 - _QUIET_START) * np.sin(0.5 * np.pi * rise) ** 2) * (
            np.cos(0.5 * np.pi * fall) ** 2
        )
        loud = samples * (gain * 32768.0 * envelope[:, None]).astype(np.float32)
        dither = rng.random(loud.shape, np.float32) - rng.random(loud.shape, np.float32)
        put(np.clip(np.rint(loud + dither), -32768, 32767).astype(np.int16))
        done += len(samples)


if __name__ == "__main__":
    sys.exit(main())
