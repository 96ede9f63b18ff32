"""A trial as its listener meets it: block after block, none of which says what it is."""

from pathlib import Path

import msgspec
import pytest

from biofeedback.cli.app import run
from biofeedback.cli.blind import BlockWatch, PreparedAnswers
from biofeedback.control.base import Decision
from biofeedback.control.yoked import YokedSettings
from biofeedback.record import lines
from biofeedback.record.reader import read, read_header
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.trials.allocation import Allocation
from biofeedback.trials.folder import Trial, create
from biofeedback.trials.protocol import ARMS, Arm, Protocol
from synth.params import MusicParams

ORDER: tuple[Arm, ...] = ("yoked", "silence", "fixed6", "adaptive")
STREAM = YokedSettings(every_s=10.0, level=(0.1, 0.4), tempo_bpm=(50.0, 60.0), swell=(0.0, 1.0))


def made(root: Path) -> Trial:
    protocol = Protocol(
        name="t", arms=tuple(ARMS), pairs=6, block_minutes=1.0, washout_minutes=0.5, settle_s=10.0,
        smallest=1.0, stop_date="2999-01-01", created_utc="", allocation_sha256="",
    )  # fmt: skip
    allocation = Allocation(seed=1, salt="", order=(ORDER,) * 6, streams={"1": STREAM})
    return create(root, protocol, allocation)


NEXT = ("trial", "next", "t", "-s", "sim:listener", "--fast", "--relaxation", "7")


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, list[str]]:
    """Four blocks, one of each arm, and what was printed at each."""
    import contextlib
    import io

    trial = made(tmp_path_factory.mktemp("trials"))
    printed = []
    for number in range(1, 5):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            assert run([*NEXT, "--guess", "silence", "--out", str(trial.folder.parent)]) == 0
        text = out.getvalue() + err.getvalue()
        printed.append(text.replace(f"Block {number}", "Block N").replace(f"{number} of", "N of"))
    return trial, printed


@pytest.mark.slow
def test_every_arm_looks_alike_on_the_screen(four: tuple[Trial, list[str]]) -> None:
    _, printed = four
    assert len(set(printed)) == 1


@pytest.mark.slow
def test_lists_and_file_names_never_name_an_arm(
    four: tuple[Trial, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    trial, _ = four
    assert run(["sessions", "list", "--out", str(trial.sessions)]) == 0
    assert run(["trial", "list", "--out", str(trial.folder.parent)]) == 0
    shown = capsys.readouterr().out.replace(str(trial.folder.parent), "")
    names = " ".join(str(path.relative_to(trial.folder)) for path in trial.folder.rglob("*"))
    words = (*ARMS, "lead", "breathe", "fixed", "6 a minute")
    assert not [word for word in words if word in shown + names]
    left = {p.name for p in trial.folder.rglob("*") if p.is_file() and "jsonl" not in p.name}
    assert left - {".index.json"} <= {"protocol.toml", "protocol.sha256", "allocation.sealed"} | {
        path.name for path in trial.sessions.iterdir() if path.is_file()
    }


@pytest.mark.slow
def test_each_block_is_logged_and_proves_itself(four: tuple[Trial, list[str]]) -> None:
    trial, _ = four
    attempts = trial.attempts()
    assert [attempt.block for attempt in attempts] == [1, 2, 3, 4]
    for attempt in attempts:
        verdict = verify(attempt.folder, core_of)
        assert verdict.difference is None
        assert verdict.complete
        header = read_header(attempt.folder)
        assert header.trial is not None
        assert header.trial.protocol == trial.digest
        commands = {
            line.what: line.value
            for _, line in read(attempt.folder)
            if isinstance(line, lines.CommandLine)
        }
        assert commands["guess"] == "silence"
        assert commands["rating"] == "relaxation=7"


def test_each_arm_plays_what_it_is(four: tuple[Trial, list[str]]) -> None:
    trial, _ = four
    played = {}
    for attempt in trial.attempts():
        decisions = [
            line for _, line in read(attempt.folder) if isinstance(line, lines.DecisionLine)
        ]
        inside = [line for line in decisions if line.phase == "block"]
        played[trial.allocation().arm(attempt.block)] = inside
        assert all(line.params.rest for line in decisions if line.phase == "before")
    assert all(line.params.rest for line in played["silence"])
    assert played["fixed6"][-1].params.tempo_bpm == pytest.approx(48.0, abs=0.6)
    assert played["fixed6"][-1].params.swell == 1.0
    assert played["adaptive"][-1].strategy == "breathe"
    assert [line.numbers["wanted_level"] for line in played["yoked"]][:18] == [0.1] * 18
    assert played["yoked"][-1].numbers["wanted_level"] == 0.4


def test_the_picture_of_a_block_depends_on_nothing_that_is_played() -> None:
    shown = []
    for strategy, why, tempo in (("lead", "It leads.", 60.0), ("silence", "A pause.", 99.0)):
        watch = BlockWatch("Block 1 of 2", ["adaptive", "silence"], PreparedAnswers())
        decision = Decision(
            1.0, strategy, None, MusicParams(tempo_bpm=tempo), why, {"phase_left_s": 60.0},
            cause=strategy, phase="block",
        )  # fmt: skip
        watch.take(decision)
        shown.append(watch._line())
    assert shown[0] == shown[1]


def test_a_trial_is_designed_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--arms", "fixed6,silence", "--pairs", "6", "--out", str(tmp_path)]
    assert run(["trial", "new", "spring", *options]) == 0
    assert "SHA-256" in capsys.readouterr().out
    assert run(["trial", "analyse", "spring", "--out", str(tmp_path)]) == 0
    assert "12 are still needed" in " ".join(capsys.readouterr().out.split())
    assert run(["trial", "show", "spring", "--out", str(tmp_path), "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["next"] == 1


def test_looking_early_is_noted_and_gives_no_verdict(
    four: tuple[Trial, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    trial, _ = four
    out = ["--out", str(trial.folder.parent)]
    assert run(["trial", "analyse", "t", "--unblind-early", "--json", *out]) == 0
    found = msgspec.json.decode(capsys.readouterr().out)
    assert found["verdict"] == "can't tell yet"
    assert found["early_looks"] == 1
    assert len(trial.looks()) == 1
    assert run(["trial", "analyse", "t", *out]) == 0  # sealed again
    assert "stay sealed" in capsys.readouterr().out


def test_a_sealed_file_that_was_edited_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = made(tmp_path)
    path = trial.folder / "allocation.sealed"
    path.write_bytes(path.read_bytes()[:-2] + b"x\n")
    for command in (list(NEXT), ["trial", "analyse", "t", "--unblind-early"]):
        assert run([*command, "--out", str(tmp_path)]) == 2
        error = capsys.readouterr().err
        assert error.count("Error:") == 1
        assert "was changed after it was sealed" in error
        assert "Traceback" not in error
    assert not trial.looks()
    assert not list(trial.sessions.iterdir())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["next", "none"], "there is no trial"),
        (["next", "t", "-s", "sim:", "--fast", "--guess", "lead"], "no such arm"),
        (["power", "--pairs", "many"], "not a list"),
    ],
)
def test_a_mistake_is_one_line(
    command: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path)
    options = [] if command[0] == "power" else ["--out", str(tmp_path)]
    assert run(["trial", *command, *options]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_the_power_table_has_its_notice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trial", "power", "--pairs", "6,8", "--people", "200"]) == 0
    assert "simulated" in capsys.readouterr().out
