"""Where text goes, and how a mistake is shown: one clear line, then a hint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

__all__ = [
    "Terminal",
    "as_json",
    "command",
    "err",
    "escape",
    "mistake",
    "out",
    "paragraph",
    "printable",
    "progress",
    "written",
]


if TYPE_CHECKING:
    from rich.console import Console


out: Console
err: Console


@cache
def _console(*, stderr: bool) -> Console:
    from biofeedback.cli.console import Terminal  # only what prints pays for it, --help does not

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

    from biofeedback.cli.console import printable

    return shlex.join(["biofeedback", *map(printable, words)])


def paragraph(text: str) -> None:
    """Print words for a person: on a terminal a line ends between two of them."""
    out = _console(stderr=False)
    out.print(text, highlight=False, soft_wrap=not out.is_terminal)


def mistake(message: str, hint: str) -> None:
    """Say what was wrong and what to do about it."""
    from biofeedback.cli.console import printable

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


try:
    from sensors.printable import printable
except ImportError:  # a file of the user's is in the way, which `doctor` has to tell

    def printable(text: str, longest: int | None = None, *, lines: bool = False) -> str:
        """Return what is visible of a text."""
        return "".join(c for c in text if c.isprintable() or (lines and c == "\n"))


class Terminal(Console):
    """A console that shows names of devices, ports and files as text, whatever is in them."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield what is to be written, without control characters of others."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable() or segment.text == "\n":
                yield segment
            else:
                yield Segment(printable(segment.text, lines=True), segment.style)
