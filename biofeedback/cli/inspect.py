"""Commands that look at what was recorded: verify, analyze, render, report, export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.console import escape

__all__ = ["register"]

SessionArgument = Annotated[
    Path, typer.Argument(metavar="SESSION", help="A session's folder, or its session.jsonl.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (verify,):
        app.command()(command)


def verify(session: SessionArgument, as_json: Json = False) -> None:
    """Regenerate a session from its log and compare.

    Exits with 0 when every decision and note is identical.
    """
    from biofeedback.launch import core_of
    from biofeedback.record import verify as proof

    with console.progress("Regenerating the session") as progress:
        verdict = proof.verify(session, core_of, progress)
    difference = verdict.difference
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "identical": difference is None,
                    "inputs": verdict.inputs,
                    "derived": verdict.derived,
                    "complete": verdict.complete,
                    "difference": None
                    if difference is None
                    else {name: getattr(difference, name) for name in difference.__slots__},
                }
            )
        )
        raise typer.Exit(0 if difference is None else 1)
    if difference is not None:
        place = f"seq {difference.seq}, {difference.kind}"
        field = f", field {difference.field}" if difference.field else ""
        console.out.print(
            f"[bold red]Different[/] at {place}{field}:\n"
            f"  logged       {escape(difference.logged)}\n"
            f"  regenerated  {escape(difference.regenerated)}",
            highlight=False,
        )
        raise typer.Exit(1)
    cut = "" if verdict.complete else " The log has no end: the session was cut short."
    console.out.print(
        f"[green]Identical[/]: {verdict.derived} derived lines regenerated from "
        f"{verdict.inputs} inputs, byte for byte.{cut}",
        highlight=False,
    )
