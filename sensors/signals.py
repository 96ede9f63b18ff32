"""The values that leave a sensor: chunks of samples, and the gaps between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["UNITS", "Chunk", "FloatArray", "Gap", "GapReason", "Signal"]

FloatArray = NDArray[np.float64]
GapReason = Literal["link", "stall", "no_contact", "bad_data", "clock"]


class Signal(StrEnum):
    """What is measured."""

    RR = "rr"
    ECG = "ecg"
    PPG = "ppg"
    EDA = "eda"
    ACC = "acc"
    HR = "hr"
    TEMP = "temp"
    RESP = "resp"


#: The one unit in which each signal travels.
UNITS: dict[Signal, str] = {
    Signal.RR: "s",
    Signal.ECG: "mV",
    Signal.PPG: "a.u.",
    Signal.EDA: "uS",
    Signal.ACC: "g",
    Signal.HR: "bpm",
    Signal.TEMP: "degC",
    Signal.RESP: "a.u.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Consecutive samples of one signal from one source, in session time.

    `times_s` has shape (n,) and never decreases; `values` has shape (n, channels). For an event
    series (`rate_hz` None) each sample has its own time: an RR interval stands at the beat that
    ends it. For a regular series the times are `t0 + arange(n) / rate_hz`, so the first time and
    the rate reproduce them exactly. `device_times_s` (n,) are the device's own times, if it has a
    clock. Empty chunks are allowed and mean nothing.
    """

    signal: Signal  #: what is measured
    source: str  #: the sensor's name
    times_s: FloatArray
    values: FloatArray
    rate_hz: float | None = None
    device_times_s: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.times_s.shape != self.values.shape[:1]:
            raise ValueError(f"times {self.times_s.shape} do not fit values {self.values.shape}")

    @classmethod
    def regular(
        cls, signal: Signal, source: str, t0_s: float, rate_hz: float, values: ArrayLike
    ) -> Self:
        """Build a chunk of evenly spaced samples; `values` is (n,) or (n, channels).

        Parameters
        ----------
        signal
            What is measured.
        source
            The sensor's name, which its samples bear.
        t0_s
            Time of the first sample, in s.
        rate_hz
            Samples a second.
        values
            In the signal's unit, shape (n,) or (n, channels).

        Returns
        -------
        Self
            Its times are `t0_s + arange(n) / rate_hz`.

        Raises
        ------
        ValueError
            For more than two dimensions.
        """
        columns = _columns(values)
        times_s = t0_s + np.arange(len(columns)) / rate_hz
        return cls(signal, source, times_s, columns, rate_hz)

    @classmethod
    def events(
        cls,
        signal: Signal,
        source: str,
        times_s: ArrayLike,
        values: ArrayLike,
        device_times_s: ArrayLike | None = None,
    ) -> Self:
        """Build a chunk whose samples each have their own time.

        Parameters
        ----------
        signal
            What is measured.
        source
            The sensor's name, which its samples bear.
        times_s
            In s, shape (n,), never decreasing.
        values
            In the signal's unit, shape (n,) or (n, channels).
        device_times_s
            The device's own times, shape (n,); None where it has no clock.

        Returns
        -------
        Self
            Without a rate.

        Raises
        ------
        ValueError
            When times and values do not fit each other.
        """
        device = None if device_times_s is None else np.asarray(device_times_s, dtype=np.float64)
        times = np.asarray(times_s, dtype=np.float64)
        return cls(signal, source, times, _columns(values), None, device)

    def __len__(self) -> int:
        return len(self.times_s)

    def part(self, first: int, stop: int) -> Chunk:
        """Return some of the samples.

        Parameters
        ----------
        first, stop
            Of the samples; the last one is not included.

        Returns
        -------
        Chunk
            With the times that they have here.
        """
        some, device_s = slice(first, stop), self.device_times_s
        return Chunk(
            self.signal, self.source, self.times_s[some], self.values[some], self.rate_hz,
            None if device_s is None else device_s[some],
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Chunk):
            return NotImplemented
        mine, theirs = self.device_times_s, other.device_times_s
        return (
            (self.signal, self.source, self.rate_hz) == (other.signal, other.source, other.rate_hz)
            and np.array_equal(self.times_s, other.times_s)
            and np.array_equal(self.values, other.values, equal_nan=True)
            and (
                mine is theirs
                or (mine is not None and theirs is not None and np.array_equal(mine, theirs))
            )
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without trustworthy samples; nothing is ever interpolated across it.

    It is sent when it ends, so `end_s` is known. Beats before and after it are not neighbours.
    """

    signal: Signal  #: what is missing
    source: str  #: the sensor's name
    start_s: float  #: session time at which it begins
    end_s: float
    reason: GapReason  #: why


def _columns(values: ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    return array.reshape(-1, 1) if array.ndim < 2 else array
