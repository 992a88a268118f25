"""Licences as they come in and go out."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from case_service.documents.schemas import IssuedBy
from case_service.licences.vocabulary import (
    EndGround,
    LicenceAct,
    LicenceOperation,
    LicenceState,
    Standing,
)
from tongban.shapes import shape
from tongban.texts import Line, Statement

__all__ = [
    "Ended",
    "Ending",
    "LicenceRead",
    "LicenceStatus",
    "LicenceSummary",
    "LicenceVerified",
    "RedeemIn",
    "Revocation",
    "SealedLicence",
    "ShowCodeMade",
    "Withdrawal",
]


class StatusListPlace(BaseModel):
    """Where a licence's bit is in a Token Status List."""

    idx: int = Field(examples=[45])
    uri: str


class LicenceStatus(BaseModel):
    """可离线查验的状态: how a verifier learns, from a cached list, that a licence still stands."""

    status_list: StatusListPlace


class SealedLicence(BaseModel):
    """A licence as it was handed out; the seal covers every letter of it."""

    number: str = Field(examples=["610171-ZZ-2026-000045"])
    kind: Literal["licence"] | None = None
    verification_code: str
    licence_type: str
    name: str
    issued_by: IssuedBy
    case_number: str
    holder: dict[str, str]
    # Text, not dates: to write them another way would break the seal.
    valid_from: str
    valid_until: str | None
    status: LicenceStatus | None = None
    seal: str = Field(description="电子印章：JWS 紧凑格式 / compact JWS, alg Ed25519")

    @model_serializer(mode="wrap")
    def _as_sealed(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what an older licence does not have: an added null would break the seal."""
        told: dict[str, Any] = handler(self)
        later = ("kind", "status")
        return {name: value for name, value in told.items() if value or name not in later}


class LicenceSummary(BaseModel):
    """A licence in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    case_id: UUID
    number: str
    verification_code: str
    licence_type: str
    name: str
    operation: LicenceOperation
    predecessor_id: UUID | None
    standing: Standing
    valid_from: date
    valid_until: date | None
    deemed_renewed_on: date | None


class Ended(BaseModel):
    """How a licence was ended."""

    at: datetime
    ground: EndGround | None
    reason: str
    compensation: str | None
    struck_off_at: datetime | None


class LicenceRead(LicenceSummary):
    """A licence for its holder, or for who works with it."""

    state: LicenceState
    issued_at: datetime
    invalid_from: date | None = Field(description="自何日起失效 / from when it is void")
    ended: Ended | None
    actions: list[LicenceAct] = Field(description="现在可以进行的操作 / what would end it now")
    document: SealedLicence


class LicenceVerified(BaseModel):
    """What anybody is told who is shown a licence: enough to believe it, and no more."""

    standing: Standing
    number: str | None = None
    licence_type: str | None = None
    name: str | None = None
    issued_by: IssuedBy | None = None
    holder: str | None = Field(default=None, description="持证人（已脱敏）/ masked")
    valid_from: date | None = None
    valid_until: date | None = None
    invalid_from: date | None = None
    ended_at: datetime | None = None
    seal: str | None = Field(
        default=None, description="对整份证照规范化摘要的签名 / the seal over the whole licence"
    )


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Revocation(_In):
    """Why a licence is revoked: by which penalty."""

    reason: Line


class Ending(_In):
    """Why a licence is ended."""

    ground: EndGround
    """法定情形"""
    reason: Line


class Withdrawal(Ending):
    """Why a licence is withdrawn, and what its holder is paid for it."""

    compensation: Statement
    """对持证人的补偿 / how the holder's loss is made good"""


class ShowCodeMade(BaseModel):
    """亮证码: shown to a window, within a minute."""

    code: str = Field(examples=["7K2M9QXA"])
    expires_at: datetime


SHOWN_CODE = shape(
    r"^[0-9A-Za-z-]{8,12}$",
    zh="亮证码，8 位字母和数字",
    en="the 8 letters and digits that the holder shows",
)


class RedeemIn(_In):
    """A code that a holder shows."""

    code: Annotated[str, Field(pattern=SHOWN_CODE)]
