"""The command that lists the programmes."""

from __future__ import annotations

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(programmes)


def programmes(
    as_json: bool = typer.Option(False, "--json", help="Print JSON, for other programs."),
) -> None:
    """List the programmes, their phases, and how long they take."""
    from biofeedback.cli.console import out
    from biofeedback.config import loader
    from biofeedback.control.phases import length_minutes

    known = loader.loaded_programmes()
    if as_json:
        import json

        found = [
            {
                "name": name,
                "title": one.title,
                "phases": [phase.name for phase in one.phase],
                "strategies": [phase.strategy for phase in one.phase] or [one.control.strategy],
                "minutes": length_minutes(one.phase),
            }
            for name, one in known.items()
        ]
        typer.echo(json.dumps(found, indent=2))
        return
    for name, one in known.items():
        minutes = length_minutes(one.phase)
        length = "until you stop" if minutes is None else f"at most {minutes:g} min"
        phases = ", ".join(phase.name for phase in one.phase) or one.control.strategy
        out.print(f"[bold]{name:10}[/] {one.title}", highlight=False)
        out.print(f"{'':10} {phases} ({length})", highlight=False)
