"""The rows of drafts."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.drafts.rules import DraftState
from case_service.duty import Due, due_index
from tongban.db import Record

__all__ = ["Draft"]


class Draft(Record, Due, CaseTables):
    """草稿: an application not handed in yet; handed in, the case has its id and its number."""

    __tablename__ = "drafts"
    __table_args__ = (
        due_index("drafts"),
        Index("ix_drafts_owner_subject", "owner_subject", "id"),
        Index("uq_drafts_code", "code_index", unique=True),
    )

    number: Mapped[str] = mapped_column(unique=True)
    matter_code: Mapped[str]
    state: Mapped[DraftState]
    owner_subject: Mapped[str | None]
    """The applicant's account; null while it was only ever at a window."""
    holders: Mapped[list[Any]] = mapped_column(default=list)
    """Accounts that it is open to: whoever began it, and whoever resumed it."""
    identity_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the applicant's number is found by, once it is filled in."""
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    """All that is filled in so far, encrypted for this row alone."""
    code_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_ends_at: Mapped[datetime | None]
    last_site_id: Mapped[str | None]
    """Where it was last worked on; null at home."""
    saved_at: Mapped[datetime]
    saved_by: Mapped[str]

    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
