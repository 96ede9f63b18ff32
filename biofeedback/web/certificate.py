"""A certificate of our own, made on the spot for other devices of the same network."""

from __future__ import annotations

import socket
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from biofeedback.common.clock import utc_now
from biofeedback.common.errors import FolderError
from biofeedback.storage.files import general_name, pem_of, replace
from biofeedback.storage.inventory import CERTIFICATE
from biofeedback.web.server import Certificate

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["names_of_this_computer", "own"]

_DAYS = 397  #: the longest that browsers accept
_RENEW_DAYS = 30


def names_of_this_computer() -> list[str]:
    """Return the addresses and names under which others may reach this computer."""
    names = [socket.gethostname(), f"{socket.gethostname()}.local"]
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a documentation address: nothing is sent
        names.insert(0, str(probe.getsockname()[0]))
    return [name.lower() for name in dict.fromkeys((*names, "localhost", "127.0.0.1"))]


def own(host: str | None) -> tuple[Certificate, str]:
    """Return our certificate's files and its SHA-256 fingerprint; made anew when it no longer fits.

    It is kept, so that a browser that was told to trust it once recognises it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    folder = CERTIFICATE.path
    files = Certificate(folder / "certificate.pem", folder / "key.pem")
    names = [*([host.lower()] if host else []), *names_of_this_computer()]
    try:
        known = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    except (OSError, ValueError):
        known = None
    if known is None or not files.key.is_file() or not _fits(known, names):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            known = _make(files, names)
        except OSError as error:
            raise FolderError(f"{folder} cannot be written: {error.strerror}") from error
    return files, known.fingerprint(hashes.SHA256()).hex(":").upper()


def _fits(certificate: x509.Certificate, names: list[str]) -> bool:
    from cryptography import x509

    left = certificate.not_valid_after_utc - utc_now()
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    held = {str(name.value) for name in found}
    return left > timedelta(days=_RENEW_DAYS) and set(names) <= held


def _make(files: Certificate, names: list[str]) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "biofeedback")])
    now = utc_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(key, hashes.SHA256())
    )
    replace(files.key, pem_of(key))
    replace(files.certificate, certificate.public_bytes(serialization.Encoding.PEM))
    return certificate
