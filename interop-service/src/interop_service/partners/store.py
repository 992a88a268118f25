"""Every SQL statement about partners, agreements and offers."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.partners import terms
from interop_service.partners.rules import AgreementState, PartnerState
from interop_service.partners.tables import Agreement, MatterOffer, Partner
from tongban.paging import Paging, after

__all__ = [
    "active_districts",
    "agreement",
    "agreements",
    "agreements_page",
    "all_offers",
    "count_failure",
    "forget_failures",
    "lock_agreement",
    "lock_offers",
    "lock_partner",
    "offer",
    "offers_page",
    "offers_under",
    "overdue_agreements",
    "partner",
    "partners",
    "partners_page",
    "pause",
]

_PARTNER = select(Partner).where(Partner.district == bindparam("district"))
_AGREEMENT = select(Agreement).where(Agreement.code == bindparam("code"))
_OFFER = (
    select(MatterOffer)
    .where(
        MatterOffer.owner_district == bindparam("owner"),
        MatterOffer.matter_code == bindparam("matter"),
    )
    .order_by(MatterOffer.agreement)
    .limit(1)
)
_OFFER_UNDER = _OFFER.where(MatterOffer.agreement == bindparam("agreement"))


async def partner(session: AsyncSession, district: str) -> Partner | None:
    async def read() -> Partner | None:
        return await session.scalar(_PARTNER, {"district": district})

    return await terms.remembered(session, ("partner", district), read)


async def lock_partner(session: AsyncSession, district: str) -> Partner | None:
    terms.leave(session)
    found: Partner | None = await session.scalar(
        select(Partner).filter_by(district=district).with_for_update()
    )
    return found


async def partners(session: AsyncSession) -> Sequence[Partner]:
    """All partners, locked: districts have dozens, not thousands."""
    terms.leave(session)
    rows = await session.scalars(select(Partner).order_by(Partner.district).with_for_update())
    return rows.all()


async def count_failure(session: AsyncSession, district: str) -> int:
    """Count one more failure in a row; return how many there are.

    Beside the row's version: nobody's edit of the partner is to fail by it.
    """
    counted = await session.scalar(
        update(Partner)
        .where(Partner.district == district)
        .values(failures=Partner.failures + 1)
        .returning(Partner.failures),
        execution_options={"synchronize_session": False},
    )
    return counted or 0


async def forget_failures(session: AsyncSession, district: str) -> None:
    await session.execute(
        update(Partner).where(Partner.district == district).values(failures=0, paused_until=None),
        execution_options={"synchronize_session": False},
    )


async def pause(session: AsyncSession, district: str, *, until: datetime) -> None:
    """Leave a partner alone until then, or longer where it is left alone longer already."""
    await session.execute(
        update(Partner)
        .where(Partner.district == district)
        .values(paused_until=func.greatest(Partner.paused_until, until)),
        execution_options={"synchronize_session": False},
    )


async def active_districts(session: AsyncSession) -> Sequence[str]:
    rows = await session.scalars(
        select(Partner.district).filter_by(state=PartnerState.ACTIVE).order_by(Partner.district)
    )
    return rows.all()


async def agreements(session: AsyncSession) -> Sequence[Agreement]:
    terms.leave(session)
    rows = await session.scalars(select(Agreement).order_by(Agreement.code).with_for_update())
    return rows.all()


async def agreement(session: AsyncSession, code: str) -> Agreement | None:
    async def read() -> Agreement | None:
        return await session.scalar(_AGREEMENT, {"code": code})

    return await terms.remembered(session, ("agreement", code), read)


async def lock_agreement(session: AsyncSession, code: str) -> Agreement | None:
    terms.leave(session)
    found: Agreement | None = await session.scalar(
        select(Agreement)
        .filter_by(code=code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


async def overdue_agreements(session: AsyncSession, *, on: date) -> Sequence[Agreement]:
    terms.leave(session)
    rows = await session.scalars(
        select(Agreement)
        .where(Agreement.state == AgreementState.IN_FORCE, Agreement.valid_until < on)
        .with_for_update()
    )
    return rows.all()


async def offer(
    session: AsyncSession, *, owner_district: str, matter_code: str, agreement: str | None = None
) -> MatterOffer | None:
    """The offer of a district's matter; a partner's has one, our own one per agreement."""
    wanted = {"owner": owner_district, "matter": matter_code, "agreement": agreement}

    async def read() -> MatterOffer | None:
        return await session.scalar(_OFFER if agreement is None else _OFFER_UNDER, wanted)

    return await terms.remembered(session, ("offer", *wanted.values()), read)


async def lock_offers(
    session: AsyncSession, matter_codes: Collection[str]
) -> Sequence[MatterOffer]:
    terms.leave(session)
    rows = await session.scalars(
        select(MatterOffer)
        .where(MatterOffer.matter_code.in_(matter_codes))
        .order_by(MatterOffer.id)
        .with_for_update()
    )
    return rows.all()


async def offers_under(session: AsyncSession, codes: Collection[str]) -> Sequence[MatterOffer]:
    terms.leave(session)
    rows = await session.scalars(
        select(MatterOffer)
        .where(MatterOffer.agreement.in_(codes))
        .order_by(MatterOffer.id)
        .with_for_update()
    )
    return rows.all()


async def all_offers(session: AsyncSession) -> Sequence[MatterOffer]:
    rows = await session.scalars(select(MatterOffer).order_by(MatterOffer.id))
    return rows.all()


async def partners_page(session: AsyncSession, paging: Paging) -> Sequence[Partner]:
    rows = await session.scalars(after(select(Partner), paging, Partner.district))
    return rows.all()


async def agreements_page(
    session: AsyncSession, paging: Paging, *, partner: str | None
) -> Sequence[Agreement]:
    statement = select(Agreement)
    if partner is not None:
        statement = statement.filter_by(partner=partner)
    rows = await session.scalars(after(statement, paging, Agreement.code))
    return rows.all()


async def offers_page(
    session: AsyncSession, paging: Paging, *, owner_district: str | None
) -> Sequence[MatterOffer]:
    statement = select(MatterOffer)
    if owner_district is not None:
        statement = statement.filter_by(owner_district=owner_district)
    rows = await session.scalars(after(statement, paging, MatterOffer.id))
    return rows.all()
