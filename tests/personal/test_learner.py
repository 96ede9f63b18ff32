"""The learner: what it chooses, what it claims, and what it never does."""

from collections import Counter

import numpy as np
import pytest
from msgspec import structs
from scipy.stats import t as student

from biofeedback.personal.claims import LEVEL, claims, level_after
from biofeedback.personal.insights import explained, insights, told
from biofeedback.personal.learner import choose
from biofeedback.personal.options import MusicOption, Preferences, candidates
from biofeedback.personal.regression import Belief, evidence
from biofeedback.personal.session_summary import SessionSummary

WANTED = Preferences(liked=("ambient", "piano"), modes=("bright",))


def past(
    style: str, fall: float, number: int = 0, strategy: str = "lead", **more: object
) -> SessionSummary:
    option = MusicOption(
        style=style, modes="bright", strategy=strategy, pacing="0.75" if strategy != "lead" else ""
    )
    facts = {"session": str(number), "started_utc": "", "hour": "day", "start": 0.6, **more}
    return SessionSummary(option=option, fall=fall, **facts)  # type: ignore[arg-type]


def lived(difference: float, sessions: int = 12) -> list[SessionSummary]:
    rng = np.random.default_rng(4)
    return [
        past(style, 0.2 + difference * (style == "piano") + 0.03 * rng.standard_normal(), k,
             breath_fall=1.0 + 8.0 * difference * (style == "piano") + 0.2 * rng.standard_normal())
        for k, style in enumerate(["piano", "ambient"] * (sessions // 2))
    ]  # fmt: skip


def test_the_posterior_is_the_textbooks_for_one_mean() -> None:
    # Prior mean 0 with variance 1 x noise, three outcomes of 4: mean 3 x 4 / (3 + 1), precision 4.
    belief = Belief(np.zeros(1), np.eye(1), 2.0, 2.0)
    after = belief.after(np.ones((3, 1)), np.full(3, 4.0), np.ones(3))
    assert after.mean[0] == pytest.approx(3.0)
    assert after.spread[0, 0] == pytest.approx(0.25)
    assert (after.shape, after.scale) == (3.5, pytest.approx(2.0 + 0.5 * 12.0))


def test_the_evidence_of_two_outcomes_is_that_of_one_and_then_the_other() -> None:
    belief = Belief(np.array([0.3]), np.array([[2.0]]), 3.0, 1.5)
    x, y, w = np.ones((2, 1)), np.array([0.1, 1.2]), np.array([1.0, 0.5])
    first = belief.after(x[:1], y[:1], w[:1])
    together = evidence(belief, x, y, w)
    apart = evidence(belief, x[:1], y[:1], w[:1]) + evidence(first, x[1:], y[1:], w[1:])
    assert together == pytest.approx(apart)


def test_only_what_the_person_allows_is_ever_chosen() -> None:
    wanted = Preferences(avoided=("pulse", "lofi"), strategies=("lead",), modes=("dark",))
    history = [past("pulse", 0.9, k) for k in range(8)]  # loved once, refused since
    for seed in range(40):
        option = choose(history, wanted, "evening", seed).option
        assert option in candidates(wanted)
        assert option.style not in ("pulse", "lofi")


def test_equal_history_and_seed_give_the_equal_choice() -> None:
    history = lived(0.1)
    assert choose(history, WANTED, "day", 3) == choose(history, WANTED, "day", 3)


def test_without_exploration_the_best_guess_is_always_played() -> None:
    still = Preferences(liked=WANTED.liked, modes=("bright",), exploration=0.0)
    for seed in range(20):
        chosen = choose(lived(0.1, 4), still, "day", seed)
        assert chosen.option == chosen.greedy


def test_in_the_first_sessions_all_are_heard_evenly() -> None:
    wanted = Preferences(liked=("ambient", "piano", "chamber"), strategies=("lead",))
    history: list[SessionSummary] = []
    for number in range(6):
        option = choose(history, wanted, "day", 7).option
        fall = 0.9 if option.style == "chamber" else 0.1
        history.append(
            SessionSummary(
                session=str(number), started_utc="", hour="day", option=option, start=0.6, fall=fall
            )
        )
    for factor, each in (("style", 2), ("modes", 3)):
        counts = Counter(one.option.level(factor) for one in history)
        assert set(counts.values()) == {each}
    assert choose(history, wanted, "day", 7).option.style == "chamber"


def test_it_comes_to_play_what_works() -> None:
    chosen = [choose(lived(0.2), WANTED, "day", seed).option.style for seed in range(30)]
    assert chosen.count("piano") >= 28


def test_a_session_with_a_poor_signal_counts_for_less() -> None:
    good = choose([*lived(0.1), past("ambient", 0.9, 99)], WANTED, "day", 1)
    poor = choose([*lived(0.1), past("ambient", 0.9, 99, quality=0.1)], WANTED, "day", 1)
    assert good.greedy.style == "ambient"
    assert poor.greedy.style == "piano"


def test_ratings_move_the_choice_and_never_a_claim() -> None:
    history = [
        past(style, 0.2, k, rated=1.0 if style == "ambient" else -1.0)
        for k, style in enumerate(["piano", "ambient"] * 5)
    ]
    assert choose(history, WANTED, "day", 1).greedy.style == "ambient"
    assert not any(claim.claimed for claim in claims(history))


def test_a_clear_difference_is_claimed_with_the_counterfactual_and_its_interval() -> None:
    history = lived(0.2)
    (found,) = [i for i in insights(history) if i.claimed]
    assert (found.claim.level, found.other) == ("piano", "ambient")
    assert found.arousal.low < 0.2 < found.arousal.high
    assert told(found).startswith("piano rather than ambient: with you breathing rate fell by ")
    still = Preferences(liked=WANTED.liked, modes=("bright",), strategies=("lead",), exploration=0)
    assert "rather than ambient: with you" in explained(
        choose(history, still, "day", 1), history
    )  # fmt: skip


def test_noise_is_not_claimed_and_few_sessions_say_so() -> None:
    assert not any(insight.claimed for insight in insights(lived(0.0)))
    assert insights(lived(0.3, 4)) == []
    history = lived(0.3, 4)
    assert "not enough sessions yet to tell" in explained(
        choose(history, WANTED, "day", 1), history
    )  # fmt: skip


def compared(piano: list[float], ambient: list[float]) -> float:
    """Return how likely it is that chance made this difference."""
    falls = zip(["piano"] * len(piano) + ["ambient"] * len(ambient), piano + ambient, strict=True)
    (found,) = claims([past(style, fall, k) for k, (style, fall) in enumerate(falls)])
    return found.chance


def test_who_varies_more_needs_more_for_a_claim() -> None:
    steady = compared([0.36, 0.4, 0.44, 0.4, 0.4], [0.2, 0.24, 0.16, 0.2, 0.2])
    noisy = compared([0.1, 0.4, 0.7, 0.4, 0.4], [0.2, 0.5, -0.1, 0.2, 0.2])
    # Means 0.2 apart; squares of 0.0064 and 0.36 with 8 degrees of freedom, and 0.0036 with one
    # more of the usual: t = 0.2 / sqrt(0.4 x 0.01 / 9) and 0.2 / sqrt(0.4 x 0.3636 / 9).
    assert steady == pytest.approx(2.0 * student.sf(9.487, 9), rel=0.01)
    assert noisy == pytest.approx(2.0 * student.sf(1.573, 9), rel=0.01)
    assert steady < level_after(10) < noisy


def test_sessions_that_agree_by_chance_are_no_certainty() -> None:
    assert compared([0.21, 0.21, 0.21, 0.21], [0.2, 0.2, 0.2, 0.2]) > 0.5


def test_early_looks_take_little_of_what_may_be_wrong() -> None:
    assert [level_after(n) for n in (5, 10, 20)] == pytest.approx([LEVEL / 8.0, LEVEL, LEVEL / 4.0])


def test_the_same_evidence_is_no_claim_when_one_has_looked_a_hundred_times() -> None:
    chances = [claims(lived(size, 100))[0] for size in np.arange(0.003, 0.03, 0.001)]
    early = [found for found in chances if LEVEL / 100.0 < found.chance < LEVEL]
    assert early
    assert not any(found.claimed for found in early)


def test_a_claim_looks_at_what_lasted_and_not_at_the_last_two_minutes_alone() -> None:
    rng = np.random.default_rng(5)
    history = [
        structs.replace(one, lasting=0.1 + 0.1 * (one.option.style == "piano")
                        + 0.01 * rng.standard_normal())
        for one in lived(0.0)
    ]  # fmt: skip
    assert claims(history)[0].claimed
    assert not claims(lived(0.0))[0].claimed


@pytest.mark.slow
def test_people_without_a_difference_are_rarely_told_of_one_however_often_they_look() -> None:
    told_of_one = 0
    for person in range(150):
        rng = np.random.default_rng([person, 3])
        history: list[SessionSummary] = []
        level, any_claim = rng.normal(0.2, 0.1), False
        for number in range(12):
            option = choose(history, WANTED, "day", person).option
            history.append(
                past(option.style, level + 0.08 * rng.standard_normal(), number, option.strategy)
            )
            found = claims(history)
            any_claim = any_claim or any(claim.claimed for claim in found)
        told_of_one += any_claim
    assert told_of_one <= 12  # 5 % of 150 are 7.5; 12 would be passed by chance in 4 % of cases
