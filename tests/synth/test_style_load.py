"""A style's file: what it holds, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from synth.errors import StyleError
from synth.params import Layer
from synth.styles.load import load, names

FOLDER = Path(__file__).parents[2] / "configs" / "styles"
TITLE = 'title = { en = "Ambient", de = "Ambient" }'
AMBIENT = (FOLDER / "ambient.toml").read_text(encoding="utf-8")


def test_ambient_is_the_default_and_every_style_has_its_file() -> None:
    assert names()[0] == "ambient"
    assert sorted(names()) == sorted(path.stem for path in FOLDER.glob("*.toml"))


def test_channels_and_programs_are_read_as_musicians_count_and_kept_as_midi_sends() -> None:
    pad = load("ambient", FOLDER).settings.instrument(Layer.PAD)
    assert (pad.channel, pad.program) == (0, 89)
    assert load("pulse", FOLDER).settings.instrument(Layer.PERCUSSION).channel == 9


@pytest.mark.parametrize("name", names())
def test_each_style_states_its_instruments_and_how_many_notes_they_can_sound(name: str) -> None:
    style = load(name, FOLDER)
    assert f"polyphony = {style.settings.polyphony} " in (FOLDER / f"{name}.toml").read_text()
    assert style.settings.home.sound == name
    assert style.settings.polyphony >= 4 * len(style.settings.layers)


def test_an_unknown_style_names_those_that_exist() -> None:
    with pytest.raises(StyleError, match="polka") as caught:
        load("polka", FOLDER)
    assert "ambient, piano, pulse, chamber, lofi, drone_breath" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("tempo_bpm = 56.0", "tempo_bpm = 500", "tempo_bpm is 500, out of range"),
        ("tempo_bpm = 56.0", 'tempo_bpm = "slow"', "tempo_bpm must be a number"),
        ("tempo_bpm = 56.0", "tempo = 56", "tempo is unknown"),
        ("tempo_bpm = 56.0", "", "tempo_bpm must be a number"),
        ("voices = 4 ", "voices = 3.5 ", "voices must be a whole number"),
        ("[drone]", "[dron]", "dron is unknown"),
        ("polyphony = 3", "polyphony = 4", "Its instruments have 3"),
        ('sound = "ambient"', 'sound = "tuba"', "sound is 'tuba'"),
        ("channel = 5", "channel = 17", "drone.channel is 17, out of range"),
        ("channel = 5", "canal = 5", "drone.canal is unknown"),
        ("high = 73", "high = 60", "pad.high must be 24 or more above low"),
        (TITLE, "title = 3", "title must be text"),
        (TITLE, 'title = { en = "Ambient", de = 3 }', "title must be text"),
        (TITLE, 'title = { de = "Ambient" }', "title.en is missing"),
        (TITLE, "", "title must be text"),
        (TITLE, "title =", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key_and_the_reason(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    assert old in AMBIENT
    path = tmp_path / "ambient.toml"
    path.write_text(AMBIENT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StyleError) as caught:
        load("ambient", tmp_path)
    assert reason in f"{caught.value} {caught.value.hint}"
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_a_missing_file_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=r"piano\.toml") as caught:
        load("piano", tmp_path)
    assert caught.value.hint
