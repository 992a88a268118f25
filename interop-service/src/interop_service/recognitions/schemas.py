"""Recognitions as they go out."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from interop_service.recognitions.rules import DocumentKind, Objection, RecognitionState

__all__ = ["RecognitionRead"]


class RecognitionRead(BaseModel):
    """Whether a partner's document counts here, and if not, why."""

    model_config = ConfigDict(from_attributes=True)

    exchange_id: UUID
    kind: DocumentKind
    issuer_district: str
    number: str
    state: RecognitionState
    reasons: list[Objection]
    at: datetime
