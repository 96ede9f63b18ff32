from __future__ import annotations

import subprocess
import sys
import wave

import numpy as np
import pytest
import soundfile

pytest.importorskip("pyo", reason="pyo has no wheel here", exc_type=ImportError)

from synth.errors import RenderError
from synth.events import Note
from synth.instruments.loudness import Loudness, true_peak
from synth.outputs import wav
from synth.params import Key, Layer, Mode, MusicParams
from synth.score import Score, decode_score, encode_score
from synth.tempo_map import TempoMap

RATE = 48_000


def piece(beats: int = 24, layers: tuple[Layer, ...] = tuple(Layer)) -> Score:
    notes = []
    for beat in range(beats):
        for layer in layers:
            pitch = {Layer.BASS: 40, Layer.DRONE: 45, Layer.PERCUSSION: 36}.get(
                layer, 60 + beat % 12
            )
            notes.append(Note(len(notes), float(beat), 0.9, pitch, 90, layer))
    params = ((0.0, MusicParams(brightness=0.2)), (6.0, MusicParams(brightness=0.9)))
    return Score(tuple(notes), TempoMap.start(0.5, 90.0), params=params)


def read(path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 2, 2)
        data = file.readframes(file.getnframes())
    return (np.frombuffer(data, "<i2").reshape(-1, 2) / 32768.0).astype(np.float32)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    path = tmp_path_factory.mktemp("wav") / "piece.wav"
    shares: list[float] = []
    stats = wav.render(path, piece(), progress=shares.append)
    return read(path), stats, shares


@pytest.mark.slow
def test_the_file_lasts_as_long_as_the_music_and_its_last_echo(rendered) -> None:
    samples, stats, _ = rendered
    assert len(samples) / RATE == pytest.approx(piece().end_s + 5.0, abs=0.001)
    assert stats.seconds == pytest.approx(len(samples) / RATE)


@pytest.mark.slow
def test_it_is_as_loud_as_promised_and_never_clips(rendered) -> None:
    samples, stats, _ = rendered
    assert -18.0 <= stats.loudness_lufs <= -16.0
    assert 20 * np.log10(true_peak(samples)) <= -1.0
    loudness = Loudness(RATE)
    loudness.feed(samples[5 * RATE : 15 * RATE])
    assert loudness.read() == pytest.approx(-17.0, abs=1.5)


def test_it_starts_quietly_and_ends_in_silence_without_offset(rendered) -> None:
    samples, _, _ = rendered
    early, later = samples[: 2 * RATE].std(), samples[8 * RATE : 12 * RATE].std()
    assert early < 0.6 * later
    assert np.abs(samples[-RATE // 50 :]).max() < 2e-4
    assert np.abs(samples.mean(axis=0)).max() < 5e-4


def test_it_has_no_clicks(rendered) -> None:
    samples, _, _ = rendered
    assert np.abs(np.diff(samples, axis=0)).max() < 0.15


@pytest.mark.slow
def test_flac_holds_the_very_same_samples_in_less_room(rendered, tmp_path) -> None:
    path = tmp_path / "piece.flac"
    assert wav.render(path, piece()) == rendered[1]
    again, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    assert np.array_equal(again, np.round(rendered[0] * 32768).astype(np.int16))
    assert path.stat().st_size < 0.75 * again.nbytes


def test_progress_grows_from_0_to_1(rendered) -> None:
    _, _, shares = rendered
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


_FIRST_SAMPLES = """
import os, sys
import numpy as np
from synth.score import decode_score, encode_score
from synth.outputs import offline
score = decode_score(sys.argv[1])
level = np.abs(np.concatenate(list(offline.play(score, 48000, 48000 * 20)))).max(axis=1)
for note in score.notes:
    due = round(score.tempo_map.time_at(note.beat) * 48000)
    before = level[max(0, due - 300) : due - 10].max(initial=0.0)
    print(np.nonzero(level[due - 10 : due + 300] > 1.5 * before)[0][0] - 10)
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.rig
@pytest.mark.parametrize("layer", [Layer.PLUCK, Layer.MELODY, Layer.PERCUSSION])
def test_notes_begin_within_a_fiftieth_of_a_millisecond(layer) -> None:
    """Notes on odd beats: the first sample above what still rings is the onset."""
    notes = tuple(Note(k, k * 8.0137, 0.2, 84, 127, layer) for k in range(3))
    score = encode_score(Score(notes, TempoMap.start(0.123, 73.3)))
    command = [sys.executable, "-P", "-c", _FIRST_SAMPLES, score]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # one sample is 0.021 ms; the attack itself begins at zero
    assert all(0 <= int(late) <= 1 for late in found.split())
    assert len(found.split()) == len(notes)


def test_a_longer_piece_than_a_wav_can_hold_is_refused(tmp_path) -> None:
    hours = Score((Note(1, 0.0, 60.0 * 60 * 8, 60, 80, Layer.PAD),), TempoMap.start(0.0, 60.0))
    with pytest.raises(RenderError, match="4 GiB") as caught:
        wav.render(tmp_path / "a.wav", hours)
    assert caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path) -> None:
    with pytest.raises(RenderError, match="cannot write"):
        wav.render(tmp_path / "no" / "a.wav", piece(1))


def test_a_score_survives_the_way_to_another_process() -> None:
    score = Score(
        (Note(1, 0.25, 0.5, 60, 80, Layer.BELLS),),
        TempoMap.start(0.0, 60.0).change(1.0, 61.7),
        keys=((0.0, Key(3, Mode.PHRYGIAN)),),
        params=((0.5, MusicParams(density=2.5)),),
        markers=((1.0, "é"),),
    )
    assert decode_score(encode_score(score)) == score
