"""Our own JACK client: events on their frame, and a server that comes and goes."""

from __future__ import annotations

import asyncio
import random
import time
from itertools import pairwise

import pytest
from rigs import jack as rig

from synth.errors import OutputUnavailable
from synth.events import Note
from synth.outputs.frame_clock import FrameClock
from synth.params import Layer, MusicParams
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoSegment

needs_jack = pytest.mark.skipif(not rig.PRESENT, reason=rig.REASON)


class Capture:
    """Another JACK client, which writes down the frame of each message."""

    def __init__(self) -> None:
        import jack

        self.client = jack.Client("capture", no_start_server=True)
        self.port = self.client.midi_inports.register("in")
        self.got: list[tuple[int, bytes]] = []
        self.client.set_process_callback(self._process)
        self.client.activate()

    def _process(self, frames: int) -> None:
        first = self.client.last_frame_time
        for offset, data in self.port.incoming_midi_events():
            self.got.append((first + offset, bytes(data)))

    def frames(self, status: int) -> list[int]:
        return [frame for frame, data in self.got if data[0] == status]

    def close(self) -> None:
        self.client.deactivate()
        self.client.close()


async def until(true, timeout_s: float = 20.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110 - other threads give no event
            await asyncio.sleep(0.05)


async def playing(uri: str) -> RemotePlayer:
    t0_s = time.monotonic()
    player = await RemotePlayer.open(uri, t0_s)
    player.params(MusicParams())
    player.volume(0.5)
    player.tempo(TempoSegment(time.monotonic() - t0_s + 0.3, 0.0, 120.0))
    player.notes(Note(k, k / 4, 0.125, 60, 80, Layer.MELODY) for k in range(400))
    return player


async def on_the_frame() -> Capture:
    capture = Capture()
    player = await playing("midi-jack:ours?connect=CAPTURE:*&clock")
    await until(lambda: len(capture.frames(0x92)) >= 20)
    await player.close()
    await until(lambda: (0xB2, 120, 0) in [tuple(data) for _, data in capture.got[-12:]])
    capture.close()
    return capture


@pytest.mark.rig
@needs_jack
def test_notes_and_ticks_lie_on_their_frames() -> None:
    with rig.jack_server(realtime=True):
        capture = asyncio.run(on_the_frame())
    for status, step in ((0x92, 6000), (0xF8, 1000)):  # 120 BPM at 48 kHz
        steps = [b - a for a, b in pairwise(capture.frames(status))]
        exact = sum(abs(frames - step) <= 1 for frames in steps)
        assert exact >= 0.8 * len(steps)  # a busy machine makes the server itself stumble
    ons, offs = len(capture.frames(0x92)), len(capture.frames(0x82))
    assert offs >= ons - 1
    assert capture.frames(0xFC)  # the clock stops with the music


async def server_goes_and_returns() -> None:
    servers = rig.jack_server()
    servers.__enter__()
    try:
        player = await playing("midi-jack:ours")
        await until(lambda: player.health.get("sent"))
    finally:
        servers.__exit__(None, None, None)
    try:
        await until(lambda: "error" in player.health)
        assert "JACK server has ended" in player.health["error"]
        with rig.jack_server():
            await until(lambda: "error" not in player.health)
            capture = Capture()
            capture.client.connect("ours:out", capture.port)
            await until(lambda: capture.frames(0x92))
            await until(lambda: (0xC2, 0) in [tuple(data) for _, data in capture.got])
            capture.close()
            await player.close()
    finally:
        await player.close()


@pytest.mark.rig
@needs_jack
def test_a_jack_server_that_dies_is_used_again_and_a_new_listener_learns_all_settings() -> None:
    asyncio.run(server_goes_and_returns())


async def refused(uri: str) -> OutputUnavailable:
    with pytest.raises(OutputUnavailable) as caught:
        await RemotePlayer.open(uri, time.monotonic())
    return caught.value


@pytest.mark.rig
@needs_jack
def test_without_a_server_or_the_port_to_connect_to_one_line_says_so() -> None:
    error = asyncio.run(refused("midi-jack:ours"))
    assert "no JACK server answers" in str(error)
    with rig.jack_server():
        error = asyncio.run(refused("midi-jack:ours?connect=Moog"))
    assert "there is no MIDI input 'Moog'" in str(error)
    assert "connect=" in error.hint


def test_frames_follow_the_monotonic_clock_without_its_jitter() -> None:
    clock, rng = FrameClock(), random.Random(1)
    first = 2**32 - 40 * 256  # the server's count wraps around on the way
    frames = []
    for period in range(2000):
        start_s = 5.0 + 256 * period / 48_000 + rng.uniform(0.0, 0.001)
        frames.append(clock.cycle((first + 256 * period) % 2**32, start_s, 48_000))
    assert [b - a for a, b in pairwise(frames)] == [256] * 1999
    error = clock.frame_at(5.0 + 256 * 2000 / 48_000 + 0.0005) - (frames[-1] + 256)
    assert abs(error) < 5  # a tenth of a millisecond off the mean of a jitter of one


def test_a_server_that_stood_still_is_followed_at_once() -> None:
    clock = FrameClock()
    for period in range(500):
        clock.cycle(256 * period, 256 * period / 48_000, 48_000)
    clock.cycle(256 * 500, 256 * 500 / 48_000 + 3.0, 48_000)
    assert clock.frame_at(256 * 500 / 48_000 + 3.0) == pytest.approx(256 * 500)


def test_a_server_that_stumbles_and_loses_frames_moves_no_step_by_more_than_one() -> None:
    clock, late_s = FrameClock(), 0.0
    frames = []
    for period in range(4000):
        if period in (600, 610, 1500):
            late_s += 0.012
        clock.cycle(256 * period, 256 * period / 48_000 + late_s, 48_000)
        frames.append(clock.frame_at(256 * period / 48_000))
    beats = frames[200::24]
    assert max(abs(b - a - 24 * 256) for a, b in pairwise(beats)) <= 1.0
    assert frames[-1] - frames[0] - 3999 * 256 < -100  # and yet it follows


def test_a_server_of_another_rate_is_followed_however_noisy_its_periods() -> None:
    clock, rng = FrameClock(), random.Random(1)
    for period in range(40_000):
        start_s = 256 * period / 48_000 * (1 + 100e-6)
        late_s = rng.expovariate(5000) + (0.004 if rng.random() < 0.02 else 0.0)
        first = clock.cycle(256 * period, start_s + late_s, 48_000)
    assert abs(clock.frame_at(start_s) - first) < 20
