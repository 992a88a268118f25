"""Every SQL statement about questions about licences, and about partners' status lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.verifications.rules import (
    ProofState,
    VerificationParty,
    VerificationState,
)
from interop_service.verifications.tables import LicenceVerification, StatusListCopy
from tongban.paging import Paging, after

__all__ = [
    "keep_copy",
    "last_question",
    "list_copy",
    "lock_verification",
    "overdue",
    "place_of",
    "proofs_on",
    "told_proofs",
    "verification",
    "verifications_page",
]

AT_ONCE = 200


async def verification(session: AsyncSession, verification_id: UUID) -> LicenceVerification | None:
    return await session.get(LicenceVerification, verification_id)


async def lock_verification(
    session: AsyncSession, verification_id: UUID
) -> LicenceVerification | None:
    return await session.get(
        LicenceVerification, verification_id, with_for_update=True, populate_existing=True
    )


async def overdue(session: AsyncSession, *, at: datetime) -> Sequence[LicenceVerification]:
    """Return, locked, the questions that nobody answered in time."""
    rows = await session.scalars(
        select(LicenceVerification)
        .where(
            LicenceVerification.state == VerificationState.ASKED,
            LicenceVerification.expires_at <= at,
        )
        .order_by(LicenceVerification.expires_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def proofs_on(
    session: AsyncSession, *, partner: str, number: str
) -> Sequence[LicenceVerification]:
    """Return, locked, our answered questions about a licence that a case may rest on, or might."""
    rows = await session.scalars(
        select(LicenceVerification)
        .where(
            LicenceVerification.partner == partner,
            LicenceVerification.number == number,
            LicenceVerification.party == VerificationParty.ASKER,
            LicenceVerification.proof_state.is_not(None),
            LicenceVerification.proof_state != ProofState.ENDED,
        )
        .order_by(LicenceVerification.id)
        .with_for_update()
    )
    return rows.all()


async def place_of(session: AsyncSession, *, partner: str, number: str) -> dict[str, Any] | None:
    """Return where a licence's bit is, as its issuer answered last."""
    found: dict[str, Any] | None = await session.scalar(
        select(LicenceVerification.status_list)
        .where(
            LicenceVerification.partner == partner,
            LicenceVerification.number == number,
            LicenceVerification.party == VerificationParty.ASKER,
            LicenceVerification.state == VerificationState.ANSWERED,
        )
        .order_by(LicenceVerification.id.desc())
        .limit(1)
    )
    return found


async def last_question(
    session: AsyncSession, *, partner: str, number: str
) -> LicenceVerification | None:
    """Return our newest question about a licence that was answered, or still may be."""
    found: LicenceVerification | None = await session.scalar(
        select(LicenceVerification)
        .where(
            LicenceVerification.partner == partner,
            LicenceVerification.number == number,
            LicenceVerification.party == VerificationParty.ASKER,
            LicenceVerification.state.in_([VerificationState.ASKED, VerificationState.ANSWERED]),
        )
        .order_by(LicenceVerification.id.desc())
        .limit(1)
    )
    return found


async def told_proofs(session: AsyncSession) -> Sequence[LicenceVerification]:
    """Return what was told as something that a case may rest on, oldest first."""
    rows = await session.scalars(
        select(LicenceVerification)
        .where(LicenceVerification.proof_state.is_not(None))
        .order_by(LicenceVerification.id)
    )
    return rows.all()


async def verifications_page(
    session: AsyncSession,
    paging: Paging,
    *,
    party: VerificationParty | None,
    state: VerificationState | None,
    partner: str | None,
    number: str | None,
) -> Sequence[LicenceVerification]:
    wanted = {"party": party, "state": state, "partner": partner, "number": number}
    statement = select(LicenceVerification).filter_by(
        **{name: value for name, value in wanted.items() if value is not None}
    )
    rows = await session.scalars(after(statement, paging, LicenceVerification.id, descending=True))
    return rows.all()


async def list_copy(session: AsyncSession, *, partner: str, path: str) -> StatusListCopy | None:
    found: StatusListCopy | None = await session.scalar(
        select(StatusListCopy).filter_by(partner=partner, path=path)
    )
    return found


async def keep_copy(
    session: AsyncSession,
    *,
    partner: str,
    path: str,
    token: str,
    made_at: datetime,
    expires_at: datetime,
    fetched_at: datetime,
) -> None:
    """Keep a list that was fetched, in place of an older one."""
    told = {
        "token": token,
        "made_at": made_at,
        "expires_at": expires_at,
        "fetched_at": fetched_at,
    }
    statement = insert(StatusListCopy).values(partner=partner, path=path, **told)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["partner", "path"],
            set_=told,
            where=StatusListCopy.made_at <= statement.excluded.made_at,
        )
    )
