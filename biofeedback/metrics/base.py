"""What every metric gives: a value, how far it can be trusted, and from where on it is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from sensors.signals import Chunk

__all__ = [
    "DELIVERY_S",
    "NO_VALUE",
    "Metric",
    "Reading",
    "covered_share",
    "freshness",
    "graded",
    "graded_all",
    "measured",
    "samples",
]


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One metric at one moment.

    `value` is None when there is too little to say anything (coverage below one half, or nothing
    measured yet). `coverage` is the share of the window that holds trustworthy data, `quality`
    the overall trust in the value; both 0 to 1.
    """

    name: str  #: that of the metric
    value: float | None
    unit: str  #: empty for a ratio
    window_s: float  #: how much time it describes
    time_s: float  #: session time at the end of it
    quality: float
    coverage: float


class Metric(Protocol):
    """A streaming metric: read whenever somebody asks.

    What it is fed with is cleaned before and shared among metrics: beats with verdicts, or
    trusted samples of skin conductance. `MetricBank` does both.
    """

    def read(self, now_s: float, contact: float) -> Reading:
        """Return the value over the window that ends at `now_s`; `contact` scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            Without a value when less than half of the window is covered.
        """


def samples(chunk: Chunk) -> Iterator[tuple[float, float]]:
    """Return the pairs (time_s, value) of the first channel, as plain floats.

    Parameters
    ----------
    chunk
        Its values have the shape (n, channels).

    Returns
    -------
    Iterator[tuple[float, float]]
        (time in s, value in the signal's unit), in order of time.
    """
    # A chunk has made sure of equal lengths; `strict` would double the cost of a beat's chunk.
    return zip(chunk.times_s.tolist(), chunk.values[:, 0].tolist())  # noqa: B905


#: How long data may be under way (one beat, and a radio that delivers once a second) before their
#: absence counts as missing. Our own choice.
DELIVERY_S = 3.0
#: Below the first there is no value; below the second it is degraded.
NO_VALUE, _DEGRADED = 0.5, 0.8


def covered_share(covered_s: float, window_s: float, silent_s: float) -> float:
    """Return the share 0..1 of a window that trustworthy data cover.

    What happened within `DELIVERY_S` may still be on its way.

    Parameters
    ----------
    covered_s
        Seconds of the window that hold trustworthy data.
    window_s
        Length of the window.
    silent_s
        Time since the latest data; up to `DELIVERY_S` of it is not held against the window.

    Returns
    -------
    float
        0 to 1.
    """
    expected_s = window_s - min(max(silent_s, 0.0), DELIVERY_S, window_s / 2)
    return min(1.0, max(0.0, covered_s / expected_s))


def freshness(silent_s: float, window_s: float) -> float:
    """Return 1 while data keep coming, falling in a straight line to 0 after a silent window.

    Parameters
    ----------
    silent_s
        Time since the latest data.
    window_s
        Length of the window.

    Returns
    -------
    float
        1 up to `DELIVERY_S`, 0 from one window after that on.
    """
    overdue_s = silent_s - DELIVERY_S
    return 1.0 if overdue_s <= 0.0 else max(0.0, 1.0 - overdue_s / window_s)


def graded(
    name: str,
    value: float | None,
    unit: str,
    window_s: float,
    time_s: float,
    coverage: float,
    trust: float,
) -> Reading:
    """Return the reading; its quality is the coverage times `trust` (0..1), halved when degraded.

    Without a value, or with less than half of the window covered, value is None and quality 0.

    Parameters
    ----------
    name
        That of the metric, as in logs.
    value
        In `unit`; None for too little to say anything.
    unit
        Such as "ms"; empty for a ratio.
    window_s
        Length of the window.
    time_s
        Session time for which it holds.
    coverage
        Share of the window that trustworthy data cover, 0 to 1.
    trust
        What else the value is worth, 0 to 1.

    Returns
    -------
    Reading
        With a quality of 0 to 1.
    """
    if value is None or coverage < NO_VALUE:
        return Reading(name, None, unit, window_s, time_s, 0.0, coverage)
    quality = coverage * trust * (0.5 if coverage < _DEGRADED else 1.0)
    return Reading(name, value, unit, window_s, time_s, quality, coverage)


def graded_all(
    found: Iterable[tuple[str, float | None, str, float, float, float, float]],
) -> tuple[Reading, ...]:
    """Return the reading of each tuple of what `graded` takes.

    Parameters
    ----------
    found
        Name, value, unit, length of the window in s, time in s, coverage and trust.

    Returns
    -------
    tuple[Reading, ...]
        In the same order.
    """
    return tuple([graded(*each) for each in found])


def measured(
    name: str,
    value: float | None,
    unit: str,
    window_s: float,
    now_s: float,
    *,
    covered_s: float,
    silent_s: float,
    worth: float = 1.0,
    contact: float = 1.0,
) -> Reading:
    """Return the reading over a window that ends now, graded by how data cover it.

    Parameters
    ----------
    name
        Of the metric.
    value
        What the data in the window say; None for nothing.
    unit
        Of the value.
    window_s
        Length of the window.
    now_s
        Session time at which it ends.
    covered_s
        How much of it trustworthy data fill.
    silent_s
        Time since the latest data.
    worth
        Trust in how the value was found, 0 to 1; scales the quality.
    contact
        Trust in the contact with the skin, 0 to 1; scales the quality as well.

    Returns
    -------
    Reading
        Without a value where less than half of the window is covered.
    """
    coverage = covered_share(covered_s, window_s, silent_s)
    trust = worth * freshness(silent_s, window_s) * contact
    return graded(name, value, unit, window_s, now_s, coverage, trust)
