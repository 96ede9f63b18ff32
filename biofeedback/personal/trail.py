"""What was done with a person's data: which copies were made here, and who looked at them.

Each is a file of lines beside the profile that only grows, and goes with the person. What belongs
to whoever uses this computer without a profile stands in the data folder itself.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from biofeedback.common.errors import ConfigError, FolderError
from biofeedback.personal.profiles import beside
from biofeedback.storage import files
from biofeedback.storage.inventory import ACCESS, COPIES, Store
from biofeedback.storage.locks import locked

__all__ = ["CopyItem", "LookItem", "copies", "drop_copies", "looks", "note_copy", "note_look"]


class CopyItem(msgspec.Struct, frozen=True, kw_only=True):
    """A copy that was made here: of which kind, and where it was written."""

    utc: str
    kind: str  #: an export's format, "archive", "folder", or "session" for one outside
    path: str
    session: str = ""  #: whose copy it is; "" for all of a person's


class LookItem(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else looked at a person's data."""

    utc: str
    who: str
    role: str
    what: str  #: "live", "sessions", or the name of a file
    session: str = ""


Item = TypeVar("Item", CopyItem, LookItem)


def note_copy(person: str | None, kind: str, path: Path, now: datetime, session: str = "") -> None:
    """Write down a copy; raise `FolderError` where that cannot be."""
    stamp = now.isoformat(timespec="seconds")
    item = CopyItem(utc=stamp, kind=kind, path=str(path.absolute()), session=session)
    _append(_path(COPIES, person, "copies.jsonl"), item)


def note_look(
    person: str | None, who: str, role: str, what: str, now: datetime, session: str = ""
) -> None:
    """Write down who looked at what; raise `FolderError` where that cannot be."""
    stamp = now.isoformat(timespec="seconds")
    item = LookItem(utc=stamp, who=who, role=role, what=what, session=session)
    _append(_path(ACCESS, person, "access.jsonl"), item)


def copies(person: str | None) -> list[CopyItem]:
    """Return the copies that were made, oldest first."""
    return _read(_path(COPIES, person, "copies.jsonl"), CopyItem)


def drop_copies(person: str, session: Path) -> None:
    """Forget the copies of a session, which is deleted; raise `FolderError` where that cannot be.

    Its copies may be named after whoever wanted it deleted.
    """
    path = _path(COPIES, person, "copies.jsonl")
    with locked(path.with_name(f".{path.name}.lock")):
        found = copies(person)
        kept = [
            item for item in found
            if item.session != session.name and Path(item.path) != session.absolute()
        ]  # fmt: skip
        if kept != found:
            files.save(path, b"".join(msgspec.json.encode(item) + b"\n" for item in kept))


def looks(person: str | None) -> list[LookItem]:
    """Return who looked, oldest first."""
    return _read(_path(ACCESS, person, "access.jsonl"), LookItem)


def _path(store: Store, person: str | None, suffix: str) -> Path:
    return store.path if person is None else beside(person, suffix)


def _append(path: Path, item: CopyItem | LookItem) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(path.with_name(f".{path.name}.lock")), path.open("ab") as file:
            file.write(msgspec.json.encode(item) + b"\n")
    except OSError as error:
        raise FolderError(f"{path} cannot be written: {error.strerror}") from error


def _read(path: Path, kind: type[Item]) -> list[Item]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(msgspec.json.decode(line, type=kind))
        except msgspec.DecodeError as error:
            if number < len(lines):  # the last one may have been cut by a crash
                raise ConfigError(f"{path}, line {number}: {error}") from error
    return found
