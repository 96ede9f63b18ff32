"""What fails or hangs beside a session is told on its screen and in its log, and harms nothing."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.config.loader import load
from biofeedback.controllers import osc_controller
from biofeedback.integrations.lsl_outlet import LslOutlet
from biofeedback.record import lines
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.runtime.session import Session
from synth.outputs.osc import encode

pytestmark = pytest.mark.slow

SECONDS = 8.0


@dataclass
class Told:
    """When each trouble was on the screen first, in s of session time, and what the log has."""

    port: int
    folder: Path
    at_s: dict[str, float] = field(default_factory=dict)
    screens: int = 0
    boom_s: float = 0.0

    def first(self, words: str) -> float:
        return min(at_s for text, at_s in self.at_s.items() if words in text)

    def noted(self, words: str) -> list[str]:
        return [
            line.value
            for _, line in read(self.folder)
            if isinstance(line, lines.CommandLine) and line.who == "session" and words in line.value
        ]


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Told:
    """Play with a controller whose reading fails, streams whose library hangs, a broken screen."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        told = Told(free.getsockname()[1], Path())
    never = threading.Event()

    def decode(data: bytes):
        if data == b"boom":
            raise ZeroDivisionError("a bug")
        return whole(data)

    async def screen(session: Session) -> None:
        told.screens += 1
        if told.screens == 1:
            await asyncio.sleep(0.5)
            raise OSError("no such terminal")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            told.boom_s = session.now_s
            sender.sendto(b"boom", ("127.0.0.1", told.port))
            while True:
                for text in session.troubles:
                    told.at_s.setdefault(text, session.now_s)
                sender.sendto(encode("/biofeedback/marker", ["heard"]), ("127.0.0.1", told.port))
                await asyncio.sleep(0.1)

    whole = osc_controller.decode
    plan = SessionPlan(
        config=load(), sensors=("sim:",), out=tmp_path_factory.mktemp("troubles"),
        duration_s=SECONDS, realtime=True, controls=(f"osc:{told.port}",), lsl="hangs",
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(osc_controller, "decode", decode)
        patch.setattr(LslOutlet, "_send", lambda *event: never.wait())
        performance = SessionRunner(plan)
        performance.run(screen)
        never.set()
    assert performance.outcome is not None
    told.folder = performance.outcome.folder
    return told


def test_a_surface_that_raises_is_told_within_two_seconds_and_steers_again(told: Told) -> None:
    words = f"osc:127.0.0.1:{told.port} failed (ZeroDivisionError: a bug)"
    assert told.first(words) - told.boom_s < 2.0
    assert told.noted(words) in ([f"Trouble: {words}"], [f"Trouble: {words}", f"Over: {words}"])
    heard = [
        line.t
        for _, line in read(told.folder)
        if isinstance(line, lines.CommandLine) and line.who == "osc:127.0.0.1"
    ]
    assert max(heard) > told.first(words)


def test_a_tap_that_hangs_is_told_within_two_seconds_and_holds_nothing_up(told: Told) -> None:
    words = "LSL takes nothing in any more"
    assert told.first(words) < 2.0 + 0.5  # its first event is a tick, and it hangs with that
    assert told.noted(words)[0] == f"Trouble: {words}"


def test_a_screen_that_fails_is_told_and_comes_back(told: Told) -> None:
    assert told.screens == 2
    assert told.first("The screen failed (OSError: no such terminal)") < 2.0


def test_the_log_of_such_a_session_is_whole_and_verifies(told: Told) -> None:
    verdict = verify(told.folder, core_of)
    assert verdict.difference is None
    assert verdict.complete
