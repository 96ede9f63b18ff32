"""Damaged sessions: one line, never a traceback; the sound ones beside them are listed."""

import json
import shutil
import signal
import sys
from pathlib import Path
from random import Random

import pytest
from replayed_session import edit_header, simulated

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import damage
from damage_kinds import DAMAGE

from biofeedback.cli.app import run
from biofeedback.record import lines
from biofeedback.record.line import sealed
from biofeedback.record.lines import LostLine
from biofeedback.record.reader import LOG_NAME, part_name, read

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_DATA_HOME", str(home / "data"))
        damage.make_sessions(home, 12.0)
    return home


@pytest.mark.slow
@pytest.mark.parametrize("kind", DAMAGE)
def test_no_damage_makes_a_command_trip(
    home: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setattr(damage, "CPU_S", 60.0)  # how long it takes, the benchmark judges
    monkeypatch.setattr(signal, "setitimer", lambda *_: None)
    rng = Random(kind)
    commands = [
        "verify",
        "list",
        rng.choice([name for name in damage.COMMANDS if name != "replay"]),
    ]
    for number, command in enumerate(commands):
        tried = damage.case(home, 7, number, kind, command)
        outcome = damage.attempt(tried)
        assert outcome.wrong == "", (tried, outcome)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("one"), 20.0)


@pytest.fixture
def spoilt(session: Path, tmp_path: Path) -> Path:
    """A session with a changed input, no JSON in line 50, and a note with a wrong number."""
    folder = tmp_path / "out" / "spoilt"
    shutil.copytree(session, folder)
    raw = (folder / LOG_NAME).read_bytes().splitlines()
    for place, line in zip(places(raw), (b"", b"{oops", b""), strict=True):
        raw[place] = line or raw[place].replace(b'"seq":', b'"seq":9')
    (folder / LOG_NAME).write_bytes(b"".join(line + b"\n" for line in raw))
    return folder


def places(raw: list[bytes]) -> list[int]:
    """Return where an input, any line and a note are spoilt."""
    sealed = next(k for k, line in enumerate(raw) if k > 20 and b'"crc"' in line)
    note = next(k for k, line in enumerate(raw) if k > 60 and b'"kind":"note"' in line)
    return [sealed, 49, note]


def test_check_lists_what_is_damaged_and_exits_with_2(
    session: Path, spoilt: Path, capsys: Capture
) -> None:
    shutil.copytree(session, spoilt.with_name("sound"))
    assert run(["sessions", "check", "--out", str(spoilt.parent), "--json"]) == 2
    sound, bad = json.loads(capsys.readouterr().out)
    assert (sound["id"], sound["damaged"], sound["complete"]) == ("sound", 0, True)
    assert bad["id"] == "spoilt"
    assert any("session.jsonl, line 50:" in place for place in bad["places"])
    assert run(["sessions", "check", "--out", str(spoilt.parent)]) == 2
    shown = capsys.readouterr().out
    assert "sessions repair" in shown
    assert run(["sessions", "check", "sound", "--out", str(spoilt.parent)]) == 0


def test_repair_saves_every_whole_line_and_marks_the_rest(
    session: Path, spoilt: Path, capsys: Capture
) -> None:
    before = (spoilt / LOG_NAME).read_bytes()
    assert run(["sessions", "repair", "spoilt", "--out", str(spoilt.parent)]) == 0
    capsys.readouterr()
    assert (spoilt / LOG_NAME).read_bytes() == before
    assert not (spoilt / "tags.txt").exists()
    saved = spoilt.with_name("spoilt-repaired")
    whole = {line.seq: raw for raw, line in read(session)}
    holes: list[int] = []
    for raw, line in read(saved):
        if isinstance(line, LostLine):
            assert line.why == "damaged"
            holes += range(line.first, line.last + 1)
        else:
            assert whole.pop(line.seq) == raw
    assert sorted(whole) == holes == places([raw for raw, _ in read(session)])
    assert run(["sessions", "check", "spoilt-repaired", "--out", str(spoilt.parent)]) == 0
    capsys.readouterr()
    assert run(["verify", "spoilt-repaired", "--sessions", str(spoilt.parent)]) == 0
    assert "they were damaged, and the log was repaired" in capsys.readouterr().out
    assert run(["report", "spoilt-repaired", "--sessions", str(spoilt.parent)]) == 0
    assert "the log was repaired" in (saved / "report.html").read_text()
    assert run(["sessions", "repair", "spoilt", "--out", str(spoilt.parent)]) == 0
    assert spoilt.with_name("spoilt-repaired-2").is_dir()


def test_a_missing_part_is_a_hole_in_what_is_repaired(
    session: Path, tmp_path: Path, capsys: Capture
) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    raw = (session / LOG_NAME).read_bytes().splitlines(keepends=True)
    for number in (1, 3, 4):
        part = raw[100 * (number - 1) : 100 * number if number < 4 else None]
        (folder / part_name(number)).write_bytes(b"".join(part))
    assert run(["report", "s", "--sessions", str(tmp_path)]) == 2
    assert "session-0002.jsonl is missing" in capsys.readouterr().err
    assert run(["sessions", "repair", "s", "--out", str(tmp_path)]) == 0
    found = [line for _, line in read(tmp_path / "s-repaired")]
    (hole,) = [line for line in found if isinstance(line, LostLine)]
    assert (hole.first, hole.last) == (100, 199)
    assert isinstance(found[-1], lines.EndLine)


def test_without_a_header_nothing_can_be_made_and_nothing_is_left(
    spoilt: Path, capsys: Capture
) -> None:
    raw = (spoilt / LOG_NAME).read_bytes()
    (spoilt / LOG_NAME).write_bytes(b"{" + raw)
    assert run(["sessions", "repair", "spoilt", "--out", str(spoilt.parent)]) == 2
    assert "line 1" in capsys.readouterr().err
    assert [path.name for path in spoilt.parent.iterdir()] == ["spoilt"]


def test_a_list_names_what_cannot_be_read_and_shows_the_rest(
    session: Path, spoilt: Path, capsys: Capture
) -> None:
    out = spoilt.parent
    for name in ("a", "z"):
        shutil.copytree(session, out / name)
    header, _, rest = (spoilt / LOG_NAME).read_bytes().partition(b"\n")
    (spoilt / LOG_NAME).write_bytes(header.replace(b'"seed":', b'"seed":1') + b"\n" + rest)
    (out / "folder" / LOG_NAME).mkdir(parents=True)
    (out / "loop").mkdir()
    (out / "loop" / LOG_NAME).symlink_to(LOG_NAME)
    assert run(["sessions", "list", "--out", str(out), "--json"]) == 0
    seen = capsys.readouterr()
    assert [one["id"] for one in json.loads(seen.out)] == ["a", "z"]
    for name in ("spoilt", "folder", "loop"):
        assert f"{name}/session.jsonl" in seen.err
    assert run(["sessions", "delete", "--profile", "nobody", "--out", str(out), "--yes"]) == 0
    table = out.parent / "all.csv"
    assert run(["analyze", str(out), "--out", str(table), "--processes", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["sessions"], len(found["problems"])) == (2, 3)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("rate_hz", 0, "> 0"), ("values", [[1.0], [2.0, 3.0]], "values"), ("t", 1e9, "t"),
        ("signal", "nobody", "signal"), ("unit", "kg", "unit"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_though_its_checksum_fits(
    session: Path, tmp_path: Path, capsys: Capture, field: str, value: object, reason: str
) -> None:
    raw = (session / LOG_NAME).read_bytes().splitlines()
    place = next(k for k, line in enumerate(raw) if b'"signal":"eda"' in line)
    fields = json.loads(raw[place]) | {field: value}
    del fields["crc"]
    plain = json.dumps(fields, separators=(",", ":")).encode()
    raw[place] = sealed(plain)
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / LOG_NAME).write_bytes(b"".join(line + b"\n" for line in raw))
    assert run(["analyze", str(folder)]) == 2
    told = capsys.readouterr().err
    assert f"session.jsonl, line {place + 1}:" in told
    assert reason in told


NAMES = {
    "verify": ["verify", "ID"],
    "report": ["report", "ID"],
    "render": ["render", "ID", "OUT/a.mid"],
    "export": ["export", "ID", "OUT/a", "--to", "rr"],
    "analyze": ["analyze", "ID"],
    "replay": ["replay", "ID", "-o", "null:", "--duration", "5", "--out", "OUT/r"],
    "check": ["sessions", "check", "ID"],
    "show": ["sessions", "show", "ID"],
}


@pytest.mark.slow
@pytest.mark.parametrize("command", NAMES)
def test_a_name_that_the_list_prints_works_in_every_command(
    session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, command: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(session, tmp_path / "biofeedback" / "sessions" / session.name)
    edit_header(tmp_path / "biofeedback" / "sessions" / session.name, profile=None)
    words = [w.replace("ID", session.name).replace("OUT", str(tmp_path)) for w in NAMES[command]]
    assert run(words) in (0, 3)
    assert run([w.replace(session.name, session.name[:10]) for w in words] + (
        ["--force"] if command in ("render", "export") else [])) in (0, 3)  # fmt: skip
    capsys.readouterr()
    words = [w.replace(session.name, "nobody").replace("a.mid", "b.mid") for w in words]
    assert run(words) == 2
    assert "nobody" in capsys.readouterr().err
