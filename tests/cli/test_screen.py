import asyncio
import io
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.board import Board
from biofeedback.cli.screen import watch
from biofeedback.config.loader import load
from biofeedback.runtime.session import Session
from biofeedback.simulation.listener import resting_baseline
from biofeedback.views.live_view import LiveView
from biofeedback.views.picture import Picture


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """What is shown after two minutes of a simulated body, held as it is."""
    pictures: list[Picture] = []

    async def follow(session: Session) -> None:
        events, view = session.bus.subscribe(4096), LiveView(session.duration_s, session.volume)
        while True:
            for event in events.drain():
                view.feed(event)
            if view.picture().t < 115.0:  # the sensor has not ended yet
                pictures.append(view.picture())
            await asyncio.sleep(0.25)

    plan = SessionPlan(
        config=load(),
        sensors=("sim:",),
        out=tmp_path_factory.mktemp("sessions"),
        duration_s=120.0,
        baseline=resting_baseline(1),
    )
    SessionRunner(plan).run(follow)
    return replace(pictures[-1], held=True)


def drawn(
    picture: Picture,
    width: int,
    *,
    colours: bool = False,
    plain: bool = False,
    wordless_s: float = 0.0,
) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, height=24, force_terminal=colours, legacy_windows=False
    )
    board = Board(simulated=True)
    said = "Marker 1 is set."
    console.print(board.screen(picture, width, said=said, plain=plain, wordless_s=wordless_s))
    return file.getvalue()


def words(picture: Picture, width: int = 80, wordless_s: float = 0.0) -> str:
    """Return the screen as one line of words."""
    lines = drawn(picture, width, wordless_s=wordless_s).splitlines()
    return " ".join(" ".join(line.strip("│╭╮╰╯─ ") for line in lines).split())


@pytest.mark.slow
@pytest.mark.parametrize("width", [140, 80, 60])
def test_the_screen_fits_its_terminal_and_says_all_there_is(picture: Picture, width: int) -> None:
    lines = drawn(picture, width).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= width
    text = words(picture, width)
    for part in (
        "simulated, not a person", "battery 100 %", "skin contact", "heart rate", "bpm", "RMSSD",
        "SCL", "uS", "likely", "confidence", "notes a beat", "volume 0.70", "held", "calm",
        "aroused", "m marker", "space resume", "q stop", "Marker 1 is set.",
    ):  # fmt: skip
        assert part in text, part
    assert " ".join(picture.why.split()) in text


def test_how_to_go_on_is_shown_while_a_stop_rule_holds_the_music_back(picture: Picture) -> None:
    assert "g go on m marker" in words(replace(picture, stopped=True))
    assert "g go on" not in words(picture)
    assert len(drawn(replace(picture, stopped=True), 80).splitlines()) <= 24


def test_arousal_and_its_interval_are_marks_on_one_line(picture: Picture) -> None:
    fixed = replace(picture, arousal=0.5, low=0.25, high=0.75, confidence=0.8, setpoint=None)
    line = next(line for line in drawn(fixed, 77, plain=True).splitlines() if "calm" in line)
    marks = line[line.index("calm ") + 5 : line.index(" aroused")]
    assert marks.index("=") / len(marks) == pytest.approx(0.25, abs=0.03)
    assert marks.index("O") / len(marks) == pytest.approx(0.5, abs=0.03)
    assert marks.rindex("=") / len(marks) == pytest.approx(0.75, abs=0.03)


def test_without_colours_there_is_no_escape_code(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in drawn(picture, 80)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in drawn(picture, 80, colours=True).replace("\x1b[3m", "")  # italics stay


def test_a_screen_before_the_first_sample_is_whole_as_well() -> None:
    text = drawn(Picture(), 60)
    assert "waiting for a sensor" in text
    assert "not known yet" in text


def test_an_output_that_is_lost_is_told(picture: Picture) -> None:
    lost = replace(picture, troubles=("the audio device has gone",))
    assert "the audio device has gone; trying again" in words(lost)


def test_what_is_noted_of_the_body_is_shown(picture: Picture) -> None:
    assert "Your skin hardly answers here" in words(replace(picture, notes=("skin_silent",)))


def test_the_phase_of_a_programme_is_shown(picture: Picture) -> None:
    led = replace(picture, phase="lead", phase_left_s=95.0)
    assert "lead · at most 1:35 left" in words(led)


def test_without_a_terminal_there_are_plain_lines_now_and_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = load(settings=["music.style=piano"])
    plan = SessionPlan(config=config, sensors=("sim:",), out=tmp_path, duration_s=60.0)
    SessionRunner(plan).run(watch)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "\x1b" not in captured.err
    lines = captured.err.splitlines()
    assert lines[0] == "The body is simulated, not a person."
    assert lines[1] == "The first 180 s learn your rest: sit still."
    assert "simulated, connected, battery 100 %" in lines[2]
    assert 5 <= len([line for line in lines if "heart rate" in line]) <= 6
