"""Kinds of listener: how strongly, in which direction and how reliably music moves them.

All sizes are ours. A meta-analysis finds a physiological effect of d = 0.38 (de Witte et al. 2020)
on average over everybody; that such an average hides people for whom music does much, little or
nothing is the reason for having kinds, and their ranges are wide so that a controller is tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

__all__ = ["KINDS", "MIXED", "KindName", "ListenerType", "kind_of", "mixed"]

KindName = Literal[
    "responder", "weak", "null", "paradoxical", "restless", "dropout", "motion"
]  # fmt: skip
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerType:
    """What is the same for all listeners of a kind; ranges are drawn from evenly.

    `effect` is how far the arousal at rest in the music moves when the music goes from its
    calmest to its most driven; negative where calm music stirs up. `stressors_per_hour` come from
    outside; `wander` is the standard deviation of slow drift. `dropouts_per_hour` and
    `motions_per_hour` are faults of the sensors.
    """

    effect: Range
    stressors_per_hour: float = 2.0
    wander: float = 0.02
    dropouts_per_hour: float = 0.0
    motions_per_hour: float = 0.0


_RESPONDS: Range = (0.7, 1.2)
KINDS: dict[KindName, ListenerType] = {
    "responder": ListenerType(effect=_RESPONDS, stressors_per_hour=0.5),
    "weak": ListenerType(effect=(0.1, 0.35)),
    "null": ListenerType(effect=(0.0, 0.0)),
    "paradoxical": ListenerType(effect=(-1.2, -0.7)),
    "restless": ListenerType(effect=_RESPONDS, stressors_per_hour=25.0, wander=0.05),
    "dropout": ListenerType(effect=_RESPONDS, stressors_per_hour=0.5, dropouts_per_hour=18.0),
    "motion": ListenerType(effect=_RESPONDS, stressors_per_hour=0.5, motions_per_hour=30.0),
}
#: How often each kind is met in a mixed crowd. Ours.
MIXED: dict[KindName, float] = {
    "responder": 0.4, "weak": 0.25, "null": 0.2, "paradoxical": 0.07, "restless": 0.08,
}  # fmt: skip


def kind_of(name: str) -> KindName:
    """Return the kind of a name; raise ValueError that lists them for any other text."""
    for kind in get_args(KindName):
        if name == kind:
            return kind  # type: ignore[no-any-return]
    raise ValueError(f"there is no listener of type {name!r}; there are {', '.join(KINDS)}")


def mixed(seed: int) -> KindName:
    """Return the kind of the listener of a seed in a mixed crowd."""
    names = tuple(MIXED)
    index = np.random.default_rng([seed, 77]).choice(len(names), p=list(MIXED.values()))
    return names[int(index)]
