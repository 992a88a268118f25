"""What a seal is put to, and under whose word (用印规则).

A keeper's standing authorisation names kinds of documents and days; under it the platform seals by
itself. Without one, only a keeper's own act brings the seal down.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

import rfc8785

from case_service.documents.wording import DocumentKind

__all__ = ["LICENCE", "SEALED_KINDS", "Authority", "SealState", "claims_of"]

LICENCE: Final = "licence"
SEALED_KINDS: Final = (*(kind.value for kind in DocumentKind), LICENCE)
"""All that carries the seal: each kind of document, and licences (电子证照)."""


class SealState(StrEnum):
    """What state a seal is in."""

    ACTIVE = "active"  # 启用
    SUSPENDED = "suspended"  # 停用


@dataclass(frozen=True, slots=True)
class Authority:
    """Under which seal and whose word one use is made."""

    seal_id: UUID
    authorisation_id: UUID | None
    """The standing authorisation; null where a keeper seals by his own hand."""


def claims_of(number: str, sha256: str) -> bytes:
    """Return what a seal signs: a document's number and digest, as canonical JSON."""
    return rfc8785.dumps({"number": number, "sha256": sha256})
