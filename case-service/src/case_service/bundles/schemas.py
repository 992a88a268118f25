"""Bundles as they are handed in and read."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.bundles.rules import BundleState
from case_service.cases.case_body import Agent, Applicant, FactMap
from case_service.cases.rules import Channel, Evidence, Outcome, Stage
from case_service.cases.schemas import Words
from tongban.texts import Code, Line

__all__ = ["BundleIn", "BundleRead", "BundleRef", "HandOverIn", "PartRead", "SharedMaterial"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SharedMaterial(_In):
    """How one material is proven to every matter that asks for it."""

    name: Line
    """材料名称，如联办指南所列 / as the life event's guide lists it"""
    evidence: Evidence = Evidence.FILE


class BundleIn(_In):
    """联办申请: one form, one list of materials, for all of its matters."""

    life_event: Code
    applicant: Applicant
    agent: Agent | None = None
    form: FactMap = Field(default_factory=dict)
    """按共用的键填写 / by the shared keys, each once"""
    situation_answers: FactMap = Field(default_factory=dict)
    materials: Annotated[list[SharedMaterial], Field(max_length=100)] = Field(default_factory=list)
    site_id: Code | None = None
    ticket_id: UUID | None = None
    channel: Channel | None = None
    applicant_subject: Line | None = None
    confirm_duplicate: bool = False


class HandOverIn(_In):
    """一并交付: at the counter, or online by the applicant's consent."""

    way: Literal["counter", "online"] = "counter"
    recipient: Line | None = None
    """签收人，缺省为申请人"""


class PartRead(BaseModel):
    """联办中的一项."""

    case_id: UUID
    number: str
    matter_code: str
    matter_name: str
    stage: Stage
    stage_name: Words
    outcome: Outcome | None
    reason: str | None
    is_failed: bool
    """未准予、不予受理、撤回或终止 / it came to nothing"""
    waits_for: list[Code]
    """须先办结的事项 / matters that have to be done first and are not yet"""
    version: int


class BundleRef(BaseModel):
    """A line of a list of bundles."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    life_event: str
    name: str
    state: BundleState
    submitted_at: datetime


class BundleRead(BundleRef):
    """联办申请: its state is what its parts are."""

    plan: list[list[Code]]
    """办理计划：同轮并行 / rounds; what is in one runs side by side"""
    parts: list[PartRead]
    released_at: datetime | None
    version: int
