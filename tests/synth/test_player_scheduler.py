from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.events import Note
from synth.output import NoteOff, NoteOn
from synth.outputs.null import NullOutput
from synth.params import Layer
from synth.player.scheduler import Scheduler
from synth.tempo_map import TempoSegment


def note(k: int, beat: float, beats: float = 0.5, pitch: int = 60, layer: Layer = Layer.MELODY):
    return Note(k, beat, beats, pitch, 80, layer)


def playing(bpm: float = 60.0, lookahead_s: float = 0.0) -> tuple[Scheduler, NullOutput]:
    output = NullOutput(lookahead_s=lookahead_s)
    scheduler = Scheduler(output)
    scheduler.set_tempo(TempoSegment(0.0, 0.0, bpm))
    return scheduler, output


def run(scheduler: Scheduler, until_s: float, step_s: float = 0.01, from_s: float = 0.0) -> None:
    for k in range(round((until_s - from_s) / step_s) + 1):
        scheduler.step(from_s + k * step_s)


def starts(output: NullOutput) -> list[tuple[float, int]]:
    return [(due, e.note_id) for due, e in output.sent if isinstance(e, NoteOn)]


def hanging(output: NullOutput) -> set[tuple[Layer, int]]:
    held: set[tuple[Layer, int]] = set()
    for _, event in output.sent:
        place = event.layer, event.pitch
        if isinstance(event, NoteOn):
            assert place not in held, "struck while it sounds"
            held.add(place)
        else:
            assert place in held, "ended without having begun"
            held.remove(place)
    return held


def test_notes_are_sent_when_due_and_not_before() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 1.0), note(2, 2.0)])
    scheduler.step(0.999)
    assert output.sent == []
    assert scheduler.next_due_s() == 1.0
    scheduler.step(1.0)
    assert starts(output) == [(1.0, 1)]
    assert scheduler.next_due_s() == 1.5


def test_an_output_that_looks_ahead_gets_events_early_with_their_time() -> None:
    scheduler, output = playing(lookahead_s=0.1)
    scheduler.feed([note(1, 1.0)])
    assert scheduler.next_due_s() == pytest.approx(0.9)
    scheduler.step(0.91)
    assert starts(output) == [(1.0, 1)]


def test_a_tempo_change_acts_at_once_without_a_phase_jump() -> None:
    scheduler, output = playing(bpm=60.0)
    scheduler.feed([note(k, float(k)) for k in range(8)])
    run(scheduler, 2.5)
    scheduler.set_tempo(TempoSegment(2.5, 2.5, 120.0))
    assert scheduler.next_due_s() == 2.75
    run(scheduler, 6.0, from_s=2.5)
    assert [due for due, _ in starts(output)] == [0, 1, 2, 2.75, 3.25, 3.75, 4.25, 4.75]


def test_a_tempo_change_may_lie_ahead() -> None:
    scheduler, output = playing()
    scheduler.feed([note(k, float(k)) for k in range(4)])
    scheduler.set_tempo(TempoSegment(2.0, 2.0, 30.0))
    run(scheduler, 5.0)
    assert [due for due, _ in starts(output)] == [0, 1, 2, 4]


def test_offs_go_before_ons_and_bass_before_chords_before_the_rest() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 0.0, 1.0, 50, Layer.BELLS)])
    late = [(2, Layer.MELODY), (3, Layer.PAD), (4, Layer.BASS), (5, Layer.PLUCK)]
    scheduler.feed([note(k, 1.0, 1.0, 60 + k, layer) for k, layer in late])
    run(scheduler, 1.0)
    events = [event for _, event in output.sent[1:]]
    assert isinstance(events[0], NoteOff)
    assert [e.layer for e in events[1:]] == [Layer.BASS, Layer.PAD, Layer.MELODY, Layer.PLUCK]


def test_a_note_that_is_struck_again_ends_first() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 0.0, 4.0), note(2, 1.0, 1.0)])
    run(scheduler, 5.0)
    assert [type(e).__name__ for _, e in output.sent] == ["NoteOn", "NoteOff", "NoteOn", "NoteOff"]
    assert [due for due, _ in output.sent] == [0.0, 1.0, 1.0, 2.0]


def test_cancel_withdraws_what_follows_and_shortens_what_sounds_on() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 0.0, 8.0, 40), note(2, 3.0, 4.0, 50), note(3, 4.0), note(4, 5.0)])
    run(scheduler, 1.0)
    scheduler.cancel(4.0)
    scheduler.feed([note(5, 4.0, 0.5, 70)])
    run(scheduler, 10.0, from_s=1.0)
    assert [k for _, k in starts(output)] == [1, 2, 5]
    ends = {e.pitch: due for due, e in output.sent if isinstance(e, NoteOff)}
    assert ends == {40: 4.0, 50: 4.0, 70: 4.5}


def test_panic_ends_all_and_forgets_the_rest() -> None:
    scheduler, output = playing()
    scheduler.feed([note(k, k * 0.5, 10.0, 40 + k) for k in range(10)])
    run(scheduler, 2.0)
    scheduler.panic(2.0)
    assert not hanging(output)
    assert output.panics == 1
    assert scheduler.next_due_s() is None


def test_notes_that_come_too_late_are_left_out_and_counted() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 0.0), note(2, 9.9), note(3, 10.0)])
    scheduler.step(10.0)
    assert [k for _, k in starts(output)] == [2, 3]
    assert scheduler.dropped == 1


def test_impossible_notes_are_dropped() -> None:
    scheduler, output = playing()
    scheduler.feed([note(1, 0.0, 0.0), note(2, 0.0, pitch=128)])
    scheduler.step(1.0)
    assert output.sent == []
    assert scheduler.dropped == 2


_NOTES = st.builds(
    Note,
    id=st.integers(1, 50),
    beat=st.floats(-2, 30),
    beats=st.floats(0.01, 12),
    pitch=st.integers(58, 62),
    velocity=st.integers(1, 127),
    layer=st.sampled_from([Layer.PAD, Layer.MELODY]),
)
_MESSAGES = st.one_of(
    st.tuples(st.just("notes"), st.lists(_NOTES, max_size=6)),
    st.tuples(st.just("cancel"), st.floats(0, 30)),
    st.tuples(st.just("tempo"), st.floats(40, 160)),
    st.tuples(st.just("wait"), st.floats(0, 3)),
    st.tuples(st.just("panic"), st.none()),
)


@pytest.mark.slow
@given(st.lists(_MESSAGES, max_size=40), st.booleans())
def test_every_note_ends_whatever_the_order_of_messages(messages, panics_at_the_end) -> None:
    scheduler, output = playing()
    now_s, beat, bpm = 0.0, 0.0, 60.0
    for kind, value in messages:
        if kind == "notes":
            scheduler.feed(value)
        elif kind == "cancel":
            scheduler.cancel(value)
        elif kind == "tempo":
            bpm = value
            scheduler.set_tempo(TempoSegment(now_s, beat, bpm))
        elif kind == "panic":
            scheduler.panic(now_s)
        else:
            now_s += value
            beat += value * bpm / 60.0
        scheduler.step(now_s)
    if panics_at_the_end:
        scheduler.panic(now_s)
    else:
        run(scheduler, now_s + 120.0, step_s=0.2, from_s=now_s)
    assert not hanging(output)
    assert scheduler.next_due_s() is None
