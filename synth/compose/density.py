"""How many notes each layer may start in a bar, so that all together meet the wanted density."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

from synth.compose.form import BEATS_PER_BAR
from synth.params import DENSITY_RANGE, Layer

__all__ = ["DensityAccount", "DensityDemand", "allot", "settle"]

_CARRY_LIMIT = 3.0  #: onsets that a bar may hand on, so that a step is met within two bars
_CREDIT_LIMIT = 5.0  #: onsets that a layer may save up, enough for a chord


@dataclass(frozen=True, slots=True)
class DensityDemand:
    """What a layer asks for in this bar.

    `least` onsets a bar come first, in the order of the layers; then `share` is its weight,
    `usual` the onsets up to which it is at ease and `most` what it can play at all. `grain` is
    the fewest onsets worth starting with: until its credit reaches them, the layer waits. `fixed`
    is the number of a layer whose notes stand already, as long as the others can follow the
    density.
    """

    layer: Layer  #: who asks
    least: float
    share: float
    usual: float
    most: float
    grain: int = 1
    fixed: int | None = None


@dataclass(frozen=True, slots=True)
class DensityAccount:
    """What earlier bars left over: fractions of onsets by layer, and the sum still owed."""

    credit: tuple[tuple[Layer, float], ...] = ()  #: of each layer, in onsets
    owed: float = 0.0  #: in onsets

    def of(self, layer: Layer) -> float:
        """Return a layer's credit in onsets, 0 for a new layer.

        Parameters
        ----------
        layer
            The layer asked about.

        Returns
        -------
        float
            -2 to 5.
        """
        return next((value for name, value in self.credit if name is layer), 0.0)


def allot(
    density: float, demands: tuple[DensityDemand, ...], account: DensityAccount
) -> tuple[tuple[Layer, int, float], ...]:
    """Return for each layer the onsets of this bar and its exact quota.

    Quotas fill up with what is least, layer after layer, so that sparse music has few layers
    rather than many thin ones; then in proportion to the shares, first to what is usual, then to
    what is possible.

    Parameters
    ----------
    density
        Onsets per beat over all layers, held within 0.25 to 6.
    demands
        What each layer asks for, in the order in which they join.
    account
        What earlier bars left over.

    Returns
    -------
    tuple[tuple[Layer, int, float], ...]
        (layer, onsets, quota in onsets) in the order of the demands.
    """
    low, high = DENSITY_RANGE
    budget = max(0.0, max(low, min(high, density)) * BEATS_PER_BAR + account.owed)
    fixed = fsum(demand.fixed or 0 for demand in demands)
    quotas: list[float] = []
    for demand in demands:
        left = max(0.0, budget - fixed - fsum(quotas))
        quotas.append(min(demand.least, left) if demand.fixed is None else 0.0)
    for limits in ([d.usual for d in demands], [d.most for d in demands]):
        limits = [0.0 if d.fixed is not None else x for d, x in zip(demands, limits, strict=True)]
        room = [max(0.0, limit - quota) for limit, quota in zip(limits, quotas, strict=True)]
        shares = [demand.share for demand in demands]
        poured = _fill(budget - fixed - fsum(quotas), list(zip(shares, room, strict=True)))
        quotas = [quota + part for quota, part in zip(quotas, poured, strict=True)]
    spare = budget - fixed - fsum(quotas) - _CARRY_LIMIT  # what nobody else has room for
    result = []
    for demand, quota in zip(demands, quotas, strict=True):
        if demand.fixed is not None:
            more = int(min(max(0.0, spare), demand.most - demand.fixed))
            result.append((demand.layer, demand.fixed + more, float(demand.fixed + more)))
            continue
        onsets = int(quota + account.of(demand.layer) + 0.5)
        if onsets < demand.grain:
            onsets = 0
        result.append((demand.layer, min(onsets, int(demand.most)), quota))
    return tuple(result)


def settle(
    density: float,
    allotted: tuple[tuple[Layer, int, float], ...],
    written: tuple[tuple[Layer, int], ...],
    account: DensityAccount,
) -> DensityAccount:
    """Return the account after a bar in which each layer started so many notes.

    Parameters
    ----------
    density
        Onsets per beat that were asked for.
    allotted
        What `allot` gave: layer, onsets, quota.
    written
        How many notes each layer started; one that is missing started none.
    account
        That before the bar.

    Returns
    -------
    DensityAccount
        Credits within -2 and 5 onsets, the sum owed within -3 and 3.
    """
    started = dict(written)
    credit = []
    for layer, _, quota in allotted:
        left = account.of(layer) + quota - started.get(layer, 0)
        credit.append((layer, max(-2.0, min(_CREDIT_LIMIT, left))))
    owed = account.owed + density * BEATS_PER_BAR - fsum(quota for _, _, quota in allotted)
    missing = fsum(quota for _, _, quota in allotted) - sum(started.values())
    held = fsum(value for _, value in credit) - fsum(account.of(layer) for layer, _, _ in allotted)
    owed += missing - held
    return DensityAccount(tuple(credit), max(-_CARRY_LIMIT, min(_CARRY_LIMIT, owed)))


def _fill(budget: float, vessels: list[tuple[float, float]]) -> list[float]:
    """Pour a budget into vessels (weight, capacity) in proportion to the weights."""
    level = [0.0] * len(vessels)
    for _ in vessels:
        open_ones = [i for i, (w, room) in enumerate(vessels) if w > 0 and room - level[i] > 1e-9]
        weight = fsum(vessels[i][0] for i in open_ones)
        if budget <= 1e-9 or not open_ones:
            break
        poured = 0.0
        for i in open_ones:
            part = min(budget * vessels[i][0] / weight, vessels[i][1] - level[i])
            level[i] += part
            poured += part
        budget -= poured
    return level
