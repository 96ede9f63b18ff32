"""From a strategy's aim to a decision: limits, and what happens when the body is out of sight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Protocol

import msgspec

from biofeedback.control.base import ControlInput, ControlTarget, Decision
from biofeedback.control.curves import PER_S, Curves, opened
from biofeedback.control.limits import DeadBand, Slew, clamp
from biofeedback.control.override import OverrideRequest, Overrides
from biofeedback.control.programme_runner import ProgrammeRunner
from biofeedback.control.safety import RETURNING, SafetyStop
from biofeedback.control.transition_tracker import SECONDS, Transition, TransitionTracker
from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import State, SubjectState
from synth.params import TEMPO_RANGE_BPM, MusicParams

__all__ = ["Limits", "MusicController"]

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Speed = Annotated[float, msgspec.Meta(gt=0.0, le=100.0)]


#: Branches that are named whatever the music does.
_BRANCHES = ("held", "blind", "rest", "lost", "unseen", "pause", "silence")
_HEARD_TOGETHER = 0.05  #: from which it is said
_SAID_S = 20.0  #: for so long it is said that a stop has ended by itself


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast the music may move, and when it stops following the body."""

    tempo_slew_bpm_per_s: Speed = 1.0  #: about 2 % a beat at 55 bpm: a glide, not a jump
    tempo_dead_band_bpm: Annotated[float, msgspec.Meta(ge=0.0, le=10.0)] = 0.5
    level_slew_per_s: Speed = 0.05  #: from calmest to most driven in 20 s at the fastest
    hold_below_confidence: Share = 0.25  #: under this the music holds as it is
    follow_above_confidence: Share = 0.35  #: over this it follows again
    hold_s: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] = 15.0  #: then it glides to neutral
    neutral_level: Share = 0.3
    glide_per_s: Speed = 0.01


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
        self._level = Slew(limits.neutral_level, limits.level_slew_per_s)
        self._curves = curves
        tempo_bpm = curves.tempo_bpm(limits.neutral_level)
        self._tempo = Slew(tempo_bpm, limits.tempo_slew_bpm_per_s)
        self._sent_tempo = DeadBand(tempo_bpm, limits.tempo_dead_band_bpm)
        self._overrides = Overrides()
        self._together = Slew(0.0, PER_S)
        self._last = ControlTarget(limits.neutral_level, None, "")
        self._before_stop: tuple[float, float] | None = None  # level and tempo, while one holds
        self._most: tuple[float, float] | None = None  # the same, since one has ended by itself
        self.held_back = False  #: whether a stop rule holds the music back
        self._back_s = 0.0  # since then
        self._underway = TransitionTracker(limits.level_slew_per_s, limits.tempo_slew_bpm_per_s)
        self._free_s = 2.0 * SECONDS  # since the music was last kept from following
        self._blind_s = 0.0
        self._following = False
        self._seen = False
        self._sent: MusicParams | None = None  # of the last decision, before wishes
        self._loudness = course.loudness
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
        self._overrides.step(state.time_s)
        moment = ControlInput(
            state,
            dt_s,
            {reading.name: reading for reading in readings},
            self._overrides.number("target"),
            self._rated,
            self.found,
            frozenset(events),
            phrase_start,
            bodies or {},
        )
        self._rated = {}
        leads = begun and self._last.setpoint is not None
        stop = self._safety.step(moment, self._level.value, leads=leads)
        self.held_back = stop is not None
        self._note(stop, dt_s)
        if stop is not None:
            aim = self._back_off(stop)
        elif held:
            aim = self._held()
        else:
            if begun:
                self._course.step(moment)
            aim = self._returned(self._aim(moment if begun else replace(moment, dt_s=0.0)))
        self._last = aim
        self.found |= aim.found
        return self._decide(moment, aim, 0.0 if stop is not None else together)

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
            self._before_stop = self._level.value, self._tempo.value

    def _back_off(self, stop: SafetyStop) -> ControlTarget:
        """Go to neutral or fall silent; no wish stands against it, but bounds that calm hold.

        A body that nobody sees is not driven: the music only falls. Nor does it wait in silence
        higher than it was.
        """
        self._overrides.back_off()
        level, tempo_bpm = self._limits.neutral_level, None
        if stop.silent and self._before_stop is not None:
            level = min(level, self._before_stop[0])
        if stop.calmer:
            level = min(self._level.value, level)
            tempo_bpm = min(self._tempo.value, self._curves.tempo_bpm(level))
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
            self._level.value, last.setpoint, why, self._tempo.value, last.swell,
            silent=last.silent, cause=cause,
        )  # fmt: skip

    def _glide(self, dt_s: float) -> ControlTarget:
        """Go to neutral, but never up: a body that nobody sees is not driven."""
        level, limits = self._level.value, self._limits
        step = limits.glide_per_s * dt_s
        wanted = max(min(level, limits.neutral_level), level - step)
        why = (
            "The body has been out of sight for a while, so the music glides to neutral."
            if self._seen
            else "Nothing has been heard of the body yet; the music stays neutral."
        )
        tempo_bpm = min(self._tempo.value, self._curves.tempo_bpm(wanted))
        cause = "lost" if self._seen else "unseen"
        return ControlTarget(wanted, self._last.setpoint, why, tempo_bpm, cause=cause)

    def _decide(self, moment: ControlInput, aim: ControlTarget, together: float) -> Decision:
        state, dt_s, overrides = moment.state, moment.dt_s, self._overrides
        wanted = overrides.number("level")
        goal = clamp(aim.level if wanted is None else wanted, 0.0, 1.0)
        level_before = self._level.value
        level = self._level.toward(goal, dt_s)
        wanted_bpm = self._curves.tempo_bpm(level) if aim.tempo_bpm is None else aim.tempo_bpm
        asked_bpm = overrides.number("tempo_bpm")
        bpm = overrides.bounded_bpm(wanted_bpm if asked_bpm is None else asked_bpm)
        most_bpm = TEMPO_RANGE_BPM[1] if aim.most_bpm is None else aim.most_bpm
        tempo_bpm = self._tempo.toward(clamp(min(bpm, most_bpm), *TEMPO_RANGE_BPM), dt_s)
        goal_bpm = self._curves.tempo_bpm(goal) if bpm == self._curves.tempo_bpm(level) else bpm
        way = Transition(goal, min(goal_bpm, most_bpm), level, self._tempo.value)
        underway = self._underway.step(way, dt_s)
        hurries = tempo_bpm > most_bpm  # on its way down to where it may be
        there = overrides.bounded_bpm(tempo_bpm) == tempo_bpm  # else it glides there yet
        tempo_bpm = self._sent_tempo.pass_on(tempo_bpm)
        tempo_bpm = overrides.bounded_bpm(tempo_bpm) if there else tempo_bpm
        tempo_bpm = tempo_bpm if hurries else min(tempo_bpm, most_bpm)
        params = self._curves.params(level, tempo_bpm)
        before, self._sent = self._sent or params, params
        sped = params.tempo_bpm != before.tempo_bpm
        pushed = overrides.glides or (wanted is not None and level != level_before)
        pushed = pushed or (bpm != wanted_bpm and sped)
        loudness, self._loudness = self._loudness, self._course.loudness
        faded = abs(self._loudness - loudness) * params.dynamics
        fades = not (sped or aim.params) and faded > abs(params.dynamics - before.dynamics)
        played = aim.params
        params = replace(
            params,
            density=played.get("density", params.density),
            dynamics=played.get("dynamics", params.dynamics) * self._course.loudness,
            register=played.get("register", params.register),
            brightness=played.get("brightness", params.brightness),
            tension=played.get("tension", params.tension),
            articulation=played.get("articulation", params.articulation),
            swing=played.get("swing", params.swing),
            swell=0.0 if hurries else aim.swell,
            rest=aim.silent,
        )
        together = self._together.toward(together, dt_s)
        params = opened(params, together)
        numbers = {
            "arousal": state.arousal,
            "low": state.low,
            "high": state.high,
            "confidence": state.confidence,
            "level": level,
            "wanted_level": aim.level,
            "wanted_tempo_bpm": wanted_bpm,
            **aim.numbers,
            **self.found,
            **self._course.numbers,
        }
        volume_most = overrides.number("volume_most")
        if volume_most is not None:
            numbers["volume_most"] = volume_most
        if moment.bodies:
            numbers["together"] = together
        why = aim.why
        if together >= _HEARD_TOGETHER:
            why += f" Your hearts move together ({together:.2f} beyond chance): the music opens."
        asked, stopped = overrides.why, aim.cause.startswith("stop:")
        cause = aim.cause
        kept = stopped or cause == "held" or (self._seen and cause in ("blind", "lost"))
        self._free_s = 0.0 if kept else self._free_s + dt_s
        if not stopped and cause not in _BRANCHES:
            cause = "underway" if underway else "resumed" if self._free_s <= SECONDS else cause
            cause = "plan" if fades else cause
        if asked and not stopped and pushed:
            cause = "override"
        return Decision(
            state.time_s,
            self._course.name,
            aim.setpoint,
            overrides.changed(params, dt_s),
            f"{asked} {why}" if asked else why,
            numbers,
            cause=cause,
            phase=self._course.phase,
        )
