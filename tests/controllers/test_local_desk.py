"""A running session takes markers, notes and ratings from other programs of its user, and no one
else's."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from biofeedback.cli.app import run
from biofeedback.common.clock import run_live
from biofeedback.common.errors import CommandError
from biofeedback.controllers.local_ipc import LocalIpc, ask, running_folder, running_sessions
from biofeedback.engine.command_validation import check
from biofeedback.engine.inputs import Command, CommandName, ExternalClock
from biofeedback.storage.paths import data_folder


class Taken:
    """A desk that keeps what it was asked, and refuses what a session refuses."""

    questions = None
    held = False

    def __init__(self) -> None:
        self.commands: list[tuple[str, str, str]] = []

    def command(self, who: str, what: CommandName, value: str = "") -> None:
        check(Command(who, what, value))
        self.commands.append((who, what, value))

    def silence(self, who) -> None:
        raise AssertionError

    def follow(self, clock: ExternalClock) -> None:
        raise AssertionError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    data_folder().mkdir()
    return data_folder()


def while_running(folder: Path, names: tuple[str, ...], *lines: list[str]) -> tuple[Taken, list]:
    """Give `mark` these command lines while sessions run; return what came, and exit codes."""

    async def body() -> tuple[Taken, list]:
        taken = Taken()
        desks = [LocalIpc(folder / name, lambda: 83.4) for name in names]
        for desk in desks:
            await desk.open()
        tasks = [asyncio.create_task(desk.run(taken)) for desk in desks]
        await asyncio.sleep(0)
        codes = [await asyncio.to_thread(run, ["mark", *line]) for line in lines]
        for task in tasks:
            task.cancel()
        for desk in desks:
            await desk.close()
            await desk.close()
        return taken, codes

    return run_live(body)


def test_the_command_line_marks_notes_and_rates(folder: Path, capsys) -> None:
    taken, codes = while_running(
        folder, ("S1",), ["door"], [], ["--note", "it is warm"],
        ["--rate", "arousal=7", "--rate", "valence=2"],
    )  # fmt: skip
    assert codes == [0, 0, 0, 0]
    assert taken.commands == [
        ("cli", "marker", "door"), ("cli", "marker", "marker"), ("cli", "note", "it is warm"),
        ("cli", "rating", "arousal=7"), ("cli", "rating", "valence=2"),
    ]  # fmt: skip
    assert capsys.readouterr().out.splitlines()[0] == "1:23 in S1"
    assert not list(running_folder().iterdir())


@pytest.mark.parametrize(
    ("names", "line", "message"),
    [
        ((), ["door"], "no session runs"),
        (("S1",), ["door", "--session", "S2"], "the session 'S2' does not run"),
        (("S1", "S2"), ["door"], "2 sessions run"),
        (("S1",), ["--note"], "a note needs its text"),
        (("S1",), ["--rate", "arousal=10"], "rating 'arousal=10' is not understood"),
        (("S1",), ["x" * 2001], "the text has 2001 characters"),
        (("S1",), ["x" * 20_000], "does not answer"),
    ],
)
def test_what_cannot_be_marked_is_one_clear_line(
    folder: Path, names: tuple[str, ...], line: list[str], message: str, capsys
) -> None:
    taken, codes = while_running(folder, names, line)
    assert codes == [2]
    assert taken.commands == []
    error = " ".join(capsys.readouterr().err.split())
    assert message in error
    assert "Hint:" in error


def test_of_several_sessions_one_can_be_named(folder: Path) -> None:
    taken, codes = while_running(folder, ("S1", "S2"), ["door", "--session", "S2"])
    assert codes == [0]
    assert len(taken.commands) == 1


def test_without_the_token_nothing_is_taken(folder: Path) -> None:
    async def body() -> tuple[Taken, bytes, int]:
        taken, desk = Taken(), LocalIpc(folder / "S1", lambda: 0.0)
        await desk.open()
        task = asyncio.create_task(desk.run(taken))
        (file,) = running_folder().iterdir()
        (place,) = await asyncio.to_thread(running_sessions)
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        guess = {"token": place.token[:-1], "what": "marker", "value": "x"}
        writer.write(json.dumps(guess).encode() + b"\n")
        answer = await reader.readline()
        writer.close()
        mode = file.stat().st_mode
        task.cancel()
        await desk.close()
        return taken, answer, mode

    taken, answer, mode = run_live(body)
    assert taken.commands == []
    assert b"token" in answer
    if os.name == "posix":
        assert stat.S_IMODE(mode) == 0o600


def test_what_a_killed_session_left_behind_is_taken_away(folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running_folder().mkdir()
    dead = running_folder() / "1-dead.json"
    dead.write_text(json.dumps({"session": "S1", "port": port, "token": "t"}))
    (running_folder() / "2-empty.json").write_text("")
    assert not running_sessions()
    assert not list(running_folder().iterdir())


def test_a_session_that_went_away_is_told(folder: Path) -> None:
    async def body() -> None:
        desk = LocalIpc(folder / "S1", lambda: 0.0)
        await desk.open()
        (place,) = await asyncio.to_thread(running_sessions)
        await desk.close()
        with pytest.raises(CommandError, match="does not answer"):
            await asyncio.to_thread(ask, place, "marker", "x")

    run_live(body)


def test_a_file_whose_port_is_another_sessions_by_now_is_taken_away(folder: Path) -> None:
    async def body() -> list[str]:
        desk = LocalIpc(folder / "S1", lambda: 0.0)
        await desk.open()
        (file,) = running_folder().iterdir()
        old = json.loads(file.read_text()) | {"session": "old", "token": "t"}
        (running_folder() / "0-old.json").write_text(json.dumps(old))
        found = await asyncio.to_thread(running_sessions)
        assert [path.name for path in running_folder().iterdir()] == [file.name]
        await desk.close()
        return [place.name for place in found]

    assert run_live(body) == ["S1"]
