"""Associations in a session: found where they are, and seldom where there are none."""

from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from replayed_session import simulated

from biofeedback.report.response import associations, response
from biofeedback.report.session_data import DecisionSeries, SessionData, StateSeries, read_story
from sensors.signals import FloatArray

MINUTES = 50


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> SessionData:
    session = simulated(tmp_path_factory.mktemp("out"), 20.0)
    return read_story(session, lambda share: None)


def story(base: SessionData, arousal: FloatArray, tempo_bpm: FloatArray) -> SessionData:
    """Return a session in which these were so, twice a second."""
    times_s = np.arange(len(arousal)) / 2.0
    sure = np.ones(len(arousal), dtype=bool)
    flat = np.full(len(arousal), 1.0)
    return replace(
        base,
        duration_s=float(times_s[-1]),
        states=StateSeries(times_s, arousal, arousal, arousal, flat, sure, sure),
        decisions=DecisionSeries(
            times_s, arousal, tempo_bpm, flat, ("D ionian",) * len(flat), ("",) * len(flat)
        ),
    )


def smooth(values: FloatArray, span: int) -> FloatArray:
    """Return the mean of the last `span` values at each place."""
    padded = np.concatenate((np.full(span - 1, values[0]), values))
    return np.convolve(padded, np.full(span, 1.0 / span), mode="valid")


def drifting(rng: np.random.Generator, pull: FloatArray | float = 0.0) -> FloatArray:
    """Arousal that wanders around 0.4 and comes back in minutes; `pull` is added each step."""
    count = MINUTES * 120
    steps = rng.normal(0.0, 0.006, count) + pull
    arousal = np.empty(count)
    now = 0.4
    for place, step in enumerate(steps):
        now += step - (now - 0.4) / 240
        arousal[place] = now
    return arousal


def test_a_strong_effect_of_tempo_is_seen_with_its_sign(base: SessionData) -> None:
    rng = np.random.default_rng(3)
    tempo_bpm = 70.0 + 15.0 * np.repeat(rng.choice([-1.0, 1.0], MINUTES), 120)
    arousal = drifting(rng, pull=(tempo_bpm - 70.0) * 5e-5)
    found = {item.quality: item for item in associations(story(base, arousal, tempo_bpm))}
    tempo = found["tempo"]
    assert tempo.clear
    assert tempo.low < 0.06 < tempo.high  # 10 bpm for 120 steps
    assert found["density"].why_not == "it hardly changed"


@pytest.mark.slow
def test_music_that_merely_follows_arousal_is_seldom_called_a_response(base: SessionData) -> None:
    claims = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        arousal = drifting(rng)
        tempo_bpm = 60.0 + 60.0 * smooth(arousal, 40) + rng.normal(0.0, 1.0, len(arousal))
        claims += associations(story(base, arousal, tempo_bpm))[0].clear
    assert claims <= 10


def test_a_short_session_says_what_is_missing(base: SessionData) -> None:
    assert all("are needed" in item.why_not for item in associations(base))
    page = unescape("".join(response(base)))
    assert page.count("Can't tell") == 4
    assert "What can't be concluded" in page


def test_a_recorded_person_has_no_response(base: SessionData, tmp_path: Path) -> None:
    header = type(base.header)(**{
        name: getattr(base.header, name) for name in base.header.__struct_fields__
    } | {"sensors": ["file:x"]})  # fmt: skip
    assert "never heard this music" in "".join(response(replace(base, header=header)))
