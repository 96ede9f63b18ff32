"""A doubt about a signal, in words and as a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sensors.signals import Signal

__all__ = ["Doubt", "sentences", "trusts"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a signal is not to be believed as it comes, and what is left of the trust in it."""

    sentence: str  #: plain, for the wearer
    trust: float  #: 0 to 1


def sentences(doubts: Iterable[Doubt | None]) -> str:
    """Return what is doubted, each sentence once.

    Parameters
    ----------
    doubts
        Those there are; None for none.

    Returns
    -------
    str
        Empty without a doubt.
    """
    return " ".join(dict.fromkeys(doubt.sentence for doubt in doubts if doubt))


def trusts(doubts: Iterable[tuple[Signal, Doubt | None]]) -> Mapping[str, float]:
    """Return what each doubted signal is worth: of several doubts the gravest counts.

    Parameters
    ----------
    doubts
        Each with its signal.

    Returns
    -------
    Mapping[str, float]
        0 to 1 by the signal's name; without those that nobody doubts.
    """
    worth: dict[str, float] = {}
    for signal, doubt in doubts:
        if doubt is not None:
            worth[signal.value] = min(doubt.trust, worth.get(signal.value, 1.0))
    return worth
