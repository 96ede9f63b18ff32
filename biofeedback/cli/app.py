"""One command line, from its words to its exit code; what a person sees when it fails."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from biofeedback.cli import streams
from biofeedback.cli.overview import overview
from biofeedback.common.errors import hint_of

__all__ = ["run"]

MISTAKE = 2


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
    if list(arguments) in (["--help"], ["-h"]):
        sys.stdout.write(f"{overview()}\n")
        return 0
    from biofeedback.cli.commands import app

    try:
        app(list(arguments))
    except SystemExit as stop:  # usage errors (2) and Ctrl-C (130) are typer's, with their text
        return stop.code if isinstance(stop.code, int) else 0
    return 0
