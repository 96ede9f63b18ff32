"""All seats of this computer, and the pages that watch them; a slow page delays nobody."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from biofeedback.common.errors import ConfigError
from biofeedback.common.tasks import Tasks, closed
from biofeedback.runtime.worker_client import SharedWorker
from biofeedback.web.remote_station import RemoteStation
from biofeedback.web.station import Station
from biofeedback.web.tokens import Grant

__all__ = ["Stations", "Viewer"]

MOST_SEATS = 100
#: A session that ends tries for up to half a minute to silence what it played on.
_SEAT_CLOSES_S = 60.0
WRITERS = 2  #: reports that are written at the same time


class Viewer:
    """What one page has not been sent yet: the latest picture of each seat, no more."""

    def __init__(self, grant: Grant) -> None:
        self.grant = grant
        self._waiting: dict[str, bytes] = {}
        self._arrived = asyncio.Event()
        self._seen: set[str] = set()  # sessions that were shown
        self._looks: list[str | None] = []

    def put(self, seat: str, message: bytes) -> None:
        """Replace what waits of a seat; never waits itself."""
        if self.grant.sees(seat):
            self._waiting[seat] = message
            self._arrived.set()

    def show(self, seat: Station, message: bytes) -> None:
        """Put how a seat looks now; what somebody else sees of a session is a look at it."""
        self.put(seat.id, message)
        watched = seat.playing and self.grant.sees(seat.id) and self.grant.role != "listener"
        if watched and seat.run not in self._seen:
            self._seen.add(seat.run)
            self._looks.append(seat.profile)

    def looks(self) -> list[str | None]:
        """Return whose sessions came into view since this was asked last."""
        found, self._looks = self._looks, []
        return found

    async def take(self, timeout_s: float) -> list[bytes]:
        """Return what waits, once something does; nothing when `timeout_s` passed first."""
        try:
            await asyncio.wait_for(self._arrived.wait(), timeout_s)
        except TimeoutError:
            return []
        messages = list(self._waiting.values())
        self._waiting.clear()
        self._arrived.clear()
        return messages


class Stations:
    """Has one seat from the start, for whoever sits at this computer; others are added."""

    def __init__(self, out: Path, profile: str | None = None, loudest: float = 1.0) -> None:
        self._loudest = loudest  #: the volume that no page can go beyond
        self.out = out  #: where sessions go
        self._viewers: list[Viewer] = []
        self._worker = SharedWorker()
        self.tasks = Tasks()  #: what runs beside the seats
        self._writing = asyncio.Semaphore(WRITERS)
        self.seats: dict[str, Station] = {}
        self.remotes: dict[str, RemoteStation] = {}  #: wearers at other computers
        self.seats_changed: Callable[[], None] = lambda: None
        self.home = self._add("home", "", profile)

    def add(self, name: str) -> Station:
        """Add a seat with a profile of its own under a random name."""
        if len(self.seats) >= MOST_SEATS:
            raise ConfigError("there is no room for another seat", hint="Remove one first.")
        seat_id = secrets.token_hex(4)
        seat = self._add(seat_id, name, f"guest-{seat_id}")
        self.seats_changed()
        return seat

    def guests(self) -> dict[str, str]:
        """Return the names of those who were invited, by seat."""
        return {seat.id: seat.name for seat in self.seats.values() if seat is not self.home}

    def rename(self, seat: Station, name: str) -> None:
        """Give a seat another name; with "" it says no longer who was invited to it."""
        if seat is not self.home:
            seat.name = name
            self.seats_changed()
            self._changed(seat.id)

    async def remove(self, seat_id: str) -> None:
        """End what runs on a seat and take it away; its sessions stay."""
        if seat := self.seats.get(seat_id):
            await seat.close()
        if self.seats.pop(seat_id, None) is None:
            return  # another page was first
        self.seats_changed()
        self._tell(seat_id, msgspec.json.encode({"gone": seat_id}))

    def show(self, remote: RemoteStation) -> None:
        """Show a wearer at another computer as they are now; a new one gets a place."""
        self.remotes[remote.id] = remote
        if self._viewers:
            self._tell(remote.id, _message(remote))

    def forget(self, remote_id: str) -> None:
        """Take the place of a wearer elsewhere away; it is back when they are heard again."""
        self.remotes.pop(remote_id).give_up()
        self._tell(remote_id, msgspec.json.encode({"gone": remote_id}))

    def watch(self, grant: Grant) -> Viewer:
        """Return a new viewer that is told of every seat it may see, from now on."""
        viewer = Viewer(grant)
        for seat in self.seats.values():
            viewer.show(seat, _message(seat))
        for remote in self.remotes.values():
            viewer.put(remote.id, _message(remote))
        self._viewers.append(viewer)
        return viewer

    @property
    def viewer_count(self) -> int:
        """How many pages watch."""
        return len(self._viewers)

    def unwatch(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        self._viewers.remove(viewer)

    def shut(self) -> None:
        """Stop all that plays here at once; nothing can be started any more."""
        for seat in self.seats.values():
            seat.shut()

    async def close(self) -> None:
        """End every session, with silence and a complete log."""
        self.shut()  # all, before the first is closed
        await self.tasks.close()
        seats = self.seats.values()
        await asyncio.gather(*(closed(f"Seat {s.id}", s.close, _SEAT_CLOSES_S) for s in seats))
        await closed("The worker", self._worker.end)

    def _add(self, seat_id: str, name: str, profile: str | None) -> Station:
        changed = partial(self._changed, seat_id)
        seat = Station(
            seat_id, name, profile, self.out, changed, self._worker, self._writing, self._loudest
        )  # fmt: skip
        self.seats[seat_id] = seat
        self._changed(seat_id)
        return seat

    def _changed(self, seat_id: str) -> None:
        if self._viewers:
            message = _message(self.seats[seat_id])
            for viewer in self._viewers:
                viewer.show(self.seats[seat_id], message)

    def _tell(self, seat_id: str, message: bytes) -> None:
        for viewer in self._viewers:
            viewer.put(seat_id, message)


def _message(seat: Station | RemoteStation) -> bytes:
    return msgspec.json.encode({"seat": seat.picture()})
