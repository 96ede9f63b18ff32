"""A MIDI input: its times are the driver's, and it comes back when it was unplugged."""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from rigs import jack as rig

from biofeedback.common.tasks import beside
from biofeedback.controllers.midi_input import MidiInput, _Stamps


def test_times_are_those_of_the_driver_however_late_our_thread_is() -> None:
    rng, stamps, before = random.Random(1), _Stamps(), 0.0
    errors = []
    for k in range(500):
        true_s = 10.0 + 0.02 * k
        seen_s = true_s + rng.choice((0.0005, 0.001, 0.03))
        errors.append(stamps.time_s(true_s - before if k else 0.0, seen_s) - true_s)
        before = true_s
    assert max(errors[20:]) < 0.0015
    assert min(errors[20:]) > 0.0


def test_after_a_pause_the_clocks_are_compared_anew() -> None:
    stamps = _Stamps()
    stamps.time_s(0.0, 5.0)
    assert stamps.time_s(100.0, 105.2) == pytest.approx(105.2)  # the driver's clock is slow


async def unplugged_and_back() -> tuple[str, list[tuple[int, ...]]]:
    import rtmidi

    def plug_in() -> rtmidi.MidiOut:
        keys = rtmidi.MidiOut(3, name="keys")
        keys.open_virtual_port("Keys")
        return keys

    keys = plug_in()
    port = MidiInput("midi:*keys*", time.monotonic)
    await port.open()
    try:
        async with asyncio.timeout(15.0), beside(port.look()):
            keys.close_port()
            keys.delete()
            while not port.trouble:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)
            said = port.trouble
            keys = plug_in()
            while port.trouble:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            while True:
                keys.send_message([0xB0, 1, 2])
                if heard := await port.wait(0.2):
                    return said, [message for _, message in heard]
    finally:
        await port.close()
        await port.close()
        keys.close_port()
        keys.delete()


@pytest.mark.rig
@pytest.mark.skipif(not rig.PRESENT, reason=rig.REASON)
def test_a_controller_that_was_unplugged_is_heard_again() -> None:
    pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel here")
    with rig.jack_server():
        said, heard = asyncio.run(unplugged_and_back())
    assert "has gone" in said
    assert heard[0] == (0xB0, 1, 2)
