"""A whole person: all that is kept of them in every store, exported, erased, or put to rest.

What is done in each store, `storage.inventory` says in words; a test holds the two together. A
person is a pseudonym, or None: whoever uses this computer without one.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from biofeedback.common.errors import (
    BusyError,
    FolderError,
    KeyMissingError,
    LogError,
    TrialError,
)
from biofeedback.personal import consent, profiles, trail
from biofeedback.record import removal
from biofeedback.record.catalogue import catalogue, logs_in
from biofeedback.record.export_label import people_of
from biofeedback.record.own_part import own_part
from biofeedback.record.reader import is_session, read_header
from biofeedback.storage import encryption
from biofeedback.storage.inventory import (
    ACCESS,
    CONSENT,
    COPIES,
    INDEX,
    LEARNED,
    PROFILES,
    RUNNING,
    SESSIONS,
    SETUP,
    TRIALS,
    WEB,
    Store,
)  # fmt: skip
from biofeedback.storage.locks import LOCK_NAME
from biofeedback.trials.folder import PROTOCOL
from biofeedback.trials.protocol import parse

__all__ = ["FINDERS", "Kept", "contents", "erase", "kept_of", "withdraw", "write_archive"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is of a person: by store, the files and folders that are theirs."""

    person: str | None
    parts: Mapping[str, tuple[Path, ...]]
    sessions: tuple[Path, ...]  #: the folders of all of them, in trials and elsewhere too
    shared: Mapping[Path, tuple[str, ...]]  #: sessions among them of groups, and whose they are
    unread: tuple[str, ...]  #: sessions whose owner cannot be told, and why

    def __bool__(self) -> bool:
        return any(self.parts.values())

    @property
    def files(self) -> tuple[Path, ...]:
        """What is kept besides sessions and trials."""
        return tuple(p for paths in self.parts.values() for p in paths if p.is_file())

    @property
    def copies(self) -> list[Path]:
        """Exports that were made here and are still where they were written."""
        made = [Path(item.path) for item in trail.copies(self.person) if item.kind != "session"]
        return [path for path in dict.fromkeys(made) if path.exists()]


@dataclass(slots=True)
class _Search:
    person: str | None
    out: Path | None
    shared: dict[Path, tuple[str, ...]]
    unread: list[str]


def kept_of(person: str | None, out: Path | None = None) -> Kept:
    """Find all that is kept of a person; `out` is a folder of sessions besides our own.

    Raises `KeyMissingError` when a session is closed and there is no key: whose it is cannot be
    told, and nothing may be called complete without it.
    """
    if person is not None:
        profiles.load(person)
    search = _Search(person, out, {}, [])
    parts = {store.name: tuple(find(store, search)) for store, find in FINDERS.items()}
    paths = dict.fromkeys(path for found in parts.values() for path in found)
    sessions = tuple(folder for path in paths for folder in _sessions_of(path))
    return Kept(person, parts, sessions, search.shared, tuple(search.unread))


def _sessions_of(path: Path) -> list[Path]:
    """Return the sessions in a part: those of a trial, or the one that it is."""
    if not path.is_dir():
        return []
    if not (path / PROTOCOL).is_file():
        return [path]
    return sorted(folder for folder in path.glob("sessions/*") if folder.is_dir())


def contents(kept: Kept) -> Iterator[tuple[str, Path | bytes]]:
    """Yield all that an export holds, open even where it is kept closed: name and content."""
    counts = {name: len(paths) for name, paths in kept.parts.items() if paths}
    yield "contents.json", json.dumps({"person": kept.person, "kept": counts}, indent=2).encode()
    for path in kept.files:
        yield from _opened(path, "profile")
    taken: set[str] = set()
    for store in (SESSIONS, COPIES, TRIALS):
        for folder in (path for path in kept.parts[store.name] if path.is_dir()):
            if folder in kept.shared:
                assert kept.person is not None
                yield f"groups/{folder.name}/own-part.jsonl", _own_part(folder, kept.person)
                continue
            place = TRIALS.path if folder.is_relative_to(TRIALS.path) else folder.parent
            whole = place == TRIALS.path or (folder / PROTOCOL).is_file()
            home = "trials" if whole else "sessions"
            while f"{home}/{folder.name}" in taken:  # of two folders of sessions
                home += "-2"
            taken.add(f"{home}/{folder.name}")
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not path.is_symlink() and path.name not in _OURS_ALONE:
                    within = path.parent.relative_to(place).as_posix()
                    yield from _opened(path, f"{home}/{within}")


def _own_part(session: Path, person: str) -> bytes:
    """Return a person's lines of a group's session; of one that is damaged, those before that."""
    lines = bytearray()
    with suppress(LogError):
        for line in own_part(session, person):
            lines += line
    return bytes(lines)


#: What lies beside data and is none: the index, and what keeps others from a session meanwhile.
_OURS_ALONE = {INDEX.path.name, LOCK_NAME}


def _opened(path: Path, place: str) -> Iterator[tuple[str, Path | bytes]]:
    if path.suffix == encryption.SUFFIX:
        yield f"{place}/{path.stem}", encryption.read(path)
    else:
        yield f"{place}/{path.name}", path


def write_archive(target: Path, kept: Kept) -> None:
    """Write all of a person into a zip file; raises `LogError` without the key to a part of it."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents(kept):
            if isinstance(content, Path):
                archive.write(content, name)
            else:
                archive.writestr(name, content)


def erase(kept: Kept) -> None:
    """Delete all that was found, and what indexes and links know of it.

    Raises an error before anything is deleted while one of the sessions runs, and otherwise at the
    end, for what could not be deleted.
    """
    for folder in kept.sessions:
        removal.check_removable(folder)
    failed: list[str] = []
    try:
        removal.remove(kept.sessions)
    except BusyError:
        raise  # nothing was deleted
    except FolderError as error:
        failed.append(str(error))
    for path in dict.fromkeys(p for paths in kept.parts.values() for p in paths):
        if path.is_dir():
            _try(failed, path, shutil.rmtree)
        else:
            _try(failed, path, _unlinked)
    for folder, people in kept.shared.items():
        for other in set(people) - {kept.person}:  # what they know of copies of it goes with it
            trail.drop_copies(other, folder)
    for path in RUNNING.path.glob("*.json"):  # what a session that was killed left
        if any(str(folder).encode() in path.read_bytes() for folder in kept.sessions):
            _try(failed, path, _unlinked)
    if kept.person is not None:
        for pattern in (f"{kept.person}.*", f".{kept.person}.*"):  # what a crash left of them
            for path in PROFILES.path.glob(pattern):
                _try(failed, path, _unlinked)
    if failed:
        raise FolderError(
            f"not all could be deleted: {'; '.join(failed)}",
            hint="Close what uses it, then do the same again.",
        )


def withdraw(person: str | None, now: datetime) -> consent.Consent:
    """Take a consent back: nothing starts on it, and nothing is chosen by what was learned."""
    taken = consent.withdraw(person, now)
    for path in LEARNED.files_of(person):
        encryption.delete(path)
    return taken


def _try(failed: list[str], path: Path, delete: Callable[[Path], object]) -> None:
    try:
        if path.exists() or path.is_symlink():
            delete(path)
    except OSError as error:
        failed.append(f"{path}: {error.strerror}")


def _unlinked(path: Path) -> None:
    path.unlink(missing_ok=True)


def _sessions(store: Store, search: _Search) -> Iterator[Path]:
    for out in dict.fromkeys((SESSIONS.path, search.out or SESSIONS.path)):
        yield from _sessions_in(out, search)


def _sessions_in(out: Path, search: _Search) -> Iterator[Path]:
    """Yield a person's sessions in a folder; one that is damaged if it names them."""
    found, problems = catalogue(out)
    for problem in problems:
        if isinstance(problem, KeyMissingError):
            raise problem
    for entry in found:
        if _is_theirs(search, people := people_of(entry.header)):
            if len(people) > 1:
                search.shared[entry.folder] = people
            yield entry.folder
    if problems:
        read = {entry.folder for entry in found}
        for folder in logs_in(out):
            if folder not in read:
                if search.person is not None and _names(folder, search.person):
                    yield folder
                else:
                    search.unread.append(str(folder))


def _is_theirs(search: _Search, people: tuple[str, ...]) -> bool:
    return search.person in people if search.person is not None else not people


def _names(folder: Path, person: str) -> bool:
    """Return whether a log that cannot be read names a person in what is left of it."""
    sign = f'"{person}"'.encode()
    try:
        logs = (path for path in folder.glob("session*.jsonl") if path.is_file())
        return any(sign in path.read_bytes() for path in logs)
    except OSError:
        return False


def _trials(store: Store, search: _Search) -> Iterator[Path]:
    for path in sorted(store.path.glob(f"*/{PROTOCOL}")):
        if _is_of(path, search.person):
            yield path.parent
        elif search.person is not None and (path.parent / "sessions").is_dir():
            yield from _sessions_in(path.parent / "sessions", search)


def _is_of(protocol: Path, person: str | None) -> bool:
    """Return whether a trial is of a person; of one whose protocol was changed, by its words."""
    raw = protocol.read_bytes()
    try:
        return parse(raw, str(protocol)).person == person
    except TrialError:
        return person is not None and f'"{person}"'.encode() in raw


def _files(store: Store, search: _Search) -> list[Path]:
    return store.files_of(search.person)


def _copies(store: Store, search: _Search) -> list[Path]:
    """Return the list, and the sessions in it that are still the person's."""
    elsewhere = []
    for item in trail.copies(search.person):
        folder = Path(item.path)
        if item.kind == "session" and folder.is_dir() and is_session(folder):
            try:
                people = people_of(read_header(folder))
            except LogError:
                search.unread.append(str(folder))
                continue
            if _is_theirs(search, people):
                trial = folder.parents[1]
                whole = (trial / PROTOCOL).is_file() and _is_of(trial / PROTOCOL, search.person)
                elsewhere.append(trial if whole else folder)
                if len(people) > 1:
                    search.shared[folder] = people
    return [*store.files_of(search.person), *elsewhere]


def _links(store: Store, search: _Search) -> list[Path]:
    """Return the name and the links of a guest's station; its number is in the pseudonym."""
    _, guest, station = (search.person or "").rpartition("guest-")
    return sorted(store.path.glob(f"*-{station}.json")) if guest else []


def _nothing_more(store: Store, search: _Search) -> list[Path]:
    return []  # it goes with the sessions


#: How a person's part of each store is found; every store that holds data of people is here.
FINDERS: Mapping[Store, Callable[[Store, _Search], Iterator[Path] | list[Path]]] = {
    SESSIONS: _sessions, INDEX: _nothing_more, TRIALS: _trials, PROFILES: _files, CONSENT: _files,
    LEARNED: _files, ACCESS: _files, COPIES: _copies, SETUP: _files, WEB: _links,
}  # fmt: skip
