"""What a trial's result looks like, on a result that was made up by hand."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from biofeedback.trials import checklist, figure, page
from biofeedback.trials.analysis import ArmComparison, TrialResult
from biofeedback.trials.blinding import Blinding
from biofeedback.trials.blocks import EndpointValue, TrialBlock
from biofeedback.trials.folder import BlockAttempt
from biofeedback.trials.mixed import Posterior
from biofeedback.trials.permutation import PermutationTest
from biofeedback.trials.protocol import Protocol

PROTOCOL = Protocol(
    name="spring", created_utc="2026-01-01", question="Does it slow my breath?", person=None,
    arms=("adaptive", "silence"), pairs=8, block_minutes=5.0, washout_minutes=1.0, settle_s=30.0,
    end_point="breathing_rate", smallest=1.0, alpha=0.05, adaptive="breathe", style="piano",
    stop_date="2026-03-01", allocation_sha256="a11", analysis="permutation",
)  # fmt: skip


def block(number: int, arm: str, rate: float | None, **more: object) -> tuple[TrialBlock, str]:
    attempt = BlockAttempt(
        Path(f"b{number:03}-1"), number, 1, f"2026-01-0{number}", complete=True, simulated=False
    )
    values = {} if rate is None else {"breathing_rate": EndpointValue(rate, 0.954)}
    return TrialBlock(attempt, values, **more), arm  # type: ignore[arg-type]


TEST = PermutationTest(8, -2.0, -3.004, -0.996, 0.0078, True)
RESULT = TrialResult(
    protocol=PROTOCOL, digest="d16e57", verdict="effect", over=True, early=0,
    primary=ArmComparison(
        "breathing_rate", "silence", TEST, (12.0, 14.0), (-1.0, -2.0, -3.0, 1.0), 1,
        Posterior(16, -1.9, -2.9, -0.9, 0.99, 0.95, 0.1, 0.5, 0.7),
    ),
    secondary=(
        ArmComparison(
            "heart_rate", "silence", PermutationTest(0, float("nan"), float("-inf"), float("inf"),
                                                     1.0, True),
            (0.0, 0.0), (), 0, None, 1.0,
        ),
    ),
    blinding={
        "adaptive": Blinding("adaptive", 3, 1, 2, 0.5, 0.5, -0.35, 1.0),
        "silence": Blinding("silence", 0, 0, 6, 0.5, None, None, None),
    },
    blocks=(
        block(1, "adaptive", 12.345, guess="adaptive", sensors=("H10",), gap_s=3.0,
              versions={"numpy": "2.4"}),
        block(2, "silence", 14.0, adverse=("dizzy", "hot"), by_hand=1, gap_s=4.0),
        block(3, "silence", None, problem="cut short", adverse=("dizzy",)),
    ),
    interrupted=2, missing=1, lost=1, needed=0, simulated=False,
    ratings={"adaptive": {"relaxation": 6.25}, "silence": {}},
)  # fmt: skip


def rows(html: str, heading: str) -> list[list[str]]:
    """Return the cells of the table in a section, headings first."""
    section = html[html.index(f"<h2>{heading}</h2>") :]
    table = section[: section.index("</table>")]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[1:]]


def test_all_end_points_stand_in_a_table_with_the_one_that_decides_first() -> None:
    html = page.render(RESULT)
    assert rows(html, "All end points") == page.rows(RESULT) == [
        ["", "versus", "pairs", "difference", "interval", "p", "model"],
        ["breathing rate, a minute *", "silence", "8", "-2.00", "-3.00 to -1.00", "0.0078",
         "-1.90 (-2.90 to -0.90)"],
        ["heart rate, a minute", "silence", "0", "", "too few", "", ""],
    ]  # fmt: skip
    assert "lower with probability 0.99, beyond what matters with 0.95" in html
    assert "to the last +0.10; spread between pairs 0.50, within 0.70" in html
    pairs = replace(TEST, pairs=5)
    second = replace(RESULT.secondary[0], test=pairs, adjusted=0.0312)
    assert page.rows(replace(RESULT, secondary=(second,)))[2][5] == "0.0312 (Holm)"


def test_guesses_stand_with_their_index_where_there_is_one() -> None:
    assert rows(page.render(RESULT), "Could the arms be told apart?") == [
        ["Arm", "right", "wrong", "not sure", "Bang&#x27;s index"],
        ["adaptive", "3", "1", "2", "0.50 (-0.35 to 1.00)"],
        ["silence", "0", "0", "6", ""],
    ]


def test_each_block_stands_with_what_is_to_be_said_of_it() -> None:
    html = page.render(RESULT)
    assert rows(html, "Blocks") == [
        ["Block", "arm", "session", "breathing rate", "known", "guess", ""],
        ["1", "adaptive", "b001-1", "12.35", "95 %", "adaptive", ""],
        ["2", "silence", "b002-1", "14.00", "95 %", "", "moved by hand; dizzy; hot"],
        ["3", "silence", "b003-1", "", "", "", "cut short; dizzy"],
    ]
    assert "2 other attempts, 1 blocks missing. Protocol SHA-256 d16e57." in html


def test_numbers_are_set_as_numbers() -> None:
    html = page.render(RESULT)
    for heading, places in (
        ("All end points", {2, 3, 4, 5, 6}),
        ("Could the arms be told apart?", {1, 2, 3, 4}),
        ("Blocks", {3, 4}),
    ):
        section = html[html.index(f"<h2>{heading}</h2>") :]
        head = section[: section.index("</tr>")]
        kinds = re.findall(r"<th([ >][^>]*)", head)
        assert {place for place, kind in enumerate(kinds) if "number" in kind} == places


def test_the_page_has_its_parts_in_order_and_says_what_was_asked() -> None:
    html = page.render(RESULT)
    assert re.findall(r"<h[12]>(.*?)</h[12]>", html) == [
        "Trial spring: effect", "In short", "Each pair", "All end points",
        "Could the arms be told apart?", "Blocks", "Reporting items",
    ]  # fmt: skip
    assert "Does it slow my breath?" in html
    assert 'class="badge"' not in html
    early = page.render(replace(RESULT, early=2, simulated=True, blocks=()))
    assert "The arms were looked at before the end (2)" in early
    assert "Simulated: shows what the trial can see" in early
    none = replace(RESULT.primary, differences=())
    assert "No pair is complete yet." in page.render(replace(RESULT, primary=none))


def test_the_verdict_is_told_with_what_it_rests_on() -> None:
    assert page.in_words(RESULT) == [
        "effect",
        "With adaptive the breathing rate was 2.00 a minute lower than with silence (95 % interval "
        "of the difference -3.00 to -1.00), p = 0.0078, 8 pairs.",
        "For this person, in these blocks. A trial in which nothing differs says this in 5 of 100.",
        "1 pairs were lost to missing or poor blocks.",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": "no effect shown"}, "An effect of 1 a minute, or more, is left out."),
        ({"over": False, "needed": 3}, "It is not over: 3 more pairs, 6 sessions, are planned."),
        ({"lost": 2, "needed": 9}, "Too many pairs are lost. Another trial would need 9 pairs."),
        ({"few": 5, "needed": 9}, "There are too few pairs. Another trial would need 9."),
        ({"needed": 9}, "The interval holds both 0 and effects that matter. A new trial of 9 pairs,"
         " 18 sessions, would find 1 a minute four times out of five."),
    ],
)  # fmt: skip
def test_each_verdict_says_what_it_means(changes: dict[str, object], said: str) -> None:
    primary = replace(RESULT.primary, test=replace(TEST, pairs=changes.get("few", 8)))
    verdict = {"verdict": "can't tell yet", "lost": 1, "primary": primary}
    verdict |= {name: value for name, value in changes.items() if name != "few"}
    assert page.in_words(replace(RESULT, **verdict))[2] == said  # type: ignore[arg-type]


def test_a_small_effect_is_said_to_be_small() -> None:
    small = replace(RESULT.primary, test=replace(TEST, estimate=-0.99))
    assert (
        "It is smaller than what was to matter, 1 a minute."
        in page.in_words(replace(RESULT, primary=small))[2]
    )


def test_the_picture_has_a_dot_for_each_pair_and_the_mean_with_its_interval() -> None:
    svg = figure.draw((-1.0, -2.0, -3.0, 1.0), TEST, 1.0, "rate & more")
    dots = [
        tuple(map(float, found))
        for found in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="(\d)"', svg)
    ]
    assert len(dots) == 5
    across = [x for x, _, _ in dots]
    assert across == pytest.approx([120.0, 232.0, 344.0, 456.0, 680.0])
    assert [radius for _, _, radius in dots] == [5, 5, 5, 5, 7]
    # from 1 down to -3.004, and 8 % of that beyond each end, on 244 units below 16
    high, low = 1.0 + 0.08 * 4.004, -3.004 - 0.08 * 4.004
    heights = [16.0 + (high - value) / (high - low) * 244.0 for value in (-1, -2, -3, 1, -2)]
    assert [y for _, y, _ in dots] == pytest.approx(heights, abs=0.06)
    assert re.findall(r'text-anchor="middle"[^>]*>(.*?)</text>', svg) == [*"1234", "mean"]
    assert re.findall(r'text-anchor="end"[^>]*>(.*?)</text>', svg) == ["-3", "-2", "-1", "0", "1"]
    assert "difference of rate &amp; more" in svg
    band = re.search(r'<rect x="64" y="([\d.]+)" width="672" height="([\d.]+)"', svg)
    assert band is not None
    assert float(band[1]) == pytest.approx(heights[3], abs=0.06)
    assert float(band[2]) == pytest.approx(2.0 / (high - low) * 244.0, abs=0.11)
    assert svg.count('stroke-width="4"') == 1


def test_an_interval_without_ends_is_not_drawn() -> None:
    endless = replace(TEST, low=float("-inf"), high=float("inf"))
    svg = figure.draw((0.2, 0.1), endless, 0.05, "rate")
    assert 'stroke-width="4"' not in svg
    assert re.findall(r'text-anchor="end"[^>]*>(.*?)</text>', svg) == [
        "-0.05", "0", "0.05", "0.1", "0.15", "0.2",
    ]  # fmt: skip


def test_the_items_say_what_the_result_and_the_protocol_say() -> None:
    by_number = {(i.standard, i.number): i.text for i in checklist.items(RESULT)}
    for (standard, number), said in {
        ("CRED-nf", "2c"): "the program measures, and its analysis was fixed before the arms were "
        "opened",
        ("CRED-nf", "2d"): "adaptive: index 0.50 (-0.35 to 1.00)",
        ("CRED-nf", "3a"): "adaptive: relaxation 6.2 of 10",
        ("CRED-nf", "3d"): "beats are corrected, marked and kept raw; poor blocks: 1 pairs; gaps "
        "7 s in all",
        ("CRED-nf", "3e"): "adaptive: gaps 3 s; silence: gaps 4 s",
        ("CRED-nf", "4e"): "numpy 2.4",
        ("CONSORT-CENT", "2b"): "Does it slow my breath?",
        ("CONSORT-CENT", "5"): "1 adaptive, music that follows and leads the body; 2 silence, no "
        "music",
        ("CONSORT-CENT", "6a.1"): "breathing rate, mean of each block after 30 s",
        ("CONSORT-CENT", "6a.2"): "from H10; counted from quality 0.3 on",
        ("CONSORT-CENT", "8c"): "122",
        ("CONSORT-CENT", "13a"): "3 of 16 blocks complete, 2 other attempts, 1 missing, 1 pairs "
        "lost",
        ("CONSORT-CENT", "14a"): "2026-01-01 to 2026-01-03",
        ("CONSORT-CENT", "14b"): "as planned",
        ("CONSORT-CENT", "16"): "8 pairs",
        ("CONSORT-CENT", "17a"): "-2.00 a minute (-3.00 to -1.00), p = 0.0078",
        ("CONSORT-CENT", "19"): "dizzy (2); hot (1)",
        ("CONSORT-CENT", "23"): "frozen 2026-01-01, SHA-256 d16e57",
        ("CONSORT-CENT", "4a"): checklist.NOT_RECORDED,
    }.items():
        assert by_number[standard, number] == said, number


def test_a_page_is_written_whole(tmp_path: Path) -> None:
    assert page.write(tmp_path, RESULT) == tmp_path / "result.html"
    assert (tmp_path / "result.html").read_text(encoding="utf-8") == page.render(RESULT)
