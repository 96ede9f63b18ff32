"""The command that shows what a person's sessions do over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console, exporting
from biofeedback.cli.options import Json, SessionsFolder

if TYPE_CHECKING:
    from biofeedback.report.trends import Trend

__all__ = ["trends"]


def trends(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="Whose sessions.")],
    out: SessionsFolder = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with a picture too.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a page that exists.")] = False,
    as_json: Json = False,
) -> None:
    """Show how numbers change over sessions, and if it is not noise."""
    from biofeedback.common.errors import ConfigError
    from biofeedback.record.catalogue import entries_of
    from biofeedback.record.targets import new_file
    from biofeedback.report import trends as measures
    from biofeedback.report import trends_page
    from biofeedback.storage.paths import sessions_folder

    folder = out or sessions_folder()
    entries, _ = entries_of(folder, profile)
    if not entries:
        raise ConfigError(
            f"there are no sessions of {profile!r} in {folder}",
            hint="`biofeedback sessions list` shows them; `--profile` names one at its start.",
        )
    with console.progress(f"Reading {len(entries)} sessions") as progress:
        sessions, left_out = measures.measured(entries, progress)
    found = measures.trends(sessions)
    if html is not None:
        with new_file(html, force=force) as path:
            path.write_text(trends_page.render(profile, sessions, found), encoding="utf-8")
        exporting.note_copy_of([profile], "trends", html)
    if as_json:
        console.as_json(
            {
                "profile": profile,
                "sessions": [
                    {"id": s.folder.name, "started_utc": s.started_utc, **s.values}
                    for s in sessions
                ],
                "left_out": left_out,
                "trends": [_facts(trend) for trend in found],
            }
        )
        return
    for reason in left_out:
        console.err.print(f"[yellow]Left out:[/] {console.escape(reason)}", highlight=False)
    _table(found)
    if html is not None:
        typer.echo(html)


def _facts(trend: Trend) -> dict[str, object]:
    def bounds(name: str) -> list[float] | None:
        found = getattr(trend, name)
        return None if found is None else [found.estimate, found.low, found.high]

    return {
        "measure": trend.name, "unit": trend.unit, "sessions": trend.sessions,
        "mean": bounds("mean"), "slope_per_session": bounds("slope"), "verdict": trend.verdict,
    }  # fmt: skip


def _table(found: list[Trend]) -> None:
    from rich.table import Table

    from biofeedback.report.trends_page import interval

    if not found:
        console.out.print("There is nothing to compare yet.")
        return
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("Measure", "n", "Mean", "Slope per session", "What it says"):
        table.add_column(heading, overflow="fold")
    for trend in found:
        table.add_row(
            trend.title, str(trend.sessions), interval(trend.mean), interval(trend.slope),
            trend.verdict,
        )  # fmt: skip
    console.out.print(table, soft_wrap=False)
    console.out.print("The intervals hold together with 95 %. None of this names a cause.")
