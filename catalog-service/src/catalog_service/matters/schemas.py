"""What goes in and out over HTTP about matters."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from catalog_service.matters.diff import DifferenceKind
from catalog_service.matters.rules import State
from catalog_service.matters.vocabulary import DayUnit, HandledIn
from tongban.paging import Page
from tongban.shapes import MATTER_CODE
from tongban.texts import Code, Line

__all__ = [
    "DiffRead",
    "DifferenceRead",
    "GuideIn",
    "GuideRead",
    "MatterListed",
    "MatterPage",
    "MatterRead",
    "PathCode",
    "PathVersion",
    "PublishIn",
    "RetireIn",
    "SearchText",
    "SiteRead",
    "VersionListed",
    "VersionRead",
]

PathCode = Annotated[str, Path(pattern=MATTER_CODE, description="31 位实施编码 / the code")]
PathVersion = Annotated[int, Path(ge=1, le=1_000_000, description="版本号 / the version")]
SearchText = Annotated[Line, StringConstraints(max_length=100)]


class Read(BaseModel):
    """Read from a row."""

    model_config = ConfigDict(from_attributes=True)


class MatterListed(Read):
    """A matter in the list (事项列表项)."""

    code: str
    version: int = Field(validation_alias="number")
    owner_district: str
    name: str
    english_name: str
    matter_type: str
    handling: str
    area: str
    audiences: list[str]
    channels: list[str]
    body_name: str
    statutory_days: int
    statutory_unit: DayUnit = Field(description="法定办结时限单位 / the days that it counts")
    promised_days: int
    required_materials: int
    life_stages: list[str]
    is_handled_here_by_agreement: bool
    mode: str | None
    agreement: str | None


class MatterPage(Page[MatterListed]):
    """A page of matters, and where asked for how all finds fall into kinds (分面)."""

    facets: dict[str, dict[str, int]] | None = Field(
        default=None,
        description="facets=true 时返回 / only with facets=true",
        examples=[{"area": {"tax": 12, "housing": 3}}],
    )


class MatterRead(BaseModel):
    """A matter as it is in force (在施事项), ours or a partner's."""

    code: str
    version: int
    owner_district: str
    effective_from: date | None = Field(description="伙伴地区的事项为空 / null for a partner's")
    retired_on: date | None = Field(
        default=None, description="计划停用日期 / the first day on which it is no longer valid"
    )
    level: str | None = Field(default=None, description="行使层级")
    handled_in: HandledIn = Field(description="本平台或外部业务系统 / whose system handles it")
    is_handled_here_by_agreement: bool
    mode: str | None = None
    agreement: str | None = None
    forward_within_days: int | None = None
    content: dict[str, Any] = Field(description="事项内容，结构同起草请求 / as it is drafted")


class PublishIn(BaseModel):
    """When a version takes effect and, where that is planned, ends."""

    model_config = ConfigDict(extra="forbid")

    effective_from: date | None = Field(default=None, description="生效日期，空为今天 / today")
    retires_on: date | None = Field(default=None, description="停用日期，空为长期 / open-ended")


class RetireIn(BaseModel):
    """When a matter is taken out of force."""

    model_config = ConfigDict(extra="forbid")

    on: date | None = Field(default=None, description="停用日期，空为今天 / today")


class DifferenceRead(Read):
    """One place that differs (差异); rows of a list are named by their key."""

    pointer: str
    kind: DifferenceKind
    before: Any
    after: Any
    words: dict[str, str] = Field(examples=[{"zh-CN": "…", "en": "…"}])


class DiffRead(BaseModel):
    """What differs between two versions, as data and in words (版本比对)."""

    code: str
    before: int
    after: int
    differences: list[DifferenceRead]
    words: dict[str, list[str]] = Field(description="逐条文字说明 / sentences by language")


class VersionListed(Read):
    """A version of a matter (版本)."""

    code: str
    version: int = Field(validation_alias="number")
    state: State
    effective_from: date | None
    retired_on: date | None
    superseded_by: int | None
    updated_at: datetime


class VersionRead(VersionListed):
    """A version with its content; who wrote and published it is shown to staff."""

    author: str | None
    submitted_by: str | None
    submitted_at: datetime | None
    publisher: str | None
    content: dict[str, Any] = Field(description="事项内容，结构同起草请求 / as it is drafted")


class GuideIn(BaseModel):
    """Answers so far, by the question's key."""

    model_config = ConfigDict(extra="forbid")

    answers: dict[Code, bool | int | float | Line] = Field(
        default_factory=dict, max_length=250, examples=[{"has_canteen": "no"}]
    )


class SiteRead(Read):
    """A site that handles the matter (办理点)."""

    site_id: str
    kind: str
    name: str


class GuideRead(BaseModel):
    """The next question, or, where none is left, what applies (办事指引)."""

    code: str
    version: int
    owner_district: str
    question: dict[str, Any] | None = Field(description="下一个情形问题 / the next question")
    materials: list[dict[str, Any]]
    form_fields: list[dict[str, Any]]
    handling: str
    statutory_days: int
    statutory_unit: DayUnit = Field(description="法定办结时限单位 / the days that it counts")
    promised_days: int
    fees: list[dict[str, Any]]
    results: list[dict[str, Any]]
    handling_items: list[dict[str, Any]] = Field(description="适用的业务办理项 / those that apply")
    steps: list[dict[str, Any]]
    special_procedures: list[dict[str, Any]]
    channels: list[str]
    sites: list[SiteRead]
