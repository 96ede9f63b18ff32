"""The simulated body: physiology within plausible bounds, moved by arousal, repeatable."""

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biofeedback.common.clock import run_virtual
from sensors.base import Sample, SensorStatus
from sensors.errors import SettingsError
from sensors.signals import Chunk, Gap, Signal
from sensors.simulated.body import PROFILES, BodySettings, SimulatedBody, arousal_at
from sensors.simulated.simulated_sensor import SimulatedSettings, stream

CALM = ((0.0, 0.1),)
TENSE = ((0.0, 0.9),)


def joined(chunks: list[Chunk], signal: Signal) -> tuple[np.ndarray, np.ndarray]:
    chosen = [chunk for chunk in chunks if chunk.signal is signal]
    times_s = np.concatenate([chunk.times_s for chunk in chosen])
    return times_s, np.concatenate([chunk.values[:, 0] for chunk in chosen])


def ten_minutes(**settings: Any) -> list[Chunk]:
    return SimulatedBody(BodySettings(**settings), "body").step(600.0)


def rmssd_ms(rr_s: np.ndarray) -> float:
    return float(1000 * np.sqrt(np.mean(np.diff(rr_s) ** 2)))


def samples(settings: SimulatedSettings) -> list[Sample]:
    async def main() -> list[Sample]:
        return [s async for s in stream(settings, asyncio.get_running_loop().time)]

    return run_virtual(main)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_stays_within_what_healthy_adults_show(profile: str) -> None:
    chunks = ten_minutes(profile=profile)
    _, rr_s = joined(chunks, Signal.RR)
    _, eda = joined(chunks, Signal.EDA)
    assert 50 < 60 / rr_s.mean() < 110
    assert 5 < rmssd_ms(rr_s) < 80
    assert 1 < eda.min() < eda.max() < 15
    assert len(eda) == 2400


def test_arousal_raises_heart_and_skin_and_withdraws_the_vagus() -> None:
    calm, tense = ten_minutes(profile=CALM), ten_minutes(profile=TENSE)
    calm_rr, tense_rr = joined(calm, Signal.RR)[1], joined(tense, Signal.RR)[1]
    assert tense_rr.mean() < 0.8 * calm_rr.mean()
    assert rmssd_ms(tense_rr) < 0.5 * rmssd_ms(calm_rr)
    calm_eda, tense_eda = joined(calm, Signal.EDA)[1], joined(tense, Signal.EDA)[1]
    assert tense_eda.mean() > 1.5 * calm_eda.mean()
    assert np.diff(tense_eda).max() > 0.05


def test_a_healthy_detector_reports_beats_one_interval_apart_on_the_straps_grid() -> None:
    times_s, rr_s = joined(ten_minutes(), Signal.RR)
    assert np.array_equal(np.diff(times_s), rr_s[1:])
    assert np.array_equal(rr_s * 1024, np.rint(rr_s * 1024))


def test_artefacts_are_missed_and_false_beats_that_keep_the_sum_of_time() -> None:
    times_s, rr_s = joined(ten_minutes(artefact_share=0.05), Signal.RR)
    clean = joined(ten_minutes(), Signal.RR)[1]
    assert rr_s.max() > 1.5 * clean.max()
    assert rr_s.min() < 0.7 * clean.min()
    assert np.allclose(np.cumsum(rr_s), times_s)


@pytest.mark.slow
@given(st.lists(st.floats(0.05, 20.0), min_size=1, max_size=30))
def test_the_steps_in_which_time_advances_change_nothing(steps_s: list[float]) -> None:
    body, whole = (SimulatedBody(BodySettings(artefact_share=0.1), "body") for _ in range(2))
    now_s, parts = 0.0, []
    for step_s in steps_s:
        now_s += step_s
        parts += body.step(now_s)
    at_once = whole.step(now_s)
    for signal in {chunk.signal for chunk in at_once}:
        for part, all_of_it in zip(joined(parts, signal), joined(at_once, signal), strict=True):
            assert np.array_equal(part, all_of_it)


def test_another_seed_is_another_body() -> None:
    one, two = (joined(ten_minutes(seed=seed), Signal.RR)[1] for seed in (1, 2))
    assert not np.array_equal(one[:50], two[:50])


def test_a_given_arousal_overrides_the_profile() -> None:
    body = SimulatedBody(BodySettings(profile=CALM), "body")
    before = joined(body.step(120.0), Signal.RR)[1]
    after = joined(body.step(240.0, arousal=0.9), Signal.RR)[1]
    assert after[-30:].mean() < 0.85 * before.mean()


@pytest.mark.parametrize(
    ("time_s", "arousal"), [(-5.0, 0.2), (0.0, 0.2), (5.0, 0.5), (10.0, 0.8), (99.0, 0.8)]
)
def test_a_course_is_linear_between_its_points(time_s: float, arousal: float) -> None:
    assert arousal_at(((0.0, 0.2), (10.0, 0.8)), time_s) == pytest.approx(arousal)


def test_dropouts_are_statuses_and_gaps_without_samples_inside() -> None:
    taken = samples(SimulatedSettings(duration_s=600, dropouts_per_hour=120, dropout_s=5))
    lost = [s for s in taken if isinstance(s, SensorStatus) and s.state == "lost"]
    gaps = [s for s in taken if isinstance(s, Gap) and s.signal is Signal.EDA]
    times_s, _ = joined([s for s in taken if isinstance(s, Chunk)], Signal.EDA)
    assert len(lost) >= len(gaps) > 3
    for gap in gaps:
        assert gap.reason == "link"
        assert not ((times_s >= gap.start_s) & (times_s < gap.end_s)).any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"heart_rate_bpm": 0.0},
        {"heart_rate_bpm": float("nan")},
        {"artefact_share": 1.5},
        {"profile": "angry"},
        {"duration_s": -1.0},
        {"dropouts_per_hour": -1.0},
        {"dropout_s": 0.0},
    ],
)
def test_impossible_settings_are_refused_with_a_hint(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as error:
        SimulatedSettings(**wrong)
    assert error.value.hint
