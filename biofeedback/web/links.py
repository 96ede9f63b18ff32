"""Links that the owner of the data folder makes for a server, for one that runs or the next one.

A link is a file in a folder that nobody else may write to: it says whom the link lets in and
until when, and of the link's secret only the digest. The server looks there when somebody comes
with a secret. So whoever owns the folder can make a link, and nothing in it lets anybody in. A
newer link for the same place takes the file of an older one, which then lets nobody in any more.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from biofeedback.common.clock import utc_now
from biofeedback.common.errors import FolderError
from biofeedback.storage.files import replace
from biofeedback.storage.inventory import WEB
from biofeedback.views.permissions import Role
from biofeedback.web.tokens import Handed

__all__ = ["Serving", "WebLinks", "serving"]

_log = logging.getLogger("biofeedback.web")
_Kind = TypeVar("_Kind", "_Server", "_Station")


class _Server(msgspec.Struct, frozen=True):
    port: int
    origins: tuple[str, ...]


class _Station(msgspec.Struct, frozen=True):
    station: str
    name: str


@dataclass(frozen=True, slots=True)
class Serving:
    """What a server leaves for the commands beside it: where its pages are, and who sits there."""

    port: int
    origins: tuple[str, ...]
    stations: Mapping[str, str] = field(default_factory=dict)  #: names by station

    @property
    def runs(self) -> bool:
        """Whether something answers there now."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        except OSError:
            return False
        return True


class _Waiting(msgspec.Struct, frozen=True):
    digest: str
    role: Role
    name: str
    station: str | None
    until_utc: datetime


class WebLinks:
    """The links for the server of one port."""

    def __init__(self, port: int) -> None:
        self._port = port

    def publish(self, origins: tuple[str, ...], stations: dict[str, str]) -> None:
        """Tell the commands beside this server where its pages are, and who sits there.

        Each name has a file of its own, which goes with the station.
        """
        _write(f"server-{self._port}.json", _Server(self._port, origins))
        for path in _folder().glob(f"station-{self._port}-*.json"):
            if path.stem.rpartition("-")[2] not in stations:
                path.unlink(missing_ok=True)
        for station, name in stations.items():
            _write(f"station-{self._port}-{station}.json", _Station(station, name))

    def make(
        self, role: Role, name: str, station: str | None, link_s: float
    ) -> tuple[str, datetime]:
        """Return the secret of a new link, and until when it waits to be used."""
        secret = secrets.token_urlsafe(32)
        until = utc_now() + timedelta(seconds=link_s)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        place = re.sub(r"[^\w.-]", "_", f"{role}-{station or 'all'}")
        _write(f"link-{self._port}-{place}.json", _Waiting(digest, role, name, station, until))
        return secret, until

    def take(self) -> list[Handed]:
        """Return the links that were made since, and take their files away."""
        found = []
        for path in sorted(_folder().glob(f"link-{self._port}-*.json")):
            try:
                ours = _is_ours(path.parent) and _is_ours(path)
                waiting = msgspec.json.decode(path.read_bytes(), type=_Waiting) if ours else None
                path.unlink()
            except (OSError, msgspec.DecodeError) as error:
                _log.warning("a link that was left for this server is of no use: %s", error)
                continue
            if waiting is None:
                _log.warning("a link in %s is not by the owner of this server", path.parent)
                continue
            left_s = (waiting.until_utc - utc_now()).total_seconds()
            if left_s > 0:
                found.append(
                    Handed(waiting.digest, waiting.role, waiting.name, waiting.station, left_s)
                )
        return found


def serving() -> list[Serving]:
    """Return what each server left, also those that have ended, by port."""
    servers = _read_all("server-*.json", _Server)
    return [
        Serving(
            server.port,
            server.origins,
            {one.station: one.name for one in _read_all(f"station-{server.port}-*.json", _Station)},
        )
        for server in sorted(servers, key=lambda server: server.port)
    ]


def _read_all(pattern: str, kind: type[_Kind]) -> list[_Kind]:
    found = []
    for path in sorted(_folder().glob(pattern)):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=kind))
        except (OSError, msgspec.DecodeError) as error:
            _log.debug("%s is of no use: %s", path, error)
    return found


def _folder() -> Path:
    return WEB.path


def _is_ours(path: Path) -> bool:
    """Return whether nobody but the server's own user can have written something."""
    if os.name == "nt":
        return True  # the profile of a user is theirs alone
    about = path.stat()
    return about.st_uid == os.geteuid() and not about.st_mode & 0o022


def _write(name: str, content: msgspec.Struct) -> None:
    """Write a file whole, and so that nobody else may read it."""
    folder = _folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        replace(folder / name, msgspec.json.encode(content))
    except OSError as error:
        raise FolderError(f"{folder} cannot be written: {error.strerror}") from error
