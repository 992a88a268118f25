"""Moving an exchange on: its state, who has the case in hand since when, the clock against him.

A message that hands the case over does so when its receipt is here; until then whoever sent it is
responsible, and a near side that forwards is held to the agreement's limit.
"""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.events import ExchangeLightChanged
from interop_service.exchanges import modes, rules, store
from interop_service.exchanges.rules import HopClock, MessageKind, Side, State
from interop_service.exchanges.tables import Exchange
from interop_service.partners import service as partners
from tongban.calendars import CalendarCache
from tongban.clock import local_date
from tongban.context import Context
from tongban.messages import publish

__all__ = ["adopt", "fail", "move", "open_with", "partner_has_it", "send_off", "watch_lights"]

NOTICE_DAYS: Final = 5
"""行政许可法 Art. 32: what is missing is told within five working days of the owner's receipt."""
ISSUE_DAYS: Final = 10
"""行政许可法 Art. 44: a granted licence is issued and delivered within ten working days."""
LIGHTS_AT_ONCE: Final = 200


async def open_with(
    session: AsyncSession,
    context: Context,
    row: Exchange,
    *,
    at: datetime,
    due_on: date | None = None,
    forwarded: tuple[datetime, date | None] | None = None,
) -> None:
    """Add a new exchange with its first hop.

    `forwarded` is, at the owner, since when the near side had the case and until when it could.
    There it is not written yet: exchange, hops and receipt go by one statement.
    """
    row.holder, row.held_since = _district_of(context, row, _side(row, row.state)), at
    clock = modes.hop(row.mode, row.state).clock
    await _set_clock(session, context, row, clock=clock, due_on=due_on, at=at)
    session.add(row)
    if forwarded is None:
        await session.flush()  # what the caller adds to it refers to it
    else:
        since, until = forwarded
        store.add_hop(
            session,
            row,
            state=State.SENT,
            holder=row.partner,
            at=min(since, at),
            clock=HopClock.FORWARD,
            due_on=until,
        )
    _note_hop(session, row, at=at, note=None)


def send_off(session: AsyncSession, row: Exchange, *, at: datetime) -> None:
    """Note that the package is on its way; it is ours, and so is its limit, until it is there."""
    row.state = State.SENT
    _note_hop(session, row, at=at, note=None)


async def move(
    session: AsyncSession,
    context: Context,
    row: Exchange,
    kind: MessageKind,
    *,
    sender: Side,
    at: datetime,
    due_on: date | None = None,
    note: str | None = None,
    message_id: UUID | None = None,
) -> None:
    """Move an exchange on as a message says, one of ours (with its id) or of the partner's.

    Raises:
        MessageNotAllowed, OutOfTurn: 409.
    """
    before = row.state
    row.state = modes.advance(row.mode, before, kind, sender)
    if row.state is before and due_on in (None, row.due_on):
        return
    there = modes.hop(row.mode, row.state)
    is_ours_to_hand_over = message_id is not None and there.responsible is not row.side
    if is_ours_to_hand_over and kind is not MessageKind.PACKAGE:
        row.handing_over = message_id
        clock = HopClock.FORWARD if row.side is Side.NEAR else there.clock
        holder = context.settings.district
    else:
        row.handing_over = None if message_id is None else row.handing_over
        clock, holder = there.clock, _district_of(context, row, there.responsible)
    _hold(row, holder, at)
    await _enter(session, context, row, clock=clock, due_on=due_on, at=at, note=note)


async def partner_has_it(
    session: AsyncSession, context: Context, row: Exchange, *, at: datetime
) -> None:
    """Hand the case over: the partner's receipt for the message that does so is here."""
    row.handing_over = None
    there = modes.hop(row.mode, row.state)
    _hold(row, _district_of(context, row, there.responsible), at)
    # What was told stands; what is reckoned starts with the receipt, as it does on the other side.
    known = row.due_on if there.clock is HopClock.CORRECTION else None
    await _enter(session, context, row, clock=there.clock, due_on=known, at=at, note=None)


async def adopt(
    session: AsyncSession, context: Context, row: Exchange, state: State, *, at: datetime
) -> None:
    """Take an exchange as the partner has it: what led there was lost here with a backup."""
    row.state, row.handing_over = state, None
    there = modes.hop(row.mode, state)
    _hold(row, _district_of(context, row, there.responsible), at)
    note = "reconciled"
    await _enter(session, context, row, clock=there.clock, due_on=None, at=at, note=note)


async def fail(
    session: AsyncSession, context: Context, row: Exchange, *, reason: str, at: datetime
) -> None:
    """End an exchange that can't go on; whoever could not hand it over keeps it."""
    row.last_fault, row.state, row.handing_over = reason, State.FAILED, None
    _hold(row, context.settings.district, at)
    await _enter(session, context, row, clock=None, due_on=None, at=at, note=reason)


async def watch_lights(session: AsyncSession, context: Context) -> None:
    """Tell of each light that turned since it was told; the worker's timer."""
    own = context.settings.district
    today = local_date(context.clock())
    for row in await store.lights_to_tell(session, holder=own, today=today, limit=LIGHTS_AT_ONCE):
        light = rules.light_of(row.due_on, on=today)
        if light is None or row.clock is None or row.due_on is None:
            continue
        row.light = light
        publish(
            session,
            ExchangeLightChanged(
                exchange_id=row.id,
                case_id=row.case_id,
                charged_to=own,
                clock=row.clock.value,
                light=light.value,
                due_on=row.due_on,
            ),
            of=row,
        )
    await session.flush()


def _hold(row: Exchange, holder: str, at: datetime) -> None:
    if row.holder != holder:
        row.holder, row.held_since = holder, at


async def _enter(
    session: AsyncSession,
    context: Context,
    row: Exchange,
    *,
    clock: HopClock | None,
    due_on: date | None,
    at: datetime,
    note: str | None,
) -> None:
    await _set_clock(session, context, row, clock=clock, due_on=due_on, at=at)
    _note_hop(session, row, at=at, note=note)


async def _set_clock(
    session: AsyncSession,
    context: Context,
    row: Exchange,
    *,
    clock: HopClock | None,
    due_on: date | None,
    at: datetime,
) -> None:
    row.clock = clock
    row.due_on = due_on or await _limit(session, context, row, clock, at)
    row.light = rules.light_of(row.due_on, on=local_date(context.clock()))


def _note_hop(session: AsyncSession, row: Exchange, *, at: datetime, note: str | None) -> None:
    store.add_hop(
        session,
        row,
        state=row.state,
        holder=row.holder,
        at=at,
        clock=row.clock,
        due_on=row.due_on,
        note=note,
    )


async def _limit(
    session: AsyncSession, context: Context, row: Exchange, clock: HopClock | None, at: datetime
) -> date | None:
    """Return the last day of a clock that nobody told it of: the law's, or the agreement's."""
    days: int | None = None
    if clock is HopClock.NOTICE and row.is_licence:
        days = NOTICE_DAYS
    elif clock is HopClock.ISSUE and row.is_licence and row.outcome != "denied":
        days = ISSUE_DAYS
    elif clock in (HopClock.FORWARD, HopClock.HAND_OVER):
        agreement = await partners.agreement(session, row.agreement)
        days = agreement.forward_within_days if agreement is not None else None
    if days is None:
        return None
    cache: CalendarCache = context.resources.setdefault("calendar", CalendarCache())
    calendar = await cache.get(session)
    return calendar.add_working_days(local_date(at), days).due_on


def _side(row: Exchange, state: State) -> Side:
    return row.side if state is State.FAILED else modes.hop(row.mode, state).responsible


def _district_of(context: Context, row: Exchange, side: Side) -> str:
    return str(context.settings.district) if side is row.side else row.partner
