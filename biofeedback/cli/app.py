"""The commands in one place, and what a person sees when one fails."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from biofeedback.cli import streams
from biofeedback.cli.commands import Commands
from biofeedback.common.errors import hint_of

__all__ = ["app", "run"]

MISTAKE = 2

app = typer.Typer(
    name="biofeedback",
    cls=Commands,
    help="Music that follows your heart and skin, and leads towards calm.",
    epilog="For relaxation and stress awareness. It is not a treatment and makes no diagnosis.",
    context_settings={"help_option_names": ["--help", "-h"]},
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its help costs three times the start of Python
)


@app.callback(invoke_without_command=True)
def alone(
    context: typer.Context,
    show_version: bool = typer.Option(False, "--version", help="Show the version and stop."),
) -> None:
    """Music that follows your heart and skin, and leads towards calm."""
    from biofeedback.storage.paths import data_folder
    from biofeedback.storage.private import keep_private

    keep_private(data_folder())
    if show_version:
        from importlib.metadata import version

        from biofeedback.cli import console

        console.out.print(f"biofeedback {version('biofeedback')}", highlight=False)
    elif context.invoked_subcommand is None:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            typer.echo(context.get_help())
            return
        from biofeedback.cli import guide, play

        chosen = guide.first_minute()
        play.run(sensor=list(chosen.sensors), output=list(chosen.outputs))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; return its exit code."""
    try:
        code = _code_of(arguments)
        sys.stdout.flush()  # what it does not take is told like any other mistake
    except streams.ReaderGone:
        return 0
    except Exception as error:
        hint = hint_of(error)
        from biofeedback.cli import console

        if hint is not None:
            console.mistake(str(error), hint)
            return MISTAKE
        from biofeedback.common.plugins import culprit

        plugin = culprit(error)
        if plugin is None:
            raise
        what = f"{type(error).__name__}: {error}"
        console.mistake(
            f"the {plugin.kind} {plugin.name!r} of {plugin.whence} failed: {what}",
            f"Mend it, or take it off: pip uninstall {plugin.package}",
        )
        return MISTAKE
    return code


def _code_of(arguments: Sequence[str]) -> int:
    try:
        app(list(arguments))
    except SystemExit as stop:  # usage errors (2) and Ctrl-C (130) are typer's, with their text
        return stop.code if isinstance(stop.code, int) else 0
    return 0
