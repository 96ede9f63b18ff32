"""The command line, one file for each group of commands."""

from __future__ import annotations

import io
import signal
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command of `sys.argv`; the exit code is 0, 2 (mistake), 130 (interrupted) or 1."""
    for name in ("SIGTERM", "SIGHUP"):  # a closed terminal or a shutdown is a Ctrl-C as well
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: signal.raise_signal(signal.SIGINT))
    for stream in (sys.stdout, sys.stderr):  # a name that the terminal cannot show is no error
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        from biofeedback.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before or after typer is there to catch it
        code = 130
    sys.exit(code)
