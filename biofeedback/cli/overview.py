"""What `biofeedback --help` says: all commands in a line each, with none of them loaded.

Nothing is loaded either that parses a command line: that takes six times as long as Python takes
to begin.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress

__all__ = ["COMMANDS", "overview"]

_ABOUT = "Music that follows your heart and skin, and leads towards calm."
_CAVEAT = "For relaxation and stress awareness. It is not a treatment and makes no diagnosis."
_OPTIONS = {
    "--version": "Show the version and stop.",
    "--install-completion": "Install completion for the current shell.",
    "--show-completion": "Show completion for the current shell, to copy it or change it.",
    "-h, --help": "Show this message and exit.",
}
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
    "inspect": (
        "inspect",
        "Say what a recording holds, and what is taken of it.",
    ),
    "analyze": ("inspect", "Show the metrics of a recording or session by windows."),
    "render": ("inspect", "Write a session's music as sound or MIDI, also long after it."),
    "report": ("inspect", "Write the report of a session anew and say where it is."),
    "export": ("inspect", "Write sessions as files for other programs."),
    "scan": ("devices", "List the Bluetooth sensors within reach, and what they give."),
    "capture": ("capture", "Record what a sensor says over the air, to give away."),
    "ports": ("devices", "List audio devices and MIDI ports, to play to or steer with."),
    "silence": ("silence", "End notes that hang on MIDI instruments."),
    "doctor": ("devices", "Check this computer."),
    "band": ("band", "Try the profile of a Bluetooth band."),
    "config": ("config", "Say where files of your own and all that is kept lie."),
    "midi-learn": ("controls", "Learn which knob, key or button of a controller does what."),
    "mqtt": ("mqtt", "Many wearers on several computers: a broker of your own."),
    "sessions": ("sessions", "List, show, tag or delete recorded sessions."),
    "hearing": ("hearing", "Estimate the dose of sound, once measured."),
    "consent": ("consent", "What you agree to before the first session."),
    "key": ("key", "Encrypt what is kept, with a key of yours."),
    "profile": ("profile", "What is remembered of you: show, set, export, forget, summary."),
    "trial": ("trial", "Find out on yourself whether it does anything."),
}
_WIDEST = 78  #: columns, as in the help of each command


def overview() -> str:
    """Return the help of the program, in lines that the terminal has room for."""
    width = min(_WIDEST, _columns() - 2)
    commands = {name: text for name, (_, text) in COMMANDS.items()}
    lines = [
        "Usage: biofeedback [OPTIONS] COMMAND [ARGS]...",
        "",
        *_indented(_ABOUT, width),
        "",
        "Options:",
        *_listed(_OPTIONS, width),
        "",
        "Commands:",
        *_listed(commands, width),
        "",
        *_indented(_CAVEAT, width),
    ]
    return "\n".join(lines)


def _columns() -> int:
    with suppress(OSError, ValueError):
        return int(os.environ.get("COLUMNS", "")) or 80
    with suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    return 80


def _indented(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(20, width), initial_indent="  ", subsequent_indent="  ")


def _listed(texts: Mapping[str, str], width: int) -> Iterator[str]:
    """Yield names with their texts beside them."""
    beside = max(map(len, texts)) + 4
    for name, text in texts.items():
        first, *others = textwrap.wrap(text, max(20, width - beside))
        yield f"  {name:{beside - 2}}{first}"
        yield from (" " * beside + other for other in others)
