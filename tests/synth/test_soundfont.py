"""A soundfont in place of our instruments: rendered, and live under JACK."""

from __future__ import annotations

import asyncio
import ctypes.util
import time
import wave

import numpy as np
import pytest
from rigs import jack as rig
from rigs.soundfonts import write_sine

from synth.errors import OutputUnavailable, RenderError
from synth.events import Note
from synth.outputs import wav
from synth.outputs.fluid import FluidSynth
from synth.outputs.midi_map import MidiMap
from synth.outputs.soundfont import play
from synth.params import Layer, MusicParams
from synth.player.remote import RemotePlayer
from synth.score import Score
from synth.tempo_map import TempoMap, TempoSegment

PRESENT = ctypes.util.find_library("fluidsynth") is not None
needs_fluidsynth = pytest.mark.skipif(
    not PRESENT, reason="needs FluidSynth (Debian: libfluidsynth3)"
)


@pytest.fixture(scope="module")
def soundfont(tmp_path_factory):
    path = tmp_path_factory.mktemp("sounds") / "sine.sf2"
    write_sine(path)
    return path


def score() -> Score:
    notes = (Note(1, 1.0, 1.0, 69, 100, Layer.MELODY), Note(2, 3.0, 0.5, 81, 100, Layer.BASS))
    return Score(notes, TempoMap.start(0.0, 60.0), params=((0.0, MusicParams()),))


def pitch_hz(samples, rate_hz: int) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax()) * rate_hz / len(samples)


@needs_fluidsynth
def test_a_score_sounds_on_its_samples_and_at_its_pitch(soundfont) -> None:
    rate_hz = 44_100
    chunks = list(play(score(), rate_hz, 5 * rate_hz, str(soundfont), MidiMap()))
    sound = np.concatenate(chunks)
    assert sound.shape == (5 * rate_hz, 2)
    loud = np.abs(sound).max(axis=1) > 1e-3
    assert not loud[: rate_hz - 64].any()
    assert loud[rate_hz : rate_hz + 2000].any()
    assert pitch_hz(sound[int(1.1 * rate_hz) : int(1.9 * rate_hz), 0], rate_hz) == pytest.approx(
        440.0, abs=3.0
    )
    assert pitch_hz(sound[int(3.1 * rate_hz) : int(3.4 * rate_hz), 0], rate_hz) == pytest.approx(
        880.0, abs=6.0
    )


@pytest.mark.slow
@needs_fluidsynth
def test_a_file_is_as_loud_as_with_our_own_instruments(soundfont, tmp_path) -> None:
    target = tmp_path / "a.wav"
    stats = wav.render(target, score(), soundfont=soundfont)
    assert stats.true_peak_dbfs <= -1.0
    with wave.open(str(target)) as file:
        assert file.getnframes() == round(stats.seconds * 48_000)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert np.abs(frames).max() > 1000
    again = tmp_path / "b.wav"
    wav.render(again, score(), soundfont=soundfont)
    assert again.read_bytes() == target.read_bytes()


@needs_fluidsynth
def test_a_missing_or_broken_soundfont_is_one_clear_line(tmp_path) -> None:
    with pytest.raises(OutputUnavailable, match="there is no soundfont") as caught:
        FluidSynth(str(tmp_path / "nowhere.sf2"))
    assert ".sf2" in caught.value.hint
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"RIFF....sfbk")
    with pytest.raises(RenderError, match=r"broken\.sf2 is no soundfont"):
        wav.render(tmp_path / "a.wav", score(), soundfont=broken)
    assert not (tmp_path / "a.wav").exists()


def test_without_the_library_a_hint_says_how_to_get_it(soundfont, monkeypatch) -> None:
    monkeypatch.setattr("synth.outputs.fluid._NAMES", ())
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    with pytest.raises(OutputUnavailable, match="needs FluidSynth") as caught:
        FluidSynth(str(soundfont))
    assert "apt install" in caught.value.hint


async def loudness_under_jack(soundfont) -> tuple[float, float]:
    """Return the largest sample while notes sound, and after silence was asked for."""
    import jack

    client = jack.Client("ear", no_start_server=True)
    ear = client.inports.register("in")
    heard: list[float] = []
    client.set_process_callback(lambda frames: heard.append(float(np.abs(ear.get_array()).max())))
    t0_s = time.monotonic()
    player = await RemotePlayer.open(f"soundfont:{soundfont}?map=x", t0_s)
    try:
        client.activate()
        source = next(p for p in client.get_ports(is_audio=True, is_output=True) if "bio" in p.name)
        client.connect(source, ear)
        player.volume(1.0)
        player.tempo(TempoSegment(time.monotonic() - t0_s + 0.1, 0.0, 60.0))
        player.notes([Note(1, 0.0, 60.0, 69, 110, Layer.MELODY)])
        await asyncio.sleep(0.8)
        loud = max(heard)
        player.panic()
        await asyncio.sleep(0.5)
        heard.clear()
        await asyncio.sleep(0.2)
        return loud, max(heard)
    finally:
        await player.close()
        client.deactivate()
        client.close()


@pytest.mark.rig
@needs_fluidsynth
@pytest.mark.skipif(not rig.PRESENT, reason=rig.REASON)
def test_it_sounds_live_and_panic_silences_it(soundfont) -> None:
    with rig.jack_server():
        loud, quiet = asyncio.run(loudness_under_jack(soundfont))
    assert loud > 0.01
    assert quiet < 0.1 * loud


async def opening(soundfont) -> None:
    await RemotePlayer.open(f"soundfont:{soundfont}?device=No-such-device", time.monotonic())


@pytest.mark.rig
@needs_fluidsynth
def test_a_computer_without_audio_says_so(soundfont) -> None:
    with pytest.raises(OutputUnavailable, match="does not open"):
        asyncio.run(opening(soundfont))
