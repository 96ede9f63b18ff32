from __future__ import annotations

from pathlib import Path

import mido
import pytest

from synth.errors import RenderError
from synth.events import Note
from synth.outputs import midi_file
from synth.params import Key, Layer, Mode, MusicParams
from synth.score import Score
from synth.tempo_map import TempoMap


def glide(start_s: float = 0.0, changes: int = 2000) -> TempoMap:
    tempo_map = TempoMap.start(start_s, 60.0)
    for k in range(1, changes):
        tempo_map = tempo_map.change(start_s + k * 0.5, 60.0 + 37.3 * ((k * 7919) % 100) / 100)
    return tempo_map


def score_of(notes: list[Note], tempo_map: TempoMap, **rest) -> Score:
    return Score(tuple(notes), tempo_map, **rest)


def note(k: int, beat: float, beats: float = 0.5, pitch: int = 60, layer: Layer = Layer.MELODY):
    return Note(k, beat, beats, pitch, 80, layer)


def onsets_s(path) -> list[float]:
    now, found = 0.0, []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "note_on":
            found.append(now)
    return found


def sounding(path) -> dict[tuple[int, int], int]:
    held: dict[tuple[int, int], int] = {}
    for track in mido.MidiFile(path).tracks:
        for message in track:
            if message.type == "note_on":
                place = (message.channel, message.note)
                assert held.get(place, 0) == 0, "struck while it sounds"
                held[place] = 1
            elif message.type == "note_off":
                held[message.channel, message.note] -= 1
    return held


@pytest.mark.slow
@pytest.mark.parametrize("start_s", [0.0, 3.7, 0.01, -2.0])
def test_times_do_not_drift_over_thousands_of_tempo_changes(tmp_path, start_s) -> None:
    tempo_map = glide(start_s)
    notes = [note(k, 4.0 + k, pitch=40 + k % 40) for k in range(1000)]
    midi_file.write(tmp_path / "a.mid", score_of(notes, tempo_map))
    wanted = [tempo_map.time_at(n.beat) for n in notes]
    errors = [abs(a - b) for a, b in zip(onsets_s(tmp_path / "a.mid"), wanted, strict=True)]
    assert max(errors) < 0.0007  # half a tick at 45 bpm


def test_each_note_on_has_its_off_even_when_struck_again_or_early(tmp_path) -> None:
    notes = [
        note(1, -1.0, 2.0),
        note(2, 0.5, 4.0),
        note(3, 1.0, 1.0),
        note(4, 1.0, 0.25),
        note(5, 2.0, 0.00001),
        note(6, 2.0, 1.0, layer=Layer.BASS),
    ]
    midi_file.write(tmp_path / "a.mid", score_of(notes, TempoMap.start(0.0, 90.0)))
    held = sounding(tmp_path / "a.mid")
    assert len(held) == 2
    assert not any(held.values())


def test_equal_scores_give_equal_bytes(tmp_path) -> None:
    score = score_of([note(1, 0.0), note(2, 0.0, pitch=64)], glide(changes=5))
    midi_file.write(tmp_path / "a.mid", score)
    midi_file.write(tmp_path / "b.mid", score)
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


def test_keys_markers_layers_and_brightness_are_told(tmp_path) -> None:
    score = score_of(
        [note(1, 0.0), note(2, 0.0, layer=Layer.PAD)],
        TempoMap.start(0.0, 60.0),
        keys=((0.0, Key(2, Mode.DORIAN)), (8.0, Key(6, Mode.LYDIAN))),
        params=((0.0, MusicParams(brightness=0.0)), (5.0, MusicParams(brightness=1.0))),
        markers=((3.0, "deep breath é"),),
    )
    midi_file.write(tmp_path / "a.mid", score)
    file = mido.MidiFile(tmp_path / "a.mid", charset="utf-8")
    conductor = list(file.tracks[0])
    assert [m.key for m in conductor if m.type == "key_signature"] == ["Dm", "F#"]
    assert [m.text for m in conductor if m.type == "text"] == ["D dorian", "Gb lydian"]
    assert [m.text for m in conductor if m.type == "marker"] == ["deep breath é"]
    assert [t.name for t in file.tracks] == ["Conductor", "pad", "melody"]
    assert [m.value for m in file.tracks[1] if m.type == "control_change"] == [20, 127]


def test_markers_of_any_script_are_told_in_one_order(tmp_path) -> None:
    path, names = tmp_path / "a.mid", ("дверь", "一二三四五")
    for asked in (names, names[::-1]):
        markers = tuple((3.0, name) for name in asked)
        midi_file.write(path, score_of([note(1, 0.0)], glide(), markers=markers))
        conductor = mido.MidiFile(path, charset="utf-8").tracks[0]
        assert [m.text for m in conductor if m.type == "marker"] == list(names)


@pytest.mark.parametrize(
    ("first_s", "bpm"), [(5.0, 60.0), (1.5, 60.2), (0.37, 73.0), (20.0, 61.0), (3.0, 160.0)]
)
def test_beat_0_lies_on_a_bar_line_at_its_time_and_the_silence_has_the_musics_tempo(
    tmp_path: Path, first_s: float, bpm: float
) -> None:
    midi_file.write(tmp_path / "a.mid", score_of([note(1, 0.0)], TempoMap.start(first_s, bpm)))
    assert onsets_s(tmp_path / "a.mid") == pytest.approx([first_s], abs=1e-5)
    conductor, part = mido.MidiFile(tmp_path / "a.mid").tracks
    at, bars, tempi = 0, [], []
    for message in conductor:
        at += message.time
        if message.type == "time_signature":
            bars.append((at, 3840 * message.numerator // message.denominator))
        elif message.type == "set_tempo":
            tempi.append(mido.tempo2bpm(message.tempo))
    half_a_sixty_fourth = 0.5 / (16 * first_s * bpm / 60)
    assert tempi == pytest.approx([bpm] * len(tempi), rel=max(0.02, half_a_sixty_fourth) + 1e-3)
    since, bar = bars[-1]
    assert bar == 4 * 960
    assert since in (0, bars[0][1])  # a whole first bar, be it a short one
    first = sum(m.time for m in part[:3])
    assert first >= since
    assert (first - since) % bar == 0


def test_an_empty_score_is_a_valid_file(tmp_path) -> None:
    midi_file.write(tmp_path / "a.mid", score_of([], TempoMap.start(0.0, 60.0)))
    assert onsets_s(tmp_path / "a.mid") == []


def test_a_failed_write_leaves_the_old_file(tmp_path) -> None:
    with pytest.raises(RenderError, match="cannot write") as caught:
        midi_file.write(tmp_path / "no" / "a.mid", score_of([], TempoMap.start(0.0, 60.0)))
    assert caught.value.hint
    (tmp_path / "a.mid").mkdir()
    with pytest.raises(RenderError):
        midi_file.write(tmp_path / "a.mid", score_of([], TempoMap.start(0.0, 60.0)))
    assert [p.name for p in tmp_path.iterdir()] == ["a.mid"]


def test_sections_are_markers_where_they_begin(tmp_path: Path) -> None:
    sections = ((0.0, "A1"), (16.0, "B"))
    score = score_of([note(1, 0.0)], TempoMap.start(0.0, 60.0), sections=sections)
    midi_file.write(tmp_path / "a.mid", score)
    conductor, at, found = mido.MidiFile(tmp_path / "a.mid").tracks[0], 0, []
    for message in conductor:
        at += message.time
        if message.type == "marker":
            found.append((at / 960, message.text))
    assert found == [(0.0, "A1"), (16.0, "B")]
