"""The wire between a process and a child of ours: a socket that nobody else can speak on.

Standard output is no place for it: whatever prints there, a library at import, C code, even a
`sitecustomize` before the first line of ours, would end up among the messages. So a child's
standard streams lead nowhere, and its end of a socket is inherited, or, on Windows, fetched from
the loopback interface with a token that only the child is told.

The end of a process is the end of its wire: no third process inherits either end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import select
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, Self

__all__ = ["ChildEnd", "apart", "spawn", "start"]

_NAME = "SYNTH_WIRE"
_INHERITED: Literal["inherited", "loopback"] = "inherited" if os.name == "posix" else "loopback"
_LOOPBACK = "127.0.0.1"
_MEET_S = 15.0
_LISTEN_S = 0.1
_FAREWELL_S = 1.0
_PIECE = 1 << 16
_LINE_LIMIT = 1 << 16


def start(*command: str, means: str = _INHERITED) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a child with `command`; return it with our end of its wire, which blocks.

    Parameters
    ----------
    *command
        The program and its arguments.
    means
        "inherited", or "loopback" as on Windows: how the child gets its end.

    Returns
    -------
    tuple[subprocess.Popen[bytes], socket.socket]
        The child, and our end; of a child that ended at once the end reads as closed.

    Raises
    ------
    OSError
        When the system starts no process.
    """
    offer = _Inherited() if means == "inherited" else _Loopback()
    with offer:
        child = subprocess.Popen(command, **offer.options())
        try:
            return child, offer.meet(lambda: child.poll() is not None)
        except BaseException:
            child.kill()
            child.wait()
            raise


async def spawn(
    *command: str, limit: int = _LINE_LIMIT, means: str = _INHERITED
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader, asyncio.StreamWriter]:
    """Start a child with `command`; return it with our end of its wire as streams.

    Parameters
    ----------
    *command
        The program and its arguments.
    limit
        The longest line that the reader takes, in bytes.
    means
        "inherited", or "loopback" as on Windows: how the child gets its end.

    Returns
    -------
    tuple[asyncio.subprocess.Process, asyncio.StreamReader, asyncio.StreamWriter]
        The child, and our end to read from and to write to.

    Raises
    ------
    OSError
        When the system starts no process.
    """
    offer = _Inherited() if means == "inherited" else _Loopback()
    with offer:
        child = await asyncio.create_subprocess_exec(*command, **offer.options())
        try:
            if isinstance(offer, _Inherited):
                ours = offer.ours
            else:
                ours = await asyncio.to_thread(offer.meet, lambda: child.returncode is not None)
            reader, writer = await asyncio.open_connection(sock=ours, limit=limit)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            raise
    return child, reader, writer


def apart() -> dict[str, Any]:
    """Return the options of a child that hears no Ctrl-C: that is its parent's to answer.

    Returns
    -------
    dict[str, Any]
        For `subprocess.Popen`; each system ignores the other's.
    """
    group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows has it
    return {"start_new_session": True, "creationflags": group}


class ChildEnd:
    """The end that a child process holds; make it once, at the start."""

    def __init__(self) -> None:
        self._socket = _taken_up(os.environ.pop(_NAME, ""))
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def read(self, timeout_s: float) -> bytes | None:
        """Return what arrived within the time: None for nothing, empty at the end of the wire.

        Parameters
        ----------
        timeout_s
            How long to wait; 0 or less only looks.

        Returns
        -------
        bytes | None
            64 KiB at most.
        """
        ready, _, _ = select.select([self._socket], [], [], max(0.0, timeout_s))
        if not ready:
            return None
        try:
            return self._socket.recv(_PIECE)
        except ConnectionError:
            return b""

    def lines(self) -> Iterator[bytes]:
        """Yield line after line until the other side says no more.

        Yields
        ------
        bytes
            Lines with their line ends.
        """
        with self._socket.makefile("rb") as stream, contextlib.suppress(ConnectionError):
            yield from stream

    def say(self, data: bytes) -> None:
        """Send, however long it takes; raise `ConnectionError` when nobody is there.

        Parameters
        ----------
        data
            All of it is sent.

        Raises
        ------
        ConnectionError
            When nobody is there.
        """
        self._socket.setblocking(True)
        self._socket.sendall(data)

    def offer(self, data: bytes) -> None:
        """Send without waiting: one who does not listen loses whole lines, one who went, all.

        Parameters
        ----------
        data
            Whole lines; kept whole once begun, left out while 64 KiB wait.
        """
        if len(self._rest) < _PIECE:
            self._rest += data
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._rest = self._rest[self._socket.send(self._rest) :]

    def close(self) -> None:
        """Say no more, and let the other side read to the end before the wire is gone."""
        with self._socket, contextlib.suppress(OSError):
            self._socket.settimeout(_FAREWELL_S)
            self._socket.sendall(self._rest)
            self._socket.shutdown(socket.SHUT_WR)
            while self._socket.recv(_PIECE):
                pass


def _taken_up(address: str) -> socket.socket:
    means, *details = address.split(":")
    if means == "inherited":
        with socket.socket(fileno=int(details[0])) as inherited:
            return inherited.dup()  # for us alone, with a low number, as `select` needs it
    if means == "loopback":
        connected = socket.create_connection((_LOOPBACK, int(details[0])), _MEET_S)
        connected.sendall(details[1].encode())
        return _prompt(connected)
    raise SystemExit("this program is started by another one, and speaks with that alone")


def _prompt(connected: socket.socket) -> socket.socket:
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.settimeout(None)
    return connected


def _ended() -> socket.socket:
    """Return our end of a wire that nobody took up."""
    ours, theirs = socket.socketpair()
    theirs.close()
    return ours


class _Inherited:
    """A pair of sockets, of which the child inherits one."""

    def __init__(self) -> None:
        self.ours, self._theirs = socket.socketpair()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        self._theirs.close()
        if kind is not None:
            self.ours.close()

    def options(self) -> dict[str, Any]:
        number = self._theirs.fileno()
        return {**_options(f"inherited:{number}"), "pass_fds": (number,)}

    def meet(self, ended: Callable[[], bool]) -> socket.socket:
        return self.ours


class _Loopback:
    """A door on the loopback interface, for the one who knows the token."""

    def __init__(self) -> None:
        self._door = socket.create_server((_LOOPBACK, 0))
        self._door.settimeout(_LISTEN_S)
        self._token = secrets.token_hex(16)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._door.close()

    def options(self) -> dict[str, Any]:
        return _options(f"loopback:{self._door.getsockname()[1]}:{self._token}")

    def meet(self, ended: Callable[[], bool]) -> socket.socket:
        deadline_s = time.monotonic() + _MEET_S
        while time.monotonic() < deadline_s and not ended():
            with contextlib.suppress(OSError):  # nobody yet, or a stranger who has gone
                visitor, _ = self._door.accept()
                with contextlib.ExitStack() as stack:
                    stack.enter_context(visitor)
                    if self._knows_the_token(visitor):
                        stack.pop_all()
                        return _prompt(visitor)
        return _ended()

    def _knows_the_token(self, visitor: socket.socket) -> bool:
        visitor.settimeout(1.0)
        said = b""
        while len(said) < len(self._token) and (
            piece := visitor.recv(len(self._token) - len(said))
        ):
            said += piece
        return secrets.compare_digest(said, self._token.encode())


def _options(address: str) -> dict[str, Any]:
    nowhere = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    return {**nowhere, **apart(), "env": {**os.environ, _NAME: address}}
