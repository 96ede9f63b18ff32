"""Every library that reaches MIDI ports keeps the same promises, on its own system."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest
from rigs import jack

from synth.errors import OutputUnavailable
from synth.outputs import alsa_binding, engines, rtmidi_binding
from synth.outputs.midi_binding import MidiBinding

HAS_ALSA = os.access("/dev/snd/seq", os.R_OK | os.W_OK)
BINDINGS = [rtmidi_binding] * jack.PRESENT + [alsa_binding] * HAS_ALSA
MESSAGES = [
    (0x90, 60, 100), (0x80, 60, 0), (0xB2, 74, 5), (0xC1, 12), (0xE0, 0, 64), (0xF8,), (0xFA,),
    (0xFC,), (0x9F, 127, 1),
]  # fmt: skip


@pytest.fixture(scope="module", params=BINDINGS, ids=lambda one: one.__name__.rpartition(".")[2])
def binding(request: pytest.FixtureRequest) -> Iterator[MidiBinding]:
    with jack.jack_server() if request.param is rtmidi_binding else nullcontext():
        yield request.param


def soon(holds: Callable[[], object], within_s: float = 8.0) -> bool:
    pause, until_s = threading.Event(), time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until_s:
            return False
        pause.wait(0.02)
    return True


def named(part: str, names: list[str]) -> str:
    (name,) = [name for name in names if part in name]
    return name


@pytest.mark.rig
def test_what_is_sent_to_a_port_arrives_there_whole_and_in_order(binding: MidiBinding) -> None:
    heard: list[tuple[int, ...]] = []
    gaps_s: list[float] = []

    def hear(message: tuple[int, ...], gap_s: float) -> None:
        heard.append(message)
        gaps_s.append(gap_s)

    there = binding.open_virtual_input("Far Keys", hear)
    try:
        port = binding.open_port(named("Far Keys", binding.list_ports()))
        for message in MESSAGES:
            port.send(message)
        assert soon(lambda: len(heard) == len(MESSAGES)), heard
        assert port.present()
        port.close()
    finally:
        there.close()
    assert heard == MESSAGES
    assert gaps_s[0] == 0.0
    assert all(0.0 <= gap_s < 8.0 for gap_s in gaps_s)


@pytest.mark.rig
def test_a_port_that_is_offered_can_be_listened_to(binding: MidiBinding) -> None:
    heard: list[tuple[int, ...]] = []
    offered = binding.open_virtual("Our Music")
    try:
        name = named("Our Music", binding.list_inputs())
        port = binding.open_input(name, lambda message, gap_s: heard.append(message))
        assert port.present()
        assert offered.present()

        def arrives() -> bool:
            offered.send((0x90, 64, 1))
            return bool(heard)

        assert soon(arrives)
        port.close()
    finally:
        offered.close()
    assert set(heard) == {(0x90, 64, 1)}


@pytest.mark.rig
def test_a_port_that_has_gone_is_missed_and_is_not_opened(binding: MidiBinding) -> None:
    there = binding.open_virtual_input("Short Life", lambda message, gap_s: None)
    name = named("Short Life", binding.list_ports())
    port = binding.open_port(name)
    there.close()
    assert soon(lambda: not port.present())
    port.send((0x80, 60, 0))  # into nothing, without an error
    port.close()
    for open_it in (binding.open_port, lambda name: binding.open_input(name, print)):
        with pytest.raises(OutputUnavailable, match="has gone"):
            open_it(name)


def test_without_a_sequencer_alsa_offers_no_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("alsa_midi", reason="alsa-midi is for Linux")
    monkeypatch.setattr(alsa_binding, "_DEVICE", "/dev/snd/no-sequencer")
    assert alsa_binding.list_ports() == alsa_binding.list_inputs() == []
    with pytest.raises(OutputUnavailable, match="offers no MIDI"):
        alsa_binding.open_port("anything")


@pytest.mark.parametrize(("here", "expected"), [(True, rtmidi_binding), (False, alsa_binding)])
def test_alsa_midi_stands_in_where_rtmidi2_has_no_wheel(
    monkeypatch: pytest.MonkeyPatch, here: bool, expected: MidiBinding
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if here else None)
    assert engines.midi_binding() is expected
