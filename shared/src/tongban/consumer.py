"""Feeds a subscription from JetStream: fetch a batch, apply it in one transaction, acknowledge.

A batch that fails is applied message by message, so that one bad message delays no other; one
that can never be applied becomes a dead letter with its reason.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from tongban.clock import utc_now
from tongban.context import Context
from tongban.inbox import Projection, Subscription, Unreadable
from tongban.kernel import DeadLetter, ProjectionGeneration
from tongban.messages import Envelope
from tongban.resuming import resume_waiting
from tongban.telemetry import CONSUMER_PENDING, DEAD_LETTERS, EVENT_DELAY, EVENTS_APPLIED

__all__ = ["Consumer", "durable_name"]

BATCH = 100
ACK_WAIT_SECONDS = 10.0
MAX_UNACKNOWLEDGED = 1000
FETCH_SECONDS = 5.0
TRIES = 6

log = structlog.get_logger(__name__)


def durable_name(service: str, subscription: Subscription, generation: int = 1) -> str:
    """Return the consumer's durable name; a rebuilt projection gets the next generation's."""
    return f"{service}-{subscription.name}-g{generation}"


def _is_outage(fault: BaseException) -> bool:
    """Whether the database, not the message, is at fault: such a message is tried for ever."""
    if isinstance(fault, DBAPIError):
        return fault.connection_invalidated or isinstance(fault, (OperationalError, InterfaceError))
    return isinstance(fault, (OSError, TimeoutError))


class Consumer:
    """One subscription's feed. Several workers may run the same: the broker shares it out."""

    def __init__(
        self,
        subscription: Subscription,
        subscriptions: Sequence[Subscription],
        context: Context,
        *,
        service: str,
    ) -> None:
        self._subscription = subscription
        self._subscriptions = subscriptions
        self._context = context
        self._service = service
        self._generation = 1
        self.is_bound = False

    @property
    def name(self) -> str:
        """The subscription's name."""
        return self._subscription.name

    async def run(self, js: JetStreamContext) -> None:
        """Bind to the stream, waiting until its owner has made it, and feed for ever."""
        self._generation = await self._live_generation()
        durable = durable_name(self._service, self._subscription, self._generation)
        await self._bind(js, durable)
        feed = await js.pull_subscribe_bind(durable=durable, stream=self._subscription.stream)
        try:
            while True:
                try:
                    messages = await feed.fetch(BATCH, timeout=FETCH_SECONDS)
                except (TimeoutError, nats.errors.TimeoutError):
                    if await self._live_generation() != self._generation:
                        return
                    await self._measure(js, durable)
                    continue
                await self._apply(messages)
                self._measure_from(messages[-1])
                if len(messages) < BATCH:
                    await asyncio.sleep(self._subscription.linger)
        finally:
            self.is_bound = False
            # Else the broker goes on handing messages to nobody, and waits for their acks.
            with suppress(nats.errors.Error):
                await feed.unsubscribe()

    async def _bind(self, js: JetStreamContext, durable: str) -> None:
        config = ConsumerConfig(
            durable_name=durable,
            filter_subject=self._subscription.filter,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_ack_pending=MAX_UNACKNOWLEDGED,
        )
        while True:
            try:
                await js.add_consumer(self._subscription.stream, config)
            except NotFoundError:  # its owner has not started yet
                await asyncio.sleep(0.25)
            else:
                self.is_bound = True
                await self._measure(js, durable)
                return

    async def _live_generation(self) -> int:
        if not isinstance(self._subscription, Projection):
            return 1
        async with self._context.sessions() as session:
            row = await session.get(ProjectionGeneration, self._subscription.name)
            return row.generation if row else 1

    async def _apply(self, messages: Sequence[Msg]) -> None:
        try:
            await self._apply_together(messages)
        except Exception as fault:
            if len(messages) == 1:
                await self._set_back(messages[0], fault)
                return
            log.info("consumer.one_by_one", handler=self._subscription.name, fault=repr(fault))
            for message in messages:
                await self._apply([message])
            return
        for message in messages:  # each is a line into the client's buffer: no task of its own
            await message.ack()
        EVENTS_APPLIED.labels(self._service, self._subscription.name).inc(len(messages))

    async def _apply_together(self, messages: Sequence[Msg]) -> None:
        envelopes = [_envelope(message) for message in messages]
        concerned = [one for one in envelopes if self._subscription.is_concerned(one)]
        if concerned:
            await self._apply_concerned(concerned)
        now = utc_now()
        delay = EVENT_DELAY.labels(self._service, self._subscription.name)
        for envelope in envelopes:
            delay.observe(max(0.0, (now - envelope.time).total_seconds()))

    async def _apply_concerned(self, envelopes: Sequence[Envelope]) -> None:
        async with self._context.sessions.begin() as session:
            await self._subscription.apply(session, envelopes, self._context)
            await session.flush()
            await resume_waiting(
                session, {one.aggregate for one in envelopes}, self._subscriptions, self._context
            )

    async def _set_back(self, message: Msg, fault: Exception) -> None:
        tries = message.metadata.num_delivered
        name = self._subscription.name
        if isinstance(fault, Unreadable) or (tries >= TRIES and not _is_outage(fault)):
            await self._bury(message, fault)
            return
        log.warning(
            "consumer.set_back",
            handler=name,
            subject=message.subject,
            tries=tries,
            fault=repr(fault),
        )
        await message.nak(delay=min(2.0**tries / 4, 30.0))

    async def _bury(self, message: Msg, fault: Exception) -> None:
        reason = f"{type(fault).__name__}: {fault}"
        log.error("consumer.dead_letter", handler=self._subscription.name, reason=reason)
        async with self._context.sessions.begin() as session:
            session.add(
                DeadLetter(
                    handler=self._subscription.name,
                    subject=message.subject,
                    body=message.data.decode("utf-8", "replace"),
                    reason=reason[:2000],
                )
            )
        await message.term()
        DEAD_LETTERS.labels(self._service, self._subscription.name).inc()

    async def _measure(self, js: JetStreamContext, durable: str) -> None:
        try:
            info = await js.consumer_info(self._subscription.stream, durable)
        except (JetStreamError, nats.errors.Error, TimeoutError) as fault:
            log.warning("consumer.unmeasured", handler=self._subscription.name, fault=repr(fault))
            return
        waiting = (info.num_pending or 0) + (info.num_ack_pending or 0)
        CONSUMER_PENDING.labels(self._service, self._subscription.name).set(waiting)

    def _measure_from(self, message: Msg) -> None:
        gauge = CONSUMER_PENDING.labels(self._service, self._subscription.name)
        gauge.set(message.metadata.num_pending or 0)


def _envelope(message: Msg) -> Envelope:
    try:
        return Envelope.model_validate_json(message.data)
    except ValidationError as fault:
        raise Unreadable(f"not a CloudEvent of ours: {fault}") from fault
