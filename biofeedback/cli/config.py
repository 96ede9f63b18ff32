"""The command that says where things lie: a user's own files, what is kept, what is shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from biofeedback.cli import console
from biofeedback.cli.console import escape
from biofeedback.cli.options import Json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["register"]

_OWN = {
    "devices": "profiles of Bluetooth bands, for --sensor ble:NAME",
    "styles": "styles without code, for --style",
    "programmes": "programmes, for --programme",
    "midi": "MIDI maps, for midi:PORT?map=NAME",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        help="Say where files of your own and all that is kept lie.", no_args_is_help=True
    )
    group.command()(paths)
    app.add_typer(group, name="config")


def paths(as_json: Json = False) -> None:
    """Tell the folders for files of your own, what is in them, and where data is kept."""
    import msgspec

    from biofeedback.app.inventory import own_files
    from biofeedback.storage import inventory
    from biofeedback.storage.configs import user_configs
    from biofeedback.storage.paths import configs_folder, data_folder, sessions_folder

    own = {sort: user_configs() / sort for sort in _OWN}
    files = list(own_files())
    kept = {
        "data": data_folder(),
        "sessions": sessions_folder(),
        "profiles": inventory.PROFILES.path,
        "shipped": configs_folder(),
    }
    if as_json:
        console.as_json(
            {
                "own": _texts(own),
                "files": msgspec.to_builtins(files),
                "kept": _texts(kept),
            }
        )
        return
    console.out.print("Files of your own, which every command finds by their names:")
    for sort, folder in own.items():
        there = "" if folder.is_dir() else " (not made yet)"
        _say(f"  {folder}/{there}", _OWN[sort])
        for file in files:
            if file.whence.startswith(str(folder)):
                _say(f"    {file.name}", _state(file.problem))
    for file in files:
        if not any(file.whence.startswith(str(folder)) for folder in own.values()):
            _say(f"  {file.whence}", _state(file.problem))
    console.out.print("Kept:")
    for name, folder in kept.items():
        _say(f"  {folder}/", name)


def _texts(folders: dict[str, Path]) -> dict[str, str]:
    return {name: str(folder) for name, folder in folders.items()}


def _say(place: str, words: str) -> None:
    console.out.print(f"{escape(place)}  {words}", highlight=False, soft_wrap=True)


def _state(problem: str) -> str:
    return f"[bold red]cannot be used:[/] {escape(problem)}" if problem else "[green]ok[/]"
