"""Where a broker is and who one is there: from a file or the environment, never from an address.

A login file is TOML with `url`, `user`, `role`, `password` and `ca` (the certificate of whoever
signed the broker's, in PEM; without it the system's are trusted). `mqtt setup` writes them.

Passwords are kept as mosquitto keeps them, `$7$iterations$salt$digest` in base64: PBKDF2 with
SHA-512, each with a salt of its own (mosquitto_passwd(1)).
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from biofeedback.common.errors import ConfigError
from biofeedback.mqtt.topics import Role, checked_name

__all__ = ["Login", "load", "made", "sealed"]


_USER, _PASSWORD, _CA = "BIOFEEDBACK_MQTT_USER", "BIOFEEDBACK_MQTT_PASSWORD", "BIOFEEDBACK_MQTT_CA"
_LOGIN = "BIOFEEDBACK_MQTT_LOGIN"
_PORTS = {"mqtts": 8883, "mqtt": 1883}
_HINT = "Give mqtts://HOST[:PORT], or the login file that `biofeedback mqtt setup` wrote."


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A broker's address and one's credentials there; a `repr` does not tell the password."""

    url: str
    user: str
    password: str
    role: Role | None = None  #: None: not known; the broker's rules decide anyway
    ca: str = ""

    def __repr__(self) -> str:
        return f"Login({self.user} at {self.url})"

    @property
    def secure(self) -> bool:
        """Whether the way to the broker is encrypted."""
        return self.url.startswith("mqtts:")

    @property
    def host(self) -> str:
        """The broker's name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The broker's port."""
        return urlsplit(self.url).port or _PORTS[urlsplit(self.url).scheme]

    def needs(self, *roles: Role) -> None:
        """Raise `ConfigError` when the login is known to be of another role."""
        if self.role is not None and self.role not in roles:
            raise ConfigError(
                f"the login {self.user!r} is a {self.role}'s",
                hint=f"This needs the login of a {' or '.join(roles)}.",
            )


def load(where: str, environment: Mapping[str, str] = os.environ) -> Login:
    """Return the login of a login file, or of an address with the environment's credentials.

    The environment has BIOFEEDBACK_MQTT_LOGIN, a login file, or BIOFEEDBACK_MQTT_USER and
    BIOFEEDBACK_MQTT_PASSWORD, and BIOFEEDBACK_MQTT_CA, a file in PEM.
    """
    if "://" not in where:
        return _checked(_read(Path(where)))
    if file := environment.get(_LOGIN):
        login = msgspec.structs.replace(_read(Path(file)), url=where)
    elif _USER in environment and _PASSWORD in environment:
        ca = environment.get(_CA)
        login = Login(
            url=where, user=environment[_USER], password=environment[_PASSWORD],
            ca=_text(Path(ca)) if ca else "",
        )  # fmt: skip
    else:
        _checked_url(where)
        raise ConfigError(
            "there are no credentials for the broker",
            hint=f"Give a login file instead of the address, or set {_LOGIN} to its path.",
        )
    return _checked(login)


def _read(path: Path) -> Login:
    try:
        return msgspec.convert(tomllib.loads(_text(path)), Login)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path} is not a login file: {error}", hint=_HINT) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"{path} cannot be read: {reason}", hint=_HINT) from None


def _checked(login: Login) -> Login:
    _checked_url(login.url)
    checked_name(login.user)
    return login


def _checked_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ConfigError(  # and without showing it
            "an address must not hold a name or password: others can see it in the process list",
            hint=f"Put them into a login file, or set {_USER} and {_PASSWORD}.",
        )
    try:
        known = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigError(f"{url!r} is not the address of a broker", hint=_HINT)
    if parts.scheme == "mqtt" and not _is_here(parts.hostname or ""):
        raise ConfigError(
            "body data do not travel unencrypted", hint=f"Write mqtts://{parts.hostname}."
        )


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
