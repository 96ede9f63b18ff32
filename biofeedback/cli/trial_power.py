"""The command that says how many pairs a trial needs: power."""

from __future__ import annotations

from typing import Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.options import Json

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    """Add the command of this file."""
    group.command()(power)


def power(
    effects: Annotated[
        str, typer.Option(metavar="LIST", help="In the unit of the end point.")
    ] = "0.5,1,2",
    pairs: Annotated[str, typer.Option(metavar="LIST", help="Numbers of pairs.")] = "6,8,10,14,20",
    sd: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            min=1e-6,
            help="Your own spread: standard deviation of a pair's difference. Else that of "
            "virtual listeners' breathing rate, blocks of 5 minutes.",
        ),
    ] = None,
    alpha: Annotated[float, typer.Option(metavar="P", min=0.001, max=0.2)] = 0.05,
    people: Annotated[int, typer.Option(metavar="N", min=100, max=20000)] = 2000,
    seed: Annotated[int, typer.Option(metavar="N", min=0)] = 1,
    as_json: Json = False,
) -> None:
    """Say how often a trial would find an effect of a given size.

    Simulated: it shows what a trial could see, not what music does.
    """
    from biofeedback.trials.power import NOTICE, table

    asked, sizes = _numbers(effects, "--effects"), [int(n) for n in _numbers(pairs, "--pairs")]
    with console.err.status("Simulating trials"):
        rows = table(asked, sizes, alpha=alpha, sd=sd, people=people, seed=seed)
    if as_json:
        import msgspec

        console.as_json({"notice": NOTICE, "alpha": alpha, "rows": msgspec.to_builtins(rows)})
        return
    console.out.print(f"Power at a level of {alpha:g}; {NOTICE}", highlight=False)
    heading = "".join(f"{f'{effect:g}':>9}" for effect in asked)
    console.out.print(f"pairs   false{heading}", highlight=False)
    for row in rows:
        cells = "".join(f"{100 * value:8.0f} %"[:9].rjust(9) for value in row.power)
        console.out.print(f"{row.pairs:5} {100 * row.false:5.1f} %{cells}", highlight=False)


def _numbers(text: str, option: str) -> list[float]:
    from biofeedback.common.errors import TrialError

    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or any(not 0.0 < value <= 1000.0 for value in found):
        raise TrialError(f"{option} {text}: not a list of numbers above 0", hint="Write 0.5,1,2")
    if option == "--pairs" and any(value != int(value) or not 2 <= value <= 200 for value in found):
        raise TrialError(f"{option} {text}: whole numbers from 2 to 200", hint="Write 8,10,14")
    return found
