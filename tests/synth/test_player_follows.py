"""Players while the music follows another clock: it may stand still, and leap to a bar line."""

from __future__ import annotations

import math
from collections.abc import Mapping

import mido
import pytest

from synth.events import Note
from synth.output import ClockPulse, NoteOff, NoteOn
from synth.outputs import midi_file
from synth.outputs.null import NullOutput
from synth.params import Layer
from synth.player.scheduler import Scheduler
from synth.score import Score
from synth.tempo_map import STANDSTILL_BPM, TempoMap, TempoSegment

#: Two bars, then a stop within the third, and on with the fourth after 26 s.
SEGMENTS = (
    TempoSegment(0.0, 0.0, 120.0),
    TempoSegment(5.0, 10.0, STANDSTILL_BPM),
    TempoSegment(31.0, 12.0, 60.0),
)


class Watched(NullOutput):
    """Writes down pulses, and where the swell stands."""

    def __init__(self) -> None:
        super().__init__()
        self.pulses: list[tuple[float, str]] = []
        self.pacer: list[float] = []

    def pulse(self, pulse: ClockPulse, due_s: float) -> None:
        self.pulses.append((due_s, pulse.what))

    def set_signals(self, values: Mapping[str, float]) -> None:
        self.pacer.append(values["pacer"])


def notes() -> tuple[Note, ...]:
    return tuple(Note(k, float(k), 0.5, 60, 80, Layer.MELODY) for k in (*range(10), 12, 13, 14))


def test_music_that_stood_still_goes_on_from_the_bar_line() -> None:
    output = Watched()
    scheduler = Scheduler(output, output)
    scheduler.set_tempo(SEGMENTS[0])
    scheduler.feed(notes())
    for k in range(350):
        now_s = k / 10
        if now_s == 4.9:
            scheduler.cancel(10.0)
            scheduler.set_tempo(SEGMENTS[1])
            scheduler.feed(notes()[10:])
        if now_s == 30.0:
            scheduler.set_tempo(SEGMENTS[2])
        scheduler.step(now_s)
    starts = [due_s for due_s, event in output.sent if isinstance(event, NoteOn)]
    assert starts == pytest.approx([0.5 * k for k in range(10)] + [31.0, 32.0, 33.0])
    assert sum(isinstance(event, NoteOff) for _, event in output.sent) == 13
    words = [(due_s, what) for due_s, what in output.pulses if what != "tick"]
    assert [what for _, what in words] == ["start", "stop", "continue"]
    ticks = [due_s for due_s, what in output.pulses if what == "tick"]
    assert not [due_s for due_s in ticks if 5.01 < due_s < 30.99]
    assert ticks[-1] > 34.0


def test_a_beat_that_was_leapt_over_falls_on_the_leap() -> None:
    tempo_map = TempoMap(SEGMENTS)
    assert tempo_map.time_at(9.0) == 4.5
    assert tempo_map.time_at(11.0) == 31.0
    assert tempo_map.time_at(13.0) == 32.0
    assert tempo_map.beat_at(20.0) == pytest.approx(10.0, abs=1e-3)


def starts_in(path) -> list[float]:
    now_s, starts = 0.0, []
    for message in mido.MidiFile(path):
        now_s += message.time
        if message.type == "note_on":
            starts.append(now_s)
    return starts


def test_a_file_keeps_its_times_after_a_pause_longer_than_a_tempo_can_say(tmp_path) -> None:
    midi_file.write(tmp_path / "a.mid", Score(notes(), TempoMap(SEGMENTS)))
    starts = starts_in(tmp_path / "a.mid")
    assert starts == pytest.approx([0.5 * k for k in range(10)] + [31, 32, 33], abs=0.01)
    later = (*SEGMENTS[:2], TempoSegment(100.0, 12.0, 60.0), TempoSegment(101.0, 13.0, 90.0))
    midi_file.write(tmp_path / "b.mid", Score(notes(), TempoMap(later)))
    starts = starts_in(tmp_path / "b.mid")
    assert starts[11] - starts[10] == pytest.approx(1.0, abs=0.01)
    assert starts[12] - starts[11] == pytest.approx(2.0 / 3.0, abs=0.01)


@pytest.mark.parametrize("step_s", [0.01, 0.37])
def test_the_pacer_rises_and_falls_with_each_breath_of_eight_beats(step_s) -> None:
    output = Watched()
    scheduler = Scheduler(output, sways=True)
    scheduler.set_tempo(TempoSegment(0.0, 0.0, 60.0))
    scheduler.step(0.0)
    for k in range(round(16.0 / step_s)):
        scheduler.step(k * step_s)
    assert max(output.pacer) > 0.97
    assert min(output.pacer) < 0.03
    assert len(output.pacer) == pytest.approx(16 * min(8, 1 / step_s), abs=3)
    if step_s == 0.01:
        assert output.pacer[:4] == pytest.approx(
            [0.5 - 0.5 * math.cos(math.pi * k / 25.6) for k in range(1, 5)]
        )
    scheduler.panic(16.0)
    count = len(output.pacer)
    scheduler.step(16.0)
    scheduler.step(17.0)
    assert len(output.pacer) > count
