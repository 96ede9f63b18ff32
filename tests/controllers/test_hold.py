"""Hold has one owner, the session: whichever hand asked for it, every other one releases it."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from rigs.page_server import PageServer, page_server

from biofeedback.cli.keys import Controls
from biofeedback.controllers.bindings import Binding
from biofeedback.controllers.midi_controller import MidiController
from biofeedback.controllers.osc_controller import OscController
from biofeedback.runtime.session import Session
from synth.outputs.osc import encode

pytestmark = pytest.mark.slow

HANDS = ("page", "desk", "key", "midi", "osc")
PATIENCE_S = 30.0


class Pad:
    """A MIDI port with one pad."""

    name, trouble = "Pad", ""

    def __init__(self) -> None:
        self.struck: asyncio.Queue[tuple[float, Sequence[int]]] = asyncio.Queue()

    async def look(self) -> None:
        await asyncio.Event().wait()

    async def wait(self, timeout_s: float) -> list[tuple[float, Sequence[int]]]:
        return [await self.struck.get()]

    def strike(self) -> None:
        self.struck.put_nowait((0.0, (0x90, 36, 100)))
        self.struck.put_nowait((0.0, (0x80, 36, 0)))


class Room:
    """One session with all five hands on it; each toggles hold as a person would with it."""

    def __init__(self, server: PageServer) -> None:
        self.server = server
        self.station = server.stations.home
        page, _ = server.invite("listener", "home")
        desk, _ = server.invite("therapist")
        begin = {"sensor": "sim:", "output": "null:"}
        self._post(page, "start", begin)
        self._until(lambda: self.picture.streaming)
        session = self.station._session
        assert session is not None
        self.session: Session = session
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self._osc = free.getsockname()
        self.server.do(self._surfaces())
        self.toggles: dict[str, Callable[[], object]] = {
            "page": lambda: self._command(page),
            "desk": lambda: self._command(desk),
            "key": lambda: self._on_loop(lambda: self._controls.press(" ")),
            "midi": lambda: self._on_loop(self._pad.strike),
            "osc": self._send,
        }

    @property
    def picture(self):
        return self.station.picture().picture

    def toggle(self, hand: str, held: bool) -> None:
        """Let a hand do it; fails unless the music, and every picture of it, then is as said."""
        self.toggles[hand]()
        self._until(lambda: self.session.held is held and self.picture.held is held)

    async def _surfaces(self) -> None:
        self._controls, self._pad = Controls(self.session), Pad()
        pad = MidiController(self._pad, [Binding(action="hold", note=36)])  # type: ignore[arg-type]
        self._desk = OscController(*self._osc)
        await self._desk.open()
        self._tasks = [asyncio.create_task(each.run(self.session)) for each in (pad, self._desk)]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._desk.close()

    def _on_loop(self, act: Callable[[], object]) -> None:
        async def acting() -> None:
            act()

        self.server.do(acting())

    def _command(self, cookie: str) -> None:
        asked = {"what": "resume", "value": "hold"} if self.picture.held else {"what": "hold"}
        self._post(cookie, "command", asked)

    def _send(self) -> None:
        name = "resume" if self.session.held else "hold"  # OSC has an address for each
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(encode(f"/biofeedback/{name}", [1]), self._osc)

    def _post(self, cookie: str, path: str, value: object) -> None:
        body = json.dumps(value).encode()
        answer = self.server.ask("POST", f"/api/stations/home/{path}", cookie=cookie, body=body)
        assert answer.status == 200, answer.body

    def _until(self, true: Callable[[], object]) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < until_s
            asyncio.run(asyncio.sleep(0.01))


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with page_server(tmp_path / "out") as server:
        made = Room(server)
        yield made
        server.do(made.close())


def test_each_of_five_hands_holds_and_each_releases_what_any_of_them_held(room: Room) -> None:
    for one, other in itertools.product(HANDS, HANDS):
        room.toggle(one, held=True)
        room.toggle(other, held=False)
    (log,) = room.server.out.glob("*/session.jsonl")
    room.server.do(room.server.stations.close())
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    said = [(line["what"], line["who"]) for line in lines if line["kind"] == "command"]
    assert [what for what, _ in said] == ["hold", "resume"] * 25
    released = [line["value"] for line in lines if line.get("what") == "resume"]
    assert released == ["hold"] * 25  # no stop by a stop rule ends by it
    pairs = {(one, other) for (_, one), (_, other) in zip(said[::2], said[1::2], strict=True)}
    assert len(pairs) == 25
