"""What this district sends: a message is prepared with the step that causes it, and waits its turn.

Called by the consumers. The worker's loop `deliveries` sends what is prepared here.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.events import ExchangeFailed
from interop_service.exchanges import envelopes, rules, store
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.exchanges.rules import MessageKind, Side, Stage, State, Step
from interop_service.exchanges.schemas import (
    PackageMessage,
    ReceiptMessage,
    ResultMessage,
    ResultPayload,
)
from interop_service.exchanges.tables import Delivery, Exchange
from interop_service.keys import PartnerKeys
from interop_service.partners import service as partners
from interop_service.partners.rules import Way
from interop_service.suites import Suite
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.ids import new_id
from tongban.messages import publish
from tongban.objects import ClaimCheck

__all__ = [
    "FAILED_BY_AGREEMENT",
    "fail",
    "move",
    "prepare_package",
    "prepare_progress",
    "prepare_rating",
    "prepare_result",
]

FAILED_BY_AGREEMENT = "agreement-denies"

log = structlog.get_logger(__name__)


async def prepare_package(
    session: AsyncSession,
    context: Context,
    *,
    exchange_id: UUID,
    case_id: UUID,
    number: str,
    owner_district: str,
    matter_code: str,
    mode: str,
    package: ClaimCheck,
) -> None:
    """Open an exchange for a forwarded case: agreed upon, encrypted, ready to be sent."""
    at = context.clock()
    agreement = await partners.agreement_for(session, owner=owner_district, matter_code=matter_code)
    row = Exchange(
        id=exchange_id,
        side=Side.NEAR,
        partner=owner_district,
        agreement=agreement,
        mode=mode,
        matter_code=matter_code,
        case_id=case_id,
        near_number=number,
        state=State.PREPARED,
    )
    session.add(row)
    await session.flush()
    await store.add_hop(session, row, holder=context.settings.district, at=at, note=None)
    denials = await partners.denials(
        session,
        way=Way.OUT,
        partner=owner_district,
        owner=owner_district,
        agreement=agreement,
        matter_code=matter_code,
        mode=mode,
        on=local_date(at),
    )
    if denials or agreement is None:
        reason = f"{FAILED_BY_AGREEMENT}: {', '.join(denials)}"
        await fail(session, context, row, reason=reason, at=at)
        return
    content = await context.collect(package)
    message = PackageMessage(
        **_addresses(row, context, at),
        agreement=agreement,
        mode=mode,
        matter_code=matter_code,
        near_number=number,
        package=envelopes.encrypt(content, await _keys_of(session, row)),
    )
    await _prepare(session, context, row, MessageKind.PACKAGE, message, at=at)
    _note(session, row, "exchange.prepare")
    await session.flush()


async def prepare_progress(
    session: AsyncSession,
    context: Context,
    *,
    exchange_id: UUID,
    case_id: UUID,
    number: str,
    stage: Stage,
    at: datetime,
) -> None:
    """Tell the near district how its case stands here; only where this one is the owner."""
    row = await _own_side(session, exchange_id, Side.OWNER)
    if row is None or Step.PROGRESS not in rules.steps_from(row.side, row.state):
        return
    row.case_id, row.owner_number = case_id, number
    await move(session, context, row, Step.PROGRESS, at=at, note=stage)
    message = ReceiptMessage(
        **_addresses(row, context, context.clock()),
        kind=stage.value,
        owner_number=number,
        at=at,
    )
    await _prepare(session, context, row, MessageKind.PROGRESS, message, at=context.clock())
    await session.flush()


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
    row = await _own_side(session, exchange_id, Side.OWNER)
    if row is None or Step.CONCLUDE not in rules.steps_from(row.side, row.state):
        return
    payload = (
        ResultPayload.model_validate_json(await context.collect(result))
        if result is not None
        else ResultPayload(owner_number=number, outcome=outcome, outside_number=outside_number)
    )
    row.case_id, row.owner_number, row.outcome = case_id, number, outcome
    await move(session, context, row, Step.CONCLUDE, at=at, note=outcome)
    content = payload.model_dump_json().encode()
    message = ResultMessage(
        **_addresses(row, context, context.clock()),
        result=envelopes.encrypt(content, await _keys_of(session, row)),
    )
    await _prepare(session, context, row, MessageKind.RESULT, message, at=context.clock())
    _note(session, row, "exchange.conclude")
    await session.flush()


async def prepare_rating(
    session: AsyncSession, context: Context, *, exchange_id: UUID, score: int, at: datetime
) -> None:
    """Pass the applicant's rating of the owner on to it; only where this is the near side."""
    row = await _own_side(session, exchange_id, Side.NEAR)
    if row is None or row.score is not None or row.state is not State.CONCLUDED:
        return
    row.score = score
    message = ReceiptMessage(
        **_addresses(row, context, context.clock()), kind="rated", score=score, at=at
    )
    await _prepare(session, context, row, MessageKind.RATED, message, at=context.clock())
    await session.flush()


async def move(
    session: AsyncSession,
    context: Context,
    row: Exchange,
    step: Step,
    *,
    at: datetime,
    note: str | None = None,
) -> None:
    """Move an exchange on and note who holds the case from now.

    Raises:
        OutOfTurn: 409.
    """
    row.state = rules.advance(row.side, row.state, step)
    is_ours = rules.holder(row.side, row.state) is row.side
    holder = context.settings.district if is_ours else row.partner
    await store.add_hop(session, row, holder=holder, at=at, note=note)


async def fail(
    session: AsyncSession, context: Context, row: Exchange, *, reason: str, at: datetime
) -> None:
    """End an exchange that can't go on; the near side's case learns it by an event."""
    row.last_fault = reason
    await move(session, context, row, Step.FAIL, at=at, note=reason)
    if row.side is Side.NEAR and row.case_id is not None:
        publish(
            session,
            ExchangeFailed(exchange_id=row.id, case_id=row.case_id, reason=reason),
            of=row,
        )
    _note(session, row, "exchange.fail")
    log.error("exchange.failed", exchange_id=str(row.id), side=row.side, reason=reason)
    await session.flush()


async def _own_side(session: AsyncSession, exchange_id: UUID, side: Side) -> Exchange | None:
    row = await store.lock_exchange(session, exchange_id)
    if row is None:
        log.warning("exchange.unknown", exchange_id=str(exchange_id))
        return None
    return row if row.side is side else None


async def _keys_of(session: AsyncSession, row: Exchange) -> PartnerKeys:
    return partners.keys_of(await partners.partner(session, row.partner))


def _addresses(row: Exchange, context: Context, at: datetime) -> dict[str, Any]:
    return {
        "protocol": PROTOCOL,
        "exchange_id": row.id,
        "from_district": context.settings.district,
        "to_district": row.partner,
        "sent_at": at,
    }


async def _prepare(
    session: AsyncSession,
    context: Context,
    row: Exchange,
    kind: MessageKind,
    message: BaseModel,
    *,
    at: datetime,
) -> None:
    body = message.model_dump_json(exclude_none=True).encode()
    message_id = new_id()
    session.add(
        Delivery(
            id=message_id,
            exchange_id=row.id,
            ordinal=await store.next_ordinal(session, row.id),
            kind=kind,
            partner=row.partner,
            body=context.vault.seal(body, context=f"deliveries.body:{message_id}"),
            digest=suites.digest(Suite.ED25519_SHA256, body),
            next_attempt_at=at,
        )
    )


def _note(session: AsyncSession, row: Exchange, action: str) -> None:
    audit.note(
        session,
        actor="interop-service",
        action=action,
        subject=str(row.id),
        payload={"side": row.side, "partner": row.partner, "state": row.state},
    )
