"""A trial's result: what was planned, on the blocks that count.

The first complete attempt at a block counts; interrupted ones and all later ones are listed. A
block is poor when its end point is known for less than `least_coverage` of the time, when its log
was changed, or when the music was moved by hand. A pair with a missing or poor block is lost to
the comparison of those two arms, whatever its other block says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from biofeedback.trials.allocation import Allocation
from biofeedback.trials.blinding import Blinding, blinding
from biofeedback.trials.blocks import TrialBlock, read_block
from biofeedback.trials.folder import BlockAttempt, Trial
from biofeedback.trials.mixed import Posterior, fit
from biofeedback.trials.permutation import PermutationTest, compare, fewest_pairs
from biofeedback.trials.protocol import END_POINTS, Arm, EndPoint, Protocol
from biofeedback.trials.verdict import Verdict, judge, pairs_needed

__all__ = ["ArmComparison", "TrialResult", "analyse", "counted"]


@dataclass(frozen=True, slots=True)
class ArmComparison:
    """One end point, the first arm against another; `adjusted` is Holm's p among the secondary.

    `poor` counts pairs that are lost since a block of theirs is poor.
    """

    end_point: EndPoint
    versus: Arm
    test: PermutationTest
    means: tuple[float, float]
    differences: tuple[float, ...]
    poor: int
    posterior: Posterior | None
    adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class TrialResult:
    """All that the page and the table show."""

    protocol: Protocol
    digest: str
    verdict: Verdict
    over: bool
    early: int  #: looks before the end
    primary: ArmComparison
    secondary: tuple[ArmComparison, ...]
    blinding: Mapping[str, Blinding]
    blocks: tuple[tuple[TrialBlock, Arm], ...]  #: those that count, with their arm, in order
    interrupted: int
    missing: int  #: blocks that were planned and did not happen
    lost: int  #: pairs, of those that were begun or are past
    needed: int  #: more pairs
    simulated: bool
    ratings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def counted(trial: Trial) -> tuple[list[TrialBlock], int]:
    """Return the blocks that count, in order, and how many other attempts there are."""
    attempts = trial.attempts()
    first: dict[int, BlockAttempt] = {}
    for attempt in attempts:
        if attempt.complete:
            first.setdefault(attempt.block, attempt)
    blocks = [read_block(first[number], trial.protocol) for number in sorted(first)]
    return blocks, len(attempts) - len(blocks)


def analyse(trial: Trial, today: date) -> TrialResult:
    """Analyse as the protocol says; opens the sealed file.

    Before the end that was planned the verdict is always "can't tell yet".
    """
    protocol, allocation = trial.protocol, trial.allocation()
    blocks, interrupted = counted(trial)
    over = trial.is_over(trial.attempts(), today)
    first, second = protocol.arms[:2]
    primary = _compare(protocol, allocation, blocks, protocol.end_point, second)
    others: list[tuple[EndPoint, Arm]] = [
        (end_point, versus)
        for end_point in END_POINTS
        for versus in protocol.arms[1:]
        if (end_point, versus) != (protocol.end_point, second)
    ]
    secondary = _adjusted([_compare(protocol, allocation, blocks, *other) for other in others])
    lost = (protocol.pairs if over else _pairs_begun(blocks, protocol)) - primary.test.pairs
    verdict = judge(
        primary.test,
        alpha=protocol.alpha,
        smallest=protocol.smallest,
        over=over,
        lost=lost > protocol.most_lost * protocol.pairs,
    )
    with_arms = [(block, allocation.arm(block.attempt.block)) for block in blocks]
    return TrialResult(
        protocol=protocol,
        digest=trial.digest,
        verdict=verdict,
        over=over,
        early=len(trial.looks()),
        primary=primary,
        secondary=tuple(secondary),
        blinding=blinding([(a, b.guess) for b, a in with_arms if b.guess], protocol.arms),
        blocks=tuple(with_arms),
        interrupted=interrupted,
        missing=protocol.blocks - len(blocks),
        lost=max(0, lost),
        needed=_needed(verdict, primary, protocol, over=over),
        simulated=any(block.attempt.simulated for block in blocks),
        ratings={
            arm: _rated([b for b, a in with_arms if a == arm])
            for arm in (first, *protocol.arms[1:])
        },
    )


def _needed(verdict: Verdict, primary: ArmComparison, protocol: Protocol, *, over: bool) -> int:
    """Return how many more pairs: those of the plan, then those that another trial would take."""
    if verdict != "can't tell yet":
        return 0
    if not over:
        return protocol.pairs - primary.test.pairs
    if primary.test.pairs < fewest_pairs(protocol.alpha):
        return protocol.pairs
    sd = float(np.std(primary.differences, ddof=1))
    return pairs_needed(sd, protocol.smallest, protocol.alpha)


def _pairs_begun(blocks: Sequence[TrialBlock], protocol: Protocol) -> int:
    """Return how many pairs have all of their blocks behind them."""
    last = max((block.attempt.block for block in blocks), default=0)
    return last // len(protocol.arms)


def _compare(
    protocol: Protocol,
    allocation: Allocation,
    blocks: Sequence[TrialBlock],
    end_point: EndPoint,
    versus: Arm,
) -> ArmComparison:
    arms, size = (protocol.arms[0], versus), len(protocol.arms)
    known: dict[tuple[int, Arm], float] = {}
    rows: list[tuple[float, float, float, int]] = []
    poor: set[int] = set()
    for block in blocks:
        pair, place = divmod(block.attempt.block - 1, size)
        arm = allocation.arm(block.attempt.block)
        if arm not in arms:
            continue
        value = block.values.get(end_point)
        if value is None or value.coverage < protocol.least_coverage or block.by_hand:
            poor.add(pair)
            continue
        known[pair, arm] = value.mean
        position = place / (size - 1) - 0.5
        rows.append((value.mean, 0.5 if arm == arms[0] else -0.5, position, pair))
    both = [p for p in range(protocol.pairs) if all((p, arm) in known for arm in arms)]
    differences = [known[pair, arms[0]] - known[pair, arms[1]] for pair in both]
    return ArmComparison(
        end_point=end_point,
        versus=versus,
        test=compare(np.array(differences), protocol.alpha),
        means=(_mean([known[p, arms[0]] for p in both]), _mean([known[p, arms[1]] for p in both])),
        differences=tuple(differences),
        poor=len(poor),
        posterior=_posterior(rows, protocol.smallest if end_point == protocol.end_point else 0.0),
    )


def _posterior(
    rows: Sequence[tuple[float, float, float, int]], smallest: float
) -> Posterior | None:
    if not rows:
        return None
    y, arm, position, pair = (np.array(column) for column in zip(*rows, strict=True))
    return fit(y, arm, position, np.unique(pair, return_inverse=True)[1], smallest)


def _adjusted(found: Sequence[ArmComparison]) -> list[ArmComparison]:
    """Return the comparisons with Holm's p-values; those without a pair have none."""
    from dataclasses import replace

    tested = sorted((c for c in found if c.test.pairs), key=lambda c: c.test.p)
    worst, holm = 0.0, {}
    for place, comparison in enumerate(tested):
        worst = max(worst, min(1.0, (len(tested) - place) * comparison.test.p))
        holm[comparison.end_point, comparison.versus] = worst
    return [replace(c, adjusted=holm.get((c.end_point, c.versus))) for c in found]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _rated(blocks: Sequence[TrialBlock]) -> dict[str, float]:
    scales = {scale for block in blocks for scale in block.ratings}
    return {
        scale: _mean([block.ratings[scale] for block in blocks if scale in block.ratings])
        for scale in sorted(scales)
    }
