"""People who hear nothing are not told that the music stirs them up, whatever their skin does."""

import importlib
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from biofeedback.config.loader import load
from biofeedback.control.base import Decision
from biofeedback.control.build import build
from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import Estimator, EstimatorSettings
from biofeedback.storage.paths import configs_folder
from sensors.files import read
from synth.styles.load import load as load_style

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sensed = importlib.import_module("nulls.sensed")
planted = importlib.import_module("nulls.planted")
MINUTES = 15


def drifting(seed: int) -> list[tuple[Reading, ...]]:
    """Return the readings of somebody at rest, twice a second, whose skin moistens.

    Heart rate and variability wander about their rest within a minute or two; the level of the
    skin rises by 4 to 12 % a minute, as it does under a wristband.
    """
    rng = np.random.default_rng(seed)
    ticks = 2 * 60 * MINUTES

    def wander(sd: float, lag_s: float) -> np.ndarray:
        keep = np.exp(-0.5 / lag_s)
        steps, value, course = rng.standard_normal(ticks), 0.0, []
        for step in steps:
            value = keep * value + np.sqrt(1.0 - keep**2) * step
            course.append(sd * value)
        return np.array(course)

    rate, steps = 70.0 + wander(2.5, 40.0), np.log(30.0) + wander(0.15, 30.0)
    minutes = np.arange(ticks) / 120.0
    level = np.log(2.0) + rng.uniform(0.04, 0.12) * minutes + wander(0.02, 60.0)
    found = []
    for k in range(ticks):
        known = [
            ("heart_rate", rate[k], "bpm", 0.9),
            ("ln_rmssd", steps[k], "", 0.5),
            ("scl", np.exp(level[k]), "uS", 0.9),
            ("scr_rate", 2.0, "1/min", 0.9),
        ]
        found.append(
            tuple(Reading(n, float(v), unit, 30.0, k / 2, q, 1.0) for n, v, unit, q in known)
        )
    return found


def played(readings: list[tuple[Reading, ...]]) -> list[Decision]:
    """Let the default programme lead somebody whose rest is learnt first."""
    config, estimator = load(), Estimator(EstimatorSettings(), None)
    home = load_style(config.music.style, configs_folder() / "styles").settings.home
    steering = build(config.control, config.music.palette, home)
    decisions = []
    for k, known in enumerate(readings):
        state = estimator.step(known, k / 2)
        decisions.append(steering.step(state, 0.5, readings=known))
    return decisions


def calls(decisions: list[Decision]) -> list[str]:
    causes = ["", *(d.cause for d in decisions)]
    pairs = pairwise(causes)
    return [now for before, now in pairs if now.startswith("stop:") and now != before]


@pytest.mark.slow
def test_whose_skin_moistens_is_not_told_that_the_music_stirs_them_up() -> None:
    played_to = [played(drifting(seed)) for seed in range(10)]
    assert sum(bool(calls(decisions)) for decisions in played_to) <= 1
    stopped = [d.cause.startswith("stop:") for decisions in played_to for d in decisions]
    assert sum(stopped) <= 0.05 * len(stopped)


@pytest.mark.recordings
def test_a_person_who_hears_nothing_is_not_called_paradoxical(recordings: Path) -> None:
    config = load()
    person = read(recordings / "stress_predict" / "S07")  # whom the skin's level had called so
    course = sensed.sensed(person, config, until_s=900.0)
    style = load_style(config.music.style, configs_folder() / "styles")
    heard = sensed.Heard(config, style, course)
    derived = [item for index in range(len(course)) for item in heard.tick(index)]
    decisions = [item for item in derived if isinstance(item, Decision)]
    assert len(decisions) >= 1800
    assert min(d.numbers["level"] for d in decisions) < 0.2  # the music did calm
    assert calls(decisions) == []


def test_a_planted_response_arrives_late_and_as_large_as_it_was_said_to_be() -> None:
    answering = planted.Answering(planted.Response(size_sd=-1.0, delay_s=10.0))
    answering.hear(0.5)
    moved = []
    for _ in range(240):
        answering.hear(0.5 - planted.STEP)
        moved.append((answering.heart_sd, answering.skin_sd))
    hearts = [heart for heart, _ in moved]
    assert max(map(abs, hearts[:18])) == 0.0
    assert hearts[-1] == pytest.approx(1.0, abs=0.01)  # it opposes: less music, more heart
    assert 0.0 < moved[-1][1] < 0.5 * max(skin for _, skin in moved)  # the skin tells change


@pytest.mark.recordings
def test_a_body_into_which_an_answer_was_planted_shows_it(recordings: Path) -> None:
    config = load()
    course = sensed.sensed(read(recordings / "stress_predict" / "S07"), config, until_s=400.0)
    style = load_style(config.music.style, configs_folder() / "styles")
    means = []
    for size_sd in (-2.0, 0.0, 2.0):
        heard = sensed.Heard(config, style, course, planted.Response(size_sd))
        derived = [item for index in range(len(course)) for item in heard.tick(index)]
        led = [d for d in derived if isinstance(d, Decision) and d.time_s >= 300.0]
        means.append(np.mean([d.numbers["arousal"] for d in led]))
    assert means[0] > means[1] > means[2]  # the music calmed: it stirred up, or was followed
