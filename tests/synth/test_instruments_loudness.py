from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest

from synth.instruments.loudness import Loudness, true_peak

RATE = 48_000


def sine(frequency_hz: float, peak_dbfs: float, seconds: float = 5.0, phase: float = 0.0):
    times = np.arange(round(seconds * RATE)) / RATE
    wave = 10 ** (peak_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * times + phase)
    return np.stack([wave, wave], axis=1).astype(np.float32)


@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_a_stereo_sine_of_1_khz_is_as_loud_as_ebu_tech_3341_says(level) -> None:
    loudness = Loudness(RATE)
    loudness.feed(sine(1000.0, level))
    assert loudness.read() == pytest.approx(level, abs=0.1)


def test_quiet_parts_are_gated_as_in_ebu_tech_3341_case_3() -> None:
    loudness = Loudness(RATE)
    for level, seconds in ((-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)):
        for _ in range(round(seconds)):
            loudness.feed(sine(1000.0, level, 1.0))
    assert loudness.read() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("colour", [0.0, 0.9])
def test_noise_that_comes_and_goes_is_as_loud_as_another_implementation_says(colour) -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0.0, 0.1, (12 * RATE, 2))
    for sample in range(1, len(noise) if colour else 0):
        noise[sample] += colour * noise[sample - 1]
    noise *= np.repeat([0.2, 1.0, 0.01, 0.5], 3 * RATE)[:, None]
    loudness = Loudness(RATE)
    loudness.feed(noise.astype(np.float32))
    assert loudness.read() == pytest.approx(
        pyloudnorm.Meter(RATE).integrated_loudness(noise), abs=0.15
    )


def test_silence_and_nothing_have_no_loudness() -> None:
    loudness = Loudness(RATE)
    assert loudness.read() == -math.inf
    loudness.feed(np.zeros((RATE, 2), np.float32))
    assert loudness.read() == -math.inf


def test_the_true_peak_lies_between_samples() -> None:
    samples = sine(RATE / 4, 0.0, phase=np.pi / 4)
    assert np.abs(samples).max() == pytest.approx(math.sqrt(0.5), abs=1e-3)
    assert true_peak(samples) == pytest.approx(1.0, abs=0.02)
    assert true_peak(samples[:0]) == 0.0
