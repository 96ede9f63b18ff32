"""Who the listeners of family B are: what is drawn once for each of them. Ranges are ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from biofeedback.simulation.model.listener_types import KINDS, KindName
from biofeedback.simulation.model.music_features import TASTES
from biofeedback.simulation.model.noise_streams import deviations
from sensors.signals import FloatArray

__all__ = ["TraitsB", "draw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitsB:
    """Each array has shape (n,), but `gains` and `taste` have a row for each feature or style.

    Levels are in standard deviations of rest.
    """

    gains: FloatArray  #: (5, n) of tempo, density, percussion, loudness, mode
    taste: FloatArray  #: (styles + 1, n); the last is of any other style, 0
    taste_mode: FloatArray
    taste_density: FloatArray
    level: FloatArray  #: to which the state returns without music
    start: FloatArray
    memory: FloatArray  #: of the state from step to step
    hearing: FloatArray  #: of what was heard from step to step
    noise: FloatArray
    calm_to_restless: FloatArray  #: chance in a step
    restless_to_calm: FloatArray
    unrest: FloatArray  #: what restlessness adds to the level
    boredom: FloatArray
    breath_s: FloatArray
    breath_spread: FloatArray
    breath_memory: FloatArray
    follows: FloatArray  #: chance to follow a pace at the own rate, breath by breath
    tolerance: FloatArray  #: of a pace that is slower or faster, in natural logarithms
    soothed: FloatArray  #: by breathing at half the own rate

    def __len__(self) -> int:
        return len(self.level)


def draw(kinds: Sequence[KindName], seeds: Sequence[int], day: int = 0) -> TraitsB:
    """Draw listeners of the kinds; equal seeds give equal listeners, in whatever company."""
    people = [_one(kind, seed, day) for kind, seed in zip(kinds, seeds, strict=True)]
    return TraitsB(**{name: np.stack([one[name] for one in people], axis=-1) for name in people[0]})


def _one(kind: KindName, seed: int, day: int) -> dict[str, FloatArray]:
    rng, facts = np.random.default_rng([seed, 2]), KINDS[kind]
    today = np.random.default_rng([seed, 2, day])
    # An effect in arousal is about five times as many standard deviations near the middle.
    effect_sd = 5.0 * rng.uniform(*facts.effect)
    share = rng.dirichlet((9.0, 5.0, 3.0, 4.0, 2.0))
    follower = rng.random() < 0.5  # half of Haas et al. 1986 were entrained
    level = float(deviations(np.array(today.uniform(0.42, 0.58))))
    minutes_restless = facts.stressors_per_hour / 60.0
    values: dict[str, FloatArray | float] = {
        "gains": effect_sd * share,
        "taste": np.append(0.55 * rng.standard_t(6, len(TASTES)), 0.0),
        "taste_mode": rng.uniform(-0.6, 0.6),
        "taste_density": rng.uniform(-0.6, 0.6),
        "level": level,
        "start": level + today.uniform(0.5, 1.3),
        "memory": np.exp(-0.5 / rng.uniform(50.0, 120.0)),
        "hearing": np.exp(-0.5 / rng.uniform(3.0, 10.0)),
        "noise": 0.012 * facts.wander / 0.02 * rng.uniform(0.7, 1.3),
        "calm_to_restless": 0.5 / 60.0 * minutes_restless,
        "restless_to_calm": 0.5 / rng.uniform(20.0, 60.0),
        "unrest": rng.uniform(1.0, 2.0),
        "boredom": rng.uniform(0.1, 0.35),
        "breath_s": 60.0 / rng.uniform(11.0, 18.0),
        "breath_spread": rng.uniform(0.19, 0.27),
        "breath_memory": rng.uniform(0.1, 0.4),
        "follows": rng.uniform(0.75, 0.95) if follower else rng.uniform(0.0, 0.15),
        "tolerance": rng.uniform(0.35, 0.6),
        "soothed": rng.uniform(0.4, 1.0),
    }
    return {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
