"""Lead: meet the listener where they are, then stay a little calmer than they are.

The order (match first, then change) is the iso principle of music therapy; that it works better
than calm music from the start has not been shown, so it is offered, not asserted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec

from biofeedback.control.base import ControlInput, ControlTarget
from biofeedback.control.direction import DirectionTest, witness
from biofeedback.control.limits import clamp

__all__ = ["Lead", "LeadSettings"]

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)]

_REST_LEVEL = 0.3
#: The turn from meeting to leading takes this long: no step. Ours.
_TURN_S = 15.0
_LEAST_URGE = 0.1
_LEAST_WAY = 0.25  #: a shorter way to the target needs no more than its share of the lead. Ours
_STEP_SAID_S = 15.0  #: a step down or back takes less, at the speeds that are allowed
_STEPS = "holds, or takes a small step down"
_FADE = 0.95  #: in 10 s a change is as good as forgotten, for the reason that is named


class LeadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where to lead, how long to meet, and how far ahead the music may walk. Values are ours."""

    target: Share = 0.25  #: arousal to arrive at; a resting body is at 0.3
    meet_s: Seconds = 20.0
    lead_s: Seconds = 180.0  #: from the arousal that was met to the target, if nothing resists
    ahead: Share = 0.5  #: how much calmer than the set point the music is at first
    #: how much calmer it is for each step of the listener above the set point
    firmness: Annotated[float, msgspec.Meta(ge=0.0, le=2.0)] = 0.6
    urge_most: Share = 0.3  #: how much calmer it becomes when that does not turn the listener
    urge_per_s: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.003  #: how soon it does
    patience: Share = 0.25  #: how far above the set point the listener may be before it waits
    rise: Share = 0.2  #: a rise of arousal by this much, to above the plan, is met anew
    #: but not so soon after the start: whom calm music stirs up would be met again and again, and
    #: what it does to them could not be seen
    stays_calm_s: Seconds = 180.0
    #: after so long a wait the music pauses; 0 never. Two minutes without music calmed more than
    #: slow music did (Bernardi et al. 2005).
    pause_after_s: Seconds = 0.0
    pause_s: Seconds = 120.0


class Lead:
    """Meets for `meet_s`, then lowers a set point and keeps the music calmer than that.

    The set point never runs away: while the listener is more than `patience` above it, it waits.
    It follows at once when the listener is calmer than planned. The music starts well ahead of it
    and comes back to it on the way, so that a slow response neither keeps the listener waiting nor
    carries them past the target; what is missing for long is made up for. One whom something stirs
    up again is met again.

    With a `direction` to be tested, that slower is calmer is no belief: small steps show it, and
    until they have the music stays about as calm as fixed calm music, below where it began.
    """

    follows_body = True
    finished = False

    def __init__(self, settings: LeadSettings, direction: DirectionTest | None = None) -> None:
        self._settings = settings
        self._direction = direction
        self._target = settings.target
        self._elapsed_s = self._total_s = 0.0
        self._met = self._setpoint = self._lowest = settings.target
        self._urge = 0.0
        self._last: tuple[float, float] | None = None  # arousal and level of the last aim
        self._by_body = self._by_plan = 0.0  # what has moved the level of late
        self._stuck_s = 0.0
        self._pause_s = 0.0
        self._stepped_s = 2.0 * _STEP_SAID_S  # since the last step that chance has drawn

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Step the plan; time in which the state is not tracked yet does not count."""
        settings, state, dt_s = self._settings, moment.state, moment.dt_s
        arousal = state.arousal
        if state.phase == "rest":
            why = "Getting to know your resting state; the music stays gentle."
            return ControlTarget(_REST_LEVEL, None, why, cause="rest")
        self._target = settings.target if moment.target is None else moment.target
        if self._total_s == 0.0:
            self._meet(arousal)  # also where there is no time to meet: the plan starts there
        self._lowest = min(self._lowest, arousal)
        above = arousal - self._setpoint
        risen = above > settings.patience and arousal - self._lowest > settings.rise
        if risen and self._total_s >= settings.stays_calm_s and not self._unsure:
            self._meet(arousal)
        self._elapsed_s += dt_s
        self._total_s += dt_s
        if self._elapsed_s <= settings.meet_s:
            self._met = self._setpoint = self._lowest = max(arousal, self._target)
            why = f"The music meets you at arousal {arousal:.2f}.{self._told()}"
            level = arousal if self._direction is None else self._direction.capped(arousal)
            return self._placed(arousal, arousal - level, why)
        waiting = above > settings.patience
        if self._pauses(waiting, dt_s):
            why = "The music pauses for a while: silence may calm where music did not."
            return ControlTarget(arousal, self._setpoint, why, silent=True, cause="pause")
        pulled = 0.0
        if not waiting:
            speed = (self._met - self._target) / max(settings.lead_s, dt_s)
            planned = self._setpoint - speed * dt_s
            self._setpoint = max(self._target, min(planned, arousal))
            pulled = self._setpoint - max(self._target, planned)
        above = arousal - self._setpoint
        self._urge = clamp(
            self._urge + settings.urge_per_s * above * dt_s, -_LEAST_URGE, settings.urge_most
        )
        way = max(self._met - self._target, _LEAST_WAY)
        ahead = settings.ahead * clamp((self._setpoint - self._target) / way, 0.0, 1.0)
        led = self._setpoint - ahead - settings.firmness * above - self._urge
        ramp = min(1.0, (self._elapsed_s - settings.meet_s) / _TURN_S)
        most = max(arousal, self._target + _LEAST_URGE)
        level = clamp(arousal + ramp * (led - arousal), 0.0, most)
        answer = pulled * (1.0 + settings.firmness - settings.ahead / way)
        if self._direction is not None:
            return self._tested(self._direction, moment, level, waiting)
        return self._placed(arousal, arousal - level, self._why(arousal, waiting), answer)

    @property
    def _unsure(self) -> bool:
        """Whether the direction is tested and not known; nobody is met again in a test."""
        return self._direction is not None and self._direction.verdict == "unsure"

    def _told(self) -> str:
        """Say beforehand that there will be steps, where there will be."""
        if self._direction is None or self._direction.evidence.verdict != "unsure":
            return ""
        return " Then small steps down, drawn by chance, test whether slower is calmer."

    def _tested(
        self, direction: DirectionTest, moment: ControlInput, level: float, waiting: bool
    ) -> ControlTarget:
        """Return the aim as far as the direction is known, and a step lower where chance says."""
        state, before = moment.state, direction.lowered
        direction.step(witness(state), state.time_s, phrase_start=moment.phrase_start)
        self._stepped_s = 0.0 if direction.lowered != before else self._stepped_s + moment.dt_s
        played = direction.bounded(level)
        why = {
            "follows": self._why(state.arousal, waiting),
            "opposes": "Calmer music does not calm you: it goes back to where it began.",
            "unsure": f"Not known yet whether slower is calmer for you: the music {_STEPS}.",
        }[direction.verdict]
        aim = self._placed(state.arousal, state.arousal - played, why)
        return replace(
            aim,
            cause="direction" if self._stepped_s <= _STEP_SAID_S else aim.cause,
            numbers={"direction_lowered": float(direction.lowered)},
            found=direction.evidence.found,
        )

    def _placed(self, arousal: float, below: float, why: str, answer: float = 0.0) -> ControlTarget:
        """Return the aim this far below the listener, named after what moved it more of late.

        Where the music leads, a change of arousal moves it by the firmness, and by `answer` where
        it pulls the set point along; where it meets, by as much. The rest is the plan's.
        """
        level = arousal - below
        if self._last is None:
            self._last = arousal, level
        change, moved = arousal - self._last[0], level - self._last[1]
        answer += -self._settings.firmness * change if below else change
        self._by_body = _FADE * self._by_body + answer
        self._by_plan = _FADE * self._by_plan + moved - answer
        self._last = arousal, level
        cause = "arousal" if abs(self._by_body) >= abs(self._by_plan) else "plan"
        return ControlTarget(level, self._setpoint, why, cause=cause)

    def _meet(self, arousal: float) -> None:
        self._elapsed_s = 0.0
        self._met = self._setpoint = self._lowest = max(arousal, self._target)
        self._urge = 0.0

    def _pauses(self, waiting: bool, dt_s: float) -> bool:
        """Return whether to be silent now: after a long wait, for the length of a pause."""
        settings = self._settings
        if self._pause_s > 0.0:
            self._pause_s -= dt_s
        else:
            self._stuck_s = self._stuck_s + dt_s if waiting else 0.0
            if settings.pause_after_s and self._stuck_s >= settings.pause_after_s:
                self._stuck_s, self._pause_s = 0.0, settings.pause_s
        return self._pause_s > 0.0

    def _why(self, arousal: float, waiting: bool) -> str:
        place = f"arousal {arousal:.2f}, set point {self._setpoint:.2f}"
        if waiting:
            waits = "it waits, and the music stays calmer than you"
            return f"You are well above the plan ({place}): {waits}."
        if arousal <= self._target + 0.03:
            return f"You have arrived ({place}); the music stays calm with you."
        return f"The music leads down, a little calmer than you are ({place})."
