"""Documents as they go out."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.documents.wording import DocumentKind
from tongban.shapes import shape

__all__ = [
    "NUMBER",
    "DocumentStanding",
    "DocumentSummary",
    "IssuedBy",
    "SealedCopy",
    "SealedDocument",
]

NUMBER: Final = shape(
    r"^[0-9]{6}-[A-Z]{2}-[0-9]{4}-[0-9]{6,12}$",
    zh="文号，如 610171-SJ-2026-000123",
    en="a document's number, like 610171-SJ-2026-000123",
)
"""The shape of a document's number (文号)."""


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


class SealedCopy(SealedDocument):
    """A document's JSON as somebody holds it; whatever was added to it counts too."""

    model_config = ConfigDict(extra="allow")

    number: Annotated[str, Field(pattern=NUMBER, examples=["610171-SJ-2026-000123"])]


class DocumentStanding(BaseModel):
    """文书查验结果: nothing in it tells of a person."""

    is_genuine: bool
    """文号与摘要相符，文书未被改动 / number and digest fit: it is ours, unchanged"""
    number: str | None = None
    kind: DocumentKind | None = None
    title: dict[str, str] | None = None
    issued_by: IssuedBy | None = None
    issued_at: datetime | None = None
    sha256: str | None = None
    seal: str | None = Field(None, description="电子印章：JWS 紧凑格式 / compact JWS, alg Ed25519")
