"""Other programs of the same user on this computer: they may mark, note and rate.

A live session listens on a port of the loopback interface. A file that only its user may read
tells where, and a token that no other user knows; it goes away with the session.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from biofeedback.common.errors import CommandError
from biofeedback.runtime.ports import SessionControl
from biofeedback.storage.inventory import RUNNING

__all__ = ["LocalIpc", "RunningSession", "What", "ask", "running_folder", "running_sessions"]

What = Literal["marker", "note", "rating"]

_HOST = "127.0.0.1"
_WAIT_S = 5.0
_LONGEST = 16_384  #: bytes of a line


class RunningSession(msgspec.Struct, frozen=True):
    """Where a running session, in its folder, can be spoken to."""

    session: str
    port: int
    token: str

    @property
    def name(self) -> str:
        """The name of the session's folder."""
        return Path(self.session).name


class _Asked(msgspec.Struct, frozen=True):
    token: str
    what: What | Literal["nothing"]  #: nothing but an answer
    value: str


class _Answer(msgspec.Struct, frozen=True):
    """When it was taken in s of session time, or what was wrong with it."""

    time_s: float = 0.0
    error: str = ""
    hint: str = ""


def running_folder() -> Path:
    """Return the folder of the files about running sessions; it need not exist yet."""
    return RUNNING.path


class LocalIpc:
    """Takes what `ask` sends; where it can't listen or leave its file, nothing else fails."""

    name = "Marks from another window"
    trouble = ""

    def __init__(self, session: Path, clock: Callable[[], float]) -> None:
        self._session = session.resolve()
        self._clock = clock
        self._token = secrets.token_urlsafe(24)
        self._desk: SessionControl | None = None
        self._server: asyncio.Server | None = None
        self._file: Path | None = None
        self._talks: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Listen, and leave a file that says where."""
        with suppress(OSError):
            server = await asyncio.start_server(self._serve, _HOST, 0, limit=_LONGEST)
            self._server = server
            place = RunningSession(
                str(self._session), server.sockets[0].getsockname()[1], self._token
            )
            folder = running_folder()
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = folder / f"{os.getpid()}-{secrets.token_hex(4)}.json"
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(place))
            self._file = path

    async def run(self, desk: SessionControl) -> None:
        """Pass on what is asked until cancelled."""
        self._desk = desk
        try:
            await asyncio.Event().wait()
        finally:
            self._desk = None

    async def close(self) -> None:
        """Take the file away and stop listening; harmless twice."""
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink()
            self._file = None
        if self._server is not None:
            self._server.close()
            self._server = None
            for _ in range(3):  # who was let in just now comes to talk, and goes
                await asyncio.sleep(0)
                for writer in self._talks:
                    writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(writer)
        try:
            async with asyncio.timeout(_WAIT_S):
                raw = await reader.readuntil(b"\n")
                writer.write(msgspec.json.encode(self._answer(raw)) + b"\n")
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # whoever it was does not speak as `ask` does
        finally:
            self._talks.discard(writer)
            writer.close()

    def _answer(self, raw: bytes) -> _Answer:
        try:
            asked = msgspec.json.decode(raw, type=_Asked)
        except msgspec.DecodeError:
            return _Answer(error="it can't be understood")
        if not hmac.compare_digest(asked.token.encode(), self._token.encode()):
            return _Answer(error="the token is wrong")
        if asked.what == "nothing":
            return _Answer(time_s=self._clock())
        if self._desk is None:
            return _Answer(error="the session is not running")
        try:
            self._desk.command("cli", asked.what, asked.value)
        except CommandError as error:
            return _Answer(error=str(error), hint=error.hint)
        return _Answer(time_s=self._clock())


def running_sessions() -> Sequence[RunningSession]:
    """Return the sessions that run; files that a killed one left behind are taken away."""
    found = []
    for path in sorted(running_folder().glob("*.json")):
        try:
            place = msgspec.json.decode(path.read_bytes(), type=RunningSession)
            if _exchange(place, "nothing", "").error:  # its port is another's by now
                raise ConnectionRefusedError
        except (ConnectionRefusedError, msgspec.DecodeError):
            with suppress(OSError):
                path.unlink()
        except OSError:
            continue  # it ends just now, or is another user's
        else:
            found.append(place)
    return found


def ask(place: RunningSession, what: What, value: str) -> float:
    """Have a session take a marker, note or rating; return the session time in s of it.

    Raises `CommandError` for what makes no sense to the session, or when it has ended.
    """
    try:
        answer = _exchange(place, what, value)
    except (OSError, msgspec.DecodeError) as error:
        raise CommandError(
            f"the session {place.name} does not answer", hint="It may have ended just now."
        ) from error
    if answer.error:
        raise CommandError(answer.error, hint=answer.hint)
    return answer.time_s


def _exchange(place: RunningSession, what: What | Literal["nothing"], value: str) -> _Answer:
    with socket.create_connection((_HOST, place.port), _WAIT_S) as link:
        link.sendall(msgspec.json.encode(_Asked(place.token, what, value)) + b"\n")
        with link.makefile("rb") as file:
            return msgspec.json.decode(file.readline(_LONGEST), type=_Answer)
