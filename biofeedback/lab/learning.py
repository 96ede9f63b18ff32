"""The learner on virtual people: its prior from some, its sessions with others, the best there is.

Simulated: proves the learner, not a benefit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from msgspec import structs

from biofeedback.lab.people import Listeners, day, hour_on
from biofeedback.personal import claims as claiming
from biofeedback.personal.insights import insights
from biofeedback.personal.learner import choose
from biofeedback.personal.options import FACTORS, MusicOption, Preferences, candidates
from biofeedback.personal.prior import COLD, ColdStart, ColdStarts
from biofeedback.personal.session_summary import SessionSummary, body_reward, said_reward
from sensors.signals import FloatArray

__all__ = ["LearningCourse", "learn", "train", "worths"]


@dataclass(frozen=True, slots=True)
class LearningCourse:
    """What each of n people got in each session, `worth` (sessions, n), and what was claimed.

    `claimed` is the first session after which each preference was claimed, 0 for never;
    `right` whether the first claim was of the level that it should be of.
    """

    worth: FloatArray
    chosen: list[list[MusicOption]]
    claimed: list[int]
    first: list[tuple[str, str, bool] | None]


def train(crowd: Listeners, wanted: Preferences, minutes: float, processes: int) -> ColdStarts:
    """Return what a crowd, who hear each option once, teaches about people in general."""
    options = candidates(wanted)
    n = len(crowd.seeds)
    heard = [day(crowd, [option] * n, 1 + k, minutes, processes)[0] for k, option in
             enumerate(options)]  # fmt: skip
    return ColdStarts(
        body=_fitted(heard, options, body_reward, COLD.body),
        said=_fitted(heard, options, said_reward, COLD.said),
    )


def _fitted(
    heard: list[list[SessionSummary]],
    options: list[MusicOption],
    part: Callable[[SessionSummary], float],
    cold: ColdStart,
) -> ColdStart:
    """Return the prior of one part of the reward; `heard` is one list of n people an option."""
    n = len(heard[0])
    y = np.array([[part(past) for past in pasts] for pasts in heard])
    start = np.array([[past.start - 0.6 for past in pasts] for pasts in heard])
    slope = float(
        np.sum((start - start.mean(0)) * (y - y.mean(0))) / np.sum((start - start.mean(0)) ** 2)
    )
    rest = y - slope * start
    means: dict[str, float] = {}
    own: dict[str, tuple[FloatArray, int]] = {}  # (levels, n) of the persons' own, sessions a level
    fitted = np.broadcast_to(rest.mean(axis=0), rest.shape).copy()
    for factor in FACTORS:
        names = [level for level in dict.fromkeys(o.level(factor) for o in options) if level]
        if len(names) < 2:
            continue
        rows = np.array(
            [rest[[o.level(factor) == name for o in options]].mean(axis=0) for name in names]
        ) - rest.mean(axis=0)
        for place, name in enumerate(names):
            means[f"{factor}={name}"] = float(rows[place].mean())
            fitted[[o.level(factor) == name for o in options]] += rows[place]
        own[factor] = rows - rows.mean(axis=1, keepdims=True), len(options) // len(names)
    freedom = len(options) - 1 - sum(len(rows) - 1 for rows, _ in own.values())
    noise = float(np.sqrt(np.sum((rest - fitted) ** 2) / (n * freedom)))
    spreads = {}
    for name, (rows, count) in own.items():
        levels = len(rows)
        expected = noise**2 / count * (1.0 - 1.0 / levels)
        between = max(0.0, float(np.mean(rows**2)) - expected) / (1.0 - 1.0 / levels)
        spreads[name] = max(0.003, float(np.sqrt(between)))
    return structs.replace(
        cold,
        level=float(rest.mean()),
        level_spread=float(rest.mean(axis=0).std()),
        start=slope,
        means=means,
        spreads=spreads,
        noise=noise,
    )


def learn(
    crowd: Listeners,
    wanted: Preferences,
    prior: ColdStarts,
    minutes: float,
    processes: int,
    sessions: int = 10,
    *,
    shuffled: bool = False,
) -> LearningCourse:
    """Let the learner choose for each person, session after session, from no history on.

    `shuffled`: what is played is drawn by lot and has nothing to do with what was chosen, so that
    every claim is wrong.
    """
    n = len(crowd.seeds)
    histories: list[list[SessionSummary]] = [[] for _ in range(n)]
    claimed, worth, choices = [0] * n, [], []
    first: list[tuple[str, str, bool] | None] = [None] * n
    lot, every = np.random.default_rng([crowd.seeds[0], 53]), candidates(wanted)
    for number in range(1, sessions + 1):
        chosen = []
        for seed, history in zip(crowd.seeds, histories, strict=True):
            hour = hour_on(seed, 100 + number)
            chosen.append(choose(history, wanted, hour, seed, prior=prior).option)
        played = [every[int(lot.integers(len(every)))] for _ in chosen] if shuffled else chosen
        pasts, worths = day(crowd, played, 100 + number, minutes, processes)
        worth.append(worths)
        choices.append(chosen)
        for place, past in enumerate(pasts):
            histories[place].append(structs.replace(past, option=chosen[place]))
            if not claimed[place]:
                claim = _told(histories[place], prior)
                if claim is not None:
                    claimed[place] = number
                    first[place] = (claim.factor, claim.level, claim.better)
    return LearningCourse(np.array(worth), choices, claimed, first)


def _told(history: list[SessionSummary], prior: ColdStarts) -> claiming.Claim | None:
    """Return the surest claim that a person would be told of, if any."""
    if not any(claim.claimed for claim in claiming.claims(history)):
        return None
    found = [insight for insight in insights(history, prior=prior.body) if insight.claimed]
    return found[0].claim if found else None


def worths(
    crowd: Listeners, options: list[MusicOption], minutes: float, processes: int, days: int
) -> FloatArray:
    """Return what each option is truly worth to each person on some days, (days, options, n)."""
    n = len(crowd.seeds)
    return np.array(
        [
            [day(crowd, [option] * n, 500 + number, minutes, processes)[1] for option in options]
            for number in range(days)
        ]
    )
