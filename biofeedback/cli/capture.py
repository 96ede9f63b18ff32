"""The command that records what a sensor says over the air, and shows it before it is written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.options import Json

if TYPE_CHECKING:
    from sensors.captures.capture import Capture, Values
    from sensors.captures.kept import HeardCapture

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(capture)


def capture(
    sensor: Annotated[
        str, typer.Option("--sensor", "-s", metavar="URI", help="ble: or ble:NAME, as for run.")
    ] = "ble:",
    minutes: Annotated[
        float, typer.Option(metavar="M", min=0.05, max=1440.0, help="How long to listen.")
    ] = 5.0,
    share: Annotated[
        Path | None, typer.Option(metavar="FILE.zip", help="Where to write what may be shared.")
    ] = None,
    values: Annotated[
        str,
        typer.Option(
            metavar="keep|coarse",
            help="Keep values as they are sent, or make them coarse: times and structure stay.",
        ),
    ] = "keep",
    yes: Annotated[bool, typer.Option("--yes", help="Write it without asking.")] = False,
    wait: Annotated[
        float, typer.Option(metavar="S", min=1.0, max=3600.0, help="How long to look for it.")
    ] = 30.0,
    again: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.private.zip",
            help="Share what was kept because it could not be, instead of listening anew.",
        ),
    ] = None,
    check: Annotated[
        Path | None, typer.Option(metavar="FILE.zip", help="Say what is in a capture instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record what a sensor says over the air, to give away.

    Names, addresses, serial numbers and the day are taken out. All of it is shown before it is
    written; what cannot be, or is not wanted so, is kept for another try.
    """
    from biofeedback.common.errors import ConfigError

    if check is not None:
        from sensors.captures.archive import read_capture
        from sensors.captures.kept import is_kept

        if is_kept(check):
            raise ConfigError(
                f"{check} is not to be shared: whose it is, and when it was, stand in it",
                hint=f"{console.command('capture', '--again', str(check))} --share capture.zip",
            )
        _show(read_capture(check), as_json)
        return
    if values not in ("keep", "coarse"):
        raise ConfigError(f"--values {values}", hint="Write keep or coarse.")
    if share is None:
        raise ConfigError("where to write it is missing", hint="Add --share capture.zip.")
    _can_be_written(share, yes)
    if again is None:
        heard = _listen(sensor, minutes, wait)
    else:
        from sensors.captures.kept import read_kept

        heard = read_kept(again)
    written = False
    try:
        _write(heard, share, "coarse" if values == "coarse" else "keep", yes, as_json)
        written = True
    finally:
        if again is None and not written:
            _keep(heard, share)
    if again is not None:
        again.unlink()
        console.err.print(f"Deleted, for names are in it: {again}", markup=False, highlight=False)


def _can_be_written(share: Path, yes: bool) -> None:
    """Refuse before anybody has waited; raise an error with a hint."""
    from biofeedback.common.errors import ConfigError, FolderError

    if share.exists():
        raise FolderError(f"{share} is there already", hint="Give another name.")
    if not share.absolute().parent.is_dir():
        raise FolderError(f"there is no folder {share.absolute().parent}", hint="Make it first.")
    if not yes and not sys.stdin.isatty():
        raise ConfigError("nobody can be asked here", hint="Add --yes to write it unasked.")


def _listen(sensor: str, minutes: float, wait: float) -> HeardCapture:
    from biofeedback.app.capturing import CaptureSession
    from biofeedback.common.clock import run_live

    session = CaptureSession(sensor, minutes * 60.0, wait)
    try:
        with console.progress("Listening, Ctrl-C ends it sooner") as report:
            run_live(lambda: session.listen(lambda share_done, _: report(share_done)))
    except KeyboardInterrupt:
        console.err.print("Stopped sooner; what came is there.", highlight=False)
    return session.heard()


def _write(heard: HeardCapture, share: Path, values: Values, yes: bool, as_json: bool) -> None:
    """Show what may be shared, and write it; raise an error where it may not be."""
    from sensors.captures.archive import packed, write_capture
    from sensors.captures.summary import summary

    found = heard.to_share(values)
    lines = summary(found)
    members = packed(found, "\n".join(lines))
    if not as_json:
        for line in lines:
            console.out.print(console.escape(line), highlight=False, soft_wrap=True)
    size = sum(len(text.encode()) for text in members.values())
    if not yes and not typer.confirm(f"Write {share} ({size / 1e3:.0f} kB before packing)?"):
        console.err.print("Nothing to be shared was written.", highlight=False)
        raise typer.Exit(2)
    write_capture(share, members)
    if as_json:
        _show(found, as_json=True, written=share)
        return
    look = console.command("capture", "--check", str(share))
    console.out.print(f"Written: {share}. To look at it: {look}", markup=False, highlight=False)


def _keep(heard: HeardCapture, share: Path) -> None:
    """Keep what was heard on this computer, so that another try needs no new recording."""
    from sensors.captures.kept import write_kept

    names = (f"{share.stem}.private{i or ''}.zip" for i in range(1000))
    path = next(one for name in names if not (one := share.with_name(name)).exists())
    write_kept(path, heard)
    try_again = console.command("capture", "--again", str(path), "--share", str(share))
    console.err.print(
        f"What was heard is kept in {path}: do not share it, names are in it. "
        f"With other options: {try_again}",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip


def _show(found: Capture, as_json: bool, written: Path | None = None) -> None:
    from sensors.captures.summary import summary

    lines = summary(found)
    if not as_json:
        for line in lines:
            console.out.print(console.escape(line), highlight=False, soft_wrap=True)
        return
    console.as_json(
        {
            "name": found.name,
            "driver": found.driver,
            "values": found.values,
            "duration_s": found.duration_s,
            "events": len(found.events),
            "removed": found.removed,
            "summary": lines,
            **({"file": str(written)} if written else {}),
        }
    )
