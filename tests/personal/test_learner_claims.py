"""What the learner believes and chooses, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from past_sessions import past

from biofeedback.personal.learner import choose, compare, levels, weights
from biofeedback.personal.options import MusicOption, Preferences, candidates
from biofeedback.personal.prior import COLD, ColdStart, columns, design, rows
from biofeedback.personal.regression import Belief
from biofeedback.personal.session_summary import (
    body_reward,
    hour_of,
    lasting_reward,
    said_reward,
)

# -- wishes


def test_a_preference_that_leaves_nothing_is_refused_by_name() -> None:
    for name in ("modes", "densities", "strategies", "pacings", "goals"):
        with pytest.raises(ValueError, match=f"^{name} leaves nothing to choose$"):
            Preferences(**{name: ()})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no style is left"):
        Preferences(liked=("piano",), avoided=("piano",))
    for name in ("loudest", "exploration"):
        for value in (0.0, 1.0):
            assert getattr(Preferences(**{name: value}), name) == value  # type: ignore[arg-type]
        for value in (-0.01, 1.01):
            with pytest.raises(ValueError, match=f"^{name} is not between 0 and 1$"):
                Preferences(**{name: value})  # type: ignore[arg-type]


def test_candidates_are_all_that_is_allowed_and_only_breathing_has_a_pace() -> None:
    wanted = Preferences(
        liked=("piano", "lofi"), avoided=("lofi",), modes=("dark",), densities=("sparse", "full"),
        pacings=("0.75", "0.85"),
    )  # fmt: skip
    found = [(o.style, o.modes, o.density, o.strategy, o.pacing) for o in candidates(wanted)]
    ways = [("lead", ""), ("breathe", "0.75"), ("breathe", "0.85")]
    assert found == [("piano", "dark", d, *way) for d in ("sparse", "full") for way in ways]


# -- rewards


def test_the_hours_of_the_day() -> None:
    parts = [hour_of(hour) for hour in range(24)]
    assert parts == ["evening"] * 4 + ["morning"] * 7 + ["day"] * 7 + ["evening"] * 6


def test_a_session_is_worth_its_fall_of_arousal_and_a_little_of_its_breathing() -> None:
    breathed = past(0.2, breath_fall=3.0, lasting=0.1, rated=-0.5)
    assert body_reward(breathed) == pytest.approx(0.2 + 0.02 * 3.0)
    assert body_reward(breathed, ("breathing",)) == pytest.approx(0.2 + 0.04 * 3.0)
    assert lasting_reward(breathed) == 0.1
    assert lasting_reward(breathed, ("calm", "breathing")) == pytest.approx(0.1 + 0.04 * 3.0)
    assert said_reward(breathed) == pytest.approx(-0.05)
    plain = past(0.2)
    assert body_reward(plain, ("breathing",)) == lasting_reward(plain, ("breathing",)) == 0.2
    assert said_reward(plain) == 0.0


# -- beliefs


def test_a_factor_with_one_level_has_no_coefficient() -> None:
    options = candidates(Preferences(liked=("piano", "lofi"), modes=("dark",)))
    assert columns(options, moderated=False) == [
        "1", "start", "morning", "evening", "style=piano", "style=lofi", "strategy=lead",
        "strategy=breathe",
    ]  # fmt: skip
    assert columns(options)[4:10] == [
        "style=piano", "style=lofi", "style=piano*evening", "style=lofi*evening",
        "style=piano*start", "style=lofi*start",
    ]  # fmt: skip
    assert columns(candidates(Preferences(pacings=("0.75", "0.85"))))[-6:-4] == [
        "pacing=0.75", "pacing=0.85",
    ]  # fmt: skip


def test_a_row_has_ones_where_the_session_is_so() -> None:
    names = columns(candidates(Preferences(liked=("piano", "lofi"), strategies=("lead",),
                                           modes=("dark",))))  # fmt: skip
    option = MusicOption(style="lofi", modes="dark")
    row = dict(zip(names, design(names, option, 0.7, "evening"), strict=True))
    assert row == pytest.approx({
        "1": 1.0, "start": 0.1, "morning": 0.0, "evening": 1.0, "style=piano": 0.0,
        "style=lofi": 1.0, "style=piano*evening": 0.0, "style=lofi*evening": 1.0,
        "style=piano*start": 0.0, "style=lofi*start": 0.4,
    })  # fmt: skip
    morning = dict(zip(names, design(names, option, 0.6, "morning"), strict=True))
    assert (morning["morning"], morning["evening"], morning["style=lofi*evening"]) == (1, 0, 0)
    assert rows(names, []).shape == (0, len(names))
    assert rows(names, [past(style="lofi", modes="dark", start=0.7, hour="evening")]).tolist() == [
        pytest.approx(list(row.values()))
    ]


def test_a_cold_start_says_what_is_expected_and_how_people_differ() -> None:
    cold = ColdStart(
        level=0.1, level_spread=0.2, start=0.3, start_spread=0.4, means={"style=piano": 0.05},
        spreads={"style": 0.06}, noise=0.5, certainty=3.0,
    )  # fmt: skip
    names = ["1", "start", "morning", "evening", "style=piano", "style=lofi",
             "style=piano*evening", "style=piano*start", "modes=dark"]  # fmt: skip
    belief = cold.belief(names)
    assert belief.mean.tolist() == [0.1, 0.3, 0.0, 0.0, 0.05, 0.0, 0.0, 0.0, 0.0]
    sd = [0.2, 0.4, 0.03, 0.03, 0.06, 0.06, 0.35 * 0.06, 0.35 * 0.06, 0.04]
    assert np.diag(belief.spread) == pytest.approx([(s / 0.5) ** 2 for s in sd])
    assert np.count_nonzero(belief.spread) == len(sd)
    assert (belief.shape, belief.scale) == (3.0, 3.0 * 0.25)
    assert belief.noise == pytest.approx(0.5)


def test_draws_have_the_spread_that_is_believed() -> None:
    spread = np.array([[2.0, 0.6], [0.6, 0.5]])
    belief = Belief(np.zeros(2), spread, 50.0, 50.0 * 0.09)
    drawn = belief.draws(np.random.default_rng(1), 40_000)
    assert drawn.shape == (2, 40_000)
    assert np.cov(drawn) == pytest.approx(0.09 * spread * 50.0 / 49.0, rel=0.04)
    assert drawn.mean(axis=1) == pytest.approx([0.0, 0.0], abs=0.01)


def test_a_contrast_is_the_sum_and_its_scale() -> None:
    belief = Belief(np.array([0.5, 0.2]), np.array([[2.0, 0.6], [0.6, 0.5]]), 2.0, 8.0)
    mean, scale = belief.contrast(np.array([1.0, -1.0]))
    assert mean == pytest.approx(0.3)
    assert scale == pytest.approx(math.sqrt((2.0 - 1.2 + 0.5) * 4.0))
    none = np.zeros((0, 2))
    assert belief.after(none, np.zeros(0), np.zeros(0)) is belief


# -- the learner


def test_older_sessions_and_poor_signals_count_less() -> None:
    history = [past(quality=q) for q in (1.0, 0.5, 0.0, 0.8)]
    assert weights(history) == pytest.approx([0.97**3, 0.5 * 0.97**2, 0.05 * 0.97, 0.8])
    assert weights(history, kept=1.0) == pytest.approx([1.0, 0.5, 0.05, 0.8])


def test_levels_are_told_the_most_frequent_first() -> None:
    heard = [past(style=s) for s in ("piano", "lofi", "ambient", "lofi")]
    assert levels(heard, "style") == ["lofi", "ambient", "piano"]
    assert levels(heard, "pacing") == []


def test_a_first_choice_knows_only_what_is_expected_of_everybody() -> None:
    wanted = Preferences(liked=("piano",), modes=("dark",), exploration=0.0)
    first = choose([], wanted, "evening", 7)
    assert (first.sessions, first.options, first.hour) == (0, 2, "evening")
    assert (first.start, first.exploration) == (0.6, 0.0)
    assert first.greedy == first.option
    assert first.option.strategy == "breathe"  # 0.02 more is expected of it
    assert first.expected == first.greedy_expected == pytest.approx(0.15 + 0.02)
    assert 0.4 < first.likely_best < 0.8
    assert first.sd > COLD.body.level_spread
    history = [past(start=s, style="piano", modes="dark") for s in (0.5, 0.9, 0.8)]
    assert choose(history, wanted, "day", 7).start == 0.8
    assert choose(history, wanted, "day", 7, start=0.4).start == 0.4


def test_one_level_is_compared_with_another_and_pulled_towards_nothing() -> None:
    history = [past(style=s, number=k) for k, s in enumerate(["piano", "lofi"] * 30)]
    y = np.array([0.3, 0.1] * 30)
    found = compare(history, y, "style", "piano", "lofi", COLD.body, 1.0)
    assert (found.factor, found.level, found.other) == ("style", "piano", "lofi")
    assert (found.sessions, found.others) == (30, 30)
    assert 0.18 < found.more < 0.2
    assert found.low < found.more < found.high
    assert found.high - found.more == pytest.approx(found.more - found.low)
    reverse = compare(history, y, "style", "lofi", "piano", COLD.body, 1.0)
    assert reverse.more == pytest.approx(-found.more)
    few = compare(history[:6], y[:6], "style", "piano", "lofi", COLD.body, 1.0)
    assert few.more < found.more
    assert few.high - few.low > found.high - found.low
