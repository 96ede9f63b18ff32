"""Values of the session as lines of the log, and inputs back from their lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace

import msgspec
import numpy as np

from biofeedback.control.base import Decision
from biofeedback.engine.events import Derived, WindowRequest
from biofeedback.engine.inputs import BarRequest, Command, ExternalClock, Input, Tick
from biofeedback.group.subjects import SubjectEvent
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.scr import Scr
from biofeedback.metrics.windowed import WindowResult
from biofeedback.record import lines
from biofeedback.record.checksum import sealed
from biofeedback.record.even_times import even_times, spread
from biofeedback.state.estimator import State
from sensors.base import SensorStatus
from sensors.signals import UNITS, Chunk, FloatArray, Gap, Signal
from synth.events import Bar, Cancel
from synth.params import Key, Layer, MusicParams
from synth.tempo_map import TempoSegment

__all__ = [
    "derived_lines",
    "device_times",
    "encode",
    "encoded",
    "input_line",
    "input_of",
    "params_item",
    "params_of",
]

_ENCODER = msgspec.json.Encoder()
_PARAMS = tuple(field.name for field in fields(MusicParams))


def encode(line: lines.Line) -> bytes:
    """Return a line as JSON, without its line break; one that is not derived is sealed.

    Parameters
    ----------
    line
        Any kind of line.

    Returns
    -------
    bytes
        JSON; the checksum is its last field.
    """
    data = _ENCODER.encode(line)
    return data if isinstance(line, lines.DERIVED) else sealed(data)


def input_line(seq: int, t: float, item: Input, window: WindowRequest | None = None) -> lines.Line:
    """Return the line of an input; a worker result needs the request that it answers.

    Parameters
    ----------
    seq
        Its number, from 0.
    t
        Session time in s at which it came to be.
    item
        What came into the core.
    window
        The request that a worker result answers; None for all else.

    Returns
    -------
    lines.Line
        One line.
    """
    match item:
        case Chunk():
            return _chunk_line(seq, t, item)
        case Gap():
            return lines.GapLine(
                t=t, seq=seq, source=item.source, signal=item.signal.value,
                start=item.start_s, end=item.end_s, reason=item.reason,
            )  # fmt: skip
        case SensorStatus():
            return lines.StatusLine(
                t=t, seq=seq, source=item.source, state=item.state, contact=item.contact,
                battery_percent=item.battery_percent, detail=item.detail,
                drift_ppm=item.drift_ppm, bad=dict(item.bad), wish=item.wish,
            )  # fmt: skip
        case Tick():
            return lines.TickLine(t=t, seq=seq, index=item.index)
        case BarRequest():
            return lines.BarLine(t=t, seq=seq, index=item.index, beat=item.beat)
        case Command():
            return lines.CommandLine(
                t=t, seq=seq, who=item.who, what=item.what, value=item.value, time=item.time_s
            )
        case ExternalClock():
            return lines.ExternalClockLine(
                t=t, seq=seq, time=item.time_s, beat=item.beat, bpm=item.bpm, state=item.state
            )
        case WindowResult():
            assert window is not None
            return lines.WorkerLine(
                t=t, seq=seq, from_seq=window.from_seq, to_seq=window.to_seq,
                result=msgspec.Raw(_ENCODER.encode(item)),
            )  # fmt: skip


def input_of(line: lines.Line) -> Input | None:
    """Return the input that a line holds, None for lines of other kinds.

    Parameters
    ----------
    line
        Any kind of line.

    Returns
    -------
    Input | None
        Equal to what `input_line` was given.

    Raises
    ------
    msgspec.ValidationError
        For a value that is none of the choices there are.
    ValueError
        For samples of an unknown signal.
    """
    match line:
        case lines.ChunkLine():
            return _chunk_of(line)
        case lines.GapLine():
            return msgspec.convert(
                {
                    "signal": line.signal, "source": line.source, "start_s": line.start,
                    "end_s": line.end, "reason": line.reason,
                },
                Gap,
            )  # fmt: skip
        case lines.StatusLine():
            return msgspec.convert(
                {
                    "source": line.source, "time_s": line.t, "state": line.state,
                    "battery_percent": line.battery_percent, "contact": line.contact,
                    "detail": line.detail, "drift_ppm": line.drift_ppm, "bad": line.bad,
                    "wish": line.wish,
                },
                SensorStatus,
            )  # fmt: skip
        case lines.TickLine():
            return Tick(line.index)
        case lines.BarLine():
            return BarRequest(line.index, line.beat)
        case lines.ExternalClockLine():
            return msgspec.convert(
                {"time_s": line.time, "beat": line.beat, "bpm": line.bpm, "state": line.state},
                ExternalClock,
            )
        case lines.CommandLine():
            return msgspec.convert(
                {"who": line.who, "what": line.what, "value": line.value}, Command
            )
        case lines.WorkerLine():
            return msgspec.json.decode(line.result, type=WindowResult)
        case _:
            return None


def encoded(seq: int, t: float, derived: Sequence[Derived]) -> list[bytes]:
    """Return the lines of derived values as JSON, numbered from `seq` on, without line breaks."""
    found: list[bytes] = []
    for item in derived:
        found += [_ENCODER.encode(line) for line in derived_lines(seq + len(found), t, item)]
    return found


def derived_lines(seq: int, t: float, item: Derived) -> list[lines.Line]:
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
    list[lines.Line]
        One line, or for a bar one and its notes.
    """
    match item:
        case Bar():
            return _bar_lines(seq, t, item)
        case SubjectEvent():
            return [
                msgspec.structs.replace(line, wearer=item.wearer)
                for line in derived_lines(seq, t, item.item)
            ]
        case Beat():
            return [
                lines.BeatLine(
                    t=t, seq=seq, time=item.time_s, rr_ms=item.rr_ms, verdict=item.verdict,
                    nn=item.is_nn,
                )
            ]  # fmt: skip
        case Scr():
            return [
                lines.ScrLine(
                    t=t,
                    seq=seq,
                    time=item.onset_s,
                    peak=item.peak_s,
                    amplitude_us=item.amplitude_us,
                )
            ]
        case tuple():
            return [lines.ReadingLine(t=t, seq=seq, readings=[_reading(r) for r in item])]
        case WindowRequest():
            return [
                lines.WindowLine(
                    t=t, seq=seq, start=item.window.start_s, end=item.window.end_s,
                    from_seq=item.from_seq, to_seq=item.to_seq,
                )
            ]  # fmt: skip
        case State():
            return [
                lines.StateLine(
                    t=t, seq=seq, arousal=item.arousal, low=item.low, high=item.high,
                    confidence=item.confidence, phase=item.phase,
                    breaths_per_minute=item.breaths_per_minute, contributions=item.contributions,
                )
            ]  # fmt: skip
        case Decision():
            return [
                lines.DecisionLine(
                    t=t, seq=seq, strategy=item.strategy, setpoint=item.setpoint,
                    params=params_item(item.params), why=item.why, numbers=item.numbers,
                    cause=item.cause, phase=item.phase,
                )
            ]  # fmt: skip
        case TempoSegment():
            return [lines.TempoLine(t=t, seq=seq, time=item.time_s, beat=item.beat, bpm=item.bpm)]
        case Cancel():
            return [lines.CancelLine(t=t, seq=seq, from_beat=item.from_beat)]


def params_item(params: MusicParams) -> lines.ParamsItem:
    """Return the music's parameters as a decision line holds them.

    Parameters
    ----------
    params
        As the core decided them.

    Returns
    -------
    lines.ParamsItem
        A list in JSON.
    """
    values = {name: getattr(params, name) for name in _PARAMS}
    layers = [layer.value for layer in params.layers]
    return lines.ParamsItem(**values | {"key": str(params.key), "layers": layers})


def params_of(item: lines.ParamsItem) -> MusicParams:
    """Return the parameters that a decision line holds.

    Parameters
    ----------
    item
        As a decision line holds them.

    Returns
    -------
    MusicParams
        Equal to what `params_item` was given.

    Raises
    ------
    ValueError
        For an unknown key or layer.
    """
    values = {name: getattr(item, name) for name in _PARAMS}
    values |= {"key": Key.parse(item.key), "layers": tuple(Layer(name) for name in item.layers)}
    return MusicParams(**values)


def _reading(reading: Reading) -> lines.ReadingItem:
    return lines.ReadingItem(
        reading.name, reading.value, reading.unit, reading.window_s, reading.time_s,
        reading.quality, reading.coverage,
    )  # fmt: skip


def _bar_lines(seq: int, t: float, bar: Bar) -> list[lines.Line]:
    music = lines.MusicLine(
        t=t, seq=seq, index=bar.index, beat=bar.beat, beats=bar.beats, key=str(bar.key),
        chords=list(bar.chords), section=bar.section, phrase_start=bar.phrase_start,
    )  # fmt: skip
    notes = [
        lines.NoteLine(
            t=t, seq=seq + place, id=note.id, beat=note.beat, beats=note.beats, pitch=note.pitch,
            velocity=note.velocity, layer=note.layer.value,
        )
        for place, note in enumerate(bar.notes, 1)
    ]  # fmt: skip
    return [music, *notes]


def _chunk_line(seq: int, t: float, chunk: Chunk) -> lines.ChunkLine:
    values = chunk.values if chunk.values.shape[1] > 1 else chunk.values[:, 0]
    device = chunk.device_times_s
    even = None if device is None else _even(device)
    regular = chunk.rate_hz is not None and len(chunk) > 0
    return lines.ChunkLine(
        t=t, seq=seq, source=chunk.source, signal=chunk.signal.value, unit=UNITS[chunk.signal],
        values=values.tolist(),
        t0=float(chunk.times_s[0]) if regular else None,
        rate_hz=chunk.rate_hz if regular else None,
        times=None if regular else chunk.times_s.tolist(),
        device_times=None if device is None or even else device.tolist(),
        device_last=even[0] if even else None,
        device_step=even[1] if even else None,
    )  # fmt: skip


def _even(times_s: FloatArray) -> tuple[float, float] | None:
    """Return what gives exactly these times back, None when only they themselves do."""
    even = even_times(times_s)
    return even if even and np.array_equal(spread(*even, len(times_s)), times_s) else None


def _chunk_of(line: lines.ChunkLine) -> Chunk:
    signal, values = Signal(line.signal), _floats(line.values)
    device = device_times(line)
    if line.t0 is not None and line.rate_hz is not None:
        chunk = Chunk.regular(signal, line.source, line.t0, line.rate_hz, values)
        return replace(chunk, device_times_s=device)
    return Chunk.events(signal, line.source, line.times or [], values, device)


def device_times(line: lines.ChunkLine) -> FloatArray | None:
    """Return when the device took the samples of a line, by its own clock, if it has one.

    Parameters
    ----------
    line
        Samples.

    Returns
    -------
    FloatArray | None
        In s, shape (n,); None where the device has no clock.
    """
    if line.device_last is not None and line.device_step is not None:
        return spread(line.device_last, line.device_step, len(line.values))
    return None if line.device_times is None else np.array(line.device_times, dtype=np.float64)


def _floats(values: list[float | list[float | None] | None]) -> FloatArray:
    return np.array(
        [
            [math.nan if v is None else v for v in row] if isinstance(row, list)
            else math.nan if row is None else row
            for row in values
        ],
        dtype=np.float64,
    )  # fmt: skip
