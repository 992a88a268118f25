"""The seal as a thing that signs (签章): an interface, and the district's own key behind it.

Another seal, such as a provincial sealing service's, is another class with the same members.
"""

import asyncio
import io
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import Certificate
from joserfc import jws
from joserfc.jwk import OKPKey

from case_service.seals.certificate import read_certificate, self_made
from tongban.context import Context, read_private_key

if TYPE_CHECKING:
    from pyhanko.sign.signers import SimpleSigner

__all__ = ["ALGORITHM", "LocalSeal", "Seal", "seal_of"]

ALGORITHM: Final = "Ed25519"


class Seal(Protocol):
    """What seals: it signs a document's claims, and the paper they are set on."""

    @property
    def key_id(self) -> str:
        """The key's id, as the district publishes it."""
        ...

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public key that its signatures are verified with."""
        ...

    async def sign(self, claims: bytes, *, typ: str | None = None) -> str:
        """Return the compact JWS over `claims`; `typ` is told in its header where it has one."""
        ...

    async def sign_pdf(self, pdf: bytes, *, reason: str) -> bytes:
        """Return `pdf` with a PAdES signature over every byte of it."""
        ...


class LocalSeal:
    """A seal whose Ed25519 key lies in a file of this service."""

    def __init__(
        self, key: OKPKey, *, district: str, certificate: Certificate | None = None
    ) -> None:
        private = key.private_key
        if not isinstance(private, Ed25519PrivateKey):
            raise TypeError("the seal signs with an Ed25519 key")
        self._key, self._private = key, private
        stem = f"{district}-seal"
        named = key.kid is not None and key.kid.startswith(stem)
        self._key_id = str(key.kid) if named else f"{stem}-{key.thumbprint()[:12]}"
        self.certificate = certificate or self_made(private, district=district)

    @property
    def key_id(self) -> str:
        return self._key_id

    @property
    def public_jwk(self) -> dict[str, Any]:
        return {**self._key.as_dict(private=False), "kid": self._key_id}

    async def sign(self, claims: bytes, *, typ: str | None = None) -> str:
        header = {"alg": ALGORITHM, "kid": self._key_id}
        if typ is not None:
            header["typ"] = typ
        # About 0.1 ms: less than handing it to a thread costs.
        return jws.serialize_compact(header, claims, self._key, algorithms=[ALGORITHM])

    async def sign_pdf(self, pdf: bytes, *, reason: str) -> bytes:
        return await asyncio.to_thread(self._sign_pdf, pdf, reason)

    @cached_property
    def _signer(self) -> "SimpleSigner":
        return _pdf_signer(self._private, self.certificate)

    def _sign_pdf(self, pdf: bytes, reason: str) -> bytes:
        # A tenth of what a process imports at its start, for what few of them do: here, in its
        # thread, when it is first asked for.
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import fields, signers

        told = signers.PdfSignatureMetadata(
            field_name="Seal",
            md_algorithm="sha512",
            reason=reason,
            subfilter=fields.SigSeedSubFilter.PADES,
            # A certified document: no change at all is allowed after it.
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        )
        signed = io.BytesIO()
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        signers.PdfSigner(told, self._signer).sign_pdf(writer, output=signed)
        return signed.getvalue()


def seal_of(context: Context) -> Seal:
    """Return the seal that this process was given, else the one in its key file."""
    given: Seal | None = context.resources.get("seal")
    settings = context.settings
    return given or _local(
        settings.seal_key_file, settings.seal_certificate_file, settings.district
    )


@cache
def _local(key_file: Path, certificate_file: Path | None, district: str) -> LocalSeal:
    certificate = read_certificate(certificate_file) if certificate_file else None
    return LocalSeal(read_private_key(key_file), district=district, certificate=certificate)


def _pdf_signer(key: Ed25519PrivateKey, certificate: Certificate) -> "SimpleSigner":
    from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    raw = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SimpleSigner(
        next(iter(load_certs_from_pemder_data(certificate.public_bytes(Encoding.DER)))),
        load_private_key_from_pemder_data(raw, passphrase=None),
        SimpleCertificateStore(),  # type: ignore[no-untyped-call]  # not annotated there
    )
