"""The command that learns what the knobs and buttons of a MIDI controller do: midi-learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console

if TYPE_CHECKING:
    from biofeedback.controllers.bindings import Action, Binding
    from biofeedback.controllers.midi_events import MidiControl

__all__ = ["register"]

_FIRST = "tempo,key,density,volume,hold,marker,stop,panic"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("midi-learn")(midi_learn)


def midi_learn(
    port: Annotated[str, typer.Argument(help="A MIDI input: its name, or a part of it.")],
    actions: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="What to learn: also dynamics, brightness, register, level, release.",
        ),
    ] = _FIRST,
    wait: Annotated[
        float, typer.Option(metavar="S", min=0.1, help="How long to wait for each.")
    ] = 20.0,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to keep it; else your data folder.")
    ] = None,
) -> None:
    """Learn which knob, key or button of a controller does what.

    Move or press what is asked for; Enter leaves it out.
    """
    from biofeedback.common.clock import run_live
    from biofeedback.common.errors import ConfigError
    from biofeedback.controllers.bindings import ACTIONS, path_of, plain_name, write
    from biofeedback.controllers.build import controls_folder

    chosen = [action for action in ACTIONS if action in [n.strip() for n in actions.split(",")]]
    unknown = {name.strip() for name in actions.split(",")} - set(ACTIONS)
    if unknown:
        raise ConfigError(
            f"nothing is called {', '.join(map(repr, sorted(unknown)))}",
            hint=f"There are {', '.join(ACTIONS)}.",
        )
    uri = port if port.partition(":")[0] in ("midi", "midi-virtual") else f"midi:{port}"
    name, bindings = run_live(lambda: _learned(uri, chosen, wait))
    if not bindings:
        console.out.print("Nothing was touched, so nothing is kept.", highlight=False)
        return
    name = plain_name(name)
    path = out or path_of(name, controls_folder())
    write(path, name, bindings)
    console.out.print(f"Kept in {console.escape(str(path))}", highlight=False)
    option = f"{uri}?map={out}" if out else f"midi:{name}"
    use = console.command("run", "--control", option)
    console.out.print(f"To use it: {use}", markup=False, highlight=False)


async def _learned(uri: str, chosen: Sequence[Action], wait_s: float) -> tuple[str, list[Binding]]:
    import asyncio

    from biofeedback.cli.keys import listening
    from biofeedback.controllers.bindings import ACTIONS
    from biofeedback.controllers.midi_controller import learn
    from biofeedback.controllers.midi_input import MidiInput

    pressed: list[str] = []

    def skipped() -> bool:
        skip = bool(pressed)
        pressed.clear()
        return skip

    def ask(action: Action) -> None:
        console.out.print(f"[bold]{action}[/]: {ACTIONS[action]}", highlight=False)

    def seen(control: MidiControl, action: Action | None) -> None:
        does = "is taken" if action is None else f"is {action}"
        console.out.print(f"    {control} {does}", markup=False, highlight=False)

    port = MidiInput(uri, asyncio.get_running_loop().time)
    await port.open()
    try:
        with listening(pressed.append):
            console.out.print(f"Listening to {console.escape(port.name)}", highlight=False)
            bindings = await learn(port, chosen, wait_s, ask=ask, seen=seen, skipped=skipped)
            return port.name, bindings
    finally:
        await port.close()
