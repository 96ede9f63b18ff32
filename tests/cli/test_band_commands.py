"""A profile is tried without a radio; own files are found, or named with the reason."""

import json
import re
import shlex
from pathlib import Path

import pytest

from biofeedback.cli.app import run
from biofeedback.storage.configs import user_configs

DOCS = Path(__file__).parents[2] / "docs" / "sensors.md"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def duo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the profile that the documentation has as its example, beside the reader."""
    section = DOCS.read_text(encoding="utf-8").split("### A band with more to it")[1]
    path = tmp_path / "duo.toml"
    path.write_text(re.findall(r"```toml\n(.*?)```", section, flags=re.DOTALL)[0])
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.usefixtures("duo")
def test_the_documented_check_prints_what_each_field_gives(capsys: Capture) -> None:
    (command,) = re.findall(r"^    biofeedback (band check .*)$", DOCS.read_text(), re.MULTILINE)
    assert run(shlex.split(command)) == 0
    told = capsys.readouterr().out
    for words in ("eda at 8 Hz on 2a58", "eda.clock    100", "1 s, of the first sample", "4.01 uS"):
        assert words in told
    assert re.search(r"temp\.values +33\.4 += 33\.4 degC", told)
    assert run([*shlex.split(command), "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["packets"]
    assert first["gives"] == [
        "eda 4, 4.01, 4, 4.01, 4, 4.01, 4, 4.01 uS; first sample at 1 s of its clock"
    ]
    assert second["gives"] == ["temp 33.4 degC"]


def test_it_goes_by_the_name_that_was_asked_for_as_well(duo: Path, capsys: Capture) -> None:
    assert run(["profile", "check", str(duo), "--packet", "2a58=02014ef1"]) == 0
    assert "33.4 degC" in capsys.readouterr().out


def test_a_packet_that_does_not_fit_is_refused_in_words(duo: Path, capsys: Capture) -> None:
    assert run(["band", "check", str(duo), "--packet", "02014e", "--packet", "0300"]) == 2
    told = capsys.readouterr().out
    assert "refused      a packet of 3 bytes instead of 4" in told
    assert "nothing: no [[stream]] is for its type" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--packet", "zz"], "'zz' is not hex"),
        (["--packet", "2a99=00"], "says nothing of a characteristic '2a99'"),
    ],
)
def test_what_cannot_be_tried_is_one_line(
    duo: Path, arguments: list[str], words: str, capsys: Capture
) -> None:
    assert run(["band", "check", str(duo), *arguments]) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert words in error
    assert hint.startswith("Hint:")


def test_a_mistake_is_told_with_its_line(duo: Path, capsys: Capture) -> None:
    lines = duo.read_text().replace("u12", "u99").splitlines()
    duo.write_text("\n".join(lines))
    number = next(i for i, line in enumerate(lines, 1) if "u99" in line)
    assert run(["band", "check", str(duo)]) == 2
    assert f"duo.toml:{number}: stream[0].binary.values.type: 'u99'" in capsys.readouterr().err


def test_a_name_that_is_not_known_is_refused_with_those_that_are(capsys: Capture) -> None:
    assert run(["band", "check", "packd"]) == 2
    assert "packed" in capsys.readouterr().err
    assert run(["band", "check", "packed"]) == 0


def test_own_files_are_found_and_bad_ones_named_with_the_reason(
    duo: Path, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    own = user_configs()
    good = duo.read_text()
    for name, text in {
        "devices/duo.toml": good,
        "devices/packed.toml": good,
        "devices/broken.toml": good.replace("u12", "u99"),
        "programmes/mine.toml": "title = 3",
        "notes.txt": "",
    }.items():
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(text)
    assert run(["config", "paths", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["own"]["devices"] == str(own / "devices")
    problems = {file["name"]: file["problem"] for file in told["files"]}
    assert problems["duo"] == ""
    assert problems["broken"].startswith("line ")
    assert "built in" in problems["packed"]
    assert problems["mine"]
    assert "only .toml files" in problems["notes.txt"]
    assert run(["config", "paths"]) == 0
    assert str(own / "styles") in capsys.readouterr().out
    assert run(["band", "check", "duo"]) == 0  # a bad file beside it is no obstacle
    assert run(["programmes"]) == 0
