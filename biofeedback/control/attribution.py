"""What a decision is put down to: the reading, the plan, a person's wish, or a branch."""

from __future__ import annotations

from biofeedback.control.base import ControlTarget, Wishes
from biofeedback.control.limits import LimitedMusic, Limits
from biofeedback.control.transition_tracker import SECONDS, Transition, TransitionTracker
from synth.params import MusicParams

__all__ = ["Attribution"]

#: Branches that are named whatever the music does.
_BRANCHES = ("held", "blind", "rest", "lost", "unseen", "pause", "silence")


class Attribution:
    """Names the cause of each decision, which is not always the strategy's.

    A wish is one where it moves something; music that is still on its way to what was wanted
    before has no new one, and neither has music that was kept from following until a moment ago.
    """

    def __init__(self, limits: Limits, loudness: float) -> None:
        self._transition = TransitionTracker(limits.level_slew_per_s, limits.tempo_slew_bpm_per_s)
        self._free_s = 2.0 * SECONDS  # since the music was last kept from following
        self._loudness = loudness
        self._plain: MusicParams | None = None
        self._level = limits.neutral_level

    def step(
        self,
        target: ControlTarget,
        wishes: Wishes,
        music: LimitedMusic,
        plain: MusicParams,
        loudness: float,
        dt_s: float,
        *,
        seen: bool,
    ) -> str:
        """Return the cause of the music of the next `dt_s` seconds.

        `plain` is the music of the curves, `loudness` the share of it that the programme wants,
        and `seen` says that the body has been seen before.
        """
        way = Transition(music.goal_level, music.goal_bpm, music.level, music.gliding_bpm)
        underway = self._transition.step(way, dt_s)
        before, self._plain = self._plain or plain, plain
        sped = plain.tempo_bpm != before.tempo_bpm
        pushed = wishes.glides or (wishes.level is not None and music.level != self._level)
        pushed = pushed or (music.asked_bpm != music.wanted_bpm and sped)
        self._level = music.level
        faded = abs(loudness - self._loudness) * plain.dynamics
        self._loudness = loudness
        fades = not (sped or target.params) and faded > abs(plain.dynamics - before.dynamics)
        cause, stopped = target.cause, target.cause.startswith("stop:")
        kept = stopped or cause == "held" or (seen and cause in ("blind", "lost"))
        self._free_s = 0.0 if kept else self._free_s + dt_s
        if stopped:
            return cause
        if wishes.why and pushed:
            return "override"
        if cause in _BRANCHES:
            return cause
        if fades:
            return "plan"
        return "underway" if underway else "resumed" if self._free_s <= SECONDS else cause
