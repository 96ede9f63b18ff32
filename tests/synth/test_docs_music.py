"""The worked example in docs/music.md is a style that keeps its word."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest
from analysis import figures

from synth.compose.composer import Composer
from synth.compose.style import Style
from synth.params import MusicParams
from synth.styles.load import load, names, read_settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "music.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL).group(1)


@pytest.fixture
def music_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Style:
    path = tmp_path / "music_box.toml"
    path.write_text(block("toml"), encoding="utf-8")
    module = types.ModuleType("music_box")
    monkeypatch.setitem(sys.modules, "music_box", module)
    exec(compile(block("python"), "docs/music.md", "exec"), module.__dict__)
    return module.MusicBox(read_settings(path))


def test_the_worked_example_makes_music(music_box: Style) -> None:
    params = music_box.settings.home
    for seed in range(4):
        composer = Composer(music_box, seed, params)
        bars = [composer.bar(params) for _ in range(32)]
        result = figures(bars)
        assert result.onsets_per_beat == pytest.approx(2.0, abs=0.25)
        assert result.strong_chord_tones >= 0.85
        assert result.motion_per_voice <= 2.0
        assert {n.layer for bar in bars for n in bar.notes} == set(music_box.settings.layers)


def test_every_parameter_is_explained() -> None:
    for name in MusicParams.__dataclass_fields__:
        assert f"| `{name}` |" in TEXT


@pytest.mark.parametrize("name", names())
def test_the_table_of_styles_has_their_numbers(name: str) -> None:
    settings = load(name, ROOT / "configs" / "styles").settings
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{name}`"))
    cells = [cell.strip() for cell in row.split("|")]
    assert [float(cell) for cell in (*cells[2:4], *cells[4].split(","))] == [
        settings.tempo_bpm, settings.density, settings.polyphony, settings.voices,
    ]  # fmt: skip
    told = re.sub(r"\(.*?\)|;.*", "", cells[5]).replace(" ", "").split(",")
    assert told == [layer.value for layer in settings.layers]
