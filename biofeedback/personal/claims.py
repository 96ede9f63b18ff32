"""When a preference may be claimed: only from a person's own sessions, and rarely from noise.

For each level of each factor two models are compared: one in which it differs from the others of
its factor, and one in which it does not; all else that is known enters both. The ratio of their
evidences is expected to be 1 at every moment while there is no difference, whatever was chosen
and whenever one looks, so that by Ville's inequality it passes 1 / a with a probability of at most
a: looking after each session costs nothing (Robbins 1970; Grünwald et al. 2024). It is shared
among all levels of all factors. That holds as far as the noise is as the model has it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from biofeedback.personal.options import FACTORS, Factor, Goal
from biofeedback.personal.past import Past, body_reward
from biofeedback.personal.prior import Prior, columns, rows
from biofeedback.personal.regression import Belief, evidence

__all__ = ["FEWEST", "LEVEL", "Claim", "claims"]

LEVEL = 0.05
FEWEST = 5  #: sessions before anything is claimed
_FEWEST_EACH = 2  #: with a level, and with others
_CERTAINTY = 2.0  #: of the noise: what is known of it beforehand is little
_SIZE = 0.15  #: standard deviation of the differences that are looked for. Ours


@dataclass(frozen=True, slots=True)
class Claim:
    """One level against the others of its factor that were heard.

    `ratio` is how much better it explains the sessions that there is a difference, already shared
    among all that were looked at. `better` is the sign of the difference.
    """

    factor: Factor
    level: str
    ratio: float
    better: bool
    sessions: int  #: with this level
    others: int

    @property
    def claimed(self) -> bool:
        """Whether the criterion holds."""
        return self.ratio >= 1.0 / LEVEL


def claims(history: list[Past], prior: Prior, goals: tuple[Goal, ...] = ("calm",)) -> list[Claim]:
    """Return what can be compared, the surest first; ratings do not enter, the body alone."""
    if len(history) < FEWEST:
        return []
    options = [past.option for past in history]
    names = columns(options, moderated=False)
    x = rows(names, history)
    y = np.array([body_reward(past, goals) for past in history])
    weights = np.array([max(0.05, past.quality) for past in history])
    tested = [place for place, name in enumerate(names) if "=" in name]
    found = []
    for place in tested:
        factor, _, level = names[place].partition("=")
        same = [i for i in tested if names[i].startswith(f"{factor}=")]
        if len(same) == 2 and place == same[1]:
            continue  # of two levels, one says all
        count = int(x[:, place].sum())
        if min(count, len(history) - count) < _FEWEST_EACH:
            continue
        kept = [i for i in range(len(names)) if i not in same]
        without, with_it = kept, [*kept, place]
        ratio = _log(prior, names, with_it, x, y, weights) - _log(
            prior, names, without, x, y, weights
        )
        better = _fit(prior, names, with_it).after(x[:, with_it], y, weights).mean[-1] > 0.0
        found.append((factor, level, ratio, bool(better), count, len(history) - count))
    shared = math.log(max(1, len(tested)))
    return sorted(
        (
            Claim(_named(factor), level, math.exp(min(50.0, ratio - shared)), better, n, others)
            for factor, level, ratio, better, n, others in found
        ),
        key=lambda claim: -claim.ratio,
    )


def _fit(prior: Prior, names: list[str], places: list[int]) -> Belief:
    """Return the belief for some coefficients: neutral about options, wide about the rest."""
    sd = {"1": 0.3, "start": 0.5, "morning": 0.03, "evening": 0.03}
    spread = np.diag([(sd.get(names[i], _SIZE) / prior.noise) ** 2 for i in places])
    about = {"1": prior.level, "start": prior.start}
    mean = np.array([about.get(names[i], 0.0) for i in places])
    return Belief(mean, spread, _CERTAINTY, _CERTAINTY * prior.noise**2)


def _log(
    prior: Prior, names: list[str], places: list[int], x: np.ndarray, y: np.ndarray, w: np.ndarray
) -> float:  # fmt: skip
    return evidence(_fit(prior, names, places), x[:, places], y, w)


def _named(name: str) -> Factor:
    return next(factor for factor in FACTORS if factor == name)
