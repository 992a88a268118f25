"""Every SQL statement that holds many messages at once: what is due, and what was receipted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    DateTime,
    Integer,
    String,
    Uuid,
    all_,
    any_,
    bindparam,
    exists,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, undefer

from interop_service.exchanges.rules import DeliveryState
from interop_service.exchanges.tables import Delivery, Exchange, ReceiptRow
from interop_service.files.tables import DeliveryFile
from interop_service.partners.rules import PartnerState, is_broken
from interop_service.partners.tables import Agreement, Partner
from interop_service.suites import Suite

__all__ = ["DueDelivery", "due_deliveries", "lock_delivered", "lock_idle_exchanges"]


class DueDelivery(NamedTuple):
    """A message to send, to whom, and what its agreement says of sending."""

    delivery: Delivery
    partner: Partner
    suite: Suite | None
    give_up_after_days: int | None
    has_files: bool


_AT = bindparam("at", type_=DateTime(timezone=True))
_BEFORE, _WAITING = aliased(Delivery), aliased(Delivery)
_HEADS = (
    select(_WAITING.id)
    .where(
        _WAITING.partner == Partner.district,
        _WAITING.state == DeliveryState.DUE,
        _WAITING.next_attempt_at <= _AT,
        ~select(_BEFORE.id)
        .where(
            _BEFORE.exchange_id == _WAITING.exchange_id,
            # What comes after a dead letter waits for it to be sent, or given up by a person.
            _BEFORE.state.in_((DeliveryState.DUE, DeliveryState.DEAD)),
            _BEFORE.ordinal < _WAITING.ordinal,
        )
        .exists(),
    )
    .order_by(_WAITING.next_attempt_at)
    .limit(bindparam("room", type_=Integer))
    .lateral()
)
_CHOSEN = (
    select(_HEADS.c.id)
    .select_from(Partner)
    .join(_HEADS, true())
    .where(
        Partner.state == PartnerState.ACTIVE,
        or_(Partner.paused_until.is_(None), Partner.paused_until <= _AT),
        Partner.district != all_(bindparam("full", type_=ARRAY(String))),
    )
    .limit(bindparam("most", type_=Integer))
)
_DUE = (
    select(
        Delivery,
        Partner,
        Agreement.suite,
        Agreement.give_up_after_days,
        exists().where(DeliveryFile.delivery_id == Delivery.id).label("has_files"),
    )
    .join(Partner, Partner.district == Delivery.partner)
    .join(Exchange, Exchange.id == Delivery.exchange_id)
    .outerjoin(Agreement, Agreement.code == Exchange.agreement)
    .where(
        Delivery.id.in_(_CHOSEN),
        # Said again: another worker may have taken it between choosing and locking.
        Delivery.state == DeliveryState.DUE,
        Delivery.next_attempt_at <= _AT,
    )
    .options(undefer(Delivery.body))
    .with_for_update(of=Delivery, skip_locked=True)
)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_IDLE = select(Exchange).where(Exchange.id == any_(_IDS)).with_for_update(skip_locked=True)
_DELIVERED = (
    select(Exchange, Delivery)
    .join(Delivery, Delivery.exchange_id == Exchange.id)
    .where(
        Delivery.id == any_(_IDS),
        Delivery.state == DeliveryState.DUE,
        Exchange.joint_id.is_(None),
        ~exists().where(
            ReceiptRow.sender == bindparam("own"), ReceiptRow.message_id == Delivery.id
        ),
    )
    .with_for_update(of=[Exchange, Delivery], skip_locked=True)
)


async def due_deliveries(
    session: AsyncSession,
    *,
    at: datetime,
    under_way: Mapping[str, int],
    room: int,
    limit: int,
) -> Sequence[DueDelivery]:
    """Take due messages, locked: the first of each exchange, of each partner as many as have room.

    `under_way` counts the messages that are on their way to a partner now; it may have `room` at a
    time, and one whose line is dead a single one.
    """
    full = [partner for partner, count in under_way.items() if count >= room]
    values = {"at": at, "room": room, "full": full, "most": limit}
    found = await session.execute(_DUE, values)
    taken, busy = [], Counter(under_way)
    for row in found:
        delivery, partner = row.Delivery, row.Partner
        if busy[partner.district] < (1 if is_broken(partner.failures) else room):
            busy[partner.district] += 1
            taken.append(
                DueDelivery(
                    delivery, partner, row.suite, row.give_up_after_days, has_files=row.has_files
                )
            )
    return taken


async def lock_idle_exchanges(
    session: AsyncSession, exchange_ids: Sequence[UUID]
) -> Mapping[UUID, Exchange]:
    """Lock those of these exchanges that nobody else has locked."""
    rows = await session.scalars(
        _IDLE, {"ids": exchange_ids}, execution_options={"populate_existing": True}
    )
    return {row.id: row for row in rows}


async def lock_delivered(
    session: AsyncSession, message_ids: Sequence[UUID], *, own: str
) -> Sequence[tuple[Exchange, Delivery]]:
    """Lock messages that are due still, each with its exchange: those that nobody else is at.

    Whoever holds many waits for nobody. What more than the two rows hangs on is left out: a joint
    case, and a message that was receipted before.
    """
    found = await session.execute(
        _DELIVERED,
        {"ids": message_ids, "own": own},
        execution_options={"populate_existing": True},
    )
    return [(row.Exchange, row.Delivery) for row in found]
