"""The certificate beside the seal's key (签章证书): an authority's, or one made by the district.

One made here proves that a PDF was not changed; whose it is, a reader learns from the key's id
that the district publishes. An issued one, given in the settings, is trusted by itself.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from tongban import gb

__all__ = ["read_certificate", "self_made"]

# Fixed, so that the certificate depends on the key alone: every process makes the same one.
_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)
_UNTIL: Final = datetime(2050, 1, 1, tzinfo=UTC)


def read_certificate(path: Path) -> x509.Certificate:
    """Read a certificate from its PEM file."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def self_made(key: Ed25519PrivateKey, *, district: str) -> x509.Certificate:
    """Return a certificate for the district's seal, signed by its own key."""
    public = key.public_key()
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, gb.district(district).name),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{gb.district(district).name} 电子印章"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(int.from_bytes(public.public_bytes_raw()[:16]) or 1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, algorithm=None)
    )
