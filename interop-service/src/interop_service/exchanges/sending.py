"""What this district sends: a message is prepared with the step that causes it, and waits its turn.

Called by the consumers. The worker's loop `deliveries` sends what is prepared here.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import pydantic_core
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.events import ExchangeFailed
from interop_service.exchanges import concert as concerts
from interop_service.exchanges import envelopes, modes, moving, store
from interop_service.exchanges.concert import Concert
from interop_service.exchanges.messages import (
    CaseMessage,
    CorrectionPackage,
    ReceiptMessage,
    ResultMessage,
    ResultPayload,
    StepContent,
)
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.exchanges.rules import MessageKind, Side, State
from interop_service.exchanges.tables import Delivery, Exchange
from interop_service.files import outgoing
from interop_service.files.tables import DeliveryFile
from interop_service.keys import PartnerKeys
from interop_service.partners import service as partners
from interop_service.recognitions.seals import licence_in
from interop_service.suites import Suite
from tongban import audit
from tongban.context import Context
from tongban.ids import new_id
from tongban.messages import publish
from tongban.objects import ClaimCheck

__all__ = [
    "addresses",
    "archive",
    "due_of",
    "fail",
    "keys_of",
    "note",
    "prepare_result",
    "queue",
    "tell_concert",
    "tell_near",
    "tell_owners",
    "tell_partner",
]

ARCHIVED_AFTER: Final = timedelta(days=30)
ARCHIVED_AT_ONCE: Final = 200
GIVEN_UP: Final = "given-up: another district of the joint case failed"

log = structlog.get_logger(__name__)


async def tell_near(
    session: AsyncSession,
    context: Context,
    exchange_id: UUID,
    kind: MessageKind,
    *,
    case_id: UUID,
    number: str,
    at: datetime,
    content: ClaimCheck | None = None,
    **facts: Any,
) -> None:
    """Tell the near district of a step of our case; only where this one is the owner."""
    row = await _own_side(session, exchange_id)
    if row is None:
        return
    row.case_id, row.owner_number = case_id, number
    plain = StepContent.model_validate_json(await context.collect(content)) if content else None
    sealed = plain.model_dump_json(exclude_none=True).encode() if plain else None
    facts["owner_number"] = number
    await tell_partner(session, context, row, kind, at=at, content=sealed, facts=facts)
    await session.flush()


async def tell_owners(
    session: AsyncSession,
    context: Context,
    exchange_id: UUID,
    kind: MessageKind,
    *,
    at: datetime,
    content: ClaimCheck | None = None,
    **facts: Any,
) -> None:
    """Tell every owner whom it concerns now of a step at our window; only where we are near."""
    concert = await concerts.locked(session, exchange_id)
    if concert is None or concert.main.side is not Side.NEAR:
        return
    supplied = pydantic_core.from_json(await context.collect(content)) if content else None
    for row in concert.rows:
        if kind is MessageKind.RATED:
            if row.score is not None:
                continue
            row.score = facts["score"]
        elif kind is MessageKind.WITHDRAWAL_REQUESTED:
            row.withdrawal_requested_at = row.withdrawal_requested_at or at
        sealed, files = await _supplied(session, context, row, supplied)
        await tell_partner(
            session, context, row, kind, at=at, content=sealed, facts=facts, files=files
        )
    if kind is MessageKind.CORRECTED:
        await tell_concert(session, context, concert)
    await session.flush()


async def _supplied(
    session: AsyncSession, context: Context, row: Exchange, supplied: dict[str, Any] | None
) -> tuple[bytes | None, Sequence[UUID]]:
    """Return what the applicant supplied as its owner is told of it, and the files beside it."""
    if supplied is None:
        return None, ()
    told, files = await outgoing.named(
        session, context, row.partner, supplied.get("materials", ()), at=context.clock()
    )
    package = CorrectionPackage.model_validate({**supplied, "materials": told})
    return package.model_dump_json(exclude_none=True).encode(), files


async def tell_partner(
    session: AsyncSession,
    context: Context,
    row: Exchange,
    kind: MessageKind,
    *,
    at: datetime,
    content: bytes | None = None,
    facts: Mapping[str, Any],
    files: Sequence[UUID] = (),
) -> bool:
    """Prepare a step's message, and move the locked exchange on; tell whether it was its turn."""
    if kind not in modes.possible(row.mode, row.state, row.side):
        log.info("exchange.not_told", exchange_id=str(row.id), kind=kind, state=row.state)
        return False
    message_id = new_id()
    if kind is MessageKind.DECIDED and facts.get("outcome") == "denied":
        row.outcome = "denied"
    await moving.move(
        session,
        context,
        row,
        kind,
        sender=row.side,
        at=at,
        due_on=due_of(kind, facts),
        message_id=message_id,
    )
    message = ReceiptMessage(
        **addresses(row, context, context.clock()),
        kind=kind.value,
        at=at,
        content=envelopes.encrypt(content, await keys_of(session, row)) if content else None,
        **{name: value for name, value in facts.items() if value is not None},
    )
    queue(
        session,
        context,
        row,
        kind,
        message,
        message_id=message_id,
        at=context.clock(),
        files=files,
    )
    return True


async def prepare_result(
    session: AsyncSession,
    context: Context,
    *,
    exchange_id: UUID,
    case_id: UUID,
    number: str,
    outcome: Literal["granted", "denied", "declined", "withdrawn"],
    outside_number: str | None,
    result: ClaimCheck | None,
    at: datetime,
) -> None:
    """Send the result back; the first of the case's final steps is the one that counts."""
    row = await _own_side(session, exchange_id)
    possible = modes.possible(row.mode, row.state, row.side) if row is not None else ()
    if row is None or MessageKind.RESULT not in possible:
        return
    payload = (
        ResultPayload.model_validate_json(await context.collect(result))
        if result is not None
        else ResultPayload(owner_number=number, outcome=outcome, outside_number=outside_number)
    )
    row.case_id, row.owner_number, row.outcome = case_id, number, outcome
    row.licence_number = licence_in(payload.notice) if payload.notice is not None else None
    message_id = new_id()
    await moving.move(
        session,
        context,
        row,
        MessageKind.RESULT,
        sender=row.side,
        at=at,
        note=outcome,
        message_id=message_id,
    )
    content = payload.model_dump_json().encode()
    message = ResultMessage(
        **addresses(row, context, context.clock()),
        result=envelopes.encrypt(content, await keys_of(session, row)),
    )
    queue(
        session,
        context,
        row,
        MessageKind.RESULT,
        message,
        message_id=message_id,
        at=context.clock(),
    )
    note(session, row, "exchange.conclude")
    await session.flush()


async def tell_concert(session: AsyncSession, context: Context, concert: Concert) -> None:
    """Tell each owner of a joint case how all of them stand; only where this is the near side."""
    if not concert.is_joint or concert.main.side is not Side.NEAR:
        return
    standing = [one.model_dump(mode="json") for one in concert.standing()]
    for row in concert.rows:
        await tell_partner(
            session,
            context,
            row,
            MessageKind.CONCERT,
            at=context.clock(),
            facts={"standing": standing},
        )


async def archive(session: AsyncSession, context: Context) -> None:
    """归档: end, as their owner, the exchanges in which nothing happened for long; a timer."""
    at = context.clock()
    rows = await store.to_archive(session, before=at - ARCHIVED_AFTER, limit=ARCHIVED_AT_ONCE)
    for row in rows:
        facts = {"owner_number": row.owner_number}
        await tell_partner(session, context, row, MessageKind.ARCHIVED, at=at, facts=facts)
        note(session, row, "exchange.archive")
    await session.flush()


async def fail(
    session: AsyncSession,
    context: Context,
    concert: Concert,
    row: Exchange,
    *,
    reason: str,
    at: datetime,
) -> None:
    """End an exchange that can't go on; the near side's case learns it by an event.

    A joint case ends whole: what is not sent yet stays here, what is there is asked back.
    """
    await moving.fail(session, context, row, reason=reason, at=at)
    for other in concert.others(row):
        if other.state in modes.BEFORE_RECEIPT:
            await store.give_up(session, other.id, fault=GIVEN_UP)
            await moving.fail(session, context, other, reason=GIVEN_UP, at=at)
        elif other.state is not State.FAILED:
            await tell_partner(
                session, context, other, MessageKind.WITHDRAWAL_REQUESTED, at=at, facts={}
            )
    main = concert.main
    if main.side is Side.NEAR and main.case_id is not None:
        told = reason if row is main else f"{row.partner} {reason}"
        publish(
            session,
            ExchangeFailed(exchange_id=main.id, case_id=main.case_id, reason=told),
            of=main,
        )
    note(session, row, "exchange.fail")
    log.error("exchange.failed", exchange_id=str(row.id), side=row.side, reason=reason)
    await session.flush()


def due_of(kind: MessageKind, facts: Mapping[str, Any]) -> date | None:
    """Return the day by which the next is due, where a message tells it."""
    if kind in (MessageKind.ACCEPTED, MessageKind.RESUMED, MessageKind.EXTENDED):
        told = [facts.get("promised_due_on"), facts.get("statutory_due_on")]
        return min((day for day in told if day is not None), default=None)
    due_on: date | None = facts.get("due_on")
    return due_on


async def _own_side(session: AsyncSession, exchange_id: UUID) -> Exchange | None:
    """Return the exchange, locked, where this district is its owner."""
    row = await store.lock_exchange(session, exchange_id)
    if row is None:
        log.warning("exchange.unknown", exchange_id=str(exchange_id))
        return None
    return row if row.side is Side.OWNER else None


async def keys_of(session: AsyncSession, row: Exchange) -> PartnerKeys:
    return partners.keys_of(await partners.partner(session, row.partner))


def addresses(row: Exchange, context: Context, at: datetime) -> dict[str, Any]:
    row.sent_ordinal += 1
    return {
        "protocol": PROTOCOL,
        "exchange_id": row.id,
        "from_district": context.settings.district,
        "to_district": row.partner,
        "sent_at": at,
        "ordinal": row.sent_ordinal,
    }


def queue(
    session: AsyncSession,
    context: Context,
    row: Exchange,
    kind: MessageKind,
    message: CaseMessage,
    *,
    message_id: UUID,
    at: datetime,
    files: Sequence[UUID] = (),
) -> None:
    """Let a message wait for its turn; `files` go after it."""
    session.add_all(DeliveryFile(delivery_id=message_id, file_id=file_id) for file_id in files)
    body = message.model_dump_json(exclude_none=True).encode()
    session.add(
        Delivery(
            id=message_id,
            exchange_id=row.id,
            ordinal=message.ordinal,
            kind=kind,
            partner=row.partner,
            body=context.vault.seal(body, context=f"deliveries.body:{message_id}"),
            digest=suites.digest(Suite.ED25519_SHA256, body),
            next_attempt_at=at,
        )
    )


def _encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def note(session: AsyncSession, row: Exchange, action: str) -> None:
    audit.note(
        session,
        actor="interop-service",
        action=action,
        subject=str(row.id),
        payload={"side": row.side, "partner": row.partner, "state": row.state},
    )
