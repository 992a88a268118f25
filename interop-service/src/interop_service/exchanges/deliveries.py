"""The loop that sends: store and forward, per exchange in order, no partner harming another.

A message keeps its id over all attempts and is signed anew for each. What was sent but not yet
recorded when the process dies is sent again, and answered with the same receipt.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.due import any_due
from interop_service.events import ExchangeSent
from interop_service.evidence import service as evidence
from interop_service.exchanges import batches, moving, posting, recording, store, transferring
from interop_service.exchanges.attempting import Delivered, Errand, FileErrand, Outcome
from interop_service.exchanges.batches import DueDelivery
from interop_service.exchanges.protocol import TREE
from interop_service.exchanges.rules import UNDER_WAY, MessageKind, State
from interop_service.exchanges.tables import Delivery, Exchange
from interop_service.files import service as files
from interop_service.files.tables import ExchangeFile
from interop_service.partners import service as partners
from interop_service.partners.rules import GIVE_UP_AFTER_DAYS
from interop_service.suites import Suite
from tongban.context import Context
from tongban.messages import publish
from tongban.writes import write_all

__all__ = ["deliver", "deliver_due", "forget_bodies"]

POLL_SECONDS: Final = 0.25
GATHER_SECONDS: Final = 0.02
"""So long the first answer waits for others to be recorded with it."""
ROOM: Final = 8
"""Messages under way to one partner at a time: as many as a partner takes of us unless agreed."""
BATCH: Final = 40
RECORDED_AT_ONCE: Final = 2
"""Batches of answers that are recorded beside each other: more only wait for the same rows."""
BODIES_KEPT: Final = timedelta(days=7)
"""So long a delivered message can be sent again to a partner that has lost it."""

_STEPS_PATH: Final = f"{TREE}/exchanges/{{exchange_id}}/receipts"
_PATHS: Final = {
    MessageKind.PACKAGE: f"{TREE}/exchanges",
    MessageKind.RESULT: f"{TREE}/exchanges/{{exchange_id}}/results",
}

_ANY_DUE: Final = any_due(Delivery.state, Delivery.next_attempt_at)

log = structlog.get_logger(__name__)


async def deliver(context: Context) -> None:
    """Send what falls due, for as long as the worker lives."""
    async with posting.client_of(context) as client:
        await _Sender(context, client).run()


class _Sender:
    """What one worker has under way: messages, and answers that are being recorded.

    While answers are recorded the next messages are already on their way.
    """

    def __init__(self, context: Context, client: httpx.AsyncClient) -> None:
        self._context, self._client = context, client
        self._sending: dict[asyncio.Task[Outcome | None], Errand] = {}
        self._recording: set[asyncio.Task[None]] = set()
        self._keeping: set[asyncio.Task[None]] = set()
        """Answers that are recorded alone: one may wait for its exchange, and all others go on."""
        self._busy: Counter[str] = Counter()

    async def run(self) -> None:
        try:
            while True:
                for errand in await _take(self._context, self._busy):
                    self._busy[errand.partner] += 1
                    sending = _bring(self._client, self._context, errand)
                    self._sending[asyncio.create_task(sending)] = errand
                await self._progress()
                if answered := self._answered():
                    _keep_in(self._recording, self._record(answered))
        finally:
            left = [*self._sending, *self._recording, *self._keeping]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _progress(self) -> None:
        """Wait until there is room for another message, or one may have come.

        Half of what is under way is worth waiting for, a moment long: it is recorded and followed
        up together, and the other half keeps the partners busy meanwhile.
        """
        if not self._sending and not self._recording and not self._keeping:
            await asyncio.sleep(POLL_SECONDS)
            return
        await asyncio.wait(
            [*self._sending, *self._recording, *self._keeping],
            timeout=POLL_SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if any(task.done() for task in self._sending):
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_SECONDS):
                    half = len(self._sending) // 2
                    while len(left := [one for one in self._sending if not one.done()]) > half:
                        await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        if len(self._recording) >= RECORDED_AT_ONCE:
            await asyncio.wait(self._recording, return_when=asyncio.FIRST_COMPLETED)

    def _answered(self) -> list[tuple[Errand, Outcome | None]]:
        """Take what is answered out of what is under way.

        What was delivered makes room for another at once. Whatever else when it is recorded: it
        may be the partner's end for a while, and then nothing more is to knock there.
        """
        done = [task for task in self._sending if task.done()]
        answered = [(self._sending.pop(task), task.result()) for task in done]
        self._busy -= Counter(
            errand.partner for errand, outcome in answered if isinstance(outcome, Delivered)
        )
        return answered

    async def _record(self, answered: Sequence[tuple[Errand, Outcome | None]]) -> None:
        left = await _record(self._context, answered)
        self._busy -= Counter(errand.partner for errand, outcome in answered if outcome is None)
        for errand, outcome in left:
            if isinstance(outcome, Delivered):
                self._busy[errand.partner] += 1
            _keep_in(self._keeping, self._record_alone(errand, outcome))

    async def _record_alone(self, errand: Errand, outcome: Outcome) -> None:
        try:
            await _record_alone(self._context, errand, outcome)
        finally:
            self._busy[errand.partner] -= 1


def _keep_in(tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
    """Let the work go on beside, held in `tasks` until it is done."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def deliver_due(context: Context) -> int:
    """Send what is due now and wait for the answers; return how many messages were tried."""
    async with posting.client_of(context) as client:
        errands = await _take(context, Counter())
        outcomes = await asyncio.gather(*(_bring(client, context, errand) for errand in errands))
        left = await _record(context, list(zip(errands, outcomes, strict=True)))
        await asyncio.gather(*(_record_alone(context, *one) for one in left))
    return len(errands)


async def _take(context: Context, busy: Counter[str]) -> list[Errand]:
    """Take due messages under a lease, so that another worker leaves them alone."""
    at = context.clock()
    if not await context.look(_ANY_DUE, now=at):
        return []
    async with context.sessions.begin() as session:
        if not await evidence.is_sealing(session, context, at=at):
            return []
        due = await batches.due_deliveries(session, at=at, under_way=busy, room=ROOM, limit=BATCH)
        if not due:
            return []
        with_files = [one.delivery.id for one in due if one.has_files]
        named = await files.files_of_deliveries(session, with_files) if with_files else {}
        packages = [one.delivery for one in due if one.delivery.kind is MessageKind.PACKAGE]
        errands = []
        idle = await _lock_idle(session, packages)
        for one in due:
            delivery = one.delivery
            if delivery.kind is MessageKind.PACKAGE and not _tell_sent(
                session, idle.get(delivery.exchange_id), at=at
            ):
                continue
            delivery.attempts += 1
            delivery.last_attempt_at = at
            delivery.next_attempt_at = at + UNDER_WAY
            errands.append(_errand(context, one, named.get(delivery.id, ()), at=at))
        await write_all(session)
    return errands


async def _lock_idle(
    session: AsyncSession, packages: Sequence[Delivery]
) -> Mapping[UUID, Exchange]:
    if not packages:
        return {}
    return await batches.lock_idle_exchanges(session, [one.exchange_id for one in packages])


def _tell_sent(session: AsyncSession, row: Exchange | None, *, at: datetime) -> bool:
    """Say before the first attempt that the package is on its way: after it nobody may be left.

    False where somebody else is at the exchange just now: then the package is taken at the next
    look. Who holds messages waits for no exchange; whoever has the exchange may wait for them.
    """
    if row is None:
        return False
    if row.state is not State.PREPARED or row.case_id is None:
        return True
    moving.send_off(session, row, at=at)
    if row.joint_id in (None, row.id):  # the case is told of the first alone
        sent = ExchangeSent(exchange_id=row.id, case_id=row.case_id, to_district=row.partner, at=at)
        publish(session, sent, of=row)
    return True


def _errand(
    context: Context, due: DueDelivery, named: Sequence[ExchangeFile], *, at: datetime
) -> Errand:
    delivery, partner = due.delivery, due.partner
    sealed = delivery.body or b""
    days = due.give_up_after_days or GIVE_UP_AFTER_DAYS
    path = _PATHS.get(delivery.kind, _STEPS_PATH).format(exchange_id=delivery.exchange_id)
    return Errand(
        message_id=delivery.id,
        exchange_id=delivery.exchange_id,
        partner=delivery.partner,
        keys=partners.keys_of(partner),
        suite=due.suite or Suite.ED25519_SHA256,
        url=f"{partner.endpoint}{path}",
        body=context.vault.open(sealed, context=f"deliveries.body:{delivery.id}"),
        attempts=delivery.attempts,
        give_up_at=(delivery.replayed_at or delivery.created_at) + timedelta(days=days),
        files=tuple(
            FileErrand(one.id, one.digest, one.size, is_taken=(one.taken_until or at) > at)
            for one in named
        ),
        is_line_good=partner.failures == 0,
    )


async def _bring(client: httpx.AsyncClient, context: Context, errand: Errand) -> Outcome | None:
    """Send a message; None where its fault is ours, and not the message's."""
    try:
        return await transferring.bring(client, context, errand)
    except Exception as fault:
        _broken(errand, fault)
        return None


async def _record(
    context: Context, answered: Sequence[tuple[Errand, Outcome | None]]
) -> Sequence[tuple[Errand, Outcome]]:
    """Record what was answered together; return what is to be recorded alone."""
    arrived = [(errand, outcome) for errand, outcome in answered if outcome is not None]
    if not arrived:
        return ()
    try:
        return await recording.record(context, arrived)
    except Exception as fault:
        # Nothing of it is kept: alone, the one at fault harms no other.
        log.error("deliveries.not_recorded", messages=len(arrived), exc_info=fault)
        return arrived


async def _record_alone(context: Context, errand: Errand, outcome: Outcome) -> None:
    try:
        async with context.sessions.begin() as session:
            await recording.record_alone(session, context, errand, outcome)
    except Exception as fault:
        _broken(errand, fault)


def _broken(errand: Errand, fault: Exception) -> None:
    # Its lease runs out and it is tried again; the other partners' messages go on.
    log.error("delivery.broken", message_id=str(errand.message_id), exc_info=fault)


async def forget_bodies(session: AsyncSession, context: Context) -> None:
    """Drop what was delivered long enough ago; the worker's timer."""
    await store.forget_bodies(session, at=context.clock(), after=BODIES_KEPT)
