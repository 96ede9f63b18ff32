"""Which commands there are; each is loaded when it is asked for, so that help comes at once.

The help of a command names what there is of a kind of part, what was added included: where an
option's own help says {style} or the like, the names are put in when somebody asks for them.
"""

from __future__ import annotations

from copy import copy
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

__all__ = ["COMMANDS", "Commands"]

#: The commands in the order of the help: the file of each, and what it does. A test holds the words
#: against those of the commands themselves.
COMMANDS = {
    "demo": ("play", "Lead a virtual listener: no hardware, faster than real time."),
    "run": ("play", "Play music that follows your body, live."),
    "replay": ("play", "Play a recording as if it were live."),
    "mark": ("mark", "Set a marker in the session that runs here now, note, or rate."),
    "programmes": ("programmes", "List the programmes, their phases, and how long they take."),
    "plugins": ("plugins", "List the parts of every kind, and what others added."),
    "lab": ("lab", "Try the program on virtual listeners."),
    "serve": ("serve", "Serve the listener's page and the therapist's desk."),
    "verify": ("inspect", "Regenerate a session from its log and compare."),
    "analyze": ("inspect", "Show the metrics of a recording or session by windows."),
    "render": ("inspect", "Write a session's music as sound or MIDI, also long after it."),
    "report": ("inspect", "Write the report of a session anew and say where it is."),
    "export": ("inspect", "Write sessions as files for other programs."),
    "scan": ("devices", "List the Bluetooth sensors within reach, and what they give."),
    "ports": ("devices", "List audio devices and MIDI ports, to play to or steer with."),
    "silence": ("silence", "End notes that hang on MIDI instruments."),
    "doctor": ("devices", "Check this computer."),
    "midi-learn": ("controls", "Learn which knob, key or button of a controller does what."),
    "mqtt": ("mqtt", "Many wearers on several computers: a broker of your own."),
    "sessions": ("sessions", "List, show, tag or delete recorded sessions."),
    "hearing": ("hearing", "Estimate the dose of sound, once measured."),
    "consent": ("consent", "What you agree to before the first session."),
    "key": ("key", "Encrypt what is kept, with a key of yours."),
    "profile": ("profile", "What is remembered of you: show, set, export, forget, summary."),
    "trial": ("trial", "Find out on yourself whether it does anything."),
}
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

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the names and what they do, with none of them loaded."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def _load(self, file: str) -> None:
        part = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
        import_module(f"biofeedback.cli.{file}").register(part)
        for command in part.registered_commands:
            command.cls = _Command
        self.commands.update(get_group(part).commands)
