"""All stations of this computer, and the pages that watch them; a slow page delays nobody."""

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

MOST_STATIONS = 100
#: A session that ends tries for up to half a minute to silence what it played on.
_STATION_CLOSES_S = 60.0
WRITERS = 2  #: reports that are written at the same time


class Viewer:
    """What one page has not been sent yet: the latest picture of each station, no more."""

    def __init__(self, grant: Grant) -> None:
        self.grant = grant
        self._waiting: dict[str, bytes] = {}
        self._arrived = asyncio.Event()
        self._seen: set[str] = set()  # sessions that were shown
        self._looks: list[str | None] = []

    def put(self, station: str, message: bytes) -> None:
        """Replace what waits of a station; never waits itself."""
        if self.grant.sees(station):
            self._waiting[station] = message
            self._arrived.set()

    def show(self, station: Station, message: bytes) -> None:
        """Put how a station looks now; what somebody else sees of a session is a look at it."""
        self.put(station.id, message)
        watched = station.playing and self.grant.sees(station.id) and self.grant.role != "listener"
        if watched and station.run not in self._seen:
            self._seen.add(station.run)
            self._looks.append(station.profile)

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
    """Has one station from the start, for whoever sits at this computer; others are added."""

    def __init__(self, out: Path, profile: str | None = None, loudest: float = 1.0) -> None:
        self._loudest = loudest  #: the volume that no page can go beyond
        self.out = out  #: where sessions go
        self._viewers: list[Viewer] = []
        self._worker = SharedWorker()
        self.tasks = Tasks()  #: what runs beside the stations
        self._writing = asyncio.Semaphore(WRITERS)
        self.by_id: dict[str, Station] = {}
        self.remotes: dict[str, RemoteStation] = {}  #: wearers at other computers
        self.changed_guests: Callable[[], None] = lambda: None
        self.home = self._add("home", "", profile)

    def add(self, name: str) -> Station:
        """Add a station with a profile of its own under a random name."""
        if len(self.by_id) >= MOST_STATIONS:
            raise ConfigError("there is no room for another station", hint="Remove one first.")
        station_id = secrets.token_hex(4)
        station = self._add(station_id, name, f"guest-{station_id}")
        self.changed_guests()
        return station

    def guests(self) -> dict[str, str]:
        """Return the names of those who were invited, by station."""
        return {
            station.id: station.name for station in self.by_id.values() if station is not self.home
        }

    def rename(self, station: Station, name: str) -> None:
        """Give a station another name; with "" it says no longer who was invited to it."""
        if station is not self.home:
            station.name = name
            self.changed_guests()
            self._changed(station.id)

    async def remove(self, station_id: str) -> None:
        """End what runs on a station and take it away; its sessions stay."""
        if station := self.by_id.get(station_id):
            await station.close()
        if self.by_id.pop(station_id, None) is None:
            return  # another page was first
        self.changed_guests()
        self._tell(station_id, msgspec.json.encode({"gone": station_id}))

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
        """Return a new viewer that is told of every station it may see, from now on."""
        viewer = Viewer(grant)
        for station in self.by_id.values():
            viewer.show(station, _message(station))
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
        for station in self.by_id.values():
            station.shut()

    async def close(self) -> None:
        """End every session, with silence and a complete log."""
        self.shut()  # all, before the first is closed
        await self.tasks.close()
        stations = self.by_id.values()
        await asyncio.gather(
            *(closed(f"Station {s.id}", s.close, _STATION_CLOSES_S) for s in stations)
        )
        await closed("The worker", self._worker.end)

    def _add(self, station_id: str, name: str, profile: str | None) -> Station:
        changed = partial(self._changed, station_id)
        station = Station(
            station_id, name, profile, self.out, changed, self._worker, self._writing, self._loudest
        )  # fmt: skip
        self.by_id[station_id] = station
        self._changed(station_id)
        return station

    def _changed(self, station_id: str) -> None:
        if self._viewers:
            message = _message(self.by_id[station_id])
            for viewer in self._viewers:
                viewer.show(self.by_id[station_id], message)

    def _tell(self, station_id: str, message: bytes) -> None:
        for viewer in self._viewers:
            viewer.put(station_id, message)


def _message(station: Station | RemoteStation) -> bytes:
    return msgspec.json.encode({"station": station.picture()})
