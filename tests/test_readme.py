"""Every command that the README and the docs show does what they say, or says what it lacks."""

import re
import shlex
from pathlib import Path

import pytest

from biofeedback.cli.app import run

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: What has no place in a test process, and where it is held instead.
ELSEWHERE = {
    "biofeedback": "tests/cli/test_guide.py",
    "biofeedback serve": "tests/web/test_web_serve.py",
    ".venv/bin/biofeedback demo": "the wheel is tried by the gate",
    'biofeedback mark "the door slammed" --rate arousal=6': "tests/controllers/test_local_desk.py",
    "biofeedback capture --sensor ble: --minutes 5 --share capture.zip":
        "tests/cli/test_capture_over_bluetooth.py",
    "biofeedback capture --check capture.zip": "tests/cli/test_capture_over_bluetooth.py",
}  # fmt: skip
#: Commands that need hardware: where there is none, one clear line.
NEEDS = ("--output audio:", '"midi:', "midi-virtual:", "--programme breathing", "--style piano",
         "--profile robin", "biofeedback silence")  # fmt: skip


def commands() -> list[str]:
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            found += [line.split("  #")[0].split(" # ")[0].strip() for line in block.splitlines()]
    shown = [line for line in found if re.match(r"(\.venv/bin/)?biofeedback\b", line)]
    return [line for line in dict.fromkeys(shown) if line not in ELSEWHERE]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("readme")
    assert (
        run(["run", "-s", "sim:", "--fast", "--seed", "1", "--duration", "90", "--out", str(out)])
        == 0
    )
    return next(out.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("command", commands())
def test_a_documented_command_runs(
    command: str,
    session: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody")
    (tmp_path / "recording.txt").write_text("\n".join(["800", "810", "790"] * 60))
    rows = "".join(f"{i / 100},{i % 80 / 80},{i % 70 / 70}\n" for i in range(6000))
    (tmp_path / "two.csv").write_text(f"time,ECG I,ECG II\n{rows}")
    (tmp_path / "gsr.csv").write_text("time,GSR\n" + "".join(f"{i / 4},250\n" for i in range(240)))
    (tmp_path / "raw.csv").write_text("sensor\n" + "".join(f"{i % 80}\n" for i in range(6000)))
    (tmp_path / "sessions").mkdir()
    profiles = tmp_path / "data" / "biofeedback" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "robin.json").write_text('{"name": "robin"}')
    words = [str(session) if word == "SESSION" else word for word in shlex.split(command)[1:]]
    if re.search(r"trial (next|show|analyse) spring", command):
        made = ["--arms", "fixed6,silence", "--block-minutes", "1.5", "--washout-minutes", "0.5"]
        assert run(["trial", "new", "spring", *made]) == 0
    hardware = any(need in command for need in NEEDS)
    briefly = ["--duration", "1", "--wait", "1"] if hardware and words[0] == "run" else []
    code = run([*words, *briefly])
    output = capsys.readouterr()
    assert "Traceback" not in output.err
    if hardware and code:
        assert code == 2
        assert output.err.count("Error:") == 1
        assert "Usage" not in output.err
    else:
        assert code == 0, output.err


def test_make_has_the_two_commands_of_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"make {target}" in (ROOT / "README.md").read_text(encoding="utf-8")
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
