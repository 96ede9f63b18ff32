"""The command that tries the program on virtual listeners."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from biofeedback.lab.base import LabCase, SessionCourse
    from biofeedback.lab.table import GroupRow

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(lab)


def lab(
    listeners: Annotated[
        int, typer.Option(metavar="N", min=1, max=10000, help="How many, of each type and family.")
    ] = 10,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="responder, weak, null, paradoxical, restless, dropout or motion. May repeat.",
        ),
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="{family}. Else a and b: two models, built apart.",
        ),
    ] = None,
    strategy: Annotated[
        str,
        typer.Option(metavar="NAME", help="{strategy}."),
    ] = "lead",
    minutes: Annotated[
        float, typer.Option(metavar="M", min=3.0, max=120.0, help="Length of each session.")
    ] = 10.0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Three listeners each, four minutes.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the first listener.")] = 1,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting of many.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw arousal over time: .png or .svg.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Try the program on virtual listeners. A table, and a picture if you like.

    Simulated: it proves the controller, not a benefit.
    """
    from biofeedback.cli import console
    from biofeedback.lab import figure, full, measures, table
    from biofeedback.lab.base import NOTICE

    listeners, minutes = (3, 4.0) if quick else (listeners, minutes)
    groups = _groups(listeners, kind, family, strategy, minutes, seed, settings)
    rows: list[GroupRow] = []
    drawn: list[SessionCourse] = []
    with console.progress("Virtual listeners hear the music") as report:
        for number, (name, cases) in enumerate(groups.items(), start=1):
            courses = list(full.run_many(cases, _processes(len(cases))))
            rows.append(table.row(name, [measures.judge(course) for course in courses]))
            drawn += courses if picture else []
            report(number / len(groups))
    if picture:
        figure.draw(drawn, picture)
    if json:
        import msgspec

        console.as_json(
            {
                "notice": NOTICE,
                "strategy": strategy,
                "minutes": minutes,
                "picture": str(picture) if picture else None,
                "rows": msgspec.to_builtins(rows),
            }
        )
        return
    console.out.print(f"{strategy}, {minutes:g} minutes; {NOTICE}", highlight=False)
    console.out.print(console.escape(table.text(rows)), highlight=False)
    if picture:
        console.out.print(f"picture: {console.escape(str(picture))}", highlight=False)


def _groups(
    listeners: int,
    kinds: list[str] | None,
    families: list[str] | None,
    strategy: str,
    minutes: float,
    seed: int,
    settings: list[str] | None,
) -> dict[str, list[LabCase]]:
    from biofeedback.common.errors import ConfigError
    from biofeedback.common.plugins import did_you_mean
    from biofeedback.config.loader import load
    from biofeedback.lab.base import LabCase, strategies
    from biofeedback.simulation.crowd import FAMILIES, family_of
    from biofeedback.simulation.model.listener_types import KINDS, kind_of

    config = load(settings=settings or [])
    known = strategies()
    if strategy not in known:
        raise ConfigError(
            f"no strategy {strategy!r} in the lab",
            hint=f"{did_you_mean(strategy, known)}There are {', '.join(known)}.",
        )
    try:
        chosen = [(family_of(f), kind_of(k)) for f in families or FAMILIES for k in kinds or KINDS]
    except ValueError as error:
        raise ConfigError(str(error), hint="`biofeedback lab --help` lists them.") from error
    return {
        f"{kind} {family}": [
            LabCase(
                family=family, kind=kind, seed=seed + number, strategy=strategy, minutes=minutes,
                config=config,
            )
            for number in range(listeners)
        ]
        for family, kind in chosen
    }  # fmt: skip


def _processes(cases: int) -> int:
    import os

    return min(os.cpu_count() or 1, cases // 8 + 1)
