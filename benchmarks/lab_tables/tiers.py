"""Whether the fast tier's listeners fare as the full tier's do: mean and spread of the response.

The same mixed crowd, of each family, hears lead on both tiers. Seeds from 25000 on.
"""

import time
from statistics import fmean, stdev

from biofeedback.config.schema import Config
from biofeedback.lab import fast
from biofeedback.lab.base import LabCase
from biofeedback.simulation.crowd import FAMILIES
from biofeedback.simulation.model.listener_types import mixed
from lab_tables.store import Store
from lab_tables.tables import Lines

__all__ = ["table"]

_FIRST_SEED, _MINUTES = 25000, 10.0
_SAME = 0.05


def table(store: Store, listeners: int) -> list[str]:
    """Return the part's lines."""
    out = Lines(f"tiers: {listeners} matched listeners of mixed kinds; fast against full tier")
    seeds = [_FIRST_SEED + k for k in range(listeners)]
    kinds = [mixed(seed) for seed in seeds]
    for family in FAMILIES:
        people = zip(kinds, seeds, strict=True)
        sessions = [LabCase(family=family, kind=k, seed=s, minutes=_MINUTES) for k, s in people]
        full = [v.fall for v in store.group(f"mixed {family} lead", sessions).verdicts]
        start = time.perf_counter()
        outcomes = fast.sessions(family, kinds, seeds, [Config()] * listeners, _MINUTES)
        took_s = time.perf_counter() - start
        quick = outcomes.fall.tolist()
        for what, of in (("mean", fmean), ("spread", stdev)):
            here, there = of(full), of(quick)
            found = f"full {here:.3f}, fast {there:.3f}"
            off = abs(there / here - 1.0)
            out.row(f"{family}: fall of arousal, {what}", found, "within 5 %", off <= _SAME)
        out.row(
            f"{family}: 1,000 listeners x 10 minutes, fast", f"{took_s * 1000 / listeners:.1f} s"
        )
    return out.lines
