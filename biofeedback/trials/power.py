"""How often a trial finds an effect, on simulated people.

A person is a spread: the standard deviation of the difference between the two blocks of a pair.
Among the lab's virtual listeners it is log-normal; its median and spread come from
`benchmarks/lab_tables/trials.py` (fast tier, both families, breathing rate, blocks of 5 minutes).
An effect is added, signs are drawn, and the trial's own test decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from biofeedback.trials.permutation import p_values

__all__ = ["NOTICE", "PowerRow", "table"]

NOTICE = "simulated: shows what a trial could see, not a benefit"
#: Median, and standard deviation of the logarithm, in breaths a minute.
_MEDIAN_SD, _LOG_SD = 0.91, 0.33


@dataclass(frozen=True, slots=True)
class PowerRow:
    """One number of pairs: how often "effect" is said without any, and for each size of one."""

    pairs: int
    false: float
    power: tuple[float, ...]


def table(
    effects: Sequence[float], pairs: Sequence[int], *, alpha: float = 0.05, sd: float | None = None,
    people: int = 2000, seed: int = 1,
) -> list[PowerRow]:  # fmt: skip
    """Return a row for each number of pairs; `sd` is one person's own spread, if it is known."""
    rng = np.random.default_rng([seed, 7])
    spread = np.full(people, sd or 0.0)
    if sd is None:
        spread = _MEDIAN_SD * np.exp(_LOG_SD * rng.standard_normal(people))
    rows = []
    for count in pairs:
        noise = rng.standard_normal((count, people)) * spread
        shares = (p_values(noise, (0.0, *effects)) <= alpha).mean(axis=1)
        rows.append(PowerRow(count, float(shares[0]), tuple(float(share) for share in shares[1:])))
    return rows
