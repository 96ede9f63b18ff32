import asyncio
import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from biofeedback.cli.board import Board
from biofeedback.cli.screen import watch
from biofeedback.config import load
from biofeedback.launch import Performance, Plan
from biofeedback.session import Session
from biofeedback.simulation.rest import resting_baseline
from sensors.base import SensorStatus


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """What the screen knows after two minutes of a simulated body."""
    boards: list[Board] = []

    async def follow(session: Session) -> None:
        events = session.hub.subscribe(4096)
        boards.append(Board(session.simulated, session.duration_s))
        while True:
            for event in events.drain():
                boards[0].take(event)
            await asyncio.sleep(0.25)

    plan = Plan(
        config=load(),
        sensors=("sim:",),
        out=tmp_path_factory.mktemp("sessions"),
        duration_s=120.0,
        baseline=resting_baseline(1),
    )
    Performance(plan).run(follow)
    return boards[0]


def drawn(board: Board, width: int, *, colours: bool = False, plain: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, height=24, force_terminal=colours, legacy_windows=False
    )
    console.print(board.picture(width, volume=0.7, held=True, said="Marker 1 is set.", plain=plain))
    return file.getvalue()


@pytest.mark.parametrize("width", [140, 80, 60])
def test_the_screen_fits_its_terminal_and_says_all_there_is(board: Board, width: int) -> None:
    lines = drawn(board, width).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(line.strip("│╭╮╰╯─ ") for line in lines).split())
    for part in (
        "simulated, not a person", "battery 100 %", "skin contact", "heart rate", "bpm", "RMSSD",
        "SCL", "uS", "likely", "confidence", "notes a beat", "volume 0.70", "held", "calm",
        "aroused", "m marker", "space resume", "q stop", "Marker 1 is set.",
    ):  # fmt: skip
        assert part in text, part
    assert board.decision is not None
    assert " ".join(board.decision.why.split()) in text


def test_arousal_and_its_interval_are_marks_on_one_line(board: Board) -> None:
    assert board.state is not None
    state = replace(board.state, arousal=0.5, low=0.25, high=0.75, confidence=0.8)
    fixed = replace(board, state=state, decision=None)
    line = next(line for line in drawn(fixed, 77, plain=True).splitlines() if "calm" in line)
    marks = line[line.index("calm ") + 5 : line.index(" aroused")]
    assert marks.index("=") / len(marks) == pytest.approx(0.25, abs=0.03)
    assert marks.index("O") / len(marks) == pytest.approx(0.5, abs=0.03)
    assert marks.rindex("=") / len(marks) == pytest.approx(0.75, abs=0.03)


def test_without_colours_there_is_no_escape_code(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in drawn(board, 80)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in drawn(board, 80, colours=True).replace("\x1b[3m", "")  # italics stay


def test_a_screen_before_the_first_sample_is_whole_as_well() -> None:
    text = drawn(Board(), 60)
    assert "waiting for a sensor" in text
    assert "not known yet" in text


def test_a_strap_that_answers_takes_the_place_of_the_search() -> None:
    board = Board()
    board.take(SensorStatus("Polar", 0.0, "searching"))
    board.take(SensorStatus("Band", 0.0, "searching"))
    board.take(SensorStatus("Polar H10 123", 2.0, "connecting"))
    assert list(board.sensors) == ["Band", "Polar H10 123"]


def test_an_output_that_is_lost_is_told(board: Board) -> None:
    text = drawn(replace(board, troubles=["the audio device has gone"]), 80)
    assert "the audio device has gone; trying again" in text


def test_the_time_left_counts_from_the_first_sample(board: Board) -> None:
    assert board.began_s is not None
    early = replace(board, now_s=board.began_s + 20.0)
    assert early.left_s == pytest.approx(100.0)
    assert replace(early, duration_s=None).left_s is None


def test_without_a_terminal_there_are_plain_lines_now_and_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = load(settings=["music.style=piano"])
    plan = Plan(config=config, sensors=("sim:",), out=tmp_path, duration_s=60.0)
    Performance(plan).run(watch)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "\x1b" not in captured.err
    lines = captured.err.splitlines()
    assert lines[0] == "The body is simulated, not a person."
    assert lines[1] == "The first 180 s learn your rest: sit still."
    assert "simulated, connected, battery 100 %" in lines[2]
    assert 5 <= len([line for line in lines if "heart rate" in line]) <= 6


def test_the_phase_of_a_programme_and_a_stop_are_shown(board: Board) -> None:
    assert board.decision is not None
    numbers = {**board.decision.numbers, "phase_left_s": 95.0}
    board.take(replace(board.decision, phase="lead", numbers=numbers, cause="stop:distress"))
    shown = drawn(board, 80)
    assert "lead · at most 1:35 left" in shown
