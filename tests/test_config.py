"""The configuration: what is accepted, what is refused, and what its page says."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from biofeedback.config import Config, load, programmes, to_toml
from biofeedback.errors import ConfigError

PAGE = Path(__file__).parents[1] / "docs" / "config.md"


def keys(table: dict[str, object], path: str = "") -> set[str]:
    found = set()
    for key, value in table.items():
        name = f"{path}{key}"
        found |= keys(value, f"{name}.") if isinstance(value, dict) else {name}
    return found


def test_the_page_shows_every_default() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert tomllib.loads(block) == tomllib.loads(to_toml(Config()))


def test_the_page_explains_every_key() -> None:
    explained: set[str] = set()
    for row in re.findall(r"^\| (`.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        first, *others = re.findall(r"`([\w.]+)`", row)
        explained |= {first, *(f"{first.rpartition('.')[0]}.{other}" for other in others)}
    assert explained == keys(msgspec.to_builtins(Config()))


def test_a_config_written_and_read_back_is_the_same(tmp_path: Path) -> None:
    config = load("breathing", settings=["music.style=piano", "music.palette.home='Eb'"])
    file = tmp_path / "config.toml"
    file.write_text(to_toml(config), encoding="utf-8")
    assert load(file=file) == config


@pytest.mark.parametrize("name", programmes())
def test_every_shipped_programme_loads_and_has_a_title(name: str) -> None:
    assert load(name).title


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[control.lead]\ntarget = 0.3\nmeet_s = 5.0\n", encoding="utf-8")
    config = load("demo", file, ["control.lead.target=0.4"])
    assert (config.control.lead.meet_s, config.control.lead.target) == (5.0, 0.4)
    assert config.control.lead.lead_s == 120.0  # the programme's


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[control]\nstratgy = 'lead'", "stratgy"),
        ("[control]\nstrategy = 'push'", "control.strategy"),
        ("[control.lead]\ntarget = 2.0", "control.lead.target"),
        ("[control.lead]\ntarget = 'low'", "control.lead.target"),
        ("[music.palette]\nhome = 'H'", "music.palette"),
        ("[music.palette]\ntempo_calm = 2.0", "tempo_calm"),
        ("[[[", "TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_file_key_and_reason(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file=file)
    assert "mine.toml" in str(caught.value)
    assert said in f"{caught.value} {caught.value.hint}"
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("setting", ["control.lead.target", "=1", "control.nothing=1", "a=1"])
def test_a_setting_that_makes_no_sense_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(settings=[setting])
    assert setting in str(caught.value)


def test_a_missing_file_or_programme_is_named() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load(file=Path("nowhere.toml"))
    with pytest.raises(ConfigError, match="lullaby"):
        load("lullaby")
