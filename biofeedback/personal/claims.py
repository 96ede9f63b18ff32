"""When a preference may be claimed: only from a person's own sessions, and rarely from noise.

Each level of each factor is held against the others of its factor with Student's t: a weighted
regression of what lasted of the session on whether it had the level, with the other factors beside
it, weakly. How much sessions vary is taken from the person's own sessions alone, so that a noisy
person is told of no more than a steady one. Half of what a session started higher is allowed for.

One looks after each session, and chance has had something to do with what was played, not all. So
the level of a single look was set on virtual listeners to whom nothing makes a difference, and from
the tenth session on it falls with the square of their number, so that looking for ever costs little
more. `python -m benchmarks.lab_tables.learner` measures what comes of it, on other listeners.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biofeedback.personal.options import FACTORS, Factor, Goal
from biofeedback.personal.past import Past, lasting_reward
from biofeedback.personal.prior import columns, rows
from biofeedback.personal.regression import Array

__all__ = ["FEWEST", "LEVEL", "Claim", "claims"]

LEVEL = 0.02  #: of all comparisons at one look together; tuned with seeds 9000 to 9199
FEWEST = 5  #: sessions before anything is claimed
_FALLS_FROM = 10  #: sessions
_FEWEST_EACH = 2  #: with a level, and with others
_STARTS = 0.5  #: of a higher start is a larger fall anyhow; 0.4 to 0.5 on virtual listeners
_BESIDE = 1.0  #: how far other factors may matter, in standard deviations of a session. Ours


@dataclass(frozen=True, slots=True)
class Claim:
    """One level against the others of its factor that were heard.

    `chance` is how likely so large a difference is where there is none, times the number of
    comparisons; `claimed` whether it is below the level of this look; `better` the sign. `more` is
    the difference, of arousal or of what the goals make of it, `low` and `high` its 95 % interval.
    """

    factor: Factor
    level: str
    chance: float
    claimed: bool
    better: bool
    sessions: int  #: with this level
    others: int
    more: float
    low: float
    high: float


def claims(history: list[Past], goals: tuple[Goal, ...] = ("calm",)) -> list[Claim]:
    """Return what can be compared, the surest first; ratings do not enter, the body alone."""
    if len(history) < FEWEST:
        return []
    names = columns([past.option for past in history], moderated=False)
    x = rows(names, history)
    y = np.array([lasting_reward(past, goals) - _STARTS * past.start for past in history])
    weights = np.array([max(0.05, past.quality) for past in history])
    tested = [place for place, name in enumerate(names) if "=" in name]
    found = []
    for place in tested:
        factor, _, level = names[place].partition("=")
        same = [i for i in tested if names[i].startswith(f"{factor}=")]
        if len(same) == 2 and place == same[1]:
            continue  # of two levels, one says all
        count = int(x[:, place].sum())
        beside = [i for i in tested if i not in same]
        found.append((_named(factor), level, count, x[:, place], x[:, beside]))
    level_now = LEVEL * min(1.0, _FALLS_FROM / len(history)) ** 2
    compared = []
    for factor, level, count, column, others in found:
        left = len(history) - count
        if min(count, left) < _FEWEST_EACH:
            continue
        more, half, p = _student(column, others, y, weights)
        chance = min(1.0, len(found) * p)
        compared.append(
            Claim(factor, level, chance, chance <= level_now, more > 0.0, count, left,
                  more, more - half, more + half)
        )  # fmt: skip
    return sorted(compared, key=lambda claim: claim.chance)


def _student(column: Array, others: Array, y: Array, weights: Array) -> tuple[float, float, float]:
    """Return what a column (n,) of zeros and ones makes, half its 95 % interval, two-sided p.

    `others` (n, k) are pulled towards no effect, and cost as many degrees of freedom as they use.
    """
    from scipy.stats import t as student

    root = np.sqrt(weights)
    x = root[:, None] * np.column_stack((np.ones(len(y)), column, others))
    penalty = np.diag([0.0, 0.0, *[_BESIDE**-2] * others.shape[1]])
    spread = np.linalg.inv(x.T @ x + penalty)
    effects = spread @ x.T @ (root * y)
    freedom = len(y) - float(np.trace(x @ spread @ x.T))
    missed = root * y - x @ effects
    variance = float(missed @ missed) / freedom * spread[1, 1]
    if variance <= 0.0:
        return float(effects[1]), np.inf, 1.0  # sessions that do not vary say nothing of chance
    sd = float(variance**0.5)
    half = float(student.ppf(0.975, freedom)) * sd
    return float(effects[1]), half, float(2.0 * student.sf(abs(effects[1]) / sd, freedom))


def _named(name: str) -> Factor:
    return next(factor for factor in FACTORS if factor == name)
