"""Scores arousal against the tasks of the Stress-Predict data set, by local AUC.

AUC per task (`body/local_auc.py`), mean over tasks, then over people. Everything is causal; the
first five minutes are the rest.

Beside our estimate stand the reference index (zHR - z_lnRMSSD/2 + z_lnSCL + z_lnSCR of plain
means over 60 s, with the wristband's own heart rate and beats where it has any, and a fixed
baseline), the same index on our readings, logistic regression on the four deviations trained
without the person it scores, and the time in the session alone as a control. Since what ships was
settled with these people in view, there are also a plain sum with weights chosen without the
person, the estimator averaged over all its constants, and with weights and lag chosen without the
person. Differences are tested by a paired bootstrap over people.

    BIOFEEDBACK_RECORDINGS=FOLDER python benchmarks/arousal_auc.py
"""

from __future__ import annotations

import csv
import math
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from body.calibration import LEVELS, holds, moments, without_each
from body.local_auc import Block, interval, local_areas
from body.nested import GRID, chosen_without_each, filtered
from body.table import Table
from numpy.typing import NDArray
from recorded import recordings_folder, seconds, stress_predict

from biofeedback.metrics import bank
from biofeedback.state import baseline, estimator
from biofeedback.state.baseline import POPULATION, feature
from sensors.files import Recording
from sensors.signals import Signal

__all__ = ["People", "Person", "blocks", "main", "measure", "measured_people", "run"]

Floats = NDArray[np.float64]
#: Scores that were looked at on these recordings while the estimate took its shape: windows,
#: single readings, weights, clipping, drifting baselines. What was chosen among so many flatters.
VARIANTS_TRIED = 80
REFERENCE = np.array([1.0, -0.5, 1.0, 1.0])
SHIPPED, AVERAGED = "our arousal as shipped", f"mean of {len(GRID)} sets of constants"
HELD_OUT, NESTED = "weights chosen without the person", "weights and lag chosen so"
OWN, DEVICE = "same index on our readings", "reference index, device heart rate"
_FEATURES = tuple(POPULATION)
_TASKS = ("stroop", "interview", "hyperventilation")
_EVERY_S, _CALIBRATION_S = 15.0, 300.0
_WINDOW_S = 60.0


def blocks() -> dict[str, list[tuple[float, float, bool, str]]]:
    """Return each person's blocks with times in UTC seconds."""
    people = defaultdict(list)
    with (recordings_folder() / "stress_predict" / "labels_blocks.csv").open() as file:
        for row in csv.DictReader(file):
            start, end = float(row["start_utc"]), float(row["end_utc"])
            people[row["subject"]].append((start, end, row["stress"] == "1", row["block"]))
    return people


@dataclass
class Person:
    """What was measured of one person, once a second, and how it was estimated.

    `features` (seconds, 4) and `quality` are on the scale of the baseline; `device_bpm` (seconds,).
    `states` (steps, 4) holds arousal, low, high and confidence twice a second.
    """

    order: list[Block]
    features: Floats
    quality: Floats
    device_bpm: Floats
    states: Floats

    @property
    def ends_s(self) -> Floats:
        """The ends of the scored windows."""
        return np.arange(_CALIBRATION_S + _WINDOW_S, len(self.features), _EVERY_S)

    def deviations(self, device: bool = False) -> Floats:
        """Return the deviation of each feature from the rest, mean over 60 s, 0 where unknown."""
        features = self.features.copy()
        if device:
            features[:, _FEATURES.index("heart_rate")] = self.device_bpm
        rest = features[: int(_CALIBRATION_S)]
        pooled = np.array([POPULATION[name].sd_within for name in _FEATURES])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a feature that is nowhere known
            spread = np.sqrt((np.nanvar(rest, axis=0) + pooled**2) / 2)
            z = (features - np.nanmedian(rest, axis=0)) / spread
            means = [np.nanmean(z[int(end - _WINDOW_S) : int(end)], axis=0) for end in self.ends_s]
        return np.nan_to_num(np.array(means))

    def arousal(self) -> Floats:
        """Return our estimate, mean over 60 s."""
        steps = self.states[:, 0]
        return np.array(
            [steps[int(2 * (end - _WINDOW_S)) : int(2 * end)].mean() for end in self.ends_s]
        )


People = dict[str, Person]


def measure(recording: Recording, order: list[Block]) -> Person:
    """Run a person's recording through metrics and estimator, twice a second."""
    metrics = bank.MetricBank(bank.MetricSettings())
    settings = estimator.EstimatorSettings(rest=baseline.BaselineSettings(rest_s=_CALIBRATION_S))
    tracker = estimator.Estimator(settings, None)
    features, quality, states = [], [], []
    for second, arrived in enumerate(seconds(recording)):
        for sample in arrived:
            metrics.feed(sample)
        for now_s in (float(second), second + 0.5):
            readings = metrics.read(now_s)
            state = tracker.step(readings, now_s)
            states.append((state.arousal, state.low, state.high, state.confidence))
        used = {reading.name: reading for reading in readings if reading.name in POPULATION}
        values = [feature(used[name]) for name in _FEATURES]
        features.append([math.nan if value is None else value for value in values])
        quality.append([used[name].quality for name in _FEATURES])
    device = np.full(len(features), math.nan)
    for chunk in recording.series:
        if chunk.signal is Signal.HR:
            inside = chunk.times_s.astype(int).clip(max=len(device) - 1)
            device[inside] = chunk.values[:, 0]
    return Person(order, np.array(features), np.array(quality), device, np.array(states))


def scored(people: People, score: Callable[[Person], Floats]) -> dict[str, dict[str, float]]:
    """Return the AUC of each task of each person."""
    return {
        name: local_areas(person.ends_s, score(person), person.order)
        for name, person in people.items()
    }


def per_person(areas: dict[str, dict[str, float]]) -> Floats:
    """Return the mean AUC of each person."""
    return np.array([np.mean(list(tasks.values())) for tasks in areas.values()])


def weighted(person: Person, weights: tuple[float, ...]) -> Floats:
    """Return a weighted sum of deviations, each kept within 3."""
    return np.clip(person.deviations(), -3.0, 3.0) @ np.array(weights)


def logistic(people: People) -> dict[str, Floats]:
    """Return for each person the score of a logistic regression that has never seen them."""
    rows, labels = {}, {}
    for name, person in people.items():
        rows[name] = np.clip(person.deviations(), -5.0, 5.0)
        stress = [block for block in person.order if block.stress]
        labels[name] = np.array(
            [any(block.start_s < end <= block.end_s for block in stress) for end in person.ends_s]
        )
    scores = {}
    for left_out in people:
        x = np.concatenate([rows[name] for name in people if name != left_out])
        y = np.concatenate([labels[name] for name in people if name != left_out]).astype(float)
        x = np.c_[x, np.ones(len(x))]
        weights = np.zeros(x.shape[1])
        for _ in range(30):  # Newton's method with a little ridge
            chance = 1.0 / (1.0 + np.exp(-x @ weights))
            slope = x.T @ (y - chance) - weights
            bend = (x * (chance * (1.0 - chance))[:, None]).T @ x + np.eye(len(weights))
            weights += np.linalg.solve(bend, slope)
        scores[left_out] = rows[left_out] @ weights[:-1]
    return scores


def chosen_without(people: People) -> tuple[dict[str, Floats], tuple[float, ...], int]:
    """Return each person's score by the weights that were best for the others.

    Heart rate weighs 1; the others are tried at 0, 1/4, 1/2 and 1, ln RMSSD with a minus. The
    other values are the weights that were chosen most often, and how often.
    """
    sizes = (0.0, 0.25, 0.5, 1.0)
    grid = [(1.0, -a, b, c) for a, b, c in product(sizes, sizes, sizes)]
    scores = {w: {name: weighted(person, w) for name, person in people.items()} for w in grid}
    table = np.array(
        [
            [
                np.mean(list(local_areas(p.ends_s, scores[w][name], p.order).values()))
                for name, p in people.items()
            ]
            for w in grid
        ]
    )
    result, choices = {}, []
    for number, name in enumerate(people):
        best = grid[int(np.argmax(np.delete(table, number, axis=1).mean(axis=1)))]
        choices.append(best)
        result[name] = scores[best][name]
    usual = max(set(choices), key=choices.count)
    return result, usual, choices.count(usual)


def without_choice(people: People) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return each person's arousal with no constants chosen, and with those best for the others."""
    everybody = list(people.values())
    scores = [
        filtered(person.features, person.quality, int(_CALIBRATION_S), person.ends_s)
        for person in everybody
    ]

    def mean_area(number: int, score: Floats) -> float:
        person = everybody[number]
        return float(np.mean(list(local_areas(person.ends_s, score, person.order).values())))

    chosen, _, _ = chosen_without_each(scores, mean_area)
    averaged = [each.mean(axis=0) for each in scores]
    return dict(zip(people, averaged, strict=True)), dict(zip(people, chosen, strict=True))


def measured_people(quick: bool) -> People:
    """Measure everybody; `quick` takes four people."""
    utc_blocks, people = blocks(), {}
    for name, recording in list(stress_predict().items())[: 4 if quick else None]:
        if recording.started is None:
            continue
        start = recording.started.timestamp()
        order = [
            Block(a - start, b - start, stress, task) for a, b, stress, task in utc_blocks[name]
        ]
        people[name] = measure(recording, order)
    return people


def run(table: Table, quick: bool = False) -> None:
    """Add the rows; `quick` looks at four people only."""
    people = measured_people(quick)
    by_name = {id(person): name for name, person in people.items()}
    regression = logistic(people)
    chosen, weights, folds = chosen_without(people)
    averaged, nested = without_choice(people)
    scores: dict[str, Callable[[Person], Floats]] = {
        SHIPPED: Person.arousal,
        AVERAGED: lambda p: averaged[by_name[id(p)]],
        HELD_OUT: lambda p: chosen[by_name[id(p)]],
        NESTED: lambda p: nested[by_name[id(p)]],
        "logistic regression, without the person": lambda p: regression[by_name[id(p)]],
        OWN: lambda p: p.deviations() @ REFERENCE,
        DEVICE: lambda p: p.deviations(True) @ REFERENCE,
        "time in the session only": lambda p: p.ends_s,
    }
    found = {label: scored(people, score) for label, score in scores.items()}
    means = {label: per_person(areas) for label, areas in found.items()}
    ours = (SHIPPED, AVERAGED, HELD_OUT, NESTED)
    for label, areas in found.items():
        low, high = interval(means[label].tolist())
        tasks = [np.mean([a[task] for a in areas.values() if task in a]) for task in _TASKS]
        by_task = ", ".join(f"{n} {v:.3f}" for n, v in zip(_TASKS, tasks, strict=True))
        table.row(
            f"local AUC, {label}", f"{means[label].mean():.3f} [{low:.3f}, {high:.3f}]",
            ">= 0.72 (aim)" if label in ours else "",
            bool(means[label].mean() >= 0.72) if label in ours else None, by_task,
        )  # fmt: skip
    for name, label in zip(("shipped", "mean of all", "weights so", "both so"), ours, strict=True):
        for base in (DEVICE, OWN):
            less = means[label] - means[base]
            low, high = interval(less.tolist())
            table.row(
                f"  {name} less {base}", f"{less.mean():+.3f} [{low:+.3f}, {high:+.3f}]",
                "low end > 0", low > 0.0,
            )  # fmt: skip
    names = ", ".join(f"{w + 0.0:g} {n}" for n, w in zip(_FEATURES, weights, strict=True))
    table.row(f"people; variants tried on them: {len(people)}; {VARIANTS_TRIED}", "")
    table.row(f"weights chosen in {folds} of {len(people)} folds: {names}", "")
    every = [
        moments(person.features, person.quality, person.states, int(_CALIBRATION_S))
        for person in people.values()
    ]
    constant = estimator._PERSONAL_VARIANCE
    count = sum(len(each.off) for each in every)
    for level in LEVELS:
        share = holds(every, level, constant)
        table.row(f"{100 * level:.0f} % interval holds the next half minute", f"{share:.3f}",
                  "", None, f"of {count} moments")  # fmt: skip
    share = without_each(every)
    table.row(
        "90 % interval, its constant chosen without the person", f"{share:.3f}", "0.85 to 0.95",
        0.85 <= share <= 0.95,
    )  # fmt: skip


def main() -> None:
    """Print all figures."""
    run(Table())


if __name__ == "__main__":
    main()
