"""The learner: which of the safe options a person hears next, and what it is based on.

Thompson sampling: the effects of each option are drawn from what is believed of this person, and
the option that is best in that draw is played. Early the draws differ widely and many options are
tried; later they agree. In the first sessions only what was heard least is in the draw: evenly
heard levels are compared best, and people who are unlike all others are found out. Older sessions
count less, poor signals too. Pure: equal history and equal seed give the equal choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from biofeedback.personal.options import (
    BUILT_IN,
    FACTORS,
    Factor,
    MusicOption,
    Preferences,
    candidates,
)
from biofeedback.personal.prior import COLD, ColdStart, ColdStarts, columns, design, rows
from biofeedback.personal.regression import Array, Belief
from biofeedback.personal.session_summary import Hour, SessionSummary, body_reward, said_reward

__all__ = [
    "LearnedChoice",
    "LevelComparison",
    "ShownComparison",
    "choose",
    "compare",
    "levels",
    "weights",
]

_DRAWS = 200
_KEPT = 0.97  #: of a session's weight, with each that follows. Ours
_CERTAINTY = 0.5  #: of the noise in an interval: it is the person's own that counts
_BOLD = 1.0  #: of a whole draw at full exploration; tuned on virtual listeners
#: Sessions, at full exploration, that go to what was heard least; tuned on virtual listeners.
_EVENLY = 6


class ShownComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison from the sessions before, as a report shows it; arousal falls more by `more`."""

    what: str
    level: str
    other: str
    more: float
    low: float
    high: float
    sessions: int
    others: int
    claimed: bool
    told: str  #: the sentence for one that is claimed, else ""


class LearnedChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen. `expected` and `sd` are of its reward; so is `likely_best`, 0 to 1.

    `greedy` is the option of the highest expectation, which is another one while it explores.
    """

    option: MusicOption
    greedy: MusicOption
    expected: float
    sd: float
    greedy_expected: float
    likely_best: float
    sessions: int
    options: int
    hour: Hour
    start: float
    exploration: float
    why: str = ""  #: one sentence for the person
    compared: tuple[ShownComparison, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelComparison:
    """One level against another: how much more reward, with a 95 % interval; counts of sessions."""

    factor: Factor
    level: str
    other: str
    more: float
    low: float
    high: float
    sessions: int
    others: int


def choose(
    history: list[SessionSummary],
    wanted: Preferences,
    hour: Hour,
    seed: int,
    start: float | None = None,
    prior: ColdStarts = COLD,
    styles: Sequence[str] = BUILT_IN,
) -> LearnedChoice:
    """Choose the next session's option among the styles that there are.

    `start` is the arousal now, the usual one when it is unknown.
    """
    options = candidates(wanted, styles)
    names = columns(options)
    body, said = _believed(history, wanted, prior, names)
    usual = float(np.median([past.start for past in history])) if history else 0.6
    now = usual if start is None else start
    x = np.array([design(names, option, now, hour) for option in options])
    rng = np.random.default_rng([seed, len(history)])
    expected = x @ (body.mean + said.mean)
    doubts = x @ (body.draws(rng, _DRAWS) + said.draws(rng, _DRAWS))
    drawn = expected + _BOLD * wanted.exploration * doubts[:, 0]
    if len(history) < round(_EVENLY * wanted.exploration):
        drawn[~_least_heard(options, history)] = -np.inf
    best, chosen = int(np.argmax(expected)), int(np.argmax(drawn))
    sd = float(np.hypot(body.contrast(x[chosen])[1], said.contrast(x[chosen])[1]))
    return LearnedChoice(
        option=options[chosen],
        greedy=options[best],
        expected=float(expected[chosen]),
        sd=sd,
        greedy_expected=float(expected[best]),
        likely_best=float(np.mean((expected[:, None] + doubts).argmax(axis=0) == chosen)),
        sessions=len(history),
        options=len(options),
        hour=hour,
        start=now,
        exploration=wanted.exploration,
    )


def compare(
    history: list[SessionSummary],
    y: Array,
    factor: Factor,
    level: str,
    other: str,
    prior: ColdStart,
    unit: float,
) -> LevelComparison:
    """Return how one level compares with another in an outcome y, weakly pulled towards nothing.

    `unit` says how large one of the outcome is in reward, which scales what is expected of it.
    """
    from scipy.stats import t as student

    names = columns([past.option for past in history], moderated=False)
    spread = np.diag([(1.0 if "=" not in name else 0.3) ** 2 for name in names]) / prior.noise**2
    scale = _CERTAINTY * (prior.noise * unit) ** 2
    belief = Belief(np.zeros(len(names)), spread, _CERTAINTY, scale)
    belief = belief.after(rows(names, history), y, weights(history, kept=1.0))
    direction = np.zeros(len(names))
    direction[names.index(f"{factor}={level}")] = 1.0
    direction[names.index(f"{factor}={other}")] = -1.0
    more, sd = belief.contrast(direction)
    half = float(student.ppf(0.975, 2.0 * belief.shape)) * sd
    counts = [sum(past.option.level(factor) == name for past in history) for name in (level, other)]
    return LevelComparison(factor, level, other, more, more - half, more + half, *counts)


def weights(history: list[SessionSummary], kept: float = _KEPT) -> Array:
    """Return how much each session counts: by its signal, and less the longer ago it was."""
    ages = np.arange(len(history))[::-1]
    return np.asarray(kept**ages * [max(0.05, past.quality) for past in history])


def _least_heard(options: list[MusicOption], history: list[SessionSummary]) -> NDArray[np.bool_]:
    """Return, for each option, whether its levels were heard least of all, over all factors."""
    ahead = np.zeros(len(options), dtype=int)
    for factor in FACTORS:
        heard = Counter(past.option.level(factor) for past in history)
        counts = np.array([heard[option.level(factor)] for option in options])
        ahead += counts - counts.min()
    return np.asarray(ahead == ahead.min())


def _believed(
    history: list[SessionSummary], wanted: Preferences, prior: ColdStarts, names: list[str]
) -> tuple[Belief, Belief]:
    """Return what is believed of the body and of what is said; unrated sessions say nothing."""
    x, counts = rows(names, history), weights(history)
    y = np.array([body_reward(past, wanted.goals) for past in history])
    body = prior.body.belief(names).after(x, y, counts)
    rated = np.array([past.rated is not None for past in history], dtype=bool)
    told = np.array([said_reward(past) for past in history])
    said = prior.said.belief(names).after(x[rated], told[rated], counts[rated])
    return body, said


def levels(history: list[SessionSummary], factor: Factor) -> list[str]:
    """Return the levels of a factor that were heard, the most frequent first."""
    heard = [past.option.level(factor) for past in history]
    return sorted(
        dict.fromkeys(filter(None, heard)), key=lambda level: (-heard.count(level), level)
    )
