"""Sessions of many virtual people as the learner sees them, and what those were truly worth.

Simulated: proves the learner, not a benefit. The learner gets the estimate of arousal, noisy
ratings and the measured breath; the truth is the listener's own arousal and liking.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import get_args

import numpy as np

from biofeedback.app.recommend import applied
from biofeedback.config.schema import Config
from biofeedback.lab import fast
from biofeedback.personal.options import MusicOption
from biofeedback.personal.session_summary import Hour, SessionSummary, body_reward, said_reward
from biofeedback.simulation.crowd import FamilyName
from biofeedback.simulation.model.listener_types import KindName
from sensors.signals import FloatArray

__all__ = ["Listeners", "day", "hour_on"]

_RATING_NOISE = 0.3
_LASTING_FROM_S = 120
HOURS: tuple[Hour, ...] = get_args(Hour)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who listens: one kind and seed each. `planted` is an option's style and its effect in SD.

    `alike` is the seed of one whom all of them are like, but for noise and day.
    """

    family: FamilyName
    kinds: tuple[KindName, ...]
    seeds: tuple[int, ...]
    planted_style: tuple[str, ...] = ()
    planted_sd: float = 0.0
    alike: int | None = None

    def part(self, start: int, stop: int) -> Listeners:
        """Return some of them."""
        return Listeners(
            self.family, self.kinds[start:stop], self.seeds[start:stop],
            self.planted_style[start:stop], self.planted_sd, self.alike,
        )  # fmt: skip


def day(
    crowd: Listeners, options: Sequence[MusicOption], number: int, minutes: float, processes: int
) -> tuple[list[SessionSummary], FloatArray]:
    """Let each person have one session with an option each; return what was seen, and its worth."""
    size = 50  # a process takes so many at a time
    jobs = [
        (crowd.part(i, i + size), list(options[i : i + size]), number, minutes)
        for i in range(0, len(crowd.seeds), size)
    ]
    if processes < 2:
        results = [_some(job) for job in jobs]
    else:
        with ProcessPoolExecutor(processes) as pool:
            results = list(pool.map(_some, jobs))
    return [past for pasts, _ in results for past in pasts], np.concatenate([w for _, w in results])


def hour_on(seed: int, number: int) -> Hour:
    """Return the part of the day in which a person has their session of a day."""
    return HOURS[int(np.random.default_rng([seed, number, 51]).integers(len(HOURS)))]


def _some(
    job: tuple[Listeners, list[MusicOption], int, float],
) -> tuple[list[SessionSummary], FloatArray]:
    crowd, options, number, minutes = job
    configs = [applied(Config(), option) for option in options]
    planted = None
    if crowd.planted_sd:
        pairs = zip(crowd.planted_style, options, strict=True)
        planted = np.array([crowd.planted_sd * (style == o.style) for style, o in pairs])
    out = fast.sessions(
        crowd.family, crowd.kinds, crowd.seeds, configs, minutes, number, planted, crowd.alike
    )
    breath_fall = out.breaths[40:90].mean(axis=0) - out.breaths[-120:].mean(axis=0)
    pasts, worth = [], []
    for place, (seed, option) in enumerate(zip(crowd.seeds, options, strict=True)):
        rng = np.random.default_rng([seed, number, 52])
        hour = hour_on(seed, number)
        liked = float(out.liked[place])
        rated = float(np.clip(liked + _RATING_NOISE * rng.standard_normal(), -1.0, 1.0))
        start = float(out.seen[30:90, place].mean())
        seen = SessionSummary(
            session=str(number), started_utc="", hour=hour, option=option,
            start=start, fall=float(out.seen_fall[place]),
            lasting=start - float(out.seen[_LASTING_FROM_S:, place].mean()),
            breath_fall=float(breath_fall[place]), rated=rated,
        )  # fmt: skip
        true = SessionSummary(
            session="", started_utc="", hour=hour, option=option, start=start,
            fall=float(out.fall[place]), breath_fall=float(breath_fall[place]), rated=liked,
        )  # fmt: skip
        pasts.append(seen)
        worth.append(body_reward(true) + said_reward(true))
    return pasts, np.array(worth)
