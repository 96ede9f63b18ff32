"""Where text goes, and how a mistake is shown: one clear line, then a hint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

__all__ = ["err", "mistake", "out", "progress"]

out = Console(soft_wrap=True, emoji=False)
err = Console(stderr=True, soft_wrap=True, emoji=False)


def mistake(message: str, hint: str) -> None:
    """Say what was wrong and what to do about it."""
    err.print(f"[bold red]Error:[/] {escape(message)}", highlight=False)
    if hint:
        err.print(f"[dim]Hint:[/]  {escape(hint)}", highlight=False)


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
