"""Claims about the judge of RR intervals."""

import math
from itertools import pairwise

import numpy as np
import pytest

from biofeedback.metrics.beats import Beat, BeatCleaner


def judged(rr_ms: list[float], times_s: list[float] | None = None) -> list[Beat]:
    cleaner = BeatCleaner()
    times = times_s or (np.cumsum(rr_ms) / 1000.0).tolist()
    beats = [beat for time, rr in zip(times, rr_ms, strict=True) for beat in cleaner.feed(time, rr)]
    return beats + cleaner.cut()


def steady(count: int, seed: int = 1) -> list[float]:
    """A heart at 75 bpm that breathes 15 times a minute, with a little noise."""
    times = np.arange(count) * 0.8
    noise = np.random.default_rng(seed).normal(0.0, 8.0, count)
    return (800.0 + 40.0 * np.sin(2 * np.pi * 0.25 * times) + noise).round().tolist()


def rmssd_ms(beats: list[Beat]) -> float:
    normal = [beat for beat in beats if beat.is_nn]
    steps = [b.rr_ms - a.rr_ms for a, b in pairwise(normal) if b.joined]
    return math.sqrt(sum(step * step for step in steps) / len(steps))


def test_every_beat_of_a_breathing_heart_is_normal() -> None:
    assert {beat.verdict for beat in judged(steady(300))} == {"normal"}


def test_a_verdict_comes_one_beat_late() -> None:
    cleaner = BeatCleaner()
    assert cleaner.feed(0.8, 800.0) == []
    assert cleaner.feed(1.6, 810.0) == [Beat(0.8, 800.0, "normal")]


def test_a_missed_beat_is_split_for_timing_and_is_no_nn_interval() -> None:
    rr = steady(60)
    beats = judged([*rr[:40], rr[40] + rr[41], *rr[42:]])
    missed = [beat for beat in beats if beat.verdict == "missed"]
    assert [beat.rr_ms for beat in missed] == [(rr[40] + rr[41]) / 2] * 2
    assert missed[1].time_s - missed[0].time_s == pytest.approx(missed[0].rr_ms / 1000.0)
    assert len(beats) == 60


def test_a_missed_beat_hardly_changes_rmssd() -> None:
    rr = steady(75)
    spoilt = [*rr[:40], rr[40] + rr[41], *rr[42:]]
    raw = math.sqrt(float(np.mean(np.diff(spoilt) ** 2)))
    assert raw > 3 * rmssd_ms(judged(rr))
    assert rmssd_ms(judged(spoilt)) == pytest.approx(rmssd_ms(judged(rr)), rel=0.02)


def test_an_extra_detection_is_merged_into_the_interval_it_cut() -> None:
    rr = steady(60)
    spoilt = [*rr[:40], rr[40] * 0.35, rr[40] * 0.65, *rr[41:]]
    beats = judged(spoilt)
    assert [beat.verdict for beat in beats if not beat.is_nn] == ["extra"]
    assert [beat.rr_ms for beat in beats if beat.is_nn] == pytest.approx(rr)
    assert rmssd_ms(beats) == pytest.approx(rmssd_ms(judged(rr)))


def test_an_ectopic_beat_with_its_pause_is_no_nn_and_is_not_subtracted() -> None:
    rr = steady(60)
    beats = judged([*rr[:40], rr[40] - 300.0, rr[41] + 300.0, *rr[42:]])
    assert [beat.verdict for beat in beats[40:42]] == ["ectopic", "ectopic"]
    assert [beat.joined for beat in beats[40:44]] == [False, False, False, True]


def test_a_gap_is_never_bridged() -> None:
    rr = steady(60)
    times = np.cumsum(rr) / 1000.0
    times[30:] += 20.0
    beats = judged(rr, times.tolist())
    assert [beat.joined for beat in beats[29:32]] == [True, False, True]
    assert all(beat.is_nn for beat in beats)


@pytest.mark.parametrize(
    ("before_ms", "after_ms"), [(1000.0, 500.0), (500.0, 1000.0), (900.0, 660.0)]
)
def test_a_new_rhythm_is_accepted_within_six_beats(before_ms: float, after_ms: float) -> None:
    beats = judged([before_ms] * 30 + [after_ms] * 30)
    assert [beat.verdict for beat in beats[:29]] == ["normal"] * 29
    assert [(beat.verdict, beat.rr_ms) for beat in beats[-24:]] == [("normal", after_ms)] * 24


@pytest.mark.parametrize("rr_ms", [math.nan, math.inf, 0.0, -800.0])
def test_what_is_no_interval_is_dropped(rr_ms: float) -> None:
    rr = steady(20)
    cleaner = BeatCleaner()
    times = (np.cumsum(rr) / 1000.0).tolist()
    beats = []
    for time_s, value in zip(times, rr, strict=True):
        beats += cleaner.feed(time_s, value)
        beats += cleaner.feed(time_s, rr_ms)
    assert [beat.rr_ms for beat in beats + cleaner.cut()] == rr


@pytest.mark.parametrize("rr_ms", [200.0, 2900.0])
def test_what_no_heart_does_is_implausible(rr_ms: float) -> None:
    rr = [800.0 if rr_ms < 300.0 else 1130.0] * 20
    assert judged([*rr, rr_ms, *rr])[20].verdict == "implausible"


@pytest.mark.parametrize("share", [0.01, 0.05, 0.10])
def test_rmssd_survives_artefacts(share: float) -> None:
    clean = steady(2000)
    rng = np.random.default_rng(7)
    spoilt: list[float] = []
    index = 0
    while index < len(clean) - 1:
        kind = rng.random() / share
        if kind < 1 / 3:
            spoilt.append(clean[index] + clean[index + 1])
            index += 2
        elif kind < 2 / 3:
            cut = clean[index] * rng.uniform(0.2, 0.8)
            spoilt += [cut, clean[index] - cut]
            index += 1
        else:
            spoilt.append(clean[index])
            index += 1
    limit = {0.01: 0.02, 0.05: 0.05, 0.10: 0.12}[share]
    assert rmssd_ms(judged(spoilt)) == pytest.approx(rmssd_ms(judged(clean)), rel=limit)


def test_a_heart_that_slows_down_at_once_is_believed_when_the_next_beat_confirms_it() -> None:
    cleaner, time_s, beats = BeatCleaner(), 0.0, []
    for rr_ms in [664.0, 660.0, 668.0, 656.0, 664.0] * 4 + [900.0, 880.0, 850.0, 800.0, 760.0]:
        time_s += rr_ms / 1000.0
        beats += cleaner.feed(time_s, rr_ms)
    assert all(beat.is_nn for beat in beats)
