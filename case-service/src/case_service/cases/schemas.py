"""What goes in and out over HTTP."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
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

from case_service.cases.rules import Action, Channel, Evidence, Handling, Outcome, Stage
from tongban import gb
from tongban.problems import field_fault
from tongban.texts import Code, Line, Paragraph

__all__ = [
    "ActionIn",
    "Agent",
    "Applicant",
    "CaseIn",
    "CaseRead",
    "CaseSummary",
    "ClockRead",
    "FileRead",
    "MaterialState",
    "ProgressIn",
    "ProgressRead",
    "TimelineRead",
    "Words",
]

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


class Agent(_Identified):
    """代办人: who acts for the applicant, with an authorisation."""

    name: Line
    relation: Line | None = None
    """与申请人关系"""


class MaterialIn(_In):
    """How one material is proven."""

    key: Code
    evidence: Evidence = Evidence.FILE


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


class Missing(_In):
    """One thing that a correction notice asks for."""

    material: Code | None = None
    what: Line


class ActionIn(_In):
    """What an action is told; each takes what it needs."""

    comment: Paragraph | None = None
    missing: Annotated[list[Missing], Field(max_length=50)] = Field(default_factory=list)
    """request_correction: 需补正的全部内容 / all that is missing, at once"""
    reason: Line | None = None
    """decline, decide (denied), withdraw: 理由"""
    reason_code: Code | None = None
    """decline: a code for statistics"""
    outcome: Literal["granted", "denied"] | None = None
    """decide: 准予或不予"""
    way: Code | None = None
    """deliver: window, post, online …"""
    outside_number: Line | None = None
    """decide, close: 外部系统办件编号"""
    form: FactMap | None = None
    """correct: 补正后的表单 / the corrected form"""


class Words(BaseModel):
    """The same in both languages."""

    zh: Annotated[str, Field(alias="zh-CN")]
    en: str

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class FileRead(BaseModel):
    """One uploaded file."""

    id: UUID
    file_name: str | None
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime


class MaterialState(BaseModel):
    """One material that applies: what it is proven by, and whether it is still missing."""

    key: str
    name: str
    necessity: str
    evidence: Evidence | None
    is_missing: bool
    files: list[FileRead]


class DocumentRef(BaseModel):
    """A document's number; its content is read from the documents' address."""

    id: UUID
    kind: str
    number: str


class MatterRef(BaseModel):
    """The matter that the case is about, in the version it goes by."""

    code: str
    name: str
    version: int
    handling: Handling
    owner_district: str


class CaseRead(BaseModel):
    """办件: a case as this caller may see it."""

    id: UUID
    number: str
    stage: Stage
    stage_name: Words
    actions: list[Action]
    """此刻您可以进行的操作 / what this caller can do now"""
    matter: MatterRef
    channel: Channel
    site_id: str | None
    ticket_id: UUID | None
    life_event: str | None
    applicant: dict[str, Any]
    agent: dict[str, Any] | None
    form: dict[str, Any]
    situation_answers: dict[str, Any]
    materials: list[MaterialState]
    missing: list[dict[str, Any]]
    documents: list[DocumentRef]
    licence_id: UUID | None
    licence_number: str | None
    submitted_at: datetime
    received_at: datetime | None
    accepted_at: datetime | None
    decided_at: datetime | None
    closed_at: datetime | None
    notice_due_on: date | None
    correction_due_on: date | None
    statutory_due_on: date | None
    promised_due_on: date | None
    issue_due_on: date | None
    forward_due_on: date | None
    is_provisional: bool
    outcome: Outcome | None
    reason: str | None
    outside_number: str | None
    exchange_id: UUID | None
    from_district: str | None
    near_number: str | None
    """代收区的办件编号 / the near district's number"""
    owner_number: str | None
    """事项所属区的办件编号 / the owner's number"""
    owner_stage: str | None
    forward_failed_reason: str | None
    received_notice: dict[str, Any] | None
    version: int


class CaseSummary(BaseModel):
    """A line of a list."""

    id: UUID
    number: str
    stage: Stage
    matter_code: str
    matter_name: str
    handling: Handling
    applicant_masked: str
    site_id: str | None
    owner_district: str
    owner_stage: str | None
    submitted_at: datetime
    promised_due_on: date | None
    statutory_due_on: date | None
    is_provisional: bool
    outcome: Outcome | None
    version: int


class TimelineRead(BaseModel):
    """One step; who took it is told to staff alone."""

    at: datetime
    action: str
    action_name: Words
    stage: Stage
    actor: str | None
    actor_role: str | None
    site_id: str | None
    comment: str | None
    facts: dict[str, Any]


class DayRead(BaseModel):
    """One day of the clock, and why it counts or not."""

    day: date
    is_counted: bool
    is_provisional: bool
    reason: Words


class ClockRead(BaseModel):
    """办理时限: by when what is due, day by day up to the promise."""

    starts_on: date | None
    notice_due_on: date | None
    correction_due_on: date | None
    statutory_due_on: date | None
    promised_due_on: date | None
    issue_due_on: date | None
    forward_due_on: date | None
    is_provisional: bool
    days: list[DayRead]


class ProgressIn(_In):
    """进度查询."""

    number: Annotated[str, Field(pattern=r"^[0-9]{21}$")]
    id_tail: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{4}$")]
    """证件号码或统一社会信用代码末四位"""


class ProgressStep(BaseModel):
    at: datetime
    name: Words


class ProgressRead(BaseModel):
    """How far a case is, without anything personal."""

    number: str
    matter_name: str
    stage: Stage
    stage_name: Words
    owner_stage: str | None
    submitted_at: datetime
    promised_due_on: date | None
    is_provisional: bool
    outcome: Outcome | None
    steps: list[ProgressStep]
