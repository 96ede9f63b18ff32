"""The MIDI clock that the scheduler sends, in virtual time."""

from __future__ import annotations

from itertools import pairwise

import pytest

from synth.events import Note
from synth.output import ClockPulse, NoteOff, NoteOn
from synth.outputs.null import NullOutput
from synth.params import Layer
from synth.player.scheduler import Scheduler
from synth.tempo_map import TempoMap, TempoSegment


class Sequencer(NullOutput):
    """Follows the clock, and writes down when what came."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.heard: list[tuple[float, ClockPulse | NoteOn | NoteOff]] = []

    def pulse(self, pulse: ClockPulse, due_s: float) -> None:
        self.heard.append((self.now_s, pulse))

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        self.heard.append((self.now_s, event))

    def times(self, what: str) -> list[float]:
        return [
            t for t, event in self.heard if isinstance(event, ClockPulse) and event.what == what
        ]


def run(scheduler: Scheduler, sequencer: Sequencer, until_s: float) -> None:
    """Advance exactly when something is due, as a perfect player would."""
    scheduler.step(sequencer.now_s)
    while (due_s := scheduler.next_due_s()) is not None and due_s <= until_s:
        sequencer.now_s = max(sequencer.now_s, due_s)
        scheduler.step(sequencer.now_s + 1e-9)
    sequencer.now_s = until_s


def clocked(*segments: TempoSegment, early_s: float = 0.0) -> tuple[Scheduler, Sequencer]:
    sequencer = Sequencer()
    scheduler = Scheduler(sequencer, sequencer, early_s=early_s)
    for segment in segments:
        scheduler.set_tempo(segment)
    return scheduler, sequencer


def test_start_precedes_beat_0_and_24_ticks_make_a_beat() -> None:
    scheduler, sequencer = clocked(TempoSegment(1.0, 0.0, 120.0))
    run(scheduler, sequencer, 3.01)
    ticks = sequencer.times("tick")
    assert ticks[0] == pytest.approx(1.0)
    assert len(ticks) == 4 * 24 + 1
    assert ticks[-1] == pytest.approx(3.0)
    assert sequencer.times("start") == [pytest.approx(1.0 - 0.5 / 48)]
    assert not sequencer.times("continue")


def test_at_one_moment_come_clock_then_offs_then_bass_then_the_rest() -> None:
    scheduler, sequencer = clocked(TempoSegment(0.5, 0.0, 60.0))
    layers = (Layer.MELODY, Layer.PAD, Layer.BASS)
    scheduler.feed(Note(k, 0.0, 1.0, 60 + k, 80, layer) for k, layer in enumerate(layers))
    scheduler.feed([Note(9, 1.0, 1.0, 40, 80, Layer.BASS)])
    run(scheduler, sequencer, 1.51)
    first = [event for t, event in sequencer.heard if t == pytest.approx(0.5)]
    assert first[0] == ClockPulse("tick", 0.0)
    assert [event.layer for event in first[1:]] == [Layer.BASS, Layer.PAD, Layer.MELODY]
    second = [event for t, event in sequencer.heard if t == pytest.approx(1.5)]
    assert isinstance(second[0], ClockPulse)
    assert [type(event) for event in second[1:]] == [NoteOff, NoteOff, NoteOff, NoteOn]


def test_a_tempo_change_acts_at_its_time_without_a_jump_of_phase() -> None:
    tempo = TempoMap.start(0.0, 60.0)
    scheduler, sequencer = clocked(tempo.segments[0])
    run(scheduler, sequencer, 1.9)
    tempo = tempo.change(2.0, 120.0)
    scheduler.set_tempo(tempo.segments[1])
    run(scheduler, sequencer, 4.01)
    ticks = sequencer.times("tick")
    assert ticks == pytest.approx([tempo.time_at(k / 24) for k in range(len(ticks))])
    steps = [b - a for a, b in pairwise(ticks)]
    assert steps[47] == pytest.approx(1 / 24)  # the tick in progress ends as it was to
    assert steps[48] == pytest.approx(1 / 48)  # the next is of the new length
    assert len(ticks) == 2 * 24 + 4 * 24 + 1


def test_panic_stops_the_clock_and_it_continues_at_the_next_bar_with_its_position() -> None:
    scheduler, sequencer = clocked(TempoSegment(0.0, 0.0, 60.0))
    run(scheduler, sequencer, 1.5)
    scheduler.panic(1.5)
    run(scheduler, sequencer, 5.0)
    assert sequencer.times("stop") == [1.5]
    assert not [t for t in sequencer.times("tick") if 1.5 < t < 4.0 - 1e-6]
    continued = [event for _, event in sequencer.heard if event == ClockPulse("continue", 4.0)]
    assert len(continued) == 1
    assert next(t for t in sequencer.times("tick") if t > 1.5) == pytest.approx(4.0)


def test_a_player_that_joins_late_continues_at_the_next_bar() -> None:
    scheduler, sequencer = clocked(TempoSegment(0.0, 0.0, 60.0))
    sequencer.now_s = 9.2
    run(scheduler, sequencer, 13.0)
    assert not sequencer.times("start")
    assert sequencer.times("tick")[0] == pytest.approx(12.0)


def test_a_stalled_player_stops_the_clock_instead_of_sending_a_heap_of_ticks() -> None:
    scheduler, sequencer = clocked(TempoSegment(0.0, 0.0, 60.0))
    run(scheduler, sequencer, 1.0)
    sequencer.now_s = 3.0
    run(scheduler, sequencer, 5.0)
    assert len(sequencer.times("stop")) == 1
    assert not [t for t in sequencer.times("tick") if 1.1 < t < 3.9]
    assert next(t for t in sequencer.times("tick") if t > 1.1) == pytest.approx(4.0)


def test_cancelled_notes_leave_the_clock_alone() -> None:
    scheduler, sequencer = clocked(TempoSegment(0.0, 0.0, 60.0))
    scheduler.feed([Note(1, 2.0, 1.0, 60, 80, Layer.PAD)])
    run(scheduler, sequencer, 1.0)
    scheduler.cancel(1.0)
    run(scheduler, sequencer, 4.0 - 1e-6)
    assert len(sequencer.times("tick")) == 4 * 24
    assert not [event for _, event in sequencer.heard if isinstance(event, NoteOn)]


def test_a_slow_instrument_gets_everything_early() -> None:
    scheduler, sequencer = clocked(TempoSegment(1.0, 0.0, 60.0), early_s=0.03)
    scheduler.feed([Note(1, 1.0, 1.0, 60, 80, Layer.PAD)])
    run(scheduler, sequencer, 2.5)
    on = [t for t, event in sequencer.heard if isinstance(event, NoteOn)]
    assert on == [pytest.approx(2.0 - 0.03)]
    assert sequencer.times("tick")[0] == pytest.approx(1.0 - 0.03)
