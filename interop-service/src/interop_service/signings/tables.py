"""Rows of signatures."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from interop_service.database import InteropTables
from tongban.db import Record

__all__ = ["AgreementSignature"]


class AgreementSignature(Record, InteropTables):
    """协议签署: one district's word on one version of an agreement; never changed."""

    __tablename__ = "agreement_signatures"
    __table_args__ = (UniqueConstraint("code", "digest", "by"),)

    code: Mapped[str]
    digest: Mapped[str]
    """SHA-256 of the canonical terms, in hex: it names the version."""
    by: Mapped[str]
    terms: Mapped[dict[str, Any]]
    signature: Mapped[str]
    """A compact JWS over the canonical terms (RFC 8785)."""
    at: Mapped[datetime]
