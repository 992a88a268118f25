"""Every SQL statement about exchanges, their deliveries, receipts and nonces."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    RowMapping,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from interop_service.exchanges.rules import DeliveryState, HopClock, Light, Side, State
from interop_service.exchanges.tables import (
    Delivery,
    Exchange,
    Hop,
    Nonce,
    ReceiptRow,
)
from interop_service.files.tables import WaitingMessage
from interop_service.letters.tables import Letter
from tongban import audit
from tongban.paging import Paging, after

__all__ = [
    "Known",
    "add_hop",
    "alone_with_message",
    "dead_letters",
    "deliveries_of",
    "exchange",
    "exchange_of",
    "exchanges_page",
    "forget_bodies",
    "forget_nonces",
    "give_up",
    "hold",
    "hops_of",
    "is_exchange",
    "joint_with",
    "keep_nonce",
    "known",
    "lights_to_tell",
    "lock_concert",
    "lock_delivery",
    "lock_exchange",
    "receipt",
    "receipts_of",
    "to_archive",
]


class Known(NamedTuple):
    """What is known of a message that came."""

    receipt: ReceiptRow | None
    """That it was given."""
    waiting: tuple[str, str] | None
    """The digest of its body, and by which algorithm, where it waits for its files."""
    oldest_unsealed: datetime | None
    """Since when an entry of the message log waits for its seal."""


_ALONE = select(
    func.pg_advisory_xact_lock(func.hashtextextended(bindparam("lock", type_=String), 0))
)
_KEPT_NONCE = (
    insert(Nonce)
    .values({name: bindparam(name) for name in ("sender", "nonce", "at")})
    .on_conflict_do_nothing()
    .returning(Nonce.nonce)
    .cte("kept")
)
_NONCE = select(select(func.count()).select_from(_KEPT_NONCE).scalar_subquery().label("fresh"))
_NONCE_ALONE = _NONCE.add_columns(*_ALONE.selected_columns)

_ONE = select(literal(1).label("one")).subquery()
_KNOWN = (
    select(
        ReceiptRow,
        WaitingMessage.digest,
        WaitingMessage.digest_algorithm,
        audit.OLDEST_UNSEALED.scalar_subquery().label("oldest_unsealed"),
    )
    .select_from(_ONE)
    .outerjoin(
        ReceiptRow,
        and_(
            ReceiptRow.sender == bindparam("sender"), ReceiptRow.message_id == bindparam("message")
        ),
    )
    .outerjoin(
        WaitingMessage,
        and_(
            WaitingMessage.sender == bindparam("sender"),
            WaitingMessage.message_id == bindparam("message"),
        ),
    )
)
_IS_EXCHANGE = select(literal(1)).where(Exchange.id == bindparam("id"))
_ONE_OF_THEM = aliased(Exchange, name="one_of_them")
_MAIN = (
    select(func.coalesce(_ONE_OF_THEM.joint_id, _ONE_OF_THEM.id))
    .where(_ONE_OF_THEM.id == bindparam("id"))
    .scalar_subquery()
)
_CONCERT = (
    select(Exchange)
    .where(or_(Exchange.id == bindparam("id"), Exchange.id == _MAIN, Exchange.joint_id == _MAIN))
    .order_by(Exchange.id != _MAIN, Exchange.id)
    .with_for_update(of=Exchange)
)


async def exchange(session: AsyncSession, exchange_id: UUID) -> Exchange | None:
    return await session.get(Exchange, exchange_id)


async def lock_exchange(session: AsyncSession, exchange_id: UUID) -> Exchange | None:
    return await session.get(Exchange, exchange_id, with_for_update=True, populate_existing=True)


async def lock_concert(session: AsyncSession, exchange_id: UUID) -> Sequence[Exchange]:
    """Lock an exchange with all that are handled in concert with it, the near side's main first.

    Whoever locks one of several locks them all, in one order: nobody waits for each other.
    """
    rows = await session.scalars(
        _CONCERT, {"id": exchange_id}, execution_options={"populate_existing": True}
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


def add_hop(
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
    """Note who holds the case now; the exchange's row is locked, so the hops keep their order."""
    session.add(
        Hop(
            exchange_id=row.id,
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


async def known(session: AsyncSession, *, sender: str, message_id: UUID) -> Known:
    """Return what is known of a message that came, and how far sealing is, by one statement."""
    row = (await session.execute(_KNOWN, {"sender": sender, "message": message_id})).one()
    waiting = None if row.digest is None else (row.digest, row.digest_algorithm)
    return Known(row.ReceiptRow, waiting, row.oldest_unsealed)


async def is_exchange(session: AsyncSession, exchange_id: UUID) -> bool:
    """Tell whether there is an exchange of this id."""
    return await session.scalar(_IS_EXCHANGE, {"id": exchange_id}) is not None


async def receipts_of(session: AsyncSession, exchange_id: UUID) -> Sequence[ReceiptRow]:
    rows = await session.scalars(
        select(ReceiptRow).filter_by(exchange_id=exchange_id).order_by(ReceiptRow.at, ReceiptRow.id)
    )
    return rows.all()


async def alone_with_message(session: AsyncSession, *, sender: str, message_id: UUID) -> None:
    """Wait until no other request handles the same message: its second coming finds a receipt."""
    await session.execute(_ALONE, {"lock": _lock(sender, message_id)})


async def keep_nonce(
    session: AsyncSession, sender: str, nonce: str, *, at: datetime, alone_with: UUID | None
) -> bool:
    """Keep a nonce, and be alone with a message in the same statement; return whether it is new."""
    values: dict[str, Any] = {"sender": sender, "nonce": nonce, "at": at}
    if alone_with is not None:
        values["lock"] = _lock(sender, alone_with)
    kept = await session.execute(_NONCE if alone_with is None else _NONCE_ALONE, values)
    return bool(kept.one().fresh)


def _lock(sender: str, message_id: UUID) -> str:
    return f"message:{sender}:{message_id}"


async def forget_nonces(session: AsyncSession, *, at: datetime, after: timedelta) -> None:
    await session.execute(
        delete(Nonce).where(Nonce.at < at - after),
        execution_options={"synchronize_session": False},
    )
