"""What the metrics look like over HTTP."""

from datetime import date

from pydantic import BaseModel, Field

__all__ = ["CatalogMetrics", "CrossDistrict", "Formula", "Group", "Reduction"]


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
    days: Reduction
    materials_cut_by_half: int = Field(description="材料压减 50% 及以上 / 50 % or more")
    time_cut_by_seventy: int = Field(description="时限压减 70% 及以上 / 70 % or more")
    both_cut: int


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
