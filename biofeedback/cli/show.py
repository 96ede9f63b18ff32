"""A session as its user sees it: a bar or the live screen during it, its files after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import typer

from biofeedback.app import postprocess, runner
from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionResult
from biofeedback.cli import console, exporting, streams
from biofeedback.cli.console import escape
from biofeedback.common.clock import monotonic_s
from biofeedback.common.errors import hint_of
from biofeedback.common.interrupts import Interrupts
from biofeedback.runtime.session import Session

__all__ = ["perform"]

MISTAKE, INTERRUPTED = 2, 130
_BAR_EVERY_S = 5.0


def perform(plan: SessionPlan, title: str, worked: Callable[[], None] | None = None) -> None:
    """Run a plan, then write its files and say where they are; exit with 130 when interrupted.

    `worked` is called when music played and the sensors sent something.
    """
    with Interrupts().held() as interrupts, streams.unheard():
        _perform(plan, title, interrupts, worked)


def _perform(
    plan: SessionPlan, title: str, interrupts: Interrupts, worked: Callable[[], None] | None
) -> None:
    performance = runner.SessionRunner(plan)
    for warning in performance.warnings:
        console.err.print(f"[yellow]Note:[/] {escape(warning)}", highlight=False)
    began_s = monotonic_s()
    try:
        outcome = _run(performance, title, interrupts)
    except Exception:
        if performance.outcome is not None:  # there was music, and it shall not be lost
            _finish(performance.outcome, interrupts)
        raise
    if outcome is None:
        console.err.print("Nothing was measured, so nothing was kept.", highlight=False)
        return
    if worked is not None:
        worked()
    if not performance.live:
        _say_speed(outcome, monotonic_s() - began_s)
    done = _finish(outcome, interrupts)
    if interrupts.count:
        raise typer.Exit(INTERRUPTED)
    if not done:
        raise typer.Exit(MISTAKE)


def _run(
    performance: runner.SessionRunner, title: str, interrupts: Interrupts
) -> SessionResult | None:
    if performance.live:
        from biofeedback.cli.keys import Keyboard
        from biofeedback.cli.screen import watch

        keyboard = Keyboard()
        return performance.run(
            lambda session: watch(session, keyboard), keyboard.opened, interrupts
        )
    with console.progress(title) as report:
        return performance.run(lambda session: _bar(session, report), interrupts=interrupts)


async def _bar(session: Session, report: Callable[[float], None]) -> None:
    while True:
        await asyncio.sleep(_BAR_EVERY_S)
        report(session.share_done)


def _say_speed(outcome: SessionResult, wall_s: float) -> None:
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


def _finish(outcome: SessionResult, interrupts: Interrupts) -> bool:
    """Write what is written afterwards, and say where; return whether all of it could be.

    Who has pressed Ctrl-C, before or now, does not wait for the sound, which takes the longest.
    """
    for trouble, hint in outcome.troubles:
        console.err.print(
            f"[bold red]Note:[/] {escape(trouble)}. {escape(hint)}", highlight=False, soft_wrap=True
        )
    for source, bad in outcome.counters.bad.items():
        words = ", ".join(f"{kind} {times}" for kind, times in bad.items())
        console.out.print(f"Bad input of {escape(source)}: {words}.", highlight=False)
    _say("log", outcome.folder / "session.jsonl")
    if outcome.lines_lost:
        console.err.print(
            f"[yellow]Note:[/] the disk did not take {outcome.lines_lost} lines of the log; where "
            "they are missing is marked in it.", highlight=False,
        )  # fmt: skip
    done, silent = True, False
    for step in postprocess.steps(outcome.folder, outcome.files):
        began_s = monotonic_s()
        patient = step.name == "sound"
        if patient and interrupts.count:
            silent = True
            continue
        try:
            with console.progress(step.title) as report:
                path = step.do(_until(interrupts, report) if patient else report)
        except KeyboardInterrupt:
            if not patient:
                raise
            silent = True
        except Exception as error:
            if (advice := hint_of(error)) is None:
                raise
            console.mistake(str(error), advice)
            done = False
        else:
            _say(step.name, path, monotonic_s() - began_s)
            exporting.note_copy(outcome.folder, step.name, path)
    if silent:
        console.out.print(
            f"Interrupted, so no sound was rendered: "
            f"{console.command('render', _short(outcome.folder), 'OUT.wav')} does it.",
            markup=False,
            highlight=False,
        )
    return done


def _until(interrupts: Interrupts, report: Callable[[float], None]) -> Callable[[float], None]:
    """Return what takes the share done, and gives up at a Ctrl-C."""

    def reported(share: float) -> None:
        if interrupts.count:
            raise KeyboardInterrupt
        report(share)

    return reported


def _say(name: str, path: Path, seconds: float | None = None) -> None:
    """Name a file; not in a table, since a path must never be cut, so that it can be copied."""
    took = "" if seconds is None else f"  [dim]{seconds:.1f} s[/]"
    console.out.print(f"{name:8}{_shown(path)}{took}", highlight=False)


def _shown(path: Path) -> str:
    return escape(_short(path))


def _short(path: Path) -> str:
    """Return a path as short as it can be from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
