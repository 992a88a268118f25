"""Letters that go: prepared with what causes them, sent in order, again until receipted.

One dead partner holds up no other: each has its own task, and waits by itself.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Final

import httpx
import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.due import any_due
from interop_service.evidence import anchors
from interop_service.evidence import service as evidence
from interop_service.evidence.rules import Direction, logged_request
from interop_service.exchanges import posting, postponing
from interop_service.exchanges.attempting import (
    Delivered,
    Errand,
    Outcome,
    Postponed,
    Refused,
    attempt,
)
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.exchanges.messages import Message
from interop_service.exchanges.rules import DeliveryState, FaultOf
from interop_service.letters import store
from interop_service.letters.dead_letters import KEPT
from interop_service.letters.rules import LetterKind
from interop_service.letters.tables import Letter, LetterReceipt
from interop_service.partners import lines
from interop_service.partners import service as partners
from tongban.context import Context
from tongban.ids import new_id

__all__ = ["TOO_LATE", "Follow", "deliver", "deliver_due", "prepare", "receipted_at"]

POLL_SECONDS: Final = 0.5
BATCH: Final = 20
LEASE: Final = timedelta(minutes=20)
"""A batch is left alone for so long: longer than all its attempts, one after another."""
TOO_LATE: Final = "too-late"
_ANY_DUE: Final = any_due(Letter.state, Letter.next_attempt_at)

Follow = Callable[[AsyncSession, Context, Letter], Awaitable[None]]
"""What follows where a letter was taken, or never will be: its `state` and `last_fault` say."""


log = structlog.get_logger(__name__)


async def prepare(
    session: AsyncSession,
    context: Context,
    message: Message,
    kind: LetterKind,
    *,
    path: str,
    agreement: str,
    not_after: datetime | None = None,
) -> None:
    """Put a letter into its place; it goes once the caller's transaction has committed."""
    message_id = new_id()
    body = _json(message)
    session.add(
        Letter(
            id=message_id,
            exchange_id=message.exchange_id,
            ordinal=await store.next_ordinal(session, message.exchange_id),
            kind=kind,
            partner=message.to_district,
            agreement=agreement,
            suite=await partners.suite_of(session, agreement),
            path=path,
            body=context.vault.seal(body, context=f"letters.body:{message_id}"),
            not_after=not_after,
            next_attempt_at=context.clock(),
        )
    )
    await session.flush()


async def deliver(context: Context, *, follow: Follow) -> None:
    """Send what falls due, for as long as the worker lives."""
    busy: dict[str, asyncio.Task[None]] = {}
    async with posting.client_of(context) as client:
        try:
            while True:
                busy = {partner: task for partner, task in busy.items() if not task.done()}
                taken = await _take(context, busy, follow)
                for partner, errands in taken.items():
                    busy[partner] = asyncio.create_task(_run(client, context, errands, follow))
                await asyncio.sleep(POLL_SECONDS)
        finally:
            for task in busy.values():
                task.cancel()
            await asyncio.gather(*busy.values(), return_exceptions=True)


async def deliver_due(context: Context, *, follow: Follow) -> int:
    """Send what is due now and wait for the answers; return how many letters were tried."""
    async with posting.client_of(context) as client:
        taken = await _take(context, (), follow)
        await asyncio.gather(
            *(_run(client, context, errands, follow) for errands in taken.values())
        )
    return sum(map(len, taken.values()))


async def receipted_at(session: AsyncSession, context: Context, letter: Letter) -> datetime:
    """Return when the partner says that it took a delivered letter."""
    await session.flush()
    own = context.settings.district
    row = await store.receipt(session, sender=own, message_id=letter.id)
    if row is None:
        raise AssertionError("a delivered letter has its receipt")
    return SignedReceipt.model_validate(row.signed).receipt.at


async def _take(context: Context, busy: Collection[str], follow: Follow) -> dict[str, list[Errand]]:
    at = context.clock()
    errands: dict[str, list[Errand]] = defaultdict(list)
    if not await context.look(_ANY_DUE, now=at):
        return errands
    async with context.sessions.begin() as session:
        if not await evidence.is_sealing(session, context, at=at):
            return {}
        due = await store.due_letters(session, at=at, without=list(busy), limit=BATCH)
        for letter, partner, suite, days in due:
            if letter.not_after is not None and at >= letter.not_after:
                await _give_up(session, context, letter, TOO_LATE, follow)
                continue
            letter.attempts += 1
            letter.last_attempt_at, letter.next_attempt_at = at, at + LEASE
            errands[letter.partner].append(
                Errand(
                    message_id=letter.id,
                    exchange_id=letter.exchange_id,
                    partner=letter.partner,
                    keys=partners.keys_of(partner),
                    suite=suite,
                    url=f"{partner.endpoint}{letter.path}",
                    body=context.vault.open(
                        letter.body or b"", context=f"letters.body:{letter.id}"
                    ),
                    attempts=letter.attempts,
                    give_up_at=(letter.replayed_at or letter.created_at) + timedelta(days=days),
                    is_line_good=partner.failures == 0,
                )
            )
    return errands


async def _run(
    client: httpx.AsyncClient, context: Context, errands: list[Errand], follow: Follow
) -> None:
    for place, errand in enumerate(errands, start=1):
        try:
            outcome = await attempt(client, context, errand)
            async with context.sessions.begin() as session:
                await _record(session, context, errand, outcome, follow)
                if isinstance(outcome, Postponed) and (
                    outcome.is_full or outcome.fault_of is not FaultOf.OURS
                ):
                    # The others would fare alike: they wait until the line is good again.
                    rest = [one.message_id for one in errands[place:]]
                    await store.put_back(session, rest, at=context.clock())
                    return
        except Exception as fault:
            # Its lease runs out and it is tried again; the other letters go on.
            log.error("letter.broken", message_id=str(errand.message_id), exc_info=fault)


async def _record(
    session: AsyncSession, context: Context, errand: Errand, outcome: Outcome, follow: Follow
) -> None:
    letter = await store.lock_letter(session, errand.message_id)
    if letter is None or letter.state is not DeliveryState.DUE:
        return  # another worker was given it after our lease, and was quicker
    at = context.clock()
    if isinstance(outcome, Delivered):
        letter.state, letter.body = DeliveryState.DELIVERED, None
        letter.last_fault = letter.fault_of = None
        session.add(
            LetterReceipt(
                exchange_id=letter.exchange_id,
                message_id=letter.id,
                kind=letter.kind,
                sender=context.settings.district,
                signed=outcome.receipt.model_dump(mode="json"),
            )
        )
        asked = outcome.answer.request
        evidence.log_message(
            session,
            context,
            direction=Direction.OUT,
            kind=letter.kind,
            partner=errand.partner,
            request=logged_request(asked.method, asked.url, asked.headers),
            receipt=outcome.receipt,
            body=errand.body,
            at=at,
        )
        await follow(session, context, letter)
        # Last, as whoever takes a message does: what all of a partner's messages share.
        await anchors.keep_partners(
            session,
            context,
            outcome.answer.checkpoint,
            partner=errand.partner,
            keys=errand.keys,
            at=at,
        )
        await session.flush()
    elif isinstance(outcome, Refused):
        letter.fault_of = outcome.fault_of
        await _give_up(session, context, letter, outcome.fault, follow)
    else:
        is_over = await postponing.postpone(
            session, letter, outcome, give_up_at=errand.give_up_at, at=at
        )
        if is_over:
            await _give_up(session, context, letter, outcome.fault, follow)
    if not isinstance(outcome, Postponed) and not errand.is_line_good:
        await lines.note_success(session, errand.partner)


async def _give_up(
    session: AsyncSession, context: Context, letter: Letter, fault: str, follow: Follow
) -> None:
    letter.last_fault = fault
    if letter.kind in KEPT:
        letter.state = DeliveryState.DEAD
    else:
        letter.state, letter.body = DeliveryState.FAILED, None
    log.error("letter.given_up", message_id=str(letter.id), kind=letter.kind, fault=fault)
    await follow(session, context, letter)
    await session.flush()


def _json(message: BaseModel) -> bytes:
    return message.model_dump_json(exclude_none=True).encode()
