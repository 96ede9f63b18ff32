"""The music breathes: one curve, from the tempo map to the port, the sound and the guide."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import mido
import numpy as np
import pytest

from synth.breath import fullness, gain, gains
from synth.events import Note
from synth.outputs import midi_file
from synth.outputs.midi_map import ControllerSpec, MidiMap, MidiVoice
from synth.outputs.midi_messages import MidiMessages
from synth.params import Layer, MusicParams
from synth.score import Score
from synth.tempo_map import TempoMap

SWELLS = MusicParams(swell=1.0)
MINUTE = TempoMap.start(0.0, 60.0)


def test_in_takes_two_fifths_out_three_and_holds_are_kept() -> None:
    assert [fullness(p, SWELLS) for p in (0.0, 0.2, 0.4, 0.7)] == pytest.approx([0, 0.5, 1, 0.5])
    assert fullness(0.999, SWELLS) < 0.01
    held = replace(SWELLS, breath_in=0.5, breath_hold=0.2, breath_pause=0.2)
    shape = [fullness(p, held) for p in (0.15, 0.3, 0.4, 0.5, 0.65, 0.81, 0.99)]
    assert shape == pytest.approx([0.5, 1, 1, 1, 0.5, 0, 0])


def test_controller_11_follows_the_hand_calculation_and_is_left_as_it_was_found() -> None:
    messages = MidiMessages(MidiMap())
    list(messages.colours(SWELLS))
    empty, half = list(messages.signals({"pacer": 0.0})), list(messages.signals({"pacer": 0.5}))
    # 127 times the root of the gain: 16 dB down is 0.1585, 8 dB is 0.3981.
    assert {m[2] for m in empty} == {51}
    assert {m[2] for m in half} == {80}
    assert {m[0] for m in empty} == {0xB0 | n for n in (0, 1, 2, 3, 4, 5, 9)}
    assert all(m[1] == 11 for m in empty + half)
    assert not list(messages.signals({"pacer": 0.5}))
    assert [m[2] for m in messages.panic() if m[1] == 11] == [127] * 7


def test_a_map_that_moves_controller_11_itself_breathes_below_its_own_value() -> None:
    spec = ControllerSpec("cc", 11, low=70.0)
    messages = MidiMessages(MidiMap({layer: MidiVoice(0, dynamics=spec) for layer in Layer}))
    assert not [m for m in messages.colours(replace(SWELLS, dynamics=1.0)) if m[1] == 11]
    assert list(messages.signals({"pacer": 0.0})) == [(0xB0, 11, 51)]
    list(messages.colours(replace(SWELLS, dynamics=0.0)))
    assert list(messages.signals({"pacer": 1.0})) == [(0xB0, 11, 70)]


def test_another_number_of_beats_goes_on_with_the_breath_where_it_is() -> None:
    after = MINUTE.change(10.3, 90.0, 12.0)
    assert after.breath_at(10.3) == pytest.approx(MINUTE.breath_at(10.3))
    later = after.change(20.0, 80.0)
    assert later.breath_at(20.0) == pytest.approx((2.3 + 9.7 * 1.0) % 8 / 8)
    assert later.latest.breath_beats == 12.0


def test_a_file_breathes_by_controller_11_and_without_a_swell_has_none(tmp_path) -> None:
    notes = tuple(Note(k, float(k), 1.0, 60, 80, Layer.PAD) for k in range(32))
    for name, params in (("swells", SWELLS), ("plain", MusicParams())):
        score = Score(notes, MINUTE, params=((0.0, params),))
        midi_file.write(tmp_path / name, score)
    plain = mido.MidiFile(tmp_path / "plain")
    assert not [m for m in plain if m.type == "control_change" and m.control == 11]
    now_s, heard = 0.0, []
    for message in mido.MidiFile(tmp_path / "swells"):
        now_s += message.time
        if message.type == "control_change" and message.control == 11:
            heard.append((now_s, message.value))
    expected = [127 * math.sqrt(gain(fullness(t / 8 % 1, SWELLS), 1.0)) for t, _ in heard]
    assert np.abs(np.array(expected) - [value for _, value in heard]).max() <= 1.0
    assert len(heard) > 250


def test_a_swell_that_ends_leaves_full_loudness() -> None:
    curve = list(gains(MINUTE, [(0.0, SWELLS), (11.0, MusicParams())], 20.0))
    assert min(loud for _, loud in curve) == pytest.approx(10 ** (-16 / 20))
    assert curve[-1] == (pytest.approx(11.0), 1.0)


def test_a_deeper_swell_is_a_deeper_breath_of_whatever_style_sounds() -> None:
    empty = [gain(0.0, swell) for swell in (0.0, 0.33, 0.67, 1.0)]
    assert empty[0] == 1.0
    assert all(deeper < before for before, deeper in pairwise(empty))
    assert all(gain(1.0, swell) == 1.0 for swell in (0.0, 0.33, 0.67, 1.0))
