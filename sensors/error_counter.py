"""What arrives and makes no sense is counted, kind by kind, and hardly logged."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Literal

from sensors.printable import printable

__all__ = ["BadKind", "CountBad", "ErrorCounter"]

#: Kinds of bad input, as a reader of the report sees them.
BadKind = Literal[
    "wrong length",
    "odd flags",
    "out of range",
    "unknown type",
    "unreadable text",
    "wrong checksum",
    "lost packets",
    "repeated",
    "too much at once",
    "contradictory",
    "padding",
    "wrong rate",
]
CountBad = Callable[["BadKind", str], None]

#: So much bad input is told piece by piece; what comes after it is summed up this often.
_FEW, _SUM_UP_S = 16, 10.0

_log = logging.getLogger(__name__)


class ErrorCounter:
    """Counts bad input by kind; of each kind the 1st, 10th, 100th ... is logged.

    Parameters
    ----------
    source
        The sensor, for the log.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._counts: Counter[str] = Counter()
        self._told = 0
        self._told_s = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Return how often each kind came, without those that never did."""
        return dict(self._counts)

    def is_due(self, now_s: float) -> bool:
        """Return whether there is bad input to tell of, and not too often.

        Parameters
        ----------
        now_s
            Session time.

        Returns
        -------
        bool
            Up to 16 each is told, later ones every 10 s.
        """
        total = self._counts.total()
        return total > self._told and (total <= _FEW or now_s - self._told_s >= _SUM_UP_S)

    def tell(self, now_s: float) -> dict[str, int]:
        """Return the counts, which are told with this.

        Parameters
        ----------
        now_s
            Session time.

        Returns
        -------
        dict[str, int]
            How often each kind came.
        """
        self._told, self._told_s = self._counts.total(), now_s
        return self.counts

    def count(self, kind: BadKind, what: str, times: int = 1) -> None:
        """Count some bad input; `what` says more about it, for the log.

        Parameters
        ----------
        kind
            As a reader of the report sees it.
        what
            Says more about it, for the log.
        times
            How often it came.
        """
        before = self._counts[kind]
        self._counts[kind] += times
        if len(str(before)) < len(str(before + times)) or not before:
            _log.warning(
                "%s: bad input, %s, %d so far (%s)",
                printable(self.source),
                kind,
                before + times,
                printable(what),
            )
