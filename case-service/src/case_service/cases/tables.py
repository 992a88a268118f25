"""The rows of a case: the case itself, its uploaded materials, its timeline."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    Sequence,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from case_service.cases.clock import Clock
from case_service.cases.indexes import HANDS, finding_indexes, siteless_indexes, work_indexes
from case_service.cases.moves import Light
from case_service.cases.rules import Channel, Handling, Opinion, Outcome, Stage
from case_service.database import CaseTables
from case_service.duty import Due, due_index
from case_service.licences.vocabulary import LicenceOperation
from case_service.materials.tables import Material
from tongban.db import Record, Sequenced
from tongban.ids import new_id

__all__ = [
    "CASE_NUMBERS",
    "DEFAULTS",
    "HANDS",
    "NEVER",
    "Case",
    "Material",
    "ProgressMiss",
    "Review",
    "TimelineEntry",
    "as_read",
]

NEVER = date(9999, 12, 31)
"""Stands for no date, where rows are ordered by one."""

CASE_NUMBERS = Sequence(
    "case_numbers", minvalue=1, maxvalue=999_999, cycle=True, metadata=CaseTables.metadata
)


class Case(Record, Sequenced, Due, CaseTables):
    """办件: one application through its life."""

    __tablename__ = "cases"
    __table_args__ = (
        Index(
            "uq_cases_exchange_id",
            "exchange_id",
            unique=True,
            postgresql_where=text("exchange_id IS NOT NULL"),
        ),
        Index("ix_cases_site_id", "site_id", "id"),
        Index("ix_cases_applicant_subject", "applicant_subject", "id"),
        Index("ix_cases_open", "id", postgresql_where=text("closed_at IS NULL")),
        Index("ix_cases_open_site_id", "site_id", "id", postgresql_where=text("closed_at IS NULL")),
        Index("ix_cases_open_stage", "stage", "id", postgresql_where=text("closed_at IS NULL")),
        Index("ix_cases_matter_code", "matter_code", "id"),
        Index("ix_cases_site_matter", "site_id", "matter_code", "id"),
        Index("ix_cases_identity_index", "identity_index"),
        # 重复申请: of an applicant's open cases of a matter the database lets one in.
        Index(
            "uq_cases_open_application",
            "identity_index",
            "matter_code",
            unique=True,
            postgresql_where=text("closed_at IS NULL AND NOT may_repeat"),
        ),
        Index(
            "ix_cases_near_number", "near_number", postgresql_where=text("near_number IS NOT NULL")
        ),
        Index(
            "ix_cases_predecessor_id",
            "predecessor_id",
            postgresql_where=text("predecessor_id IS NOT NULL"),
        ),
        Index("ix_cases_bundle_id", "bundle_id", postgresql_where=text("bundle_id IS NOT NULL")),
        due_index("cases"),
        Index(
            "ix_cases_unfiled",
            "closed_at",
            postgresql_where=text(
                "closed_at IS NOT NULL AND archive_file_id IS NULL"
                " AND (stage != 'withdrawn' OR received_at IS NOT NULL)"
            ),
        ),
        *work_indexes(),
        *siteless_indexes(),
        *finding_indexes(),
        Index(
            "ix_cases_lit",
            "light",
            "site_id",
            "matter_code",
            "department",
            postgresql_where=text("light IS NOT NULL"),
        ),
    )

    number: Mapped[str] = mapped_column(unique=True)
    stage: Mapped[Stage]
    district: Mapped[str]
    """The district that keeps this row."""
    owner_district: Mapped[str]
    """The district whose matter it is, that decides."""
    from_district: Mapped[str | None]
    """The near district, for a case that came by exchange."""
    exchange_id: Mapped[UUID | None]
    site_id: Mapped[str | None]
    ticket_id: Mapped[UUID | None]
    channel: Mapped[Channel]
    life_event: Mapped[str | None]
    bundle_id: Mapped[UUID | None]
    """联办: the one application for a life event that it is part of."""

    matter_code: Mapped[str]
    matter_name: Mapped[str]
    # Fixed at acceptance: a later version of the matter changes nothing for this case.
    matter_version: Mapped[int]
    department: Mapped[str | None]
    """主管部门: the body that decides; null for a partner's matter."""
    handling: Mapped[Handling]
    statutory_days: Mapped[int]
    promised_days: Mapped[int]

    applicant_subject: Mapped[str | None]
    """Whose case it is, by the account he signs in with; null for one without an account."""
    applicant_kind: Mapped[str]
    applicant_masked: Mapped[str]
    identity_index: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_party: Mapped[bytes] = mapped_column(LargeBinary)
    """Applicant, agent and form, encrypted as one: what is personal about the case."""
    situation_answers: Mapped[dict[str, Any]]
    evidence: Mapped[dict[str, Any]]
    """How each material is proven, by its key: file, licence, supply_later, commitment, waived."""
    proofs: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    """The licences that stand for materials, by the materials' keys, as they were found."""

    submitted_by: Mapped[str]
    received_by: Mapped[str | None]
    accepted_by: Mapped[str | None]
    reviewed_by: Mapped[str | None]
    decided_by: Mapped[str | None]
    helpers: Mapped[list[Any]] = mapped_column(default=list)
    """Subjects of those who helped with it; none of them reviews or decides it."""
    agents: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    """Subjects of those who were let into it to act for the applicant."""
    is_elderly: Mapped[bool] = mapped_column(default=False, server_default=false())
    green_channel: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It goes first: the applicant is old, or the district's rule names him."""

    submitted_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    notified_at: Mapped[datetime | None]
    """When corrections were asked for, until they are made."""
    accepted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    forwarded_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    corrected_at: Mapped[datetime | None]
    """When the last corrections came in: silence counts from then."""
    corrections: Mapped[int] = mapped_column(default=0)

    notice_due_on: Mapped[date | None]
    """By when the applicant is told of all that is missing."""
    correction_due_on: Mapped[date | None]
    """By when the applicant supplies it."""
    statutory_due_on: Mapped[date | None]
    promised_due_on: Mapped[date | None]
    issue_due_on: Mapped[date | None]
    forward_due_on: Mapped[date | None]
    step_due_on: Mapped[date | None]
    is_provisional: Mapped[bool] = mapped_column(default=False)
    running_clock: Mapped[Clock | None]
    """The clock that its light is about; null where none runs."""
    light: Mapped[Light | None]
    """红黄灯 of that clock; null while none runs or a special procedure stops it."""
    step_light: Mapped[Light | None]

    statutory_unit: Mapped[str] = mapped_column(String(32), default="working_days")
    """working_days or calendar_days."""
    suspensions: Mapped[list[Any]] = mapped_column(default=list)
    """特别程序: procedure, started_on, planned_days, ended_on (null while it lasts), document."""
    extension: Mapped[dict[str, Any] | None]
    """The one extension: days, approved_by, reason, granted_on."""
    is_joint: Mapped[bool] = mapped_column(default=False)
    """Several departments or districts handle it together."""
    tolerated: Mapped[list[Any]] = mapped_column(default=list)
    """容缺: the materials still owed, each with key, name and due_on."""
    supply_due_on: Mapped[date | None]
    """By when the first of them is due."""
    commitments: Mapped[list[Any]] = mapped_column(default=list)
    """告知承诺: key, name, check_due_on, checked_on and whether it was kept (null: unchecked)."""
    deemed_accepted: Mapped[bool] = mapped_column(default=False)
    current_step: Mapped[str | None]
    """The matter's step that the case is in: receive, accept, review, decide, make, deliver."""
    step_started_at: Mapped[datetime | None]
    review_round: Mapped[int] = mapped_column(default=0)
    """How often several departments were asked together."""
    reopened_at: Mapped[datetime | None]
    challenges: Mapped[list[Any]] = mapped_column(default=list)
    """复议、诉讼: kind, number, body, state and noted_on."""
    instant_decision: Mapped[dict[str, Any] | None]
    """秒批: the rule by which the machine decided: version, condition, digest of the facts."""

    assigned_to: Mapped[str | None]
    """经办人: whose work it is in this step; null while it waits to be claimed."""
    assigned_at: Mapped[datetime | None]
    work_due_on: Mapped[date] = mapped_column(default=NEVER, server_default=text("'9999-12-31'"))
    """The next day by which something is due, for what is urgent to come first."""
    may_repeat: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Not held against others of its applicant and matter: told to be one more, or not asked."""
    premises_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the place that it is about is found by."""
    name_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the applicant's name and the last four digits of his phone are found by."""

    fee_cents: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    """收费: what it was charged at acceptance, before exemptions."""
    fee_due_cents: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    """What of it is still to be paid: it is not granted before."""

    outcome: Mapped[Outcome | None]
    reason: Mapped[str | None]
    outside_number: Mapped[str | None]
    outside_state: Mapped[str | None]
    outside_result: Mapped[str | None]
    missing: Mapped[list[Any]] = mapped_column(default=list)
    """What the correction notice lists."""
    documents: Mapped[list[Any]] = mapped_column(default=list)
    """Number and kind of each document drawn up, oldest first."""
    licence_id: Mapped[UUID | None]
    licence_number: Mapped[str | None]
    licence_operation: Mapped[LicenceOperation] = mapped_column(
        default=LicenceOperation.FIRST, server_default=LicenceOperation.FIRST.value
    )
    predecessor_id: Mapped[UUID | None]
    """The licence that this case varies, renews or issues again."""

    mode: Mapped[str | None]
    """online, proxy or joint, for a partner's matter."""
    forward_within_days: Mapped[int | None]
    forward_failed_reason: Mapped[str | None]
    near_number: Mapped[str | None]
    owner_number: Mapped[str | None]
    owner_stage: Mapped[str | None]
    owners: Mapped[list[Any]] = mapped_column(default=list)
    """办理区进展: of each owner its district, state, number, dates, outcome and sealed notice."""
    with_owner_since: Mapped[datetime | None]
    """When the owner's receipt for the package came: what ends the time for forwarding."""
    sent_material_id: Mapped[UUID | None]
    """The last file that was handed on; those after it go with the corrections."""
    withdrawal_requested_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    """When the near window gave the applicant what the owner decided."""
    received_notice: Mapped[dict[str, Any] | None]
    """The owner's sealed result notice, as it came back."""
    archive_file_id: Mapped[UUID | None]
    """归档: its file, from soon after its end; null again while it is reopened."""

    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


DEFAULTS: dict[str, Any] = {
    "version": 1,
    "corrections": 0,
    "is_provisional": False,
    "proofs": {},
    "missing": [],
    "documents": [],
    "suspensions": [],
    "owners": [],
    "is_joint": False,
    "tolerated": [],
    "commitments": [],
    "deemed_accepted": False,
    "review_round": 0,
    "challenges": [],
    "licence_operation": LicenceOperation.FIRST,
    "fee_cents": 0,
    "fee_due_cents": 0,
}
"""What the database fills in for a new row, for showing it without reading it again."""

_CLASS = Case.__mapper__.class_manager
_COLUMNS = tuple(Case.__mapper__.column_attrs.keys())


def as_read(values: Mapping[str, Any]) -> Case:
    """Return a case with these columns, as reading them gives one: for showing, never to store."""
    case: Case = _CLASS.new_instance()
    vars(case).update(dict.fromkeys(_COLUMNS), **values)
    return case


class TimelineEntry(CaseTables):
    """办理过程: one step of a case, in the order it happened."""

    __tablename__ = "timeline_entries"
    __table_args__ = (Index("ix_timeline_entries_case_id", "case_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    action: Mapped[str]
    stage: Mapped[Stage]
    """The stage after the step."""
    actor: Mapped[str]
    actor_role: Mapped[str | None]
    site_id: Mapped[str | None]
    comment: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Review(CaseTables):
    """并联审查: what one department was asked about a case, and its opinion."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("case_id", "round", "department"),
        Index("ix_reviews_open", "department", "id", postgresql_where=text("opinion IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    round: Mapped[int]
    department: Mapped[str]
    is_lead: Mapped[bool]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    due_on: Mapped[date]
    opinion: Mapped[Opinion | None]
    comment: Mapped[str | None]
    reviewer: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class ProgressMiss(CaseTables):
    """A progress query whose tail did not fit: what the limit per number counts."""

    __tablename__ = "progress_misses"
    __table_args__ = (Index("ix_progress_misses_number", "number", "at"),)

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    number: Mapped[str]
    at: Mapped[datetime]
