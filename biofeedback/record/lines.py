"""The kinds of line in a session log; docs/session-log.md says the same in words.

Every line carries `kind`, `t` (session time in s at which it came to be) and `seq` (its place:
0, 1, 2, ... without a hole). Inputs move the core; derived lines follow the input they come from.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "DERIVED",
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
    "LatencyLine",
    "Line",
    "LostLine",
    "MusicLine",
    "NoteLine",
    "ParamsItem",
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


class _Base(msgspec.Struct, frozen=True, tag_field="kind", kw_only=True):
    t: float
    seq: int


class TrialItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which block of which trial a session was; what was played in it, the config says."""

    name: str
    protocol: str  #: SHA-256 of the frozen protocol
    block: int  #: from 1
    attempt: int  #: from 1; an interrupted block is repeated


class HeaderLine(_Base, frozen=True, tag="header"):
    """The first line: everything that is needed to regenerate what was derived."""

    schema: int
    versions: dict[str, str]
    platform: str
    started_utc: str
    seed: int
    mode: str  #: "live" or "virtual"
    sensors: list[str]
    outputs: list[str]
    profile: str | None
    simulated: bool  #: a virtual body or listener, not a person
    baseline: msgspec.Raw  #: the stored resting baseline that was used, or null
    config: msgspec.Raw
    code: str = ""  #: digest of the code that derived; "" before schema 3
    #: what the learner chose, with its numbers, or null; `config` has it put into effect
    chosen: msgspec.Raw = msgspec.Raw(b"null")
    trial: TrialItem | None = None


class ChunkLine(_Base, frozen=True, tag="chunk", omit_defaults=True):
    """Input: samples. Regular ones have `t0` and `rate_hz`, events have `times`.

    Of n even device times, number i is device_last - (n - 1 - i) * device_step.
    """

    source: str
    signal: str
    unit: str
    values: list[float | list[float | None] | None]
    t0: float | None = None
    rate_hz: float | None = None
    times: list[float] | None = None
    device_times: list[float] | None = None
    device_last: float | None = None
    device_step: float | None = None


class GapLine(_Base, frozen=True, tag="gap"):
    """Input: a stretch without trustworthy samples."""

    source: str
    signal: str
    start: float
    end: float
    reason: str


class StatusLine(_Base, frozen=True, tag="status", omit_defaults=True):
    """Input: a sensor's link, battery, contact, clock or count of bad input changed."""

    source: str
    state: str
    battery_percent: int | None
    contact: bool | None
    detail: str
    drift_ppm: float | None = None
    bad: dict[str, int] = {}  #: how much bad input came so far, by kind
    wish: str = ""  #: what was asked for, where the device answers under another name


class TickLine(_Base, frozen=True, tag="tick"):
    """Input: the strategy's tick; it stands for session time index / 2 s."""

    index: int


class WorkerLine(_Base, frozen=True, tag="worker"):
    """Input: what the worker process computed from the inputs from_seq .. to_seq."""

    from_seq: int
    to_seq: int
    result: msgspec.Raw


class CommandLine(_Base, frozen=True, tag="command", omit_defaults=True):
    """Input: what a person asked for; markers are commands too.

    `time` is when it happened, where its sender's clock says that; `at` is the better of the two.
    """

    who: str
    what: str
    value: str
    time: float | None = None

    @property
    def at(self) -> float:
        """Session time in s at which it happened, as far as it is known."""
        return self.t if self.time is None else self.time


class BarLine(_Base, frozen=True, tag="bar"):
    """Input: the player needs bar `index`, from `beat` on."""

    index: int
    beat: float


class ExternalClockLine(_Base, frozen=True, tag="external_clock"):
    """Input: another device's clock stands at `beat` at `time` and moves at `bpm`."""

    time: float
    beat: float
    bpm: float
    state: str  #: "running", "stopped" or "lost"


class SkipLine(_Base, frozen=True, tag="skip"):
    """Note: ticks that came too late to be taken, first to last."""

    first: int
    last: int


class ClockLine(_Base, frozen=True, tag="clock"):
    """Note: the wall clock moved against the session's by `step_s`; this is the new anchor."""

    utc: str
    step_s: float


class BeatLine(_Base, frozen=True, tag="beat", omit_defaults=True):
    """Derived: a heart beat and what was made of it; `nn` says whether metrics use it.

    `wearer` says whose it is, in a group.
    """

    time: float
    rr_ms: float
    verdict: str
    nn: bool
    wearer: str = ""


class ScrLine(_Base, frozen=True, tag="scr", omit_defaults=True):
    """Derived: a skin conductance response, from its onset to its peak, trough to peak in uS.

    `wearer` says whose it is, in a group.
    """

    time: float
    peak: float
    amplitude_us: float
    wearer: str = ""


class ReadingItem(msgspec.Struct, frozen=True, array_like=True):
    """One metric within a reading line: a list of these, in this order."""

    name: str
    value: float | None
    unit: str
    window_s: float
    time_s: float
    quality: float
    coverage: float


class ReadingLine(_Base, frozen=True, tag="reading"):
    """Derived, once a second: all metrics."""

    readings: list[ReadingItem]


class WindowLine(_Base, frozen=True, tag="window"):
    """Derived: the worker was asked for the metrics of start .. end."""

    start: float
    end: float
    from_seq: int
    to_seq: int


class StateLine(_Base, frozen=True, tag="state"):
    """Derived: the arousal estimate with its interval."""

    arousal: float
    low: float
    high: float
    confidence: float
    phase: str
    breaths_per_minute: float | None
    contributions: dict[str, float]


class ParamsItem(msgspec.Struct, frozen=True, array_like=True):
    """The music's parameters within a decision line: a list of these, in this order."""

    tempo_bpm: float
    key: str
    density: float
    dynamics: float
    register: float
    brightness: float
    tension: float
    articulation: float
    swing: float
    swell: float
    layers: list[str]
    rest: bool = False
    sound: str = ""


class DecisionLine(_Base, frozen=True, tag="decision", omit_defaults=True):
    """Derived: what the music should do, and why; `cause` is the reading or branch behind it."""

    strategy: str
    setpoint: float | None
    params: ParamsItem
    why: str
    numbers: dict[str, float]
    cause: str = ""
    phase: str = ""


class TempoLine(_Base, frozen=True, tag="tempo"):
    """Derived: from `time` on, where the music stands at `beat`, it moves at `bpm`."""

    time: float
    beat: float
    bpm: float


class MusicLine(_Base, frozen=True, tag="music"):
    """Derived: a bar as it was composed; its notes follow."""

    index: int
    beat: float
    beats: float
    key: str
    chords: list[str]
    section: str
    phrase_start: bool


class NoteLine(_Base, frozen=True, tag="note"):
    """Derived: a note."""

    id: int
    beat: float
    beats: float
    pitch: int
    velocity: int
    layer: str


class CancelLine(_Base, frozen=True, tag="cancel"):
    """Derived: notes from this beat on were withdrawn."""

    from_beat: float


class DelayItem(msgspec.Struct, frozen=True, array_like=True):
    """How long one stage took, within a latency line: a list of these, in this order."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class LatencyLine(_Base, frozen=True, tag="latency"):
    """Note: how long each stage took since the last of these lines; in live sessions."""

    stages: dict[str, DelayItem]


class LostLine(_Base, frozen=True, tag="lost"):
    """Note: the disk took none of the lines `first` to `last`; this one stands in their place."""

    first: int
    last: int


class EndLine(_Base, frozen=True, tag="end", omit_defaults=True):
    """The last line of a session that was closed in order.

    `bad` is how much bad input each source sent, by kind; `drift_ppm` how fast its clock ran.
    """

    reason: str
    counters: dict[str, float]
    bad: dict[str, dict[str, int]] = {}
    drift_ppm: dict[str, float] = {}


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
