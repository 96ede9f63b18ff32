"""A session's log as a recording: what its sensors sent, played again as if they were worn now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from biofeedback.common.errors import LogError
from biofeedback.record import lines
from biofeedback.record.inputs import input_of
from biofeedback.record.neutral import neutral
from biofeedback.record.reader import read
from sensors.base import Clock, Sample, SampleStream, SensorStatus, sleep_until
from sensors.signals import Chunk, Gap

__all__ = ["LoggedInputs", "logged_inputs", "play"]


#: A virtual clock counts whole nanoseconds; its timers, within one, are in order.
_ORDER_S = 0.4e-9


@dataclass(frozen=True, slots=True)
class LoggedInputs:
    """What came into a session, up to the moment when it was told to stop.

    `samples` are (time of arrival in s, sample) in order, `markers` (time_s, label). A sample
    that came just before or after something else of the same time has its time shifted by less
    than a nanosecond, which a virtual clock rounds off again: so the order stays.
    """

    name: str  #: of the whole, for the status that ends it
    samples: tuple[tuple[float, Sample], ...]
    markers: tuple[tuple[float, str], ...]
    duration_s: float  #: to the end of the inputs
    simulated: bool  #: whether a body or listener was no person
    began: datetime | None = None  #: when session time 0 was, as its header tells


def logged_inputs(session: Path, name: str = "session") -> LoggedInputs:
    """Read the inputs of a session's folder or log; a log that was cut short is read as far.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    name
        What it is called where it is played: its folder may be named after a person.

    Returns
    -------
    LoggedInputs
        A log that was cut short as far as it goes.

    Raises
    ------
    LogError
        When it cannot be read, or when no sensor ever sent anything.
    """
    samples: list[tuple[float, Sample]] = []
    markers: list[tuple[float, str]] = []
    simulated, began = False, None
    duration_s = 0.0
    others_s = -1.0  # when something else than a sample came last
    for _, line in neutral(read(session)):
        match line:
            case lines.HeaderLine():
                simulated, began = line.simulated, line.began
            case lines.CommandLine(what="marker"):
                markers.append((line.at, line.value))
            case lines.CommandLine(what="stop"):
                duration_s = line.t
                break
            case lines.ChunkLine() | lines.GapLine() | lines.StatusLine():
                item = input_of(line)
                assert isinstance(item, Chunk | Gap | SensorStatus)
                after = line.t == others_s
                samples.append((line.t + (_ORDER_S if after else -_ORDER_S), item))
                duration_s = line.t
            case (
                lines.TickLine() | lines.BarLine() | lines.WorkerLine() | lines.ExternalClockLine()
            ):
                others_s = line.t
            case _:
                pass
    if not any(isinstance(sample, Chunk) for _, sample in samples):
        raise LogError(
            f"no sensor sent anything in the session {session}", hint="Choose another session."
        )
    return LoggedInputs(name, tuple(samples), tuple(sorted(markers)), duration_s, simulated, began)


async def play(logged: LoggedInputs, clock: Clock) -> SampleStream:
    """Yield each sample when its time comes, in the order of the log; then that it has ended.

    Times, values and order are those of the log, so equal settings and an equal seed make the
    same music of them.

    Parameters
    ----------
    logged
        What `logged_inputs` read.
    clock
        The new session's.

    Yields
    ------
    Sample
        Samples, then a status that it has ended.
    """
    ended = False
    for time_s, sample in logged.samples:
        if time_s > clock():
            await sleep_until(time_s, clock)
        ended = isinstance(sample, SensorStatus) and sample.state == "ended"
        yield sample
    if logged.duration_s > clock():
        await sleep_until(logged.duration_s - _ORDER_S, clock)  # so that the session ends then
    if not ended:
        yield SensorStatus(logged.name, clock(), "ended", detail="The session's log is over.")
