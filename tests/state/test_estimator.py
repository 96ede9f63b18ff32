"""Claims about fused arousal."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.state import baseline
from biofeedback.state.baseline import Baseline, RestingValue
from biofeedback.state.estimator import Estimator, EstimatorSettings, State
from sensors.files import read
from sensors.signals import Chunk, Signal

CALM = {"heart_rate": 62.0, "ln_rmssd": 3.7, "scl": 2.0, "scr_rate": 2.0}
STIRRED = {"heart_rate": 80.0, "ln_rmssd": 3.0, "scl": 3.0, "scr_rate": 9.0}
HEART, SKIN = ("heart_rate", "ln_rmssd"), ("scl", "scr_rate")
KNOWN = Baseline(
    {
        "heart_rate": RestingValue(62.0, 4.0, 360),
        "ln_rmssd": RestingValue(3.7, 0.2, 360),
        "scl": RestingValue(0.693, 0.1, 360),
        "scr_rate": RestingValue(1.0986, 0.4, 360),
    },
    180.0,
    weak=False,
)


def readings(
    values: dict[str, float | None], now_s: float, quality: float = 1.0
) -> tuple[Reading, ...]:
    return tuple(
        Reading(name, value, "", 30.0, now_s, 0.0 if value is None else quality, quality)
        for name, value in values.items()
    )


def tracked(
    course: Callable[[float], dict[str, float | None]],
    seconds: float,
    stored: Baseline | None = KNOWN,
    quality: float = 1.0,
) -> list[State]:
    estimator = Estimator(EstimatorSettings(), stored)
    return [
        estimator.step(readings(course(tick / 2), tick / 2, quality), tick / 2)
        for tick in range(int(2 * seconds) + 1)
    ]


def test_a_calm_person_sits_at_three_tenths() -> None:
    assert tracked(lambda _: CALM, 60.0)[-1].arousal == pytest.approx(0.3, abs=0.01)


def test_one_pooled_standard_deviation_above_rest_is_one_half() -> None:
    stored = Baseline({"heart_rate": RestingValue(60.0, 5.0, 360)}, 180.0, weak=False)
    state = tracked(lambda _: {"heart_rate": 65.0}, 120.0, stored)[-1]
    assert state.contributions == {"heart_rate": pytest.approx(1.0)}
    assert state.arousal == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("names", [HEART, SKIN, HEART + SKIN])
def test_heart_alone_skin_alone_and_both_raise_arousal(names: tuple[str, ...]) -> None:
    def course(now_s: float) -> dict[str, float | None]:
        level = STIRRED if now_s > 60.0 else CALM
        return {name: level[name] for name in names}

    states = tracked(course, 120.0)
    assert states[-1].arousal > 0.7
    assert states[119].arousal < 0.35
    assert set(states[-1].contributions) == set(names)


def test_fewer_and_poorer_readings_widen_the_interval() -> None:
    def width(state: State) -> float:
        return state.high - state.low

    both = tracked(lambda _: CALM, 60.0)[-1]
    heart = tracked(lambda _: {name: CALM[name] for name in HEART}, 60.0)[-1]
    poor = tracked(lambda _: CALM, 60.0, quality=0.2)[-1]
    assert width(both) < width(heart) < width(poor)
    assert both.confidence > heart.confidence > poor.confidence


def test_without_data_the_interval_widens_and_confidence_falls_to_zero() -> None:
    states = tracked(lambda now_s: CALM if now_s < 60.0 else dict.fromkeys(CALM), 150.0)
    silent = states[121:]
    assert states[119].confidence > 0.8
    assert all(b.confidence <= a.confidence for a, b in pairwise(silent))
    assert all(b.high - b.low >= a.high - a.low for a, b in pairwise(silent))
    assert silent[-1].confidence == 0.0
    assert silent[-1].arousal == pytest.approx(states[119].arousal)
    assert silent[-1].contributions == {}


def test_the_interval_contains_the_estimate_and_stays_within_bounds() -> None:
    wild = {"heart_rate": 199.0, "ln_rmssd": -3.0, "scl": 60.0, "scr_rate": 60.0}
    flat = {"heart_rate": 30.0, "ln_rmssd": 8.0, "scl": 0.0, "scr_rate": 0.0}
    for state in tracked(lambda now_s: wild if now_s % 40 < 20 else flat, 200.0):
        assert 0.0 < state.low <= state.arousal <= state.high < 1.0
        assert 0.0 <= state.confidence <= 1.0


def test_a_rest_phase_learns_the_person_and_then_tracks() -> None:
    states = tracked(lambda _: CALM, 200.0, stored=None)
    assert [state.phase for state in states[:360]] == ["rest"] * 360
    assert states[-1].phase == "tracking"
    assert states[-1].arousal == pytest.approx(0.3, abs=0.01)
    assert states[-1].high - states[-1].low < 0.6 * (states[300].high - states[300].low)
    assert states[300].confidence < states[-1].confidence


def test_a_rest_without_data_is_repeated() -> None:
    def course(now_s: float) -> dict[str, float | None]:
        return CALM if now_s < 2.0 or now_s > 300.0 else dict.fromkeys(CALM)

    states = tracked(course, 500.0, stored=None)
    assert states[400].phase == "rest"
    assert states[-1].phase == "tracking"


def test_a_learnt_baseline_can_be_stored_and_saves_the_rest() -> None:
    estimator = Estimator(EstimatorSettings(rest=baseline.BaselineSettings(rest_s=60.0)), None)
    assert estimator.baseline is None
    for tick in range(130):
        estimator.step(readings(CALM, tick / 2), tick / 2)
    stored = estimator.baseline
    assert stored is not None
    assert stored.weak
    again = Estimator(EstimatorSettings(), stored).step(readings(CALM, 0.0), 0.0)
    assert again.phase == "tracking"


def test_steps_of_any_length_settle_alike() -> None:
    def settled(step_s: float) -> float:
        estimator = Estimator(EstimatorSettings(), KNOWN)
        for tick in range(int(20.0 / step_s)):
            estimator.step(readings(CALM, tick * step_s), tick * step_s)
        start_s = 20.0
        for tick in range(int(8.0 / step_s)):
            now_s = start_s + tick * step_s
            state = estimator.step(readings(STIRRED, now_s), now_s)
        return state.arousal

    assert settled(0.25) == pytest.approx(settled(1.0), abs=0.03)


def test_equal_readings_give_equal_states() -> None:
    def course(now_s: float) -> dict[str, float | None]:
        return STIRRED if now_s % 60 > 30 else CALM

    assert tracked(course, 100.0) == tracked(course, 100.0)


def test_a_sensor_that_starts_after_the_rest_learns_where_its_rest_must_be() -> None:
    """A dry wrist's 0.2 uS would pass for deep calm among people in general."""
    dry = {"scl": 0.2, "scr_rate": 0.0}
    heart = Baseline({name: KNOWN.resting[name] for name in HEART}, 180.0, weak=False)

    def course(now_s: float) -> dict[str, float | None]:
        values: dict[str, float | None] = {name: CALM[name] for name in HEART}
        if now_s > 60.0:
            values |= dry
        if now_s > 240.0:
            values |= {"scl": 0.3}
        return values

    states = tracked(course, 300.0, heart)
    assert states[124].contributions["scl"] < -1.0
    assert states[470].contributions["scl"] == pytest.approx(0.0, abs=0.3)
    assert states[470].arousal == pytest.approx(0.3, abs=0.03)
    assert states[-1].contributions["scl"] > 1.5
    assert states[-1].arousal > states[470].arousal


@pytest.mark.recordings
def test_arousal_moves_over_a_real_session(recordings: Path) -> None:
    recording = read(recordings / "stress_predict" / "S05")
    metrics, estimator = MetricBank(MetricSettings()), Estimator(EstimatorSettings(), None)
    series = [c for c in recording.series if c.signal in (Signal.RR, Signal.EDA, Signal.HR)]
    arousal = []
    for second in range(1, int(recording.duration_s), 5):
        for chunk in series:
            inside = (chunk.times_s > second - 5) & (chunk.times_s <= second)
            times, values = chunk.times_s[inside], chunk.values[inside]
            metrics.feed(Chunk(chunk.signal, "E4", times, values, chunk.rate_hz))
        state = estimator.step(metrics.read(float(second)), float(second))
        arousal.append(state.arousal)
        assert state.low <= state.arousal <= state.high
    assert min(arousal[60:]) < 0.1
    assert max(arousal[60:]) > 0.65


@pytest.mark.parametrize(("quality", "follows"), [(1.0, True), (0.5, True), (0.1, False)])
def test_readings_without_skin_contact_never_make_the_estimate_confident(
    quality: float, follows: bool
) -> None:
    confidence = tracked(lambda _: CALM, 300.0, quality=quality)[-1].confidence
    assert (confidence > 0.35) == follows
    assert follows or confidence < 0.25
