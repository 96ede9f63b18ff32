"""The command that lists what there is of each kind, and whence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from biofeedback.app.inventory import InventoryItem

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(plugins)


def plugins(
    as_json: bool = typer.Option(False, "--json", help="Print JSON, for other programs."),
) -> None:
    """List the parts of every kind, and what others added."""
    from biofeedback.app.inventory import inventory
    from biofeedback.cli import console
    from biofeedback.storage.configs import user_configs

    items = list(inventory())
    folder = user_configs()
    if as_json:
        import msgspec

        console.as_json({"folder": str(folder), "parts": msgspec.to_builtins(items)})
        return
    for kind in dict.fromkeys(item.kind for item in items):
        _tell(kind, [item for item in items if item.kind == kind])
    console.out.print(
        f"Files of your own: {console.escape(str(folder))}, "
        "in devices, styles, programmes or midi.",
        highlight=False,
    )


def _tell(kind: str, items: list[InventoryItem]) -> None:
    """Print the names that are built in on one line, and what was added on one each."""
    from biofeedback.cli.console import escape, out
    from biofeedback.common.plugins import BUILT_IN

    own = [item.name for item in items if item.whence == BUILT_IN]
    out.print(f"[bold]{kind:10}[/] {', '.join(own)}".rstrip(), highlight=False)
    for item in items:
        if item.whence != BUILT_IN:
            why = f" [bold red]cannot be used:[/] {escape(item.problem)}" if item.problem else ""
            out.print(
                f"{'':10} + {escape(item.name)} ({escape(item.whence)}){why}", highlight=False
            )
