"""That slower is calmer is tested by steps that chance draws, and believed of nobody before."""

import math

import numpy as np
import pytest

from biofeedback.control.base import Decision
from biofeedback.control.build import ControlSettings, build
from biofeedback.control.curves import Palette
from biofeedback.control.direction import (
    STEP,
    DirectionEvidence,
    DirectionSettings,
    DirectionTest,
)
from biofeedback.state.estimator import State
from synth.params import MusicParams

HOME = MusicParams(tempo_bpm=64.0, density=1.5)
REST_LOGIT = math.log(0.3 / 0.7)


def evidence(differences: np.ndarray) -> DirectionEvidence:
    found = DirectionEvidence()
    for difference in differences:
        found = found.with_pair(float(difference))
    return found


def heard(minutes: float, size_sd: float, seed: int, **control: object) -> list[Decision]:
    """Play to a body that wanders, and that a step of the music moves by `size_sd`."""
    settings = ControlSettings(**control)  # type: ignore[arg-type]
    one, rng = build(settings, Palette(), HOME, seed=seed), np.random.default_rng(seed)
    wander, moved, decisions = 0.0, 0.0, list[Decision]()
    for k in range(int(120 * minutes)):
        wander = 0.995 * wander + 0.05 * rng.standard_normal()  # by 0.5, within 100 s
        if len(decisions) > 60:
            fell = decisions[60].numbers["level"] - decisions[-1].numbers["level"]
            moved += (-size_sd * fell / STEP - moved) / 30.0
        arousal = 1.0 / (1.0 + math.exp(-(REST_LOGIT - REST_LOGIT * (1.0 + wander + moved))))
        state = State(k / 2, arousal, 0.0, 1.0, 0.9, "tracking", {})
        decisions.append(one.step(state, 0.5, phrase_start=k % 50 == 0))
    return decisions


def test_without_evidence_nothing_is_said() -> None:
    assert DirectionEvidence().verdict == "unsure"
    assert DirectionEvidence().interval == (-math.inf, math.inf)
    assert evidence(np.array([1.0, 1.0, 1.0])).verdict == "unsure"  # three coins may fall alike


def test_differences_that_point_one_way_are_found_and_their_sign_is_the_direction() -> None:
    steady = np.full(20, 1.0)
    assert evidence(steady).verdict == "follows"
    assert evidence(-steady).verdict == "opposes"
    low, high = evidence(steady).interval
    assert 0.0 < low < 1.0 < high < 2.0


def test_whenever_one_looks_a_body_that_does_not_care_is_called_seldom() -> None:
    rng, called = np.random.default_rng(5), 0
    for _ in range(400):
        found = DirectionEvidence()
        heavy = rng.standard_t(2, 40)  # a body with jumps; only its sign is left to chance
        for difference in heavy * rng.choice([-1.0, 1.0], 40):
            found = found.with_pair(float(difference))
            if found.verdict != "unsure":
                called += 1
                break
    assert called <= 0.1 * 400


def test_the_interval_holds_the_planted_effect_and_narrows() -> None:
    rng = np.random.default_rng(6)
    held, widths = 0, []
    for _ in range(100):
        few = rng.normal(0.7, 1.0, 12)
        low, high = evidence(few).interval
        held += low <= 0.7 <= high
        more = evidence(np.concatenate([few, rng.normal(0.7, 1.0, 60)])).interval
        widths.append(more[1] - more[0] < high - low)
    assert held >= 90
    assert all(widths)


def test_sessions_add_up() -> None:
    half = evidence(np.full(6, 0.9))
    assert half.verdict == "unsure"
    assert DirectionEvidence.of(half.found) == half
    both = half
    for _ in range(6):
        both = both.with_pair(0.9)
    assert both.verdict == "follows"


def test_a_coin_decides_and_the_same_seed_draws_the_same() -> None:
    def steps(seed: int) -> list[bool]:
        test, lowered = DirectionTest(seed, DirectionEvidence(), 0.25), []
        for k in range(2400):
            test.step(0.0, k / 2, phrase_start=k % 40 == 0)
            lowered.append(test.lowered)
        return lowered

    assert steps(1) == steps(1) != steps(2)
    assert 0.4 < np.mean(steps(1)) < 0.6  # each pair has one of each, whichever comes first


def test_a_drift_is_neither_direction() -> None:
    test = DirectionTest(3, DirectionEvidence(), 0.25)
    for k in range(14400):
        test.step(k / 600, k / 2, phrase_start=k % 40 == 0)
    assert test.evidence.pairs >= 50
    assert test.evidence.verdict == "unsure"


def test_a_pair_in_which_the_body_was_lost_does_not_count() -> None:
    test = DirectionTest(3, DirectionEvidence(), 0.25)
    for k in range(1200):
        test.step(None if k % 240 > 150 else 1.0, k / 2, phrase_start=True)
    assert test.evidence.pairs == 0


@pytest.mark.parametrize("size_sd", [0.0, 2.5, -2.5])
def test_while_unsure_the_music_never_rises_above_its_start_nor_falls_below_a_step(
    size_sd: float,
) -> None:
    decisions = heard(6.0, size_sd, seed=1)
    first = next(k for k, d in enumerate(decisions) if "direction_lowered" in d.numbers)
    met = decisions[first - 1].numbers["wanted_level"]
    unsure = decisions[first:]
    assert {DirectionEvidence.of(d.numbers).verdict for d in unsure} == {"unsure"}
    wanted = [d.numbers["wanted_level"] for d in unsure]
    assert max(wanted) <= met + 0.03
    assert min(wanted) >= min(met, 0.25 + STEP / 2.0) - STEP - 0.03
    assert {d.numbers["direction_lowered"] for d in unsure} == {0.0, 1.0}


@pytest.mark.slow
def test_the_music_leads_whoever_follows_and_goes_back_for_whoever_opposes() -> None:
    following, opposing = (heard(60.0, size_sd, seed=2) for size_sd in (2.0, -1.0))
    assert DirectionEvidence.of(following[-1].numbers).verdict == "follows"
    assert DirectionEvidence.of(opposing[-1].numbers).verdict == "opposes"
    met = opposing[38].numbers["wanted_level"]
    assert opposing[-1].numbers["wanted_level"] == pytest.approx(met, abs=0.05)
    assert following[-1].numbers["wanted_level"] < 0.25
    assert "goes back to where it began" in opposing[-1].why


def test_what_earlier_sessions_have_shown_holds_from_the_beginning() -> None:
    known = evidence(np.full(20, 1.0))
    direction = DirectionSettings(
        known_pairs=known.pairs, known_sum=known.total, known_squares=known.squares
    )
    decisions = heard(4.0, 0.0, seed=1, direction=direction)
    assert min(d.numbers["wanted_level"] for d in decisions) < 0.1
    assert {d.numbers.get("direction_lowered", 0.0) for d in decisions} == {0.0}


def test_it_is_told_beforehand_and_can_be_switched_off() -> None:
    assert "drawn by chance" in heard(0.2, 0.0, seed=1)[-1].why
    believed = heard(2.0, 0.0, seed=1, direction=DirectionSettings(test=False))
    assert not any("direction_pairs" in d.numbers for d in believed)
    assert not any("chance" in d.why for d in believed)
