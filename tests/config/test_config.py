"""The configuration: what is accepted, what is refused, and what its page says."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from biofeedback.common.errors import ConfigError
from biofeedback.config.loader import load, programmes, to_toml
from biofeedback.config.schema import Config

PAGE = Path(__file__).parents[2] / "docs" / "config.md"


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


PHASES = """
[[phase]]
name = "meet"
strategy = "mirror"
until = { minutes = 2 }

[[phase]]
name = "lead"
strategy = "lead"
lead = { target = 0.2 }
"""


def test_a_phase_takes_from_the_strategy_what_it_does_not_say(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[control.lead]\nmeet_s = 7.0\n" + PHASES, encoding="utf-8")
    meet, lead = load(file=file).phase
    assert meet.until.minutes == 2.0
    assert lead.lead is not None
    assert (lead.lead.target, lead.lead.meet_s) == (0.2, 7.0)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('strategy = "mirror"', 'strategy = "push"', ("phase 'meet'", "strategy", "push")),
        ("until = { minutes = 2 }", "", ("phase 'meet'", "until.minutes", "never end")),
        ("minutes = 2", "minutes = -2", ("phase 'meet'", "until.minutes")),
        ("minutes = 2", "minuts = 2", ("phase 'meet'", "until", "minuts")),
        ("minutes = 2", "minutes = 2, finished = true", ("phase 'meet'", "until.finished")),
        ("minutes = 2", "minutes = 1, arousal_below = 0.3, for_s = 90", ("until.for_s",)),
        ('"meet"', '"lead"', ("phase 'lead'", "name", "two phases")),
        ("target = 0.2", "target = 2.0", ("phase 'lead'", "lead.target")),
        ('name = "lead"', "", ("phase 2", "name")),
        ('strategy = "lead"', 'strategy = "mirror"', ("phase 'lead'", "lead", "mirror")),
        ('"mirror"', '"mirror"\nloudness = nan', ("mine.toml", "finite")),
    ],
)
def test_an_impossible_phase_is_one_line_that_names_file_phase_and_key(
    tmp_path: Path, before: str, after: str, said: tuple[str, ...]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(PHASES.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(str(file))
    text = str(caught.value)
    assert "mine.toml" in text
    assert "\n" not in text
    assert caught.value.hint
    for part in said:
        assert part in text
