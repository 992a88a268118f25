"""Every SQL statement on licences."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    LargeBinary,
    Text,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.licences.rules import LicenceState
from case_service.licences.tables import Licence
from tongban.identity import Caller, Role
from tongban.paging import Paging, after

__all__ = ["by_code", "case_of", "get_for_update", "of_holder", "visible"]

READERS = (
    Role.CLERK,
    Role.REVIEWER,
    Role.APPROVER,
    Role.SEAL_KEEPER,
    Role.HELPER,
    Role.SUPERVISOR,
)


def _valid(on: ColumnElement[date] | date) -> tuple[ColumnElement[bool], ...]:
    return (
        Licence.state == LicenceState.VALID,
        Licence.valid_from <= on,
        or_(Licence.valid_until.is_(None), Licence.valid_until >= on),
    )


# On every submission's path: made once.
_VALID_OF_HOLDER = (
    select(Licence)
    .where(
        Licence.holder_index == func.any(bindparam("holders", type_=ARRAY(LargeBinary))),
        Licence.licence_type == func.any(bindparam("types", type_=ARRAY(Text))),
        *_valid(bindparam("on", type_=Date)),
    )
    .order_by(Licence.id)
)


async def visible(session: AsyncSession, licence_id: UUID, caller: Caller) -> Licence | None:
    """Return the licence where it is the caller's own, or he works with licences here."""
    wanted = select(Licence).where(Licence.id == licence_id)
    if not caller.has(*READERS):
        wanted = wanted.join(Case, Case.id == Licence.case_id).where(
            Case.applicant_subject == caller.subject
        )
    return await session.scalar(wanted)


async def get_for_update(session: AsyncSession, licence_id: UUID) -> Licence | None:
    return await session.get(Licence, licence_id, with_for_update=True)


async def case_of(session: AsyncSession, licence: Licence) -> Case:
    """Return the licence's case, locked: it tells what happens to the licence."""
    return await session.get_one(Case, licence.case_id, with_for_update=True)


async def by_code(session: AsyncSession, code: str) -> Licence | None:
    return await session.scalar(select(Licence).where(Licence.verification_code == code))


async def of_holder(session: AsyncSession, subject: str, paging: Paging) -> Sequence[Licence]:
    held = (
        select(Licence)
        .join(Case, Case.id == Licence.case_id)
        .where(Case.applicant_subject == subject)
    )
    return (await session.scalars(after(held, paging, Licence.id, descending=True))).all()


async def valid_of_holder(
    session: AsyncSession,
    holder_indexes: Sequence[bytes],
    licence_types: Collection[str],
    *,
    on: date,
) -> Sequence[Licence]:
    """Return the holder's licences of these types that are valid on that day, newest last."""
    told = {"holders": list(holder_indexes), "types": sorted(licence_types), "on": on}
    return (await session.scalars(_VALID_OF_HOLDER, told)).all()


async def valid_of_subject(session: AsyncSession, subject: str, *, on: date) -> Sequence[Licence]:
    rows = await session.scalars(
        select(Licence)
        .join(Case, Case.id == Licence.case_id)
        .where(Case.applicant_subject == subject, *_valid(on))
        .order_by(Licence.id.desc())
        .limit(100)
    )
    return rows.all()
