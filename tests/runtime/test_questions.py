"""A person can be asked how they feel: before the music, during it and after it."""

import asyncio
import io
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.board import Board
from biofeedback.cli.keys import Controls
from biofeedback.config.loader import load
from biofeedback.record import lines
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.runtime import prompts
from biofeedback.runtime.prompts import Prompts
from biofeedback.runtime.session import Session
from biofeedback.views.picture import Picture


def asked(
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[Session], Coroutine[Any, Any, None]],
    every_s: float = 0.0,
    programme: str | None = None,
) -> list[lines.Line]:
    """Return the log of a session in virtual time, whose listener does answer."""
    monkeypatch.setattr(SessionRunner, "_questions", lambda self, clock: Prompts(every_s))
    plan = SessionPlan(
        config=load(programme), sensors=("sim:",), out=out, duration_s=40.0 + every_s,
        ask_every_s=every_s,
    )  # fmt: skip
    folder = SessionRunner(plan).run(answer).folder
    assert verify(folder, core_of).complete
    return [line for _, line in read(folder)]


def said(log: list[lines.Line]) -> list[tuple[str, str]]:
    return [
        (line.what, line.value)
        for line in log
        if isinstance(line, lines.CommandLine) and line.what in ("ask", "rating")
    ]


async def answering(session: Session) -> None:
    controls = Controls(session)
    for key in "720890":  # 0 skips
        while session.questions.now is None:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        await asyncio.sleep(1.0)
        controls.press(key)
    await asyncio.sleep(1e9)


def test_each_answer_follows_its_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = asked(tmp_path, monkeypatch, answering, every_s=30.0)
    assert said(log) == [
        ("ask", "before"), ("rating", "arousal=7"), ("rating", "valence=2"),
        ("ask", "during"), ("rating", "valence=8"),
        ("ask", "after"), ("rating", "arousal=9"),
    ]  # fmt: skip
    first_note = next(line.t for line in log if isinstance(line, lines.NoteLine))
    before = next(line.t for line in log if getattr(line, "value", "") == "valence=2")
    assert first_note >= before


async def silent(session: Session) -> None:
    await asyncio.sleep(1e9)


def test_who_does_not_answer_hears_the_music_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "ANSWER_S", 15.0)
    log = asked(tmp_path, monkeypatch, silent)
    assert said(log) == [("ask", "before"), ("ask", "after")]
    first_note = next(line.t for line in log if isinstance(line, lines.NoteLine))
    assert 15.0 <= first_note < 20.0


def test_the_time_of_a_programme_begins_with_the_music(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "ANSWER_S", 15.0)
    log = asked(tmp_path, monkeypatch, silent, programme="settle")
    first_note = next(line.t for line in log if isinstance(line, lines.NoteLine))
    spent = [(d.t, d.numbers["phase_s"]) for d in log if isinstance(d, lines.DecisionLine)]
    assert all(phase_s == 0.0 for t, phase_s in spent if t < first_note - 1.0)
    after = next(line.t for line in log if getattr(line, "value", "") == "after")
    during = max(phase_s for t, phase_s in spent if t < after)
    assert during == pytest.approx(after - first_note, abs=1.5)


async def stopping(session: Session) -> None:
    session.command("key", "rating", "arousal=5")
    session.command("key", "rating", "valence=5")
    await asyncio.sleep(15.0)
    for _ in range(2):
        session.command("key", "stop")


def test_stopping_twice_asks_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = asked(tmp_path, monkeypatch, stopping)
    assert [value for what, value in said(log) if what == "ask"] == ["before"]
    assert log[-1].t == pytest.approx(15.0, abs=1.0)


def test_nobody_is_asked_where_time_does_not_wait(tmp_path: Path) -> None:
    plan = SessionPlan(
        config=load(), sensors=("sim:",), out=tmp_path, duration_s=5.0, ask_every_s=0.0
    )
    folder = SessionRunner(plan).run(silent).folder
    assert said([line for _, line in read(folder)]) == []


def test_the_screen_shows_the_question() -> None:
    console = Console(width=90, file=io.StringIO())
    with console.capture() as shown:
        console.print(Board().screen(Picture(question="How do you feel?"), 80))
    assert "How do you feel? 0 skips." in shown.get()
