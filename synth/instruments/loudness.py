"""Loudness in LUFS, true peak in dBFS: what a listener and a converter make of samples."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Loudness", "true_peak"]

_STEP_S: Final = 0.1
_BLOCK_STEPS: Final = 4  # 400 ms gating blocks with 75 % overlap, ITU-R BS.1770-5
_OVERSAMPLING: Final = 4
_WINDOW: Final = 512
_MARGIN: Final = 128


def _k_weighting(frequency_hz: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the power response of BS.1770's two filters, from their analogue prototypes."""
    z = np.exp(-2j * np.pi * frequency_hz / 48000.0)  # the standard's coefficients hold at 48 kHz
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    power: NDArray[np.float64] = np.abs(shelf * high_pass) ** 2
    return power


class Loudness:
    """Integrated loudness of a stereo stream, block by block (ITU-R BS.1770-5).

    The weighting acts on the spectrum of each 100 ms, which agrees with the filters within 0.1 LU
    for music.

    Parameters
    ----------
    rate_hz
        Samples a second.

    References
    ----------
    Recommendation ITU-R BS.1770-5, Algorithms to measure audio programme loudness and true-peak
    audio level.
    """

    def __init__(self, rate_hz: int) -> None:
        self._step = round(_STEP_S * rate_hz)
        frequency_hz = np.arange(self._step // 2 + 1) * (rate_hz / self._step)
        both_sides = np.full(len(frequency_hz), 2.0)
        both_sides[0] = 1.0
        self._weight = _k_weighting(frequency_hz) * both_sides / self._step**2
        self._rest = np.zeros((0, 2), dtype=np.float32)
        self._powers: list[float] = []

    def feed(self, samples: NDArray[np.float32]) -> None:
        """Take samples of shape (n, 2).

        Parameters
        ----------
        samples
            Left and right, full scale at 1; shape (n, 2), n of any size from 0.
        """
        data = np.concatenate([self._rest, samples])
        count = len(data) // self._step
        self._rest = data[count * self._step :]
        if count:
            steps = data[: count * self._step].reshape(count, self._step, 2)
            spectrum = np.fft.rfft(steps, axis=1)
            power = np.einsum("f,sfc->s", self._weight, np.abs(spectrum) ** 2)
            self._powers.extend(power.tolist())

    def momentary(self) -> NDArray[np.float64]:
        """Return the momentary loudness, that of 0.4 s, ten times a second.

        Returns
        -------
        NDArray[np.float64]
            In LUFS, -90 at least, of shape (n,); the first around 0.2 s.
        """
        return -0.691 + 10.0 * np.log10(np.maximum(self._blocks(), 1e-9))

    def _blocks(self) -> NDArray[np.float64]:
        return np.convolve(self._powers, np.full(_BLOCK_STEPS, 1 / _BLOCK_STEPS), "valid")

    def read(self) -> float:
        """Return LUFS so far; -inf for silence or less than 400 ms.

        Returns
        -------
        float
            In LUFS, after the absolute gate at -70 LUFS and the relative one 10 LU below.
        """
        if len(self._powers) < _BLOCK_STEPS:
            return -math.inf
        blocks = self._blocks()
        loud = blocks[blocks > 10 ** ((-70.0 + 0.691) / 10)]  # absolute gate
        if len(loud) == 0:
            return -math.inf
        loud = loud[loud > np.mean(loud) / 10.0]  # relative gate, 10 LU below
        return float(-0.691 + 10.0 * math.log10(float(np.mean(loud))))


def true_peak(samples: NDArray[np.float32]) -> float:
    """Return the highest level between samples as well, linear; `samples` has shape (n, 2).

    Four times oversampled through the spectrum, where the samples come near their highest.

    Parameters
    ----------
    samples
        Left and right, full scale at 1; shape (n, 2).

    Returns
    -------
    float
        1 is full scale, so 0 dBFS; 0 for no samples.
    """
    if len(samples) == 0:
        return 0.0
    level = np.max(np.abs(samples), axis=1)
    highest = float(level.max())
    for window in np.unique(np.nonzero(level > 0.8 * highest)[0] // _WINDOW):
        start = max(0, int(window) * _WINDOW - _MARGIN)
        near = samples[start : start + _WINDOW + 2 * _MARGIN]
        fine = np.fft.irfft(
            np.fft.rfft(near, axis=0) * _OVERSAMPLING, _OVERSAMPLING * len(near), axis=0
        )
        inner = fine[_MARGIN * 2 : -_MARGIN * 2]  # the ends ring: the spectrum wraps around
        highest = max(highest, float(np.abs(inner).max(initial=0.0)))
    return highest
