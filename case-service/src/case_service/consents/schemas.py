"""Consents as they come in and go out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.consents.rules import ConsentWay, Purpose
from case_service.people.schemas import PersonRef
from tongban.instants import Instant
from tongban.texts import Code, Line

__all__ = ["ConsentIn", "ConsentRead", "RecordedConsentIn"]


class ConsentIn(BaseModel):
    """What I agree to."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose
    scope: Annotated[list[Code], Field(max_length=100)] = Field(
        default_factory=list, description="范围，空为该目的全部 / empty for all of the purpose"
    )
    expires_at: Instant | None = Field(default=None, description="有效期 / until when")
    is_revocable: bool = Field(default=True, description="可否撤回 / whether it can be taken back")


class RecordedConsentIn(ConsentIn):
    """What a person agrees to before a clerk."""

    person: PersonRef
    subject: Line | None = Field(default=None, description="平台账号，如有 / his account, if any")
    way: ConsentWay
    evidence: Line = Field(description="留存凭证编号 / number of the paper or print that is kept")


class ConsentRead(BaseModel):
    """A consent on record."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    purpose: Purpose
    scope: list[str]
    way: ConsentWay
    evidence: str | None
    given_at: datetime
    expires_at: datetime | None
    is_revocable: bool
    revoked_at: datetime | None
