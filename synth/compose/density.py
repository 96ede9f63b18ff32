"""How many notes each layer may start in a bar, so that all together meet the wanted density."""

from __future__ import annotations

from dataclasses import dataclass

from synth.compose.form import BEATS_PER_BAR
from synth.params import DENSITY_RANGE, Layer

__all__ = ["Account", "Demand", "allot", "settle"]

_CARRY_LIMIT = 3.0  #: onsets that a bar may hand on, so that a step is met within two bars


@dataclass(frozen=True, slots=True)
class Demand:
    """What a layer asks for in this bar.

    `share` is its weight, `usual` the onsets a bar up to which it is at ease, `most` what it
    can play at all; `grain` is the fewest onsets worth starting with (a pad waits for a chord).
    """

    layer: Layer
    share: float
    usual: float
    most: float
    grain: int = 1


@dataclass(frozen=True, slots=True)
class Account:
    """What earlier bars left over: fractions of onsets by layer, and the sum still owed."""

    credit: tuple[tuple[Layer, float], ...] = ()
    owed: float = 0.0

    def of(self, layer: Layer) -> float:
        """Return a layer's credit in onsets, 0 for a new layer."""
        return next((value for name, value in self.credit if name is layer), 0.0)


def allot(
    density: float, demands: tuple[Demand, ...], account: Account
) -> tuple[tuple[Layer, int, float], ...]:
    """Return for each layer the onsets of this bar and its exact quota.

    Quotas fill up in proportion to the shares, first to what is usual, then to what is possible.
    """
    low, high = DENSITY_RANGE
    budget = max(0.0, max(low, min(high, density)) * BEATS_PER_BAR + account.owed)
    usual = _fill(budget, [(d.share, d.usual) for d in demands])
    rest = budget - sum(usual)
    extra = _fill(
        rest, [(d.share, d.most - given) for d, given in zip(demands, usual, strict=True)]
    )
    result = []
    for demand, first, second in zip(demands, usual, extra, strict=True):
        quota = first + second
        onsets = int(quota + account.of(demand.layer) + 0.5)
        if onsets < demand.grain:
            onsets = 0
        result.append((demand.layer, min(onsets, int(demand.most)), quota))
    return tuple(result)


def settle(
    density: float,
    allotted: tuple[tuple[Layer, int, float], ...],
    written: tuple[tuple[Layer, int], ...],
    account: Account,
) -> Account:
    """Return the account after a bar in which each layer started so many notes."""
    started = dict(written)
    credit = []
    for layer, _, quota in allotted:
        left = account.of(layer) + quota - started.get(layer, 0)
        credit.append((layer, max(-1.5, min(3.0, left))))
    owed = account.owed + density * BEATS_PER_BAR - sum(quota for _, _, quota in allotted)
    missing = sum(quota for _, _, quota in allotted) - sum(started.values())
    held = sum(value for _, value in credit) - sum(account.of(layer) for layer, _, _ in allotted)
    owed += missing - held
    return Account(tuple(credit), max(-_CARRY_LIMIT, min(_CARRY_LIMIT, owed)))


def _fill(budget: float, vessels: list[tuple[float, float]]) -> list[float]:
    """Pour a budget into vessels (weight, capacity) in proportion to the weights."""
    level = [0.0] * len(vessels)
    for _ in vessels:
        open_ones = [i for i, (w, room) in enumerate(vessels) if w > 0 and room - level[i] > 1e-9]
        weight = sum(vessels[i][0] for i in open_ones)
        if budget <= 1e-9 or not open_ones:
            break
        poured = 0.0
        for i in open_ones:
            part = min(budget * vessels[i][0] / weight, vessels[i][1] - level[i])
            level[i] += part
            poured += part
        budget -= poured
    return level
