"""The command line, one file for each group of commands."""

from __future__ import annotations

import signal
import sys
from types import FrameType

__all__ = ["main"]


def main() -> None:
    """Run the command of `sys.argv`; the exit code is 0, 2 (mistake), 130 (interrupted) or 1."""
    try:
        try:
            code = _guarded()
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: leaving takes no time
    except KeyboardInterrupt:  # before or after typer is there to catch it
        code = 130
    sys.exit(code)


def _guarded() -> int:
    signal.signal(signal.SIGINT, _interrupt)
    for name in ("SIGTERM", "SIGHUP"):  # a closed terminal or a shutdown is a Ctrl-C as well
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: signal.raise_signal(signal.SIGINT))
    from biofeedback.cli import streams

    streams.set_up()
    from biofeedback.cli.app import run

    return run(sys.argv[1:])


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Leave, once: a second Ctrl-C must not strike in the middle of leaving."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt
