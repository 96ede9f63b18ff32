"""The one projection of a session that runs: its events in, a picture out."""

from __future__ import annotations

from dataclasses import dataclass, field

from biofeedback.control.base import Decision
from biofeedback.control.override import OverrideRequest
from biofeedback.engine.events import Derived
from biofeedback.engine.inputs import Command, Input, Tick
from biofeedback.group.subjects import SubjectEvent
from biofeedback.metrics.beats import Beat
from biofeedback.state.estimator import State
from biofeedback.views.body import BodyView
from biofeedback.views.links import SensorLinks
from biofeedback.views.picture import BreathView, MusicView, Picture
from sensors.base import SensorStatus
from sensors.signals import Chunk
from synth.events import Bar, Cancel
from synth.tempo_map import TempoSegment

__all__ = ["LiveView"]

_MUSIC_BARS = 4
_SLOWEST_BPM = 1.0  #: below it the music stands still, with another device's clock


@dataclass(slots=True)
class LiveView:
    """Takes in a session's events; `picture` says what they amount to.

    What no event tells is set from outside: `duration_s` counts from the first sample, or from
    `began_s`, and is None without a known end; `volume` is the one at the start; `rest` says which
    rest the session started with, "" without one, where `rest_s` seconds of rest come first; `held`
    is the session's own word.
    """

    duration_s: float | None = None
    volume: float = 0.7
    chosen: str = ""
    rest: str = ""
    rest_s: float = 180.0
    held: bool = False
    troubles: tuple[str, ...] = ()
    question: str = ""
    began_s: float | None = None
    now_s: float = 0.0  #: of the latest tick
    _decision: Decision | None = None
    _rest_began_s: float | None = None
    _bars: list[Bar] = field(default_factory=list)
    _named: tuple[Bar, str, str] | None = None  # the bar that sounds, its key and its chords
    _tempo: TempoSegment | None = None
    _links: SensorLinks = field(default_factory=SensorLinks)
    _body: BodyView = field(default_factory=BodyView)
    _ending: bool = False
    _overrides: dict[str, tuple[str, float]] = field(default_factory=dict)

    def feed(self, event: Input | Derived) -> bool:
        """Remember an event; return whether the picture is another one now."""
        match event:
            case Tick():
                self.now_s = event.time_s
                return False
            case Chunk():
                return self._measure(event)
            case Beat() | SubjectEvent():
                self._body.feed(event, self.now_s)
                return False  # what was made of it is news
            case SensorStatus():
                self._links.meet(event, self.now_s)
            case State():
                self._estimate(event)
                return False  # the decision follows at once
            case Decision():
                self._decision = event
            case Bar():
                self._bars = [*self._bars, event][-_MUSIC_BARS:]
            case TempoSegment():
                self._tempo = event
            case Cancel():
                self._bars = [bar for bar in self._bars if bar.beat < event.from_beat]
            case Command():
                self._obey(event)
            case tuple():
                self._body.read(event)
            case _:
                return False
        return True

    def picture(self) -> Picture:
        """Return what is known now."""
        body, decision, now_s = self._body, self._decision, self.now_s
        state, measures, together = body.state, body.measures(now_s), body.together(now_s)
        known = body.shows_arousal(now_s)
        resting = state is not None and state.phase == "rest"
        return Picture(
            t=now_s,
            streaming=self.began_s is not None,
            left_s=self._left_s(),
            signal=self._links.signal(now_s, began=self.began_s is not None) or body.signal(now_s),
            sensors=self._links.sensors(now_s),
            heart_rate=measures["heart_rate"].value,
            breaths=measures["breathing_rate"].value,
            measures=measures,
            arousal=_rounded(state.arousal, 3) if state and known else None,
            low=_rounded(state.low, 3) if state and known else None,
            high=_rounded(state.high, 3) if state and known else None,
            confidence=round(state.confidence, 2) if state else 0.0,
            arousal_s=body.arousal_s if known else None,
            setpoint=_rounded(decision.setpoint if decision else None, 3),
            resting=resting,
            rest_left_s=self._rest_left_s() if resting and not self.rest else None,
            rest=self.rest,
            music=self._music(),
            breath=self._breath(),
            phase=decision.phase if decision else "",
            phase_left_s=decision.numbers.get("phase_left_s") if decision else None,
            why=decision.why if decision else "",
            chosen=self.chosen,
            stopped=decision is not None and decision.cause.startswith("stop:"),
            held=self.held,
            ending=self._ending,
            volume=self.volume,
            overrides={
                name: value for name, (value, until_s) in self._overrides.items() if now_s < until_s
            },
            question=self.question,
            troubles=self.troubles,
            notes=state.notes if state else (),
            wearers=body.wearers(now_s),
            synchrony=together.value,
            synchrony_s=together.measured_s,
        )

    def _measure(self, chunk: Chunk) -> bool:
        self._links.feed(chunk, self.now_s)
        self._body.feed(chunk, self.now_s)
        first = self.began_s is None
        if first:
            self.began_s = self.now_s
        return first

    def _estimate(self, state: State) -> None:
        self._body.estimate(state, self.now_s)
        if self._rest_began_s is None and state.contributions:
            self._rest_began_s = state.time_s

    def _obey(self, command: Command) -> None:
        match command.what:
            case "stop":
                self._ending = True
            case "volume":
                self.volume = float(command.value)
            case "override":
                wish = OverrideRequest.parse(command.value)
                standing = str(wish).partition("=")[2], self.now_s + wish.for_s
                self._overrides = self._overrides | {wish.name: standing}
            case "release":
                gone = command.value
                kept = {k: v for k, v in self._overrides.items() if gone and k != gone}
                self._overrides = kept
            case _:
                pass

    def _left_s(self) -> float | None:
        if self.duration_s is None or self.began_s is None:
            return None
        return max(0.0, self.began_s + self.duration_s - self.now_s)

    def _rest_left_s(self) -> float:
        gone_s = 0.0 if self._rest_began_s is None else self.now_s - self._rest_began_s
        return max(0.0, self.rest_s - gone_s)

    def _bar(self) -> Bar | None:
        """Return the bar that sounds now; bars are composed ahead of it."""
        if self._tempo is None:
            return None
        beat = self._tempo.beat_at(self.now_s)
        begun = [bar for bar in self._bars if bar.beat <= beat]
        return begun[-1] if begun else None

    def _music(self) -> MusicView | None:
        bar, decision, tempo = self._bar(), self._decision, self._tempo
        if bar is None or decision is None or tempo is None:
            return None
        params = decision.params
        if self._named is None or self._named[0] is not bar:  # names take longer than all else
            self._named = bar, str(bar.key), " ".join(bar.chords)
        _, key, chords = self._named
        return MusicView(
            tempo_bpm=round(tempo.bpm, 1),  # another clock's, maybe
            key=key,
            chords=chords,
            section=bar.section,
            density=round(params.density, 2),
            layers=tuple(layer.value for layer in params.layers),
        )

    def _breath(self) -> BreathView | None:
        """Return the swell at the tempo of now; None while the music has none."""
        if self._tempo is None or self._decision is None or self._decision.params.swell < 0.05:
            return None
        if self._tempo.bpm < _SLOWEST_BPM:
            return None
        second_a_beat = 60.0 / self._tempo.bpm
        tempo, params = self._tempo, self._decision.params
        into = (tempo.beat - tempo.breath_from) % tempo.breath_beats
        moving = 1.0 - params.breath_hold - params.breath_pause
        return BreathView(
            from_s=round(tempo.time_s - into * second_a_beat, 4),
            period_s=round(tempo.breath_beats * second_a_beat, 4),
            in_share=round(moving * params.breath_in, 4),
            hold_share=round(params.breath_hold, 4),
            out_share=round(moving * (1.0 - params.breath_in), 4),
        )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
