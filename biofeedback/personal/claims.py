"""When a preference may be claimed: only from a person's own sessions, and rarely from noise.

Each level of each factor is held against the others of its factor with Student's t: a weighted
regression of what lasted of the session on whether it had the level, with the other factors beside
it, weakly. How much sessions vary is taken from the person's own sessions, so that a noisy person
is told of little more than a steady one; one session's worth of the usual beside them keeps a few
that agree by chance from passing for certainty. Most of what a session started higher is allowed
for: the music has begun to act by then, so that a part of it is what is looked for.

One looks after each session, and chance has had something to do with what was played, not all. So
the level of a single look was set on virtual listeners to whom nothing makes a difference. It
rises with the cube of the number of sessions up to the tenth: what is spent on early looks, which
tell little, is missing at later ones (Lan and DeMets 1983 on spending). From there on it falls with
the square, so that looking for ever costs little more. `python -m benchmarks.lab_tables.learner`
measures what comes of it, on other listeners.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biofeedback.personal.options import FACTORS, Factor, Goal
from biofeedback.personal.prior import columns, rows
from biofeedback.personal.regression import Array
from biofeedback.personal.session_summary import SessionSummary, lasting_reward

__all__ = ["FEWEST", "LEVEL", "Claim", "claims", "level_after"]

LEVEL = 0.045  #: of all comparisons at the look at ten together; tuned with seeds from 110000 on
FEWEST = 5  #: sessions before anything is claimed
_HIGHEST_AT = 10  #: sessions
_FEWEST_EACH = 2  #: with a level, and with others
_STARTS = 0.8  #: of a higher start is a larger fall anyhow; tuned on the same listeners
_USUAL_SD = 0.06  #: of arousal from session to session, on virtual listeners
_USUAL_COUNTS = 1.0  #: as much as so many sessions more
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


def claims(history: list[SessionSummary], goals: tuple[Goal, ...] = ("calm",)) -> list[Claim]:
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
    level_now = level_after(len(history))
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


def level_after(sessions: int) -> float:
    """Return the level of a look after so many sessions, of all comparisons together."""
    share = sessions / _HIGHEST_AT
    return LEVEL * (share**3 if share < 1.0 else share**-2)


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
    freedom = len(y) - float(np.trace(x @ spread @ x.T)) + _USUAL_COUNTS
    missed = root * y - x @ effects
    usual = _USUAL_COUNTS * _USUAL_SD**2
    variance = (float(missed @ missed) + usual) / freedom * spread[1, 1]
    sd = float(variance**0.5)
    half = float(student.ppf(0.975, freedom)) * sd
    return float(effects[1]), half, float(2.0 * student.sf(abs(effects[1]) / sd, freedom))


def _named(name: str) -> Factor:
    return next(factor for factor in FACTORS if factor == name)
