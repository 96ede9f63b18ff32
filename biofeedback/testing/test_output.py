"""What every output promises to the player."""

from __future__ import annotations

import inspect
import time

import pytest

from biofeedback.config.outputs import made_by, output_spec
from synth.events import Note
from synth.output import NoteOff, NoteOn, Output
from synth.outputs.null import NullOutput
from synth.params import Layer, MusicParams
from synth.player.process import added, build
from synth.player.scheduler import Scheduler
from synth.tempo_map import TempoSegment

KIND = "output"
METHODS = [name for name in vars(Output) if not name.startswith("_")]


@pytest.fixture
def output(part: str) -> Output:
    spec = output_spec(part)
    target = made_by(spec)
    return added(spec.target, target) if target else build(spec)


def test_it_has_the_methods_of_the_seam(output: Output) -> None:
    for name in METHODS:
        wanted, given = getattr(Output, name), getattr(output, name)
        if callable(wanted):
            names = list(inspect.signature(wanted).parameters)[1:]
            assert list(inspect.signature(given).parameters) == names, name


def test_it_lives_through_a_whole_session(output: Output) -> None:
    output.close()  # never opened: harmless
    output.open(time.monotonic())
    try:
        output.panic()  # before a note
        output.set_volume(0.5)
        output.set_volume(7.0)
        output.set_params(MusicParams(brightness=1.0))
        output.set_signals({"arousal": 0.5, "beat": 1.0, "nobody asked": -3.0})
        output.set_signals({})
        for layer in Layer:
            output.send(NoteOn(1, layer, 60, 100), 0.0)
            output.send(NoteOff(1, layer, 60), 0.1)
            output.send(NoteOff(2, layer, 61), 0.1)  # never begun
        output.check()
        output.panic()
        assert all(isinstance(value, int | float) for value in output.health().values())
        assert output.lookahead_s >= 0.0
    finally:
        output.close()
    output.close()  # twice: harmless


def test_every_note_that_begins_ends_also_where_it_is_cut_off(output: Output) -> None:
    """What the player sends to it, it can take; a panic leaves nothing open."""
    ear = NullOutput()
    both = _Both(output, ear)
    scheduler = Scheduler(both, sways=True)
    both.open(time.monotonic())
    try:
        scheduler.set_tempo(TempoSegment(0.0, 0.0, 120.0))
        scheduler.feed(Note(n, n / 4, 3.0, 50 + n, 80, list(Layer)[n % 7]) for n in range(16))
        for step in range(30):
            scheduler.step(step / 10.0)
        scheduler.cancel(5.0)
        scheduler.step(3.0)
        scheduler.panic(3.0)
    finally:
        both.close()
    begun = [(e.layer, e.pitch) for _, e in ear.sent if isinstance(e, NoteOn)]
    ended = [(e.layer, e.pitch) for _, e in ear.sent if isinstance(e, NoteOff)]
    assert begun
    assert ear.panics or sorted(begun) == sorted(ended)


class _Both(NullOutput):
    """Sends everything to an output, and to an ear that remembers it."""

    def __init__(self, output: Output, ear: NullOutput) -> None:
        super().__init__(lookahead_s=output.lookahead_s)
        self._outputs: tuple[Output, ...] = (output, ear)

    def open(self, t0_s: float) -> None:
        for output in self._outputs:
            output.open(t0_s)

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        for output in self._outputs:
            output.send(event, due_s)

    def panic(self) -> None:
        for output in self._outputs:
            output.panic()

    def close(self) -> None:
        for output in self._outputs:
            output.close()
