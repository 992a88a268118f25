"""Seals as they go in and out."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from case_service.documents.wording import DocumentKind
from case_service.seals.rules import SEALED_KINDS, SealState
from tongban.problems import field_fault
from tongban.texts import Line

__all__ = ["AuthorisationIn", "AuthorisationRead", "KeepersIn", "SealRead", "SealUseRead"]

SealedKind = DocumentKind | Literal["licence"]


class SealRead(BaseModel):
    """印章: a seal on the register."""

    id: UUID
    name: str
    keepers: list[str]
    state: SealState
    key_id: str = Field(description="签章密钥编号 / id of the key it signs with")
    version: int


class KeepersIn(BaseModel):
    """Who keeps the seal from now on."""

    model_config = ConfigDict(extra="forbid")

    keepers: Annotated[list[Line], Field(min_length=1, max_length=20)]
    """保管人账号 / the keepers' accounts"""
    state: SealState = SealState.ACTIVE


class AuthorisationIn(BaseModel):
    """用印授权: what is sealed by itself, from when until when."""

    model_config = ConfigDict(extra="forbid")

    kinds: Annotated[list[SealedKind], Field(min_length=1, max_length=len(SEALED_KINDS))]
    from_on: date
    until_on: date | None = None
    """最后一日；缺省为撤销之前一直有效 / the last day; without one, until it is revoked"""
    case_id: UUID | None = None
    """仅限该办件 / for this case alone"""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until_on is not None and self.until_on < self.from_on:
            raise field_fault(
                "until_on",
                zh="until_on 不能早于 from_on，请核对起止日期",
                en="until_on may not be before from_on: check both days",
            )
        return self


class AuthorisationRead(BaseModel):
    """A keeper's authorisation, and whether it was revoked."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    seal_id: UUID
    kinds: list[str]
    from_on: date
    until_on: date | None
    case_id: UUID | None
    given_by: str
    given_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None


class SealUseRead(BaseModel):
    """用印记录: one use of the seal."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    document_id: UUID | None
    licence_id: UUID | None
    authorisation_id: UUID | None
    key_id: str | None
    by: str
    at: datetime
