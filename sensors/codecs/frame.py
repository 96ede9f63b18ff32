"""What a codec makes of the bytes of a band: consecutive samples, and what was lost before them."""

from __future__ import annotations

from dataclasses import dataclass

from sensors.error_counter import BadKind
from sensors.signals import Signal

__all__ = ["SampleFrame", "SequenceCounter"]


@dataclass(frozen=True, slots=True)
class SampleFrame:
    """Consecutive samples of one signal, evenly spaced, in its unit.

    A value is NaN where the device sent something that cannot be. `lost` samples are missing
    before these. `clock_s` is the device's time of the first sample, None where it tells none.
    `worn` False says that the electrodes do not touch the skin; None that nothing is known.
    `bad` is what was wrong with this frame or on the way to it, and how often. Of a signal with
    several axes, so many values in a row are one sample.
    """

    signal: Signal  #: what is measured
    values: tuple[float, ...]  #: oldest first
    lost: int = 0
    clock_s: float | None = None
    worn: bool | None = None
    bad: tuple[tuple[BadKind, int], ...] = ()
    axes: int = 1

    def __len__(self) -> int:
        """Return how many samples there are."""
        return len(self.values) // self.axes


class SequenceCounter:
    """Finds what is missing from a counter that starts again from 0 at `wraps_at`.

    Parameters
    ----------
    wraps_at
        The number after the highest, at which it starts again from 0.
    """

    def __init__(self, wraps_at: int) -> None:
        self._wraps_at = wraps_at
        self._expected: int | None = None

    def step(self, number: int, width: int = 1) -> int:
        """Return how many counts are missing before `number`, which itself stands for `width`.

        Parameters
        ----------
        number
            That of the packet, 0 to below `wraps_at`.
        width
            How many counts it stands for, as where samples are counted.

        Returns
        -------
        int
            0 for the first number of all, and when nothing is missing.
        """
        missing = 0 if self._expected is None else (number - self._expected) % self._wraps_at
        self._expected = (number + width) % self._wraps_at
        return missing

    def reset(self) -> None:
        """Forget the last number: the next may be any."""
        self._expected = None
