"""Rows of the rosters: who works at a site, when, and who is away."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from site_service.database import SiteTables
from site_service.rosters.rules import AbRole, StaffPost
from tongban.db import Record, Sequenced

__all__ = ["StaffAbsence", "StaffMember", "StaffShift"]


class StaffMember(Record, SiteTables):
    """在岗人员: somebody who works at a site; gone ones stay, for what they did names them."""

    __tablename__ = "staff_members"
    __table_args__ = (UniqueConstraint("site_id", "subject"),)

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    subject: Mapped[str]
    """As the token names them."""
    name: Mapped[str]
    """As the badge (工牌) shows it to visitors."""
    post: Mapped[StaffPost]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())


class StaffShift(Record, SiteTables):
    """班次: when somebody works, at which window, as whose first or deputy."""

    __tablename__ = "staff_shifts"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), index=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    window_id: Mapped[UUID | None] = mapped_column(ForeignKey("windows.id"))
    role: Mapped[AbRole]
    hours: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class StaffAbsence(Record, Sequenced, SiteTables):
    """离岗: a time at which somebody is not there; why is nobody's business here."""

    __tablename__ = "staff_absences"
    __table_args__ = (CheckConstraint("begins_at < ends_at", name="ends_after_it_begins"),)

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), index=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    noted_by: Mapped[str]
