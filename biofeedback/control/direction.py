"""Whether calmer music calms this listener: evidence from small steps that chance decides.

Two periods make a pair. In one the music holds, in the other it plays a small step lower; a coin
says in which. Where music does nothing, each difference between the periods is as likely to have
the other sign, however the body drifts or wanders: chance, and no model of a body, makes the test
right. The differences add up to a test martingale for symmetric variables (de la Peña 1999, Annals
of Probability 27; its mixture over a normal prior as in Howard et al. 2021, Annals of Statistics
49), so one may look after each pair, and go on in another session, without calling more listeners
falsely. All that is kept of a listener are three sums.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Annotated, Literal

import msgspec

from biofeedback.common.portable_math import log
from biofeedback.state.estimator import State

__all__ = [
    "STEP",
    "DirectionEvidence",
    "DirectionSettings",
    "DirectionTest",
    "Verdict",
    "witness",
]

Verdict = Literal["unsure", "follows", "opposes"]

STEP = (
    0.15  #: of the music's activation; about a tenth of a style's tempo and a fifth of its density
)
#: The chance of a false verdict at any time; half of it, by symmetry, for each direction.
_ALPHA = 0.1
_PRIOR_SDS = 0.5  #: spread of the mixture, in the inverse of a difference's unit
_MOST_SDS = 3.0  #: a larger difference counts no more than this
_STEP_SDS, _STEPS = 0.01, 600  #: fineness and bound of the search for the interval's ends
#: A period, and its last part, which counts: before, the phrase and the body have yet to change.
#: Chosen with the witness on 9 of 17 people; docs/science.md has what was tried.
_PERIOD_S, _COUNTED_S = 60.0, 20.0
_SEEN = 0.5  #: of what counts: with less of it a pair is left out
_GAP_S = 2.0  #: after a longer break a pair begins anew
_CONFIDENT = 0.25
_FOUND = ("direction_pairs", "direction_sum", "direction_squares")
_REST_LOGIT = log(0.3 / 0.7)


class DirectionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether to test the direction, and what earlier sessions have shown of it."""

    test: bool = True
    known_pairs: Annotated[int, msgspec.Meta(ge=0)] = 0
    known_sum: float = 0.0
    known_squares: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0


class DirectionEvidence(msgspec.Struct, frozen=True):
    """Sums over pairs of how much lower the body was while the music was a step lower.

    Differences are in standard deviations of a rest; positive ones follow the music.
    """

    pairs: int = 0
    total: float = 0.0
    squares: float = 0.0

    def with_pair(self, fell_sds: float) -> DirectionEvidence:
        """Return the evidence with another pair."""
        fell = max(-_MOST_SDS, min(_MOST_SDS, fell_sds))
        return DirectionEvidence(self.pairs + 1, self.total + fell, self.squares + fell * fell)

    @classmethod
    def of(cls, found: Mapping[str, float]) -> DirectionEvidence:
        """Return the evidence that stands in the numbers of a decision."""
        pairs, total, squares = (found.get(name, 0.0) for name in _FOUND)
        return cls(round(pairs), total, squares)

    @property
    def found(self) -> dict[str, float]:
        """The evidence as it is logged with each decision."""
        return dict(zip(_FOUND, (float(self.pairs), self.total, self.squares), strict=True))

    @property
    def verdict(self) -> Verdict:
        """What may be said; most of the time that nobody can tell."""
        if self._log_e(0.0) < -log(_ALPHA):
            return "unsure"
        return "follows" if self.total > 0.0 else "opposes"

    @property
    def interval(self) -> tuple[float, float]:
        """The 90 % interval of what a step does, in standard deviations; it holds at any time."""
        if not self.pairs:
            return -math.inf, math.inf
        return -self._reach(-1.0), self._reach(1.0)

    def _log_e(self, effect_sds: float) -> float:
        """Return the logarithm of the evidence against an effect of this size."""
        total = self.total - self.pairs * effect_sds
        squares = (
            self.squares - 2.0 * effect_sds * self.total + self.pairs * effect_sds * effect_sds
        )
        spread = 1.0 + _PRIOR_SDS * _PRIOR_SDS * max(0.0, squares)
        return _PRIOR_SDS * _PRIOR_SDS * total * total / (2.0 * spread) - 0.5 * log(spread)

    def _reach(self, sign: float) -> float:
        """Return how far to one side of the mean an effect is not excluded; perhaps infinitely.

        Effects that nobody has add so much to the squares that they are not excluded again: what
        counts is the part around the mean.
        """
        mean = self.total / self.pairs
        for count in range(1, _STEPS):
            off = count * _STEP_SDS
            if self._log_e(mean + sign * off) >= -log(_ALPHA):
                return sign * mean + off
        return math.inf


def witness(state: State) -> float | None:
    """Return how many standard deviations above rest arousal is; None where it is out of sight.

    The skin is heard too: that it drifts costs the test power, and calls nobody falsely.
    """
    if state.phase != "tracking" or state.confidence < _CONFIDENT:
        return None
    arousal = min(max(state.arousal, 0.001), 0.999)
    return (log(arousal / (1.0 - arousal)) - _REST_LOGIT) / -_REST_LOGIT


class DirectionTest:
    """Says when the music is a step lower, and takes in what the body does meanwhile.

    Periods lie on a grid of time from the pair's first phrase on, whatever the music does, so that
    what is compared does not depend on the coin; the music changes with the first phrase in them.
    `calm` is the activation of music that is calm for everybody.
    """

    def __init__(self, seed: int, known: DirectionEvidence, calm: float) -> None:
        self._seed = seed
        self._calm = calm
        self._start: float | None = None  # the activation at which leading began
        self._coins = 0
        self.evidence, self.verdict = known, known.verdict
        self.lowered = False
        self._begun_s: float | None = None  # of the pair; None between pairs
        self._first_lower = self._changed = False
        self._last_s = -math.inf
        self._sums, self._counts = [0.0, 0.0], [0.0, 0.0]

    def step(self, witness: float | None, now_s: float, *, phrase_start: bool) -> None:
        """Take in how many standard deviations above rest the body is; None where it is unseen."""
        if self.verdict != "unsure":
            self.lowered = False
            return
        dt_s, self._last_s = now_s - self._last_s, now_s
        if self._begun_s is not None and dt_s > _GAP_S:
            self._begun_s = None
        if self._begun_s is not None and now_s - self._begun_s >= 2.0 * _PERIOD_S:
            self._finish()
        if self._begun_s is None:
            if not phrase_start:
                return
            self._begin(now_s)
            return
        elapsed_s = now_s - self._begun_s
        second = elapsed_s >= _PERIOD_S
        if second and not self._changed and phrase_start:
            self._changed, self.lowered = True, not self._first_lower
        if witness is not None and elapsed_s % _PERIOD_S >= _PERIOD_S - _COUNTED_S:
            self._sums[second] += witness * dt_s
            self._counts[second] += dt_s

    def bounded(self, level: float) -> float:
        """Return the activation to play where `level` is wanted; the first one is the start.

        Never above the start. While nobody can tell, periods are on average no lower than calm
        music that is the same for everybody; whoever is known to follow is led all the way, and
        for whoever opposes the music goes back to the start.
        """
        if self._start is None:
            self._start = level
        match self.verdict:
            case "follows":
                return level
            case "opposes":
                return self._start
            case "unsure":
                held = min(max(level, self._calm + STEP / 2.0), self._start)
                return max(0.0, held - STEP) if self.lowered else held

    def capped(self, level: float) -> float:
        """Return an activation, but none above the start, once there is one."""
        return level if self._start is None else min(level, self._start)

    def _begin(self, now_s: float) -> None:
        self._begun_s = now_s
        coin = Random(f"{self._seed}/direction/{self._coins}").getrandbits(1)
        self._coins += 1
        self._first_lower = self.lowered = bool(coin)
        self._changed = False
        self._sums, self._counts = [0.0, 0.0], [0.0, 0.0]

    def _finish(self) -> None:
        """Count the pair, where the music did change and the body was seen."""
        self._begun_s = None
        if min(self._counts) < _SEEN * _COUNTED_S:
            return
        first, second = (s / n for s, n in zip(self._sums, self._counts, strict=True))
        fell = second - first if self._first_lower else first - second
        self.evidence = self.evidence.with_pair(fell)
        self.verdict = self.evidence.verdict
