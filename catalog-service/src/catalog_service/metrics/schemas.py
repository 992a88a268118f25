"""What the metrics look like over HTTP."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from catalog_service.metrics.rules import By
from tongban.texts import Code, Line

__all__ = [
    "CatalogMetrics",
    "CrossDistrict",
    "Formula",
    "Group",
    "GroupedMetrics",
    "Month",
    "NamedGroup",
    "Reduction",
    "SavingRead",
    "Trend",
    "WhatIfIn",
    "WhatIfRead",
]


class Reduction(BaseModel):
    """Before, now, and the part that was cut."""

    before: int
    now: int
    reduction: float | None = Field(description="空：没有改革前数据 / null: no baseline")


class Group(BaseModel):
    """Matters counted together (分组)."""

    matters: int
    with_baseline: int
    materials: Reduction
    days: Reduction = Field(description="法定 → 承诺 / statutory → promised")
    days_since_baseline: Reduction = Field(description="改革前 → 承诺 / baseline → promised")
    materials_cut_by_half: int = Field(description="材料压减 50% 及以上 / 50 % or more")
    time_cut_by_seventy: int = Field(description="时限压减 70% 及以上 / 70 % or more")
    both_cut: int
    visits: int = Field(description="到现场次数合计 / visits needed, added up")
    without_visit: int = Field(description="零跑动事项数 / matters that need no visit")
    by_online_depth: dict[str, int] = Field(description="网办深度 → 事项数 / matters by depth")
    handled_in_one_place: int = Field(description="集中办理事项数")
    cross_district: int = Field(description="可跨区通办事项数 / beyond the district")


class NamedGroup(Group):
    """A matter, a body, a type or an area, measured."""

    key: str
    name: str


class CrossDistrict(BaseModel):
    """跨区通办: ours that can be handled elsewhere, partners' that can be handled here."""

    ours: int
    partners: int
    partner_districts: int
    partners_by_mode: dict[str, int]


class Formula(BaseModel):
    """The same sentence in both languages."""

    zh_cn: str
    en: str


class CatalogMetrics(BaseModel):
    """The reform's results, computed from the matters in force (改革成效)."""

    concentrated: int = Field(description="集中办理事项数 / handled in one place")
    total: Group
    concentrated_matters: Group
    by_matter_type: dict[str, Group]
    by_body_kind: dict[str, Group]
    cross_district: CrossDistrict
    formula: Formula
    baseline_as_of: list[date] = Field(description="改革前数据的日期 / the baselines' dates")


class GroupedMetrics(BaseModel):
    """The reform's results one by one (分项成效)."""

    by: By
    items: list[NamedGroup]
    next_cursor: str | None
    formula: Formula
    baseline_as_of: list[date] = Field(description="改革前数据的日期 / the baselines' dates")


class Month(BaseModel):
    """What was in force at a month's end; of the current month, today."""

    month: str = Field(examples=["2026-10"])
    as_of: date
    measured: Group


class Trend(BaseModel):
    """The reform's results by month, from the versions that were in force (改革趋势)."""

    months: list[Month]
    formula: Formula


class WhatIfIn(BaseModel):
    """If these materials were waived by this licence (假设免交)."""

    model_config = ConfigDict(extra="forbid")

    licence_type: Code
    materials: list[Line] = Field(
        default_factory=list,
        max_length=50,
        description="材料名称；空则取目录中该证照已可免交或即为该证照的材料 / "
        "names; left out: what this licence waives, or is, elsewhere in the catalog",
    )
    most: int = Field(default=50, ge=1, le=100, description="最多列出 / how many to list")


class SavingRead(BaseModel):
    """One matter's saving."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    materials: list[str]
    copies_a_case: int
    cases_a_year: float
    copies_a_year: float


class WhatIfRead(BaseModel):
    """What it would save, the greatest saving first (节省测算)."""

    licence_type: str
    materials: list[str]
    matters: int = Field(description="涉及事项数 / matters that ask for them now")
    copies_a_year: float
    items: list[SavingRead]
    formula: Formula
