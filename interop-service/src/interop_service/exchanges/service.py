"""What staff see of exchanges, and what partners need to know of this district."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import ExchangeNotFound
from interop_service.exchanges import store
from interop_service.exchanges.rules import State
from interop_service.exchanges.schemas import (
    DeliveryRead,
    ExchangeDetail,
    ExchangeRead,
    HopRead,
    OwnKeySet,
    PublicKey,
)
from interop_service.exchanges.tables import Exchange, ReceiptRow
from interop_service.keys import own_keys
from tongban import gb
from tongban.context import Context
from tongban.paging import Paging

__all__ = ["detail", "exchanges_page", "published_keys", "receipts"]


async def exchanges_page(
    session: AsyncSession, paging: Paging, *, partner: str | None, state: State | None
) -> Sequence[Exchange]:
    return await store.exchanges_page(session, paging, partner=partner, state=state)


async def detail(session: AsyncSession, exchange_id: UUID) -> ExchangeDetail:
    """Return an exchange with its hops and messages.

    Raises:
        ExchangeNotFound: 404.
    """
    row = await _exchange(session, exchange_id)
    hops = await store.hops_of(session, exchange_id)
    deliveries = await store.deliveries_of(session, exchange_id)
    return ExchangeDetail(
        **ExchangeRead.model_validate(row).model_dump(),
        hops=[HopRead.model_validate(hop) for hop in hops],
        deliveries=[DeliveryRead.model_validate(one) for one in deliveries],
    )


async def receipts(session: AsyncSession, exchange_id: UUID) -> Sequence[ReceiptRow]:
    """Return the signed receipts of an exchange, given and got.

    Raises:
        ExchangeNotFound: 404.
    """
    await _exchange(session, exchange_id)
    return await store.receipts_of(session, exchange_id)


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
