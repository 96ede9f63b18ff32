"""Scores arousal against the tasks of the Stress-Predict data set, by local AUC.

AUC per task (`body/local_auc.py`), mean over tasks, then over people. Everything is causal; the
first five minutes are the rest.

Beside the estimate as shipped stand: the same with the constants of the skin chosen without the
person it scores, and with none chosen; heart rate alone; the estimate that shipped before; its
parts alone; logistic regression on the deviations, trained without the person; the reference index
(zHR - z_lnRMSSD/2 + z_lnSCL + z_lnSCR, also with the wristband's own heart rate). Controls: the
time in the session, how still the wrist is, and the blocks of the tasks moved on by chance.
Differences are tested by a paired bootstrap over people. Then what the estimate says of itself:
its interval and its confidence, also with heart or skin alone.

    BIOFEEDBACK_RECORDINGS=FOLDER python benchmarks/arousal_auc.py
"""

from __future__ import annotations

import csv
import math
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from body.before import arousal_before, deviations
from body.calibration import LEVELS, holds, moments, ordered, quarters
from body.local_auc import Block, interval, local_areas, shuffled
from body.nested import GRID, chosen_without_each, fused, tracked
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
#: Scores of arousal that were looked at on these recordings while this estimate took its shape:
#: single readings, their slopes, time constants, scales, ways to bound, weights, ways to trust. 80
#: others were for the one before. What was chosen among so many flatters.
VARIANTS_TRIED = 189
REFERENCE = np.array([1.0, -0.5, 1.0, 1.0])
SHIPPED, HEART_RATE, BEFORE = "arousal as shipped", "heart rate alone", "the estimate before"
NESTED, SPARING = "constants chosen without the person", "constants chosen so, sparingly"
AVERAGED = f"mean of {len(GRID)} sets of constants"
DEVICE = "reference index, device heart rate"
SKIN_ALONE, HEART_ALONE = "with the skin alone", "with the heart alone"
HEART_READINGS, SKIN_READINGS = ("heart_rate", "ln_rmssd"), ("scl", "scr_rate")
_FEATURES = tuple(POPULATION)
_TASKS = ("stroop", "interview", "hyperventilation")
_EVERY_S, _CALIBRATION_S = 15.0, 300.0
_WINDOW_S = 60.0
_SHUFFLES = 20


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

    `features` (seconds, 4) and `quality` are on the scale of the baseline; `device_bpm` and
    `motion_g` (seconds,). `states` has (steps, 4), twice a second, of arousal, low, high and
    confidence: from all, and from heart and from skin alone.
    """

    order: list[Block]
    features: Floats
    quality: Floats
    device_bpm: Floats
    motion_g: Floats
    states: dict[str, Floats]

    @property
    def ends_s(self) -> Floats:
        """The ends of the scored windows."""
        return np.arange(_CALIBRATION_S + _WINDOW_S, len(self.features), _EVERY_S)

    def minutes(self, values: Floats) -> Floats:
        """Return the means over 60 s of what is known once a second, 0 where nothing is."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a minute in which nothing is known
            means = [np.nanmean(values[int(e - _WINDOW_S) : int(e)], axis=0) for e in self.ends_s]
        return np.nan_to_num(np.array(means))

    def deviations(self, device: bool = False) -> Floats:
        """Return the deviation of each feature from the rest, mean over 60 s."""
        features = self.features.copy()
        if device:
            features[:, _FEATURES.index("heart_rate")] = self.device_bpm
        return self.minutes(deviations(features, int(_CALIBRATION_S)))

    def stated(self, column: int, source: str = SHIPPED) -> Floats:
        """Return a column of the states, mean over 60 s."""
        return self.minutes(self.states[source][:, column].reshape(-1, 2).mean(axis=1))

    def measured(self) -> Floats:
        """Return the index as it was measured, before the filter, once a second."""
        return fused(self.features, self.quality, int(_CALIBRATION_S))


People = dict[str, Person]


def measure(recording: Recording, order: list[Block]) -> Person:
    """Run a person's recording through metrics and estimators, twice a second."""
    metrics = bank.MetricBank(bank.MetricSettings())
    rest = baseline.BaselineSettings(rest_s=_CALIBRATION_S)
    without: dict[str, tuple[str, ...]] = {
        SHIPPED: (), HEART_ALONE: SKIN_READINGS, SKIN_ALONE: HEART_READINGS,
    }  # fmt: skip
    estimators = {
        name: estimator.Estimator(estimator.EstimatorSettings(rest=rest), None) for name in without
    }
    features, quality, motion = [], [], []
    states: dict[str, list[tuple[float, ...]]] = {name: [] for name in without}
    for second, arrived in enumerate(seconds(recording)):
        for sample in arrived:
            metrics.feed(sample)
        for now_s in (float(second), second + 0.5):
            readings = metrics.read(now_s)
            for name, absent in without.items():
                left = tuple(r for r in readings if r.name not in absent)
                state = estimators[name].step(left, now_s)
                states[name].append((state.arousal, state.low, state.high, state.confidence))
        used = {reading.name: reading for reading in readings}
        features.append([_known(feature(used[name])) for name in _FEATURES])
        quality.append([used[name].quality for name in _FEATURES])
        motion.append(_known(used["motion"].value))
    device = np.full(len(features), math.nan)
    for chunk in recording.series:
        if chunk.signal is Signal.HR:
            inside = chunk.times_s.astype(int).clip(max=len(device) - 1)
            device[inside] = chunk.values[:, 0]
    arrays = {name: np.array(each) for name, each in states.items()}
    return Person(
        order, np.array(features), np.array(quality), device, np.array(motion), arrays
    )  # fmt: skip


def _known(value: float | None) -> float:
    return math.nan if value is None else value


def scored(people: People, score: Callable[[Person], Floats]) -> dict[str, dict[str, float]]:
    """Return the AUC of each task of each person."""
    return {
        name: local_areas(person.ends_s, score(person), person.order)
        for name, person in people.items()
    }


def per_person(areas: dict[str, dict[str, float]]) -> Floats:
    """Return the mean AUC of each person."""
    return np.array([np.mean(list(tasks.values())) for tasks in areas.values()])


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


def without_choice(
    people: People,
) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, Floats], str]:
    """Return each person's arousal with no constants chosen, and with those chosen by the others.

    The best for them, and the least of those that are as good; and which these were most often, in
    words.
    """
    everybody = list(people.values())
    rest_s = int(_CALIBRATION_S)
    scores = [
        np.array([p.minutes(tracked(p.features, p.quality, rest_s, c)) for c in GRID])
        for p in everybody
    ]

    def mean_area(number: int, score: Floats) -> float:
        person = everybody[number]
        return float(np.mean(list(local_areas(person.ends_s, score, person.order).values())))

    chosen, least, usual = chosen_without_each(scores, mean_area)
    averaged = [each.mean(axis=0) for each in scores]
    names = list(people)
    return (
        dict(zip(names, averaged, strict=True)), dict(zip(names, chosen, strict=True)),
        dict(zip(names, least, strict=True)),
        f"{usual[0]:g} over {usual[1]:g} s, level at most {usual[2]:g}",
    )  # fmt: skip


def by_chance(people: People) -> list[float]:
    """Return the mean AUC of the estimate where each person's blocks were moved on by chance."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(_SHUFFLES):
        areas = []
        for person in people.values():
            length_s = person.order[-1].end_s - person.order[0].start_s
            moved = shuffled(person.order, rng.uniform(0.1, 0.9) * length_s)
            areas += local_areas(person.ends_s, person.stated(0), moved).values()
        found.append(float(np.mean(areas)))
    return found


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
    averaged, nested, sparing, usual = without_choice(people)
    rest_s = int(_CALIBRATION_S)
    responses = _FEATURES.index("scr_rate")
    scores: dict[str, Callable[[Person], Floats]] = {
        SHIPPED: lambda p: p.stated(0),
        NESTED: lambda p: nested[by_name[id(p)]],
        SPARING: lambda p: sparing[by_name[id(p)]],
        AVERAGED: lambda p: averaged[by_name[id(p)]],
        HEART_RATE: lambda p: p.deviations()[:, 0],
        BEFORE: lambda p: p.minutes(arousal_before(p.features, p.quality, rest_s)),
        HEART_ALONE: lambda p: p.stated(0, HEART_ALONE),
        SKIN_ALONE: lambda p: p.stated(0, SKIN_ALONE),
        "skin responses alone": lambda p: p.deviations()[:, responses],
        "with skin responses at 1/4 beside": lambda p: (
            p.minutes(p.measured()) + 0.25 * np.clip(p.deviations()[:, responses], -3.0, 3.0)
        ),
        "logistic regression, without the person": lambda p: regression[by_name[id(p)]],
        DEVICE: lambda p: p.deviations(True) @ REFERENCE,
        "control: time in the session only": lambda p: p.ends_s,
        "control: how still the wrist is": lambda p: -p.minutes(p.motion_g),
    }
    found = {label: scored(people, score) for label, score in scores.items()}
    means = {label: per_person(areas) for label, areas in found.items()}
    for label, areas in found.items():
        low, high = interval(means[label].tolist())
        tasks = [np.mean([a[task] for a in areas.values() if task in a]) for task in _TASKS]
        by_task = ", ".join(f"{n} {v:.3f}" for n, v in zip(_TASKS, tasks, strict=True))
        table.row(
            f"local AUC, {label}", f"{means[label].mean():.3f} [{low:.3f}, {high:.3f}]", "", None,
            by_task,
        )  # fmt: skip
    chance = by_chance(people)
    table.row(f"local AUC, control: {_SHUFFLES} times blocks moved by chance",
              f"{np.mean(chance):.3f} +- {np.std(chance):.3f}")  # fmt: skip
    for label in (SHIPPED, NESTED, SPARING, AVERAGED):
        for base in (HEART_RATE, BEFORE, DEVICE):
            less = means[label] - means[base]
            low, high = interval(less.tolist())
            table.row(
                f"  {label}, less {base}", f"{less.mean():+.3f} [{low:+.3f}, {high:+.3f}]",
                "low end > 0", low > 0.0,
            )  # fmt: skip
    table.row(f"people; variants tried on them: {len(people)}; {VARIANTS_TRIED}", "")
    table.row(f"chosen sparingly, most often: a change of {usual}", "")
    _worth(table, list(people.values()), quick)


def _worth(table: Table, everybody: list[Person], quick: bool) -> None:
    rest_s = int(_CALIBRATION_S)
    every = [moments(each.measured(), each.states[SHIPPED], rest_s) for each in everybody]
    counts = [len(each.off) for each in every]
    for level in LEVELS:
        shares = holds(every, level)
        share = float(np.average(shares, weights=counts))
        asked = (
            ("0.88 to 0.92", 0.88 <= share <= 0.92) if level == 0.9 and not quick else ("", None)
        )
        table.row(f"{100 * level:.0f} % interval holds the next half minute", f"{share:.3f}",
                  *asked, f"of {sum(counts)} moments")  # fmt: skip
    shares = holds(every, 0.9)
    enough = sum(share >= 0.8 for share in shares)
    table.row("  people in whom that of 90 % holds at least 80 %", f"{enough} of {len(shares)}",
              "all but 2", enough >= len(shares) - 2, f"lowest {min(shares):.3f}")  # fmt: skip
    for source in (SHIPPED, HEART_ALONE, SKIN_ALONE):
        pairs = np.concatenate([
            ordered(p.ends_s, p.stated(0, source), p.stated(3, source), p.order)
            for p in everybody
        ])  # fmt: skip
        told = quarters(pairs)
        rises = all(a < b for a, b in pairwise(told))
        sure = np.concatenate([p.stated(3, source) for p in everybody])
        table.row(
            f"told apart by quarter of confidence, {source}",
            " ".join(f"{share:.2f}" for share in told),
            "rises" if source == SHIPPED else "", rises if source == SHIPPED else None,
            f"median confidence {np.median(sure):.2f}",
        )  # fmt: skip


def main() -> None:
    """Print all figures."""
    run(Table())


if __name__ == "__main__":
    main()
