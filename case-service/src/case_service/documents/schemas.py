"""Documents as they go out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.documents.wording import DocumentKind

__all__ = ["DocumentSummary", "IssuedBy", "SealedDocument"]


class DocumentSummary(BaseModel):
    """A document in the list of a case's documents."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str = Field(examples=["610171-SJ-2026-000123"])
    kind: DocumentKind
    issued_at: datetime
    sha256: str = Field(description="RFC 8785 规范化后的摘要 / digest of the canonical JSON")


class IssuedBy(BaseModel):
    """Who issued it."""

    district: str
    body: str


class SealedDocument(BaseModel):
    """A document as it was handed out; the seal covers every letter of it."""

    number: str
    kind: DocumentKind
    title: dict[str, str]
    issued_by: IssuedBy
    # Text, not a time: to write it another way would break the seal.
    issued_at: str
    case_number: str
    facts: dict[str, Any]
    lines: dict[str, list[str]]
    seal: str = Field(description="电子印章：JWS 紧凑格式 / compact JWS, alg Ed25519")
