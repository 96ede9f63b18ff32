"""Claims about fused arousal."""

import math
from itertools import pairwise
from pathlib import Path

import pytest
from rigs.tracked import CALM, HEART, KNOWN, SKIN, STIRRED, readings, tracked

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.state import baseline
from biofeedback.state.baseline import Baseline, RestingValue
from biofeedback.state.estimator import Estimator, EstimatorSettings, State
from sensors.files import read
from sensors.signals import Chunk, Signal


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

    states = tracked(course, 90.0)
    assert states[-1].arousal > 0.7
    assert states[119].arousal < 0.35
    assert set(states[-1].contributions) == set(names) - {"scr_rate"}


def test_both_say_more_than_either_alone() -> None:
    def peak(*names: str) -> float:
        def course(now_s: float) -> dict[str, float | None]:
            return {name: (STIRRED if now_s > 60.0 else CALM)[name] for name in names}

        return max(state.arousal for state in tracked(course, 120.0))

    assert peak(*HEART, *SKIN) > max(peak(*HEART), peak(*SKIN)) + 0.1


def test_skin_tells_a_change_and_the_heart_a_level() -> None:
    """A level of the skin alone says little after some minutes: electrodes drift."""

    def after(*names: str) -> list[State]:
        def course(now_s: float) -> dict[str, float | None]:
            return {name: (STIRRED if now_s > 60.0 else CALM)[name] for name in names}

        return tracked(course, 660.0)

    heart, skin = after(*HEART), after(*SKIN)
    assert heart[-1].arousal == pytest.approx(heart[200].arousal, abs=0.05)
    assert 0.3 < skin[-1].arousal < 0.42 < skin[200].arousal


def test_skin_that_moistens_for_an_hour_is_no_arousal() -> None:
    """By 1.5 % a minute, as under fresh electrodes, while the heart rests."""

    def course(now_s: float) -> dict[str, float | None]:
        return CALM | {"scl": 2.0 * 1.015 ** (now_s / 60.0)}

    assert max(state.arousal for state in tracked(course, 3600.0)[120:]) < 0.36


def test_a_rest_whose_skin_was_off_spoils_nothing() -> None:
    off = Baseline(KNOWN.resting | {"scl": RestingValue(-2.0, 0.01, 360)}, 180.0, weak=False)
    assert tracked(lambda _: CALM, 60.0, off) == tracked(lambda _: CALM, 60.0)


def test_electrodes_put_on_anew_are_no_change() -> None:
    def course(now_s: float) -> dict[str, float | None]:
        if 100.0 < now_s < 140.0:
            return CALM | {"scl": None}
        return CALM | {"scl": 2.0 if now_s < 120.0 else 6.0}

    assert tracked(course, 160.0)[-1].arousal == pytest.approx(0.3, abs=0.02)


def test_neither_source_can_drown_the_other() -> None:
    """A jump of the electrodes, or a heart that races, moves arousal; the other is still heard."""
    jump = tracked(lambda now_s: CALM | {"scl": 2.0 if now_s < 60.0 else 60.0}, 90.0)[-1]
    calmer = tracked(
        lambda now_s: CALM | {"scl": 2.0 if now_s < 60.0 else 60.0, "heart_rate": 55.0}, 90.0
    )[-1]
    racing = tracked(lambda _: CALM | {"heart_rate": 100.0}, 90.0)[-1]
    faster = tracked(lambda _: CALM | {"heart_rate": 130.0}, 90.0)[-1]
    assert calmer.arousal < jump.arousal - 0.05
    assert racing.arousal + 0.005 < faster.arousal < 1.0


def test_a_poor_heart_keeps_its_say_beside_a_good_skin() -> None:
    """A wrist measures skin easily and beats badly; that makes the skin no better a witness."""

    def told(quality: float) -> float:
        estimator = Estimator(EstimatorSettings(), KNOWN)
        for tick in range(120):
            now_s = tick / 2
            heart = readings({"heart_rate": 72.0}, now_s, quality)
            state = estimator.step(heart + readings({"scl": 2.0}, now_s), now_s)
        return state.arousal

    assert told(0.35) == pytest.approx(told(1.0), abs=0.02)
    assert told(0.05) < told(0.35) - 0.1


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


RACING = 62.0 + 4.0 * math.sqrt((4.0**2 + 5.0**2) / 2.0)  #: four pooled deviations above rest


def lost(bpm: float, back_s: float, *, irregular: bool = False) -> list[State]:
    """Return the states around a heart that is lost, or irregular, at 60 s beside a quiet skin."""
    estimator, states = Estimator(EstimatorSettings(), KNOWN), []
    for tick in range(int(2 * back_s) + 60):
        now_s = tick / 2
        gone = 60.0 < now_s < back_s
        values = {"heart_rate": None if gone and not irregular else bpm, "scl": 2.0}
        called = gone and irregular
        states.append(estimator.step(readings(values, now_s), now_s, irregular=called))
    return states


@pytest.mark.parametrize("irregular", [False, True], ids=["lost", "irregular"])
def test_a_heart_that_is_lost_has_not_come_to_rest(irregular: bool) -> None:
    """Four deviations count as log(4 + sqrt 17) / log(1 + sqrt 2) = 2.377: arousal 0.763."""
    states = lost(RACING, 120.0, irregular=irregular)
    assert states[119].arousal == pytest.approx(0.763, abs=0.005)
    assert min(state.arousal for state in states[119:]) > 0.73
    assert max(state.confidence for state in states[160:240]) < 0.25  # the music holds below
    assert states[239].high - states[239].low > 0.6
    assert states[-1].confidence > 0.35


def test_a_lost_heart_is_let_go_in_the_course_of_minutes() -> None:
    """Held for 30 s; five minutes later exp(-1) of 2.377 is left, 0.874: arousal 0.473."""
    states = lost(RACING, 1800.0)
    assert states[2 * 390].arousal == pytest.approx(0.473, abs=0.02)
    assert states[2 * 390].confidence < 0.25
    assert states[2 * 1790].arousal == pytest.approx(0.3, abs=0.01)
    assert states[2 * 1790].confidence > 0.2


def test_a_heart_lost_at_rest_leaves_the_skin_as_sure_as_it_is_alone() -> None:
    alone = tracked(lambda _: {"scl": 2.0}, 120.0)[-1]
    assert lost(62.0, 121.0)[240].confidence == pytest.approx(alone.confidence, abs=0.02)


def test_a_heart_that_fades_is_no_calm_either() -> None:
    """A window that runs dry loses its quality before its value."""
    estimator = Estimator(EstimatorSettings(), KNOWN)
    for tick in range(180):
        now_s = tick / 2
        heart = readings({"heart_rate": RACING}, now_s, 1.0 if now_s < 60.0 else 0.05)
        state = estimator.step(heart + readings({"scl": 2.0}, now_s), now_s)
    assert state.arousal > 0.73


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


def test_a_strap_that_starts_after_the_rest_learns_where_its_rest_must_be() -> None:
    """Ninety beats a minute would pass for arousal among people in general."""
    skin = Baseline({name: KNOWN.resting[name] for name in SKIN}, 180.0, weak=False)

    def course(now_s: float) -> dict[str, float | None]:
        values: dict[str, float | None] = {name: CALM[name] for name in SKIN}
        if now_s > 60.0:
            values |= {"heart_rate": 90.0 if now_s < 240.0 else 97.0}
        return values

    states = tracked(course, 300.0, skin)
    assert states[124].arousal == pytest.approx(0.3, abs=0.03)
    assert states[470].contributions["heart_rate"] == pytest.approx(0.0, abs=0.3)
    assert states[470].arousal == pytest.approx(0.3, abs=0.03)
    assert states[-1].contributions["heart_rate"] > 1.0
    assert states[-1].arousal > 0.45
    assert states[-1].confidence < tracked(lambda _: CALM, 300.0)[-1].confidence


def test_a_wristband_that_starts_after_the_rest_needs_none() -> None:
    heart = Baseline({name: KNOWN.resting[name] for name in HEART}, 180.0, weak=False)

    def course(now_s: float) -> dict[str, float | None]:
        values: dict[str, float | None] = {name: CALM[name] for name in HEART}
        if now_s > 60.0:
            values |= {"scl": 0.2 if now_s < 240.0 else 0.26}
        return values

    states = tracked(course, 260.0, heart)
    assert states[470].arousal == pytest.approx(0.3, abs=0.02)
    assert states[-1].arousal > 0.45


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
