"""The loop that sends: store and forward, per exchange in order, no partner harming another.

A message keeps its id over all attempts and is signed anew for each. What was sent but not yet
recorded when the process dies is sent again, and answered with the same receipt.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import MaintenanceUnderWay
from interop_service.events import ExchangeAcknowledged, ExchangeSent
from interop_service.evidence import anchors
from interop_service.evidence import service as evidence
from interop_service.evidence.rules import Direction, logged_request
from interop_service.exchanges import (
    comparing,
    envelopes,
    modes,
    moving,
    posting,
    rules,
    sending,
    store,
)
from interop_service.exchanges import concert as concerts
from interop_service.exchanges.concert import Concert
from interop_service.exchanges.envelopes import Receipt, ReceiptInvalid, SignedReceipt
from interop_service.exchanges.posting import Proven, Unproven
from interop_service.exchanges.protocol import TREE
from interop_service.exchanges.rules import DeliveryState, FaultOf, MessageKind, Side, State
from interop_service.exchanges.tables import Delivery, Exchange, ReceiptRow
from interop_service.keys import PartnerKeys
from interop_service.partners import service as partners
from interop_service.partners.tables import Partner
from interop_service.suites import Suite
from tongban.context import Context
from tongban.messages import publish

__all__ = [
    "Delivered",
    "Errand",
    "Outcome",
    "Postponed",
    "Refused",
    "attempt",
    "deliver",
    "deliver_due",
    "forget_bodies",
]

POLL_SECONDS: Final = 0.25
ROOM: Final = 4
"""Messages under way to one partner at a time."""
BATCH: Final = 20
LEASE: Final = timedelta(seconds=60)
"""How long a taken message is left alone: longer than any attempt."""

OUTAGE_ATTEMPTS: Final = 3
"""A message that came through after so many tries ends an outage: the two reconcile."""
BODIES_KEPT: Final = timedelta(days=7)
"""So long a delivered message can be sent again to a partner that has lost it."""

_STEPS_PATH: Final = f"{TREE}/exchanges/{{exchange_id}}/receipts"
_PATHS: Final = {
    MessageKind.PACKAGE: f"{TREE}/exchanges",
    MessageKind.RESULT: f"{TREE}/exchanges/{{exchange_id}}/results",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Errand:
    """One attempt to deliver one message."""

    message_id: UUID
    exchange_id: UUID
    partner: str
    keys: PartnerKeys
    suite: Suite
    url: str
    body: bytes
    attempts: int


@dataclass(frozen=True)
class Delivered:
    """The partner took it and says so."""

    receipt: SignedReceipt
    answer: Proven


@dataclass(frozen=True)
class Postponed:
    """It did not arrive, or was not receipted; it goes again later."""

    fault: str
    fault_of: FaultOf
    retry_after: float | None = None
    is_closed: bool = False
    """The partner is closed for that long: whatever else waits for it need not knock either."""


@dataclass(frozen=True)
class Refused:
    """The partner says that the message itself is at fault: sending it again is of no use."""

    fault: str
    fault_of: FaultOf = FaultOf.OURS


Outcome = Delivered | Postponed | Refused


async def deliver(context: Context) -> None:
    """Send what falls due, for as long as the worker lives."""
    under_way: set[asyncio.Task[None]] = set()
    busy: Counter[str] = Counter()
    async with posting.client_of(context) as client:
        try:
            while True:
                for errand in await _take(context, busy):
                    busy[errand.partner] += 1
                    task = asyncio.create_task(_run(client, context, errand))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                    task.add_done_callback(_releaser(busy, errand.partner))
                await asyncio.sleep(POLL_SECONDS)
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)


async def deliver_due(context: Context) -> int:
    """Send what is due now and wait for the answers; return how many messages were tried."""
    async with posting.client_of(context) as client:
        errands = await _take(context, Counter())
        await asyncio.gather(*(_run(client, context, errand) for errand in errands))
    return len(errands)


def _releaser(busy: Counter[str], partner: str) -> Any:
    def release(_task: asyncio.Task[None]) -> None:
        busy[partner] -= 1

    return release


async def _take(context: Context, busy: Counter[str]) -> list[Errand]:
    """Take due messages under a lease, so that another worker leaves them alone."""
    at = context.clock()
    rooms = {partner: ROOM - count for partner, count in busy.items()}
    async with context.sessions.begin() as session:
        if not await evidence.is_sealing(session, context, at=at):
            return []
        due = await store.due_deliveries(session, at=at, rooms=rooms, room=ROOM, limit=BATCH)
        errands = []
        for delivery, partner, suite in due:
            delivery.attempts += 1
            delivery.last_attempt_at = at
            delivery.next_attempt_at = at + LEASE
            if delivery.kind is MessageKind.PACKAGE:
                await _tell_sent(session, delivery, at=at)
            errands.append(_errand(context, delivery, partner, suite))
    return errands


async def _tell_sent(session: AsyncSession, delivery: Delivery, *, at: datetime) -> None:
    """Say before the first attempt that the package is on its way: after it nobody may be left."""
    row = await store.lock_exchange(session, delivery.exchange_id)
    if row is None or row.state is not State.PREPARED or row.case_id is None:
        return
    await moving.send_off(session, row, at=at)
    if row.joint_id not in (None, row.id):
        return  # the case is told of the first alone
    publish(
        session,
        ExchangeSent(exchange_id=row.id, case_id=row.case_id, to_district=row.partner, at=at),
        of=row,
    )


def _errand(context: Context, delivery: Delivery, partner: Partner, suite: Suite | None) -> Errand:
    sealed = delivery.body or b""
    path = _PATHS.get(delivery.kind, _STEPS_PATH).format(exchange_id=delivery.exchange_id)
    return Errand(
        message_id=delivery.id,
        exchange_id=delivery.exchange_id,
        partner=delivery.partner,
        keys=partners.keys_of(partner),
        suite=suite or Suite.ED25519_SHA256,
        url=f"{partner.endpoint}{path}",
        body=context.vault.open(sealed, context=f"deliveries.body:{delivery.id}"),
        attempts=delivery.attempts,
    )


async def _run(client: httpx.AsyncClient, context: Context, errand: Errand) -> None:
    try:
        outcome = await attempt(client, context, errand)
        async with context.sessions.begin() as session:
            await _record(session, context, errand, outcome)
    except Exception as fault:
        # Its lease runs out and it is tried again; the other partners' messages go on.
        log.error("delivery.broken", message_id=str(errand.message_id), exc_info=fault)


async def attempt(client: httpx.AsyncClient, context: Context, errand: Errand) -> Outcome:
    """Send one message once, and say what became of it."""
    answer = await posting.post(
        client,
        context,
        url=errand.url,
        message_id=errand.message_id,
        body=errand.body,
        keys=errand.keys.signing,
        suite=errand.suite,
    )
    if isinstance(answer, Unproven):
        return Postponed(answer.fault, FaultOf.NETWORK)
    return _judge(errand, answer)


def _judge(errand: Errand, answer: Proven) -> Outcome:
    if answer.status == httpx.codes.ACCEPTED:
        try:
            receipt = envelopes.open_receipt(
                answer.content,
                keys=errand.keys.signing,
                by=errand.partner,
                message_id=errand.message_id,
                exchange_id=errand.exchange_id,
                body=errand.body,
            )
            return Delivered(receipt, answer)
        except ReceiptInvalid as fault:
            return Postponed(f"receipt-invalid: {fault}", FaultOf.THEIRS)
    told = posting.told_by(answer)
    if told.is_final:
        return Refused(f"{told.kind}: {told.reasons}" if told.reasons else told.kind)
    return Postponed(
        f"status {answer.status} {told.kind}".strip(),
        FaultOf.OURS if told.is_our_fault else FaultOf.THEIRS,
        answer.retry_after,
        is_closed=told.kind == MaintenanceUnderWay.type,
    )


async def _record(
    session: AsyncSession, context: Context, errand: Errand, outcome: Outcome
) -> None:
    delivery = await store.lock_delivery(session, errand.message_id)
    if delivery is None or delivery.state is not DeliveryState.DUE:
        return  # another worker was given it after our lease, and was quicker
    at = context.clock()
    if isinstance(outcome, Delivered):
        _log(session, context, errand, delivery, outcome, at=at)
        await anchors.keep_partners(
            session,
            outcome.answer.checkpoint,
            partner=errand.partner,
            keys=errand.keys,
            at=at,
        )
        await _record_receipt(session, context, delivery, outcome.receipt, at=at)
    elif isinstance(outcome, Refused):
        delivery.state, delivery.body = DeliveryState.FAILED, None
        delivery.last_fault, delivery.fault_of = outcome.fault, outcome.fault_of
        await _record_refusal(session, context, delivery, at=at)
    else:
        chance = random.random()  # noqa: S311  # it spreads the load; no secret hangs on it
        pause = rules.backoff_seconds(errand.attempts, chance)
        pause = max(pause, outcome.retry_after or 0)
        delivery.next_attempt_at = at + timedelta(seconds=pause)
        delivery.last_fault, delivery.fault_of = outcome.fault, outcome.fault_of
        if outcome.is_closed:
            until = delivery.next_attempt_at
            await partners.pause(session, delivery.partner, until=until, actor=delivery.partner)
        log.warning(
            "delivery.postponed",
            message_id=str(delivery.id),
            partner=delivery.partner,
            attempts=delivery.attempts,
            fault=outcome.fault,
            fault_of=outcome.fault_of,
        )


def _log(
    session: AsyncSession,
    context: Context,
    errand: Errand,
    delivery: Delivery,
    outcome: Delivered,
    *,
    at: datetime,
) -> None:
    asked = outcome.answer.request
    evidence.log_message(
        session,
        context,
        direction=Direction.OUT,
        kind=delivery.kind,
        partner=errand.partner,
        request=logged_request(asked.method, asked.url, asked.headers),
        receipt=outcome.receipt,
        body=errand.body,
        at=at,
    )


async def _record_receipt(
    session: AsyncSession,
    context: Context,
    delivery: Delivery,
    signed: SignedReceipt,
    *,
    at: datetime,
) -> None:
    concert = await concerts.locked(session, delivery.exchange_id)
    row = concert.of(delivery.exchange_id) if concert is not None else None
    assert concert is not None and row is not None  # noqa: S101, PT018  # the delivery's foreign key
    delivery.state, delivery.delivered_at = DeliveryState.DELIVERED, at
    delivery.last_fault = delivery.fault_of = None
    if delivery.attempts >= OUTAGE_ATTEMPTS:
        await comparing.want_reconciliation(session, delivery.partner, at=at)
    said = signed.receipt
    own = context.settings.district
    known = await store.receipt(session, sender=own, message_id=delivery.id)
    if known is not None:
        # Sent again to a partner that lost it: what it states now stands.
        await session.delete(known)
        await session.flush()
    session.add(
        ReceiptRow(
            receipt_id=said.receipt_id,
            exchange_id=row.id,
            message_id=delivery.id,
            message_kind=delivery.kind,
            kind=said.kind,
            sender=context.settings.district,
            by=said.by,
            digest=said.digest,
            digest_algorithm=said.digest_algorithm,
            at=said.at,
            signature=signed.signature,
        )
    )
    row.last_fault = None
    if delivery.kind is MessageKind.PACKAGE and row.state in modes.BEFORE_RECEIPT:
        await _record_forwarded(session, context, concert, row, said)
    elif row.handing_over == delivery.id:
        await moving.partner_has_it(session, context, row, at=said.at)


async def _record_forwarded(
    session: AsyncSession, context: Context, concert: Concert, row: Exchange, said: Receipt
) -> None:
    """Note that an owner has the package; the case is told once all of its owners have."""
    await moving.move(session, context, row, MessageKind.PACKAGE, sender=Side.NEAR, at=said.at)
    main = concert.main
    if main.case_id is not None and not any(
        one.state in (*modes.BEFORE_RECEIPT, State.FAILED) for one in concert.rows
    ):
        publish(
            session,
            ExchangeAcknowledged(
                exchange_id=main.id, case_id=main.case_id, receipt_id=said.receipt_id, at=said.at
            ),
            of=main,
        )
    if row.withdrawal_requested_at is not None:
        # Asked for while the package was on its way.
        kind, at = MessageKind.WITHDRAWAL_REQUESTED, row.withdrawal_requested_at
        await sending.tell_partner(session, context, row, kind, at=at, facts={})


async def _record_refusal(
    session: AsyncSession, context: Context, delivery: Delivery, *, at: datetime
) -> None:
    concert = await concerts.locked(session, delivery.exchange_id)
    row = concert.of(delivery.exchange_id) if concert is not None else None
    assert concert is not None and row is not None  # noqa: S101, PT018  # the delivery's foreign key
    fault = delivery.last_fault or "refused"
    is_package = delivery.kind is MessageKind.PACKAGE and row.state in modes.BEFORE_RECEIPT
    if is_package or delivery.kind is MessageKind.RESULT:
        await sending.fail(session, context, concert, row, reason=fault, at=at)
    else:
        # A progress or a rating that is not taken does not end what the two have together.
        row.last_fault = fault


async def forget_bodies(session: AsyncSession, context: Context) -> None:
    """Drop what was delivered long enough ago; the worker's timer."""
    await store.forget_bodies(session, at=context.clock(), after=BODIES_KEPT)
