"""Rows of partners, agreements and matter offers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.partners.rules import (
    GIVE_UP_AFTER_DAYS,
    LARGEST_FILE_MEGABYTES,
    MESSAGES_A_MINUTE,
    MESSAGES_AT_ONCE,
    AgreementState,
    Direction,
    Mode,
    OfferState,
    PartnerState,
    PostageBearer,
    Provenance,
)
from interop_service.suites import Suite
from tongban.db import Record, Sequenced

__all__ = ["Agreement", "MatterOffer", "Partner", "TermsRevision"]


class Partner(Record, Sequenced, InteropTables):
    """合作区: another district that exchanges cases with this one."""

    __tablename__ = "partners"

    district: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    english_name: Mapped[str]
    provenance: Mapped[Provenance | None]
    endpoint: Mapped[str | None]
    """Where its gateway is, without a path."""
    keys: Mapped[dict[str, Any] | None]
    """Its public keys, a JWK set."""
    state: Mapped[PartnerState]
    revoked_keys: Mapped[list[Any]] = mapped_column(default=list)
    """The ids of keys that prove nothing any more, wherever they come up again."""
    contacts: Mapped[list[Any]] = mapped_column(default=list)
    """联络人: whom to call there, by duty."""
    messages_a_minute: Mapped[int] = mapped_column(default=MESSAGES_A_MINUTE)
    messages_at_once: Mapped[int] = mapped_column(default=MESSAGES_AT_ONCE)
    largest_file_megabytes: Mapped[int] = mapped_column(default=LARGEST_FILE_MEGABYTES)
    """The largest material that is taken of it."""
    paused_until: Mapped[datetime | None]
    """It is closed until then, or left alone as a dead line is: nothing is sent."""
    failures: Mapped[int] = mapped_column(default=0)
    """Attempts in a row that failed by the partner or the network."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Agreement(Record, Sequenced, InteropTables):
    """跨区通办协议: what cases go between this district and a partner, and what counts there."""

    __tablename__ = "agreements"

    code: Mapped[str] = mapped_column(unique=True)
    partner: Mapped[str] = mapped_column(index=True)
    mode: Mapped[Mode]
    direction: Mapped[Direction]
    areas: Mapped[list[Any]]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    forward_within_days: Mapped[int]
    give_up_after_days: Mapped[int] = mapped_column(default=GIVE_UP_AFTER_DAYS)
    """So long a message under it is sent again; then it is a dead letter."""
    recognised_materials: Mapped[list[Any]]
    recognised_results: Mapped[list[Any]]
    suite: Mapped[Suite]
    """By which both sign what goes under it."""
    postage_borne_by: Mapped[PostageBearer] = mapped_column(default=PostageBearer.OWNER)
    delegated_acceptance: Mapped[bool] = mapped_column(default=False)
    """The near side's receipt counts as the owner's acceptance: his clocks start with it."""
    provenance: Mapped[Provenance | None]
    signed_digest: Mapped[str | None]
    """Of the terms that both signed; none where what is kept here now is not signed by both."""
    state: Mapped[AgreementState]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class MatterOffer(Record, Sequenced, InteropTables):
    """跨区通办事项: a matter of one district that can be applied for in the other."""

    __tablename__ = "matter_offers"
    __table_args__ = (UniqueConstraint("owner_district", "matter_code", "agreement"),)

    owner_district: Mapped[str]
    matter_code: Mapped[str]
    agreement: Mapped[str] = mapped_column(index=True)
    mode: Mapped[Mode]
    matter: Mapped[dict[str, Any]]
    joint_with: Mapped[list[Any]] = mapped_column(default=list)
    """多地联办: the other districts that decide too, each by its own matter."""
    matter_version: Mapped[int]
    """Counts the contents that were offered; the first is 1."""
    state: Mapped[OfferState]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class TermsRevision(InteropTables):
    """条件版本: moves on with every change of the terms; by triggers, so nobody forgets it."""

    __tablename__ = "terms_revisions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """There is one row."""
    revision: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
