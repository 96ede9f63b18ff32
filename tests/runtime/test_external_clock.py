"""Music that follows another device's clock, in virtual time: it waits, begins, stops, goes on."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.config.loader import load
from biofeedback.engine.inputs import ExternalClock
from biofeedback.record import lines
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.score import score_of
from biofeedback.record.verify import verify
from synth.midi_clock import ClockListener

BPM = 96.0
START_S, STOP_S, CONTINUE_S, LOST_S, END_S = 5.0, 40.0, 62.0, 90.0, 130.0


async def device(session) -> None:
    """Be a drum machine with 5 ms of jitter, heard by the session."""
    loop, rng, listener = asyncio.get_running_loop(), random.Random(3), ClockListener()
    began_s, said = loop.time(), set()
    session.follow(ExternalClock(0.0, 0.0, 60.0, "stopped"))

    def tell(position) -> None:
        if position is not None:
            session.follow(ExternalClock(*position))

    k = 0
    while (due_s := k * 2.5 / BPM) < LOST_S:
        await asyncio.sleep(max(0.0, began_s + due_s + rng.uniform(0.0, 0.01) - loop.time()))
        now_s = loop.time() - began_s
        for at_s, word in ((START_S, 0xFA), (STOP_S, 0xFC), (CONTINUE_S, 0xFB)):
            if now_s >= at_s and word not in said:
                said.add(word)
                tell(listener.feed((word,), now_s))
        tell(listener.feed((0xF8,), now_s))
        k += 1
    await asyncio.sleep(2.5)
    tell(listener.check(loop.time() - began_s))
    await asyncio.sleep(10_000.0)


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Path:
    plan = SessionPlan(
        config=load(tables={"music": {"style": "pulse"}}),
        sensors=("sim:",),
        out=tmp_path_factory.mktemp("followed"),
        duration_s=END_S,
    )
    outcome = SessionRunner(plan).run(device)
    assert outcome is not None
    return outcome.folder


def onsets(session: Path) -> list[float]:
    score = score_of(session)
    return sorted(score.tempo_map.time_at(note.beat) for note in score.notes)


@pytest.mark.slow
def test_it_waits_for_start_and_begins_on_the_devices_bar(session: Path) -> None:
    first_s = onsets(session)[0]
    assert START_S < first_s < START_S + 2 * 4 * 60.0 / BPM
    beat_s = 60.0 / BPM
    tick_s = 2.5 / BPM
    zero_s = -(-START_S // tick_s) * tick_s  # the first tick after Start
    for beat in range(40):
        there_s = zero_s + 8 * beat_s + beat * beat_s
        ours = score_of(session).tempo_map.beat_at(there_s)
        assert abs((ours - beat + 0.5) % 1.0 - 0.5) * beat_s < 0.011  # jitter's mean is 5 ms late


def test_the_tempo_is_the_devices_and_not_the_bodys(session: Path) -> None:
    told = [line for _, line in read(session) if isinstance(line, lines.TempoLine)]
    settled = [line.bpm for line in told if START_S + 8.0 < line.time < STOP_S - 1.0]
    assert len(settled) > 5
    assert all(abs(bpm - BPM) < 1.0 for bpm in settled)
    decided = [
        line.params.tempo_bpm for _, line in read(session) if isinstance(line, lines.DecisionLine)
    ]
    assert abs(decided[-1] - BPM) > 5.0
    assert told[-1].bpm == pytest.approx(decided[-1], abs=3.0)  # the clock was lost by then


def test_nothing_begins_while_the_device_stands_still_and_then_the_next_bar_does(session) -> None:
    began = onsets(session)
    assert not [at_s for at_s in began if STOP_S + 0.2 < at_s < CONTINUE_S]
    after = [at_s for at_s in began if at_s >= CONTINUE_S]
    assert after[0] < CONTINUE_S + 2 * 4 * 60.0 / BPM
    score = score_of(session)
    sounding = [
        note
        for note in score.notes
        if score.tempo_map.time_at(note.beat) < STOP_S
        and score.tempo_map.time_at(note.beat + note.beats) > STOP_S + 0.2
    ]
    assert not sounding
    assert score.end_s == pytest.approx(END_S, abs=15.0)


def test_it_is_regenerated_from_its_log(session: Path) -> None:
    verdict = verify(session, core_of)
    assert verdict.difference is None
    assert verdict.complete
