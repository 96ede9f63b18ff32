"""How often somebody may ask: a bucket for each, emptied by requests, filled by time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

__all__ = ["RateLimit"]

#: Requests a second in the long run, and at once. A page takes some twenty; whoever loads it again
#: and again must not lose it. A stranger has no reason to come often.
_KNOWN = (30.0, 500.0)
_STRANGER = (2.0, 30.0)
_MOST = 1000  #: buckets that are kept; beyond it the one that was used longest ago is forgotten


class RateLimit:
    """Says who asks too often; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, who: str, *, known: bool) -> bool:
        """Count one request; return False when it is one too many."""
        per_s, at_once = _KNOWN if known else _STRANGER
        now_s = self._clock()
        left, then_s = self._buckets.pop(who, (at_once, now_s))
        left = min(at_once, left + (now_s - then_s) * per_s)
        allowed = left >= 1.0
        self._buckets[who] = (left - allowed, now_s)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        return allowed
