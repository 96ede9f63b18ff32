"""A block's log as numbers: end points with their coverage, ratings, the guess, what happened.

A reading counts from quality 0.3 on, arousal from confidence 0.25 on while it is tracked: the
bounds from which on the music follows them. The value of a block is the mean of what counts, from
`settle_s` after its beginning; its coverage the share of that time for which something counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from biofeedback.common.errors import LogError
from biofeedback.record import lines
from biofeedback.record.neutral import neutral_header
from biofeedback.record.reader import read
from biofeedback.trials.folder import BEFORE, BLOCK, BlockAttempt
from biofeedback.trials.protocol import END_POINTS, EndPoint, Protocol

__all__ = ["EndpointValue", "TrialBlock", "read_block"]

_QUALITY, _CONFIDENCE = 0.3, 0.25


@dataclass(frozen=True, slots=True)
class EndpointValue:
    """Mean of an end point over a block, and the share of the time for which it is known."""

    mean: float
    coverage: float


@dataclass(frozen=True, slots=True)
class TrialBlock:
    """What one attempt came to; `arm` is not known here.

    `values` holds the end points that were measured at all. `problem` says why the log can't be
    used, "" where it can.
    """

    attempt: BlockAttempt
    values: Mapping[EndPoint, EndpointValue] = field(default_factory=dict)
    ratings: Mapping[str, float] = field(default_factory=dict)
    guess: str = ""
    adverse: tuple[str, ...] = ()
    stops: int = 0  #: ticks at which a stop rule was at work
    by_hand: int = 0  #: wishes that moved the music
    minutes: float = 0.0
    gap_s: float = 0.0
    problem: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    sensors: tuple[str, ...] = ()


def read_block(attempt: BlockAttempt, protocol: Protocol) -> TrialBlock:
    """Read a block's log; one that was damaged or changed gives no values, but a problem."""
    reading = _Reading(attempt, protocol)
    try:
        for _, line in read(attempt.folder):
            reading.take(line)
    except LogError as error:
        return TrialBlock(attempt, problem=str(error))
    return reading.result()


class _Reading:
    def __init__(self, attempt: BlockAttempt, protocol: Protocol) -> None:
        self._attempt = attempt
        self._protocol = protocol
        self._phase = BEFORE
        self._began_s: float | None = None
        self._ended_s = 0.0
        self._seconds = self._ticks = 0
        self._known: dict[EndPoint, list[float]] = defaultdict(list)
        self._ratings: dict[str, float] = {}
        self._guess = ""
        self._adverse: list[str] = []
        self._stops = self._by_hand = 0
        self._gap_s = 0.0
        self._header: lines.HeaderLine | None = None

    def take(self, line: lines.Line) -> None:
        match line:
            case lines.HeaderLine():
                self._header = line
            case lines.DecisionLine():
                self._phase = line.phase
                if line.phase == BLOCK:
                    self._began_s = line.t if self._began_s is None else self._began_s
                    self._ended_s = line.t
                self._stops += line.cause.startswith("stop")
            case lines.ReadingLine() if self._counts(line.t):
                self._seconds += 1
                for item in line.readings:
                    if item.name in END_POINTS and item.value is not None:
                        if item.quality >= _QUALITY:
                            self._known[item.name].append(item.value)
            case lines.StateLine() if self._counts(line.t):
                self._ticks += 1
                if line.phase == "tracking" and line.confidence >= _CONFIDENCE:
                    self._known["arousal"].append(line.arousal)
            case lines.CommandLine():
                self._command(line)
            case lines.GapLine():
                self._gap_s += line.end - line.start
            case _:
                pass

    def _counts(self, now_s: float) -> bool:
        if self._phase != BLOCK or self._began_s is None:
            return False
        return now_s - self._began_s >= self._protocol.settle_s

    def _command(self, line: lines.CommandLine) -> None:
        match line.what:
            case "rating":
                scale, _, value = line.value.partition("=")
                self._ratings[scale] = float(value)
            case "guess":
                self._guess = line.value
            case "adverse":
                self._adverse.append(line.value)
            case "override" | "hold":
                self._by_hand += 1
            case _:
                pass

    def result(self) -> TrialBlock:
        values = {
            name: EndpointValue(
                sum(seen) / len(seen),
                min(1.0, len(seen) / max(1, self._ticks if name == "arousal" else self._seconds)),
            )
            for name, seen in self._known.items()
        }
        header = self._header
        return TrialBlock(
            attempt=self._attempt,
            values=values,
            ratings=self._ratings,
            guess=self._guess,
            adverse=tuple(self._adverse),
            stops=self._stops,
            by_hand=self._by_hand,
            minutes=0.0 if self._began_s is None else (self._ended_s - self._began_s) / 60.0,
            gap_s=self._gap_s,
            versions=header.versions if header else {},
            sensors=tuple(neutral_header(header).sensors) if header else (),
        )
