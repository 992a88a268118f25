"""The rows of the licences that this district issued."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.duty import Due, due_index
from case_service.licences.vocabulary import EndGround, LicenceOperation, LicenceState
from tongban.db import Record, Sequenced

__all__ = ["LICENCE_NUMBERS", "Licence", "ShowCode"]

LICENCE_NUMBERS = Sequence("licence_numbers", metadata=CaseTables.metadata)


class Licence(Record, Due, Sequenced, CaseTables):
    """电子证照: one licence or certificate, the result of a case."""

    __tablename__ = "licences"
    __table_args__ = (
        Index("ix_licences_case_id", "case_id"),
        Index("ix_licences_holder_index", "holder_index", "licence_type"),
        Index(
            "ix_licences_predecessor_id",
            "predecessor_id",
            postgresql_where=text("predecessor_id IS NOT NULL"),
        ),
        Index(
            "ix_licences_ended", "status_index", postgresql_where=text("invalid_from IS NOT NULL")
        ),
        due_index("licences"),
    )

    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("cases.id", deferrable=True, initially="DEFERRED")
    )
    number: Mapped[str] = mapped_column(unique=True)
    verification_code: Mapped[str] = mapped_column(unique=True)
    status_index: Mapped[int] = mapped_column(BigInteger, unique=True)
    """Its place in the status lists: the running part of its number."""
    licence_type: Mapped[str]
    name: Mapped[str]
    operation: Mapped[LicenceOperation] = mapped_column(
        default=LicenceOperation.FIRST, server_default=LicenceOperation.FIRST.value
    )
    predecessor_id: Mapped[UUID | None]
    """The licence that this one takes the place of."""
    state: Mapped[LicenceState]
    holder_masked: Mapped[str]
    holder_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The holder, by the blind index of his number; null where he was issued it without one."""
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    """The last day it is valid; null where it has no end."""
    validity_months: Mapped[int | None]
    """How long the matter makes it valid: so long, too, is a renewal."""
    invalid_from: Mapped[date | None]
    """From when an act or its successor ends it; to come where the successor begins later."""
    reminded_days: Mapped[int | None]
    """How many days before its end the holder was reminded last."""
    deemed_renewed_on: Mapped[date | None]
    """Since when it counts as renewed because nobody decided in time (行政许可法 Art. 50)."""
    issued_at: Mapped[datetime]
    issued_by: Mapped[str]
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    """The licence as it was handed out, its holder and seal with it, encrypted."""
    seal: Mapped[str]
    """The same seal in the clear, for those who verify: it tells nothing of the holder."""
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_ground: Mapped[EndGround | None]
    sealed_reason: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Why it was ended, encrypted: reasons tell of persons."""
    sealed_compensation: Mapped[bytes | None] = mapped_column(LargeBinary)
    """How a holder is compensated whose licence was withdrawn for the public's sake, encrypted."""
    struck_off_at: Mapped[datetime | None]
    """When it was struck off the register (注销)."""

    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class ShowCode(Record, CaseTables):
    """亮证码: lets a window see one licence, once, within a minute."""

    __tablename__ = "licence_show_codes"
    __table_args__ = (Index("ix_licence_show_codes_licence_id", "licence_id"),)

    licence_id: Mapped[UUID] = mapped_column(ForeignKey("licences.id", ondelete="CASCADE"))
    code_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """The code, by its blind index: it is nowhere in the clear."""
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    redeemed_by: Mapped[str | None]
    site_id: Mapped[str | None]
