"""A session as its user sees it: a bar or the live screen during it, its files after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import typer

from biofeedback import afterwards, launch
from biofeedback.cli import console
from biofeedback.cli.console import escape
from biofeedback.launch import Outcome, Plan
from biofeedback.session import Session
from biofeedback.timebase import monotonic_s

__all__ = ["perform"]

INTERRUPTED = 130
_BAR_EVERY_S = 5.0


def perform(plan: Plan, title: str) -> None:
    """Run a plan, then write its files and say where they are; exit with 130 when interrupted."""
    performance = launch.Performance(plan)
    for warning in performance.warnings:
        console.err.print(f"[yellow]Note:[/] {escape(warning)}", highlight=False)
    began_s = monotonic_s()
    if performance.live:
        from biofeedback.cli.screen import watch

        outcome = performance.run(watch)
    else:
        with console.progress(title) as report:
            outcome = performance.run(lambda session: _bar(session, report))
    wall_s = monotonic_s() - began_s
    if not performance.live:
        _say_speed(outcome, wall_s)
    _finish(outcome)
    if outcome.interrupted:
        raise typer.Exit(INTERRUPTED)


async def _bar(session: Session, report: Callable[[float], None]) -> None:
    while True:
        await asyncio.sleep(_BAR_EVERY_S)
        report(session.share_done)


def _say_speed(outcome: Outcome, wall_s: float) -> None:
    stages = dict(outcome.counters.seconds)
    stages["everything else"] = max(0.0, wall_s - sum(stages.values()))
    shares = ", ".join(
        f"{name} {100 * seconds / wall_s:.0f} %"
        for name, seconds in sorted(stages.items(), key=lambda item: -item[1])
    )
    console.out.print(
        f"{outcome.music_s / 60:.1f} minutes in {wall_s:.1f} s, "
        f"{outcome.music_s / wall_s:.0f} times real time ({shares}).",
        highlight=False,
    )


def _finish(outcome: Outcome) -> None:
    """Write the MIDI file, the sound and the report; time each."""
    lines = []  # not a table: a path is never cut, so that it can be copied
    files = [spec for spec in outcome.files if not (outcome.interrupted and spec.kind == "wav")]
    for step in afterwards.steps(outcome.folder, files):
        began_s = monotonic_s()
        with console.progress(step.title) as report:
            path = step.do(report)
        lines.append(f"{step.name:8}{_shown(path)}  [dim]{monotonic_s() - began_s:.1f} s[/]")
    lines.append(f"{'log':8}{_shown(outcome.folder / 'session.jsonl')}")
    console.out.print("\n".join(lines), highlight=False)
    if len(files) < len(outcome.files):
        console.out.print(
            f"Interrupted, so no sound was rendered: biofeedback render {_shown(outcome.folder)} "
            "OUT.wav does it.",
            highlight=False,
        )


def _shown(path: Path) -> str:
    """Return a path as short as it can be from here."""
    try:
        return escape(str(path.resolve().relative_to(Path.cwd())))
    except ValueError:
        return escape(str(path))
