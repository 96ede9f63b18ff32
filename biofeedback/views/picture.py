"""A session at one moment, as every screen shows it: terminal, page, desk and broker alike."""

from __future__ import annotations

from typing import Literal

import msgspec

from biofeedback.state.notes import Note

__all__ = [
    "GONE_S",
    "OLD_S",
    "WORDLESS_S",
    "Age",
    "BreathView",
    "MeasureView",
    "MusicView",
    "Picture",
    "SensorView",
    "Trust",
    "WearerView",
    "age_of",
]


#: How good a number was when it was measured.
Trust = Literal["good", "fair", "weak"]


class SensorView(msgspec.Struct, frozen=True):
    """One sensor's link as it says itself.

    `heard_s` is when anything last came from it; `silent` that this is longer ago than it should
    be, though nobody has called it lost. Battery and contact are of that moment; `contact` is None
    while it cannot be known.
    """

    source: str
    state: str  #: as in `sensors.base.LinkState`
    battery_percent: int | None
    contact: bool | None
    detail: str
    battery_low: bool
    heard_s: float | None = None
    silent: bool = False


class MeasureView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One number: None while it is not known, else with the moment that it speaks of."""

    value: float | None = None
    trust: Trust = "weak"
    measured_s: float | None = None


class MusicView(msgspec.Struct, frozen=True):
    """What sounds now."""

    tempo_bpm: float
    key: str
    chords: str
    section: str
    density: float
    layers: tuple[str, ...]


class BreathView(msgspec.Struct, frozen=True):
    """The swell to breathe with: a breath of `period_s` begins at `from_s`.

    In, held full, out, held empty are shares of it.
    """

    from_s: float
    period_s: float
    in_share: float
    hold_share: float
    out_share: float


class WearerView(msgspec.Struct, frozen=True):
    """One of a group: arousal and heart rate are None while they are not known."""

    name: str
    arousal: float | None
    heart_rate: float | None
    arousal_s: float | None = None  #: when it was measured
    heart_rate_s: float | None = None
    heart_trust: Trust = "weak"


class Picture(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that is shown of a session. Times are seconds of the session.

    A number is None while it is not known, and once what it was made of is too old; each that is
    measured has its moment. `t` is when the picture was made: whoever shows it later knows by how
    much it has aged.

    `signal` is one of waiting, searching, connecting, lost, part_lost (one of several is lost),
    silent (connected, but nothing comes), no_contact, measuring, weak, fair, good, ended.
    """

    t: float = 0.0
    streaming: bool = False
    left_s: float | None = None
    signal: str = "waiting"
    sensors: tuple[SensorView, ...] = ()
    heart_rate: float | None = None
    breaths: float | None = None
    measures: dict[str, MeasureView] = {}  #: by the name of the metric, the two above among them
    arousal: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = 0.0
    arousal_s: float | None = None  #: when arousal was measured
    setpoint: float | None = None
    resting: bool = False  #: the listener's rest is being learned
    rest_left_s: float | None = None  #: how long that still takes
    rest: str = ""  #: which rest the session started with, "" without one
    music: MusicView | None = None
    breath: BreathView | None = None
    phase: str = ""  #: the part of the programme, "" for one without parts
    phase_left_s: float | None = None
    why: str = ""
    chosen: str = ""  #: why this kind of session, where it was chosen for the person
    stopped: bool = False  #: a stop rule holds the music back; `why` says which
    held: bool = False
    ending: bool = False
    volume: float = 0.0
    overrides: dict[str, str] = {}
    question: str = ""  #: what the listener is asked now
    troubles: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()  #: what else is to be said of the body
    wearers: tuple[WearerView, ...] = ()  #: of a group
    synchrony: float | None = None  #: of a group, beyond chance, 0 to 1
    synchrony_s: float | None = None  #: when it was measured


#: The slowest heart that is read, of 25 a minute, whose beat is judged one beat late and delivered
#: within a second, is seen this long ago at most. What is older is shown with its age, and beyond
#: the second not at all.
OLD_S, GONE_S = 6.5, 30.0
#: Pictures come twice a second while a session runs; without one for so long a screen says so, and
#: calls all that it shows old.
WORDLESS_S = 2.0
Age = Literal["fresh", "old", "gone"]


def age_of(measured_s: float | None, now_s: float, wordless_s: float = 0.0) -> Age:
    """Return what a number that was measured at `measured_s` is worth at `now_s`.

    `wordless_s` is for how long there has been no picture. What nobody has measured is gone.
    """
    if measured_s is None or now_s - measured_s > GONE_S:
        return "gone"
    return "old" if now_s - measured_s > OLD_S or wordless_s > WORDLESS_S else "fresh"
