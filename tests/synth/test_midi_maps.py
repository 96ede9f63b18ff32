from __future__ import annotations

from pathlib import Path

import mido
import pytest

from synth.errors import MapError
from synth.events import Note
from synth.output import ClockPulse, NoteOn
from synth.outputs import midi_file
from synth.outputs.midi_map import ControllerSpec, MidiMap
from synth.outputs.midi_map_file import find, read
from synth.outputs.midi_messages import MidiMessages
from synth.params import Layer, MusicParams
from synth.score import Score
from synth.styles.load import names, read_settings
from synth.tempo_map import TempoMap

CONFIGS = Path(__file__).parents[2] / "configs"
MAPS = {path.stem: path for path in (CONFIGS / "midi").glob("*.toml")}
SIGNALS = ("arousal", "beat", "breath", "heart_rate", "pacer")


def mapped(tmp_path: Path, text: str) -> MidiMap:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return read(path, MidiMap(), SIGNALS)


def test_a_style_brings_its_own_channels_and_programs() -> None:
    style = read_settings(CONFIGS / "styles" / "ambient.toml")
    voices = MidiMap.of_style(style.instruments)
    assert (voices[Layer.MELODY].channel, voices[Layer.MELODY].program) == (2, 11)
    assert voices[Layer.PERCUSSION].channel == 9  # which ambient lacks: General MIDI's


@pytest.mark.parametrize("style", names())
def test_what_a_style_lacks_chooses_no_program_for_what_it_has(style: str) -> None:
    own = read_settings(CONFIGS / "styles" / f"{style}.toml").instruments
    midi_map = MidiMap.of_style(own)
    assert len({midi_map[layer].channel for layer in Layer}) == len(Layer)
    chosen = {m[0] & 15: m[1] for m in MidiMessages(midi_map).presets() if m[0] & 0xF0 == 0xC0}
    assert {i.channel: i.program for i in own}.items() <= chosen.items()


@pytest.mark.parametrize("name", MAPS)
def test_every_shipped_map_is_valid_and_travels_whole(name: str) -> None:
    midi_map = read(find(name, MAPS), MidiMap(), SIGNALS)
    assert MidiMap.decode(midi_map.encode()) == midi_map


def test_the_default_map_changes_nothing() -> None:
    midi_map = read(find("general-midi", MAPS), MidiMap(), SIGNALS)
    assert all(midi_map[layer] == MidiMap()[layer] for layer in Layer)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[pad]\nchannel = 17", "pad.channel is 17, out of range"),
        ("[pad]\nchannel = 0", "pad.channel is 0"),
        ("[pad]\nprogram = 1.5", "pad.program must be a whole number"),
        ("[pad]\nprogramm = 1", "pad.programm is unknown"),
        ("[pads]\nchannel = 1", "pads is unknown"),
        ("latency_ms = 900", "latency_ms is 900"),
        ("pad = 3", "pad must be a table"),
        ("[pad]\nbrightness = { cc = 120 }", "cc 120 is not within 0 to 119"),
        ("[pad]\nbrightness = { cc14 = 32 }", "cc14 32 is not within 0 to 31"),
        ("[pad]\nbrightness = { cc = 1, nrpn = 2 }", "must name one of cc, cc14, nrpn"),
        ("[pad]\ndynamics = { cc = 1, low = 200 }", "low and high"),
        ("[signals]\nmood = { cc = 1 }", "signals.mood is unknown"),
        ("[signals]\nbeat = { note = 128 }", "signals.beat.note is 128"),
        ("[signals]\nbeat = {}", "signals.beat names neither"),
        ("[signals]\narousal = { cc = 1, from = 2, to = 2 }", "from and to must differ"),
        ("no toml", "cannot be read"),
    ],
)
def test_a_mistake_is_named_by_file_key_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(MapError) as caught:
        mapped(tmp_path, text)
    assert "mine.toml" in str(caught.value)
    assert reason in str(caught.value)
    assert caught.value.hint


def test_an_unknown_map_lists_those_that_ship() -> None:
    with pytest.raises(MapError) as caught:
        find("roland", MAPS)
    assert "multitimbral" in caught.value.hint


def test_controllers_of_14_bits_and_nrpns_send_their_parts_in_order() -> None:
    assert ControllerSpec("cc", 20, low=10, high=110).messages(3, 0.5) == ((0xB3, 20, 60),)
    assert ControllerSpec("cc14", 16).messages(0, 1.0) == ((0xB0, 16, 127), (0xB0, 48, 127))
    half = ControllerSpec("cc14", 16).messages(0, 0.5)
    assert abs(128 * half[0][2] + half[1][2] - 8191.5) <= 0.5
    assert ControllerSpec("nrpn", 264).messages(1, 9.0) == (
        (0xB1, 99, 2), (0xB1, 98, 8), (0xB1, 6, 127), (0xB1, 38, 127),
    )  # fmt: skip
    assert ControllerSpec("cc", 1, lowest=40, highest=140).messages(0, 90)[0][2] == 64


def test_a_layer_chooses_bank_before_program_and_is_transposed_within_range(tmp_path: Path) -> None:
    midi_map = mapped(tmp_path, "[bass]\nchannel=4\nbank=129\nprogram=5\npan=0\ntranspose=-12")
    messages = list(MidiMessages(midi_map).presets())
    start = messages.index((0xB3, 0, 1))
    assert messages[start : start + 4] == [(0xB3, 0, 1), (0xB3, 32, 1), (0xC3, 4), (0xB3, 10, 0)]
    assert MidiMessages(midi_map).note(NoteOn(1, Layer.BASS, 40, 90)) == (0x93, 28, 90)
    assert MidiMessages(midi_map).note(NoteOn(1, Layer.BASS, 5, 90)) == (0x93, 5, 90)


def test_volume_is_a_share_of_each_channels_own(tmp_path: Path) -> None:
    messages = MidiMessages(mapped(tmp_path, "[pad]\nchannel = 1\nvolume = 100"))
    levels = {m[0] & 0x0F: m[2] for m in messages.volume(0.5)}
    assert levels[0] == 50
    assert levels[1] == 64


def test_signals_go_to_controllers_that_changed_and_a_beat_is_a_note_that_ends(
    tmp_path: Path,
) -> None:
    messages = MidiMessages(
        mapped(tmp_path, "[signals]\narousal={cc=20, channel=16}\nbeat={note=36, channel=10}")
    )
    assert list(messages.signals({"arousal": 0.5, "heart_rate": 60.0})) == [(0xBF, 20, 64)]
    assert list(messages.signals({"arousal": 0.5})) == []
    assert list(messages.signals({"beat": 800.0})) == [(0x99, 36, 100)]
    assert list(messages.signals({"beat": 800.0})) == [(0x89, 36, 0), (0x99, 36, 100)]
    assert next(iter(messages.panic())) == (0x89, 36, 0)
    assert list(messages.end_gates()) == []


def test_a_beat_on_a_controller_is_a_pulse_that_falls_back(tmp_path: Path) -> None:
    messages = MidiMessages(mapped(tmp_path, "[signals]\nbeat={cc=22, channel=1, low=5}"))
    assert list(messages.signals({"beat": 800.0})) == [(0xB0, 22, 127)]
    assert list(messages.signals({"beat": 810.0})) == [(0xB0, 22, 5), (0xB0, 22, 127)]
    assert list(messages.end_gates()) == [(0xB0, 22, 5)]
    assert list(messages.end_gates()) == []


def test_a_song_position_precedes_continue() -> None:
    messages = MidiMessages(MidiMap())
    assert list(messages.pulse(ClockPulse("continue", 516.0))) == [(0xF2, 16, 16), (0xFB,)]
    assert list(messages.pulse(ClockPulse("tick", 0.0))) == [(0xF8,)]


def test_a_file_follows_the_map(tmp_path: Path) -> None:
    midi_map = mapped(tmp_path, "[melody]\nchannel=7\nprogram=20\nbank=1\ndynamics={cc=11}")
    notes = (Note(1, 0.0, 1.0, 60, 80, Layer.MELODY),)
    score = Score(notes, TempoMap.start(0.0, 60.0), params=((0.0, MusicParams(dynamics=1.0)),))
    midi_file.write(tmp_path / "a.mid", score, channels=midi_map)
    track = mido.MidiFile(tmp_path / "a.mid").tracks[1]
    sent = [message.bytes() for message in track if not message.is_meta]
    assert [0xC6, 19] in sent
    assert [0xB6, 11, 127] in sent
    assert sent.index([0xB6, 32, 1]) < sent.index([0xC6, 19])
    assert [0x96, 60, 80] in sent
