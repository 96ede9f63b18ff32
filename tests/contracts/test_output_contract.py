"""The shipped suite, for outputs that need a server, and what all modules of outputs offer."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable

import pytest
from rigs import jack

import synth.outputs
from biofeedback.testing.test_output import (  # noqa: F401
    METHODS,
    test_every_note_that_begins_ends_also_where_it_is_cut_off,
    test_it_lives_through_a_whole_session,
)
from synth.errors import OutputUnavailable
from synth.output import Output
from synth.outputs.uri import OutputKind, OutputSpec
from synth.player.process import build

SPECS = [
    OutputSpec(OutputKind.MIDI_VIRTUAL, "contract"),
    OutputSpec(OutputKind.MIDI_JACK, "contract"),
]


def outputs() -> list[type]:
    """Return every class of `synth.outputs` that looks like an output."""
    found = []
    for module_info in pkgutil.iter_modules(synth.outputs.__path__):
        module = importlib.import_module(f"synth.outputs.{module_info.name}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__ and kind.__name__.endswith("Output"):
                found.append(kind)
    return [kind for kind in found if kind is not Output and not inspect.isabstract(kind)]


@pytest.mark.parametrize("kind", outputs(), ids=lambda kind: kind.__name__)
def test_every_output_has_the_methods_of_the_seam(kind) -> None:
    for name in METHODS:
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


@pytest.fixture(params=[pytest.param(spec, marks=pytest.mark.rig) for spec in SPECS], ids=str)
def output(server, request: pytest.FixtureRequest) -> Output:
    return build(request.param)


@pytest.mark.parametrize("kind", [OutputKind.MIDI_FILE, OutputKind.WAV])
def test_files_are_not_played(kind) -> None:
    with pytest.raises(OutputUnavailable, match="file"):
        build(OutputSpec(kind, "x"))
