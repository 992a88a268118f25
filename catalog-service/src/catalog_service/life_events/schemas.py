"""What goes in and out over HTTP about life events."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from catalog_service.life_events.content import LifeEventContent
from catalog_service.matters.schemas import SiteRead
from catalog_service.matters.vocabulary import DayUnit
from tongban.shapes import LIKE_A_MATTER_CODE
from tongban.texts import Code

__all__ = [
    "GuideRead",
    "ImportIn",
    "ImportRead",
    "LifeEventListed",
    "LifeEventRead",
    "MatterCodeQuery",
    "MatterGuided",
    "MemberRead",
    "PathCode",
    "PlanRead",
    "ProposalRead",
    "UnavailableRead",
    "WhereRead",
]

PathCode = Annotated[Code, Path(description="一件事编码 / the life event's code")]
MatterCodeQuery = Annotated[
    Annotated[str, StringConstraints(pattern=LIKE_A_MATTER_CODE)] | None,
    Query(description="包含该事项 / takes this matter"),
]


class ImportIn(BaseModel):
    """Life events to take over."""

    model_config = ConfigDict(extra="forbid")

    life_events: list[LifeEventContent] = Field(min_length=1, max_length=200)


class ImportRead(BaseModel):
    """What an import did, or, as a dry run, would do (导入结果)."""

    created: int
    updated: int
    unchanged: int
    is_published: bool = Field(description="否：待另一人发布 / false: it waits for another person")
    is_dry_run: bool


class ProposalRead(BaseModel):
    """What an editor imported and nobody has published yet (待发布的一件事)."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    author: str
    proposed_at: datetime
    content: dict[str, Any] = Field(description="内容，结构同导入请求 / as it is imported")


class LifeEventListed(BaseModel):
    """A life event in the list (一件事)."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    english_name: str
    audiences: list[str]
    matters: list[str] = Field(description="事项编码 / the codes of its matters")


class UnavailableRead(BaseModel):
    """Why a matter can't be done with the others (不可办说明), and what to do instead."""

    code: str
    reason: str
    text: str
    english_text: str


class MemberRead(BaseModel):
    """A matter of a life event (联办事项), as it is in force."""

    code: str
    after: list[str]
    when: dict[str, Any] | None
    version: int | None = Field(description="空则不可办 / null: not in force")
    name: str | None
    english_name: str | None
    body_name: str | None
    handling: str | None
    promised_days: int | None
    unavailable: UnavailableRead | None


class LifeEventRead(BaseModel):
    """A life event with what is known now of its matters (一件事详情)."""

    code: str
    name: str
    english_name: str
    summary: str
    audiences: list[str]
    keywords: list[str]
    provenance: str
    questions: list[dict[str, Any]]
    matters: list[MemberRead]


class MatterGuided(BaseModel):
    """What one of the matters comes to (事项结果)."""

    code: str
    version: int
    name: str
    english_name: str
    body_name: str
    handling: str
    step: int = Field(description="第几步，同一步并行办理 / the same step runs in parallel")
    after: list[str]
    promised_days: int
    starts_after_days: int
    done_after_days: int
    statutory_days: int
    statutory_unit: DayUnit = Field(description="法定办结时限单位 / the days that it counts")
    results: list[dict[str, Any]]
    fees: list[dict[str, Any]]
    special_procedures: list[dict[str, Any]]
    handling_items: list[dict[str, Any]]
    channels: list[str]


class PlanRead(BaseModel):
    """In which order, what in parallel, and how long (办理计划). Days are working days."""

    steps: list[list[str]]
    critical_path: list[str]
    total_promised_days: int
    total_statutory_days: int
    one_by_one_days: int = Field(description="逐件办理所需 / one after the other")


class WhereRead(SiteRead):
    """A site that handles some of the matters (办理点)."""

    matters: list[str]
    handles_all: bool


class GuideRead(BaseModel):
    """The next question, or, where none is left, all that it takes (一件事引导)."""

    code: str
    question: dict[str, Any] | None = Field(description="下一个问题 / the next question")
    matters: list[MatterGuided]
    materials: list[dict[str, Any]] = Field(description="材料，各一次 / each once")
    form_fields: list[dict[str, Any]] = Field(description="一张表单 / one form")
    plan: PlanRead
    total_fees_cents: int
    sites: list[WhereRead]
    unavailable: list[UnavailableRead]
