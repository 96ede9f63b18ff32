"""Lead: meet the listener where they are, then stay a little calmer than they are.

The order (match first, then change) is the iso principle of music therapy; that it works better
than calm music from the start has not been shown, so it is offered, not asserted.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from biofeedback.control.base import Aim
from biofeedback.control.limits import clamp
from biofeedback.state.estimator import State

__all__ = ["Lead", "LeadSettings"]

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)]


class LeadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where to lead, how long to meet, and how far ahead the music may walk. Values are ours."""

    target: Share = 0.25  #: arousal to arrive at; a resting body is at 0.3
    meet_s: Seconds = 30.0
    lead_s: Seconds = 240.0  #: from the arousal that was met to the target, if nothing resists
    ahead: Share = 0.15  #: how much calmer than the listener the music is at first
    ahead_most: Share = 0.45  #: how much calmer it becomes when that does not turn the listener
    urge_per_s: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.01  #: how soon it does
    patience: Share = 0.25  #: how far above the set point the listener may be before it waits


class Lead:
    """Meets for `meet_s`, then lowers a set point and keeps the music just below the listener.

    The set point never runs away: while the listener is more than `patience` above it, it waits.
    It follows at once when the listener is calmer than planned. A listener who stays above the
    set point is led from further ahead, which also makes up for an estimate that reads too high.
    """

    follows_body = True

    def __init__(self, settings: LeadSettings) -> None:
        self._settings = settings
        self._elapsed_s = 0.0
        self._met: float | None = None
        self._setpoint = 1.0
        self._ahead = settings.ahead

    def aim(self, state: State, dt_s: float) -> Aim:
        """Step the plan; time in which the state is not tracked yet does not count."""
        settings = self._settings
        if state.phase == "rest":
            return Aim(0.3, None, "Getting to know your resting state; the music stays gentle.")
        self._elapsed_s += dt_s
        if self._elapsed_s <= settings.meet_s:
            self._met = self._setpoint = max(state.arousal, settings.target)
            return Aim(
                state.arousal,
                self._setpoint,
                f"The music meets you at arousal {state.arousal:.2f}.",
            )
        start = settings.target if self._met is None else self._met
        waiting = state.arousal > self._setpoint + settings.patience
        if not waiting:
            speed = (start - settings.target) / max(settings.lead_s, dt_s)
            self._setpoint = max(settings.target, self._setpoint - speed * dt_s)
            self._setpoint = max(settings.target, min(self._setpoint, state.arousal))
        ramp = min(1.0, (self._elapsed_s - settings.meet_s) / 30.0)  # ours: no step at the turn
        self._ahead = clamp(
            self._ahead + settings.urge_per_s * (state.arousal - self._setpoint) * dt_s,
            settings.ahead,
            max(settings.ahead, settings.ahead_most),
        )
        level = clamp(state.arousal - self._ahead * ramp, settings.target, 1.0)
        return Aim(level, self._setpoint, self._why(state.arousal, waiting))

    def _why(self, arousal: float, waiting: bool) -> str:
        place = f"arousal {arousal:.2f}, set point {self._setpoint:.2f}"
        if waiting:
            return f"You are well above the plan ({place}), so the music waits just below you."
        if arousal <= self._settings.target + 0.03:
            return f"You have arrived ({place}); the music stays calm with you."
        return f"The music leads down, a little calmer than you are ({place})."
