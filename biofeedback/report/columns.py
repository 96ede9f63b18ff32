"""Numbers of a log as columns: of a line each kind, and of the metrics that a line lists."""

from __future__ import annotations

import math
from array import array

import numpy as np

from biofeedback.record import lines
from sensors.signals import FloatArray

__all__ = ["ReadingColumns", "Rows"]


class Rows:
    """Rows of numbers, eight bytes each: a day's log has 10 million."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._numbers = array("d")

    def add(self, row: list[float]) -> None:
        """Add a row: one number for each name."""
        self._numbers.fromlist(row)  # the quickest way in

    def __getitem__(self, name: str) -> FloatArray:
        """Return a column, (n,), in the same memory."""
        rows = np.asarray(self._numbers).reshape(-1, len(self._names))
        return rows[:, self._names.index(name)]


class ReadingColumns:
    """Readings by name. Lines mostly have the same metrics in the same order: those are a block."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._names: list[str] = []

    def add(self, line: lines.ReadingLine) -> None:
        """Take a line in."""
        names = [item.name for item in line.readings]
        if names != self._names or not self._blocks:
            self._names = names
            self._blocks.append(_Block(names))
        self._blocks[-1].add(line)

    def by_name(self) -> dict[str, tuple[str, FloatArray, FloatArray, FloatArray]]:
        """Return of each its unit, and times in s, values (NaN for none) and quality, all (n,)."""
        units: dict[str, str] = {}
        parts: dict[str, list[tuple[FloatArray, FloatArray, FloatArray]]] = {}
        for block in self._blocks:
            units |= block.units
            for name, part in block.by_name().items():
                parts.setdefault(name, []).append(part)
        return {name: (units[name], *_joined(found)) for name, found in parts.items()}


class _Block:
    def __init__(self, names: list[str]) -> None:
        self._times_s = array("d")
        self._values, self._quality = Rows(*names), Rows(*names)
        self._items: list[lines.ReadingItem] = []

    @property
    def units(self) -> dict[str, str]:
        """The latest unit of each metric."""
        return {item.name: item.unit for item in self._items}

    def add(self, line: lines.ReadingLine) -> None:
        self._items = items = line.readings
        self._times_s.append(line.t)
        values = [item.value for item in items]
        self._values.add([math.nan if value is None else value for value in values])
        self._quality.add([item.quality for item in items])

    def by_name(self) -> dict[str, tuple[FloatArray, FloatArray, FloatArray]]:
        times_s = np.asarray(self._times_s)
        return {name: (times_s, self._values[name], self._quality[name]) for name in self.units}


def _joined(
    parts: list[tuple[FloatArray, FloatArray, FloatArray]],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if len(parts) == 1:
        return parts[0]
    times_s, values, quality = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return times_s, values, quality
