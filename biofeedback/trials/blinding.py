"""Whether people could tell which arm they had: Bang's index, and the share of right guesses.

Bang, Ni and Davis (2004): for those who had an arm, right guesses less wrong ones, as a share of
all answers, "don't know" among them. 0 is chance, 1 is everybody right, -1 everybody wrong; from
about 0.2 on blinding is doubtful. It knows two arms; with more, the share is compared with chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["SKIP", "Blinding", "blinding"]

SKIP = "skip"
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Blinding:
    """Guesses of those blocks that had one arm; `index` with its 95 % interval, None without any.

    `chance` is the share that is right by chance among those who guessed.
    """

    arm: str
    right: int
    wrong: int
    skipped: int
    chance: float
    index: float | None
    low: float | None
    high: float | None


def blinding(guesses: Sequence[tuple[str, str]], arms: Sequence[str]) -> Mapping[str, Blinding]:
    """Return the index for each arm, from pairs of (arm that was played, arm that was guessed)."""
    return {arm: _of(arm, [g for played, g in guesses if played == arm], arms) for arm in arms}


def _of(arm: str, guesses: Sequence[str], arms: Sequence[str]) -> Blinding:
    right = sum(guess == arm for guess in guesses)
    skipped = sum(guess not in arms for guess in guesses)
    wrong, total, chance = len(guesses) - right - skipped, len(guesses), 1.0 / len(arms)
    if not total:
        return Blinding(arm, 0, 0, 0, chance, None, None, None)
    # With k arms a wrong guess weighs 1 / (k - 1), so that chance stays 0; Bang's own with two.
    weight = 1.0 / (len(arms) - 1)
    index = (right - weight * wrong) / total
    squares = (right + weight**2 * wrong) / total
    half = _Z * math.sqrt(max(0.0, squares - index**2) / total)
    return Blinding(
        arm, right, wrong, skipped, chance, index, max(-1.0, index - half), min(1.0, index + half)
    )
