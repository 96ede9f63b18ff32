"""Who holds a connection, and for how long: nobody can take every place, and STOP has one.

A newcomer is always let in. When all places are taken, or one address has more than its share,
whoever has waited longest without showing a cookie goes, first of the address that has most of
those: so the one who makes it crowded makes the room. Next go connections that rest between two
requests. What is being answered and what is being watched stays; there are never so many of those
that nothing is left, since each grant has a share, and so have the pages that watch.

Addresses say little about persons: on this computer, behind a router or behind a proxy, a hundred
listeners with six connections each have one. That is why an address has room for all of them, and
why the cookie counts, not the address. What a proxy says about addresses (X-Forwarded-For) is not
believed: anybody can say it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from biofeedback.common.tasks import Tasks

if TYPE_CHECKING:
    import ssl

__all__ = ["EACH_ADDRESS", "EACH_GRANT", "HEADERS_S", "MOST", "Connection", "Connections"]

MOST = 1200  #: connections at a time: twice a hundred listeners with six each
EACH_ADDRESS = 640  #: of those, how many one address may hold without having shown a cookie
EACH_GRANT = 100  #: and how many one grant may hold
HEADERS_S = 10.0  #: until the first request, or the next one, is whole; also its encryption
_UNREAD_S = 20.0  #: how long somebody may read nothing of what is sent
_LOOK_S = 0.5  #: between two looks at who is late
_FILES = 300  #: what else the server opens: logs, sound, radio, worker processes

_log = logging.getLogger("biofeedback.web")
Factory = Callable[[asyncio.AbstractEventLoop, "Connection"], asyncio.Protocol]


class Connection:
    """One socket of somebody: it waits for a request, or is being answered."""

    def __init__(self, connections: Connections, address: str, since_s: float) -> None:
        self.address = address
        self.since_s = since_s  #: when it began to wait, or to be answered
        self.grant = ""  #: of whoever has shown a cookie on it
        self.busy = False
        self.transport: asyncio.Transport | None = None  #: None while encryption is agreed upon
        self.opening: asyncio.Task[None] | None = None
        self._connections = connections
        self._unread = 0, since_s  #: how much waits to be read, and since when just as much

    @contextmanager
    def answering(self, grant: str) -> Iterator[bool]:
        """Keep the place while a request is answered; yield whether the grant's share allows it."""
        self.grant, self.busy = grant, True
        try:
            yield self._connections.has_room_for(grant)
        finally:
            self.busy, self.since_s = False, self._connections.now_s()

    @property
    def over(self) -> bool:
        """Whether there is nobody on it any more."""
        if self.transport is not None:
            return self.transport.is_closing()
        return self.opening is not None and self.opening.done()

    def is_late(self, now_s: float) -> bool:
        """Return whether it has kept others waiting for too long."""
        if not self.busy and now_s - self.since_s > HEADERS_S:
            return True
        unread = self.transport.get_write_buffer_size() if self.transport else 0
        if unread != self._unread[0] or not unread:
            self._unread = unread, now_s
        return now_s - self._unread[1] > _UNREAD_S

    def cut(self) -> None:
        """End it now, whatever has not been sent."""
        if self.transport is not None:
            self.transport.abort()
        elif self.opening is not None:
            self.opening.cancel()


class Connections:
    """Lets connections in and out; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self.now_s = clock
        self._most = min(most, _room_for_files(most))
        self._all: dict[Connection, None] = {}  # in the order in which they came

    def all(self) -> list[Connection]:
        """Return everybody who is here, in the order in which they came."""
        return [one for one in list(self._all) if not one.over]

    def has_room_for(self, grant: str) -> bool:
        """Return whether a grant may hold one more; what rests of its own makes room."""
        own = [one for one in self._all if one.grant == grant]
        if len(own) <= EACH_GRANT:
            return True
        resting = next((one for one in own if not one.busy), None)
        if resting is not None:
            self._end(resting)
        return resting is not None

    async def let_in(
        self, bound: socket.socket, protocol: Factory, encryption: ssl.SSLContext | None
    ) -> None:
        """Accept whoever comes, until cancelled; then everybody still here is left alone."""
        loop = asyncio.get_running_loop()
        bound.setblocking(False)
        tasks = Tasks()
        tasks.keep("Cutting off slow connections", self._look)
        try:
            while True:
                try:
                    accepted, address = await loop.sock_accept(bound)
                except OSError as error:  # no file is left, or whoever knocked went away
                    _log.warning("a connection could not be accepted: %s", error)
                    await asyncio.sleep(_LOOK_S)
                    continue
                one = self._come(str(address[0]))
                self._open(one, accepted, protocol, encryption)
        finally:
            await tasks.close()
            for one in list(self._all):
                if one.transport is None:
                    one.cut()

    def _come(self, address: str) -> Connection:
        if len(self._all) >= min(self._most, EACH_ADDRESS):  # else there is no need to count
            self._make_room(address)
        one = Connection(self, address, self.now_s())
        self._all[one] = None
        return one

    def _make_room(self, address: str) -> None:
        self._forget_those_gone()
        unknown = [one for one in self._all if not one.grant]
        here = [one for one in unknown if one.address == address]
        if len(here) >= EACH_ADDRESS:
            self._end(here[0])
        elif len(self._all) < self._most:
            return
        elif unknown:
            crowded = Counter(one.address for one in unknown).most_common(1)[0][0]
            self._end(next(one for one in unknown if one.address == crowded))
        elif resting := [one for one in self._all if not one.busy]:
            self._end(min(resting, key=lambda one: one.since_s))

    def _open(
        self,
        one: Connection,
        accepted: socket.socket,
        protocol: Factory,
        encryption: ssl.SSLContext | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        timeout_s = {} if encryption is None else {"ssl_handshake_timeout": HEADERS_S}

        async def opened() -> None:
            with suppress(OSError, TimeoutError):  # whoever it was is gone; TLS errors are OSErrors
                one.transport, _ = await loop.connect_accepted_socket(
                    lambda: protocol(loop, one), accepted, ssl=encryption, **timeout_s
                )

        def tried(task: asyncio.Task[None]) -> None:
            if one.transport is None:  # cut off before, or while, encryption was agreed upon
                accepted.close()

        one.opening = asyncio.create_task(opened())
        one.opening.add_done_callback(tried)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            self._forget_those_gone()
            now_s = self.now_s()
            for one in [one for one in self._all if one.is_late(now_s)]:
                self._end(one)

    def _end(self, one: Connection) -> None:
        del self._all[one]
        one.cut()

    def _forget_those_gone(self) -> None:
        self._all = {one: None for one in self._all if not one.over}


def _room_for_files(most: int) -> int:
    """Return how many sockets may be open: all that is wanted, where the system lets us."""
    if sys.platform == "win32":
        return most
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + _FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most_allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most_allowed, hard))
            soft = most_allowed
        return max(soft - _FILES, soft // 2) if soft < wanted else most
    return most
