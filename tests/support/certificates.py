"""Authorities and certificates for TLS between districts, made for one test run."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

__all__ = ["Authority", "Certified"]


@dataclass(frozen=True)
class Certified:
    """The files of a certificate and its key, PEM."""

    certificate: Path
    key: Path


class Authority:
    """A private certificate authority, in files below `folder`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = _named(name)
        self._certificate = (
            _begun(subject, subject, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, SHA256())
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def certify(self, name: str) -> Certified:
        """Make a certificate for `name` at 127.0.0.1, for a server or a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        place = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        made = (
            _begun(_named(name), self._certificate.subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName([place]), critical=False)
            .sign(self._key, SHA256())
        )
        files = Certified(
            self._folder / f"{self._name}-{name}.pem", self._folder / f"{self._name}-{name}.key"
        )
        files.certificate.write_bytes(made.public_bytes(Encoding.PEM))
        files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files

    def trusting(self, shown: Certified | None = None) -> ssl.SSLContext:
        """Return a client's TLS that trusts this authority alone, and shows a certificate."""
        made = ssl.create_default_context(cafile=self.file)
        if shown is not None:
            made.load_cert_chain(shown.certificate, shown.key)
        return made


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
