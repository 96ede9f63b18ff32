"""The command that ends notes which hang on MIDI instruments: silence."""

from __future__ import annotations

from typing import Annotated

import typer

from biofeedback.cli import console

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(silence)


def silence(
    ports: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PORT]...", help="MIDI ports: names, or parts of them; else all."),
    ] = None,
) -> None:
    """End notes that hang on MIDI instruments.

    On all sixteen channels each note is ended, the pedal lifted, and all notes and sounds put off.
    """
    from biofeedback.cli.probe import midi_ports
    from synth.errors import OutputUnavailable
    from synth.outputs.midi_port import silence_port

    wanted = [port.removeprefix("midi:") for port in ports or ()] or midi_ports()
    if not wanted:
        raise OutputUnavailable("there is no MIDI port", hint="Plug the instrument in.")
    for port in wanted:
        name = silence_port(port)
        console.out.print(f"Silenced: {name}", markup=False, highlight=False, soft_wrap=True)
