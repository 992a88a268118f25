"""Rows of recognitions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.recognitions.rules import DocumentKind, RecognitionState
from tongban.db import Record, Sequenced

__all__ = ["Recognition"]


class Recognition(Record, Sequenced, InteropTables):
    """等效互认: whether a document that came back with an exchange counts here."""

    __tablename__ = "recognitions"

    exchange_id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[DocumentKind]
    issuer_district: Mapped[str]
    number: Mapped[str]
    state: Mapped[RecognitionState]
    reasons: Mapped[list[Any]]
    at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
