"""Everything that a mosquitto broker of one's own needs, in one folder, and its users.

`mosquitto.conf` `passwords` `rules` `ca.pem` `ca-key.pem` `broker.pem` `broker-key.pem`, and in
`logins/` a file for each user, to be taken to where it is used. The key of the authority stays.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from biofeedback.common.clock import utc_now
from biofeedback.common.errors import ConfigError, FolderError
from biofeedback.mqtt import address
from biofeedback.mqtt.messages import LARGEST
from biofeedback.mqtt.topics import Role, checked_name, rules
from biofeedback.storage.files import general_name, pem_of, replace

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["CONF", "add", "create", "revoke", "users"]

CONF = "mosquitto.conf"
_PASSWORDS, _RULES, _CA, _BROKER, _URL = "passwords", "rules", "ca", "broker", "url"
_CA_DAYS, _BROKER_DAYS = 3650, 825
_MARK = "# user "


def create(folder: Path, host: str, port: int, listen: str = "") -> Path:
    """Make the folder of a broker that others reach as `host`; return its configuration.

    `listen` is the address it binds to, "" for all. Raises `FolderError` for a folder that is one
    already: nothing is overwritten.
    """
    if (folder / CONF).exists():
        raise FolderError(
            f"{folder} is a broker's folder already",
            hint="Add people with `mqtt add`, or choose another folder.",
        )
    folder = folder.resolve()
    if any(character.isspace() for character in str(folder)):
        raise FolderError(f"{folder} has a space in it", hint="mosquitto's settings take none.")
    try:
        for part in (folder, folder / "logins", folder / "data"):
            part.mkdir(parents=True, exist_ok=True, mode=0o700)
        _certificates(folder, host)
        for name in (_PASSWORDS, _RULES):
            replace(folder / name, b"")
        replace(folder / _URL, f"mqtts://{host}:{port}\n".encode())
        replace(folder / CONF, _conf(folder, port, listen).encode())
    except OSError as error:
        raise FolderError(f"{folder} cannot be written: {error.strerror}") from error
    return folder / CONF


def add(folder: Path, name: str, role: Role) -> Path:
    """Add a user with a new password, or give a known one a new password; return the login file."""
    checked_name(name)
    known = users(folder)
    try:
        login = folder / "logins" / f"{name}.toml"
        password = address.made()
        lines = {
            "url": (folder / _URL).read_text(encoding="utf-8").strip(),
            "user": name, "role": role, "password": password,
            "ca": (folder / f"{_CA}.pem").read_text(encoding="utf-8"),
        }  # fmt: skip
        replace(login, "".join(f"{k} = {json.dumps(v)}\n" for k, v in lines.items()).encode())
        _set_password(folder, name, address.sealed(password))
        _set_rules(folder, {**known, name: role})
    except OSError as error:
        raise FolderError(f"{folder} cannot be written: {error.strerror}") from error
    return login


def revoke(folder: Path, name: str) -> None:
    """Take a user away; the broker must read its files again for it to act."""
    known = users(folder)
    if name not in known:
        raise ConfigError(
            f"there is no user {name!r}", hint=f"There are: {', '.join(known) or 'none yet'}."
        )
    del known[name]
    try:
        _set_password(folder, name, None)
        _set_rules(folder, known)
        (folder / "logins" / f"{name}.toml").unlink(missing_ok=True)
    except OSError as error:
        raise FolderError(f"{folder} cannot be written: {error.strerror}") from error


def users(folder: Path) -> dict[str, Role]:
    """Return the users of a broker and their roles."""
    try:
        text = (folder / _RULES).read_text(encoding="utf-8")
    except OSError as error:
        raise FolderError(
            f"{folder} is no broker's folder", hint="Make one: biofeedback mqtt setup DIR"
        ) from error
    known: dict[str, Role] = {}
    for line in text.splitlines():
        if line.startswith(_MARK):
            name, _, role = line.removeprefix(_MARK).partition(" ")
            known[name] = role  # type: ignore[assignment]
    return known


def _set_password(folder: Path, name: str, sealed: str | None) -> None:
    path = folder / _PASSWORDS
    lines = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.partition(":")[0] != name
    ]
    lines += [f"{name}:{sealed}"] if sealed else []
    replace(path, "".join(f"{line}\n" for line in lines).encode())


def _set_rules(folder: Path, known: dict[str, Role]) -> None:
    lines: list[str] = []
    for name, role in known.items():
        lines += [f"{_MARK}{name} {role}", f"user {name}", *rules(name, role), ""]
    replace(folder / _RULES, "\n".join(lines).encode())


def _conf(folder: Path, port: int, listen: str) -> str:
    lines = [
        "# A broker for biofeedback: encrypted, nobody without a password, each to their topics.",
        f"listener {port} {listen}".strip(),
        f"certfile {folder / _BROKER}.pem",
        f"keyfile {folder / _BROKER}-key.pem",
        "tls_version tlsv1.2",
        "allow_anonymous false",
        f"password_file {folder / _PASSWORDS}",
        f"acl_file {folder / _RULES}",
        "# Without it a message may wait 40 ms for the one before it.",
        "set_tcp_nodelay true",
        f"max_packet_size {LARGEST + 1024}",
        "max_queued_messages 10000",
        "max_inflight_messages 100",
        "persistence true",
        f"persistence_location {folder / 'data'}{os.sep}",
        f"pid_file {folder / 'data' / 'mosquitto.pid'}",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        lines += ["# Who made these files, and alone may read them.", "user root"]
    return "\n".join(lines) + "\n"


def _certificates(folder: Path, host: str) -> None:
    """Make an authority, and the broker's certificate signed by it."""
    try:
        from cryptography import x509
    except ImportError as error:
        raise ConfigError(
            "certificates need more than is installed (cryptography)",
            hint="pip install 'biofeedback[mqtt]'",
        ) from error
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    authority, key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    named = _named("biofeedback broker authority")
    own = (
        _certificate(named, authority, named, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(_usage(signs=True), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), False)
    )
    names = [general_name(name) for name in dict.fromkeys((host, "localhost", "127.0.0.1"))]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    broker = (
        _certificate(_named("biofeedback broker"), key, named, _BROKER_DAYS)
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(_usage(signs=False), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(issuer, False)
    )
    _write_pair(folder, _CA, own, authority, authority)
    _write_pair(folder, _BROKER, broker, key, authority)


def _certificate(
    subject: x509.Name, key: EllipticCurvePrivateKey, issuer: x509.Name, days: int
) -> x509.CertificateBuilder:
    from cryptography import x509

    now = utc_now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _write_pair(
    folder: Path,
    name: str,
    certificate: x509.CertificateBuilder,
    key: EllipticCurvePrivateKey,
    signer: EllipticCurvePrivateKey,
) -> None:
    from cryptography.hazmat.primitives import hashes, serialization

    replace(folder / f"{name}-key.pem", pem_of(key))
    signed = certificate.sign(signer, hashes.SHA256())
    replace(folder / f"{name}.pem", signed.public_bytes(serialization.Encoding.PEM))


def _usage(*, signs: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _named(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
