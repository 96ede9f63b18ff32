"""Passwords as mosquitto keeps them: PBKDF2 with SHA-512, each with a salt of its own.

The form is `$7$iterations$salt$digest`, in base64, as mosquitto_passwd(1) writes it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

__all__ = ["made", "sealed"]

#: Ours are random, 192 bits: nobody guesses them, so the broker need not work hard at each log-in.
_ITERATIONS = 1000
_SALT_BYTES = 12


def made() -> str:
    """Return a new password."""
    return secrets.token_urlsafe(24)


def sealed(password: str, salt: bytes | None = None, iterations: int = _ITERATIONS) -> str:
    """Return what the broker's password file holds of a password."""
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    parts = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(("", "7", str(iterations), *parts))
