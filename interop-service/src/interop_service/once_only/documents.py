"""The sealed documents that are evidence: fit to be offered, previewed, and the one previewed."""

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from interop_service.once_only.schemas import Preview
from interop_service.recognitions.rules import Objection
from interop_service.recognitions.seals import SealedDocument, seal_fault

__all__ = ["digest_of", "fault_of", "preview_of"]


def fault_of(
    document: Mapping[str, Any], *, issuer: str, seals: Mapping[str, OKPKey]
) -> Objection | None:
    """Return what is wrong with a document as its issuer's evidence."""
    try:
        read = SealedDocument.model_validate(document)
    except ValidationError:
        return Objection.MALFORMED
    if read.issued_by.district != issuer:
        return Objection.OTHER_ISSUER
    return seal_fault(document, seals)


def preview_of(document: Mapping[str, Any]) -> Preview:
    """Return what the applicant may see before he has said yes: no holder, no content."""
    read = SealedDocument.model_validate(document)
    return Preview(
        number=_masked(read.number),
        kind=read.kind,
        name=_text(document.get("name")),
        issued_by={
            name: value
            for name, value in document["issued_by"].items()
            if name in ("district", "body")
        },
        valid_from=_text(document.get("valid_from")),
        valid_until=_text(document.get("valid_until")),
        sha256=digest_of(document),
    )


def digest_of(document: Mapping[str, Any]) -> str:
    """Return SHA-256 of the document's canonical JSON (RFC 8785), in hex."""
    return hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


def _masked(number: str) -> str:
    return number if len(number) <= 8 else f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
