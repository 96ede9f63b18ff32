"""From a design to a frozen trial: checked, drawn by chance, sealed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import msgspec

from biofeedback.common.clock import utc_now
from biofeedback.common.errors import TrialError
from biofeedback.control.yoked import YokedSettings
from biofeedback.trials.allocation import Allocation, draw
from biofeedback.trials.folder import Trial, create
from biofeedback.trials.permutation import fewest_pairs
from biofeedback.trials.protocol import Protocol, checked_name

__all__ = ["ANALYSIS", "MISSING", "TrialDesign", "freeze"]

ANALYSIS = (
    "Two-sided permutation test of the mean difference within pairs, first arm less second, over "
    "the order that was drawn; interval by its inversion. One analysis, at the end. All else is "
    "secondary: Holm's p-values, a Bayesian mixed model, Bang's index for the guesses."
)
MISSING = (
    "The first attempt at a block that ran to its end counts. A block is poor when its end point "
    "is known for less than least_coverage of the time, its log was changed, or its music was "
    "moved by hand. A pair with a missing or poor block is left out; with more than most_lost of "
    'all pairs left out the verdict is "can\'t tell yet".'
)

_DONORS = 6  #: virtual listeners; each may lead several blocks


class TrialDesign(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decides about a trial, not yet checked."""

    name: str
    question: str
    person: str | None
    arms: list[str]
    pairs: int
    block_minutes: float
    washout_minutes: float
    settle_s: float
    end_point: str
    smallest: float
    alpha: float
    adaptive: str
    style: str


def freeze(
    root: Path, design: TrialDesign, days: int, donors: Sequence[Path] = (), seed: int | None = None
) -> Trial:
    """Check a design, draw its allocation and write both; `seed` only for tests.

    Raises `TrialError`, with nothing written, when it can't be performed or could find nothing.
    """
    checked_name(design.name)
    now = utc_now()
    tables = msgspec.to_builtins(design) | {
        "created_utc": now.isoformat(timespec="seconds"),
        "stop_date": (now.date() + timedelta(days=days)).isoformat(),
        "allocation_sha256": "",
        "analysis": ANALYSIS,
        "missing": MISSING,
        "yoked_to": f"{len(donors)} recorded sessions" if donors else "simulated listeners",
    }
    try:
        protocol = msgspec.convert(tables, Protocol)
    except msgspec.ValidationError as error:
        raise TrialError(f"no such trial: {error}", hint="`trial new --help` has all.") from error
    if protocol.pairs < (few := fewest_pairs(protocol.alpha)):
        raise TrialError(
            f"{protocol.pairs} pairs can't show an effect at a level of {protocol.alpha:g}",
            hint=f"It takes at least {few}; see `biofeedback trial power`.",
        )
    seed = secrets.randbits(63) if seed is None else seed
    allocation = Allocation(
        seed=seed,
        salt=secrets.token_hex(16),
        order=draw(seed, protocol.arms, protocol.pairs),
    )
    streams = _streams(protocol, allocation, donors)
    _try_out(protocol, allocation, streams)
    return create(root, protocol, msgspec.structs.replace(allocation, streams=streams))


def _streams(
    protocol: Protocol, allocation: Allocation, donors: Sequence[Path]
) -> dict[str, YokedSettings]:
    """Return what leads each yoked block."""
    from biofeedback.trials import donors as given

    blocks = [b for b in range(1, protocol.blocks + 1) if allocation.arm(b) == "yoked"]
    if not blocks:
        return {}
    if donors:
        known = [given.recorded(path, 60.0 * protocol.block_minutes) for path in donors]
        streams = [known[place % len(known)] for place in range(len(blocks))]
    else:
        rng = Random(f"{allocation.seed}/donors")
        seeds = [rng.randrange(1_000_000, 2_000_000) for _ in blocks[:_DONORS]]
        known = given.simulated(protocol, seeds)
        streams = [known[place % len(known)] for place in range(len(blocks))]
    return {str(block): stream for block, stream in zip(blocks, streams, strict=True)}


def _try_out(protocol: Protocol, allocation: Allocation, streams: dict[str, YokedSettings]) -> None:
    """Make each block's config once, so that a mistake shows now and not on the third day."""
    from biofeedback.trials.arms import config_of

    whole = msgspec.structs.replace(allocation, streams=streams)
    for block in range(1, protocol.blocks + 1):
        config_of(protocol, whole, block)
