"""Commands that look at what was recorded: verify, analyze, render, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biofeedback.cli import console, exporting, inspecting
from biofeedback.cli.console import escape
from biofeedback.cli.options import Columns, Json, Rate, SessionName, Sessions, session_named
from biofeedback.cli.words import counted

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (verify, inspecting.inspect, analyze, render, report, exporting.export):
        app.command()(command)
    app.command("analyse", hidden=True)(analyze)  # both spellings of the one word


def verify(session: SessionName, sessions: Sessions = None, as_json: Json = False) -> None:
    """Regenerate a session from its log and compare.

    Exits with 0 when every decision and note is identical, with 1 when the log was changed, with 3
    when it differs and was made by other code, by other versions or on another processor, or when a
    plug-in, or the profile that decoded a band, is not here.
    """
    from biofeedback.app.registry import profile_digests
    from biofeedback.engine.digest import code_digest
    from biofeedback.record import verify as proof
    from biofeedback.record.lines import HOLES
    from biofeedback.record.rebuild import core_of

    path = session_named(session, sessions)
    with console.progress("Regenerating the session") as progress:
        verdict = proof.verify(path, core_of, progress, code_digest(), profile_digests())
    difference = verdict.difference
    differs = 3 if verdict.explained else 1
    if as_json:
        console.as_json(
            {
                "identical": verdict.identical,
                "inputs": verdict.inputs,
                "derived": verdict.derived,
                "complete": verdict.complete,
                "lost": None if verdict.lost is None else [verdict.lost.first, verdict.lost.last],
                "versions": verdict.versions,
                "other_code": verdict.other_code,
                "processor": verdict.processor,
                "foreign": verdict.foreign or None,
                "profiles": verdict.profiles or None,
                "difference": None
                if difference is None
                else {name: getattr(difference, name) for name in difference.__slots__},
            }
        )
        raise typer.Exit((3 if verdict.profiles else 0) if verdict.identical else differs)
    if verdict.versions:
        pairs = [f"{name} {old}, here {new}" for name, (old, new) in verdict.versions.items()]
        console.err.print(
            f"[yellow]Note:[/] logged with {escape('; '.join(pairs))}. "
            "Identity is promised for equal versions.",
            highlight=False,
        )
    if verdict.other_code:
        console.err.print(
            "[yellow]Note:[/] made by other code"
            f"{'' if verdict.versions else ' of the same version'}; "
            "differences may come from that.",
            highlight=False,
        )
    if verdict.processor and difference is not None:
        console.err.print(
            "[yellow]Note:[/] logged on another processor: {}, here {}; "
            "the difference may come from that.".format(*map(escape, verdict.processor)),
            highlight=False,
        )
    if verdict.foreign:
        console.out.print(
            f"[bold red]Not verified[/]: {escape(verdict.foreign)}. "
            "Verify it with the version that made it; all else can still be done with it.",
            highlight=False,
        )
        raise typer.Exit(differs)
    if difference is not None:
        place = f"seq {difference.seq}, {difference.kind}"
        field = f", field {difference.field}" if difference.field else ""
        console.out.print(
            f"[bold red]Different[/] at {place}{field}:\n"
            f"  logged       {escape(difference.logged)}\n"
            f"  regenerated  {escape(difference.regenerated)}",
            highlight=False,
        )
        raise typer.Exit(differs)
    cut = "" if verdict.complete else " The log has no end: the session was cut short."
    if verdict.lost is not None:
        first, last, why = verdict.lost.first, verdict.lost.last, HOLES[verdict.lost.why]
        cut = f" Lines {first} to {last} are missing, since {why}, and proof ends there."
    console.out.print(
        f"[green]Identical[/]: {verdict.derived} derived lines regenerated from "
        f"{verdict.inputs} inputs, byte for byte.{cut}",
        highlight=False,
    )
    if verdict.profiles:
        console.out.print(
            f"[yellow]But[/] {escape(verdict.profiles)}: its packets might give other samples.",
            highlight=False,
        )
        raise typer.Exit(3)


def analyze(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="A recording, or a session's name or path; with --out, folders of sessions.",
        ),
    ],
    window: Annotated[
        float,
        typer.Option(metavar="S", min=10.0, max=3600.0, help="Length of a window; LF needs 150 s."),
    ] = 60.0,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV for spreadsheets.")] = False,
    columns: Columns = None,
    rate: Rate = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="One table of all sessions: a .parquet or .csv file."),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="With --out; else one for each core.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="With --out: a Dask scheduler's address."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a table that exists.")] = False,
    sessions: Sessions = None,
) -> None:
    """Show the metrics of a recording or session by windows.

    With --out, those of all sessions in folders become one table. Interrupted, it goes on from
    where it was when given again.
    """
    from biofeedback.cli import metrics_table
    from biofeedback.cli.options import column_map, file_or_session
    from biofeedback.common.errors import ConfigError
    from biofeedback.offline import analysis
    from biofeedback.record.reader import is_session

    paths = [file_or_session(name, sessions) for name in sources]
    if out is not None:
        _cohort(paths, out, window, processes, cluster, force, as_json)
        return
    if len(paths) > 1:
        raise ConfigError(
            "several sources need a file for their table", hint="Add --out sessions.csv"
        )
    (source,) = paths
    if source.is_dir() and not is_session(source) and any(map(is_session, source.iterdir())):
        raise ConfigError(
            f"{source} is a folder of sessions",
            hint="Name one of them, or add --out sessions.csv for a table of all.",
        )
    if as_json and as_csv:
        raise ConfigError("--json and --csv at once", hint="Choose one of them.")
    with console.progress("Measuring") as progress:
        result = analysis.analyze(
            source,
            window_s=window,
            columns=column_map(columns) if columns else None,
            rate_hz=rate,
            progress=progress,
        )
    for warning in result.warnings:
        console.err.print(f"[yellow]Note:[/] {escape(warning)}", highlight=False)
    if as_json:
        typer.echo(metrics_table.as_json(result))
    elif as_csv:
        typer.echo(metrics_table.as_csv(result), nl=False)
    else:
        metrics_table.show(result)


def _cohort(
    folders: list[Path], out: Path, window_s: float, processes: int | None, cluster: str | None,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    from biofeedback.offline import cohort

    sessions = cohort.find_sessions(folders)
    with console.progress(f"Measuring {counted(len(sessions), 'session')}") as progress:
        result = cohort.analyze_all(
            sessions, out, window_s=window_s, processes=processes, cluster=cluster, force=force,
            progress=progress,
        )  # fmt: skip
    for problem in result.problems:
        console.err.print(f"[yellow]Left out:[/] {escape(problem)}", highlight=False)
    exporting.note_copy_of(result.people, "table", out)
    if as_json:
        console.as_json(
            {"file": str(out), "sessions": result.sessions, "rows": result.rows,
             "problems": result.problems}
        )  # fmt: skip
    else:
        typer.echo(
            f"{counted(result.sessions, 'session')}, {counted(result.rows, 'window')}: {out}"
        )


def render(
    session: SessionName,
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="The file to write: .wav or .flac for sound, .mid for MIDI"
        ),
    ],
    soundfont: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Sound with this .sf2 in place of our instruments."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    sessions: Sessions = None,
    as_json: Json = False,
) -> None:
    """Write a session's music as sound or MIDI, also long after it."""
    from biofeedback.app import postprocess
    from biofeedback.common.errors import FolderError

    kind = target.suffix.lower()
    if kind not in (".wav", ".flac", ".mid", ".midi"):
        raise FolderError(
            f"{target.name} is neither a WAV, a FLAC nor a MIDI file",
            hint="Give a name that ends in .wav, .flac or .mid",
        )
    if target.exists() and not force:
        raise FolderError(f"{target} exists already", hint="Choose a new name, or add --force.")
    path = session_named(session, sessions)
    exporting.tell_running(path)
    try:
        if kind in (".wav", ".flac"):
            with console.progress("Rendering the sound") as progress:
                postprocess.write_sound(path, target, progress, soundfont)
        else:
            postprocess.write_midi(path, target)
    except OSError as error:
        raise FolderError(
            f"{target} cannot be written: {error.strerror or error}",
            hint="Choose a file in a folder that you may write to.",
        ) from error
    exporting.note_copy(path, kind.removeprefix("."), target)
    console.written([target], as_json)


def report(
    session: SessionName,
    show: Annotated[bool, typer.Option("--open", help="Open it in your browser.")] = False,
    as_pdf: Annotated[
        bool, typer.Option("--pdf", help="Print it to a PDF too; needs Chromium, Chrome or Edge.")
    ] = False,
    sessions: Sessions = None,
    as_json: Json = False,
) -> None:
    """Write the report of a session anew and say where it is."""
    from biofeedback.record.reader import find_log
    from biofeedback.report import page, pdf
    from biofeedback.storage import encryption

    found = session_named(session, sessions)
    exporting.tell_running(found)
    with console.progress("Writing the report") as progress:
        path = page.write(found, progress)
    console.written([path, *([pdf.write(path)] if as_pdf else [])], as_json)
    if find_log(found).suffix == encryption.SUFFIX:
        console.err.print(
            "[yellow]Note:[/] the session is encrypted, this report is not; "
            "`biofeedback key seal` closes it.",
            highlight=False,
        )
    if show and typer.launch(path.resolve().as_uri()) != 0:
        console.err.print("[yellow]Note:[/] no browser could be started.", highlight=False)
