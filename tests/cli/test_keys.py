import asyncio
import os
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO

import pytest

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.keys import Controls, Keyboard, listening
from biofeedback.common.stop_switch import StopSwitch
from biofeedback.config.loader import load
from biofeedback.record.lines import CommandLine, DecisionLine
from biofeedback.record.reader import read
from biofeedback.runtime.prompts import Prompts
from biofeedback.runtime.session import Session

termios = pytest.importorskip("termios", reason="Windows has no pseudo-terminals")
ECHO_AND_LINES = termios.ICANON | termios.ECHO


def commands_of(keys: str, out: Path, volume: float = 0.7) -> list[tuple[str, str]]:
    """Press one key every two seconds of a session in virtual time; return what was logged."""

    async def press(session: Session) -> None:
        controls = Controls(session)
        for key in keys:
            await asyncio.sleep(2.0)
            controls.press(key)

    plan = SessionPlan(config=load(), sensors=("sim:",), out=out, duration_s=30.0, volume=volume)
    folder = SessionRunner(plan).run(press).folder
    logged = [line for _, line in read(folder) if isinstance(line, CommandLine)]
    return [(line.what, line.value) for line in logged if line.who == "key"]


def test_markers_are_numbered_and_other_keys_do_nothing(tmp_path: Path) -> None:
    assert commands_of("mxm\n", tmp_path) == [("marker", "marker 1"), ("marker", "marker 2")]


def test_space_holds_and_resumes_in_turn(tmp_path: Path) -> None:
    assert commands_of("  ", tmp_path) == [("hold", ""), ("resume", "hold")]
    whys = [
        line.why for _, line in read(next(tmp_path.iterdir())) if isinstance(line, DecisionLine)
    ]
    assert any("hold" in why for why in whys)


def test_volume_moves_in_steps_from_where_the_session_is_and_stays_in_range(
    tmp_path: Path,
) -> None:
    assert commands_of("+++-", tmp_path, volume=0.92) == [
        ("volume", "0.97"), ("volume", "1.00"), ("volume", "0.95"),
    ]  # fmt: skip
    assert commands_of("---", tmp_path, volume=0.05) == [("volume", "0.00")]


def test_q_ends_with_a_last_bar_and_a_second_q_at_once(tmp_path: Path) -> None:
    assert commands_of("pqqq", tmp_path) == [("panic", ""), ("stop", ""), ("stop", "")]
    *_, end = (line for _, line in read(next(tmp_path.iterdir())))
    assert end.t == pytest.approx(6.0)  # not the many seconds of a last bar at rest


class Typed:
    """A pseudo-terminal on which somebody types while keys are listened to."""

    def __init__(self, *pieces: bytes, last: str, failing: bool = False) -> None:
        self.keys: list[str] = []
        self.modes = 0
        self._pieces, self._last, self._failing = pieces, last, failing
        self._keyboard, self._terminal = os.openpty()
        before = termios.tcgetattr(self._terminal)
        try:
            with open(self._terminal, closefd=False) as stream:
                asyncio.run(self._listen(stream))
        finally:
            self.restored = termios.tcgetattr(self._terminal) == before
            os.close(self._keyboard)
            os.close(self._terminal)

    async def _listen(self, stream: TextIO) -> None:
        done = asyncio.Event()

        def pressed(key: str) -> None:
            self.keys.append(key)
            if key == self._last:
                done.set()

        with suppress(ZeroDivisionError), listening(pressed, stream) as possible:
            assert possible
            self.modes = termios.tcgetattr(self._terminal)[3]
            for piece in self._pieces:
                os.write(self._keyboard, piece)
                await asyncio.sleep(0.05)  # so that it is read before the next one is typed
            async with asyncio.timeout(5.0):
                await done.wait()
            assert not self._failing or 1 / 0


@pytest.mark.parametrize("failing", [False, True])
def test_keys_come_without_return_and_the_terminal_is_restored(failing: bool) -> None:
    typed = Typed(b"m +", last="+", failing=failing)
    assert typed.keys == ["m", " ", "+"]
    assert not typed.modes & ECHO_AND_LINES
    assert typed.modes & termios.ISIG  # Ctrl-C stays an interrupt
    assert typed.restored


def test_an_arrow_key_is_no_letter() -> None:
    assert Typed(b"\x1b[A", b"q", last="q").keys == ["q"]


def test_q_stops_before_there_is_a_session_and_then_the_session_has_the_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typing, terminal = os.openpty()
    keys: list[str] = []

    async def type_q(stop: StopSwitch) -> None:
        keyboard = Keyboard()
        async with asyncio.timeout(5.0):
            with keyboard.opened(stop):
                with keyboard.given(keys.append, stop) as there:
                    assert there
                    os.write(typing, b"q")
                    while not keys:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                assert not stop.pressed
                os.write(typing, b"xq")
                await stop.wait_at_once()

    try:
        with open(terminal, closefd=False) as stream:
            monkeypatch.setattr("sys.stdin", stream)
            asyncio.run(type_q(StopSwitch()))
    finally:
        os.close(typing)
        os.close(terminal)
    assert keys == ["q"]


def test_a_file_is_no_keyboard(tmp_path: Path) -> None:
    async def listen() -> bool:
        with (tmp_path / "input").open("w+") as stream, listening(print, stream) as possible:
            return possible

    assert asyncio.run(listen()) is False


def test_r_and_a_digit_rate_how_relaxed_one_is_and_a_digit_alone_means_nothing(
    tmp_path: Path,
) -> None:
    assert commands_of("7r7rx3", tmp_path) == [("rating", "relaxation=7")]


def test_one_key_says_that_one_feels_unwell_and_the_music_backs_off(tmp_path: Path) -> None:
    assert commands_of("d", tmp_path) == [("adverse", "felt unwell"), ("rating", "distress=9")]
    decisions = [
        line for _, line in read(next(tmp_path.iterdir())) if isinstance(line, DecisionLine)
    ]
    assert decisions[-1].cause == "stop:distress"


def test_g_goes_on_after_a_stop_and_space_says_that_the_stop_stays() -> None:
    asked: list[tuple[str, ...]] = []
    session = SimpleNamespace(
        questions=None, held=True, held_back=True, command=lambda *words: asked.append(words)
    )
    controls, said = Controls(session), []
    for key in " g":
        controls.press(key)
        said.append(controls.said)
    session.held_back = False
    controls.press("g")
    assert asked == [("key", "resume", "hold"), ("key", "resume")]
    assert said == ["No longer held. The stop stays; g goes on.", "The music follows again."]
    assert controls.said == "No stop rule holds the music back."


def test_t_slows_and_a_capital_t_hurries_in_steps(tmp_path: Path) -> None:
    slower, slower_still, faster = commands_of("ttT", tmp_path)
    first, second, third = (float(value.partition("=")[2]) for _, value in
                            (slower, slower_still, faster))  # fmt: skip
    assert (second, third) == (first - 4.0, first)


def test_a_raised_two_is_no_answer_to_a_question() -> None:
    session = SimpleNamespace(questions=Prompts(5.0))
    Controls(session).press("\u00b2")
