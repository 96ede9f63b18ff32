"""Where text goes, and how a mistake is shown: one clear line, then a hint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

__all__ = [
    "as_json",
    "command",
    "err",
    "escape",
    "mistake",
    "out",
    "paragraph",
    "progress",
    "written",
]


if TYPE_CHECKING:
    from rich.console import Console


out: Console
err: Console


@cache
def _console(*, stderr: bool) -> Console:
    from biofeedback.cli.terminal import Terminal  # only what prints pays for it, --help does not

    return Terminal(stderr=stderr, soft_wrap=True, emoji=False)


def __getattr__(name: str) -> Console:
    """Return the console `out` or `err`, made when first used."""
    if name in ("out", "err"):
        return _console(stderr=name == "err")
    raise AttributeError(name)


def as_json(value: object) -> None:
    """Print a value for programs to read."""
    import json
    import sys

    sys.stdout.write(f"{json.dumps(value)}\n")


def escape(text: str) -> str:
    """Return text that is printed as it is, whatever brackets are in it."""
    from rich.markup import escape as escaped

    return escaped(text)


def command(*words: str) -> str:
    """Return a command of ours as it may be pasted into a shell, whatever names are in it."""
    import shlex

    from biofeedback.cli.terminal import printable

    return shlex.join(["biofeedback", *map(printable, words)])


def paragraph(text: str) -> None:
    """Print words for a person: on a terminal a line ends between two of them."""
    out = _console(stderr=False)
    out.print(text, highlight=False, soft_wrap=not out.is_terminal)


def mistake(message: str, hint: str) -> None:
    """Say what was wrong and what to do about it."""
    from biofeedback.cli.terminal import printable

    err = _console(stderr=True)
    err.print(f"[bold red]Error:[/] {escape(printable(message))}", highlight=False)
    if hint:
        err.print(f"[dim]Hint:[/]  {escape(hint)}", highlight=False)


def written(paths: Sequence[Path], json: bool) -> None:
    """Name the files that were written, one a line, or as JSON."""
    import sys

    if json:
        as_json({"files": [str(path) for path in paths]})
    else:
        sys.stdout.write("".join(f"{path}\n" for path in paths))


@contextmanager
def progress(title: str) -> Iterator[Callable[[float], None]]:
    """Show a bar on a terminal while the block runs; yields what takes the share done, 0 to 1.

    Without a terminal the title is printed once. The bar goes to standard error.
    """
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    err = _console(stderr=True)
    if not err.is_terminal:
        err.print(f"{title} ...", highlight=False)
        yield lambda share: None
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err, transient=False) as bars:
        task = bars.add_task(title, total=1.0)
        yield lambda share: bars.update(task, completed=share)
        bars.update(task, completed=1.0)
