"""对账: two districts compare what each sent and took, and send again what one of them lost.

Each tells the other, of every exchange that changed since a day, its state, how many messages it
made and the last one that it took. Whoever sees that the other took less than it had a receipt for
sends the rest again; whoever sees that the other took more than it made was restored from a backup,
and takes its own counts and state from there. Nobody has to look.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import httpx
import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.evidence import anchors
from interop_service.exchanges import comparing, modes, moving, posting, reading
from interop_service.exchanges.messages import (
    ExchangeStated,
    StatesAnswer,
    StatesMessage,
)
from interop_service.exchanges.posting import Unproven
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.exchanges.rules import UNDER_WAY, DeliveryState, Side, State
from interop_service.exchanges.tables import Delivery, Exchange
from interop_service.partners import service as partners
from interop_service.partners.rules import PartnerState
from interop_service.partners.tables import Partner
from interop_service.refusals import PartnerNotActive
from interop_service.suites import Suite
from tongban import audit
from tongban.context import Context
from tongban.ids import new_id

__all__ = ["answer", "reconcile_due", "reconcile_for_ever", "request"]

PAGE: Final = 50
"""What a partner answers to one page stays below what is read of an answer."""
POLL_SECONDS: Final = 5.0
EVERY: Final = timedelta(days=1)
LEASE: Final = timedelta(minutes=5)
AGAIN: Final = timedelta(seconds=30)
"""What was sent again may bring out the next difference."""
OVERLAP: Final = timedelta(days=7)
"""So far back a comparison looks behind the last good one: as long as messages are kept."""

log = structlog.get_logger(__name__)


class NoAnswer(Exception):
    """The partner could not be asked; the message says why."""


async def request(session: AsyncSession, context: Context, partner: str | None) -> Sequence[str]:
    """Have the worker reconcile with a partner, or with all; return with whom.

    Raises:
        PartnerNotFound: 404.
        PartnerNotActive: 409.
    """
    if partner is not None:
        if (await partners.partner(session, partner)).state is not PartnerState.ACTIVE:
            raise PartnerNotActive(district=partner)
        wanted: Sequence[str] = [partner]
    else:
        wanted = await partners.active_districts(session)
    for district in wanted:
        await comparing.want_reconciliation(session, district, at=context.clock())
    await session.flush()
    return wanted


async def reconcile_for_ever(context: Context) -> None:
    """Reconcile with whom it is time to: at the start, after an outage, daily; the worker's loop.

    A worker that starts may stand on a restored backup, so every partner is asked then.
    """
    async with context.sessions.begin() as session:
        await request(session, context, None)
    async with posting.client_of(context) as client:
        while True:
            await reconcile_due(client, context)
            await asyncio.sleep(POLL_SECONDS)


async def reconcile_due(client: httpx.AsyncClient, context: Context) -> int:
    """Reconcile with every partner that it is time to; return with how many."""
    async with context.sessions.begin() as session:
        at = context.clock()
        due = await comparing.due_reconciliations(session, at=at, lease=LEASE)
        asked = [(row.partner, row.since) for row in due]
        if asked:
            await anchors.refresh(session, context, at=at)
    for district, since in asked:
        try:
            examined, mended = await _with_partner(client, context, district, since=since)
        except NoAnswer as fault:
            await _keep(context, district, at=at, fault=str(fault))
        else:
            await _keep(context, district, at=at, examined=examined, mended=mended)
    return len(asked)


async def answer(
    session: AsyncSession, context: Context, signed: SignedMessage, *, at: datetime
) -> StatesAnswer:
    """Tell a partner how we stand, and send it again what it tells us that it lost."""
    message = reading.read(StatesMessage, signed, context)
    # What nothing followed in its exchange is anchored at the partner by this, once a day.
    await anchors.refresh(session, context, at=at)
    theirs = {one.exchange_id: one for one in message.exchanges}
    wanted = set(theirs)
    if not message.only_listed:
        wanted |= await comparing.changed_ids(
            session,
            signed.sender,
            since=message.since - OVERLAP,
            behind=message.behind,
            until=message.until,
            most=PAGE,
        )
    rows = await comparing.lock_exchanges(session, signed.sender, list(wanted))
    known = {row.id: row for row in rows}
    said = [stated(row) for row in known.values()]
    said += [ExchangeStated.unknown(one) for one in theirs if one not in known]
    await _mend_all(session, context, signed.sender, known, message.exchanges, at=at)
    # Last, as whoever takes a message does: what all of a partner's messages share.
    await anchors.keep_partners(
        session, context, signed.checkpoint, partner=signed.sender, keys=signed.keys, at=at
    )
    await session.flush()
    return StatesAnswer(exchanges=said)


def stated(row: Exchange) -> ExchangeStated:
    """Return how an exchange stands here."""
    return ExchangeStated(
        exchange_id=row.id,
        side=row.side,
        state=row.state,
        sent=row.sent_ordinal,
        taken=row.taken_ordinal,
        agreement=row.agreement,
        mode=row.mode,
        matter_code=row.matter_code,
        near_number=row.near_number,
        near_case_id=row.case_id if row.side is Side.NEAR else row.near_case_id,
        owner_number=row.owner_number,
        outcome=row.outcome,
        joint_id=row.joint_id,
    )


async def _with_partner(
    client: httpx.AsyncClient, context: Context, district: str, *, since: datetime
) -> tuple[int, int]:
    """Compare page by page; return how many exchanges were compared, and how many mended."""
    examined = mended = 0
    behind: UUID | None = None
    while True:
        async with context.sessions.begin() as session:
            ids = await comparing.changed_ids(
                session, district, since=since - OVERLAP, behind=behind, until=None, most=PAGE
            )
            rows = await comparing.lock_exchanges(session, district, list(ids))
            partner = await partners.active_partner(session, district)
            ours = [stated(row) for row in rows]
        if partner is None:
            raise NoAnswer("partner-not-active")
        until = ours[-1].exchange_id if len(ours) == PAGE else None
        at = context.clock()
        message = StatesMessage(
            protocol=PROTOCOL,
            from_district=context.settings.district,
            to_district=district,
            sent_at=at,
            since=since,
            behind=behind,
            until=until,
            exchanges=ours,
        )
        theirs = await _ask(client, context, partner, message)
        strays, count = await _mend_answered(context, district, theirs, at=at)
        mended += count
        if strays:
            # What is not known here, the partner has to be told: it sends that again.
            unknown = [ExchangeStated.unknown(one) for one in strays]
            told = {"exchanges": unknown, "only_listed": True}
            await _ask(client, context, partner, message.model_copy(update=told))
            mended += len(strays)
        examined += len(theirs)
        if until is None:
            return examined, mended
        behind = until


async def _mend_answered(
    context: Context, district: str, theirs: Sequence[ExchangeStated], *, at: datetime
) -> tuple[list[UUID], int]:
    """Mend our half of what a partner told; return what is unknown here, and how many we mended."""
    async with context.sessions.begin() as session:
        ids = [one.exchange_id for one in theirs]
        rows = await comparing.lock_exchanges(session, district, ids)
        known = {row.id: row for row in rows}
        mended = await _mend_all(session, context, district, known, theirs, at=at)
        strays = [one.exchange_id for one in theirs if one.side is Side.NEAR]
        return [one for one in strays if one not in known], mended


async def _ask(
    client: httpx.AsyncClient, context: Context, partner: Partner, message: StatesMessage
) -> list[ExchangeStated]:
    """Send one page and return the partner's answer to it.

    Raises:
        NoAnswer: it can't be reached, refuses, or answers something else.
    """
    keys = partners.keys_of(partner)
    answer = await posting.post(
        client,
        context,
        url=f"{partner.endpoint}{TREE}/states",
        message_id=new_id(),
        body=message.model_dump_json().encode(),
        keys=keys.signing,
        suite=Suite.ED25519_SHA256,
    )
    if isinstance(answer, Unproven):
        raise NoAnswer(answer.fault)
    if answer.status != httpx.codes.OK:
        raise NoAnswer(f"status {answer.status} {posting.told_by(answer).kind}".strip())
    async with context.sessions.begin() as session:
        await anchors.keep_partners(
            session,
            context,
            answer.checkpoint,
            partner=partner.district,
            keys=keys,
            at=context.clock(),
        )
    try:
        return StatesAnswer.model_validate_json(answer.content).exchanges
    except ValidationError:
        raise NoAnswer("answer-unreadable") from None


async def _mend_all(
    session: AsyncSession,
    context: Context,
    partner: str,
    known: Mapping[UUID, Exchange],
    theirs: Sequence[ExchangeStated],
    *,
    at: datetime,
) -> int:
    lost = {
        one.exchange_id: one.taken
        for one in theirs
        if (row := known.get(one.exchange_id)) is not None and row.sent_ordinal > one.taken
    }
    behind = await comparing.lock_deliveries_behind(session, lost)
    mended = 0
    for one in theirs:
        row = known.get(one.exchange_id)
        if row is not None:
            not_taken = behind.get(row.id, ())
            mended += await _mend(session, context, row, not_taken, one, at=at)
        elif one.side is Side.OWNER and one.near_case_id is not None:
            await _restore(session, context, partner, one, at=at)
            mended += 1
    await session.flush()
    return mended


async def _mend(
    session: AsyncSession,
    context: Context,
    row: Exchange,
    not_taken: Sequence[Delivery],
    theirs: ExchangeStated,
    *,
    at: datetime,
) -> bool:
    """Make our half of an exchange whole; tell whether anything was missing."""
    is_mended = False
    for delivery in not_taken:
        if delivery.state is DeliveryState.DUE:
            # One that is to go sooner may be on its way just now, and is not sent twice.
            if delivery.next_attempt_at > at + UNDER_WAY:
                delivery.next_attempt_at = at
        elif delivery.state is DeliveryState.DELIVERED and delivery.body is not None:
            delivery.state, delivery.next_attempt_at = DeliveryState.DUE, at
            is_mended = True
        elif delivery.state is DeliveryState.DELIVERED:
            row.last_fault = f"reconcile: message {delivery.ordinal} is no longer kept"
            log.error("exchange.unmendable", exchange_id=str(row.id), ordinal=delivery.ordinal)
    if theirs.taken > row.sent_ordinal:
        # They took what we do not know that we sent: we were restored from a backup.
        row.sent_ordinal = theirs.taken
        _skip_told(row, at)
        if theirs.state is not None and modes.leads_to(row.mode, row.state, theirs.state):
            row.owner_number = row.owner_number or theirs.owner_number
            row.outcome = row.outcome or theirs.outcome
            await moving.adopt(session, context, row, theirs.state, at=at)
        is_mended = True
    if is_mended:
        _note(session, row, theirs)
    return is_mended


async def _restore(
    session: AsyncSession,
    context: Context,
    partner: str,
    theirs: ExchangeStated,
    *,
    at: datetime,
) -> None:
    """Take up again, at the near side, an exchange that only its owner still knows.

    Where we had sent the package alone, what the owner told is heard again from there; else it is
    taken as the owner has it, since what we sent in between is not here any more.
    """
    is_package_alone = theirs.taken <= 1
    row = Exchange(
        id=theirs.exchange_id,
        side=Side.NEAR,
        partner=partner,
        agreement=theirs.agreement,
        mode=theirs.mode,
        matter_code=theirs.matter_code,
        case_id=theirs.near_case_id,
        near_number=theirs.near_number,
        owner_number=theirs.owner_number,
        outcome=None if is_package_alone else theirs.outcome,
        state=State.RECEIVED if is_package_alone else theirs.state or State.RECEIVED,
        sent_ordinal=theirs.taken,
        joint_id=theirs.joint_id,
    )
    _skip_told(row, at)
    await moving.open_with(session, context, row, at=at)
    _note(session, row, theirs)


def _skip_told(row: Exchange, at: datetime) -> None:
    """Tell on from a number that was never told: what we told before the backup is unknown."""
    row.sequence = max(row.sequence or 0, int(at.timestamp()))


async def _keep(
    context: Context,
    district: str,
    *,
    at: datetime,
    examined: int = 0,
    mended: int = 0,
    fault: str | None = None,
) -> None:
    async with context.sessions.begin() as session:
        row = await comparing.lock_reconciliation(session, district)
        row.run_at, row.last_fault = context.clock(), fault
        if fault is not None:
            row.wanted_at = at + LEASE
            return
        row.examined, row.mended, row.since = examined, mended, at
        row.wanted_at = at + (AGAIN if mended else EVERY)
    log.info("exchanges.reconciled", partner=district, examined=examined, mended=mended)


def _note(session: AsyncSession, row: Exchange, theirs: ExchangeStated) -> None:
    audit.note(
        session,
        actor="interop-service",
        action="exchange.reconcile",
        subject=str(row.id),
        payload={
            "partner": row.partner,
            "state": row.state,
            "sent": row.sent_ordinal,
            "taken": row.taken_ordinal,
            "their_sent": theirs.sent,
            "their_taken": theirs.taken,
        },
    )
