"""Claims about the spectrum of a whole recording."""

import math

import numpy as np
import pytest

from biofeedback.metrics.beats import Beat
from biofeedback.metrics.spectrum import spectrum
from biofeedback.metrics.windowed import powers_ms2


def swinging(seconds: float, *waves: tuple[float, float], start_s: float = 0.0) -> list[Beat]:
    """Beats at 75 a minute whose interval swings by an amplitude in ms at a frequency in Hz."""
    time_s, beats = start_s, []
    while time_s < start_s + seconds:
        swing_ms = sum(ms * math.sin(2.0 * math.pi * hz * time_s) for ms, hz in waves)
        time_s += (800.0 + swing_ms) / 1000.0
        beats.append(Beat(time_s, 800.0 + swing_ms, "normal", bool(beats)))
    return beats


def test_two_rhythms_have_their_power_and_their_place() -> None:
    found = spectrum(swinging(300.0, (20.0, 0.1), (10.0, 0.25)))
    assert found is not None
    assert found.windows == 1
    assert found.lf_ms2 == pytest.approx(200.0, rel=0.05)
    assert found.hf_ms2 == pytest.approx(50.0, rel=0.10)
    assert found.lf_peak_hz == pytest.approx(0.1, abs=0.002)
    assert found.hf_peak_hz == pytest.approx(0.25, abs=0.002)
    assert found.lf_hf == pytest.approx(found.lf_ms2 / found.hf_ms2)
    assert found.lf_nu + found.hf_nu == pytest.approx(100.0)
    assert found.vlf_ms2 is not None
    assert found.total_ms2 == pytest.approx(found.vlf_ms2 + found.lf_ms2 + found.hf_ms2)


def test_it_is_that_of_the_window_where_there_is_but_one() -> None:
    beats = swinging(290.0, (20.0, 0.1), (10.0, 0.25), start_s=1000.0)
    found = spectrum(beats)
    alone = powers_ms2(np.array([b.time_s for b in beats]), np.array([b.rr_ms for b in beats]))
    assert found is not None
    assert (found.vlf_ms2, found.lf_ms2, found.hf_ms2) == alone


def test_a_long_recording_is_the_mean_of_its_five_minutes() -> None:
    calm, stirred = swinging(600.0, (10.0, 0.25)), swinging(600.0, (30.0, 0.25), start_s=600.0)
    found = spectrum(calm + stirred)
    assert found is not None
    assert found.windows == 4
    assert found.hf_ms2 == pytest.approx((50.0 + 450.0) / 2.0, rel=0.05)


def test_what_is_too_short_or_mostly_missing_says_nothing() -> None:
    assert spectrum([]) is None
    assert spectrum(swinging(110.0, (20.0, 0.1))) is None
    beats = swinging(300.0, (20.0, 0.1))
    thinned = [b if n % 5 < 2 else Beat(b.time_s, b.rr_ms, "ectopic") for n, b in enumerate(beats)]
    assert spectrum(thinned) is None


def test_two_minutes_have_no_very_low_frequencies_so_no_total() -> None:
    found = spectrum(swinging(150.0, (20.0, 0.1), (10.0, 0.25)))
    assert found is not None
    assert found.vlf_ms2 is None
    assert found.total_ms2 is None


def test_a_pause_of_an_hour_leaves_only_the_windows_that_have_beats() -> None:
    found = spectrum(swinging(300.0, (20.0, 0.25)) + swinging(300.0, (20.0, 0.25), start_s=3900.0))
    assert found is not None
    assert found.windows == 2
    assert found.hf_ms2 == pytest.approx(200.0, rel=0.1)
