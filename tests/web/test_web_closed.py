"""What is encrypted at rest, on the pages: opened with the key, told apart from gone without it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from rigs.page_server import page_server
from rigs.sessions import nothing_to_watch

from biofeedback.app import postprocess
from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.config.loader import load
from biofeedback.storage import encryption
from biofeedback.web import records

pytestmark = pytest.mark.slow

pytest.importorskip("pyrage", reason="pyrage has no wheel here")


def test_the_pages_open_what_is_encrypted_and_say_so_where_they_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    encryption.create(tmp_path / "me.key")
    monkeypatch.setenv(encryption.KEY, str(tmp_path / "me.key"))
    out = tmp_path / "out"
    plan = SessionPlan(config=load(), sensors=("sim:",), out=out, duration_s=20.0)
    outcome = SessionRunner(plan).run(nothing_to_watch)
    assert outcome is not None
    for step in postprocess.steps(outcome.folder, []):
        step.do(lambda share: None)
    assert records.has(outcome.folder, "report.html")
    with page_server(out) as server:
        cookie, _ = server.invite("listener")
        station = "/api/stations/home"
        (past,) = json.loads(server.ask("GET", f"{station}/sessions", cookie=cookie).body)
        session = f"{station}/sessions/{past['id']}"
        report = server.ask("GET", f"{session}/report.html", cookie=cookie)
        assert report.status == 200
        assert b"<svg" in report.body
        assert "sandbox" in report.headers["content-security-policy"]
        midi = server.ask("GET", f"{session}/session.mid", cookie=cookie)
        assert midi.body.startswith(b"MThd")
        assert "attachment" in midi.headers["content-disposition"]
        assert server.ask("GET", f"{session}/report.html.age", cookie=cookie).status == 404
        copy = server.ask("GET", f"{station}/export", cookie=cookie)
        names = zipfile.ZipFile(io.BytesIO(copy.body)).namelist()
        assert f"sessions/{past['id']}/report.html" in names

        monkeypatch.delenv(encryption.KEY)
        for method, path in (
            ("GET", f"{station}/sessions"), ("GET", f"{session}/report.html"),
            ("GET", f"{station}/export"), ("POST", f"{station}/forget"),
        ):  # fmt: skip
            told = server.ask(method, path, cookie=cookie, body=b"" if method == "POST" else None)
            assert told.status == 404
            assert encryption.KEY in json.loads(told.body)["hint"]
    assert (outcome.folder / "session.jsonl.gz.age").is_file()
