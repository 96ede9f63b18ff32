"""What comes into the core as lines of the log, and back from them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from biofeedback.engine.events import WindowRequest
from biofeedback.engine.inputs import BarRequest, Command, CommandName, ExternalClock, Input, Tick
from biofeedback.metrics.windowed import WindowResult
from biofeedback.record.even_times import even_times, spread
from biofeedback.record.line import Beat, Count, LogLine, Number, Share, Time
from sensors.base import LinkState, SensorStatus
from sensors.signals import UNITS, Chunk, FloatArray, Gap, GapReason, Signal

__all__ = [
    "BarLine",
    "ChunkLine",
    "CommandLine",
    "ExternalClockLine",
    "GapLine",
    "InputLine",
    "StatusLine",
    "TickLine",
    "WorkerLine",
    "device_times",
    "input_line",
    "input_of",
]

_ENCODER = msgspec.json.Encoder()


class ChunkLine(LogLine, frozen=True, tag="chunk", omit_defaults=True):
    """Input: samples. Regular ones have `t0` and `rate_hz`, events have `times`.

    Of n even device times, number i is device_last - (n - 1 - i) * device_step.
    """

    source: str  #: the sensor's name
    signal: Signal  #: what is measured
    unit: str  #: of the values
    #: a number a sample, or a list of them, one a channel; null for NaN
    values: list[Number | list[Number | None] | None]
    t0: Time | None = None
    rate_hz: Annotated[float, Meta(gt=0.0, le=1e6)] | None = None
    times: list[Time] | None = None
    device_times: list[Number] | None = None  #: the device's own, in s
    device_last: Number | None = None
    device_step: Number | None = None


class GapLine(LogLine, frozen=True, tag="gap"):
    """Input: a stretch without trustworthy samples."""

    source: str  #: the sensor's name
    signal: Signal  #: what is missing
    start: Time  #: session time in s
    end: Time  #: session time in s
    reason: GapReason  #: why


class StatusLine(LogLine, frozen=True, tag="status", omit_defaults=True):
    """Input: a sensor's link, battery, contact, clock or count of bad input changed."""

    source: str  #: the sensor's name
    state: LinkState  #: of the link
    battery_percent: int | None  #: None where it did not say
    contact: bool | None  #: with the skin; None where it cannot tell
    detail: str  #: a sentence for the wearer, or empty
    drift_ppm: Number | None = None  #: how fast its clock is; None until known
    #: how much bad input came so far, by kind
    bad: dict[str, int] = msgspec.field(default_factory=dict)
    wish: str = ""  #: what was asked for, where the device answers under another name
    #: what doubted signals are worth, 0 to 1 by name; those that are missing count in full
    trust: dict[str, Share] = msgspec.field(default_factory=dict)
    profile: str = ""  #: that decodes its packets: its name and a digest, parted by a space


class TickLine(LogLine, frozen=True, tag="tick"):
    """Input: the strategy's tick; it stands for session time index / 2 s."""

    index: Count


class WorkerLine(LogLine, frozen=True, tag="worker"):
    """Input: what the worker process computed from the inputs from_seq .. to_seq."""

    from_seq: Count
    to_seq: Count
    result: msgspec.Raw  #: what `windowed.compute` gave, as JSON


class CommandLine(LogLine, frozen=True, tag="command", omit_defaults=True):
    """Input: what a person asked for; markers are commands too.

    `time` is when it happened, where its sender's clock says that; `at` is the better of the two.
    """

    who: str  #: who asked: a key, a page and the like
    what: CommandName  #: the command
    value: str  #: its argument, as text
    time: Time | None = None

    @property
    def at(self) -> float:
        """Session time in s at which it happened, as far as it is known."""
        return self.t if self.time is None else self.time


class BarLine(LogLine, frozen=True, tag="bar"):
    """Input: the player needs bar `index`, from `beat` on."""

    index: Count
    beat: Beat


class ExternalClockLine(LogLine, frozen=True, tag="external_clock"):
    """Input: another device's clock stands at `beat` at `time` and moves at `bpm`."""

    time: Time
    beat: Number
    bpm: Annotated[float, Meta(ge=0.0, le=1e4)]
    state: Literal["running", "stopped", "lost"]  #: of the other clock


InputLine = (
    ChunkLine
    | GapLine
    | StatusLine
    | TickLine
    | WorkerLine
    | CommandLine
    | BarLine
    | ExternalClockLine
)


def input_line(seq: int, t: float, item: Input, window: WindowRequest | None = None) -> InputLine:
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
    InputLine
        One line.
    """
    match item:
        case Chunk():
            return _chunk_line(seq, t, item)
        case Gap():
            return GapLine(
                t=t, seq=seq, source=item.source, signal=item.signal,
                start=item.start_s, end=item.end_s, reason=item.reason,
            )  # fmt: skip
        case SensorStatus():
            return StatusLine(
                t=t, seq=seq, source=item.source, state=item.state, contact=item.contact,
                battery_percent=item.battery_percent, detail=item.detail,
                drift_ppm=item.drift_ppm, bad=dict(item.bad), wish=item.wish,
                trust=dict(item.trust), profile=item.profile,
            )  # fmt: skip
        case Tick():
            return TickLine(t=t, seq=seq, index=item.index)
        case BarRequest():
            return BarLine(t=t, seq=seq, index=item.index, beat=item.beat)
        case Command():
            return CommandLine(
                t=t, seq=seq, who=item.who, what=item.what, value=item.value, time=item.time_s
            )
        case ExternalClock():
            return ExternalClockLine(
                t=t, seq=seq, time=item.time_s, beat=item.beat, bpm=item.bpm, state=item.state
            )
        case WindowResult():
            assert window is not None
            return WorkerLine(
                t=t, seq=seq, from_seq=window.from_seq, to_seq=window.to_seq,
                result=msgspec.Raw(_ENCODER.encode(item)),
            )  # fmt: skip


def input_of(line: LogLine) -> Input | None:
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
        case ChunkLine():
            return _chunk_of(line)
        case GapLine():
            return msgspec.convert(
                {
                    "signal": line.signal, "source": line.source, "start_s": line.start,
                    "end_s": line.end, "reason": line.reason,
                },
                Gap,
            )  # fmt: skip
        case StatusLine():
            return msgspec.convert(
                {
                    "source": line.source, "time_s": line.t, "state": line.state,
                    "battery_percent": line.battery_percent, "contact": line.contact,
                    "detail": line.detail, "drift_ppm": line.drift_ppm, "bad": line.bad,
                    "wish": line.wish, "trust": line.trust, "profile": line.profile,
                },
                SensorStatus,
            )  # fmt: skip
        case TickLine():
            return Tick(line.index)
        case BarLine():
            return BarRequest(line.index, line.beat)
        case ExternalClockLine():
            return msgspec.convert(
                {"time_s": line.time, "beat": line.beat, "bpm": line.bpm, "state": line.state},
                ExternalClock,
            )
        case CommandLine():
            return msgspec.convert(
                {"who": line.who, "what": line.what, "value": line.value}, Command
            )
        case WorkerLine():
            return msgspec.json.decode(line.result, type=WindowResult)
        case _:
            return None


def _chunk_line(seq: int, t: float, chunk: Chunk) -> ChunkLine:
    values = chunk.values if chunk.values.shape[1] > 1 else chunk.values[:, 0]
    device = chunk.device_times_s
    even = None if device is None else _even(device)
    regular = chunk.rate_hz is not None and chunk.times_s.size > 0
    return ChunkLine(
        t=t, seq=seq, source=chunk.source, signal=chunk.signal, unit=UNITS[chunk.signal],
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


def _chunk_of(line: ChunkLine) -> Chunk:
    signal, values = line.signal, _floats(line.values)
    device = device_times(line)
    if line.t0 is not None and line.rate_hz is not None:
        chunk = Chunk.regular(signal, line.source, line.t0, line.rate_hz, values)
        return replace(chunk, device_times_s=device)
    return Chunk.events(signal, line.source, line.times or [], values, device)


def device_times(line: ChunkLine) -> FloatArray | None:
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
