"""The statistics of trials, against hand calculations, closed forms and scipy."""

import math

import numpy as np
import pytest

from biofeedback.trials.blinding import blinding
from biofeedback.trials.mixed import fit
from biofeedback.trials.permutation import compare, fewest_pairs, many, p_values
from biofeedback.trials.power import table
from biofeedback.trials.verdict import judge, pairs_needed


def test_three_pairs_by_hand() -> None:
    # Eight signs of 1, 2, 4 give the sums 7, 5, 3, -1 and their negatives: two reach 7.
    assert compare(np.array([1.0, 2.0, 4.0])).p == pytest.approx(2 / 8)
    # 1, -2, 4 sums to 3: 7, 5, 3 and their negatives reach it, 1 does not.
    assert compare(np.array([1.0, -2.0, 4.0])).p == pytest.approx(6 / 8)


def test_the_p_value_is_scipys() -> None:
    from scipy.stats import permutation_test

    rng = np.random.default_rng(4)
    for pairs in (5, 8, 11):
        first, second = rng.normal(0.5, 1.0, pairs), rng.normal(0.0, 1.0, pairs)
        theirs = permutation_test(
            (first, second), lambda a, b, axis=-1: np.mean(a - b, axis=axis),
            permutation_type="samples", vectorized=True, n_resamples=np.inf,
        )  # fmt: skip
        assert compare(first - second).p == pytest.approx(theirs.pvalue, abs=1e-12)


def test_the_interval_is_where_the_test_turns() -> None:
    differences = np.random.default_rng(5).normal(1.0, 1.5, 9)
    found = compare(differences)
    for bound, inwards in ((found.low, 1.0), (found.high, -1.0)):
        assert compare(differences - bound - 1e-6 * inwards).p > 0.05
        assert compare(differences - bound + 1e-6 * inwards).p <= 0.05


def test_the_interval_of_six_pairs_has_a_closed_form() -> None:
    # At 5 % one subset mean is cut at each end: the smallest and the largest single difference.
    found = compare(np.array([0.4, 1.1, 0.7, -0.2, 0.9, 2.0]))
    assert (found.low, found.high) == (-0.2, 2.0)


def test_many_pairs_come_close_to_students_interval() -> None:
    from scipy.stats import t

    differences = np.random.default_rng(6).normal(0.3, 1.0, 40)
    half = t.ppf(0.975, 39) * differences.std(ddof=1) / math.sqrt(40)
    found = compare(differences)
    assert not found.exact
    assert found.low == pytest.approx(differences.mean() - half, abs=0.06)
    assert found.high == pytest.approx(differences.mean() + half, abs=0.06)


def test_the_interval_leaves_out_zero_exactly_when_the_test_rejects() -> None:
    _, low, high, p = many(np.random.default_rng(7).normal(0.4, 1.0, (10, 400)))
    assert (((low > 0.0) | (high < 0.0)) == (p <= 0.05)).all()


@pytest.mark.slow
def test_skewed_nulls_are_called_an_effect_in_five_of_a_hundred() -> None:
    rng = np.random.default_rng(8)
    noise = rng.exponential(1.0, (2, 12, 3000))
    _, low, high, p = many(noise[0] - noise[1])
    assert 0.035 <= (p <= 0.05).mean() <= 0.065
    assert 0.93 <= ((low <= 0.0) & (high >= 0.0)).mean() <= 0.97


def test_no_pairs_and_few_pairs_claim_nothing() -> None:
    assert compare(np.array([])).p == 1.0
    found = compare(np.array([5.0, 5.0, 5.0]))
    assert found.low == -math.inf
    assert not found.is_clear
    assert fewest_pairs(0.05) == 6


def test_equal_blocks_are_no_effect() -> None:
    found = compare(np.zeros(8))
    assert found.p == 1.0


def test_each_verdict_has_its_condition() -> None:
    clear = compare(np.array([1.0, 1.2, 0.9, 1.1, 1.3, 0.8, 1.0]))
    nothing = compare(np.array([0.1, -0.2, 0.15, -0.1, 0.05, -0.05, 0.1]))
    vague = compare(np.array([3.0, -4.0, 5.0, -2.0, 4.0, -3.0, 1.0]))
    rules = {"alpha": 0.05, "smallest": 0.5}
    assert judge(clear, **rules, over=True, lost=False) == "effect"
    assert judge(nothing, **rules, over=True, lost=False) == "no effect shown"
    assert judge(vague, **rules, over=True, lost=False) == "can't tell yet"
    assert judge(clear, **rules, over=False, lost=False) == "can't tell yet"
    assert judge(clear, **rules, over=True, lost=True) == "can't tell yet"


def test_the_pairs_that_are_needed_are_the_textbooks() -> None:
    # A paired t-test needs 34 pairs for half a standard deviation, 10 for one, at power 0.8.
    assert pairs_needed(1.0, 0.5) == 34
    assert pairs_needed(1.0, 1.0) == 10


def test_the_power_of_the_simulation_is_the_textbooks() -> None:
    (row,) = table([1.0], [10], sd=1.0, people=4000)
    assert row.power[0] == pytest.approx(0.80, abs=0.03)
    assert row.false == pytest.approx(0.05, abs=0.012)


@pytest.mark.slow
def test_the_mixed_model_finds_what_least_squares_finds() -> None:
    rng, pairs = np.random.default_rng(9), 60
    pair = np.repeat(np.arange(pairs), 2)
    position = np.tile([-0.5, 0.5], pairs)
    arm = position * rng.choice([-1.0, 1.0], pairs).repeat(2)
    y = 14.0 - 1.0 * arm + 0.6 * position + rng.normal(0, 2, pairs)[pair] + rng.normal(0, 1, 120)
    columns = np.column_stack([arm, position, pair[:, None] == np.arange(pairs)])
    effect, order = np.linalg.lstsq(columns, y, rcond=None)[0][:2]
    found = fit(y, arm, position, pair, 0.5)
    assert found is not None
    assert found.mean == pytest.approx(effect, abs=0.08)
    assert found.order == pytest.approx(order, abs=0.08)
    assert found.low < effect < found.high
    half = (y - order * position - effect * arm).reshape(-1, 2)
    within = math.sqrt(np.diff(half, axis=1).var() / 2)
    between = math.sqrt(half.mean(axis=1).var(ddof=1) - within**2 / 2)
    assert found.within == pytest.approx(within, rel=0.1)
    assert found.between == pytest.approx(between, rel=0.1)
    assert found.below_zero > 0.99


def test_bangs_index_by_hand() -> None:
    # Of 82 answers 38 are right and 21 wrong: the index is their difference over all.
    guesses = [("a", "a")] * 38 + [("a", "b")] * 21 + [("a", "skip")] * 23
    found = blinding(guesses, ("a", "b"))["a"]
    assert found.index == pytest.approx(17 / 82)
    p = 17 / 82
    half = 1.959964 * math.sqrt((59 / 82 - p * p) / 82)
    assert found.low == pytest.approx(p - half, abs=1e-6)
    assert blinding(guesses, ("a", "b"))["b"].index is None


def test_guesses_at_random_have_an_index_of_zero_with_three_arms() -> None:
    guesses = [("a", guess) for guess in "abc" * 10]
    assert blinding(guesses, ("a", "b", "c"))["a"].index == pytest.approx(0.0)


@pytest.mark.slow
@pytest.mark.parametrize("pairs", [5, 9, 18])
def test_p_values_alone_are_those_of_the_whole_test_also_of_shifted_differences(pairs: int) -> None:
    differences = np.random.default_rng(3).normal(0.0, 1.0, (pairs, 90)).round(1)  # with ties
    shifts = (0.0, 0.5, -1.0)
    expected = [many(differences + shift)[3] for shift in shifts]
    assert p_values(differences, shifts) == pytest.approx(np.array(expected), abs=1e-12)
