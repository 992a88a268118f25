"""The rows of deliveries."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.deliveries.rules import DeliveryState, DeliveryWay, Direction, PostagePayer
from case_service.duty import Due, due_index
from tongban.db import Record

__all__ = ["Delivery"]

_UNDER_WAY = "direction = 'to_applicant' AND state IN ('prepared', 'sent')"


class Delivery(Record, Due, CaseTables):
    """送达: things of one case on their way to the applicant, or from him."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_case_id", "case_id", "id"),
        Index("uq_deliveries_under_way", "case_id", unique=True, postgresql_where=text(_UNDER_WAY)),
        due_index("deliveries"),
    )

    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("cases.id", deferrable=True, initially="DEFERRED")
    )
    direction: Mapped[Direction]
    way: Mapped[DeliveryWay]
    state: Mapped[DeliveryState]
    things: Mapped[list[Any]]
    """Numbers of the documents and licences, or names of the originals."""
    due_on: Mapped[date | None]
    """By when a licence is delivered (行政许可法 Art. 44)."""
    sealed_recipient: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Name, address and phone of the recipient, and who signed for it, encrypted."""
    carrier: Mapped[str | None]
    tracking_number: Mapped[str | None]
    postage_by: Mapped[PostagePayer | None]
    locker: Mapped[str | None]
    sealed_code: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_ends_at: Mapped[datetime | None]
    code_misses: Mapped[int] = mapped_column(default=0)
    consent_id: Mapped[UUID | None]
    """The consent to delivery online."""
    partner_district: Mapped[str | None]
    prepared_at: Mapped[datetime]
    prepared_by: Mapped[str]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None]
    returned_at: Mapped[datetime | None]
    return_reason: Mapped[str | None]
    proof_id: Mapped[UUID | None]
    """The proof of service (送达回证) among the case's documents."""

    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
