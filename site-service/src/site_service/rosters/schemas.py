"""What comes in and goes out over HTTP for rosters."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from site_service.helpers.engaged import EngagementKind
from site_service.rosters.rules import AbRole, StaffPost
from site_service.sites.schemas import OpeningHours, SiteId
from tongban.instants import Instant
from tongban.shapes import shape
from tongban.texts import Code, Line

__all__ = [
    "AbsenceIn",
    "AbsenceNoted",
    "AbsenceRead",
    "BookedRead",
    "EngagementRead",
    "GapRead",
    "RosterDay",
    "RosterIn",
    "RosterReport",
    "RostersImport",
    "ShiftIn",
    "StaffIn",
    "StandRead",
    "Subject",
]

_SUBJECT = shape(r"^\S+$", zh="账号，不含空格", en="an account's name, without spaces")
Subject = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_SUBJECT)]


class StaffIn(BaseModel):
    """Somebody who works at the site."""

    model_config = ConfigDict(extra="forbid")

    subject: Subject = Field(description="登录标识 / as the token names them")
    name: Line = Field(description="工牌姓名 / as the badge shows it")
    post: StaffPost


class ShiftIn(BaseModel):
    """When somebody works, and where."""

    model_config = ConfigDict(extra="forbid")

    subject: Subject
    window: Code | None = Field(
        default=None, description="窗口编号；帮办员不填 / none for a helper"
    )
    role: AbRole = Field(default=AbRole.PRIMARY, description="A角或B角 / first or deputy")
    hours: OpeningHours
    valid_from: date = Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))
    valid_until: date | None = Field(default=None, ge=date(2000, 1, 1), le=date(2100, 12, 31))


class RosterIn(BaseModel):
    """A site's roster, whole: who is not named works there no more."""

    model_config = ConfigDict(extra="forbid")

    members: list[StaffIn] = Field(max_length=1000)
    shifts: list[ShiftIn] = Field(max_length=5000)


class SiteRosterIn(RosterIn):
    """One site's roster in an import."""

    site_id: SiteId


class RostersImport(BaseModel):
    """The rosters of some sites, all or none."""

    model_config = ConfigDict(extra="forbid")

    rosters: list[SiteRosterIn] = Field(min_length=1, max_length=500)


class RosterReport(BaseModel):
    """What was stored, and what to see to."""

    members: int
    shifts: int
    without_deputy: list[str] = Field(
        description="没有B角的窗口 / windows where nobody takes over, as site/window"
    )


class StandRead(BaseModel):
    """Who stands at a window, from when until when."""

    window_id: UUID
    window_number: str
    subject: str
    name: str
    role: AbRole
    begins_at: Instant
    ends_at: Instant


class GapRead(BaseModel):
    """A time at which a window that should be staffed is not."""

    window_id: UUID
    window_number: str
    begins_at: Instant
    ends_at: Instant


class AbsenceRead(BaseModel):
    """Somebody's absence."""

    id: UUID
    subject: str
    name: str
    begins_at: Instant
    ends_at: Instant


class BookedRead(BaseModel):
    """A booked visit at a window where nobody will be; who comes is read at the appointment."""

    appointment_id: UUID
    window_id: UUID
    window_number: str
    matter_code: str
    starts_at: Instant


Alone = Annotated[
    list[BookedRead],
    Field(description="受影响的预约，须改约或安排替班 / booked then: to be moved or covered"),
]


class EngagementRead(BaseModel):
    """What a helper has promised for that time."""

    model_config = ConfigDict(from_attributes=True)

    kind: EngagementKind = Field(description="陪办或上门服务 / what was promised")
    id: UUID = Field(description="陪办或上门服务的编号 / its id")
    starts_at: Instant


class RosterDay(BaseModel):
    """One day at a site: who stands where, who helps, who is away, and what is uncovered."""

    site_id: str
    day: date
    stands: list[StandRead]
    helpers: list[str] = Field(description="当日在岗帮办员 / who helps on that day")
    absences: list[AbsenceRead]
    warnings: list[GapRead] = Field(description="无人值守时段 / nobody is there")
    appointments: Alone


class AbsenceIn(BaseModel):
    """Somebody will not be there."""

    model_config = ConfigDict(extra="forbid")

    subject: Subject
    begins_at: Instant
    ends_at: Instant
    despite_gaps: bool = Field(
        default=False, description="已知无人值守仍提交 / known, and accepted"
    )


class AbsenceNoted(AbsenceRead):
    """The absence, the windows that nobody stands at meanwhile, and what that hits."""

    warnings: list[GapRead]
    appointments: Alone
    engagements: list[EngagementRead] = Field(
        description="受影响的陪办和上门服务，须交接 / a helper's: to be handed over"
    )
