"""Claims about irregular rhythm: found on a strap, never taken for breathing or exercise."""

import math
from pathlib import Path

import numpy as np
import pytest

from biofeedback.group.subjects import SingleSubject, Snapshot
from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.rhythm import Rhythm
from biofeedback.state.baseline import Baseline, RestingValue
from biofeedback.state.estimator import EstimatorSettings
from sensors.files import read
from sensors.signals import Chunk, Signal

BEATS = 900
REST = Baseline({"heart_rate": RestingValue(75.0, 4.0, 360)}, 180.0, weak=False)
K = np.arange(BEATS)


def noise(sd: float, seed: int = 1) -> np.ndarray:
    return sd * np.random.default_rng(seed).standard_normal(BEATS)


def fibrillating(mean_ms: float = 700.0, share: float = 0.18, seed: int = 1) -> np.ndarray:
    """Return intervals without any order, as in atrial fibrillation."""
    return np.clip(mean_ms * (1.0 + noise(share, seed)), 320.0, 1800.0)


def breathing(bpm: float, breaths: float, swing_ms: float) -> np.ndarray:
    """Return intervals that swing with breaths of uneven length."""
    found, phase = [], 0.0
    rng = np.random.default_rng(2)
    rate = breaths
    for beat in range(BEATS):
        if beat % 6 == 0:
            rate = breaths * (1.0 + 0.2 * rng.standard_normal())
        rr_ms = 60_000.0 / bpm + swing_ms * math.sin(phase) + 25.0 * rng.standard_normal()
        phase += 2.0 * math.pi * rate / 60.0 * rr_ms / 1000.0
        found.append(rr_ms)
    return np.array(found)


def with_extra_beats(share: float) -> np.ndarray:
    early = np.random.default_rng(3).random(BEATS) < share
    rr_ms = 900.0 + noise(30.0)
    rr_ms[early] = 550.0
    rr_ms[np.r_[False, early[:-1]]] = 1250.0
    return rr_ms


REGULAR = {
    "slow and deep breathing": breathing(58.0, 6.0, 150.0),
    "breathing of a young athlete": breathing(52.0, 13.0, 180.0),
    "fast breathing": breathing(70.0, 17.0, 80.0),
    "exercise": np.interp(K, [0, 200, 600, 900], [900, 900, 340, 800]) + noise(8.0),
    "205 a minute": 293.0 + noise(2.0),
    "an extra beat now and then": with_extra_beats(0.08),
    "bigeminy": np.where(K % 2, 1080.0, 620.0) + noise(12.0),
    "bigeminy with a long pause": np.where(K % 2, 1150.0, 550.0) + noise(12.0),
    "trigeminy": np.choose(K % 3, [800.0, 520.0, 1080.0]) + noise(15.0),
}

BIGEMINY = REGULAR["bigeminy"]
#: The quality from which on the rule on heart rate believes it.
STOP_TRUSTS = 0.5


def called(rr_ms: np.ndarray) -> np.ndarray:
    """Return after each interval whether the rhythm is irregular."""
    rhythm, now_s, found = Rhythm(), 0.0, []
    for each in rr_ms:
        now_s += each / 1000.0
        rhythm.feed(now_s, float(each))
        found.append(rhythm.irregular)
    return np.array(found)


@pytest.mark.parametrize("kind", REGULAR)
def test_a_heart_with_a_pattern_is_not_called_irregular(kind: str) -> None:
    assert not called(REGULAR[kind]).any()


@pytest.mark.parametrize(("mean_ms", "share"), [(500.0, 0.13), (700.0, 0.18), (950.0, 0.24)])
def test_a_heart_without_order_is_called_irregular_within_minutes(
    mean_ms: float, share: float
) -> None:
    found = called(fibrillating(mean_ms, share))
    assert found.mean() > 0.7
    assert np.flatnonzero(found)[0] < 300


def test_a_disturbed_minute_is_nothing() -> None:
    rr_ms = 850.0 + noise(25.0)
    rr_ms[300:370] = fibrillating()[:70]
    assert not called(rr_ms).any()


def worn(
    rr_ms: np.ndarray,
    signal: Signal = Signal.RR,
    beside: Signal | None = None,
    device_bpm: float | None = None,
) -> list[Snapshot]:
    """Return what is known after every fifth beat of a body that wears one device."""
    body, now_s, found = SingleSubject(MetricSettings(), EstimatorSettings(), REST), 0.0, []
    for beat, each in enumerate(rr_ms):
        now_s += each / 1000.0
        if beside is not None:
            body.feed(Chunk(beside, "it", np.array([now_s]), np.array([[1.0]]), None))
        if device_bpm is not None:
            shown = np.array([[device_bpm + beat % 2]])
            body.feed(Chunk(Signal.HR, "it", np.array([now_s]), shown, None))
        body.feed(Chunk(signal, "it", np.array([now_s]), np.array([[each / 1000.0]]), None))
        if beat % 5 == 4:
            found.append(body.sense(now_s))
    return found


def reading(snapshot: Snapshot, name: str) -> tuple[float | None, float]:
    found = next(r for r in snapshot.readings if r.name == name)
    return found.value, found.quality


def test_an_irregular_heart_is_said_once_and_does_not_lead() -> None:
    again = np.concatenate(
        [fibrillating(seed=4)[:500], (850.0 + noise(25.0))[:500], fibrillating(seed=5)[:500]]
    )
    course = worn(again)
    noted = np.array(["irregular_rhythm" in each.state.notes for each in course])
    assert (np.diff(noted.astype(int)) == 1).sum() == 1
    assert not noted[180:].any()
    for while_irregular in (course[96], course[-1]):
        assert reading(while_irregular, "ln_rmssd")[1] == 0.0
        assert reading(while_irregular, "rmssd")[1] == 0.0
        assert reading(while_irregular, "heart_rate")[1] > 0.3
        assert while_irregular.state.confidence < 0.25
        assert "heart_rate" not in while_irregular.state.contributions
    assert reading(course[180], "ln_rmssd")[1] > 0.8
    assert course[180].state.confidence > 0.35


def test_the_rate_of_a_fast_irregular_heart_is_seen_without_a_break() -> None:
    for seed in range(4):
        rr_ms = np.maximum(260.0, 60_000.0 / 187.0 * (1.0 + noise(0.18, seed)))
        heard = [
            reading(each, "heart_rate")
            for each in worn(rr_ms[:600])
            if "heart_rate" not in each.state.contributions
        ][50:]
        assert all(quality >= STOP_TRUSTS for _, quality in heard)
        true_bpm = 60_000.0 / float(rr_ms.mean())
        assert all(value == pytest.approx(true_bpm, rel=0.1) for value, _ in heard)


def test_what_was_said_of_a_strap_ends_with_its_intervals() -> None:
    body, now_s, found = SingleSubject(MetricSettings(), EstimatorSettings(), REST), 0.0, {}
    strap, watch = fibrillating(seed=4)[:400] / 1000.0, 0.8 + noise(0.025)[:200]
    for each in strap:
        now_s += each
        body.feed(Chunk(Signal.RR, "strap", np.array([now_s]), np.array([[each]]), None))
    found["worn"] = body.sense(now_s)
    for second in range(1, 70):
        shown = np.array([[75.0 + second % 3]])
        body.feed(Chunk(Signal.HR, "watch", np.array([now_s + second]), shown, None))
        found[second] = body.sense(now_s + second)
    assert "heart_rate" not in found["worn"].state.contributions
    assert "heart_rate" not in found[50].state.contributions
    assert "heart_rate" in found[69].state.contributions
    bank = MetricBank(MetricSettings())
    for name, rr_s in (("strap", strap), ("other", watch)):
        times_s = (40.0 if name == "other" else 0.0) + now_s + np.cumsum(rr_s)
        bank.feed(Chunk(Signal.RR, name, times_s, rr_s[:, None], None))
        assert bank.irregular == (name == "strap")
        now_s = float(times_s[-1])


def test_an_even_heart_is_believed_again_however_often_the_strap_is_cut() -> None:
    rhythm, now_s = Rhythm(), 0.0
    for beat, each in enumerate([*fibrillating(seed=4)[:400], *(850.0 + noise(25.0))[:200]]):
        assert beat != 399 or rhythm.irregular
        now_s += each / 1000.0 + (3.0 if beat > 400 and beat % 50 == 0 else 0.0)
        rhythm.feed(now_s, float(each))
    assert not rhythm.irregular


@pytest.mark.parametrize("beside", [Signal.EDA, Signal.PPG])
def test_nothing_is_said_of_a_rhythm_from_a_wrist(beside: Signal) -> None:
    course = worn(fibrillating(seed=4)[:500], beside=beside)
    assert not any(each.state.notes and "irregular_rhythm" in each.state.notes for each in course)


@pytest.mark.parametrize(
    ("rr_ms", "bpm"),
    [
        (BIGEMINY, 70.6),
        (REGULAR["trigeminy"], 75.0),
        (250.0 + noise(2.0), 240.0),
        (2350.0 + noise(20.0), 25.5),
        (REGULAR["205 a minute"], 204.8),
    ],
    ids=["bigeminy", "trigeminy", "240", "25", "205"],
)
def test_a_heart_rate_reaches_whoever_watches_it(rr_ms: np.ndarray, bpm: float) -> None:
    value, quality = reading(worn(rr_ms[:100], device_bpm=round(bpm))[-1], "heart_rate")
    assert value == pytest.approx(bpm, rel=0.02)
    assert quality >= STOP_TRUSTS


@pytest.mark.parametrize("device_bpm", [None, 105.0])
def test_no_stop_rule_trusts_grouped_beats_that_the_device_does_not_show(
    device_bpm: float | None,
) -> None:
    value, quality = reading(worn(BIGEMINY[:100], device_bpm=device_bpm)[-1], "heart_rate")
    assert value == pytest.approx(70.6, rel=0.02)
    assert 0.3 < quality < STOP_TRUSTS


@pytest.mark.parametrize(
    ("bpm", "missing"),
    [(57.0, (1, 2)), (70.0, (1, 2)), (165.0, (1, 2)), (170.0, (1, 1, 2)), (120.0, (1, 3))],
)
def test_beats_missed_in_turn_are_no_groups(bpm: float, missing: tuple[int, ...]) -> None:
    """The device's own rate is made of the same beats."""
    rr_ms = np.resize(missing, 120) * (1.0 + noise(0.015)[:120]) * 60_000.0 / bpm
    shown = 60_000.0 / float(rr_ms.mean())
    for device_bpm in (None, shown):
        for each in worn(rr_ms, device_bpm=device_bpm)[4:]:
            value, quality = reading(each, "heart_rate")
            assert value == pytest.approx(bpm, rel=0.1) or quality < STOP_TRUSTS
            assert device_bpm is not None or value is None or value == pytest.approx(bpm, rel=0.1)


@pytest.mark.recordings
def test_healthy_hearts_are_left_in_peace(recordings: Path) -> None:
    files = [
        *(recordings / "polar_rr").glob("*rri*"),
        recordings / "hrv_reference" / "nsr001_rr_fs125.csv",
    ]
    for path in files:
        for chunk in read(path).series:
            if chunk.signal is Signal.RR:
                assert not called(chunk.values[:, 0] * 1000.0).any(), path.name
