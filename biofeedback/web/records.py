"""What is kept of the person on a station: sessions with their files, and the profile."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import msgspec

from biofeedback.app.person import erase, kept_of, write_archive
from biofeedback.common.errors import FolderError, LogError
from biofeedback.record import removal
from biofeedback.record.catalogue import entries_of
from biofeedback.record.reader import is_session
from biofeedback.storage import encryption

__all__ = ["SessionItem", "delete", "export", "file_of", "forget", "has", "past"]

#: The files of a session that a page may fetch, and what they are.
FILES = {
    "report.html": "text/html; charset=utf-8",
    "session.mid": "audio/midi",
    "session.wav": "audio/wav",
}
_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}")


class SessionItem(msgspec.Struct, frozen=True):
    """One session in the list."""

    id: str
    started_utc: str
    duration_s: float
    programme: str
    simulated: bool
    complete: bool
    running: bool
    files: tuple[str, ...]


def past(out: Path, profile: str | None) -> list[SessionItem]:
    """Return the sessions of a person (None: those without a profile), the newest first."""
    return [
        SessionItem(
            id=entry.folder.name,
            started_utc=entry.header.started_utc,
            duration_s=entry.duration_s,
            programme=entry.programme,
            simulated=entry.header.simulated,
            complete=entry.end is not None,
            running=entry.running,
            files=tuple(name for name in FILES if has(entry.folder, name)),
        )
        for entry in reversed(entries_of(out, profile)[0])
    ]


def has(folder: Path, name: str) -> bool:
    """Whether a session has this file, plain or closed."""
    return (folder / name).is_file() or (folder / f"{name}{encryption.SUFFIX}").is_file()


def file_of(out: Path, profile: str | None, session: str, name: str) -> tuple[Path, str]:
    """Return path and media type of one file of a session, which may be closed.

    Raises `LogError` for any other.
    """
    folder = _folder(out, profile, session)
    for path in (folder / name, folder / f"{name}{encryption.SUFFIX}"):
        if name in FILES and path.is_file() and not path.is_symlink():
            return path, FILES[name]
    raise LogError("there is no such file", hint="It may not be written yet.")


def delete(out: Path, profile: str | None, session: str) -> None:
    """Delete a session with all its files, for good; the index forgets it too."""
    removal.remove([_folder(out, profile, session)])


def forget(out: Path, profile: str | None) -> int:
    """Delete all that is kept of a person in every store; return how many sessions that were."""
    kept = kept_of(profile, out)
    erase(kept)
    return len(kept.sessions)


def export(out: Path, profile: str | None) -> Path:
    """Write all that is kept of a person into a zip file in a temporary place; return its path.

    Whoever asked for it deletes it.
    """
    with tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as file:
        target = Path(file.name)
    try:
        write_archive(target, kept_of(profile, out))
    except LogError:
        target.unlink(missing_ok=True)
        raise
    except OSError as error:
        target.unlink(missing_ok=True)
        raise FolderError(f"the export cannot be written: {error.strerror}") from error
    return target


def _folder(out: Path, profile: str | None, session: str) -> Path:
    """Return the folder of a person's own session; a name that is not one leads nowhere."""
    folder = out / session
    plain = _NAME.fullmatch(session) is not None and not folder.is_symlink()
    if plain and folder.is_dir() and is_session(folder):
        for entry in entries_of(out, profile)[0]:
            if entry.folder.name == session:
                return entry.folder
    raise LogError("there is no such session", hint="It may have been deleted.")
