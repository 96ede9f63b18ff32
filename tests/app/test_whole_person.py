"""A whole person: planted through every command that takes one, exported, and gone without a trace.

What is looked for are bytes, in whatever file, and the names of files and folders.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from replayed_session import rr_text
from rigs.page_server import PageServer, page_server

from biofeedback.cli.app import run
from biofeedback.personal import consent, trail
from biofeedback.record.index import INDEX_NAME
from biofeedback.storage import inventory
from biofeedback.storage.paths import sessions_folder
from biofeedback.web.links import WebLinks

WHO, OTHER, FILE, GUEST = "zq7pseudonym", "zq8companion", "zq9Jane_Doe", "zq6guest"

pytestmark = pytest.mark.slow  # every way to record, once


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Return the data folder, and a folder elsewhere that sessions were recorded to."""
    base = tmp_path_factory.mktemp("person")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(base / "share"))
        patch.setenv("XDG_CACHE_HOME", str(base / "share" / "cache"))
        yield base / "share", base / "elsewhere"


def traces(folder: Path, *words: str) -> list[str]:
    """Return the files that hold one of the words, in what they contain or are called."""
    found = []
    for path in sorted(folder.rglob("*")):
        text = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
        found += [f"{path.relative_to(folder)}: {word}" for word in words if word.encode() in text]
    return found


def plant(elsewhere: Path, files: Path) -> None:
    files.mkdir()
    recording = rr_text(files / f"{FILE}.txt", 30.0)
    fast = ["--fast", "--duration", "15", "-o", f"mid:{files / FILE}.mid"]
    assert run(["run", "-s", "sim:", "--profile", WHO, *fast]) == 0
    assert run(["run", "-s", "sim:", "--profile", WHO, *fast, "--out", str(elsewhere)]) == 0
    quiet = ["--fast", "--duration", "15", "-o", "null:"]
    assert run(["run", "-s", "sim:", "--profile", OTHER, *quiet]) == 0
    pair = ["--wearer", f"{WHO}=sim:", "--wearer", f"{OTHER}=sim:", "--group", "mean"]
    assert run(["run", *pair, *fast]) == 0
    assert run(["replay", str(recording), "--profile", WHO]) == 0
    blocks = ["--pairs", "6", "--block-minutes", "1", "--washout-minutes", "0.5"]
    assert run(["trial", "new", "spring", "--profile", WHO, *blocks, "--settle", "10"]) == 0
    said = ["--relaxation", "5", "--guess", "skip"]
    assert run(["trial", "next", "spring", "-s", "sim:listener", "--fast", *said]) == 0
    assert run(["profile", "set", WHO, "exploration=0.3"]) == 0
    assert run(["profile", "show", WHO, "--simulated"]) == 0
    assert run(["sessions", "list"]) == 0
    consent.give(WHO, ("heart",), True, datetime.now(UTC), minor=False)
    (session, *_) = sorted(path for path in sessions_folder().iterdir() if path.is_dir())
    assert run(["export", str(session), str(files / "csv")]) == 0


def ask(
    server: PageServer, role: str, path: str, station: str = "home", body: object = None
) -> bytes:
    cookie, _ = server.invite(role, station if role == "listener" else None)
    method, data = ("GET", None) if body is None else ("POST", json.dumps(body).encode())
    told = server.ask(method, f"/api/stations/{station}/{path}", cookie=cookie, body=data)
    assert told.status == 200, told.body
    return told.body


def look(server: PageServer) -> None:
    """Let a therapist look at what is the listener's, from the desk."""
    server.stations.home.profile = WHO
    (past, *_) = json.loads(ask(server, "therapist", "sessions"))
    ask(server, "therapist", f"sessions/{past['id']}/report.html")
    looks = json.loads(ask(server, "listener", "access"))
    assert [look["what"] for look in looks] == ["report.html", "sessions"]


def held(index: Path) -> subprocess.Popen[bytes]:
    """Let another process keep an index, in the middle of changing it."""
    program = (
        "import sqlite3, sys\n"
        f"database = sqlite3.connect({str(index)!r}, isolation_level=None)\n"
        "database.execute('BEGIN EXCLUSIVE')\n"
        "database.execute('UPDATE session SET size = size + 1')\n"
        "print('held', flush=True)\nsys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    return child


@pytest.mark.rig  # another process keeps the index
def test_a_person_is_exported_whole_and_forgotten_without_a_trace(
    places: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    share, elsewhere = places
    plant(elsewhere, tmp_path / "files")
    data = share / "biofeedback"
    assert {path.name for path in data.iterdir()} <= KNOWN
    with page_server(sessions_folder()) as server:
        look(server)
    archive = tmp_path / "files" / f"{FILE}.zip"
    assert run(["profile", "export", WHO, str(archive)]) == 0
    with zipfile.ZipFile(archive) as copy:
        names = copy.namelist()
        own = b"".join(copy.read(name) for name in names if "own-part" in name)
    logs = [name for name in names if name.endswith("session.jsonl")]
    assert len([name for name in logs if name.startswith("sessions")]) == 3
    assert len([name for name in logs if name.startswith("trials/spring/sessions")]) == 1
    assert {f"profile/{WHO}{end}" for end in ENDINGS} <= set(names)
    assert "trials/spring/protocol.toml" in names
    assert f'"{WHO}/'.encode() in own  # of the group's session one's own part
    assert OTHER.encode() not in own

    capsys.readouterr()
    child = held(sessions_folder() / INDEX_NAME)
    try:
        assert run(["profile", "forget", WHO, "--yes"]) == 0
        assert traces(share, WHO, FILE) == traces(elsewhere, WHO, FILE) == []
    finally:
        child.communicate()
    told = capsys.readouterr().err
    assert str(archive) in told  # what is theirs to delete is named
    assert str(tmp_path / "files" / "csv") in told
    assert run(["sessions", "list"]) == 0
    assert traces(share, WHO, FILE) == []
    kept = traces(share, OTHER)
    assert any("session.jsonl" in path for path in kept)  # the others are there


def test_whoever_has_no_profile_is_forgotten_by_the_page_with_all_answers(
    places: tuple[Path, Path],
) -> None:
    share, _ = places
    assert run(["run", "-s", "sim:", "--fast", "--duration", "10", "-o", "null:"]) == 0
    consent.give(None, ("epilepsy",), True, datetime.now(UTC), minor=False)
    with page_server(sessions_folder()) as server:
        links = WebLinks(server.port)
        server.stations.changed_guests = lambda: links.publish(("x",), server.stations.guests())
        server.do(_invited(server))
        (station,) = server.stations.guests()
        links.make("listener", GUEST, station, 60.0)
        assert len(traces(share, GUEST)) == 2
        ask(server, "listener", "forget", station, {})
        assert traces(share, GUEST) == []
        assert traces(share, "epilepsy") == ["biofeedback/consent.json: epilepsy"]
        ask(server, "listener", "forget", "home", {})
    assert traces(share, "epilepsy", '"profile":null') == []


async def _invited(server: PageServer) -> None:
    server.stations.add(GUEST)


def test_taking_a_consent_back_ends_the_use_of_what_was_learned(
    places: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    fast = ["--fast", "--duration", "10", "-o", "null:", "--profile", GUEST]
    assert run(["run", "-s", "sim:", *fast]) == 0
    assert run(["profile", "show", GUEST, "--simulated"]) == 0
    consent.give(GUEST, (), False, datetime.now(UTC), minor=False)
    assert inventory.LEARNED.files_of(GUEST)
    assert run(["consent", "withdraw", "--profile", GUEST]) == 0
    assert "Kept until you delete it: 1 session" in capsys.readouterr().out
    assert inventory.LEARNED.files_of(GUEST) == []
    assert trail.looks(GUEST) == []


ENDINGS = (".json", ".consent.json", ".learned.json", ".access.jsonl", ".copies.jsonl")
KNOWN = {pattern.partition("/")[0] for store in inventory.STORES for pattern in store.files}
