"""Terminal and page are told the same of a session: one picture, drawn here, sent there."""

from __future__ import annotations

import io
from random import Random
from typing import Any

import msgspec
import pytest
from rich.console import Console

from biofeedback.cli.board import Board
from biofeedback.cli.words import clock_text
from biofeedback.control.base import Decision
from biofeedback.engine.events import Derived
from biofeedback.engine.inputs import Command, Input, Tick
from biofeedback.group.subjects import SubjectEvent
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.state.estimator import State
from biofeedback.views.live_view import LiveView
from biofeedback.views.picture import Picture
from sensors.base import SensorStatus
from sensors.signals import Chunk, Signal
from synth.events import Bar
from synth.params import MusicParams
from synth.tempo_map import TempoSegment

NAMES = ("Polar H10 1", "Polar H10 2", "Band", "E4 #2")
LINKS = {
    "searching": "looking for it", "connecting": "connecting", "streaming": "connected",
    "lost": "lost", "ended": "ended",
}  # fmt: skip


def drawn_events(rng: Random) -> list[Input | Derived]:
    """Return some minutes of a made-up session: sensors of all sorts, holds, stops, a group."""
    events: list[Input | Derived] = []
    wearers = rng.choice(((), ("ann", "bob")))
    sources = [f"{w}/{name}" for w in wearers or ("",) for name in NAMES[: rng.randint(1, 3)]]
    sources = [source.lstrip("/") for source in sources]
    for index in range(rng.randint(20, 200)):
        now_s = index / 2
        events.append(Tick(index))
        for source in sources:
            if rng.random() < 0.05:
                state: Any = rng.choice(list(LINKS))
                contact, battery = rng.choice((None, True, False)), rng.choice((None, 9, 80))
                events.append(SensorStatus(source, now_s, state, battery, contact))
            if rng.random() < 0.3:
                signal, value = rng.choice(((Signal.HR, 70.0), (Signal.EDA, 4.0)))
                events.append(Chunk.events(signal, source, [now_s], [value]))
        for wearer in wearers or ("",):
            if rng.random() < 0.7:
                beat = Beat(now_s, 800.0, rng.choice(("normal", "extra", "ectopic")))
                events.append(SubjectEvent(wearer, beat) if wearer else beat)
        if rng.random() < 0.03:
            what: Any = rng.choice(("hold", "resume", "stop", "volume"))
            events.append(Command("key", what, "0.35" if what == "volume" else ""))
        if index % 2 == 0:
            events.append(drawn_readings(rng, wearers, now_s))
        z = {"heart_rate": 1.0} if rng.random() < 0.8 else {}
        phase: Any = rng.choice(("rest", "tracking"))
        arousal = round(rng.random(), 2)
        events.append(State(now_s, arousal, arousal / 2, 1.0, rng.random(), phase, z))
        cause, part = rng.choice(("plan", "stop:rising", "held")), rng.choice(("", "lead"))
        setpoint = rng.choice((None, 0.3))
        why = rng.choice(("It leads.", "You hold it."))
        numbers = {"phase_left_s": 95.0} if part else {}
        events.append(Decision(now_s, "lead", setpoint, MusicParams(), why, numbers, cause, part))
        if index == 12:
            events.append(TempoSegment(now_s, 0.0, 64.0))
            events.append(Bar(0, 0.0, 4.0, MusicParams().key, ("Dm7",), "A2", True, ()))
    return events


def drawn_readings(rng: Random, wearers: tuple[str, ...], now_s: float) -> tuple[Reading, ...]:
    names = ["heart_rate", "rmssd", "scl", "scr_rate", "breathing_rate"]
    each = [f"{wearer}/{name}" for wearer in wearers for name in ("arousal", "heart_rate")]
    return tuple(
        Reading(
            name,
            rng.choice((None, round(80 * rng.random(), 2))),
            "",
            10.0,
            now_s,
            rng.random(),
            1.0,
        )
        for name in (*names, *each, *(("synchrony",) if wearers else ()))
    )


def on_the_terminal(picture: Picture) -> str:
    console = Console(file=io.StringIO(), width=100, height=60)
    with console.capture() as shown:
        console.print(Board().screen(picture, 100))
    lines = (line.strip("│╭╮╰╯─ ") for line in shown.get().splitlines())
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("seed", range(12))
def test_terminal_and_page_say_the_same_of_every_fact(seed: int) -> None:
    view = LiveView(duration_s=600.0)
    for event in drawn_events(Random(seed)):
        view.feed(event)
    told = msgspec.json.decode(msgspec.json.encode(view.picture()))
    text = on_the_terminal(view.picture())
    for sensor in told.get("sensors", ()):
        words = "silent for" if sensor["silent"] else LINKS[sensor["state"]]
        assert (
            f"{sensor['source']} · {'connected, but ' if sensor['silent'] else ''}{words}" in text
        )
        if sensor["battery_percent"] is not None:
            assert f"battery {sensor['battery_percent']} %" in text
    contacts = [sensor["contact"] for sensor in told.get("sensors", ())]
    assert text.count("skin contact") == contacts.count(True)
    assert text.count("no contact") == contacts.count(False)
    for name, label, digits in (
        ("heart_rate", "heart rate", 0), ("rmssd", "RMSSD", 0), ("scl", "SCL", 2),
        ("scr_rate", "skin responses", 0),
    ):  # fmt: skip
        value = told["measures"][name].get("value")
        assert f"{label} {'--' if value is None else f'{value:.{digits}f}'}" in text
    if "arousal" in told:
        assert f"{told['arousal']:.2f} (likely {told['low']:.2f} to {told['high']:.2f}" in text
    else:
        assert "not known yet" in text
    for wearer in told.get("wearers", ()):
        arousal = wearer["arousal"]
        words = "not known yet" if arousal is None else f"{arousal:.2f}"
        assert f"{wearer['name']} · arousal {words}" in text
    assert ("held: it stays as it is" in text) == told.get("held", False)
    assert f"volume {told.get('volume', 0.0):.2f}" in text
    assert ("64 bpm" in text and "Dm7 · A2" in text) == ("music" in told)
    assert told["why"] in text
    assert f"{clock_text(told['left_s'])} left" in text
    assert ("learning your rest" in text) == ("rest_left_s" in told)
    if "phase" in told:
        assert f"{told['phase']} · at most 1:35 left" in text
