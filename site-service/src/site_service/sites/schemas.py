"""What comes in and goes out over HTTP for sites."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from site_service.sites.rules import (
    Area,
    HoursInvalid,
    Provenance,
    SiteKind,
    SiteState,
    WindowKind,
    WindowState,
    check_hours,
)
from tongban.problems import field_fault
from tongban.texts import Code, Line

__all__ = [
    "ImportReport",
    "KioskIn",
    "KioskRead",
    "MatterCode",
    "MatterRead",
    "SiteDetail",
    "SiteId",
    "SiteIn",
    "SitePatch",
    "SiteSummary",
    "SitesImport",
    "WindowIn",
    "WindowRead",
]


def _readable_hours(expression: str) -> str:
    try:
        return check_hours(expression)
    except HoursInvalid:
        raise field_fault(
            "opening_hours",
            zh="开放时间格式有误，应如 Mo-Fr 09:00-17:00; Sa 09:00-12:00; PH off",
            en="not opening hours such as Mo-Fr 09:00-17:00; Sa 09:00-12:00; PH off",
        ) from None


SiteId = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
MatterCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{31}$")]
StreetCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]
OpeningHours = Annotated[Line, AfterValidator(_readable_hours)]


class WindowIn(BaseModel):
    """A window to be imported."""

    model_config = ConfigDict(extra="forbid")

    number: Code
    kind: WindowKind
    name: Line
    areas: list[Area] = Field(default=[], max_length=len(Area))


class KioskIn(BaseModel):
    """A kiosk to be imported."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    model: Line
    functions: list[Code] = Field(default=[], max_length=50)


class SiteIn(BaseModel):
    """A site to be imported, whole: windows, kiosks and matters not named are taken away."""

    model_config = ConfigDict(extra="forbid")

    id: SiteId
    kind: SiteKind
    name: Line
    english_name: Line
    address: Line
    street_code: StreetCode
    street: Line
    # WGS-84, within China's outermost points.
    latitude: float = Field(ge=3.8, le=53.6)
    longitude: float = Field(ge=73.5, le=135.1)
    phone: Line | None = None
    opening_hours: OpeningHours
    facilities: list[Code] = Field(default=[], max_length=50)
    windows: list[WindowIn] = Field(default=[], max_length=200)
    kiosks: list[KioskIn] = Field(default=[], max_length=200)
    matters: list[MatterCode] = Field(default=[], max_length=5000)
    partner_matters: list[MatterCode] = Field(default=[], max_length=5000)
    green_channel: bool = False
    provenance: Provenance


class SitesImport(BaseModel):
    """The sites to be imported, all or none."""

    model_config = ConfigDict(extra="forbid")

    sites: list[SiteIn] = Field(min_length=1, max_length=500)


class ImportReport(BaseModel):
    """What an import changed, or would change."""

    dry_run: bool
    created: list[str]
    changed: list[str]
    unchanged: int


class SitePatch(BaseModel):
    """Closes a site with its reason, or opens it again."""

    model_config = ConfigDict(extra="forbid")

    state: SiteState
    reason: Line | None = Field(default=None, description="暂停服务时必填 / needed to close")


class SiteSummary(BaseModel):
    """A site in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: SiteKind
    name: str
    english_name: str
    address: str
    street_code: str
    street: str
    latitude: float
    longitude: float
    phone: str | None
    opening_hours: str
    facilities: list[str]
    green_channel: bool
    state: SiteState
    closed_reason: str | None
    provenance: Provenance
    distance_m: int | None = Field(default=None, description="直线距离（米） / as the crow flies")


class WindowRead(BaseModel):
    """A window."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    site_id: str
    number: str
    kind: WindowKind
    name: str
    areas: list[str]
    state: WindowState


class KioskRead(BaseModel):
    """A kiosk."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    model: str
    functions: list[str]


class SiteDetail(SiteSummary):
    """A site with its windows and kiosks."""

    windows: list[WindowRead]
    kiosks: list[KioskRead]
    matters_count: int
    partner_matters_count: int
    version: int


class MatterRead(BaseModel):
    """A matter handled at a site."""

    code: str
    name: str | None
    area: str | None
    handling: str | None
    is_partner: bool
    owner_district: str | None
