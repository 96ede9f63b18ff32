"""The commands that the help lists are those that there are, in their own words."""

from pathlib import Path

import pytest
import typer

from biofeedback import cli
from biofeedback.cli.app import run
from biofeedback.cli.commands import app
from biofeedback.cli.overview import COMMANDS


def test_the_help_says_of_each_command_what_the_command_says_of_itself() -> None:
    group = typer.main.get_command(app)
    context = group.make_context("biofeedback", [], resilient_parsing=True)
    for name, (_, text) in COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None, name
        assert command.get_short_help_str(200) == text


def test_the_help_is_the_same_whoever_writes_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Help alone is written before what parses a command line is there."""
    assert run(["--help"]) == 0
    alone = capsys.readouterr().out
    group = typer.main.get_command(app)
    context = group.make_context("biofeedback", [], resilient_parsing=True)
    assert context.get_help() == alone.rstrip("\n")
    options = [option for parameter in group.get_params(context) for option in parameter.opts]
    assert [option for option in options if f" {option}" not in alone] == []


def test_no_command_is_left_out() -> None:
    group = typer.main.get_command(app)
    context = group.make_context("biofeedback", [], resilient_parsing=True)
    registering = {
        path.stem
        for path in Path(cli.__file__).parent.glob("*.py")
        if "\ndef register(" in path.read_text()
    }
    of_a_group = {"trial_power", "trial_result"}  # these add theirs to `trial`
    assert {file for file, _ in COMMANDS.values()} == registering - of_a_group
    assert group.get_command(context, "nothing") is None  # loads all
    shown = [name for name, command in group.commands.items() if not command.hidden]
    assert sorted(shown) == sorted(COMMANDS)


def test_a_word_that_is_nearly_a_command_is_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reprot"]) == 2
    assert "'report'" in capsys.readouterr().err
