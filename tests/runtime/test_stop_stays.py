"""Letting go of a hold never ends a stop by a stop rule; a person who goes on does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.keys import Controls
from biofeedback.config.loader import load
from biofeedback.controllers.bindings import Action, Binding
from biofeedback.controllers.command_mapper import CommandMapper
from biofeedback.controllers.midi_events import MidiControl, MidiEvent
from biofeedback.controllers.osc_controller import command_of
from biofeedback.record.lines import DecisionLine
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.runtime.session import Session
from biofeedback.simulation.listener import resting_baseline
from biofeedback.views.permissions import checked

pytestmark = pytest.mark.slow

HEART = ((80.0, 60.0), (170.0, 45.0), (80.0, 105.0))  # a minute, for so many seconds
RELEASED_S, WENT_ON_S = 180.0, 195.0


def key(key: str) -> Callable[[Session], object]:
    return lambda session: Controls(session).press(key)


def midi(action: Action) -> Callable[[Session], object]:
    def strike(session: Session) -> None:
        pad = CommandMapper([Binding(action=action, note=36)])
        for wanted in pad.touched(MidiEvent(MidiControl("note", 1, 36), 1.0), session.held):
            session.command("midi:Pad", wanted.what, wanted.value)

    return strike


def osc(address: str) -> Callable[[Session], object]:
    def send(session: Session) -> None:
        asked = command_of(f"/biofeedback/{address}", [1])
        assert asked is not None
        session.command("osc:127.0.0.1", *asked)

    return send


def web(role: str, value: str) -> Callable[[Session], object]:
    return lambda session: session.command("web", *checked(role, "resume", value))  # type: ignore[arg-type]


#: How each hand lets go of a hold, and how it goes on; what pages send is seen in a browser.
HANDS = {
    "key": (key(" "), key("g")),
    "midi": (midi("hold"), midi("go_on")),
    "osc": (osc("resume"), osc("go_on")),
    "page": (web("listener", "hold"), web("listener", "")),
    "desk": (web("therapist", "hold"), web("therapist", "")),
}


@pytest.mark.parametrize("hand", HANDS)
def test_a_stop_by_heart_rate_outlives_a_hold_that_any_hand_lets_go(
    tmp_path: Path, hand: str
) -> None:
    heart = tmp_path / "heart.txt"
    bpm = np.concatenate([np.full(round(rate * s / 60.0), rate) for rate, s in HEART])
    varied = 1.0 + 0.01 * np.random.default_rng(1).standard_normal(len(bpm))
    heart.write_text("\n".join(f"{rr_ms:.0f}" for rr_ms in 60e3 / bpm * varied))
    release, go_on = HANDS[hand]

    async def act(session: Session) -> None:
        await asyncio.sleep(30.0)
        session.command("key", "hold")
        await asyncio.sleep(RELEASED_S - 30.0)
        assert session.held_back
        release(session)
        assert not session.held
        await asyncio.sleep(WENT_ON_S - RELEASED_S)
        assert session.held_back
        go_on(session)

    plan = SessionPlan(
        config=load(),
        sensors=(f"file:{heart}",),
        out=tmp_path / "out",
        duration_s=205.0,
        baseline=resting_baseline(1),
    )
    folder = SessionRunner(plan).run(act).folder
    causes = {line.t: line.cause for _, line in read(folder) if isinstance(line, DecisionLine)}
    assert causes[40.0] == "held"
    assert min(t for t, cause in causes.items() if cause == "stop:heart_rate") < 105.0
    assert {c for t, c in causes.items() if 105.0 < t < WENT_ON_S} == {"stop:heart_rate"}
    after = {c for t, c in causes.items() if t > WENT_ON_S + 0.5}
    assert after
    assert not {c for c in after if c == "held" or c.startswith("stop:")}
    assert verify(folder, core_of).difference is None
