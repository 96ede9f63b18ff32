"""One table for all parts: what was measured, what was asked, and whether it is met."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Table", "cpu_us"]


class Table:
    """Prints each row at once, and at the end which fell short."""

    def __init__(self) -> None:
        self._met = self._reported = 0
        self._short: list[str] = []
        print(f"{'what':62}{'measured':>26}  {'asked':16}{'':7}others", flush=True)

    def row(
        self, item: str, found: str, asked: str = "", met: bool | None = None, other: str = ""
    ) -> None:
        """Print a line; `met` is None where nothing was asked."""
        verdict = "" if met is None else "PASS" if met else "SHORT"
        if met is None:
            self._reported += 1
        elif met:
            self._met += 1
        else:
            self._short.append(item)
        print(f"{item:62}{found:>26}  {asked:16}{verdict:7}{other}".rstrip(), flush=True)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Head a group of rows, and say how long they took."""
        print(f"-- {name}", flush=True)
        start = time.perf_counter()
        yield
        print(f"   ({time.perf_counter() - start:.0f} s)", flush=True)

    def close(self) -> bool:
        """Print what fell short; return whether nothing did."""
        print(f"{self._met} PASS, {len(self._short)} SHORT, {self._reported} reported")
        for item in self._short:
            print(f"  SHORT: {item}")
        return not self._short


def cpu_us(*runs: tuple[Callable[[], object], int], repeats: int = 7) -> list[float]:
    """Return the least CPU time in us of one item of each run; a run handles its count of items.

    The runs take turns, so that whatever else the machine does touches all of them alike.
    """
    least = [float("inf")] * len(runs)
    for _ in range(repeats):
        for place, (run, count) in enumerate(runs):
            start = time.process_time()
            run()
            least[place] = min(least[place], 1e6 * (time.process_time() - start) / count)
    return least
