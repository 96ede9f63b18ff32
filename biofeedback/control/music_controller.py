"""From a strategy's aim to a decision: limits, and what happens when the body is out of sight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from biofeedback.control.attribution import Attribution
from biofeedback.control.base import ControlInput, ControlTarget, Decision, Wishes
from biofeedback.control.colour import MusicColour
from biofeedback.control.curves import Curves
from biofeedback.control.limits import Limits, MusicLimiter
from biofeedback.control.override import OverrideRequest, Overrides
from biofeedback.control.programme_runner import ProgrammeRunner
from biofeedback.control.safety import RETURNING, SafetyStop
from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import State, SubjectState
from synth.params import MusicParams

__all__ = ["MusicController"]

_HEARD_TOGETHER = 0.05  #: from which it is said
_SAID_S = 20.0  #: for so long it is said that a stop has ended by itself


class StopRules(Protocol):
    """Watch over one listener, or over a group."""

    def resume(self) -> None:
        """Forget what led to a stop."""
        ...

    def step(self, moment: ControlInput, level: float, *, leads: bool) -> SafetyStop | None:
        """Take in a moment; return a stop while one holds."""
        ...


class MusicController:
    """Runs a course of strategies within limits; where an intention becomes parameters.

    A person's wishes take the place of what a strategy wants, and obey the same limits.
    """

    def __init__(
        self, course: ProgrammeRunner, curves: Curves, limits: Limits, safety: StopRules
    ) -> None:
        self._course = course
        self._safety = safety
        self._limits = limits
        self._curves = curves
        self._limiter = MusicLimiter(limits, curves.tempo_bpm, falls=course.read().falls)
        self._colour = MusicColour(curves)
        self._attribution = Attribution(limits, course.read().loudness)
        self._overrides = Overrides()
        self._last = ControlTarget(limits.neutral_level, None, "")
        self._before_stop: tuple[float, float] | None = None  # level and tempo, while one holds
        self._most: tuple[float, float] | None = None  # the same, since one has ended by itself
        self.held_back = False  #: whether a stop rule holds the music back
        self._back_s = 0.0  # since then
        self._blind_s = 0.0
        self._following = False
        self._seen = False
        self._rated: dict[str, float] = {}
        self.found: dict[str, float] = {}  #: what strategies have learned about the listener

    @property
    def over(self) -> bool:
        """Whether the programme has come to its end."""
        return self._course.over

    def rate(self, scale: str, value: float) -> None:
        """Take in how a person says they feel."""
        self._rated[scale] = value

    def wish(self, wish: OverrideRequest, who: str, now_s: float) -> None:
        """Grant what a person asks of the music, until its time is over."""
        self._overrides.feed(wish, who, now_s)

    @property
    def style(self) -> str:
        """The name of the style that a person asks for; "" for the one of the session."""
        return self._overrides.style

    def at_home(self, home: MusicParams) -> None:
        """Go on in a style that is at home elsewhere; the tempo glides there."""
        self._curves.at_home(home)

    def resume(self) -> None:
        """Go on where a stop rule has held the music back."""
        self._safety.resume()
        self._before_stop = self._most = None
        self.held_back = False

    def release(self, name: str) -> None:
        """Give a parameter back to the strategy; all of them with ""."""
        self._overrides.release(name)

    def step(
        self,
        state: State,
        dt_s: float,
        *,
        held: bool = False,
        begun: bool = True,
        readings: Iterable[Reading] = (),
        events: Iterable[str] = (),
        phrase_start: bool = False,
        bodies: Mapping[str, SubjectState] | None = None,
        together: float = 0.0,
    ) -> Decision:
        """Decide for the next `dt_s` seconds; `held` means that the listener asked to stay.

        Until it has `begun`, no time passes for programme and strategy: questions wait for answers.
        A group has `bodies`; how much they move `together`, 0 to 1, opens the music.
        """
        wishes = self._overrides.step(state.time_s)
        moment = ControlInput(
            state,
            dt_s,
            {reading.name: reading for reading in readings},
            wishes.target,
            self._rated,
            self.found,
            frozenset(events),
            phrase_start,
            bodies or {},
        )
        self._rated = {}
        leads = begun and self._last.setpoint is not None
        stop = self._safety.step(moment, self._limiter.level, leads=leads)
        self.held_back = stop is not None
        self._note(stop, dt_s)
        if stop is not None:
            wishes, together = self._overrides.back_off(), 0.0
            aim = self._back_off(stop)
        elif held:
            aim = self._held()
        else:
            if begun:
                self._course.step(moment)
            aim = self._returned(self._aim(moment if begun else replace(moment, dt_s=0.0)))
        self._last = aim
        self.found |= aim.found
        return self._decide(moment, aim, wishes, together)

    def _aim(self, moment: ControlInput) -> ControlTarget:
        strategy, limits = self._course.strategy, self._limits
        threshold = (
            limits.hold_below_confidence if self._following else limits.follow_above_confidence
        )
        self._following = moment.state.confidence >= threshold or not strategy.follows_body
        if self._following:
            self._seen = True
            self._blind_s = 0.0
            return strategy.aim(moment)
        self._blind_s += moment.dt_s
        if self._blind_s > limits.hold_s:
            return self._glide(moment.dt_s)
        if moment.state.phase == "rest":
            return self._stay("Getting to know your resting state; the music stays gentle.", "rest")
        why = "The signal is too weak to follow, so the music holds as it is."
        return self._stay(why, "blind")

    def _note(self, stop: SafetyStop | None, dt_s: float) -> None:
        """Remember how the music was before a stop that may end by itself, and when it did."""
        self._back_s += dt_s
        if stop is None:
            if self._before_stop is not None:
                self._most, self._back_s = self._before_stop, 0.0
            self._before_stop = None
        elif stop.rule not in RETURNING:
            self._before_stop = None
        elif self._before_stop is None:
            self._before_stop = self._limiter.level, self._limiter.tempo_bpm

    def _back_off(self, stop: SafetyStop) -> ControlTarget:
        """Go to neutral or fall silent; no wish stands against it, but bounds that calm hold.

        A body that nobody sees is not driven: the music only falls. Nor does it wait in silence
        higher than it was.
        """
        level, tempo_bpm = self._limits.neutral_level, None
        if stop.silent and self._before_stop is not None:
            level = min(level, self._before_stop[0])
        if stop.calmer:
            level = min(self._limiter.level, level)
            tempo_bpm = min(self._limiter.tempo_bpm, self._curves.tempo_bpm(level))
        cause = f"stop:{stop.rule}"
        return ControlTarget(level, None, stop.why, tempo_bpm, silent=stop.silent, cause=cause)

    def _returned(self, aim: ControlTarget) -> ControlTarget:
        """Keep what a strategy wants to where the music was before a stop that ended by itself."""
        if self._most is None:
            return aim
        level, tempo_bpm = self._most
        why = aim.why
        if self._back_s < _SAID_S:
            why = f"Your arousal is back: the music leads again, no higher than before. {why}"
        wanted_bpm = None if aim.tempo_bpm is None else min(aim.tempo_bpm, tempo_bpm)
        return replace(aim, level=min(aim.level, level), tempo_bpm=wanted_bpm, why=why)

    def _held(self) -> ControlTarget:
        return self._stay("You asked the music to hold; it stays as it is.", "held")

    def _stay(self, why: str, cause: str) -> ControlTarget:
        last = self._last
        return ControlTarget(
            self._limiter.level, last.setpoint, why, self._limiter.tempo_bpm, last.swell,
            pace_per_minute=self._limiter.pace_per_minute, most_per_minute=last.most_per_minute,
            silent=last.silent, cause=cause,
        )  # fmt: skip

    def _glide(self, dt_s: float) -> ControlTarget:
        """Go to neutral, but never up: a body that nobody sees is not driven."""
        level, limits = self._limiter.level, self._limits
        step = limits.glide_per_s * dt_s
        wanted = max(min(level, limits.neutral_level), level - step)
        why = (
            "The body has been out of sight for a while, so the music glides to neutral."
            if self._seen
            else "Nothing has been heard of the body yet; the music stays neutral."
        )
        tempo_bpm = min(self._limiter.tempo_bpm, self._curves.tempo_bpm(wanted))
        cause = "lost" if self._seen else "unseen"
        return ControlTarget(wanted, self._last.setpoint, why, tempo_bpm, cause=cause)

    def _decide(
        self, moment: ControlInput, aim: ControlTarget, wishes: Wishes, together: float
    ) -> Decision:
        """Bring what is wanted within the limits, give it colour, and say what it is due to."""
        state, dt_s, place = moment.state, moment.dt_s, self._course.read()
        music = self._limiter.step(aim, wishes, dt_s, falls=place.falls)
        plain, params = self._colour.step(
            music, aim, place.loudness, together, dt_s, falls=place.falls
        )
        cause = self._attribution.step(
            aim, wishes, music, plain, place.loudness, dt_s, seen=self._seen
        )
        numbers = {
            "arousal": state.arousal,
            "low": state.low,
            "high": state.high,
            "confidence": state.confidence,
            "level": music.level,
            "wanted_level": aim.level,
            "wanted_tempo_bpm": music.wanted_bpm,
            **aim.numbers,
            **self.found,
            **place.numbers,
        }
        if music.paces and not music.hurries:  # what is heard
            numbers["pace_per_minute"] = music.tempo_bpm / music.breath_beats
        if wishes.volume_most is not None:
            numbers["volume_most"] = wishes.volume_most
        together = self._colour.together
        if moment.bodies:
            numbers["together"] = together
        why = aim.why
        if together >= _HEARD_TOGETHER:
            why += f" Your hearts move together ({together:.2f} beyond chance): the music opens."
        return Decision(
            state.time_s,
            place.strategy,
            aim.setpoint,
            self._overrides.changed(params, dt_s),
            f"{wishes.why} {why}" if wishes.why else why,
            numbers,
            cause=cause,
            phase=place.phase,
        )
