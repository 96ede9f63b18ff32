"""Commands that look at the computer and what is around it: scan, ports, doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.options import Json
from biofeedback.cli.words import signal_words

if TYPE_CHECKING:
    from sensors.ble.radio import Advertisement

__all__ = ["look_around", "register"]


_PORTS = (
    ("audio", "Audio devices", "audio_devices"),
    ("midi", "MIDI ports", "midi_ports"),
    ("midi-in", "MIDI inputs, for --control and --clock", "midi_inputs"),
)
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (scan, ports, doctor):
        app.command()(command)


def scan(
    timeout: Annotated[
        float, typer.Option(metavar="S", min=0.5, max=120.0, help="How long to look.")
    ] = 8.0,
    battery: Annotated[
        bool | None,
        typer.Option(
            "--battery/--no-battery",
            help="Connect to each sensor for a moment, to ask for its battery and its names. "
            "Else where there are at most four.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the Bluetooth sensors within reach, and what they give."""
    from sensors.ble.device_query import uri_of

    seen = look_around(timeout, battery)
    if as_json:
        fields = (
            "name", "address", "kind", "rssi_dbm", "battery_percent", "about", "gives", "in_use",
        )  # fmt: skip
        console.as_json(
            [
                {name: getattr(d, name) for name in fields}
                | {"uri": uri_of(d), "command": _command_for(d) if d.kind != "other" else ""}
                for d in seen
            ]
        )
        return
    if not seen:
        console.out.print(
            "No Bluetooth device in sight. Wear the sensor, wet its electrodes, come closer, and "
            "close other apps that use it."
        )
        return
    from rich.table import Table

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("Name", "Address", "Signal", "Battery", "Gives"):
        table.add_column(heading, no_wrap=heading in ("Address", "Signal"), overflow="fold")
    for device in seen:
        signal = "in use" if device.in_use else signal_words(device.rssi_dbm)
        charge = device.battery_percent
        words = f"{device.gives} ({device.about})" if device.about else device.gives
        percent = "--" if charge is None else f"{charge} %"
        cells = (device.name or "--", device.address, signal, percent, words)
        table.add_row(*(console.escape(cell) for cell in cells))
    console.out.print(table, soft_wrap=False)
    known = [device for device in seen if device.kind != "other"]
    if known and all(device.battery_percent is None and not device.about for device in known):
        console.out.print("Their batteries: biofeedback scan --battery", style="dim")
    straps = [device for device in seen if device.kind == "heart rate strap"]
    usable = straps or known
    for device in usable[:_FEW]:
        which = "it" if len(usable) == 1 else device.address  # a name may be anything
        console.out.print(f"To use {which}: {_command_for(device)}", markup=False, highlight=False)


def _command_for(device: Advertisement) -> str:
    """Return the command that uses just this device, as it may be pasted into a shell."""
    from sensors.ble.device_query import uri_of

    return console.command("run", "--sensor", uri_of(device))


def ports(as_json: Json = False) -> None:
    """List audio devices and MIDI ports, to play to or steer with."""
    from biofeedback.cli import probe
    from synth.errors import SynthError

    found: dict[str, list[str]] = {}
    problems: dict[str, tuple[str, str]] = {}
    for kind, _, asker in _PORTS:
        ask = getattr(probe, asker)
        try:
            found[kind] = ask()
        except SynthError as error:
            found[kind] = []
            problems[kind] = str(error), error.hint
    if as_json:
        words = {kind: problem for kind, (problem, _) in problems.items()}
        console.as_json({**found, "problems": words})
        return
    for kind, title, _ in _PORTS:
        console.out.print(f"[bold]{title}[/]", highlight=False)
        for name in found[kind]:
            scheme = kind.removesuffix("-in")
            console.out.print(f"  {scheme}:{name}", markup=False, highlight=False)
        if kind in problems:
            console.mistake(*problems[kind])
        elif not found[kind]:
            console.out.print("  none here", style="dim")
    console.out.print(
        "Also: midi-virtual:NAME and midi-jack:NAME offer a port, osc:PORT sends to this computer, "
        "mid:PATH and wav:PATH write files.",
        style="dim",
    )


def doctor(as_json: Json = False) -> None:
    """Check this computer. Exits with 0 when nothing is broken, else with 1."""
    from biofeedback.cli.checks import checks
    from biofeedback.common.clock import run_live

    with console.err.status("Looking at this computer"):
        found = run_live(checks)
    failed = any(check.verdict == "fail" for check in found)
    if as_json:
        fields = ("name", "verdict", "text", "hint")
        lines = [{name: getattr(check, name) for name in fields} for check in found]
        console.as_json({"ok": not failed, "checks": lines})
        raise typer.Exit(int(failed))
    for check in found:
        colour = _COLOURS[check.verdict]
        console.out.print(
            f"[{colour}]{check.verdict:4}[/]  {check.name:12} {console.escape(check.text)}",
            highlight=False,
        )
        if check.hint and check.verdict != "ok":
            console.out.print(f"{'':19}{console.escape(check.hint)}", style="dim", highlight=False)
    raise typer.Exit(int(failed))


def look_around(timeout_s: float, battery: bool | None = False) -> list[Advertisement]:
    """Return the Bluetooth devices within reach, with a bar while it looks.

    With `battery`, sensors are asked for theirs; None asks them where they are few: in a full gym
    nobody else's strap shall be spoken to. Raises `SensorUnavailable` when this computer cannot
    look.
    """
    import asyncio

    from biofeedback.app.registry import device_profiles
    from biofeedback.common.clock import run_live
    from sensors.ble.bands import recognise
    from sensors.ble.probe import ask_all
    from sensors.ble.radio import scan as search

    recognised = recognise(device_profiles())

    async def searching() -> list[Advertisement]:
        with console.progress("Looking for sensors") as report:
            search_task = asyncio.create_task(search(timeout_s, recognised))
            steps = max(1, round(timeout_s / _STEP_S))
            for step in range(steps):
                report(step / steps)
                await asyncio.wait({search_task}, timeout=_STEP_S)
                if search_task.done():
                    break
            seen = await search_task
        known = [device for device in seen if device.kind != "other"]
        if not (battery or (battery is None and len(known) <= _FEW)) or not known:
            return seen
        with console.err.status(f"Asking {', '.join(device.label for device in known)}"):
            return await ask_all(seen)

    return run_live(searching)


_STEP_S = 0.2
_FEW = 4  #: sensors; more of them are not one person's
