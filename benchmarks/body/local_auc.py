"""The local AUC: how well a score tells a task from the rest around it.

The order of the tasks is the same for everybody, so time alone predicts them. Hence each task is
compared only with the rest around it. Positives are the estimates from 60 s into the task to its
end; negatives those at rest within 240 s before the task (and at least 60 s after the one before),
or 90 to 330 s after it (and before the next).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.signals import FloatArray

__all__ = ["Block", "area", "interval", "local_areas", "local_moments", "shuffled"]


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


def local_moments(
    ends_s: FloatArray, order: list[Block]
) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return of each task which estimates lie in it, and which at rest around it."""
    found = {}
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
        found[task.name] = inside, at_rest & (before | after)
    return found


def local_areas(ends_s: FloatArray, score: FloatArray, order: list[Block]) -> dict[str, float]:
    """Return the AUC of each task that has estimates of both kinds."""
    return {
        name: area(score[inside], score[around])
        for name, (inside, around) in local_moments(ends_s, order).items()
        if inside.any() and around.any()
    }


def shuffled(order: list[Block], by_s: float) -> list[Block]:
    """Return the blocks moved on by a time, those that pass the end from the start again."""
    first_s, last_s = order[0].start_s, order[-1].end_s
    length_s = last_s - first_s
    moved = []
    for block in order:
        start_s = first_s + (block.start_s - first_s + by_s) % length_s
        end_s = start_s + block.end_s - block.start_s
        moved.append(Block(start_s, min(end_s, last_s), block.stress, block.name))
        if end_s > last_s:
            moved.append(Block(first_s, end_s - length_s, block.stress, block.name))
    return sorted(moved, key=lambda block: block.start_s)


def interval(values: list[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean over people."""
    draws = np.random.default_rng(1).choice(values, (10_000, len(values))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)
