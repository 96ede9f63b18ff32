"""A trial's rules, on logs written for the purpose: what counts, what is lost, what is refused."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest

from biofeedback.common.errors import TrialError
from biofeedback.config.schema import Config
from biofeedback.control.yoked import YokedSettings
from biofeedback.record import lines
from biofeedback.record.line import encode
from biofeedback.record.reader import LOG_NAME
from biofeedback.trials import checklist, page
from biofeedback.trials.allocation import Allocation, draw, open_sealed, seal
from biofeedback.trials.analysis import analyse
from biofeedback.trials.design import TrialDesign, freeze
from biofeedback.trials.folder import Trial, find
from biofeedback.trials.protocol import sha256

TODAY, LATER = date(2026, 1, 1), date(2999, 1, 1)
DESIGN = TrialDesign(
    name="t", question="", person=None, arms=["adaptive", "silence"], pairs=8, block_minutes=1.0,
    washout_minutes=0.5, settle_s=10.0, end_point="breathing_rate", smallest=1.0, alpha=0.05,
    adaptive="breathe", style="ambient",
)  # fmt: skip
PARAMS = lines.ParamsItem(60.0, "D ionian", 1.0, 0.5, 0.0, 0.5, 0.2, 0.9, 0.0, 0.0, [])


def played(
    trial: Trial,
    block: int,
    rate: float,
    *,
    attempt: int = 1,
    complete: bool = True,
    known: float = 1.0,
    said: list[tuple[str, str]] | None = None,
) -> Path:
    """Write the log of a block in which the breathing rate was `rate`."""
    folder = trial.sessions / f"b{block:03}-{attempt}"
    folder.mkdir(parents=True)
    written: list[lines.Line] = [
        lines.HeaderLine(
            t=0.0, seq=0, schema=lines.SCHEMA, versions={}, platform="", seed=1, mode="virtual",
            started_utc=f"2026-01-01T{block:02}:{attempt:02}:00.000+00:00", sensors=["sim:"],
            outputs=[], profile=None, simulated=False, baseline=msgspec.Raw(b"null"),
            config=msgspec.Raw(msgspec.json.encode(Config())),
            trial=lines.TrialItem(
                name=trial.protocol.name, protocol=trial.digest, block=block, attempt=attempt
            ),
        )
    ]  # fmt: skip
    phases = ["before"] * 30 + ["block"] * 60 + (["answers"] if complete else [])
    for second, phase in enumerate(phases, 1):
        written.append(
            lines.DecisionLine(
                t=float(second), seq=len(written), strategy="breathe", setpoint=None,
                params=PARAMS, why="", numbers={}, phase=phase,
            )
        )  # fmt: skip
        value = rate if phase == "block" and second <= 30 + 60 * known else None
        item = lines.ReadingItem("breathing_rate", value, "1/min", 60.0, 0.0, 0.8, 1.0)
        written.append(
            lines.ReadingLine(t=float(second), seq=len(written), readings=[item])
        )  # fmt: skip
    for what, text in said or []:
        written.append(
            lines.CommandLine(t=95.0, seq=len(written), who="key", what=what, value=text)
        )  # fmt: skip
    (folder / LOG_NAME).write_bytes(b"".join(encode(line) + b"\n" for line in written))
    return folder


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return freeze(tmp_path, DESIGN, days=30, seed=3)


def run_all(trial: Trial, rate: Callable[[str, int], float]) -> None:
    allocation = trial.allocation()
    for block in range(1, trial.protocol.blocks + 1):
        arm = allocation.arm(block)
        guess = [("guess", arm if block % 2 else "skip"), ("rating", "relaxation=6")]
        played(trial, block, rate(arm, block), said=guess)


def lower(arm: str, block: int) -> float:
    return 14.0 + 0.1 * (block % 5) - (2.0 if arm == "adaptive" else 0.0)


@pytest.mark.slow
def test_a_clear_difference_is_an_effect(trial: Trial) -> None:
    run_all(trial, lower)
    found = analyse(trial, TODAY)
    assert found.verdict == "effect"
    assert found.primary.test.estimate == pytest.approx(-2.0, abs=0.2)
    assert found.primary.test.pairs == 8
    assert found.primary.test.p == pytest.approx(2 / 256)
    assert found.primary.posterior is not None
    assert found.primary.posterior.mean == pytest.approx(-2.0, abs=0.3)
    assert found.needed == 0
    assert found.ratings["silence"] == {"relaxation": 6.0}
    assert sum(b.skipped for b in found.blinding.values()) == 8


@pytest.mark.slow
def test_no_difference_is_no_effect_shown(trial: Trial) -> None:
    run_all(trial, lambda arm, block: 14.0 + 0.1 * (block * 7 % 5))
    assert analyse(trial, TODAY).verdict == "no effect shown"


@pytest.mark.slow
def test_too_much_noise_says_how_many_sessions_are_needed(trial: Trial) -> None:
    run_all(trial, lambda arm, block: 14.0 + (-1.0) ** (block // 3) * (block % 4))
    found = analyse(trial, TODAY)
    assert found.verdict == "can't tell yet"
    assert found.needed > 8
    assert f"{2 * found.needed} sessions" in page.in_words(found)[-1]


@pytest.mark.slow
def test_before_the_end_there_is_no_verdict_however_clear_it_looks(trial: Trial) -> None:
    allocation = trial.allocation()
    for block in range(1, 15):
        played(trial, block, lower(allocation.arm(block), block))
    found = analyse(trial, TODAY)
    assert found.primary.test.p <= 0.05
    assert found.verdict == "can't tell yet"
    assert found.needed == 1
    assert analyse(trial, LATER).verdict == "effect"  # the stop date is past: 7 of 8 pairs


def test_an_interrupted_block_is_due_again_and_the_first_complete_attempt_counts(
    trial: Trial,
) -> None:
    played(trial, 1, 99.0, complete=False)
    item = trial.next_item(trial.attempts())
    assert item is not None
    assert (item.block, item.attempt) == (1, 2)
    played(trial, 1, 12.0, attempt=2)
    played(trial, 1, 77.0, attempt=3)
    item = trial.next_item(trial.attempts())
    assert item is not None
    assert item.block == 2
    found = analyse(trial, TODAY)
    assert [block.values["breathing_rate"].mean for block, _ in found.blocks] == [12.0]
    assert found.interrupted == 2


def test_a_block_that_failed_three_times_is_given_up(trial: Trial) -> None:
    for attempt in (1, 2, 3):
        played(trial, 1, 12.0, attempt=attempt, complete=False)
    item = trial.next_item(trial.attempts())
    assert item is not None
    assert item.block == 2


@pytest.mark.slow
def test_poor_blocks_lose_their_pair_and_too_many_lose_the_verdict(trial: Trial) -> None:
    allocation = trial.allocation()
    for block in range(1, 17):
        known = 0.4 if block in (3, 7) else 1.0
        said = [("override", "level=0.9")] if block == 9 else []
        played(trial, block, lower(allocation.arm(block), block), known=known, said=said)
    found = analyse(trial, TODAY)
    assert found.primary.test.pairs == 5
    assert found.primary.poor == 3
    assert found.lost == 3
    assert found.verdict == "can't tell yet"
    assert any("Too many pairs are lost" in said for said in page.in_words(found))


def test_a_changed_log_is_named_and_does_not_count(trial: Trial) -> None:
    run_all(trial, lower)
    path = trial.sessions / "b004-1" / LOG_NAME
    path.write_bytes(path.read_bytes().replace(b"relaxation=6", b"relaxation=9"))
    found = analyse(trial, TODAY)
    assert found.primary.test.pairs == 7
    (problem,) = [block.problem for block, _ in found.blocks if block.problem]
    assert "changed" in problem


def test_the_allocation_is_drawn_evenly_and_given_again_by_its_seed() -> None:
    order = draw(5, ("adaptive", "yoked"), 2000)
    assert order == draw(5, ("adaptive", "yoked"), 2000)
    assert all(sorted(pair) == ["adaptive", "yoked"] for pair in order)
    assert 900 < sum(pair[0] == "adaptive" for pair in order) < 1100


def test_the_sealed_file_does_not_show_the_arms_and_refuses_a_change() -> None:
    streams = {"2": YokedSettings(level=(0.1,), tempo_bpm=(50.0,), swell=(1.0,))}
    allocation = Allocation(seed=1, salt="s", order=(("adaptive", "yoked"),), streams=streams)
    raw = seal(allocation)
    assert b"adaptive" not in raw
    assert b"yoked" not in raw
    assert open_sealed(raw, sha256(raw), "x") == allocation
    with pytest.raises(TrialError, match="was changed after it was sealed"):
        open_sealed(raw[:-3] + b"0\n", sha256(raw), "x")


@pytest.mark.parametrize("name", ["protocol.toml", "allocation.sealed"])
def test_an_edited_file_stops_the_trial_with_one_line_and_loses_nothing(
    trial: Trial, name: str
) -> None:
    played(trial, 1, 12.0)
    before = (trial.sessions / "b001-1" / LOG_NAME).read_bytes()
    path = trial.folder / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(TrialError, match=f"{name} was changed") as caught:
        find(trial.folder.parent, "t").allocation()
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert (trial.sessions / "b001-1" / LOG_NAME).read_bytes() == before


def test_a_protocol_that_was_frozen_anew_does_not_fit_the_blocks(trial: Trial) -> None:
    played(trial, 1, 12.0)
    path = trial.folder / "protocol.toml"
    raw = path.read_bytes().replace(b"smallest = 1.0", b"smallest = 9.0")
    path.write_bytes(raw)
    (trial.folder / "protocol.sha256").write_text(sha256(raw))
    with pytest.raises(TrialError, match="under another protocol"):
        find(trial.folder.parent, "t").attempts()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pairs": 4}, "can't show an effect"),
        ({"arms": ["adaptive"]}, "two or more"),
        ({"arms": ["adaptive", "placebo"]}, "placebo"),
        ({"settle_s": 60.0}, "nothing of the block is left"),
        ({"name": "silence-or-not"}, "names an arm"),
        ({"name": "../up"}, "no name"),
        ({"end_point": "mood"}, "mood"),
    ],
)
def test_a_trial_that_cannot_be_performed_is_refused_and_nothing_is_written(
    changes: dict[str, object], said: str, tmp_path: Path
) -> None:
    design = msgspec.structs.replace(DESIGN, **changes)
    with pytest.raises(TrialError, match=said):
        freeze(tmp_path, design, days=30)
    assert not list(tmp_path.iterdir())


def test_a_name_is_given_once(trial: Trial) -> None:
    with pytest.raises(TrialError, match="there is a trial"):
        freeze(trial.folder.parent, DESIGN, days=30)


def test_every_item_of_the_checklists_is_filled_or_says_so(trial: Trial) -> None:
    run_all(trial, lower)
    found = checklist.items(analyse(trial, TODAY))
    assert {item.standard for item in found} == {"CRED-nf", "CONSORT-CENT"}
    assert len(found) == 23 + 38
    assert all(item.text for item in found)
    by_number = {(item.standard, item.number): item.text for item in found}
    assert trial.digest in by_number["CRED-nf", "1a"]
    assert "-2.0" in by_number["CONSORT-CENT", "17a"]
    assert by_number["CONSORT-CENT", "25"] == checklist.NOT_RECORDED


@pytest.mark.slow
def test_the_page_says_the_verdict_first(trial: Trial) -> None:
    run_all(trial, lower)
    html = page.render(analyse(trial, TODAY))
    assert "<h1>Trial t: effect</h1>" in html
    assert "<script" not in html
    assert html.count("<circle") == 9  # eight pairs, and the mean
