"""What a person asks about himself, and what he is answered."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from case_service.cases.schemas import Words
from case_service.notices.languages import Language
from case_service.people.rules import Kept, PersonRequest
from tongban import gb
from tongban.problems import field_fault
from tongban.texts import Line

__all__ = [
    "ErasureRead",
    "ExportRead",
    "KeptRead",
    "OnBehalfIn",
    "PersonRef",
    "PersonRequestRead",
    "PreferenceIn",
    "PreferenceRead",
]


class PersonRef(BaseModel):
    """A person or a firm, by the number that identifies him; it is kept as a blind index."""

    model_config = ConfigDict(extra="forbid")

    identity_kind: gb.IdentityKind = gb.IdentityKind.RESIDENT_IDENTITY_CARD
    identity_number: Line | None = Field(default=None, description="证件号码")
    credit_code: Line | None = Field(default=None, description="统一社会信用代码")

    @field_validator("credit_code")
    @classmethod
    def _code_can_be_right(cls, code: str | None) -> str | None:
        try:
            return code and gb.check_credit_code(code)
        except gb.InvalidCreditCode:
            raise field_fault(
                "credit_code", zh="统一社会信用代码有误，请逐位核对", en="check each character"
            ) from None

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if (self.identity_number is None) == (self.credit_code is None):
            raise field_fault(
                "one_number",
                zh="请填写证件号码或统一社会信用代码之一",
                en="give either an identity number or a credit code",
            )
        if self.identity_number is not None:
            try:
                self.identity_number = gb.check_document(self.identity_kind, self.identity_number)
            except gb.InvalidIdentityNumber:
                raise field_fault(
                    "identity_number", zh="证件号码有误，请逐位核对", en="check each character"
                ) from None
        return self

    @property
    def number(self) -> str:
        """What a case's blind index is made of."""
        return self.credit_code or self.identity_number or ""


class OnBehalfIn(BaseModel):
    """A person's request that a clerk records for him."""

    model_config = ConfigDict(extra="forbid")

    person: PersonRef
    subject: Line | None = Field(default=None, description="平台账号，如有 / his account, if any")
    evidence: Line = Field(description="书面申请编号 / number of his written request")


class PreferenceIn(BaseModel):
    """How I want to be told."""

    model_config = ConfigDict(extra="forbid")

    language: Language


class PreferenceRead(BaseModel):
    """How an account is told."""

    language: Language


class KeptRead(BaseModel):
    """What the law keeps, and why."""

    what: Annotated[str, Field(description="case, consent, enquiry")]
    number: str | None
    reason: Kept
    explained: Words
    until: date | None = Field(description="保存至，其后可删除 / erased on request after it")


class ErasureRead(BaseModel):
    """What was erased, and what the law keeps."""

    id: UUID
    at: datetime
    erased: dict[str, int]
    kept: list[KeptRead]


class PersonRequestRead(BaseModel):
    """One request on record."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    request: PersonRequest
    at: datetime
    erased: dict[str, int]


class ExportRead(BaseModel):
    """Everything kept about one person, unmasked: for him alone."""

    at: datetime
    account: str | None
    preferences: PreferenceRead | None
    cases: list[dict[str, Any]]
    licences: list[dict[str, Any]]
    drafts: list[dict[str, Any]]
    ratings: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    enquiries: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    authorities: list[dict[str, Any]]
    requests: list[PersonRequestRead]
    is_whole: bool = Field(description="是否完整；超出单次上限时为否 / false past the limit")
