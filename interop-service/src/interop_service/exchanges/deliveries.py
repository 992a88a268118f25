"""The loop that sends: store and forward, per exchange in order, no partner harming another.

A message keeps its id over all attempts and is signed anew for each. What was sent but not yet
recorded when the process dies is sent again, and answered with the same receipt.
"""

import asyncio
import random
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import pydantic_core
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.events import ExchangeAcknowledged, ExchangeSent
from interop_service.exchanges import envelopes, rules, sending, signatures, store
from interop_service.exchanges.envelopes import ReceiptInvalid, SignedReceipt
from interop_service.exchanges.rules import DeliveryState, MessageKind, State, Step
from interop_service.exchanges.tables import Delivery, ReceiptRow
from interop_service.keys import PartnerKeys, own_keys
from interop_service.partners import service as partners
from interop_service.partners.tables import Partner
from tongban.context import Context
from tongban.messages import publish

__all__ = ["TRANSPORT", "deliver", "deliver_due"]

TRANSPORT: Final = "partner_transport"
"""The resource that replaces the network, for two districts in one process."""

POLL_SECONDS: Final = 0.25
ROOM: Final = 4
"""Messages under way to one partner at a time."""
BATCH: Final = 20
TIMEOUT: Final = httpx.Timeout(20, connect=3)
WHOLE_SECONDS: Final = 45
LEASE: Final = timedelta(seconds=60)
"""How long a taken message is left alone: longer than any attempt."""
LONGEST_ANSWER: Final = 64 * 1024

_PATHS: Final = {
    MessageKind.PACKAGE: "/api/v1/exchanges",
    MessageKind.PROGRESS: "/api/v1/exchanges/{exchange_id}/receipts",
    MessageKind.RATED: "/api/v1/exchanges/{exchange_id}/receipts",
    MessageKind.RESULT: "/api/v1/exchanges/{exchange_id}/results",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Errand:
    """One attempt to deliver one message."""

    message_id: UUID
    exchange_id: UUID
    partner: str
    keys: PartnerKeys
    url: str
    body: bytes
    digest: str
    attempts: int


@dataclass(frozen=True)
class Postponed:
    """It did not arrive, or was not receipted; it goes again later."""

    fault: str


@dataclass(frozen=True)
class Refused:
    """The partner says that the message itself is at fault: sending it again is of no use."""

    fault: str


Outcome = SignedReceipt | Postponed | Refused


async def deliver(context: Context) -> None:
    """Send what falls due, for as long as the worker lives."""
    under_way: set[asyncio.Task[None]] = set()
    busy: Counter[str] = Counter()
    async with _client(context) as client:
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
    async with _client(context) as client:
        errands = await _take(context, Counter())
        await asyncio.gather(*(_run(client, context, errand) for errand in errands))
    return len(errands)


def _client(context: Context) -> httpx.AsyncClient:
    # Partners are reached directly and never by a redirect: the signature names the address.
    return httpx.AsyncClient(
        transport=context.resources.get(TRANSPORT),
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
    )


def _releaser(busy: Counter[str], partner: str) -> Any:
    def release(_task: asyncio.Task[None]) -> None:
        busy[partner] -= 1

    return release


async def _take(context: Context, busy: Counter[str]) -> list[Errand]:
    """Take due messages under a lease, so that another worker leaves them alone."""
    at = context.clock()
    rooms = {partner: ROOM - count for partner, count in busy.items()}
    async with context.sessions.begin() as session:
        due = await store.due_deliveries(session, at=at, rooms=rooms, room=ROOM, limit=BATCH)
        errands = []
        for delivery, partner in due:
            delivery.attempts += 1
            delivery.last_attempt_at = at
            delivery.next_attempt_at = at + LEASE
            if delivery.kind is MessageKind.PACKAGE:
                await _tell_sent(session, context, delivery, at=at)
            errands.append(_errand(context, delivery, partner))
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


def _errand(context: Context, delivery: Delivery, partner: Partner) -> Errand:
    sealed = delivery.body or b""
    path = _PATHS[delivery.kind].format(exchange_id=delivery.exchange_id)
    return Errand(
        message_id=delivery.id,
        exchange_id=delivery.exchange_id,
        partner=delivery.partner,
        keys=partners.keys_of(partner),
        url=f"{partner.endpoint}{path}",
        body=context.vault.open(sealed, context=f"deliveries.body:{delivery.id}"),
        digest=delivery.digest,
        attempts=delivery.attempts,
    )


async def _run(client: httpx.AsyncClient, context: Context, errand: Errand) -> None:
    try:
        outcome = await _attempt(client, context, errand)
        async with context.sessions.begin() as session:
            await _record(session, context, errand, outcome)
    except Exception as fault:
        # Its lease runs out and it is tried again; the other partners' messages go on.
        log.error("delivery.broken", message_id=str(errand.message_id), exc_info=fault)


async def _attempt(client: httpx.AsyncClient, context: Context, errand: Errand) -> Outcome:
    keys = own_keys(context)
    message = signatures.OutMessage(
        method="POST",
        url=errand.url,
        headers={
            "Content-Type": "application/json",
            "Tongban-Protocol": "1",
            "Tongban-Message-Id": str(errand.message_id),
            "Tongban-Sender": context.settings.district,
        },
    )
    signatures.sign(
        message,
        errand.body,
        key=keys.signing,
        key_id=keys.signing_id,
        at=context.clock(),
        nonce=secrets.token_urlsafe(24),
    )
    try:
        async with (
            asyncio.timeout(WHOLE_SECONDS),
            client.stream(
                "POST", message.url, content=errand.body, headers=message.headers
            ) as answer,
        ):
            content = await _read(answer)
    except (httpx.HTTPError, TimeoutError) as fault:
        return Postponed(f"unreachable: {type(fault).__name__}")
    return _judge(errand, answer.status_code, content)


async def _read(answer: httpx.Response) -> bytes:
    content = b""
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > LONGEST_ANSWER:
            return b""  # no receipt is that long
    return content


def _judge(errand: Errand, status: int, content: bytes) -> Outcome:
    if status == httpx.codes.ACCEPTED:
        try:
            return envelopes.open_receipt(
                content,
                keys=errand.keys.signing,
                by=errand.partner,
                message_id=errand.message_id,
                exchange_id=errand.exchange_id,
                body_digest=errand.digest,
            )
        except ReceiptInvalid as fault:
            return Postponed(f"receipt-invalid: {fault}")
    try:
        problem = pydantic_core.from_json(content)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return Postponed(f"status {status}")
    kind = str(problem.get("type", "")).removeprefix("urn:tongban:problem:")
    is_final = problem.get("fault") == "yours" and problem.get("retry") is False
    if 400 <= status < 500 and is_final:
        reasons = problem.get("reasons") or problem.get("reason")
        return Refused(_plain(f"{kind}: {reasons}" if reasons else kind))
    return Postponed(_plain(f"status {status} {kind}".strip()))


def _plain(text: str) -> str:
    """Keep of a partner's words what can be stored and shown."""
    return "".join(letter for letter in text if letter.isprintable())[:500]


async def _record(
    session: AsyncSession, context: Context, errand: Errand, outcome: Outcome
) -> None:
    delivery = await store.lock_delivery(session, errand.message_id)
    if delivery is None or delivery.state is not DeliveryState.DUE:
        return  # another worker was given it after our lease, and was quicker
    at = context.clock()
    if isinstance(outcome, SignedReceipt):
        await _record_receipt(session, context, delivery, outcome, at=at)
    elif isinstance(outcome, Refused):
        delivery.state, delivery.last_fault = DeliveryState.FAILED, outcome.fault
        delivery.body = None
        await _record_refusal(session, context, delivery, at=at)
    else:
        chance = random.random()  # noqa: S311  # it spreads the load; no secret hangs on it
        pause = rules.backoff_seconds(errand.attempts, chance)
        delivery.next_attempt_at = at + timedelta(seconds=pause)
        delivery.last_fault = outcome.fault
        log.warning(
            "delivery.postponed",
            message_id=str(delivery.id),
            partner=delivery.partner,
            attempts=delivery.attempts,
            fault=outcome.fault,
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
    delivery.state, delivery.last_fault, delivery.body = DeliveryState.DELIVERED, None, None
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
