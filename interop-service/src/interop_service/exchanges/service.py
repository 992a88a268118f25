"""What staff see of exchanges, and what partners need to know of this district."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges import comparing, modes, sending, store
from interop_service.exchanges.concert import joint_read, standing_of
from interop_service.exchanges.messages import (
    Standing,
)
from interop_service.exchanges.rules import MessageKind, Side, State, light_of
from interop_service.exchanges.schemas import (
    DeliveryRead,
    ExchangeDetail,
    ExchangeRead,
    HopRead,
    OwnKeySet,
    PossibleMessages,
    PublicKey,
    RemoteHelpIn,
)
from interop_service.exchanges.tables import Exchange, Hop, ReceiptRow, Reconciliation
from interop_service.keys import own_keys
from interop_service.partners import service as partners
from interop_service.refusals import ExchangeNotFound, RemoteHelpRefused
from tongban import audit, gb
from tongban.clock import local_date
from tongban.context import Context
from tongban.paging import Paging

__all__ = [
    "brought_licence",
    "compare_from_now",
    "detail",
    "exchanges_page",
    "hops_read",
    "offer_remote_help",
    "published_keys",
    "receipts",
    "reconciliations",
]


async def brought_licence(session: AsyncSession, exchange_id: UUID) -> Exchange | None:
    """Return an exchange whose result is, or grants, a licence."""
    row = await store.exchange(session, exchange_id)
    return row if row is not None and row.licence_number is not None else None


async def exchanges_page(
    session: AsyncSession, paging: Paging, *, partner: str | None, state: State | None
) -> Sequence[Exchange]:
    return await store.exchanges_page(session, paging, partner=partner, state=state)


async def detail(session: AsyncSession, context: Context, exchange_id: UUID) -> ExchangeDetail:
    """Return an exchange with its hops and messages, and what may follow.

    Raises:
        ExchangeNotFound: 404.
    """
    row = await _exchange(session, exchange_id)
    hops = await store.hops_of(session, exchange_id)
    deliveries = await store.deliveries_of(session, exchange_id)
    agreement = await partners.agreement(session, row.agreement)
    possible = {side.value: modes.possible(row.mode, row.state, side) for side in Side}
    return ExchangeDetail(
        **ExchangeRead.model_validate(row).model_dump(),
        possible=PossibleMessages.model_validate(possible),
        joint=joint_read(await _standing(session, row)),
        postage_borne_by=agreement.postage_borne_by if agreement is not None else None,
        hops=hops_read(hops, today=local_date(context.clock())),
        deliveries=[DeliveryRead.model_validate(one) for one in deliveries],
    )


def hops_read(hops: Sequence[Hop], *, today: date) -> list[HopRead]:
    """Return each hop with its end, and its light as it is now or was then."""
    ends = [*(hop.at for hop in hops[1:]), None]
    return [
        HopRead(
            state=hop.state,
            holder=hop.holder,
            at=hop.at,
            until=until,
            clock=hop.clock,
            due_on=hop.due_on,
            light=light_of(hop.due_on, on=local_date(until) if until is not None else today),
            note=hop.note,
        )
        for hop, until in zip(hops, ends, strict=True)
    ]


async def offer_remote_help(
    session: AsyncSession,
    context: Context,
    exchange_id: UUID,
    given: RemoteHelpIn,
    *,
    actor: str,
    at: datetime,
) -> Exchange:
    """Keep where the two windows meet by video, and tell the other district.

    Raises:
        ExchangeNotFound: 404.
        RemoteHelpRefused: 409, the owner does not have the case, or no longer.
    """
    row = await store.lock_exchange(session, exchange_id)
    if row is None:
        raise ExchangeNotFound
    kind = MessageKind.REMOTE_HELP
    if kind not in modes.possible(row.mode, row.state, row.side):
        raise RemoteHelpRefused(state=row.state)
    row.remote_help = given.url
    await sending.tell_partner(session, context, row, kind, at=at, facts={"url": given.url})
    audit.note(
        session,
        actor=actor,
        action="exchange.remote_help",
        subject=str(row.id),
        payload={"partner": row.partner},
    )
    await session.flush()
    return row


async def receipts(session: AsyncSession, exchange_id: UUID) -> Sequence[ReceiptRow]:
    """Return the signed receipts of an exchange, given and got.

    Raises:
        ExchangeNotFound: 404.
    """
    await _exchange(session, exchange_id)
    return await store.receipts_of(session, exchange_id)


async def compare_from_now(session: AsyncSession, partner: str, *, at: datetime) -> None:
    """Have the worker reconcile with a partner that is connected now, and daily from then on."""
    await comparing.want_reconciliation(session, partner, at=at)


async def reconciliations(session: AsyncSession) -> Sequence[Reconciliation]:
    """Return how the last comparison with each partner went."""
    return await comparing.reconciliations(session)


def published_keys(context: Context) -> OwnKeySet:
    """Return what a partner registers of this district."""
    district, own = context.settings.district, own_keys(context)
    return OwnKeySet(
        district=district,
        name=gb.district(district).name,
        suites=own.suites(context.clock()),
        keys=[PublicKey.model_validate(key) for key in own.published()],
    )


async def _exchange(session: AsyncSession, exchange_id: UUID) -> Exchange:
    row = await store.exchange(session, exchange_id)
    if row is None:
        raise ExchangeNotFound
    return row


async def _standing(session: AsyncSession, row: Exchange) -> list[Standing]:
    """Return how the owners of a joint case stand: as we see it, or as the near side told us."""
    if row.joint_id is None:
        return []
    if row.side is Side.OWNER:
        return [Standing.model_validate(one) for one in row.concert]
    return standing_of(await store.joint_with(session, row.joint_id))
