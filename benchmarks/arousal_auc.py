"""Scores arousal against the tasks of the Stress-Predict data set, by local AUC.

The order of the tasks is the same for everybody, so time alone predicts them. Hence the local AUC:
each task is compared only with the rest around it. Positives are the estimates from 60 s into the
task to its end; negatives those at rest within 240 s before the task (and at least 60 s after the
one before), or 90 to 330 s after it (and before the next). AUC per task, mean over tasks, then
over people. The same is done with the time in the session instead of arousal, as a control.

    BIOFEEDBACK_RECORDINGS=FOLDER python benchmarks/arousal_auc.py
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from recorded import recordings_folder, seconds, stress_predict

from biofeedback.metrics import bank
from biofeedback.state import baseline, estimator
from sensors.files import Recording

_EVERY_S, _CALIBRATION_S = 15.0, 300.0
_WINDOW_S = 60.0


@dataclass(frozen=True)
class Block:
    """One task or rest, in seconds of the session."""

    start_s: float
    end_s: float
    stress: bool
    name: str


def blocks() -> dict[str, list[tuple[float, float, bool, str]]]:
    """Return each person's blocks with times in UTC seconds."""
    people = defaultdict(list)
    with (recordings_folder() / "stress_predict" / "labels_blocks.csv").open() as file:
        for row in csv.DictReader(file):
            start, end = float(row["start_utc"]), float(row["end_utc"])
            people[row["subject"]].append((start, end, row["stress"] == "1", row["block"]))
    return people


def arousal_of(recording: Recording) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the times of the estimates, every 15 s, and the mean arousal of the 60 s before."""
    metrics = bank.MetricBank(bank.Settings())
    settings = estimator.Settings(rest=baseline.Settings(rest_s=_CALIBRATION_S))
    tracker = estimator.Estimator(settings, None)
    arousal = []
    for second, arrived in enumerate(seconds(recording)):
        for sample in arrived:
            metrics.update(sample)
        for now_s in (float(second), second + 0.5):
            arousal.append(tracker.step(metrics.read(now_s), now_s).arousal)
    ends_s = np.arange(_CALIBRATION_S + _WINDOW_S, len(arousal) / 2, _EVERY_S)
    means = [np.mean(arousal[int(2 * (end - _WINDOW_S)) : int(2 * end)]) for end in ends_s]
    return ends_s, np.array(means)


def area(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float:
    """Return the chance that a positive exceeds a negative; ties count half."""
    above = (positives[:, None] > negatives).mean()
    return float(above + (positives[:, None] == negatives).mean() / 2)


def local_areas(
    ends_s: NDArray[np.float64], score: NDArray[np.float64], order: list[Block]
) -> dict[str, float]:
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


def main() -> None:
    """Print the figures."""
    utc_blocks = blocks()
    arousal, control = {}, {}
    for name, recording in stress_predict().items():
        if recording.started_utc is None:
            continue
        start = recording.started_utc.timestamp()
        order = [
            Block(a - start, b - start, stress, task) for a, b, stress, task in utc_blocks[name]
        ]
        ends_s, score = arousal_of(recording)
        arousal[name] = local_areas(ends_s, score, order)
        control[name] = local_areas(ends_s, ends_s, order)
        print(name, {task: round(value, 2) for task, value in arousal[name].items()})
    for label, people in (("arousal", arousal), ("time in the session only", control)):
        means = [float(np.mean(list(areas.values()))) for areas in people.values()]
        low, high = interval(means)
        print(f"{label}: {np.mean(means):.3f} [{low:.2f}, {high:.2f}], {len(means)} people")
        for task in ("stroop", "interview", "hyperventilation"):
            values = [areas[task] for areas in people.values() if task in areas]
            print(f"    {task}: {np.mean(values):.3f}")


if __name__ == "__main__":
    main()
