"""The command that records what a sensor says over the air, and shows it before it is written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.options import Json

if TYPE_CHECKING:
    from sensors.captures.capture import Capture

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
    check: Annotated[
        Path | None, typer.Option(metavar="FILE.zip", help="Say what is in a capture instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record what a sensor says over the air, to give away.

    Names, addresses and serial numbers are taken out. All of it is shown before it is written.
    """
    from biofeedback.common.errors import ConfigError

    if check is not None:
        from sensors.captures.archive import read_capture

        _show(read_capture(check), as_json)
        return
    if values not in ("keep", "coarse"):
        raise ConfigError(f"--values {values}", hint="Write keep or coarse.")
    if share is None:
        raise ConfigError("where to write it is missing", hint="Add --share capture.zip.")
    _can_be_written(share, yes)
    _record(sensor, minutes, share, values == "coarse", yes, wait, as_json)


def _can_be_written(share: Path, yes: bool) -> None:
    """Refuse before anybody has waited; raise an error with a hint."""
    from biofeedback.common.errors import ConfigError, FolderError

    if share.exists():
        raise FolderError(f"{share} is there already", hint="Give another name.")
    if not share.absolute().parent.is_dir():
        raise FolderError(f"there is no folder {share.absolute().parent}", hint="Make it first.")
    if not yes and not sys.stdin.isatty():
        raise ConfigError("nobody can be asked here", hint="Add --yes to write it unasked.")


def _record(
    sensor: str, minutes: float, share: Path, coarse: bool, yes: bool, wait: float, as_json: bool
) -> None:
    from biofeedback.app.capturing import CaptureSession
    from biofeedback.common.clock import run_live
    from sensors.captures.archive import packed, write_capture
    from sensors.captures.summary import summary

    session = CaptureSession(sensor, minutes * 60.0, wait)
    try:
        with console.progress("Listening, Ctrl-C ends it sooner") as report:
            run_live(lambda: session.listen(lambda share_done, _: report(share_done)))
    except KeyboardInterrupt:
        console.err.print("Stopped sooner; what came is there.", highlight=False)
    found = session.result("coarse" if coarse else "keep")
    lines = summary(found)
    members = packed(found, "\n".join(lines))
    if not as_json:
        for line in lines:
            console.out.print(console.escape(line), highlight=False, soft_wrap=True)
    size = sum(len(text.encode()) for text in members.values())
    if not yes and not typer.confirm(f"Write {share} ({size / 1e3:.0f} kB before packing)?"):
        console.err.print("Nothing was written.", highlight=False)
        raise typer.Exit(2)
    write_capture(share, members)
    if as_json:
        _show(found, as_json=True, written=share)
        return
    look = console.command("capture", "--check", str(share))
    console.out.print(f"Written: {share}. To look at it: {look}", markup=False, highlight=False)


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
