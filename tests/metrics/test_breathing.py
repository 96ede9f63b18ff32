"""Breathing rate from RR, on hearts that swing at known rates, and on people who wore a belt."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.breathing import breathing_rhythm
from biofeedback.metrics.pulse_train import PulseTrain
from sensors.signals import Chunk, FloatArray, Gap, Signal
from sensors.simulated.body import BodySettings, SimulatedBody


def heart(hz: float, swing_ms: float, seconds: float = 64.0, noise_ms: float = 4.0) -> FloatArray:
    rng, beats, time_s = Random(1), [], 0.0
    while time_s < seconds:
        rr_ms = 850.0 + swing_ms * np.sin(2 * np.pi * hz * time_s) + rng.gauss(0.0, noise_ms)
        time_s += rr_ms / 1000.0
        beats.append((time_s, rr_ms))
    return np.array(beats)


@pytest.mark.parametrize("per_minute", [6.0, 9.0, 12.0, 15.0, 20.0])
def test_a_swing_is_found_at_its_own_rate(per_minute: float) -> None:
    beats = heart(per_minute / 60.0, swing_ms=30.0)
    found = breathing_rhythm(beats[:, 0], beats[:, 1])
    assert found is not None
    assert 60.0 * found[0] == pytest.approx(per_minute, abs=0.4)
    assert found[1] > 0.6


def test_a_heart_without_a_rhythm_has_no_breathing_rate() -> None:
    none = [breathing_rhythm(*heart(0.2, 0.0, noise_ms=20.0).T) for _ in range(5)]
    assert none == [None] * 5
    assert breathing_rhythm(np.arange(60.0), np.full(60, 800.0)) is None
    assert breathing_rhythm(np.array([]), np.array([])) is None


def rate(bank: MetricBank, now_s: float) -> float | None:
    return next(r.value for r in bank.read(now_s) if r.name == "breathing_rate")


def test_a_body_is_heard_breathing_and_a_long_gap_silences_it() -> None:
    bank = MetricBank(MetricSettings())
    body = SimulatedBody(
        BodySettings(breaths_per_minute=12.0, rsa_ms=80.0, profile=((0.0, 0.3),), seed=3), "body"
    )
    rates = []
    for second in range(1, 241):
        for chunk in body.step(float(second)):
            bank.feed(chunk)
        rates.append(rate(bank, float(second)))
    assert rates[20] is None
    found = [value for value in rates[70:] if value is not None]
    assert len(found) > 100
    assert np.median(found) == pytest.approx(12.0, abs=1.0)
    bank.feed(Gap(Signal.RR, "body", 240.0, 290.0, "link"))
    assert rate(bank, 290.0) is None


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["bio_resting_5min_100hz", "bio_resting_8min_100hz"])
@pytest.mark.parametrize("origin", [Signal.ECG, Signal.RR])
def test_the_rate_is_within_a_breath_of_a_belts(
    recordings: Path, name: str, origin: Signal
) -> None:
    import neurokit2 as nk
    import pandas as pd

    data = pd.read_csv(recordings / "neurokit" / f"{name}.csv")
    breaths, _ = nk.rsp_process(data["RSP"], 100)
    ecg, bank, errors = data["ECG"].to_numpy(), MetricBank(MetricSettings()), []
    train, last_s = PulseTrain("ecg"), 0.0
    for second in range(1, len(ecg) // 100 + 1):
        piece = ecg[100 * (second - 1) : 100 * second]
        chunk = Chunk.regular(Signal.ECG, "ecg", second - 1.0, 100.0, piece)
        if origin is Signal.RR:
            times_s = [last_s, *(pulse.time_s for pulse in train.feed(chunk))]
            chunk = Chunk.events(Signal.RR, "ecg", times_s[1:], np.diff(times_s))
            last_s = times_s[-1]
        bank.feed(chunk)
        mine = rate(bank, float(second))
        if second >= 64 and mine is not None:
            belt = breaths["RSP_Rate"][(second - 64) * 100 : second * 100].mean()
            errors.append(abs(mine - float(belt)))
    assert len(errors) > 60
    assert np.mean(errors) <= 1.0
