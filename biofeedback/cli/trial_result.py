"""The command that opens a trial: analyse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.options import Json

if TYPE_CHECKING:
    from biofeedback.trials.analysis import TrialResult
    from biofeedback.trials.folder import Trial

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    """Add the command of this file."""
    group.command()(analyse)
    group.command("analyze", hidden=True)(analyse)  # both spellings of the one word


def analyse(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The trial's name, or its folder.")],
    unblind_early: Annotated[
        bool,
        typer.Option(
            "--unblind-early",
            help="Look at the arms before the end. It is noted for good, and gives no verdict.",
        ),
    ] = False,
    checklist: Annotated[
        bool, typer.Option("--checklist", help="Print the CRED-nf and CONSORT items.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of trials; else your data folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a trial found. Effect, no effect shown, or can't tell yet.

    Before the end it only says how far the trial is, and opens nothing.
    """
    from biofeedback.common.clock import utc_now
    from biofeedback.trials.folder import find, trials_folder

    trial = find(out or trials_folder(), name)
    now = utc_now()
    attempts = trial.attempts()
    if not trial.is_over(attempts, now.date()):
        done = len({attempt.block for attempt in attempts if attempt.complete})
        if not unblind_early:
            _waiting(trial, done, as_json)
            return
        trial.allocation()  # refused before anything is noted
        trial.note_look(now.isoformat(timespec="seconds"), done // len(trial.protocol.arms))
    from biofeedback.trials import checklist as items
    from biofeedback.trials import page
    from biofeedback.trials.analysis import analyse as open_it

    with console.err.status("Reading the blocks"):
        result = open_it(trial, now.date())
    path = page.write(trial.folder, result)
    if as_json:
        console.as_json(_json(result, str(path)))
        return
    if checklist:
        for item in items.items(result):
            console.out.print(
                f"{item.standard:13}{item.number:5} {item.title}: {item.text}",
                markup=False, highlight=False,
            )  # fmt: skip
        return
    for line in page.in_words(result):
        console.out.print(line, markup=False, highlight=False)
    _table(result)
    console.out.print(f"page: {path}", markup=False, highlight=False)


def _waiting(trial: Trial, done: int, as_json: bool) -> None:
    protocol = trial.protocol
    left = protocol.blocks - done
    if as_json:
        console.as_json(
            {"verdict": "can't tell yet", "blocks": protocol.blocks, "recorded": done,
             "blocks_needed": left, "stop_date": protocol.stop_date, "opened": False}
        )  # fmt: skip
        return
    console.out.print(
        f"can't tell yet: {done} of {protocol.blocks} blocks are recorded, {left} are still "
        f"needed. The arms stay sealed until then, or until {protocol.stop_date}.",
        highlight=False,
    )


def _table(result: TrialResult) -> None:
    from biofeedback.trials.page import rows

    shown = [row[:-1] for row in rows(result)]  # the model has a sentence of its own
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for first, *others in shown:
        cells = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        line = f"{first:{widths[0]}}  {'  '.join(cells)}"
        console.out.print(line, markup=False, highlight=False)
    model = result.primary.posterior
    if model is not None:
        console.out.print(
            f"Mixed model of the primary: {model.mean:.2f} ({model.low:.2f} to {model.high:.2f}), "
            f"lower with probability {model.below_zero:.2f}.",
            highlight=False,
        )
    told = [
        f"{arm} {b.index:.2f} ({b.low:.2f} to {b.high:.2f})"
        for arm, b in result.blinding.items()
        if b.index is not None
    ]
    if told:
        console.out.print(f"Guessed better than chance (Bang, 0 is chance): {'; '.join(told)}.")


def _json(result: TrialResult, path: str) -> dict[str, object]:
    import msgspec

    from biofeedback.trials.checklist import items

    facts = msgspec.to_builtins(
        {
            "verdict": result.verdict,
            "pairs_needed": result.needed,
            "over": result.over,
            "early_looks": result.early,
            "simulated": result.simulated,
            "sha256": result.digest,
            "protocol": result.protocol,
            "primary": result.primary,
            "secondary": result.secondary,
            "blinding": result.blinding,
            "ratings": result.ratings,
            "missing_blocks": result.missing,
            "interrupted": result.interrupted,
            "lost_pairs": result.lost,
            "checklist": items(result),
            "blocks": [
                {"block": b.attempt.block, "arm": arm, "session": b.attempt.folder.name,
                 "values": b.values, "guess": b.guess, "ratings": b.ratings, "problem": b.problem}
                for b, arm in result.blocks
            ],
            "page": path,
        }
    )  # fmt: skip
    return _finite(facts)  # type: ignore[return-value]


def _finite(value: object) -> object:
    """Return the value with None for what JSON has no number for."""
    import math

    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
