"""Who the listeners of family A are: what is drawn once for each of them.

Ranges without a source are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from biofeedback.simulation.model.listener_types import KINDS, KindName
from biofeedback.simulation.model.music_features import TASTES
from sensors.signals import FloatArray

__all__ = ["TraitsA", "draw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitsA:
    """Each array has shape (n,), but `weights` and `taste` have a row for each feature or style."""

    effect: FloatArray  #: from the calmest to the most driven music
    weights: FloatArray  #: (5, n) of tempo, density, percussion, loudness, mode; they sum to 1
    taste: FloatArray  #: (styles + 1, n), about -1 to 1; the last is of any other style, 0
    taste_mode: FloatArray  #: -1 likes dark, 1 likes bright
    taste_density: FloatArray  #: -1 likes sparse, 1 likes rich
    tonic: FloatArray  #: arousal of this day without music
    start: FloatArray  #: arousal at the beginning, above the tonic
    recovery_s: FloatArray
    delay_s: FloatArray  #: until music acts at all
    response_s: FloatArray  #: 1 / natural frequency of the response
    damping: FloatArray
    reach: FloatArray  #: how far from their arousal music may be and still move them
    habituation_s: FloatArray
    wander: FloatArray
    stressors_per_hour: FloatArray
    breaths_per_minute: FloatArray
    capture: FloatArray  #: how much faster or slower than their own a pace may be, as a share
    breath_noise: FloatArray
    relief: FloatArray  #: arousal that breathing at half the own rate takes away

    def __len__(self) -> int:
        return len(self.effect)


def draw(kinds: Sequence[KindName], seeds: Sequence[int], day: int = 0) -> TraitsA:
    """Draw listeners of the kinds; equal seeds give equal listeners, in whatever company."""
    people = [_one(kind, seed, day) for kind, seed in zip(kinds, seeds, strict=True)]
    return TraitsA(**{name: np.stack([one[name] for one in people], axis=-1) for name in people[0]})


def _one(kind: KindName, seed: int, day: int) -> dict[str, FloatArray]:
    rng, facts = np.random.default_rng([seed, 1]), KINDS[kind]
    today = np.random.default_rng([seed, 1, day])
    # Tempo first: van der Zwaag et al. 2011 and Bernardi et al. 2006 for tempo and percussion.
    weights = np.array([0.4, 0.22, 0.13, 0.17, 0.08]) * rng.lognormal(0.0, 0.25, 5)
    tonic = today.uniform(0.42, 0.55)
    captured = rng.random() < 0.5  # half of Haas et al. 1986 were entrained
    values: dict[str, FloatArray | float] = {
        "effect": rng.uniform(*facts.effect),
        "weights": weights / weights.sum(),
        "taste": np.append(np.clip(rng.normal(0.0, 0.6, len(TASTES)), -1.2, 1.2), 0.0),
        "taste_mode": np.clip(rng.normal(0.0, 0.4), -1.0, 1.0),
        "taste_density": np.clip(rng.normal(0.0, 0.4), -1.0, 1.0),
        "tonic": tonic,
        "start": min(0.88, tonic + today.uniform(0.1, 0.3)),
        "recovery_s": rng.uniform(180.0, 420.0),
        "delay_s": rng.uniform(2.0, 8.0),
        "response_s": rng.uniform(15.0, 35.0),
        "damping": rng.uniform(0.8, 1.2),
        "reach": rng.uniform(0.7, 1.1),
        "habituation_s": rng.uniform(1800.0, 5400.0),
        "wander": facts.wander * rng.uniform(0.7, 1.3),
        "stressors_per_hour": facts.stressors_per_hour,
        "breaths_per_minute": np.clip(rng.normal(14.5, 2.0), 10.0, 20.0),
        "capture": rng.uniform(0.3, 0.5) if captured else rng.uniform(0.0, 0.08),
        "breath_noise": rng.uniform(0.27, 0.37),
        "relief": rng.uniform(0.1, 0.25),
    }
    return {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
