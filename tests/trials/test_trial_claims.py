"""What may be said at the end of a trial, by hand, at each end of each condition."""

import math

import numpy as np
import pytest

from biofeedback.common.errors import TrialError
from biofeedback.control.yoked import YokedSettings
from biofeedback.trials.allocation import Allocation, draw, open_sealed, seal
from biofeedback.trials.blinding import SKIP, blinding
from biofeedback.trials.mixed import fit
from biofeedback.trials.permutation import PermutationTest, compare, fewest_pairs, many, p_values
from biofeedback.trials.protocol import sha256
from biofeedback.trials.verdict import judge, pairs_needed


def judged(low: float, high: float, p: float = 0.5, pairs: int = 10, **more: bool) -> str:
    test = PermutationTest(pairs, (low + high) / 2.0, low, high, p, True)
    return judge(test, alpha=0.05, smallest=0.1, **({"over": True, "lost": False} | more))


def test_no_effect_is_shown_only_where_both_ends_are_smaller_than_what_matters() -> None:
    assert judged(-0.09, 0.09) == "no effect shown"
    for low, high in ((-0.2, 0.05), (-0.05, 0.2), (-0.1, 0.05), (-0.05, 0.1), (-0.2, 0.2)):
        assert judged(low, high) == "can't tell yet"


def test_an_effect_is_what_the_test_rejects_at_its_level_in_either_direction() -> None:
    assert judged(0.01, 0.2, p=0.05) == "effect"
    assert judged(-0.2, -0.01, p=0.01) == "effect"
    assert judged(-0.01, 0.2, p=0.0501) == "can't tell yet"
    assert judged(0.01, 0.05, p=0.01) == "effect"  # small, but there


def test_nothing_can_be_told_early_with_too_few_pairs_or_too_many_lost() -> None:
    for p in (0.001, 0.9):
        assert judged(-0.05, 0.05, p, over=False) == "can't tell yet"
        assert judged(-0.05, 0.05, p, lost=True) == "can't tell yet"
        assert judged(-0.05, 0.05, p, pairs=5) == "can't tell yet"
    assert judged(-0.05, 0.05, pairs=6) == "no effect shown"


def test_the_fewest_pairs_are_those_whose_best_p_reaches_the_level() -> None:
    assert [fewest_pairs(alpha) for alpha in (0.5, 0.25, 0.1, 0.05, 0.01)] == [2, 3, 5, 6, 8]
    for alpha in (0.25, 0.1, 0.05, 0.01):
        few = fewest_pairs(alpha)
        assert 2.0 / 2**few <= alpha < 2.0 / 2 ** (few - 1)


@pytest.mark.slow
def test_the_pairs_that_are_needed_are_those_of_the_tables() -> None:
    """Paired t test, two-sided 5 %, power 80 %: Cohen (1988) has 34 at d 0.5, 15 at 0.8."""
    assert pairs_needed(1.0, 0.5) == 34
    assert pairs_needed(1.0, 0.8) == 15
    assert pairs_needed(2.0, 1.0) == 34
    assert pairs_needed(1.0, 0.5, power=0.9) == 44
    assert pairs_needed(1.0, 0.5, alpha=0.01) == 51
    assert pairs_needed(1.0, 100.0) == 6
    assert pairs_needed(0.0, 0.5) == pairs_needed(1.0, 0.0) == pairs_needed(1.0, -1.0) == 6
    assert pairs_needed(1.0, 0.001) == 2000


def test_the_p_value_counts_the_signs_that_reach_as_far() -> None:
    # of 1, 1, 1, 1 only all signs alike reach 4 or -4: 2 of 16
    assert compare(np.ones(4)).p == 2 / 16
    assert compare(-np.ones(4)).p == 2 / 16
    assert compare(np.zeros(4)).p == 1.0
    found = compare(np.array([1.0, 2.0, 3.0]))
    assert (found.pairs, found.estimate, found.exact) == (3, 2.0, True)
    assert (found.low, found.high) == (-math.inf, math.inf)
    none = compare(np.zeros(0))
    assert (none.pairs, none.low, none.high, none.p, none.exact) == (
        0,
        -math.inf,
        math.inf,
        1,
        True,
    )
    assert math.isnan(none.estimate)


def test_an_interval_is_clear_where_it_leaves_out_zero() -> None:
    for low, high, clear in ((0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False),
                             (0.0, 0.2, False), (-0.2, 0.0, False)):  # fmt: skip
        assert PermutationTest(6, 0.0, low, high, 0.1, True).is_clear is clear


def test_the_interval_at_another_level_cuts_more_at_both_ends() -> None:
    """Of 63 subset means of six pairs, 10 % of 64 cuts three at each end: the third is a bound."""
    differences = np.array([0.4, 1.1, 0.7, -0.2, 0.9, 2.0])
    means = sorted(
        np.mean([d for k, d in enumerate(differences) if subset >> k & 1])
        for subset in range(1, 64)
    )
    found = compare(differences, 0.1)
    assert (found.low, found.high) == (pytest.approx(means[2]), pytest.approx(means[-3]))


def test_sixteen_pairs_are_looked_at_whole_and_seventeen_by_lot() -> None:
    rng = np.random.default_rng(1)
    assert compare(rng.normal(0, 1, 16)).exact
    assert not compare(rng.normal(0, 1, 17)).exact


def test_shifted_p_values_are_those_of_shifted_differences() -> None:
    differences = np.random.default_rng(3).normal(0.2, 1.0, (7, 5))
    found = p_values(differences, (0.0, 0.5, -1.0))
    assert found.shape == (3, 5)
    for row, shift in enumerate((0.0, 0.5, -1.0)):
        assert found[row] == pytest.approx(many(differences + shift)[3])


def test_bangs_index_by_hand() -> None:
    """Of ten who had a: six right, three wrong, one does not know: (6 - 3) / 10."""
    guesses = [("a", "a")] * 6 + [("a", "b")] * 3 + [("a", SKIP)] + [("b", "a")]
    found = blinding(guesses, ("a", "b"))
    a, b = found["a"], found["b"]
    assert (a.arm, a.right, a.wrong, a.skipped, a.chance) == ("a", 6, 3, 1, 0.5)
    assert a.index == pytest.approx(0.3)
    half = 1.959963984540054 * math.sqrt((0.9 - 0.09) / 10)
    assert (a.low, a.high) == (pytest.approx(0.3 - half), pytest.approx(0.3 + half))
    assert (b.index, b.low, b.high) == (-1.0, -1.0, -1.0)
    everybody = blinding([("a", "a")] * 4, ("a", "b"))["a"]
    assert (everybody.index, everybody.high) == (1.0, 1.0)


def test_with_three_arms_chance_is_still_zero() -> None:
    found = blinding([("a", "a"), ("a", "b"), ("a", "c")], ("a", "b", "c"))
    assert found["a"].index == pytest.approx(0.0)
    assert found["a"].chance == pytest.approx(1 / 3)
    none = found["b"]
    assert (none.right, none.wrong, none.skipped, none.index, none.low, none.high) == (
        0, 0, 0, None, None, None,
    )  # fmt: skip
    assert none.chance == pytest.approx(1 / 3)


@pytest.mark.slow
def test_the_mixed_model_finds_effect_order_and_spreads_that_were_put_in() -> None:
    rng = np.random.default_rng(5)
    pairs = 200
    pair = np.repeat(np.arange(pairs), 2)
    arm = np.tile([0.5, -0.5], pairs)
    flipped = rng.random(pairs) < 0.5
    position = np.where(np.repeat(flipped, 2), -arm, arm)
    y = 10.0 + 2.0 * arm - 1.0 * position + rng.normal(0, 1.5, pairs)[pair]
    y = y + rng.normal(0, 0.8, 2 * pairs)
    found = fit(y, arm, position, pair, 1.5)
    assert found is not None
    assert found.blocks == 2 * pairs
    assert found.mean == pytest.approx(2.0, abs=0.25)
    assert found.low < found.mean < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.8 * math.sqrt(2 / pairs), rel=0.15)
    assert found.order == pytest.approx(-1.0, abs=0.25)
    assert found.between == pytest.approx(1.5, rel=0.15)
    assert found.within == pytest.approx(0.8, rel=0.15)
    assert found.below_zero == 0.0
    assert found.relevant > 0.97
    again = fit(y, -arm, position, pair, 2.5)
    assert again is not None
    assert again.below_zero == 1.0
    assert again.relevant < 0.05


def test_too_little_is_not_fitted() -> None:
    arm, position, pair = (
        np.array([0.5, -0.5] * 2),
        np.array([0.5, -0.5] * 2),
        np.array([0, 0, 1, 1]),
    )
    y = np.array([1.0, 2.0, 3.0, 4.0])
    assert fit(y, arm, position, pair, 1.0) is not None
    assert fit(y[:3], arm[:3], position[:3], pair[:3], 1.0) is None
    assert fit(y, np.full(4, 0.5), position, pair, 1.0) is None
    assert fit(np.ones(4), arm, position, pair, 1.0) is None


def test_every_order_of_arms_is_drawn_as_often_as_any_other_and_the_seed_gives_it_again() -> None:
    order = draw(7, ("yoked", "adaptive"), 2000)  # type: ignore[arg-type]
    assert len(order) == 2000
    assert {frozenset(pair) for pair in order} == {frozenset(("yoked", "adaptive"))}
    assert 900 < sum(pair[0] == "yoked" for pair in order) < 1100
    assert order == draw(7, ("yoked", "adaptive"), 2000)  # type: ignore[arg-type]
    assert order != draw(8, ("yoked", "adaptive"), 2000)  # type: ignore[arg-type]


def test_blocks_count_from_one_through_the_pairs() -> None:
    order = (("adaptive", "yoked"), ("yoked", "adaptive"))
    allocation = Allocation(seed=1, salt="s", order=order)  # type: ignore[arg-type]
    assert [allocation.arm(block) for block in (1, 2, 3, 4)] == [
        "adaptive", "yoked", "yoked", "adaptive",
    ]  # fmt: skip


def test_a_sealed_allocation_opens_with_its_digest_alone() -> None:
    order = (("adaptive", "yoked"),) * 40
    allocation = Allocation(
        seed=5, salt="salt", order=order,  # type: ignore[arg-type]
        streams={"1": YokedSettings()},
    )  # fmt: skip
    raw = seal(allocation)
    assert raw.startswith(b"Sealed. It says which block has which arm; do not decode it before")
    assert all(len(line) <= 100 for line in raw.splitlines())
    assert raw.endswith(b"\n")
    assert b"adaptive" not in raw
    assert open_sealed(raw, sha256(raw), "here") == allocation
    with pytest.raises(TrialError, match="here was changed after it was sealed") as changed:
        open_sealed(raw + b"\n", sha256(raw), "here")
    assert changed.value.hint
    for damaged in (raw[:-20] + b"\n", b"nothing", raw.split(b"\n")[0]):
        with pytest.raises(TrialError, match="here cannot be opened"):
            open_sealed(damaged, sha256(damaged), "here")
