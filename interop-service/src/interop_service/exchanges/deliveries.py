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

from interop_service.events import ExchangeAcknowledged, ExchangeSent
from interop_service.evidence import anchors
from interop_service.evidence import service as evidence
from interop_service.evidence.rules import Direction, logged_request
from interop_service.exchanges import envelopes, posting, rules, sending, store
from interop_service.exchanges.envelopes import ReceiptInvalid, SignedReceipt
from interop_service.exchanges.posting import Proven, Unproven
from interop_service.exchanges.protocol import TREE
from interop_service.exchanges.rules import DeliveryState, FaultOf, MessageKind, State, Step
from interop_service.exchanges.tables import Delivery, ReceiptRow
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
]

POLL_SECONDS: Final = 0.25
ROOM: Final = 4
"""Messages under way to one partner at a time."""
BATCH: Final = 20
LEASE: Final = timedelta(seconds=60)
"""How long a taken message is left alone: longer than any attempt."""

_PATHS: Final = {
    MessageKind.PACKAGE: f"{TREE}/exchanges",
    MessageKind.PROGRESS: f"{TREE}/exchanges/{{exchange_id}}/receipts",
    MessageKind.RATED: f"{TREE}/exchanges/{{exchange_id}}/receipts",
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
                await _tell_sent(session, context, delivery, at=at)
            errands.append(_errand(context, delivery, partner, suite))
    return errands


async def _tell_sent(
    session: AsyncSession, context: Context, delivery: Delivery, *, at: datetime
) -> None:
    """Say before the first attempt that the package is on its way: after it nobody may be left."""
    row = await store.lock_exchange(session, delivery.exchange_id)
    if row is None or row.state is not State.PREPARED or row.case_id is None:
        return
    await sending.move(session, context, row, Step.SEND, at=at)
    publish(
        session,
        ExchangeSent(exchange_id=row.id, case_id=row.case_id, to_district=row.partner, at=at),
        of=row,
    )


def _errand(context: Context, delivery: Delivery, partner: Partner, suite: Suite | None) -> Errand:
    sealed = delivery.body or b""
    path = _PATHS[delivery.kind].format(exchange_id=delivery.exchange_id)
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
    row = await store.lock_exchange(session, delivery.exchange_id)
    assert row is not None  # noqa: S101  # the delivery's foreign key
    delivery.state, delivery.body = DeliveryState.DELIVERED, None
    delivery.last_fault = delivery.fault_of = None
    said = signed.receipt
    session.add(
        ReceiptRow(
            receipt_id=said.receipt_id,
            exchange_id=row.id,
            message_id=delivery.id,
            message_kind=delivery.kind,
            sender=context.settings.district,
            by=said.by,
            digest=said.digest,
            digest_algorithm=said.digest_algorithm,
            at=said.at,
            signature=signed.signature,
        )
    )
    row.last_fault = None
    if delivery.kind is MessageKind.PACKAGE and row.case_id is not None:
        await sending.move(session, context, row, Step.ACKNOWLEDGE, at=at)
        publish(
            session,
            ExchangeAcknowledged(
                exchange_id=row.id, case_id=row.case_id, receipt_id=said.receipt_id, at=at
            ),
            of=row,
        )
    elif delivery.kind is MessageKind.RESULT:
        await sending.move(session, context, row, Step.RETURN, at=at)


async def _record_refusal(
    session: AsyncSession, context: Context, delivery: Delivery, *, at: datetime
) -> None:
    row = await store.lock_exchange(session, delivery.exchange_id)
    assert row is not None  # noqa: S101  # the delivery's foreign key
    fault = delivery.last_fault or "refused"
    if Step.FAIL in rules.steps_from(row.side, row.state):
        await sending.fail(session, context, row, reason=fault, at=at)
    else:
        # A progress or a rating that is not taken does not end what the two have together.
        row.last_fault = fault
