"""What comes in and goes out over HTTP for coverage."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from site_service.coverage.rules import MOST_MINUTES
from site_service.sites.rules import Provenance
from site_service.sites.schemas import MatterCode, SiteId, StreetCode
from site_service.travel.rules import Mode, Pace
from tongban.instants import Instant
from tongban.texts import Code, Line

__all__ = [
    "CellIn",
    "CoverageRead",
    "Gaps",
    "HourRead",
    "MatterShare",
    "PlanIn",
    "PlanRead",
    "PopulationRead",
    "ShareRead",
]

Residents = Annotated[int, Field(ge=0, le=10_000_000)]


class CellIn(BaseModel):
    """A small place and who lives there."""

    model_config = ConfigDict(extra="ignore")

    id: Code
    latitude: float = Field(ge=3.8, le=53.6)
    longitude: float = Field(ge=73.5, le=135.1)
    street_code: StreetCode
    street: Line
    children: Residents = Field(description="0–14 岁")
    adults: Residents = Field(description="15–59 岁")
    elderly: Residents = Field(description="60 岁及以上")
    provenance: Provenance


class PopulationRead(BaseModel):
    """What was imported."""

    cells: int
    residents: int
    is_illustrative: bool


class ShareRead(BaseModel):
    """How many of how many are within reach."""

    residents: int
    covered: int
    share: float | None = Field(description="无人居住时为空 / null where nobody lives")


class StreetShare(ShareRead):
    """A street's share."""

    street_code: str
    street: str


class CoverageRead(ShareRead):
    """The share of residents within reach, whole, by street and by age."""

    minutes: int
    mode: Mode
    pace: Pace
    matter_code: str | None
    open_at: Instant | None
    sites: int = Field(description="计入的网点数 / sites that count")
    by_age: dict[str, ShareRead]
    by_street: list[StreetShare]
    is_illustrative: bool = Field(description="人口数据为示例 / the population is made up")
    version: str = Field(description="所用数据的版本 / of the inputs")


class HourRead(ShareRead):
    """The share within reach of what is open at an hour."""

    hour: int
    sites: int


class MatterShare(ShareRead):
    """A matter's share."""

    code: str
    name: str
    sites: int


class Gaps(BaseModel):
    """GeoJSON: the neighbourhoods out of reach."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[dict[str, Any]]
    residents: int = Field(description="圈外居民 / residents out of reach")
    is_illustrative: bool


class Move(BaseModel):
    """A site that would stand elsewhere, WGS-84."""

    model_config = ConfigDict(extra="forbid")

    site_id: SiteId
    latitude: float = Field(ge=3.8, le=53.6)
    longitude: float = Field(ge=73.5, le=135.1)


class PlanIn(BaseModel):
    """What might be changed: points added, sites moved or closed."""

    model_config = ConfigDict(extra="forbid")

    points: int = Field(default=0, ge=0, le=50, description="新增点数 / how many to add")
    functions: list[Code] = Field(
        default=[],
        max_length=10,
        description="新点的自助终端功能；不填则按网点本身计 / kiosk functions to place",
    )
    functions_a_point: int = Field(default=10, ge=1, le=10)
    matter_code: MatterCode | None = Field(default=None, description="不与 functions 同用")
    minutes: int = Field(default=15, ge=1, le=MOST_MINUTES)
    mode: Mode = Mode.WALK
    pace: Pace = Pace.STANDARD
    close: list[SiteId] = Field(default=[], max_length=50)
    move: list[Move] = Field(default=[], max_length=50)


class NewPoint(BaseModel):
    """Where a point would add the most."""

    latitude: float
    longitude: float
    street: str
    functions: list[str]
    residents: int = Field(description="新增覆盖的居民 / residents it alone would add")


class Need(BaseModel):
    """What a need's coverage is before, after the changes, and with the new points."""

    function: str | None
    before: ShareRead
    after_changes: ShareRead
    after: ShareRead


class PlanRead(BaseModel):
    """The plan: where, and what it would bring."""

    points: list[NewPoint]
    needs: list[Need]
    is_optimal: bool = Field(description="在求解时限内已证明最优 / proven within the time limit")
    is_illustrative: bool
