"""Publications as everybody reads them."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.licences.vocabulary import LicenceDecision

__all__ = ["PublicationRead"]


class PublicationRead(BaseModel):
    """行政许可决定公示."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    licence_number: str
    licence_type: str
    licence_name: str
    matter_name: str
    decision: LicenceDecision
    holder: str = Field(description="行政相对人；自然人已脱敏 / a person is masked")
    credit_code: str | None
    body: str = Field(description="许可机关 / who decided")
    decided_on: date
    valid_from: date
    valid_until: date | None
    published_at: datetime
