"""What the learner expects of a person before it has seen any session of theirs.

People are thought to differ around a common mean: `means` of the levels of each factor, and a
standard deviation of the persons' own around it, `spreads`. With every session of a person their
own effects are pulled less towards the mean. Units are those of the reward.
"""

from __future__ import annotations

import msgspec
import numpy as np

from biofeedback.personal.options import FACTORS, Factor, MusicOption
from biofeedback.personal.regression import Array, Belief
from biofeedback.personal.session_summary import Hour, SessionSummary

__all__ = ["COLD", "ColdStart", "ColdStarts", "columns", "design", "rows"]

#: Share of a main effect by which evening or a high start may change it. Ours.
_MODERATED = 0.35


class ColdStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cold start. `means` has "factor=level" for keys; a level that is not there has mean 0."""

    level: float = 0.15  #: reward from a middle start with a middling option
    level_spread: float = 0.1
    start: float = 0.4  #: how much more for each 1 of arousal at the start
    start_spread: float = 0.2
    means: dict[str, float] = {}
    spreads: dict[str, float] = {}
    noise: float = 0.08
    certainty: float = 6.0  #: shape of the noise's variance: as if seen in twice as many sessions

    def belief(self, names: list[str]) -> Belief:
        """Return the belief about the coefficients of `columns`."""
        mean, sd = np.zeros(len(names)), np.zeros(len(names))
        for place, name in enumerate(names):
            mean[place], sd[place] = self._of(name)
        variance = self.noise**2
        return Belief(
            mean, np.diag(sd**2 / variance), self.certainty, self.certainty * variance
        )  # fmt: skip

    def _of(self, name: str) -> tuple[float, float]:
        match name:
            case "1":
                return self.level, self.level_spread
            case "start":
                return self.start, self.start_spread
            case "morning" | "evening":
                return 0.0, 0.03
        factor, _, level = name.partition("=")
        main, _, moderator = level.partition("*")
        own = self.spreads.get(factor, 0.04)
        if moderator:
            return 0.0, _MODERATED * own
        return self.means.get(f"{factor}={main}", 0.0), own


class ColdStarts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The cold start of both parts of the reward: what the body does, and what the person says."""

    body: ColdStart = ColdStart()
    said: ColdStart = ColdStart(
        level=0.0, level_spread=0.05, start=0.0, start_spread=0.05, noise=0.04,
        spreads={"style": 0.04, "modes": 0.02, "density": 0.02, "strategy": 0.02, "pacing": 0.02},
    )  # fmt: skip


#: For people: no order among options but that pacing the breath at 75 % of the own rate lowered
#: arousal in Leslie et al. (2019); sizes are ours, and weak.
COLD = ColdStarts(body=ColdStart(means={"strategy=breathe": 0.02, "pacing=0.75": 0.01}))


def columns(options: list[MusicOption], *, moderated: bool = True) -> list[str]:
    """Return the names of the coefficients; a factor that has one level only has none."""
    names = ["1", "start", "morning", "evening"]
    for factor in FACTORS:
        levels = [level for level in dict.fromkeys(o.level(factor) for o in options) if level]
        if len(levels) < 2:
            continue
        names += [f"{factor}={level}" for level in levels]
        if moderated:
            names += [f"{factor}={level}*evening" for level in levels]
            names += [f"{factor}={level}*start" for level in levels]
    return names


def design(names: list[str], option: MusicOption, start: float, hour: Hour) -> Array:
    """Return one row for a session that starts at an arousal in a part of the day."""
    row = np.zeros(len(names))
    above = start - 0.6
    for place, name in enumerate(names):
        match name:
            case "1":
                row[place] = 1.0
            case "start":
                row[place] = above
            case "morning" | "evening":
                row[place] = float(hour == name)
            case _:
                factor, _, rest = name.partition("=")
                level, _, moderator = rest.partition("*")
                here = float(option.level(_factor(factor)) == level)
                times = {"": 1.0, "evening": float(hour == "evening"), "start": 4.0 * above}
                row[place] = here * times[moderator]
    return row


def rows(names: list[str], history: list[SessionSummary]) -> Array:
    """Return the design of a history, shape (n, k)."""
    made = [design(names, past.option, past.start, past.hour) for past in history]
    return np.array(made).reshape(len(history), len(names))


def _factor(name: str) -> Factor:
    return next(factor for factor in FACTORS if factor == name)
