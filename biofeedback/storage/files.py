"""Files that are there whole or not at all, and keys and certificates as files."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from biofeedback.common.errors import FolderError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["digest_of", "general_name", "pem_of", "replace", "save"]


def replace(path: Path, content: bytes) -> None:
    """Write a file whole; what was there stays until then. Raises OSError.

    Nobody but its owner may read it, not even for a moment.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def save(path: Path, content: bytes, *, what: str = "", hint: str = "") -> None:
    """Write a file whole, its folder too where there is none; raise `FolderError` where it can't.

    `what` stands before the path in its message.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, content)
    except OSError as error:
        raise FolderError(f"{what}{path} cannot be written: {error.strerror}", hint=hint) from error


def digest_of(*paths: Path) -> str:
    """Return the SHA-256 of what files hold, one after the other; of a folder, of all in it.

    No name enters it, so it says nothing to whoever does not have the same files.
    """
    sha = hashlib.sha256()
    for path in paths:
        for one in sorted(path.rglob("*")) if path.is_dir() else (path,):
            if one.is_file():
                with one.open("rb") as file:
                    while block := file.read(1 << 20):
                        sha.update(block)
    return sha.hexdigest()


def pem_of(key: EllipticCurvePrivateKey) -> bytes:
    """Return a private key as it is kept in a file, open."""
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def general_name(name: str) -> x509.GeneralName:
    """Return an address or a name as certificates hold it."""
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
