"""Heartbeats from a waveform, at any rate: R peaks of an ECG, or upstrokes of a pulse wave.

A short symmetric kernel makes the wanted shape stand out: a second derivative of a Gaussian as
narrow as a QRS complex, or a first derivative as wide as an upstroke. What it leaves is searched
for peaks that stand above a share of the latest ones; that share falls when a beat is late.
Times are interpolated between samples. Kernels run over whole chunks; only peaks cost Python.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from biofeedback.common.portable_math import convolved, exp, mean, total
from sensors.signals import Chunk, FloatArray

__all__ = ["PulseBeat", "PulseTrain", "Wave"]

Wave = Literal["ecg", "ppg"]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a beat looks like. All numbers are our own, tuned on public recordings.

    `order` is the derivative, `width_s` the width of the Gaussian; within `lone_s` the highest
    peak wins, and no beat follows another within `refractory_s`. A peak counts above `high` times
    the usual height, above `low` times when a beat is late. Within `early_s` of the last beat,
    where the second wave of a pulse stands, it must be about as high as a beat, and no edge.
    """

    order: Literal[1, 2]
    width_s: float
    lone_s: float
    refractory_s: float
    early_s: float
    high: float
    low: float
    slowest_hz: float


_SHAPES: dict[Wave, _Shape] = {
    "ecg": _Shape(2, 0.012, 0.08, 0.24, 0.24, 0.5, 0.3, 50.0),
    "ppg": _Shape(1, 0.06, 0.15, 0.24, 0.33, 0.5, 0.3, 20.0),
}
_KERNEL_WIDTHS = 3.5
_HEIGHTS = 8
#: So much signal is looked at before heights are known, so that the slowest heart has shown a beat;
#: they are forgotten after such a silence.
_LEARN_S, _SILENCE_S = 2.6, 4.0
#: How high an early peak must be, as a share of the usual height; and of how much of the swing
#: around it: an edge has 0.5, a sine of three cycles a second 0.36. Ours.
_EARLY, _EDGE = 0.8, 0.43
#: Beyond these no sensor measures; a swing this much smaller than the values is their rounding.
_FASTEST_HZ, _LARGEST, _ROUNDING = 8000.0, 1e12, 1e-9
#: A beat is late after this many usual intervals.
_LATE = 1.2


@dataclass(frozen=True, slots=True)
class PulseBeat:
    """A beat at `time_s`; `height` is how strongly the waveform showed it, in its own unit.

    `rival` is the highest peak since the beat before that was not taken for one, as a share of
    `height`: small in a clear waveform, about 1 in noise. `edge` says that the wave rises at once,
    as no pulse does.
    """

    time_s: float
    height: float
    rival: float = 0.0
    edge: bool = False


class PulseTrain:
    """Finds the beats of one waveform; it starts anew when the rate changes or samples lack.

    Parameters
    ----------
    wave
        Which shape to look for.
    """

    def __init__(self, wave: Wave) -> None:
        self._shape = _SHAPES[wave]
        self._rate_hz = self._largest = 0.0
        self._next_s = math.nan
        self._kernel: FloatArray = np.zeros(1)
        self.cut()

    def cut(self) -> None:
        """Break the waveform off, as a gap does."""
        self._tail: FloatArray = np.zeros(0)
        self._start_s = math.nan
        self._candidate: PulseBeat | None = None
        self._early: list[PulseBeat] = []
        self._last_s = -math.inf
        self._heights: deque[float] = deque(maxlen=_HEIGHTS)
        self._intervals: deque[float] = deque(maxlen=_HEIGHTS)
        self._usual = self._rival = 0.0
        self._due_s = math.inf

    def feed(self, chunk: Chunk) -> list[PulseBeat]:
        """Return the beats that the chunk decides; those of its last moments come with the next.

        A chunk without a rate, or with one too low for the shape of a beat, gives nothing. Samples
        that are not finite break the waveform off; samples from the past are ignored.

        Parameters
        ----------
        chunk
            The first channel of it, in any unit.

        Returns
        -------
        list[PulseBeat]
            In order of time.
        """
        rate_hz = chunk.rate_hz
        if rate_hz is None or not self._shape.slowest_hz <= rate_hz <= _FASTEST_HZ:
            return []
        if not len(chunk):
            return []
        values, start_s = chunk.values[:, 0], float(chunk.times_s[0])
        if rate_hz != self._rate_hz:
            self._tune(rate_hz)
        elif start_s < self._next_s - 1.5 / self._rate_hz:
            return []
        elif not start_s <= self._next_s + 1.5 / self._rate_hz:
            self.cut()
        self._next_s = start_s + len(values) / self._rate_hz
        self._largest = float(np.abs(values).max())
        if not self._largest <= _LARGEST:
            self.cut()
            return []
        return self._search(values, start_s)

    def _tune(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        width = self._shape.width_s * rate_hz
        reach = math.ceil(_KERNEL_WIDTHS * width)
        x = np.arange(-reach, reach + 1) / width
        bell = np.array([exp(-place * place / 2) for place in x.tolist()])
        kernel = -x * bell if self._shape.order == 1 else (1 - x * x) * bell
        kernel -= mean(kernel)
        self._kernel = kernel / total(np.abs(kernel))
        self.cut()

    def _search(self, values: FloatArray, start_s: float) -> list[PulseBeat]:
        """Filter, keep what the next chunk needs, and judge the peaks in between."""
        wave = np.concatenate((self._tail, values))
        start_s -= len(self._tail) / self._rate_hz
        taps = len(self._kernel)
        self._tail = wave[-(taps + 1) :]
        if math.isnan(self._start_s):
            self._start_s = start_s
        if len(wave) < taps + 2:
            return []
        strength = convolved(wave, self._kernel)
        if self._shape.order == 2:
            strength = np.abs(strength)
        first_s = start_s + (taps // 2) / self._rate_hz
        before, here, after = strength[:-2], strength[1:-1], strength[2:]
        floor = max(self._shape.low * self._usual, _ROUNDING * self._largest)
        beats: list[PulseBeat] = []
        for index in np.flatnonzero((here > before) & (here >= after) & (here > floor)).tolist():
            low, top, high = strength[index : index + 3].tolist()
            shift = (low - high) / (2 * (low - 2 * top + high))
            time_s = first_s + (index + 1 + shift) / self._rate_hz
            around = wave[index + 1 : index + 1 + taps]
            edge = self._shape.order == 1 and top > _EDGE * float(np.ptp(around))
            self._meet(PulseBeat(time_s, top, edge=edge), beats)
        self._settle(first_s + (len(strength) - 2) / self._rate_hz, beats)
        return beats

    def _meet(self, peak: PulseBeat, beats: list[PulseBeat]) -> None:
        """Let the highest of peaks that stand close together win."""
        held = self._candidate
        if held is not None and peak.time_s - held.time_s <= self._shape.lone_s:
            if peak.height > held.height:
                self._candidate = peak
            return
        self._settle(peak.time_s, beats)
        self._candidate = peak

    def _settle(self, now_s: float, beats: list[PulseBeat]) -> None:
        """Decide about the candidate when nothing higher can follow."""
        held = self._candidate
        if held is not None and now_s - held.time_s > self._shape.lone_s:
            self._candidate = None
            if self._usual:
                self._judge(held, beats)
            else:
                self._early.append(held)
        if not self._usual and self._early and now_s - self._start_s >= _LEARN_S:
            self._learn(beats)
        elif self._usual and now_s - self._last_s > _SILENCE_S:
            self._heights.clear()
            self._intervals.clear()
            self._usual, self._start_s = 0.0, now_s

    def _learn(self, beats: list[PulseBeat]) -> None:
        """Take the highest peak so far as usual, and judge what has waited for it."""
        waiting, self._early = self._early, []
        self._usual = max(pulse.height for pulse in waiting)
        self._last_s = max(self._last_s, self._start_s - self._shape.refractory_s)
        for pulse in waiting:
            self._judge(pulse, beats)

    def _judge(self, peak: PulseBeat, beats: list[PulseBeat]) -> None:
        since_s = peak.time_s - self._last_s
        share = self._shape.low if peak.time_s > self._due_s else self._shape.high
        first_s = self._shape.refractory_s
        if since_s < self._shape.early_s:
            share, first_s = _EARLY, self._shape.early_s if peak.edge else first_s
        if since_s < first_s or peak.height < share * self._usual:
            self._rival = max(self._rival, peak.height)
            return
        beats.append(PulseBeat(peak.time_s, peak.height, self._rival / peak.height))
        self._rival = 0.0
        self._heights.append(peak.height)
        self._usual = statistics.median(self._heights)
        if math.isfinite(since_s):
            self._intervals.append(since_s)
            self._due_s = peak.time_s + _LATE * statistics.median(self._intervals)
        self._last_s = peak.time_s
