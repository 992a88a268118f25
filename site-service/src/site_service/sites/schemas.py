"""What comes in and goes out over HTTP for sites."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    computed_field,
)

from site_service.sites.rules import (
    Area,
    HoursContradict,
    HoursInvalid,
    Provenance,
    SiteKind,
    SiteState,
    WindowKind,
    WindowState,
    check_hours,
)
from site_service.sites.vocabulary import (
    ACCESSIBILITY,
    ELDERLY_FACILITIES,
    ContactKind,
    Datum,
    Depth,
    TransitKind,
)
from tongban.instants import Instant
from tongban.problems import field_fault
from tongban.shapes import LIKE_A_MATTER_CODE, WEB_ADDRESS, shape
from tongban.texts import Code, Line

__all__ = [
    "Alternative",
    "Contact",
    "ImportReport",
    "KioskIn",
    "KioskRead",
    "MatterCode",
    "MatterRead",
    "OpenAt",
    "OpeningHours",
    "Parking",
    "SiteDetail",
    "SiteId",
    "SiteIn",
    "SitePatch",
    "SiteSummary",
    "SitesImport",
    "SpecialDayIn",
    "Transit",
    "WindowIn",
    "WindowRead",
]


def _readable_hours(expression: str) -> str:
    try:
        return check_hours(expression)
    except HoursContradict as fault:
        raise field_fault(
            "opening_hours_contradict",
            zh=f"开放时间自相矛盾：{fault}。同一日期只写一条规则，各时段不重叠，结束应晚于开始",
            en=f"the hours contradict themselves at {fault}: one rule for the same days,"
            " each time ends after it begins, and no two overlap",
        ) from None
    except HoursInvalid:
        raise field_fault(
            "opening_hours",
            zh="开放时间格式有误，应如 Mo-Fr 09:00-17:00; Sa 09:00-12:00; PH off",
            en="not opening hours such as Mo-Fr 09:00-17:00; Sa 09:00-12:00; PH off",
        ) from None


_SITE_ID = shape(
    r"^[a-z0-9]+(-[a-z0-9]+)*$",
    zh="以连字符相连的小写字母和数字，如 hitech-hall",
    en="small letters and digits joined by hyphens, like hitech-hall",
)
_STREET_CODE = shape(r"^[0-9]{9}$", zh="9 位街道编码", en="a street's code of 9 digits")
SiteId = Annotated[str, StringConstraints(max_length=64, pattern=_SITE_ID)]
MatterCode = Annotated[str, StringConstraints(pattern=LIKE_A_MATTER_CODE)]
StreetCode = Annotated[str, StringConstraints(pattern=_STREET_CODE)]
OpeningHours = Annotated[Line, AfterValidator(_readable_hours)]


PhotoUrl = Annotated[str, StringConstraints(max_length=500, pattern=WEB_ADDRESS)]


FIRST_YEAR, LAST_YEAR = 2000, 2100


def _within_the_calendar(at: datetime) -> datetime:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise field_fault(
            "year",
            zh=f"年份应在 {FIRST_YEAR} 至 {LAST_YEAR} 之间",
            en=f"the year must be {FIRST_YEAR} to {LAST_YEAR}",
        )
    return at


OpenAt = Annotated[Instant, AfterValidator(_within_the_calendar)]


class Contact(BaseModel):
    """A way to ask the site."""

    model_config = ConfigDict(extra="forbid")

    kind: ContactKind
    value: Line
    note: Line | None = None


class Parking(BaseModel):
    """Where cars are left."""

    model_config = ConfigDict(extra="forbid")

    spaces: int = Field(ge=0, le=100_000)
    accessible_spaces: int = Field(default=0, ge=0, le=100_000)
    note: Line | None = None


class Transit(BaseModel):
    """A stop near the site."""

    model_config = ConfigDict(extra="forbid")

    kind: TransitKind
    line: Line
    stop: Line
    walk_minutes: int = Field(ge=0, le=120)


class SpecialDayIn(BaseModel):
    """The hours of one day, whatever the week says; `off` closes it."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    day: date = Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))
    hours: OpeningHours
    note: Line | None = None


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
    matters: list[MatterCode] = Field(
        default=[], max_length=5000, description="可自助办理的事项 / done without a clerk"
    )


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
    # Within China's outermost points, in whichever datum; stored in WGS-84.
    datum: Datum = Field(
        default=Datum.WGS84, description="坐标系：wgs84、gcj02、bd09 / of what was measured"
    )
    latitude: float = Field(ge=3.8, le=53.6)
    longitude: float = Field(ge=73.5, le=135.1)
    phone: Line | None = None
    contacts: list[Contact] = Field(default=[], max_length=20)
    photos: list[PhotoUrl] = Field(default=[], max_length=20)
    opening_hours: OpeningHours
    extended_hours: OpeningHours | None = Field(default=None, description="延时服务")
    appointment_hours: OpeningHours | None = Field(default=None, description="预约服务")
    special_days: list[SpecialDayIn] = Field(default=[], max_length=200)
    parking: Parking | None = None
    transit: list[Transit] = Field(default=[], max_length=50)
    accepts_cash: bool = Field(default=True, description="收现金")
    accepts_paper: bool = Field(default=True, description="收纸质材料")
    continues_online: bool = Field(
        default=True, description="网上办了一半的可在窗口接着办 / carried on at a window"
    )
    facilities: list[Code] = Field(default=[], max_length=50)
    windows: list[WindowIn] = Field(default=[], max_length=200)
    kiosks: list[KioskIn] = Field(default=[], max_length=200)
    matters: list[MatterCode] = Field(default=[], max_length=5000)
    partner_matters: list[MatterCode] = Field(default=[], max_length=5000)
    depths: dict[MatterCode, list[Depth]] = Field(
        default={},
        max_length=5000,
        description="办理深度，未列明的为收件受理 / how far each matter goes here; else `receive`",
    )
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

    state: Literal[SiteState.OPEN, SiteState.CLOSED]
    reason: Line | None = Field(default=None, description="暂停服务时必填 / needed to close")
    until: Instant | None = Field(
        default=None, description="到时自动恢复 / opens again by itself then"
    )


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
    parking: Parking | None
    accepts_cash: bool
    accepts_paper: bool
    continues_online: bool
    state: SiteState
    closed_reason: str | None
    closed_until: Instant | None
    provenance: Provenance
    datum: Datum = Datum.WGS84
    distance_m: int | None = Field(default=None, description="直线距离（米） / as the crow flies")
    travel_minutes: float | None = Field(default=None, description="路上分钟 / on the way")
    wait_minutes: float | None = Field(default=None, description="预计等候分钟 / expected wait")
    total_minutes: float | None = Field(default=None, description="合计分钟 / way and wait")

    @computed_field(description="区域编码 / of the street's code")  # type: ignore[prop-decorator]  # pydantic's own way
    @property
    def district(self) -> str:
        """Return the district's code, with which a street's begins (GB/T 10114)."""
        return self.street_code[:6]


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
    matters: list[str]
    faults: list[str]
    last_seen_at: Instant | None


class Alternative(BaseModel):
    """Where to go instead."""

    site_id: str
    name: str
    distance_m: int
    shared_matters: int = Field(description="同样能办的事项数 / of this site's matters, done there")


class SiteDetail(SiteSummary):
    """A site with its windows and kiosks."""

    contacts: list[Contact]
    photos: list[str]
    extended_hours: str | None
    appointment_hours: str | None
    special_days: list[SpecialDayIn]
    transit: list[Transit]
    alternatives: list[Alternative] = Field(
        description="暂停服务时就近可去的网点 / where to go while it is closed"
    )
    windows: list[WindowRead]
    kiosks: list[KioskRead]
    matters_count: int
    partner_matters_count: int
    version: int

    @computed_field(description="无障碍设施 / of the facilities")  # type: ignore[prop-decorator]  # pydantic's own way
    @property
    def accessibility(self) -> list[str]:
        """Return the facilities that let a disabled person in."""
        return [one for one in self.facilities if one in ACCESSIBILITY]

    @computed_field(description="适老设施 / of the facilities")  # type: ignore[prop-decorator]  # pydantic's own way
    @property
    def elderly_facilities(self) -> list[str]:
        """Return the facilities that help the old."""
        return [one for one in self.facilities if one in ELDERLY_FACILITIES]


class MatterRead(BaseModel):
    """A matter handled at a site."""

    code: str
    name: str | None
    area: str | None
    handling: str | None
    is_partner: bool
    owner_district: str | None
    depth: list[Depth]
    continues_online: bool = Field(
        description="网上办了一半的可在此接着办 / begun online, carried on at a window here"
    )
