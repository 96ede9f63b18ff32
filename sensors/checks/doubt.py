"""A doubt about a signal, in words and as a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sensors.signals import Signal

__all__ = ["Doubt", "rate_doubt", "sentences", "trusts"]

_RATE_TRUST = 0.8  #: in samples whose rate was not the promised one. Ours


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a signal is not to be believed as it comes, and what is left of the trust in it."""

    sentence: str  #: plain, for the wearer
    trust: float  #: 0 to 1


def rate_doubt(declared_hz: float, measured_hz: float, what: str) -> Doubt | None:
    """Return what is to be said of a rate; None where it is as promised.

    Parameters
    ----------
    declared_hz
        As the device or its description promises.
    measured_hz
        The one in use: as declared, or as measured once that is sure.
    what
        The signal, in words.

    Returns
    -------
    Doubt | None
        The samples are there, only not as they should be.
    """
    if declared_hz == measured_hz:
        return None
    return Doubt(
        f"It promised {declared_hz:g} samples of {what} a second and sends {measured_hz:g}.",
        _RATE_TRUST,
    )


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
