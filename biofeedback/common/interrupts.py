"""Ctrl-C as something that is asked for: raised in the middle of things it leaves halves behind."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

__all__ = ["Interrupts"]

_PATIENT_S = 2.0


class Interrupts:
    """Counts each Ctrl-C while it is `held`; the first is told to who asked for it.

    What ends then, ends in order, and further ones change nothing, unless somebody insists: the
    third, two seconds after the first or later, is a `KeyboardInterrupt` wherever it strikes.
    """

    def __init__(self) -> None:
        self.count = 0
        self._tell: Callable[[], object] | None = None
        self._first_s = 0.0
        self._is_held = False

    @contextmanager
    def held(self, tell: Callable[[], object] | None = None) -> Iterator[Self]:
        """Count while the block runs, and call `tell` at the first; only the main thread may."""
        outer, self._tell = self._tell, tell or self._tell
        if self._is_held or threading.current_thread() is not threading.main_thread():
            try:
                yield self
            finally:
                self._tell = outer
            return
        before = signal.signal(signal.SIGINT, self._heard)
        self._is_held = True
        try:
            yield self
        finally:
            self._is_held, self._tell = False, outer
            signal.signal(signal.SIGINT, before)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 1:
            self._first_s = time.monotonic()
            if self._tell is not None:
                self._tell()
        elif self.count >= 3 and time.monotonic() - self._first_s >= _PATIENT_S:
            raise KeyboardInterrupt
