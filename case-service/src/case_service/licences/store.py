"""Every SQL statement on licences."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import date, datetime
from typing import Final
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
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.licences.tables import Licence, ShowCode
from case_service.licences.vocabulary import LicenceOperation, LicenceState
from tongban.identity import Caller, Role
from tongban.paging import Paging, after

__all__ = [
    "all_licences",
    "by_code",
    "case_of",
    "ended_between",
    "get_for_update",
    "held_by",
    "not_begun",
    "of_holder",
    "owned",
    "reaches",
    "redeem",
    "renewal_asked",
    "valid_of_holder",
    "valid_of_subject",
    "visible",
]

READERS = (
    Role.CLERK,
    Role.REVIEWER,
    Role.APPROVER,
    Role.SEAL_KEEPER,
    Role.HELPER,
    Role.SUPERVISOR,
)

AT_ONCE: Final = 500

_IS_KEPT = Licence.sealed_body != b""
"""Of one whose case's file was destroyed, number and standing are left: nothing to hand out."""


def _valid(on: ColumnElement[date] | date) -> tuple[ColumnElement[bool], ...]:
    return (
        Licence.state == LicenceState.VALID,
        Licence.valid_from <= on,
        or_(Licence.invalid_from.is_(None), Licence.invalid_from > on),
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
    wanted = select(Licence).where(Licence.id == licence_id, _IS_KEPT)
    if not caller.has(*READERS):
        wanted = wanted.join(Case, Case.id == Licence.case_id).where(
            Case.applicant_subject == caller.subject
        )
    return await session.scalar(wanted)


async def get_for_update(session: AsyncSession, licence_id: UUID) -> Licence | None:
    wanted = select(Licence).where(Licence.id == licence_id, _IS_KEPT).with_for_update()
    return await session.scalar(wanted.execution_options(populate_existing=True))


async def owned(session: AsyncSession, licence_id: UUID, subject: str) -> Licence | None:
    """Return a licence that was issued to this account."""
    wanted = (
        select(Licence)
        .join(Case, Case.id == Licence.case_id)
        .where(Licence.id == licence_id, Case.applicant_subject == subject, _IS_KEPT)
    )
    return await session.scalar(wanted)


async def held_by(
    session: AsyncSession, licence_id: UUID, holder_indexes: Sequence[bytes]
) -> Licence | None:
    """Return a licence where one of these is its holder's index."""
    wanted = select(Licence).where(
        Licence.id == licence_id, Licence.holder_index.in_(list(holder_indexes))
    )
    return await session.scalar(wanted)


async def not_begun(session: AsyncSession, predecessor_id: UUID, *, on: date) -> Sequence[Licence]:
    """Return, locked, what was issued in a licence's place for a day that has not come."""
    ahead = (
        select(Licence)
        .where(
            Licence.predecessor_id == predecessor_id,
            Licence.state == LicenceState.VALID,
            Licence.valid_from > on,
            _IS_KEPT,
        )
        .order_by(Licence.id)
        .with_for_update()
    )
    return (await session.scalars(ahead)).all()


async def renewal_asked(session: AsyncSession, licence_id: UUID) -> Case | None:
    """Return the first case still undecided that asks for the licence's renewal."""
    asked = (
        select(Case)
        .where(
            Case.predecessor_id == licence_id,
            Case.outcome.is_(None),
            Case.licence_operation == LicenceOperation.RENEW,
        )
        .order_by(Case.submitted_at)
        .limit(1)
    )
    return await session.scalar(asked)


async def ended_between(session: AsyncSession, first: int, last: int, *, on: date) -> Sequence[int]:
    """Return the places, in a range of the status lists, of licences that stand no more."""
    ended = select(Licence.status_index).where(
        Licence.status_index.between(first, last),
        Licence.invalid_from.is_not(None),
        or_(Licence.invalid_from <= on, Licence.state != LicenceState.VALID),
    )
    return (await session.scalars(ended)).all()


async def reaches(session: AsyncSession, first: int) -> bool:
    """Tell whether any licence has this place in the status lists, or a later one."""
    found = select(Licence.id).where(Licence.status_index >= first).limit(1)
    return await session.scalar(found) is not None


async def redeem(
    session: AsyncSession,
    code_indexes: Sequence[bytes],
    *,
    at: datetime,
    by: str,
    site_id: str | None,
) -> Licence | None:
    """Use a code up and return its licence; of two at once, one finds it still unused."""
    used = (
        update(ShowCode)
        .where(
            ShowCode.code_index.in_(list(code_indexes)),
            ShowCode.redeemed_at.is_(None),
            ShowCode.expires_at > at,
        )
        .values(redeemed_at=at, redeemed_by=by, site_id=site_id)
        .returning(ShowCode.licence_id)
        .execution_options(synchronize_session=False)
    )
    licence_id = await session.scalar(used)
    return None if licence_id is None else await session.get(Licence, licence_id)


async def case_of(session: AsyncSession, licence: Licence) -> Case:
    """Return the licence's case, locked: it tells what happens to the licence."""
    return await session.get_one(Case, licence.case_id, with_for_update=True)


async def all_licences(session: AsyncSession) -> AsyncIterator[Licence]:
    """Yield every licence, a few hundred at a time, oldest first."""
    behind: UUID | None = None
    while True:
        wanted = select(Licence).order_by(Licence.id).limit(AT_ONCE)
        if behind is not None:
            wanted = wanted.where(Licence.id > behind)
        rows = (await session.scalars(wanted)).all()
        for row in rows:
            yield row
        if len(rows) < AT_ONCE:
            return
        behind = rows[-1].id


async def by_code(session: AsyncSession, code: str) -> Licence | None:
    return await session.scalar(select(Licence).where(Licence.verification_code == code))


async def of_holder(
    session: AsyncSession,
    subject: str,
    paging: Paging,
    *,
    licence_type: str | None = None,
    valid_on: date | None = None,
) -> Sequence[Licence]:
    held = (
        select(Licence)
        .join(Case, Case.id == Licence.case_id)
        .where(Case.applicant_subject == subject)
    )
    if licence_type is not None:
        held = held.where(Licence.licence_type == licence_type)
    if valid_on is not None:
        held = held.where(*_valid(valid_on))
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
