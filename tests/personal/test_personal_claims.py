"""What is kept of a person and made of it, by hand: wishes, consent, rewards, beliefs, words."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from biofeedback.common.errors import ConfigError, FolderError
from biofeedback.personal import consent, setup
from biofeedback.personal.claims import claims, level_after
from biofeedback.personal.insights import explained, insights, named, shown
from biofeedback.personal.learner import choose, compare, levels, weights
from biofeedback.personal.options import MusicOption, Preferences, candidates
from biofeedback.personal.prior import COLD, ColdStart, columns, design, rows
from biofeedback.personal.regression import Belief
from biofeedback.personal.session_summary import (
    SessionSummary,
    body_reward,
    hour_of,
    lasting_reward,
    said_reward,
)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


def past(fall: float = 0.2, number: int = 0, **more: object) -> SessionSummary:
    option = {k: more.pop(k) for k in ("style", "modes", "density", "strategy", "pacing")
              if k in more}  # fmt: skip
    facts = {"session": str(number), "started_utc": "", "hour": "day", "start": 0.6, **more}
    return SessionSummary(option=MusicOption(**option), fall=fall, **facts)  # type: ignore[arg-type]


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


# -- claims


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
    assert (row.what, row.level, row.other) == ("Style", "lofi", "piano")
    assert (row.sessions, row.others, row.claimed) == (5, 5, True)
    assert row.more == pytest.approx(0.2)
    low, high = f"{row.low:.2f}", f"{row.high:.2f}"
    assert row.told == (
        f"lofi rather than piano: with you arousal fell by 0.20 more ({low} to {high}), in "
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
    assert told.startswith("Lofi, bright modes, leading towards calm: lofi rather than piano: with")


def test_an_option_that_is_tried_out_is_told_against_the_best_guess() -> None:
    wanted = Preferences(liked=("piano", "lofi"), modes=("dark",), strategies=("lead",))
    history = [past(0.3, k, style="lofi", modes="dark") for k in range(3)]
    choice = choose(history, wanted, "day", 1)
    assert (choice.option.style, choice.greedy.style) == ("piano", "lofi")
    assert explained(choice, history) == (
        "Piano, dark modes, leading towards calm: piano rather than lofi, to find out; not enough "
        "sessions yet to tell (3 sessions)."
    )


def test_levels_have_names_for_people() -> None:
    assert (named("drone_breath"), named("sparse"), named("piano")) == (
        "drone and breath", "few notes", "piano",
    )  # fmt: skip


# -- consent and set-up

NOW = datetime(2026, 3, 1, 12, 30, 15, 999, tzinfo=UTC)


def test_a_consent_is_kept_until_it_is_taken_back(data: Path) -> None:
    assert consent.load(None) is None
    given = consent.give(None, ("hearing", "epilepsy"), True, NOW)
    assert given == consent.Consent(
        version=1, given_utc="2026-03-01T12:30:15+00:00", yes=("epilepsy", "hearing"), advised=True
    )
    assert given.holds
    assert consent.load(None) == given
    assert consent.load("robin") is None
    taken = consent.withdraw(None, NOW)
    assert taken.withdrawn_utc == "2026-03-01T12:30:15+00:00"
    assert not taken.holds
    assert consent.load(None) == taken
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert consent.withdraw(None, later) == taken
    (file,) = data.rglob("consent.json")
    assert file.read_text().startswith("{\n")
    file.write_text("{")
    assert consent.load(None) is None


def test_a_consent_to_older_questions_does_not_hold() -> None:
    assert not consent.Consent(version=0, given_utc="").holds


def test_distress_and_an_unasked_doctor_lead_to_no_consent() -> None:
    with pytest.raises(ConfigError, match="not the moment") as now:
        consent.give(None, ("distress",), True, NOW)
    assert "crisis line" in now.value.hint
    with pytest.raises(ConfigError, match="ask your doctor") as asked:
        consent.give(None, ("heart",), False, NOW)
    assert asked.value.hint == "Come back when you have, and say so."
    assert consent.load(None) is None
    assert consent.give("robin", (), False, NOW).yes == ()
    assert consent.load("robin") is not None
    with pytest.raises(ConfigError, match="no consent was given") as none:
        consent.withdraw(None, NOW)
    assert none.value.hint == "There is nothing to take back."


def test_contacts_are_those_of_the_country(tmp_path: Path) -> None:
    assert consent.contacts() == []
    file = tmp_path / "contacts.toml"
    file.write_text(
        'country = "DE"\n[[de.lines]]\nname = "Ä"\nphone = 1\nmore = "x"\n'
        '[[at.lines]]\nname = "B"\n',
        encoding="utf-8",
    )
    assert consent.contacts(file) == [{"name": "Ä", "phone": "1", "hours": ""}]
    assert consent.contacts(file, "AT") == [{"name": "B", "phone": "", "hours": ""}]
    with pytest.raises(ConfigError, match="no contacts for the country 'fr'") as caught:
        consent.contacts(file, "FR")
    assert "[[de.lines]]" in caught.value.hint
    with pytest.raises(ConfigError, match="no file of contacts"):
        consent.contacts(tmp_path / "none.toml")
    german = b'country = "de"\n'
    damaged = (b"de = 1", b"de.lines = [1]", b"[de]\nlines = 1", b"de =", b"# \xff")
    for text in damaged:
        file.write_bytes(german + text)
        with pytest.raises(ConfigError, match=r"contacts"):
            consent.contacts(file)


def test_a_setup_is_remembered_whole(data: Path) -> None:
    assert setup.load() is None
    kept = setup.Setup(sensors=("ble:AA",), outputs=("audio:", "midi:X"))
    setup.save(kept)
    assert setup.load() == kept
    (file,) = data.rglob("setup.json")
    assert json.loads(file.read_text()) == {"sensors": ["ble:AA"], "outputs": ["audio:", "midi:X"]}
    assert [path.name for path in file.parent.iterdir()] == ["setup.json"]
    file.write_text("{")
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        setup.load()
    assert str(file) in str(caught.value)
    assert caught.value.hint == "Delete it, or give --sensor and --output."


def test_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    kept = setup.Setup(sensors=(), outputs=())
    with pytest.raises(FolderError, match="cannot be written: Not a directory") as caught:
        setup.save(kept)
    assert "doctor" in caught.value.hint
    with pytest.raises(FolderError, match="cannot be written: Not a directory"):
        consent.give(None, (), False, NOW)
