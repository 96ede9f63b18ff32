"""Profiles: what one session remembers of a person for the next."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import msgspec

from biofeedback.common.errors import ConfigError, FolderError
from biofeedback.personal.options import Preferences
from biofeedback.state.baseline import Baseline
from biofeedback.storage import encryption
from biofeedback.storage.inventory import CONSENT, PROFILES
from biofeedback.storage.locks import locked

__all__ = [
    "SCHEMA",
    "KnownDirection",
    "Profile",
    "alone",
    "beside",
    "delete",
    "files",
    "load",
    "names",
    "plain_files",
    "save",
    "update",
]

#: Raised whenever an older program would lose or misread something. 1 had no preferences and no
#: number, 2 no direction; both are read as they are, and written as the newest.
SCHEMA = 3


class KnownDirection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What sessions have shown of whether calmer music calms: sums over pairs of small steps."""

    pairs: int
    total: float
    squares: float


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person under a name of their choice, best a pseudonym; nothing here identifies anybody."""

    name: str
    baseline: Baseline | None = None
    baseline_utc: str | None = None  #: when it was learned
    resonance_per_minute: float | None = None  #: slow breathing at which the heart swings most
    direction: KnownDirection | None = None  #: whether calmer music calms them
    preferences: Preferences = Preferences()
    #: sessions that began before count no longer for what is learned; "" when all do
    learned_from_utc: str = ""
    schema: int = SCHEMA


class _Numbered(msgspec.Struct, frozen=True):
    schema: int = 1


def load(name: str) -> Profile:
    """Return a stored profile, or an empty one for a name that is new."""
    path = _path(name)
    try:
        raw = encryption.read(path)
        _refuse_newer(path, raw)
        return msgspec.structs.replace(msgspec.json.decode(raw, type=Profile), schema=SCHEMA)
    except FileNotFoundError:
        return Profile(name=name)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(
            f"the profile {path} cannot be read: {error}", hint="Choose another --profile."
        ) from error


def save(profile: Profile) -> None:
    """Store a profile, whole or not at all."""
    path = _path(profile.name)
    with suppress(FileNotFoundError):
        _refuse_newer(path, encryption.read(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        encryption.write(path, msgspec.json.format(msgspec.json.encode(profile)))
    except OSError as error:
        raise FolderError(f"the profile {path} cannot be written: {error.strerror}") from error


def update(name: str, change: Callable[[Profile], Profile]) -> Profile:
    """Change a profile as it is stored now, and keep it; return it as it is then.

    No other program changes it meanwhile, so that nothing of what two learn is lost.
    """
    with alone():
        before = load(name)
        after = change(before)
        if after != before:
            save(after)
    return after


def alone() -> AbstractContextManager[None]:
    """Keep other programs from changing what is kept of people for the block."""
    return locked(PROFILES.path / ".lock")


def names() -> list[str]:
    """Return the names of all profiles that are stored."""
    folder = PROFILES.path
    found = folder.glob("*.json*") if folder.is_dir() else ()
    stems = {path.name.removesuffix(encryption.SUFFIX).removesuffix(".json") for path in found}
    return sorted(stem for stem in stems if "." not in stem)


def files(name: str) -> list[Path]:
    """Return all that is stored under a profile's name outside its sessions."""
    path = _path(name)
    return sorted(path.parent.glob(f"{name}.*")) if path.parent.is_dir() else []


def plain_files() -> list[Path]:
    """Return all files about people that are not encrypted, consents among them."""
    found = [*PROFILES.path.glob("*.json"), CONSENT.path]
    return sorted(path for path in found if path.is_file())


def beside(name: str, suffix: str) -> Path:
    """Return the path of another file about a person; `files` and `delete` know it as well."""
    return _path(name).with_suffix(f".{suffix}")


def delete(name: str) -> list[Path]:
    """Delete a profile for good; return what was deleted, nothing for a name that is unknown."""
    found = files(name)
    for path in found:
        try:
            path.unlink()
        except OSError as error:
            raise FolderError(f"{path} cannot be deleted: {error.strerror}") from error
    return found


def _refuse_newer(path: Path, raw: bytes) -> None:
    """Raise for a profile of a newer program, which this one could only damage."""
    try:
        schema = msgspec.json.decode(raw, type=_Numbered).schema
    except msgspec.DecodeError:
        return  # whoever reads it says what is wrong with it
    if schema > SCHEMA:
        raise ConfigError(
            f"the profile {path} has schema {schema}, and this program knows {SCHEMA} at most",
            hint="Update biofeedback, or choose another --profile. The file stays as it is.",
        )


def _path(name: str) -> Path:
    if not re.fullmatch(r"[\w-]{1,64}", name):
        raise ConfigError(
            f"{name!r} is no name for a profile", hint="Use letters, digits, - and _ only."
        )
    return PROFILES.path / f"{name}.json"
