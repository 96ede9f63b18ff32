"""What a page is told of a session: one picture, made of the latest of each kind of event."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from biofeedback.control.base import Decision
from biofeedback.control.override import Wish
from biofeedback.inputs import Command, Tick
from biofeedback.metrics.base import Reading
from biofeedback.session import Event
from biofeedback.state.estimator import State
from sensors.base import SensorStatus
from sensors.signals import Chunk
from synth.events import Bar, Cancel
from synth.tempo_map import Segment

__all__ = ["Breath", "Music", "Picture", "Sensor", "View", "Wearer"]

#: Bars in which the swell comes and goes, in beats; the composer's pair of bars.
SWELL_BEATS = 8.0
_KNOWN = 0.01  #: confidence below which arousal is not shown
_GOOD, _FAIR = 0.8, 0.5  #: quality of the heart rate from which the signal is called so
_LOW_BATTERY_PERCENT = 20
_MUSIC_BARS = 4


class Sensor(msgspec.Struct, frozen=True):
    """One sensor's link as it says itself."""

    source: str
    state: str
    battery_percent: int | None
    contact: bool | None
    detail: str
    battery_low: bool


class Music(msgspec.Struct, frozen=True):
    """What sounds now."""

    tempo_bpm: float
    key: str
    chords: str
    section: str
    density: float
    layers: tuple[str, ...]


class Breath(msgspec.Struct, frozen=True):
    """The swell to breathe with: in for half of `period_s`, then out, from `from_s` on."""

    from_s: float
    period_s: float


class Wearer(msgspec.Struct, frozen=True):
    """One of a group: arousal and heart rate are None while they are not known."""

    name: str
    arousal: float | None
    heart_rate: float | None


class Picture(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that is shown of a session. Times are seconds of the session.

    `signal` is one of waiting, searching, connecting, lost, no_contact, weak, fair, good, ended:
    the catalogue has its words. `arousal` is None while nothing is known of it.
    """

    t: float = 0.0
    streaming: bool = False
    left_s: float | None = None
    signal: str = "waiting"
    sensors: tuple[Sensor, ...] = ()
    heart_rate: float | None = None
    breaths: float | None = None
    arousal: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = 0.0
    setpoint: float | None = None
    resting: bool = False  #: the listener's rest is being learned
    music: Music | None = None
    breath: Breath | None = None
    why: str = ""
    chosen: str = ""  #: why this kind of session, where it was chosen for the person
    stopped: bool = False  #: a stop rule holds the music back; `why` says which
    held: bool = False
    ending: bool = False
    volume: float = 0.0
    overrides: dict[str, str] = {}
    troubles: tuple[str, ...] = ()
    wearers: tuple[Wearer, ...] = ()  #: of a group
    synchrony: float | None = None  #: of a group, beyond chance, 0 to 1


@dataclass(slots=True)
class View:
    """Takes in a session's events; `picture` says what they amount to.

    `duration_s` counts from the first sample; None without a known end.
    """

    duration_s: float | None = None
    volume: float = 0.7
    chosen: str = ""
    troubles: tuple[str, ...] = ()
    _now_s: float = 0.0
    _began_s: float | None = None
    _state: State | None = None
    _decision: Decision | None = None
    _bars: list[Bar] = field(default_factory=list)
    _tempo: Segment | None = None
    _sensors: dict[str, SensorStatus] = field(default_factory=dict)
    _readings: dict[str, Reading] = field(default_factory=dict)
    _held: bool = False
    _ending: bool = False
    _overrides: dict[str, tuple[str, float]] = field(default_factory=dict)

    def take(self, event: Event) -> bool:
        """Remember an event; return whether the picture is another one now."""
        match event:
            case Tick():
                self._now_s = event.time_s
                return False
            case Chunk():
                first = self._began_s is None
                self._began_s = self._now_s if first else self._began_s
                return first
            case SensorStatus():
                self._meet(event)
            case State():
                self._state = event
                return False  # the decision follows at once
            case Decision():
                self._decision = event
            case Bar():
                self._bars = [*self._bars, event][-_MUSIC_BARS:]
            case Segment():
                self._tempo = event
            case Cancel():
                self._bars = [bar for bar in self._bars if bar.beat < event.from_beat]
            case Command():
                self._obey(event)
            case tuple():
                self._readings = {reading.name: reading for reading in event}
            case _:
                return False
        return True

    def picture(self) -> Picture:
        """Return what is known now."""
        state, decision = self._state, self._decision
        known = state is not None and state.confidence >= _KNOWN
        heart = self._readings.get("heart_rate")
        breathing = self._readings.get("breathing_rate")
        return Picture(
            t=self._now_s,
            streaming=self._began_s is not None,
            left_s=self._left_s(),
            signal=self._signal(heart),
            sensors=tuple(_sensor(status) for status in self._sensors.values()),
            heart_rate=_rounded(heart.value if heart else None, 1),
            breaths=_rounded(breathing.value if breathing else None, 1),
            arousal=_rounded(state.arousal, 3) if state and known else None,
            low=_rounded(state.low, 3) if state and known else None,
            high=_rounded(state.high, 3) if state and known else None,
            confidence=round(state.confidence, 2) if state else 0.0,
            setpoint=_rounded(decision.setpoint if decision else None, 3),
            resting=state is not None and state.phase == "rest",
            music=self._music(),
            breath=self._breath(),
            why=decision.why if decision else "",
            chosen=self.chosen,
            stopped=decision is not None and decision.cause.startswith("stop:"),
            held=self._held,
            ending=self._ending,
            volume=self.volume,
            overrides={
                name: value
                for name, (value, until_s) in self._overrides.items()
                if self._now_s < until_s
            },
            troubles=self.troubles,
            wearers=self._wearers(),
            synchrony=_rounded(self._value("synchrony"), 2),
        )

    def _value(self, name: str) -> float | None:
        reading = self._readings.get(name)
        return reading.value if reading else None

    def _wearers(self) -> tuple[Wearer, ...]:
        found = []
        for name, reading in self._readings.items():
            wearer, mark, what = name.partition("/")
            if mark and what == "arousal":
                known = reading.value if reading.quality >= _KNOWN else None
                heart = self._value(f"{wearer}/heart_rate")
                found.append(Wearer(wearer, _rounded(known, 2), _rounded(heart, 0)))
        return tuple(found)

    def _meet(self, status: SensorStatus) -> None:
        """Remember a sensor; a device that answers to a wish takes that wish's place."""
        if status.source not in self._sensors and status.state == "connecting":
            sought = [name for name, s in self._sensors.items() if s.state == "searching"]
            for name in sought[:1]:
                del self._sensors[name]
        self._sensors[status.source] = status

    def _obey(self, command: Command) -> None:
        match command.what:
            case "hold" | "resume":
                self._held = command.what == "hold"
            case "stop":
                self._ending = True
            case "volume":
                self.volume = float(command.value)
            case "override":
                wish = Wish.parse(command.value)
                standing = str(wish).partition("=")[2], self._now_s + wish.for_s
                self._overrides = self._overrides | {wish.name: standing}
            case "release":
                gone = command.value
                kept = {k: v for k, v in self._overrides.items() if gone and k != gone}
                self._overrides = kept
            case _:
                pass

    def _left_s(self) -> float | None:
        if self.duration_s is None or self._began_s is None:
            return None
        return max(0.0, self._began_s + self.duration_s - self._now_s)

    def _signal(self, heart: Reading | None) -> str:
        states = {status.state for status in self._sensors.values()}
        if "lost" in states:
            return "lost"
        if "streaming" not in states:
            for state in ("connecting", "searching", "ended"):
                if state in states:
                    return state
            if self._began_s is None:
                return "waiting"
        if any(status.contact is False for status in self._sensors.values()):
            return "no_contact"
        readings = [r for r in self._readings.values() if r.name in ("heart_rate", "scl")]
        quality = max((r.quality for r in readings if r.value is not None), default=None)
        if quality is None:
            return "measuring"
        return "good" if quality >= _GOOD else "fair" if quality >= _FAIR else "weak"

    def _bar(self) -> Bar | None:
        """Return the bar that sounds now; bars are composed ahead of it."""
        if self._tempo is None:
            return None
        beats = (self._now_s - self._tempo.time_s) * self._tempo.bpm / 60.0
        begun = [bar for bar in self._bars if bar.beat <= self._tempo.beat + beats]
        return begun[-1] if begun else None

    def _music(self) -> Music | None:
        bar, decision = self._bar(), self._decision
        if bar is None or decision is None:
            return None
        params = decision.params
        return Music(
            tempo_bpm=round(params.tempo_bpm, 1),
            key=str(bar.key),
            chords=" ".join(bar.chords),
            section=bar.section,
            density=round(params.density, 2),
            layers=tuple(layer.value for layer in params.layers),
        )

    def _breath(self) -> Breath | None:
        """Return the swell at the tempo of now; None while the music has none."""
        if self._tempo is None or self._decision is None or self._decision.params.swell < 0.05:
            return None
        second_a_beat = 60.0 / self._tempo.bpm
        into = self._tempo.beat % SWELL_BEATS
        return Breath(
            from_s=round(self._tempo.time_s - into * second_a_beat, 4),
            period_s=round(SWELL_BEATS * second_a_beat, 4),
        )


def _sensor(status: SensorStatus) -> Sensor:
    battery = status.battery_percent
    return Sensor(
        source=status.source,
        state=status.state,
        battery_percent=battery,
        contact=status.contact,
        detail=status.detail,
        battery_low=battery is not None and battery <= _LOW_BATTERY_PERCENT,
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
