"""What an application is (申请内容): who applies, for what, with which answers and evidence."""

import re
from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from case_service.cases.rules import Channel, Evidence
from tongban import gb
from tongban.problems import field_fault
from tongban.texts import Code, Line, Paragraph

__all__ = ["Agent", "Applicant", "CaseIn", "EarlierLicence", "FactMap", "MaterialIn", "Phone"]

_PHONE = re.compile(r"\+?[0-9][0-9 -]{4,19}")
_IDENTITY_FAULTS = {
    "length": ("证件号码位数不对，请核对", "the number has the wrong length: check it"),
    "characters": ("证件号码含有不应有的字符，请核对", "the number has wrong characters: check it"),
    "birth_date": ("证件号码中的出生日期有误，请核对", "the birth date in it is wrong: check it"),
    "check_digit": ("证件号码校验位不符，请逐位核对", "its check digit is wrong: check each digit"),
}


def _phone(number: str) -> str:
    if not _PHONE.fullmatch(number):
        raise field_fault(
            "phone", zh="电话号码有误，可不填", en="not a phone number; it may be left out"
        )
    return number


Phone = Annotated[Line, AfterValidator(_phone)]
FactValue = (
    StrictBool
    | Annotated[StrictInt, Field(ge=-(2**53), le=2**53)]
    | Annotated[StrictFloat, Field(allow_inf_nan=False)]
    | Annotated[Paragraph, Field(max_length=2000)]
)
FactMap = Annotated[dict[Code, FactValue], Field(max_length=200)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Identified(_In):
    identity_kind: gb.IdentityKind = gb.IdentityKind.RESIDENT_IDENTITY_CARD
    """证件类型"""
    identity_number: Annotated[Line | None, Field(validate_default=True)] = None
    """证件号码"""
    phone: Phone | None = None
    """电话，可不填 / never required"""

    @field_validator("identity_number")
    @classmethod
    def _number_can_be_right(cls, number: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("identity_kind")
        if number is None or kind is None:
            return number
        try:
            return gb.check_document(kind, number)
        except gb.InvalidIdentityNumber as fault:
            zh, en = _IDENTITY_FAULTS[fault.reason]
            raise field_fault(fault.reason, zh=zh, en=en) from None


class Applicant(_Identified):
    """申请人: a person or an enterprise."""

    kind: Literal["person", "enterprise"]
    name: Line
    credit_code: Annotated[Line | None, Field(validate_default=True)] = None
    """统一社会信用代码"""
    legal_representative: Line | None = None
    """法定代表人"""
    address: Line | None = None
    language: Literal["zh-CN", "en"] | None = None
    """通知语言 / the language of his notices"""

    @field_validator("credit_code")
    @classmethod
    def _code_can_be_right(cls, code: str | None, info: ValidationInfo) -> str | None:
        if code is None:
            if info.data.get("kind") == "enterprise":
                raise field_fault(
                    "missing",
                    zh="企业申请须填统一社会信用代码",
                    en="an enterprise needs its credit code",
                )
            return None
        try:
            return gb.check_credit_code(code)
        except gb.InvalidCreditCode:
            raise field_fault(
                "credit_code",
                zh="统一社会信用代码有误，请逐位核对",
                en="not a valid unified social credit code: check each character",
            ) from None

    @model_validator(mode="after")
    def _person_is_identified(self) -> Self:
        if self.kind == "person" and self.identity_number is None:
            raise field_fault(
                "identity_missing",
                zh="个人申请须填证件号码 identity_number",
                en="a person needs an identity_number",
            )
        return self


class AgentAuthority(_In):
    """授权委托: the paper by which the agent acts."""

    evidence: Line
    """委托书编号"""
    scope: Line | None = None
    """授权范围，如书面所载 / as the paper says"""
    until: date
    """有效期至"""


class Agent(_Identified):
    """代办人: who acts for the applicant, with an authorisation."""

    name: Line
    relation: Line | None = None
    """与申请人关系"""
    authority: AgentAuthority | None = None
    """授权委托；网上代办请用 authority_id / online the case's authority_id says it"""


class MaterialIn(_In):
    """How one material is proven."""

    key: Code
    evidence: Evidence = Evidence.FILE


class EarlierLicence(_In):
    """本平台启用前核发的证照: on paper or elsewhere; the window holds it to the original."""

    number: Line
    """证照编号"""
    valid_from: date
    valid_until: date | None = None
    """有效期至，长期有效则不填 / none where it has no end"""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise field_fault(
                "order",
                zh="证照的截止日期早于起始日期，请核对",
                en="the licence ends before it begins: check its dates",
            )
        return self


class CaseIn(_In):
    """申请."""

    matter_code: Code
    applicant: Applicant
    agent: Agent | None = None
    form: FactMap = Field(default_factory=dict)
    situation_answers: FactMap = Field(default_factory=dict)
    materials: Annotated[list[MaterialIn], Field(max_length=100)] = Field(default_factory=list)
    site_id: Code | None = None
    ticket_id: UUID | None = None
    channel: Channel | None = None
    """缺省：窗口人员为 window，其他为 online"""
    life_event: Code | None = None
    applicant_subject: Line | None = None
    """申请人的平台账号，由工作人员代录时可填 / the applicant's account, where staff enter it"""
    authority_id: UUID | None = None
    """亲友代办或委托代理时的授权编号 / by which authority an agent applies for somebody"""
    confirm_duplicate: bool = False
    """同一申请人的同一事项已有在办件，仍要申请 / one more, though one of this matter is open"""
    predecessor_id: UUID | None = None
    """变更、延续或补证的证照 / the licence to be varied, renewed or issued again"""
    earlier_licence: EarlierLicence | None = None
    """同上，但该证照不是由本平台核发的 / the same, where it was not issued here"""
