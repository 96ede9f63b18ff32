"""The one periodogram, against what least squares say and what another library has."""

import numpy as np
import pytest

from biofeedback.metrics.periodogram import lomb_scargle
from sensors.signals import FloatArray


@pytest.fixture
def series() -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(1)
    times_s = np.cumsum(0.8 + 0.05 * rng.normal(size=120))
    values = np.sin(2 * np.pi * 0.25 * times_s + 1.0) + 0.3 * rng.normal(size=120)
    return times_s, values - values.mean()


@pytest.mark.parametrize(("first", "last"), [(1, 1), (3, 40), (16, 100), (32, 47)])
def test_it_is_the_periodogram_of_scipy(
    series: tuple[FloatArray, FloatArray], first: int, last: int
) -> None:
    from scipy.signal import lombscargle

    found = lomb_scargle(*series, 0.005, first, last)
    hz = 0.005 * np.arange(first, last + 1)
    right = np.atleast_1d(lombscargle(*series, 2 * np.pi * hz))
    assert found == pytest.approx(right, rel=1e-9)


def test_a_wave_stands_at_its_frequency_with_half_its_square_for_each_pair_of_values() -> None:
    times_s = np.arange(400) * 0.7
    found = lomb_scargle(times_s, 3.0 * np.cos(2 * np.pi * 0.1 * times_s), 0.005, 16, 100)
    assert int(np.argmax(found)) == 20 - 16
    assert found.max() == pytest.approx(9.0 / 2 * 400 / 2, rel=1e-6)
