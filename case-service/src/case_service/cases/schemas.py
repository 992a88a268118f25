"""What goes in and out over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.cases.case_body import Agent, Applicant, CaseIn
from case_service.cases.moves import Light
from case_service.cases.rules import (
    Action,
    Channel,
    Evidence,
    Handling,
    Opinion,
    Outcome,
    Relation,
    Stage,
)
from case_service.materials.rules import MaterialOrigin
from case_service.shapes import CASE_NUMBER, ID_TAIL

__all__ = [
    "Agent",
    "Applicant",
    "CaseIn",
    "CaseRead",
    "CaseSummary",
    "FileRead",
    "JointReview",
    "MaterialState",
    "ProgressIn",
    "ProgressRead",
    "RelatedCase",
    "ReviewRead",
    "TimelineRead",
    "Words",
]


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
    origin: MaterialOrigin = MaterialOrigin.UPLOAD
    """upload 或 reuse（复用）"""


class ProofRead(BaseModel):
    """A licence that stands for a material, as it was found in the store."""

    licence_id: UUID
    licence_number: str
    licence_type: str
    name: str
    valid_until: date | None
    issuer_district: str | None = None
    """其他区签发的，为该区代码；本区签发的为空 / null where this district issued it"""
    consent_id: UUID | None = None
    """复用所依据的授权同意；按目录规定自动免提交时为空 / null where the catalog waives it"""


class MaterialState(BaseModel):
    """One material that applies: what it is proven by, and whether it is still missing."""

    key: str
    name: str
    necessity: str
    evidence: Evidence | None
    proof: ProofRead | None
    """替代该材料的电子证照 / the licence that stands for it"""
    is_missing: bool
    files: list[FileRead]


class ReviewRead(BaseModel):
    """并联审查: what one department was asked, and what it said."""

    department: str
    is_lead: bool
    asked_at: datetime
    due_on: date
    opinion: Opinion | None
    comment: str | None
    answered_at: datetime | None


class JointReview(BaseModel):
    """并联审查: how far the departments are that were asked together."""

    reviews: list[ReviewRead]
    blocking: list[str]
    """尚未出具意见的部门 / those that are still waited for"""
    slowest: str | None
    """最慢的部门：未出具意见的以期限先后，已收齐的以用时长短 / who is due first, or took longest"""


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
    is_elderly: bool
    green_channel: bool
    """绿色通道优先办理 / it goes first"""
    site_id: str | None
    ticket_id: UUID | None
    life_event: str | None
    bundle_id: UUID | None
    """联办申请 / the one application for a life event that it is part of"""
    applicant: dict[str, Any]
    agent: dict[str, Any] | None
    form: dict[str, Any]
    earlier_licence: dict[str, Any] | None = None
    """申请变更、延续或补发的证照，不是由本平台核发的 / the licence it is about, not issued here"""
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
    current_step: str | None
    """所处环节 / the matter's step that the case is in"""
    suspensions: list[dict[str, Any]]
    """特别程序 / special procedures, each with its written notice"""
    extension: dict[str, Any] | None
    is_joint: bool
    tolerated: list[dict[str, Any]]
    """容缺待补的材料 / materials still owed"""
    supply_due_on: date | None
    commitments: list[dict[str, Any]]
    """告知承诺及核查结果 / promises and whether they were kept"""
    is_rescission_due: bool
    """准予后查明承诺不实，应当撤销 / granted on a promise that was broken: to be rescinded"""
    deemed_accepted: bool
    instant_decision: dict[str, Any] | None
    """秒批依据的规则 / the rule by which the machine decided"""
    joint_review: JointReview | None
    challenges: list[dict[str, Any]]
    """复议、诉讼 / administrative reviews and suits"""
    reopened_at: datetime | None
    fee_due_cents: int
    """应缴未缴（分），缴清后方可准予 / due in cents: it is not granted before"""
    outcome: Outcome | None
    reason: str | None
    outside_number: str | None
    outside_state: str | None
    outside_result: str | None
    exchange_id: UUID | None
    from_district: str | None
    near_number: str | None
    """代收区的办件编号 / the near district's number"""
    owner_number: str | None
    """事项所属区的办件编号 / the owner's number"""
    owner_stage: str | None
    owners: list[dict[str, Any]]
    """各办理区的进展 / how far each owner is; in the joint mode there are several"""
    with_owner_since: datetime | None
    """事项所属区何时签收 / since when the owner has it"""
    withdrawal_requested_at: datetime | None
    """何时向事项所属区申请撤回"""
    handed_over_at: datetime | None
    """何时将结果交付申请人"""
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


class RelatedCase(CaseSummary):
    """A case that has to do with another, and by what."""

    relations: list[Relation]
    is_duplicate: bool
    """同一申请人的同一事项，均未办结 / the same applicant and matter, both unfinished"""


class WorkItem(CaseSummary):
    """A line of a work list: what is urgent about it, whose it is, what the caller can do."""

    stage_name: Words
    department: str | None
    light: Light | None
    step_light: Light | None
    due_on: date | None
    """The next day by which something is due."""
    assigned_to: str | None
    green_channel: bool
    actions: list[Action]


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


class ProgressIn(BaseModel):
    """进度查询."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, Field(pattern=CASE_NUMBER)]
    id_tail: Annotated[str, Field(pattern=ID_TAIL)]
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
