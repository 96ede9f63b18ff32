"""What every output promises to the player: one suite, run against each module of outputs."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable

import pytest
from rigs import jack

import synth.outputs
from synth.errors import OutputUnavailable
from synth.output import NoteOff, NoteOn, Output
from synth.outputs.uri import OutputKind, OutputSpec
from synth.params import Layer, MusicParams
from synth.player.process import build

_METHODS = [name for name in vars(Output) if not name.startswith("_")]
_SPECS = {
    "MidiPortOutput": [OutputSpec(OutputKind.MIDI_VIRTUAL, "contract")],
    "MidiJackOutput": [OutputSpec(OutputKind.MIDI_JACK, "contract")],
    "OscOutput": [OutputSpec(OutputKind.OSC, "9")],
    "NullOutput": [OutputSpec(OutputKind.NULL)],
}


def outputs() -> list[type]:
    """Return every class of `synth.outputs` that looks like an output."""
    found = []
    for module_info in pkgutil.iter_modules(synth.outputs.__path__):
        module = importlib.import_module(f"synth.outputs.{module_info.name}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__ and kind.__name__.endswith("Output"):
                found.append(kind)
    return [kind for kind in found if kind is not Output]


@pytest.mark.parametrize("kind", outputs(), ids=lambda kind: kind.__name__)
def test_every_output_has_the_methods_of_the_seam(kind) -> None:
    for name in _METHODS:
        wanted, given = getattr(Output, name), getattr(kind, name)
        if isinstance(wanted, Callable):
            assert list(inspect.signature(given).parameters) == list(
                inspect.signature(wanted).parameters
            )
            assert given.__doc__


@pytest.fixture(scope="module")
def server():
    if not jack.PRESENT:
        pytest.skip(jack.REASON)
    with jack.jack_server() as name:
        yield name


@pytest.mark.rig
@pytest.mark.parametrize("spec", [s for specs in _SPECS.values() for s in specs], ids=str)
def test_an_output_lives_through_a_whole_session(server, spec) -> None:
    output = build(spec)
    output.close()  # never opened: harmless
    output.open(time.monotonic())
    try:
        output.panic()  # before a note
        output.set_volume(0.5)
        output.set_volume(7.0)
        output.set_params(MusicParams(brightness=1.0))
        for layer in Layer:
            output.send(NoteOn(1, layer, 60, 100), 0.0)
            output.send(NoteOff(1, layer, 60), 0.1)
            output.send(NoteOff(2, layer, 61), 0.1)  # never begun
        output.panic()
        assert all(isinstance(value, int | float) for value in output.health().values())
        assert output.lookahead_s >= 0.0
    finally:
        output.close()
    output.close()  # twice: harmless


@pytest.mark.parametrize("kind", [OutputKind.MIDI_FILE, OutputKind.WAV])
def test_files_are_not_played(kind) -> None:
    with pytest.raises(OutputUnavailable, match="file"):
        build(OutputSpec(kind, "x"))
