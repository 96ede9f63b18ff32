"""The scheduler and the wire of a player, by hand: order, lateness, clocks, swells, messages."""

import json
import math

import pytest

from synth.events import Cancel, Note
from synth.output import ClockPulse, NoteOff, NoteOn
from synth.outputs.midi_map import MidiMap
from synth.outputs.null import NullOutput
from synth.params import Layer, MusicParams
from synth.player import protocol
from synth.player.protocol import LineReader
from synth.player.scheduler import Scheduler
from synth.score import decode_note, decode_params
from synth.tempo_map import STANDSTILL_BPM, TempoSegment


class Clocked(NullOutput):
    """An output that writes down the clock and the signals as well."""

    def __init__(self, **more: float) -> None:
        super().__init__(**more)
        self.pulses: list[tuple[float, str, float]] = []
        self.signals: list[float] = []

    def pulse(self, pulse: ClockPulse, due_s: float) -> None:
        self.pulses.append((round(due_s, 9), pulse.what, pulse.beat))

    def set_signals(self, values: dict[str, float]) -> None:
        self.signals.append(values["pacer"])


def note(k: int, beat: float, beats: float = 0.5, pitch: int = 60, layer: Layer = Layer.MELODY):
    return Note(k, beat, beats, pitch, 80, layer)


def playing(bpm: float = 60.0, **more: object) -> tuple[Scheduler, NullOutput]:
    output = NullOutput()
    scheduler = Scheduler(output, **more)  # type: ignore[arg-type]
    scheduler.set_tempo(TempoSegment(0.0, 0.0, bpm))
    return scheduler, output


def clocked(early_s: float = 0.0, at_s: float = 0.0) -> tuple[Scheduler, Clocked]:
    output = Clocked()
    scheduler = Scheduler(output, output, early_s=early_s)
    scheduler.set_tempo(TempoSegment(at_s, 0.0, 60.0))
    return scheduler, output


def run(scheduler: Scheduler, until_s: float, from_s: float = 0.0) -> None:
    for k in range(round((until_s - from_s) * 100) + 1):
        scheduler.step(from_s + k / 100)


def test_the_end_of_an_old_note_does_not_cut_the_one_struck_after_it() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 0.0, 2.0), note(2, 1.0, 3.0)])
    run(scheduler, 5.0)
    told = [(due, type(event), event.note_id) for due, event in output.sent]
    assert told == [
        (0.0, NoteOn, 1), (1.0, NoteOff, 1), (1.0, NoteOn, 2), (4.0, NoteOff, 2),
    ]  # fmt: skip
    assert scheduler.sent == 4


def test_equal_pitches_of_two_layers_are_two_notes() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 0.0, 2.0), note(2, 1.0, 2.0, layer=Layer.PAD)])
    run(scheduler, 4.0)
    assert [due for due, e in output.sent if isinstance(e, NoteOff)] == [2.0, 3.0]


def test_a_note_keeps_its_velocity_and_the_ends_of_midis_range_are_in_it() -> None:
    scheduler, output = playing()
    at_the_ends = [(1, 1.0, 0, 1), (2, 1.0, 127, 127)]
    beyond = [(3, 1.0, -1, 64), (4, 1.0, 60, 0), (5, 1.0, 60, 128), (6, -1.0, 60, 64)]
    for k, beats, pitch, velocity in at_the_ends + beyond:
        scheduler.feed([Note(k, 0.0, beats, pitch, velocity, Layer.MELODY)])
    scheduler.step(0.0)
    assert [event for _, event in output.sent] == [
        NoteOn(1, Layer.MELODY, 0, 1), NoteOn(2, Layer.MELODY, 127, 127),
    ]  # fmt: skip
    assert scheduler.dropped == 4


def test_a_note_may_be_a_quarter_of_a_second_late_and_no_more() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 1.0), note(2, 1.25, pitch=61)])
    scheduler.step(1.5)
    assert [event.note_id for _, event in output.sent] == [2]
    assert scheduler.dropped == 1
    assert scheduler.lateness_s == [0.25]


def test_lateness_is_told_of_each_event() -> None:
    scheduler, _ = playing()
    scheduler.feed([note(1, 1.0, 0.5)])
    scheduler.step(1.125)
    scheduler.step(1.5)
    assert scheduler.lateness_s == [0.125, 0.0]


def test_a_port_that_wants_all_early_is_told_the_time_less_that() -> None:
    scheduler, output = playing(early_s=0.25)
    scheduler.feed([note(1, 1.0)])
    assert scheduler.next_due_s() == 0.75
    scheduler.step(0.74)
    assert output.sent == []
    scheduler.step(0.75)
    scheduler.step(1.25)
    assert [due for due, _ in output.sent] == [0.75, 1.25]


def test_twenty_thousand_notes_are_the_most() -> None:
    scheduler, _ = playing()
    scheduler.feed(note(k, 10.0) for k in range(20_001))
    assert scheduler.dropped == 1


def test_a_later_tempo_replaces_those_from_its_time_on() -> None:
    scheduler, _ = playing()
    scheduler.feed([note(1, 10.0)])
    scheduler.set_tempo(TempoSegment(4.0, 4.0, 120.0))
    assert scheduler.next_due_s() == 7.0
    scheduler.set_tempo(TempoSegment(4.0, 4.0, 30.0))
    assert scheduler.next_due_s() == 16.0
    scheduler.set_tempo(TempoSegment(2.0, 2.0, 60.0))
    assert scheduler.next_due_s() == 10.0


def test_before_any_tempo_nothing_is_due() -> None:
    output = NullOutput()
    scheduler = Scheduler(output)
    scheduler.feed([note(1, 0.0)])
    assert scheduler.next_due_s() is None
    scheduler.step(5.0)
    assert output.sent == []


def test_cancel_leaves_what_ends_before_and_shortens_what_would_begin_before() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 1.0, 1.0, 60), note(2, 1.0, 4.0, 61), note(3, 2.0, 1.0, 62)])
    scheduler.cancel(2.0)
    run(scheduler, 6.0)
    ends = {event.note_id: due for due, event in output.sent if isinstance(event, NoteOff)}
    assert ends == {1: 2.0, 2: 2.0}
    assert [e for _, e in output.sent if isinstance(e, NoteOn)][1] == NoteOn(
        2, Layer.MELODY, 61, 80
    )


def test_the_clock_starts_half_a_tick_before_beat_0_and_ticks_24_times_a_beat() -> None:
    scheduler, output = clocked(at_s=1.0)
    run(scheduler, 3.0)
    assert output.pulses[0] == (round(1.0 - 0.5 / 24, 9), "start", 0.0)
    ticks = output.pulses[1:]
    assert [what for _, what, _ in ticks] == ["tick"] * 49
    assert [at for at, *_ in ticks] == [round(1.0 + k / 24, 9) for k in range(49)]
    assert [beat for *_, beat in ticks] == pytest.approx([k / 24 for k in range(49)])


def test_a_clock_that_begins_within_the_music_continues_at_the_next_bar() -> None:
    scheduler, output = clocked()
    scheduler.step(5.0)
    run(scheduler, 8.1, from_s=5.0)
    assert output.pulses[:2] == [(round(8.0 - 0.5 / 24, 9), "continue", 8.0), (8.0, "tick", 8.0)]


def test_the_clock_goes_before_the_notes_of_its_time_and_as_early_as_they() -> None:
    scheduler, output = clocked(early_s=0.5)
    order: list[str] = []
    output.pulse = lambda pulse, due_s: order.append(f"{pulse.what} {due_s:.3f}")
    output.send = lambda event, due_s: order.append(f"note {due_s:.3f}")
    scheduler.feed([note(1, 0.0)])
    scheduler.step(-0.5)
    assert order == ["start -0.521", "tick -0.500", "note -0.500"]


def test_after_a_stall_the_clock_stops_and_continues_at_the_next_bar() -> None:
    scheduler, output = clocked()
    run(scheduler, 1.0)
    output.pulses.clear()
    scheduler.step(2.0)
    assert output.pulses == [(2.0, "stop", 2.0)]
    run(scheduler, 4.05, from_s=2.0)
    assert output.pulses[1][1:] == ("continue", 4.0)
    assert output.pulses[2] == (4.0, "tick", 4.0)


def test_music_that_stands_still_stops_its_clock_once() -> None:
    scheduler, output = clocked()
    run(scheduler, 1.0)
    output.pulses.clear()
    scheduler.set_tempo(TempoSegment(1.5, 1.5, STANDSTILL_BPM))
    scheduler.set_tempo(TempoSegment(1.6, 1.5, STANDSTILL_BPM))
    assert output.pulses == [(1.5, "stop", 1.5)]


def test_a_panic_ends_notes_stops_the_clock_and_silences_the_output() -> None:
    scheduler, output = clocked()
    scheduler.feed([note(1, 0.0, 4.0), note(2, 2.0)])
    run(scheduler, 1.0)
    output.pulses.clear()
    scheduler.panic(1.25)
    assert output.sent[-1] == (1.25, NoteOff(1, Layer.MELODY, 60))
    assert output.pulses == [(1.25, "stop", 1.25)]
    assert output.panics == 1
    scheduler.panic(1.3)
    assert [e for _, e in output.sent if isinstance(e, NoteOff)] == [NoteOff(1, Layer.MELODY, 60)]
    assert len(output.pulses) == 1
    assert output.panics == 2


def test_an_output_that_fails_in_a_panic_is_still_silenced() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 0.0, 4.0)])
    scheduler.step(0.0)

    def fail(event: object, due_s: float) -> None:
        raise OSError

    output.send = fail  # type: ignore[method-assign]
    with pytest.raises(OSError):  # noqa: PT011
        scheduler.panic(1.0)
    assert output.panics == 1


def test_the_pacer_is_told_eight_times_a_beat_as_a_swell_of_eight_beats() -> None:
    output = Clocked()
    scheduler = Scheduler(output, sways=True)
    scheduler.set_tempo(TempoSegment(0.0, 0.0, 60.0))
    run(scheduler, 8.0)
    assert len(output.signals) == 64
    rise = [0.5 - 0.5 * math.cos(math.pi * k / 25.6) for k in range(1, 26)]  # of 64, 40 % are in
    fall = [0.5 + 0.5 * math.cos(math.pi * (k - 25.6) / 38.4) for k in range(26, 64)]
    assert output.signals == pytest.approx([*rise, *fall, 0.0])
    late = len(output.signals)
    scheduler.step(20.0)  # what was missed is not made up for
    assert len(output.signals) == late + 1
    scheduler.step(20.13)
    assert len(output.signals) == late + 2


def test_messages_are_lines_of_json_and_come_back_as_they_were() -> None:
    segment, one = TempoSegment(1.0, 2.0, 60.0), note(7, 3.0)
    colour = MusicParams(tempo_bpm=50.0, layers=(Layer.PAD,))
    lines = [
        protocol.open_output("null:", 12.5, MidiMap()), protocol.open_output("null:", 0.0),
        protocol.tempo(segment), protocol.notes([one]), protocol.cancel(Cancel(4.5)),
        protocol.params(colour), protocol.volume(0.25), protocol.signals({"pacer": 0.5}),
    ]  # fmt: skip
    assert all(
        line.endswith(b"\n") and line.count(b"\n") == 1 and b" " not in line for line in lines[2:]
    )
    told = LineReader().feed(b"".join(lines))
    assert [message["kind"] for message in told] == [
        "open", "open", "tempo", "notes", "cancel", "params", "volume", "signals",
    ]  # fmt: skip
    first, bare, tempo, notes, cancel, params, volume, signals = told
    assert (first["uri"], first["t0_s"], MidiMap.decode(first["map"])) == ("null:", 12.5, MidiMap())
    assert bare["map"] is None
    assert TempoSegment(*tempo["segment"]) == segment
    assert [decode_note(each) for each in notes["notes"]] == [one]
    assert cancel["from_beat"] == 4.5
    assert decode_params(params["params"]) == colour
    assert (volume["gain"], signals["values"]) == (0.25, {"pacer": 0.5})


def test_broken_lines_are_counted_and_left_out() -> None:
    reader = LineReader()
    assert reader.feed(b'{"kind":"a"}\nno\n[1]\n{"x":1}\n{"kind":"b"}\n{"ki') == [
        {"kind": "a"}, {"kind": "b"},
    ]  # fmt: skip
    assert reader.broken == 3
    assert reader.feed(b'nd":"c"}\n') == [{"kind": "c"}]
    assert reader.broken == 3


def test_a_line_without_end_is_forgotten_at_16_mib() -> None:
    reader = LineReader()
    reader.feed(b"x" * 16 * 1024 * 1024)
    assert reader.broken == 0
    reader.feed(b"x")
    assert reader.broken == 1
    assert reader.feed(json.dumps({"kind": "on"}).encode() + b"\n") == [{"kind": "on"}]
