"""The local AUC: how well a score tells a task from the rest around it.

The order of the tasks is the same for everybody, so time alone predicts them. Hence each task is
compared only with the rest around it. Positives are the estimates from 60 s into the task to its
end; negatives those at rest within 240 s before the task (and at least 60 s after the one before),
or 90 to 330 s after it (and before the next).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.signals import FloatArray

__all__ = ["Block", "area", "interval", "local_areas"]


@dataclass(frozen=True)
class Block:
    """One task or rest, in seconds of the session."""

    start_s: float
    end_s: float
    stress: bool
    name: str


def area(positives: FloatArray, negatives: FloatArray) -> float:
    """Return the chance that a positive exceeds a negative; ties count half."""
    above = (positives[:, None] > negatives).mean()
    return float(above + (positives[:, None] == negatives).mean() / 2)


def local_areas(ends_s: FloatArray, score: FloatArray, order: list[Block]) -> dict[str, float]:
    """Return the AUC of each task that has estimates of both kinds."""
    areas = {}
    at_rest = np.zeros(len(ends_s), dtype=bool)
    for block in order:
        if not block.stress:
            at_rest |= (ends_s > block.start_s) & (ends_s <= block.end_s)
    tasks = [block for block in order if block.stress]
    for number, task in enumerate(tasks):
        previous_s = tasks[number - 1].end_s if number else -np.inf
        next_s = tasks[number + 1].start_s if number + 1 < len(tasks) else np.inf
        inside = (ends_s >= task.start_s + 60.0) & (ends_s <= task.end_s)
        before = (ends_s >= max(task.start_s - 240.0, previous_s + 60.0)) & (ends_s <= task.start_s)
        after = (ends_s >= task.end_s + 90.0) & (ends_s <= min(task.end_s + 330.0, next_s))
        around = at_rest & (before | after)
        if inside.any() and around.any():
            areas[task.name] = area(score[inside], score[around])
    return areas


def interval(values: list[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean over people."""
    draws = np.random.default_rng(1).choice(values, (10_000, len(values))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)
