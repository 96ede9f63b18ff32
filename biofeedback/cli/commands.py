"""Which commands there are; each is loaded when it is asked for, so that help comes at once.

The help of a command names what there is of a kind of part, what was added included: where an
option's own help says {style} or the like, the names are put in when somebody asks for them.
"""

from __future__ import annotations

import sys
from copy import copy
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from biofeedback.cli import streams
from biofeedback.cli.overview import COMMANDS, overview

__all__ = ["Commands", "app"]

_HIDDEN = {"analyse": "inspect"}  # both spellings of the one word


class _Command(TyperCommand):
    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, with the names that they can be given."""
        shown = copy(self)
        shown.params = [_with_names(parameter) for parameter in self.params]
        super(_Command, shown).format_options(ctx, formatter)


_KINDS = ("exporter", "family", "output", "programme", "sensor", "strategy", "style")


def _with_names(parameter: Any) -> Any:
    text = getattr(parameter, "help", None) or ""
    kinds = [kind for kind in _KINDS if f"{{{kind}}}" in text]
    if not kinds:
        return parameter
    shown = copy(parameter)
    shown.help = text.format(**{kind: _listed(kind) for kind in kinds})
    return shown


def _listed(kind: str) -> str:
    match kind:
        case "exporter":
            from biofeedback.app.registry import EXPORTERS

            return ", ".join(EXPORTERS.names)
        case "family":
            from biofeedback.simulation.crowd import LISTENERS

            return ", ".join(LISTENERS.names)
        case "programme":
            from biofeedback.storage.configs import config_files

            return ", ".join(config_files("programmes"))
        case "strategy":
            from biofeedback.lab.base import strategies

            return ", ".join(strategies())
        case "style":
            from biofeedback.config.styles import style_names

            return ", ".join(style_names())
        case _:  # URIs: what is built in says itself what stands behind its colon
            from biofeedback.common.plugins import installed

            return "".join(f", {one.name}:..." for one in installed() if one.kind == kind)


class Commands(TyperGroup):
    """The commands, by name."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names that are shown."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, loaded now; None when there is none, with all loaded to suggest one."""
        files = {name: file for name, (file, _) in COMMANDS.items()} | _HIDDEN
        for name in [cmd_name] if cmd_name in files else files:
            if name not in self.commands:
                self._load(files[name])
        return self.commands.get(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the names and what they do, with none of them loaded."""
        formatter.write(overview())

    def _load(self, file: str) -> None:
        streams.hush_libraries()
        part = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
        import_module(f"biofeedback.cli.{file}").register(part)
        for command in part.registered_commands:
            command.cls = _Command
        self.commands.update(get_group(part).commands)


app = typer.Typer(
    name="biofeedback",
    cls=Commands,
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
    """Find a sensor and begin, where no command says what to do."""
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
        streams.hush_libraries()
        from biofeedback.cli import guide, play

        chosen = guide.first_minute()
        play.run(sensor=list(chosen.sensors), output=list(chosen.outputs), remember=True)
