"""Files at rest that only the owner of a key can read, encrypted with age.

Off until `create` makes a key: its secret half goes into a file that the user keeps, its public
half stays in the data folder, so that what is written can be closed without the secret. Reading
needs the file again, named by the environment variable BIOFEEDBACK_KEY. A closed file has the
plain one's name and `.age` behind it, and is an ordinary file of https://age-encryption.org.
"""

from __future__ import annotations

import errno
import os
import secrets
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from biofeedback.common.errors import ConfigError, FolderError, KeyMissingError
from biofeedback.storage.inventory import KEY as PUBLIC_KEY

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["KEY", "SUFFIX", "check", "create", "delete", "end", "is_on", "read", "seal", "write"]

KEY = "BIOFEEDBACK_KEY"  #: names the file with the secret key
SUFFIX = ".age"
_HINT = f"Set {KEY} to the path of the file with your key."


def is_on() -> bool:
    """Whether what is written from now on is closed; also where it can't be, see `check`."""
    return os.path.lexists(_recipient_file())


def check() -> None:
    """Raise `ConfigError` where what is written is to be closed, and can't be.

    Before a session, so that nothing plain is left of it.
    """
    if is_on():
        _encrypted(b"")


def create(key: Path) -> str:
    """Make a key, write its secret half to a new file; return the public half.

    From then on files are closed. A key that there was stays good for what it closed: a file with
    the lines of both opens all.
    """
    identity = _age().x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"# public key: {public}\n{identity}\n")
            file.flush()
            os.fsync(file.fileno())
        _recipient_file().parent.mkdir(parents=True, exist_ok=True)
        _recipient_file().write_text(f"{public}\n", encoding="ascii")
    except OSError as error:
        raise FolderError(
            f"the key {key} cannot be written: {error.strerror}",
            hint="Name a file that is not there yet, best on a stick that you keep.",
        ) from error
    return public


def end() -> None:
    """Close nothing more; what is closed stays so."""
    _recipient_file().unlink(missing_ok=True)


def seal(path: Path) -> Path:
    """Close a file; the plain one goes once the closed one is on the disk. Return its path."""
    closed = _closed(path)
    try:
        partial = _partial(closed)
        try:
            _age().encrypt_file(str(path), str(partial), [_recipient()])
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            partial.replace(closed)
        finally:
            partial.unlink(missing_ok=True)
        path.unlink()
    except OSError as error:
        raise FolderError(
            f"{path} cannot be encrypted: {error.strerror}",
            hint="Is there room, and is the folder yours? The file is as it was.",
        ) from error
    return closed


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, closed if that is on; raises `OSError`."""
    if is_on():
        _put(_closed(path), _encrypted(data))
        path.unlink(missing_ok=True)
    else:
        _put(path, data)
        _closed(path).unlink(missing_ok=True)


def read(path: Path) -> bytes:
    """Return what a file holds, plain or closed, whichever path of the two is given.

    Raises `FileNotFoundError` without either, `KeyMissingError` when the key is missing or another.
    """
    closed = _closed(path)
    if closed.exists():
        return _decrypted(closed)
    if path.exists() and not path.is_file():  # a pipe would never end
        raise IsADirectoryError(errno.EISDIR, "it is no file", str(path))
    return path.read_bytes()


def delete(path: Path) -> None:
    """Delete a file, plain and closed; nothing happens without one."""
    path.unlink(missing_ok=True)
    _closed(path).unlink(missing_ok=True)


def _closed(path: Path) -> Path:
    return path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)


def _put(path: Path, data: bytes) -> None:
    partial = _partial(path)
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    """Return where a file is written first: a name that no other program has at the same time."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")


def _encrypted(data: bytes) -> bytes:
    return bytes(_age().encrypt(data, [_recipient()]))


def _recipient() -> object:
    age = _age()
    try:
        return age.x25519.Recipient.from_str(_recipient_file().read_text("ascii").strip())
    except (OSError, UnicodeDecodeError, age.RecipientError) as error:
        raise ConfigError(
            f"{_recipient_file()} holds no public key",
            hint="`biofeedback key new FILE` makes a new one.",
        ) from error


def _decrypted(path: Path) -> bytes:
    age = _age()
    try:
        return bytes(age.decrypt(path.read_bytes(), _identities(path)))
    except age.DecryptError:
        raise KeyMissingError(
            f"{path} is closed with another key, or damaged", hint=_HINT
        ) from None


def _identities(path: Path) -> list[object]:
    """Return the keys of the user's file: one, or all that there ever were, a line each."""
    key = os.environ.get(KEY)
    if not key:
        raise KeyMissingError(f"{path} is encrypted, and no key is given", hint=_HINT)
    age = _age()
    try:
        lines = Path(key).read_text("ascii").splitlines()
        secrets = [line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-1")]
        found = [age.x25519.Identity.from_str(secret) for secret in secrets]
    except OSError as error:
        raise KeyMissingError(
            f"the key {key} cannot be read: {error.strerror}", hint=_HINT
        ) from None
    except (ValueError, age.IdentityError):  # and nothing of what the file holds is told
        found = []
    if not found:
        raise KeyMissingError(f"the file {key} holds no key", hint=_HINT)
    return found


def _recipient_file() -> Path:
    return PUBLIC_KEY.path


def _age() -> ModuleType:
    try:
        pyrage = import_module("pyrage")
    except ImportError as error:
        raise ConfigError(
            f"encryption needs more than is installed ({error.name})",
            hint="pip install 'biofeedback[encrypt]'",
        ) from error
    return pyrage
