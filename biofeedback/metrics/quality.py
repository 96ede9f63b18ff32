"""How far a reading can be trusted, and the point below which there is none."""

from __future__ import annotations

from biofeedback.metrics.base import Reading

__all__ = ["DELIVERY_S", "covered_share", "freshness", "graded"]

#: How long data may be under way (one beat, and a radio that delivers once a second) before their
#: absence counts as missing. Our own choice.
DELIVERY_S = 3.0
#: Below the first there is no value; below the second it is degraded.
_NO_VALUE, _DEGRADED = 0.5, 0.8


def covered_share(covered_s: float, window_s: float, silent_s: float) -> float:
    """Return the share 0..1 of a window that trustworthy data cover.

    `silent_s` is the time since the latest data; up to `DELIVERY_S` of it is not held against
    the window, because what happened then may still be on its way.
    """
    expected_s = window_s - min(max(silent_s, 0.0), DELIVERY_S, window_s / 2)
    return min(1.0, max(0.0, covered_s / expected_s))


def freshness(silent_s: float, window_s: float) -> float:
    """Return 1 while data keep coming, falling in a straight line to 0 after a silent window."""
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
    """
    if value is None or coverage < _NO_VALUE:
        return Reading(name, None, unit, window_s, time_s, 0.0, coverage)
    quality = coverage * trust * (0.5 if coverage < _DEGRADED else 1.0)
    return Reading(name, value, unit, window_s, time_s, quality, coverage)
