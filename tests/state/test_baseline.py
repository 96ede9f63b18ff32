"""Claims about what is learnt at rest."""

import math
from collections.abc import Callable, Iterator

import msgspec
import pytest

from biofeedback.metrics.base import Reading
from biofeedback.state.baseline import (
    POPULATION,
    Baseline,
    BaselineLearner,
    BaselineSettings,
    RestingValue,
    feature,
)


def reading(name: str, value: float | None, time_s: float = 0.0) -> Reading:
    return Reading(name, value, "", 10.0, time_s, 0.0 if value is None else 1.0, 1.0)


def ticks(seconds: float) -> Iterator[float]:
    return (tick / 2 for tick in range(int(2 * seconds) + 1))


def learnt(seconds: float, *names: str, rest_s: float = 180.0) -> Baseline | None:
    learner = BaselineLearner(BaselineSettings(rest_s=rest_s))
    values = {"heart_rate": 60.0, "ln_rmssd": 3.5, "scl": 2.0, "scr_rate": 3.0}
    for now_s in ticks(seconds):
        swing = math.sin(now_s)
        learner.feed([reading(name, values[name] + 0.1 * swing) for name in names], now_s)
    return learner.result()


def test_the_resting_value_is_a_robust_median() -> None:
    learner = BaselineLearner(BaselineSettings())
    for now_s in ticks(180):
        bpm = 140.0 if now_s < 30.0 else 60.0
        learner.feed([reading("heart_rate", bpm)], now_s)
    result = learner.result()
    assert learner.complete
    assert result is not None
    assert result.resting["heart_rate"].median == 60.0


@pytest.mark.parametrize(
    "names", [("heart_rate", "ln_rmssd"), ("scl", "scr_rate"), tuple(POPULATION)]
)
def test_heart_alone_skin_alone_and_both_can_be_learnt(names: tuple[str, ...]) -> None:
    result = learnt(180.0, *names)
    assert result is not None
    assert set(result.resting) == set(names)
    assert not result.weak


def test_a_shorter_rest_is_flagged_as_weak() -> None:
    result = learnt(60.0, "heart_rate", rest_s=60.0)
    assert result is not None
    assert result.weak
    assert result.rest_s == 60.0


def test_the_rest_starts_with_the_first_value_and_then_ends() -> None:
    learner = BaselineLearner(BaselineSettings(rest_s=60.0))
    for now_s in ticks(300):
        learner.feed([reading("scl", None if now_s < 100.0 else 2.0)], now_s)
        assert learner.complete == (now_s >= 160.0)
    before = learner.result()
    learner.feed([reading("scl", 9.0)], 301.0)
    assert learner.result() == before


def test_nothing_measured_gives_no_baseline() -> None:
    assert learnt(180.0) is None
    assert learnt(5.0, "heart_rate") is None


def test_z_is_shrunk_towards_the_pooled_spread() -> None:
    pooled = POPULATION["heart_rate"].sd_within
    still = Baseline({"heart_rate": RestingValue(60.0, 0.0, 300)}, 180.0, weak=False)
    usual = Baseline({"heart_rate": RestingValue(60.0, pooled, 300)}, 180.0, weak=False)
    assert still.z("heart_rate", 60.0 + pooled) == pytest.approx(math.sqrt(2.0))
    assert usual.z("heart_rate", 60.0 + pooled) == pytest.approx(1.0)
    assert usual.z("scl", 1.0) is None


def test_skin_is_compared_by_ratio() -> None:
    assert feature(reading("scl", 1.0)) == 0.0
    assert feature(reading("scr_rate", 0.0)) == 0.0
    assert feature(reading("scr_rate", 3.0)) == pytest.approx(math.log(4.0))
    assert feature(reading("scl", 0.0)) == pytest.approx(math.log(0.01))
    assert feature(reading("sdnn", 50.0)) is None


def test_a_baseline_survives_the_way_through_json() -> None:
    result = learnt(180.0, *POPULATION)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Baseline) == result


def rested(seconds: float, bpm: Callable[[float], float], motion_g: float = 0.005) -> Baseline:
    learner = BaselineLearner(BaselineSettings(rest_s=seconds))
    for now_s in ticks(seconds):
        learner.feed([reading("heart_rate", bpm(now_s)), reading("motion", motion_g)], now_s)
    result = learner.result()
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("bpm", "motion_g", "said"),
    [
        (lambda s: 90.0 - 25.0 * s / 180.0, 0.005, "fell"),
        (lambda s: 60.0 + 25.0 * s / 180.0, 0.005, "rose"),
        (lambda s: 60.0 if s % 40.0 < 20.0 else 95.0, 0.005, "jumped"),
        (lambda s: 65.0 + 2.0 * math.sin(s), 0.2, "moved"),
    ],
    ids=["came in from the stairs", "got up", "another's strap", "walked about"],
)
def test_who_did_not_rest_has_a_weak_rest_that_says_why(
    bpm: Callable[[float], float], motion_g: float, said: str
) -> None:
    found = rested(180.0, bpm, motion_g)
    assert found.weak
    assert said in found.unrest


@pytest.mark.parametrize("bpm", [62.0, 85.0])
def test_who_rested_is_not_told_otherwise(bpm: float) -> None:
    found = rested(180.0, lambda s: bpm - 4.0 * s / 180.0 + 5.0 * math.sin(s / 1.5))
    assert not found.weak
    assert found.unrest == ""
