"""Every SQL statement on seals."""

from collections.abc import Sequence as Rows
from datetime import date
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Date, Select, Sequence, Uuid, and_, bindparam, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.seals.rules import Authority, SealState
from case_service.seals.tables import RegisteredSeal, SealAuthorisation, SealUse
from tongban.paging import Paging, after

__all__ = ["authorisations_of", "draw", "get", "get_authorisation", "listed", "uses_of"]


async def draw(
    session: AsyncSession, numbers: Sequence, *, kind: str, on: date, case_id: UUID, by: str
) -> tuple[int, Authority | None]:
    """Draw a number and find the authority to seal what bears it, in one statement."""
    told = {"day": on, "case": case_id, "kinds": [kind], "keepers": [by]}
    found = await session.execute(_drawing(numbers), told)
    number, authorised_seal, authorisation_id, kept_seal = found.one()
    seal_id = authorised_seal or kept_seal
    return number, Authority(seal_id, authorisation_id) if seal_id is not None else None


@lru_cache(maxsize=50)
def _drawing(numbers: Sequence) -> Select[int, UUID | None, UUID | None, UUID | None]:
    """Return the statement, put together once for each sequence: it is every document's."""
    drawn = select(numbers.next_value().label("number")).subquery()
    day = bindparam("day", type_=Date)
    authorised = (
        select(SealAuthorisation.id, SealAuthorisation.seal_id)
        .join(RegisteredSeal, RegisteredSeal.id == SealAuthorisation.seal_id)
        .where(
            RegisteredSeal.state == SealState.ACTIVE,
            SealAuthorisation.kinds.contains(bindparam("kinds", type_=JSONB)),
            SealAuthorisation.revoked_at.is_(None),
            SealAuthorisation.from_on <= day,
            or_(SealAuthorisation.until_on.is_(None), SealAuthorisation.until_on >= day),
            or_(
                SealAuthorisation.case_id.is_(None),
                SealAuthorisation.case_id == bindparam("case", type_=Uuid),
            ),
        )
        .order_by(SealAuthorisation.id)
        .limit(1)
        .subquery()
    )
    kept = (
        select(RegisteredSeal.id)
        .where(
            RegisteredSeal.state == SealState.ACTIVE,
            RegisteredSeal.keepers.contains(bindparam("keepers", type_=JSONB)),
        )
        .order_by(RegisteredSeal.id)
        .limit(1)
        .subquery()
    )
    both = drawn.outerjoin(authorised, true()).outerjoin(kept, true())
    return select(drawn.c.number, authorised.c.seal_id, authorised.c.id, kept.c.id).select_from(
        both
    )


async def listed(session: AsyncSession) -> Rows[RegisteredSeal]:
    return (await session.scalars(select(RegisteredSeal).order_by(RegisteredSeal.id))).all()


async def get(session: AsyncSession, seal_id: UUID) -> RegisteredSeal | None:
    return await session.get(RegisteredSeal, seal_id)


async def get_authorisation(
    session: AsyncSession, seal_id: UUID, authorisation_id: UUID
) -> SealAuthorisation | None:
    return await session.scalar(
        select(SealAuthorisation)
        .where(and_(SealAuthorisation.seal_id == seal_id, SealAuthorisation.id == authorisation_id))
        .with_for_update()
    )


async def authorisations_of(
    session: AsyncSession, seal_id: UUID, paging: Paging
) -> Rows[SealAuthorisation]:
    given = select(SealAuthorisation).where(SealAuthorisation.seal_id == seal_id)
    return (
        await session.scalars(after(given, paging, SealAuthorisation.id, descending=True))
    ).all()


async def uses_of(session: AsyncSession, seal_id: UUID, paging: Paging) -> Rows[SealUse]:
    used = select(SealUse).where(SealUse.seal_id == seal_id)
    return (await session.scalars(after(used, paging, SealUse.id, descending=True))).all()
