"""The kinds of line in a session log; docs/session-log.md says the same in words.

Every line carries `kind`, `t` (session time in s at which it came to be) and `seq` (its place:
0, 1, 2, ... without a hole). Inputs move the core; derived lines follow the input they come from.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from biofeedback.record.derived import (
    BeatLine,
    CancelLine,
    DecisionLine,
    MusicLine,
    NoteLine,
    ParamsItem,
    ReadingItem,
    ReadingLine,
    ScrLine,
    StateLine,
    TempoLine,
    WindowLine,
)
from biofeedback.record.inputs import (
    BarLine,
    ChunkLine,
    CommandLine,
    ExternalClockLine,
    GapLine,
    StatusLine,
    TickLine,
    WorkerLine,
)
from biofeedback.record.line import Count, LogLine, Number

__all__ = [
    "DERIVED",
    "HOLES",
    "INPUTS",
    "SCHEMA",
    "BarLine",
    "BeatLine",
    "CancelLine",
    "ChunkLine",
    "ClockLine",
    "CommandLine",
    "DecisionLine",
    "DelayItem",
    "EndLine",
    "ExternalClockLine",
    "GapLine",
    "HeaderLine",
    "HoleReason",
    "LatencyLine",
    "Line",
    "LostLine",
    "MusicLine",
    "NoteLine",
    "ParamsItem",
    "PluginItem",
    "PluginLine",
    "ProcessorItem",
    "ReadingItem",
    "ReadingLine",
    "ScrLine",
    "SkipLine",
    "StateLine",
    "StatusLine",
    "TempoLine",
    "TickLine",
    "TrialItem",
    "WindowLine",
    "WorkerLine",
]

#: Raised by one whenever a reader of the last one could misunderstand a log.
#: 2: lines that are not derived end in a checksum, and `lost` marks what a full disk refused.
#: 3: readings and parameters are lists; even device times are their last and their step.
SCHEMA = 3


HoleReason = Literal["disk", "taken", "damaged"]
#: Why lines are not there, in words.
HOLES: dict[HoleReason, str] = {
    "disk": "the disk was full",
    "taken": "a file of the log was taken away while the session ran",
    "damaged": "they were damaged, and the log was repaired",
}


_YEARS = range(1900, 2200)  #: in which a body may have been recorded; another one is damage


class TrialItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which block of which trial a session was; what was played in it, the config says."""

    name: str  #: of the trial
    protocol: str  #: SHA-256 of the frozen protocol
    block: Annotated[int, Meta(ge=1, le=10_000)]  #: from 1
    attempt: Annotated[int, Meta(ge=1, le=10_000)]  #: from 1; an interrupted block is repeated


class PluginItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part that decides and is not built in: which, whose, and a digest of its code."""

    kind: str  #: metric, strategy or style
    name: str  #: that it is asked for by
    package: str  #: that it came with, or "file" for a style without code
    version: str  #: of the package; empty for a file
    code: str  #: digest of what it runs


class ProcessorItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What computed: all that is derived has the same bits on each, as far as we know."""

    model: str  #: as the system names it
    features: list[str]  #: sets of instructions that numpy chooses its code by


class HeaderLine(LogLine, frozen=True, tag="header"):
    """The first line: everything that is needed to regenerate what was derived."""

    schema: Annotated[int, Meta(ge=1)]  #: `SCHEMA` of the code that wrote it
    versions: dict[str, str]  #: of Python, this program and its libraries
    platform: str  #: operating system and kind of processor
    started_utc: str  #: wall clock at session time 0, ISO 8601
    seed: Annotated[int, Meta(ge=0)]  #: of all chance
    mode: Literal["live", "virtual"]  #: whether time was real
    sensors: list[str]  #: as they were asked for; a recording without its path
    outputs: list[str]  #: as they were asked for; a file without its path
    profile: str | None  #: whose session it is; None for nobody's
    simulated: bool  #: a virtual body or listener, not a person
    baseline: msgspec.Raw  #: the stored resting baseline that was used, or null
    config: msgspec.Raw  #: the whole configuration, as JSON
    code: str = ""  #: digest of the code that derived; "" before schema 3
    #: what the learner chose, with its numbers, or null; `config` has it put into effect
    chosen: msgspec.Raw = msgspec.Raw(b"null")
    trial: TrialItem | None = None  #: None outside of one
    plugins: list[PluginItem] | UnsetType = UNSET  #: what decided and is not built in, where used
    processor: ProcessorItem | None = None  #: None in older logs
    #: SHA-256 of each recording that was played, by its source; UNSET in logs from before
    #: recordings were named neutrally
    recordings: dict[str, str] | UnsetType = UNSET
    #: of a replay, when its recording was at session time 0, ISO 8601: without an offset in the
    #: recorder's own time, whose zone nobody told; null where the recording does not say
    recorded: str | UnsetType | None = UNSET

    @property
    def replayed(self) -> bool:
        """Whether every body in the session came from a recording, and so heard nothing."""
        told = self.recorded is not UNSET  # logs before it have the sensors alone
        return told or (bool(self.sensors) and all(s.startswith("file:") for s in self.sensors))

    @property
    def began(self) -> datetime | None:
        """When session time 0 was, of a replay in its recording; None where that is not known.

        In UTC, or naive where the recording tells no time zone: then in the recorder's own time.
        """
        told = self.recorded if self.replayed else self.started_utc
        try:
            began = datetime.fromisoformat(told if isinstance(told, str) else "")
            began = began.astimezone(UTC) if began.tzinfo else began
        except (ValueError, OverflowError):
            return None
        return began if began.year in _YEARS else None


class PluginLine(LogLine, frozen=True, tag="plugin"):
    """Note: a part that is not built in decides from here on, since somebody asked for it."""

    plugin: PluginItem  #: as in the header


class SkipLine(LogLine, frozen=True, tag="skip"):
    """Note: ticks that came too late to be taken, first to last."""

    first: Count
    last: Count


class ClockLine(LogLine, frozen=True, tag="clock"):
    """Note: the wall clock moved against the session's by `step_s`; this is the new anchor."""

    utc: str  #: wall clock at `t`, ISO 8601
    step_s: Number


class DelayItem(msgspec.Struct, frozen=True, array_like=True):
    """How long one stage took, within a latency line: a list of these, in this order."""

    count: Count  #: how often
    p50_ms: Number  #: median
    p99_ms: Number  #: 99th percentile
    max_ms: Number  #: the longest


class LatencyLine(LogLine, frozen=True, tag="latency"):
    """Note: how long each stage took since the last of these lines; in live sessions."""

    stages: dict[str, DelayItem]  #: by name


class LostLine(LogLine, frozen=True, tag="lost", omit_defaults=True):
    """Note: the lines `first` to `last` are not there; this one stands in their place."""

    first: Count
    last: Count
    why: HoleReason = "disk"  #: a key of `HOLES`


class EndLine(LogLine, frozen=True, tag="end", omit_defaults=True):
    """The last line of a session that was closed in order.

    `bad` is how much bad input each source sent, by kind; `drift_ppm` how fast its clock ran.
    """

    reason: str  #: why it ended
    counters: dict[str, Number]  #: by name
    bad: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    drift_ppm: dict[str, Number] = msgspec.field(default_factory=dict)


Line = (
    HeaderLine
    | ChunkLine
    | GapLine
    | StatusLine
    | TickLine
    | WorkerLine
    | CommandLine
    | BarLine
    | ExternalClockLine
    | PluginLine
    | SkipLine
    | ClockLine
    | LatencyLine
    | LostLine
    | BeatLine
    | ScrLine
    | ReadingLine
    | WindowLine
    | StateLine
    | DecisionLine
    | TempoLine
    | MusicLine
    | NoteLine
    | CancelLine
    | EndLine
)

INPUTS = (
    ChunkLine,
    GapLine,
    StatusLine,
    TickLine,
    WorkerLine,
    CommandLine,
    BarLine,
    ExternalClockLine,
)
DERIVED = (
    BeatLine,
    ScrLine,
    ReadingLine,
    WindowLine,
    StateLine,
    DecisionLine,
    TempoLine,
    MusicLine,
    NoteLine,
    CancelLine,
)
