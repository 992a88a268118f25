"""Every SQL statement about exchanges, their deliveries, receipts and nonces."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    RowMapping,
    Select,
    String,
    case,
    cast,
    delete,
    func,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, undefer

from interop_service.exchanges.rules import DeliveryState, HopClock, Light, Side, State
from interop_service.exchanges.tables import (
    Delivery,
    Exchange,
    Hop,
    Nonce,
    ReceiptRow,
)
from interop_service.letters.tables import Letter
from interop_service.partners.rules import PartnerState, is_broken
from interop_service.partners.tables import Agreement, Partner
from interop_service.suites import Suite
from tongban.paging import Paging, after

__all__ = [
    "DueDelivery",
    "add_hop",
    "alone_with_message",
    "dead_letters",
    "deliveries_of",
    "due_deliveries",
    "exchange",
    "exchange_of",
    "exchanges_page",
    "forget_bodies",
    "forget_nonces",
    "give_up",
    "hold",
    "hops_of",
    "joint_with",
    "keep_nonce",
    "lights_to_tell",
    "lock_concert",
    "lock_delivery",
    "lock_exchange",
    "lock_idle_exchange",
    "receipt",
    "receipts_of",
    "to_archive",
]


class DueDelivery(NamedTuple):
    """A message to send, to whom, and what its agreement says of sending."""

    delivery: Delivery
    partner: Partner
    suite: Suite | None
    give_up_after_days: int | None


async def exchange(session: AsyncSession, exchange_id: UUID) -> Exchange | None:
    return await session.get(Exchange, exchange_id)


async def lock_exchange(session: AsyncSession, exchange_id: UUID) -> Exchange | None:
    return await session.get(Exchange, exchange_id, with_for_update=True, populate_existing=True)


async def lock_idle_exchange(session: AsyncSession, exchange_id: UUID) -> Exchange | None:
    """Lock an exchange that nobody else has locked; None where somebody has."""
    return await session.scalar(
        select(Exchange).where(Exchange.id == exchange_id).with_for_update(skip_locked=True),
        execution_options={"populate_existing": True},
    )


async def lock_concert(session: AsyncSession, exchange_id: UUID) -> Sequence[Exchange]:
    """Lock an exchange with all that are handled in concert with it, the near side's main first.

    Whoever locks one of several locks them all, in one order: nobody waits for each other.
    """
    found = await session.get(Exchange, exchange_id)
    if found is None:
        return ()
    main = found.joint_id or found.id
    rows = await session.scalars(
        select(Exchange)
        .where(or_(Exchange.id.in_((main, exchange_id)), Exchange.joint_id == main))
        .order_by(Exchange.id != main, Exchange.id)
        .with_for_update(),
        execution_options={"populate_existing": True},
    )
    return rows.all()


async def joint_with(session: AsyncSession, joint_id: UUID) -> Sequence[Exchange]:
    """Return the exchanges of a joint case, the main one first."""
    rows = await session.scalars(
        select(Exchange)
        .where(Exchange.joint_id == joint_id)
        .order_by(Exchange.id != joint_id, Exchange.id)
    )
    return rows.all()


async def lights_to_tell(
    session: AsyncSession, *, holder: str, today: date, limit: int
) -> Sequence[Exchange]:
    """Lock the exchanges in `holder`'s hands whose light is not what was told last."""
    light = case(
        (Exchange.due_on < today, Light.RED.value),
        (Exchange.due_on == today, Light.YELLOW.value),
        else_=Light.GREEN.value,
    )
    rows = await session.scalars(
        select(Exchange)
        .where(
            Exchange.holder == holder,
            Exchange.clock.is_not(None),
            Exchange.due_on.is_not(None),
            cast(Exchange.light, String).is_distinct_from(light),
        )
        .order_by(Exchange.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def to_archive(session: AsyncSession, *, before: datetime, limit: int) -> Sequence[Exchange]:
    """Lock the exchanges that this district owns, that are over and still since `before`."""
    rows = await session.scalars(
        select(Exchange)
        .where(
            Exchange.side == Side.OWNER,
            Exchange.state.in_((State.CONCLUDED, State.HANDED_OVER)),
            Exchange.owner_number.is_not(None),
            Exchange.updated_at < before,
        )
        .order_by(Exchange.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def exchanges_page(
    session: AsyncSession, paging: Paging, *, partner: str | None, state: State | None
) -> Sequence[Exchange]:
    statement = select(Exchange)
    if partner is not None:
        statement = statement.filter_by(partner=partner)
    if state is not None:
        statement = statement.filter_by(state=state)
    rows = await session.scalars(after(statement, paging, Exchange.id, descending=True))
    return rows.all()


async def add_hop(
    session: AsyncSession,
    row: Exchange,
    *,
    state: State,
    holder: str,
    at: datetime,
    clock: HopClock | None,
    due_on: date | None,
    note: str | None = None,
) -> None:
    """Note who holds the case now; the exchange's row is locked, so the ordinals don't meet."""
    last = await session.scalar(
        select(func.coalesce(func.max(Hop.ordinal), 0)).where(Hop.exchange_id == row.id)
    )
    session.add(
        Hop(
            exchange_id=row.id,
            ordinal=(last or 0) + 1,
            state=state,
            holder=holder,
            at=at,
            clock=clock,
            due_on=due_on,
            note=note,
        )
    )


async def hops_of(session: AsyncSession, exchange_id: UUID) -> Sequence[Hop]:
    rows = await session.scalars(
        select(Hop).filter_by(exchange_id=exchange_id).order_by(Hop.ordinal)
    )
    return rows.all()


async def deliveries_of(session: AsyncSession, exchange_id: UUID) -> Sequence[Delivery]:
    rows = await session.scalars(
        select(Delivery).filter_by(exchange_id=exchange_id).order_by(Delivery.ordinal)
    )
    return rows.all()


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
    before, waiting = aliased(Delivery), aliased(Delivery)
    heads = (
        select(waiting.id)
        .where(
            waiting.partner == Partner.district,
            waiting.state == DeliveryState.DUE,
            waiting.next_attempt_at <= at,
            ~select(before.id)
            .where(
                before.exchange_id == waiting.exchange_id,
                # What comes after a dead letter waits for it to be sent, or given up by a person.
                before.state.in_((DeliveryState.DUE, DeliveryState.DEAD)),
                before.ordinal < waiting.ordinal,
            )
            .exists(),
        )
        .order_by(waiting.next_attempt_at)
        .limit(room)
        .lateral()
    )
    full = [partner for partner, count in under_way.items() if count >= room]
    chosen = (
        select(heads.c.id)
        .select_from(Partner)
        .join(heads, true())
        .where(
            Partner.state == PartnerState.ACTIVE,
            or_(Partner.paused_until.is_(None), Partner.paused_until <= at),
            Partner.district.not_in(full),
        )
        .limit(limit)
    )
    found = await session.execute(
        select(Delivery, Partner, Agreement.suite, Agreement.give_up_after_days)
        .join(Partner, Partner.district == Delivery.partner)
        .join(Exchange, Exchange.id == Delivery.exchange_id)
        .outerjoin(Agreement, Agreement.code == Exchange.agreement)
        .where(
            Delivery.id.in_(chosen),
            # Said again: another worker may have taken it between choosing and locking.
            Delivery.state == DeliveryState.DUE,
            Delivery.next_attempt_at <= at,
        )
        .options(undefer(Delivery.body))
        .with_for_update(of=Delivery, skip_locked=True)
    )
    taken, busy = [], Counter(under_way)
    for row in found:
        delivery, partner = row.Delivery, row.Partner
        if busy[partner.district] < (1 if is_broken(partner.failures) else room):
            busy[partner.district] += 1
            taken.append(DueDelivery(delivery, partner, row.suite, row.give_up_after_days))
    return taken


async def dead_letters(
    session: AsyncSession, paging: Paging, *, partner: str | None
) -> Sequence[RowMapping]:
    """Return the dead letters, of exchanges and of what belongs to no case, oldest first."""
    both = union_all(_dead(Delivery), _dead(Letter)).subquery()
    statement = select(both)
    if partner is not None:
        statement = statement.where(both.c.partner == partner)
    return (await session.execute(after(statement, paging, both.c.id))).mappings().all()


def _dead(table: type[Delivery] | type[Letter]) -> Select[*tuple[Any, ...]]:
    return select(
        table.id,
        table.exchange_id,
        table.ordinal,
        cast(table.kind, String).label("kind"),
        table.partner,
        table.state,
        table.attempts,
        table.last_attempt_at,
        table.next_attempt_at,
        table.last_fault,
        table.fault_of,
        table.created_at,
    ).where(table.state == DeliveryState.DEAD)


async def give_up(session: AsyncSession, exchange_id: UUID, *, fault: str) -> None:
    """Send no more of an exchange's messages."""
    await session.execute(
        update(Delivery)
        .where(Delivery.exchange_id == exchange_id, Delivery.state == DeliveryState.DUE)
        .values(state=DeliveryState.FAILED, last_fault=fault, body=None),
        execution_options={"synchronize_session": "fetch"},
    )


async def forget_bodies(session: AsyncSession, *, at: datetime, after: timedelta) -> None:
    """Drop the bodies of messages that were delivered long enough ago."""
    await session.execute(
        update(Delivery)
        .where(Delivery.delivered_at < at - after, Delivery.body.is_not(None))
        .values(body=None),
        execution_options={"synchronize_session": False},
    )


async def exchange_of(session: AsyncSession, message_id: UUID) -> UUID | None:
    """Return which exchange a message is of, without locking it: the exchange is locked first."""
    return await session.scalar(select(Delivery.exchange_id).where(Delivery.id == message_id))


async def lock_delivery(session: AsyncSession, message_id: UUID) -> Delivery | None:
    return await session.get(Delivery, message_id, with_for_update=True)


async def hold(session: AsyncSession, message_id: UUID, *, until: datetime) -> None:
    """Keep a message that is under way under its lease for longer."""
    await session.execute(
        update(Delivery)
        .where(Delivery.id == message_id, Delivery.state == DeliveryState.DUE)
        .values(next_attempt_at=until),
        execution_options={"synchronize_session": False},
    )


async def receipt(session: AsyncSession, *, sender: str, message_id: UUID) -> ReceiptRow | None:
    found: ReceiptRow | None = await session.scalar(
        select(ReceiptRow).filter_by(sender=sender, message_id=message_id)
    )
    return found


async def receipts_of(session: AsyncSession, exchange_id: UUID) -> Sequence[ReceiptRow]:
    rows = await session.scalars(
        select(ReceiptRow).filter_by(exchange_id=exchange_id).order_by(ReceiptRow.at, ReceiptRow.id)
    )
    return rows.all()


async def alone_with_message(session: AsyncSession, *, sender: str, message_id: UUID) -> None:
    """Wait until no other request handles the same message: its second coming finds a receipt."""
    lock = func.hashtextextended(f"message:{sender}:{message_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))


async def keep_nonce(session: AsyncSession, *, sender: str, nonce: str, at: datetime) -> bool:
    """Keep a nonce; return whether it is new."""
    fresh = await session.scalar(
        insert(Nonce)
        .values(sender=sender, nonce=nonce, at=at)
        .on_conflict_do_nothing()
        .returning(Nonce.nonce)
    )
    return fresh is not None


async def forget_nonces(session: AsyncSession, *, at: datetime, after: timedelta) -> None:
    await session.execute(
        delete(Nonce).where(Nonce.at < at - after),
        execution_options={"synchronize_session": False},
    )
