"""Whatever a user gets wrong: one clear line, a hint, exit code 2, and nothing written."""

from pathlib import Path

import pytest

from biofeedback.cli.app import run

FAST = ["--fast", "--duration", "20", "-o", "null:"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "cut.hrm").write_text("[Params]\nVersion=106\n[HRDa")
    (tmp_path / "words.txt").write_text("this is no recording\n")
    (tmp_path / "rr.txt").write_text("\n".join(["800"] * 60))
    (tmp_path / "bad.toml").write_text("[control]\nstratgy = 'lead'\n")
    (tmp_path / "rr.mid").write_bytes(b"a piece of mine")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("replay nowhere", "nowhere"),
        ("replay empty.csv", "empty.csv"),
        ("replay cut.hrm", "cut.hrm"),
        ("replay words.txt", "words.txt"),
        ("replay folder", "folder"),
        ("replay rr.txt --columns rr", "--columns"),
        ("replay rr.txt -o wav:/dev/null/x.wav", "/dev/null/x.wav"),
        ("replay rr.txt -o mid:folder", "folder"),
        ("replay rr.txt -o mid:", "mid:"),
        ("replay rr.txt -o trumpet:", "trumpet"),
        ("replay rr.txt -o midi:No-such-port", "No-such-port"),
        ("replay rr.txt --out rr.txt", "rr.txt"),
        ("replay rr.txt --out /dev/null/sessions", "/dev/null/sessions"),
        ("replay rr.txt --programme lullaby", "lullaby"),
        ("replay rr.txt --style polka", "polka"),
        ("replay rr.txt --profile ../me", "../me"),
        ("run -s geiger:1 -o null:", "geiger"),
        ("run -s strap -o null:", "strap"),
        ("run -s sim:nobody -o null:", "nobody"),
        ("run -s sim: --config bad.toml -o null:", "stratgy"),
        ("run -s sim: --config nowhere.toml -o null:", "nowhere.toml"),
        ("run -s sim: --set control.lead.target=7 -o null:", "control.lead.target"),
        ("run -s sim: --set control.leed.target=0.5 -o null:", "leed"),
        ("verify nowhere", "nowhere"),
        ("verify folder", "folder"),
        ("verify rr.txt", "rr.txt"),
        ("report nowhere", "nowhere"),
        ("render nowhere out.wav", "nowhere"),
        ("render nowhere rr.mid", "rr.mid exists"),
        ("export nowhere --to csv out", "nowhere"),
        ("analyze nowhere", "nowhere"),
    ],
)
def test_a_mistake_is_one_line_with_a_hint(
    here: Path, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    before = sorted(here.rglob("*"))
    assert run(line.split()) == 2
    error = capsys.readouterr().err
    shown = [text for text in error.splitlines() if text.startswith("Error:")]
    assert len(shown) == 1
    assert said in shown[0]
    assert "Hint:" in error
    assert "Traceback" not in error
    assert sorted(here.rglob("*")) == before


def test_an_unknown_option_or_command_is_a_mistake_too(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", "--loud"]) == 2
    assert run(["sing"]) == 2
    assert run(["run", "-s", "sim:", "--volume", "3"]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_a_cut_recording_is_played_as_far_as_it_goes_and_the_user_is_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "cut.txt").write_text("\n".join(["800"] * 60) + "\n8x")
    assert run(["replay", "cut.txt", "--out", "out"]) == 0
    assert "Note:" in capsys.readouterr().err
    assert len(list((here / "out").glob("*/report.html"))) == 1
