"""What the analysis of trials says where the truth is known: virtual listeners, the fast tier.

python -m benchmarks.lab_tables.trials [--quick]

Null: listeners whom music does nothing to, and two arms that play the same music, so that nothing
can differ. Every block is a session of its own on another day. Beside it stands what a comparison
of before and after, in the same sessions, would have said. Effects are planted in the same blocks,
so that interval and power are held against a known truth. The seeds tune nothing.
"""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from biofeedback.config.loader import load
from biofeedback.lab import fast
from biofeedback.lab.base import NOTICE
from biofeedback.simulation.crowd import FAMILIES, FamilyName
from biofeedback.trials.permutation import many

from .tables import Lines

__all__ = ["table"]

FloatArray = NDArray[np.float64]

PAIRS, MINUTES, SETTLE_S, ALPHA = 14, 5.0, 60, 0.05
LISTENERS, FEW = 500, 30  #: of each family
FIRST_SEED = 70_000
EFFECTS = (0.5, 1.0, 2.0)  #: breaths a minute
FIXED = ("control.strategy=fixed", "control.fixed.breaths_per_minute=6")


def table(quick: bool, processes: int) -> list[str]:
    """Return the lines; each that has a bound ends in its verdict."""
    listeners = FEW if quick else LISTENERS
    breaths, calmed = _simulated(listeners, processes)
    differences = breaths[0] - breaths[1]
    total = differences.shape[1]
    _, low, high, p = many(differences, ALPHA)
    said = (p <= ALPHA).mean()
    lines = Lines(
        f"trials, fast tier: {total} null listeners, {PAIRS} pairs of {MINUTES:g}-minute blocks, "
        "breathing rate"
    )
    lines.row(
        "false 'effect', randomised pairs", _percent(said),
        "3.5 to 6.5 %", 0.035 <= said <= 0.065,
    )  # fmt: skip
    for name, change in calmed.items():
        lines.row(f"'it worked', before/after in the same blocks, {name}", _percent(_naive(change)))
    covered = ((low <= 0.0) & (high >= 0.0)).mean()
    lines.row(
        "95 % interval holds the truth", _percent(covered), "93 to 97 %", 0.93 <= covered <= 0.97
    )
    lines.row("its width, median", f"{np.median(high - low):.2f} a minute")
    for effect in EFFECTS:
        _, low, high, p = many(differences - effect, ALPHA)
        inside = ((low <= -effect) & (high >= -effect)).mean()
        lines.row(f"power for a planted {effect:g} a minute", _percent((p <= ALPHA).mean()))
        lines.row("  interval holds it", _percent(inside), "93 to 97 %", 0.93 <= inside <= 0.97)
    for pairs in (6, 8, 10):
        powers = [(many(differences[:pairs] - e, ALPHA)[3] <= ALPHA).mean() for e in EFFECTS]
        shown = ", ".join(f"{100 * x:.0f} %" for x in powers)
        lines.row(f"power for the same three with {pairs} pairs", shown)
    spread = differences.std(axis=0, ddof=1)
    low, high = np.quantile(spread, (0.05, 0.95))
    lines.row(
        "standard deviation of a pair's difference, median",
        f"{np.median(spread):.2f} ({low:.2f} to {high:.2f})",
    )
    return lines.lines


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f} %"


def _naive(change: FloatArray) -> float:
    """Return the share whose sessions, in a paired t-test of before and after, fell clearly."""
    from scipy.stats import ttest_1samp

    found = ttest_1samp(change, 0.0, axis=0)
    return float(((found.pvalue <= ALPHA) & (change.mean(axis=0) > 0.0)).mean())


def _simulated(listeners: int, processes: int) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return block means of shape (2, pairs, listeners), and falls within the first arm's blocks.

    Each worker takes one pair of one family.
    """
    jobs = [(family, pair) for family in FAMILIES for pair in range(PAIRS)]
    run = partial(_pair, listeners=listeners)
    if processes <= 1:
        done = list(map(run, jobs))
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            done = list(pool.map(run, jobs))
    rows = [_joined([done[i][0] for i in _places(jobs, pair)]) for pair in range(PAIRS)]
    falls = [_joined([done[i][1] for i in _places(jobs, pair)]) for pair in range(PAIRS)]
    arousal, breathing = np.stack(falls, axis=1)
    return np.stack(rows, axis=1), {"arousal": arousal, "breathing rate": breathing}


def _places(jobs: Sequence[tuple[FamilyName, int]], pair: int) -> list[int]:
    return [place for place, job in enumerate(jobs) if job[1] == pair]


def _joined(parts: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate(parts, axis=-1)


def _pair(job: tuple[FamilyName, int], listeners: int) -> tuple[FloatArray, FloatArray]:
    """Play a pair to one family: means of both arms, and falls of arousal and breathing."""
    family, pair = job
    seeds = range(FIRST_SEED, FIRST_SEED + listeners)
    config = load(settings=list(FIXED))
    first_arm_first = np.random.default_rng([FIRST_SEED, pair]).random(listeners) < 0.5
    blocks = [
        fast.sessions(
            family, ["null"] * listeners, seeds, [config] * listeners, MINUTES, day=2 * pair + place
        )
        for place in range(2)
    ]
    means = np.stack([block.breaths[SETTLE_S:].mean(axis=0) for block in blocks])
    in_order = np.where(first_arm_first, means, means[::-1])
    arousal = np.where(first_arm_first, *(block.seen_fall for block in blocks))
    breaths = [b.breaths[:60].mean(axis=0) - b.breaths[-120:].mean(axis=0) for b in blocks]
    return in_order, np.stack([arousal, np.where(first_arm_first, *breaths)])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    print(NOTICE)
    print("\n".join(table(options.quick, os.cpu_count() or 1)))


if __name__ == "__main__":
    main()
