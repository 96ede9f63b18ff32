"""What is claimed of a person and said of it, by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from past_sessions import past

from biofeedback.personal.claims import claims, level_after
from biofeedback.personal.insights import explained, insights, named, shown
from biofeedback.personal.learner import choose
from biofeedback.personal.options import Preferences
from biofeedback.personal.session_summary import (
    SessionSummary,
)


def steady(styles: list[str], falls: list[float], **more: object) -> list[SessionSummary]:
    return [past(f, k, style=s, **more) for k, (s, f) in enumerate(zip(styles, falls, strict=True))]


def test_a_claim_is_students_test_with_one_usual_session_beside() -> None:
    """Two groups of five: the difference of means, residuals pooled with one of 0.06 squared."""
    falls = [0.30, 0.31, 0.29, 0.32, 0.28, 0.10, 0.12, 0.08, 0.11, 0.09]
    history = steady(["piano"] * 5 + ["lofi"] * 5, falls)
    (claim,) = claims(history)
    assert (claim.factor, claim.level, claim.sessions, claim.others) == ("style", "piano", 5, 5)
    assert claim.more == pytest.approx(0.2)
    assert claim.better
    residual = sum((f - 0.3) ** 2 for f in falls[:5]) + sum((f - 0.1) ** 2 for f in falls[5:])
    freedom = 10 - 2 + 1
    sd = math.sqrt((residual + 0.06**2) / freedom * (1 / 5 + 1 / 5))
    from scipy.stats import t

    assert claim.high - claim.more == pytest.approx(t.ppf(0.975, freedom) * sd)
    assert claim.more - claim.low == pytest.approx(t.ppf(0.975, freedom) * sd)
    assert claim.chance == pytest.approx(2.0 * t.sf(0.2 / sd, freedom))
    assert claim.claimed


def test_a_higher_start_is_allowed_for() -> None:
    falls = [0.30, 0.31, 0.29, 0.10, 0.12, 0.08]
    history = steady(["piano"] * 3 + ["lofi"] * 3, falls)
    high = [past(p.fall, k, style=p.option.style, start=0.6 + 0.1 * (k < 3))
            for k, p in enumerate(history)]  # fmt: skip
    assert claims(high)[0].more == pytest.approx(claims(history)[0].more - 0.8 * 0.1)


@pytest.mark.parametrize(("piano", "lofi", "compared"), [(2, 2, False), (1, 4, False),
                                                         (2, 3, True), (3, 2, True)])  # fmt: skip
def test_nothing_is_compared_below_five_sessions_or_two_of_a_kind(
    piano: int, lofi: int, compared: bool
) -> None:
    count = piano + lofi
    history = steady(["piano"] * piano + ["lofi"] * lofi, [0.1 + 0.01 * k for k in range(count)])
    assert bool(claims(history)) is compared


def test_of_three_levels_each_is_compared_and_chance_is_counted_for_all() -> None:
    history = steady(["piano", "lofi", "pulse"] * 4, [0.3, 0.1, 0.12] * 4)
    found = claims(history)
    assert {claim.level for claim in found} == {"piano", "lofi", "pulse"}
    assert found[0].level == "piano"
    assert [claim.chance for claim in found] == sorted(claim.chance for claim in found)
    assert (found[0].sessions, found[0].others) == (4, 8)
    assert max(claim.chance for claim in found) <= 1.0


def test_the_level_rises_with_the_cube_up_to_ten_and_falls_with_the_square() -> None:
    assert level_after(10) == 0.045
    assert level_after(5) == pytest.approx(0.045 / 8)
    assert level_after(20) == pytest.approx(0.045 / 4)


# -- words


def convincing() -> list[SessionSummary]:
    falls = [0.30, 0.10, 0.31, 0.12, 0.29, 0.08, 0.32, 0.11, 0.28, 0.09]
    return steady(["lofi", "piano"] * 5, falls, modes="bright")


def test_what_is_claimed_is_told_of_the_better_one_with_its_interval() -> None:
    history = convincing()
    (insight,) = insights(history)
    assert (insight.claim.level, insight.other, insight.claimed) == ("lofi", "piano", True)
    assert insight.breathing is None
    (row,) = shown([insight])
    assert (row.what, row.level, row.other) == ("Style", "lo-fi", "piano")
    assert (row.sessions, row.others, row.claimed) == (5, 5, True)
    assert row.more == pytest.approx(0.2)
    low, high = f"{row.low:.2f}", f"{row.high:.2f}"
    assert row.told == (
        f"lo-fi rather than piano: with you arousal fell by 0.20 more ({low} to {high}), in "
        "5 sessions with it and 5 without."
    )
    worse = steady(["piano", "lofi"] * 5, [p.fall for p in history])
    (turned,) = insights(worse)
    assert (turned.claim.level, turned.other) == ("piano", "lofi")


def test_a_comparison_is_turned_to_the_better_of_two() -> None:
    (insight,) = insights(
        steady(["piano", "lofi"] * 5, [0.1, 0.3, 0.12, 0.31, 0.09, 0.3] + [0.1, 0.3] * 2)
    )
    assert (insight.claim.level, insight.other, insight.claim.better) == ("lofi", "piano", True)
    assert insight.arousal.more > 0.15
    assert 0.0 < insight.arousal.low < insight.arousal.more < insight.arousal.high
    assert (insight.arousal.sessions, insight.arousal.others) == (5, 5)


def test_breathing_is_told_first_where_it_fell_for_sure() -> None:
    history = [past(p.fall, k, style=p.option.style, breath_fall=4.0 - 3.0 * (k % 2))
               for k, p in enumerate(convincing())]  # fmt: skip
    (insight,) = insights(history)
    assert insight.breathing is not None
    assert 2.0 < insight.breathing.more < 3.2
    (row,) = shown([insight])
    assert "with you breathing rate fell by" in row.told
    assert " a minute more (" in row.told
    assert row.told.index("breathing rate") < row.told.index("arousal fell by")


def test_what_is_not_claimed_is_shown_without_a_sentence() -> None:
    history = steady(["lofi", "piano"] * 4, [0.1, 0.2, 0.3, 0.15, 0.2, 0.25, 0.12, 0.18])
    (row,) = shown(insights(history))
    assert (row.claimed, row.told) == (False, "")


def test_of_more_than_two_levels_one_is_told_against_the_others() -> None:
    (first, *_) = insights(steady(["piano", "lofi", "pulse"] * 5, [0.3, 0.1, 0.12] * 5))
    assert (first.claim.level, first.other) == ("piano", "the others")
    assert first.breathing is None


def test_why_an_option_was_chosen_is_one_sentence() -> None:
    only = Preferences(liked=("piano",), modes=("dark",), strategies=("lead",))
    assert explained(choose([], only, "day", 1), []) == (
        "Piano, dark modes, leading towards calm: the only kind of session that your preferences "
        "leave."
    )
    wanted = Preferences(liked=("piano",), modes=("dark",), densities=("sparse",), exploration=0.0)
    assert explained(choose([], wanted, "day", 1), []) == (
        "Piano, dark modes, few notes, breathing with the music, a pace of 75 % of your own: a "
        "first try, since there is no session yet to tell by."
    )
    one = [past(style="piano", modes="dark", density="sparse")]
    assert "the best guess so far; not enough sessions yet to tell (1 session)." in explained(
        choose(one, wanted, "day", 1), one
    )
    two = one * 2
    assert "(2 sessions)." in explained(choose(two, wanted, "day", 1), two)
    told = explained(choose(convincing(), Preferences(liked=("lofi", "piano"), modes=("bright",),
                     strategies=("lead",), exploration=0.0), "day", 1), convincing())  # fmt: skip
    assert told.startswith(
        "Lo-fi, bright modes, leading towards calm: lo-fi rather than piano: with"
    )


def test_an_option_that_is_tried_out_is_told_against_the_best_guess() -> None:
    wanted = Preferences(liked=("piano", "lofi"), modes=("dark",), strategies=("lead",))
    history = [past(0.3, k, style="lofi", modes="dark") for k in range(3)]
    choice = choose(history, wanted, "day", 1)
    assert (choice.option.style, choice.greedy.style) == ("piano", "lofi")
    assert explained(choice, history) == (
        "Piano, dark modes, leading towards calm: piano rather than lo-fi, to find out; not enough "
        "sessions yet to tell (3 sessions)."
    )


def test_levels_have_names_for_people() -> None:
    assert named("style", "drone_breath") == "drone and breath"
    assert named("style", "one that has gone") == "one that has gone"
    assert named("density", "sparse") == "few notes"


# -- consent and set-up

NOW = datetime(2026, 3, 1, 12, 30, 15, 999, tzinfo=UTC)
