"""Help and completion: reachable both ways, no line cut, words that end where lines do."""

import os
from collections.abc import Iterator

import pytest
from rich.console import Console
from typer.main import get_command
from typer.testing import CliRunner

from biofeedback.cli import console
from biofeedback.cli.app import run
from biofeedback.cli.commands import app

GROUPS = ("", "sessions", "profile", "trial", "consent", "mqtt", "key", "hearing")
WIDTH = 78  #: what help uses of eighty columns


@pytest.mark.parametrize("group", GROUPS)
def test_no_command_s_line_is_cut_at_eighty_columns(group: str) -> None:
    whole = get_command(app)
    context = whole.make_context("biofeedback", [], resilient_parsing=True)
    assert whole.get_command(context, "all of them") is None  # type: ignore[attr-defined]
    commands = (whole.commands[group] if group else whole).commands  # type: ignore[attr-defined]
    shown = {name: command for name, command in commands.items() if not command.hidden}
    room = WIDTH - 6 - max(map(len, shown))
    lines = [command.get_short_help_str(room) for command in shown.values()]
    assert lines
    assert [line for line in lines if line.endswith("...")] == []


@pytest.mark.parametrize("line", ["-h", "run -h", "sessions list -h"])
def test_the_short_form_of_help_works_everywhere(line: str) -> None:
    assert CliRunner().invoke(app, line.split()).exit_code == 0


def test_analyse_and_analyze_are_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyse", "nowhere"]) == run(["analyze", "nowhere"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert sum("no recording at nowhere" in line for line in errors) == 2
    assert run(["trial", "analyze", "nowhere"]) == run(["trial", "analyse", "nowhere"]) == 2


def test_a_shell_completes_commands_and_options() -> None:
    command = get_command(app)
    context = command.make_context("biofeedback", [], resilient_parsing=True)
    assert {item.value for item in command.shell_complete(context, "re")} == {
        "replay", "render", "report",
    }  # fmt: skip


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    out = Console(width=40, force_terminal=True, soft_wrap=True, file=open(os.devnull, "w"))
    monkeypatch.setattr(console, "_console", lambda *, stderr: out)
    yield out
    out.file.close()


def test_a_line_of_a_paragraph_ends_between_words(narrow: Console) -> None:
    with narrow.capture() as capture:
        console.paragraph("This is music that follows your heart and skin, for relaxation.")
    assert [line.rstrip() for line in capture.get().splitlines()] == [
        "This is music that follows your heart", "and skin, for relaxation.",
    ]  # fmt: skip
