"""The instruments live, heard through a JACK server of the tests' own."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest
from rigs import jack as rig

from synth.errors import OutputUnavailable
from synth.events import Note
from synth.params import Layer, MusicParams
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoSegment

pytest.importorskip("pyo", reason="pyo has no wheel here", exc_type=ImportError)
jack = pytest.importorskip("jack", reason="needs libjack (Debian: jackd2)", exc_type=OSError)

pytestmark = [pytest.mark.rig, pytest.mark.skipif(not rig.PRESENT, reason=rig.REASON)]

RATE = 48_000


class Recorder:
    """A JACK client that keeps what the player sends to it."""

    def __init__(self) -> None:
        self.client = jack.Client("recorder", no_start_server=True)
        self.ports = [self.client.inports.register(f"in{side}") for side in range(2)]
        self.blocks: list[np.ndarray] = []
        self.came_s: list[float] = []  # when each block was due, on the monotonic clock
        self.client.set_process_callback(self._keep)
        self.client.activate()

    def _keep(self, frames: int) -> None:
        self.came_s.append(time.monotonic())
        self.blocks.append(np.stack([port.get_array().copy() for port in self.ports], axis=1))

    def connect(self) -> None:
        outs = self.client.get_ports("biofeedback.*", is_audio=True, is_output=True)
        assert len(outs) == 2, outs
        for out, port in zip(outs, self.ports, strict=True):
            self.client.connect(out, port)

    def heard(self) -> np.ndarray:
        return np.concatenate(self.blocks)

    def time_s(self, sample: int) -> float:
        block, rest = divmod(sample, len(self.blocks[0]))
        return self.came_s[block] + rest / RATE

    def close(self) -> None:
        self.client.deactivate()
        self.client.close()


async def _play_beats() -> tuple[Recorder, dict]:
    t0 = time.monotonic()
    player = await RemotePlayer.open("audio:", t0)
    try:
        recorder = Recorder()
        try:
            recorder.connect()
            player.params(MusicParams(brightness=0.8))
            player.tempo(TempoSegment(time.monotonic() - t0 + 0.3, 0.0, 120.0))
            player.notes(Note(k, k / 2, 0.1, 42, 110, Layer.PERCUSSION) for k in range(12))
            player.notes(Note(100 + k, 0.0, 6.0, 57 + 4 * k, 80, Layer.PAD) for k in range(3))
            await asyncio.sleep(3.3)
            playing = len(recorder.blocks)
            player.panic()
            await asyncio.sleep(4.0)
            health = player.health
            assert playing
            return recorder, health
        finally:
            recorder.close()
    finally:
        await player.close()


def test_live_audio_sounds_on_the_beat_and_falls_silent_after_panic() -> None:
    rig.judged(lambda: asyncio.run(_play_beats()), _on_the_beat)


def _on_the_beat(played: tuple[Recorder, dict]) -> None:
    recorder, health = played
    samples = recorder.heard()
    assert health["restarts"] == 0
    assert health["errors"] == 0
    assert 0.02 < np.abs(samples).max() <= 0.85
    assert np.abs(samples[-RATE // 4 :]).max() < 0.01 * np.abs(samples).max()
    assert np.abs(samples.mean(axis=0)).max() < 1e-3
    # Hits are what rises above 4 kHz; one pad chord lies beneath. A server without processor is
    # late and makes fewer samples than a second has: hits are timed by when their blocks came.
    high = np.abs(np.diff(samples.mean(axis=1), 2))
    level = high[: len(high) // 48 * 48].reshape(-1, 48).max(axis=1)
    loud = 0.3 * np.percentile(level, 99)
    hits = np.nonzero((level[1:] > loud) & (level[:-1] <= loud))[0]
    hits = hits[np.insert(np.diff(hits) > 100, 0, True)]
    assert len(hits) >= 10
    heard_s = np.array([recorder.time_s(int(hit) * 48) for hit in hits])
    eighths = np.round((heard_s - heard_s[0]) / 0.25)
    assert np.polyfit(eighths, heard_s, 1)[0] == pytest.approx(0.250, abs=0.002)  # at 120 bpm


def test_without_any_audio_device_the_error_says_what_to_do() -> None:
    async def play() -> None:
        player = await RemotePlayer.open("audio:no such device", time.monotonic())
        await player.close()

    with pytest.raises(OutputUnavailable, match="audio device") as caught:
        asyncio.run(play())
    assert caught.value.hint


def test_a_system_without_alsa_s_files_is_one_line_with_the_reason(monkeypatch, tmp_path) -> None:
    """PortAudio aborts the process that asks it there."""
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "alsa.conf"))

    async def play() -> None:
        player = await RemotePlayer.open("audio:nowhere", time.monotonic())
        await player.close()

    with pytest.raises(OutputUnavailable, match="audio:nowhere") as caught:
        asyncio.run(play())
    assert "ALSA has no configuration" in caught.value.hint
