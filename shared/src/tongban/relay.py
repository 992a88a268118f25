"""The relay: sends what the outbox holds to JetStream, in order per aggregate, at least once.

One relay a service works at a time, chosen by an advisory lock on its own connection. It does all
its work on that connection, so a holder that hangs is seen by its silence and is put out.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

import nats.errors
import structlog
from nats.js import JetStreamContext
from nats.js.api import PubAck
from nats.js.errors import Error as JetStreamError
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Delete,
    Row,
    Table,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tongban.clock import utc_now
from tongban.kernel import OutboxRow
from tongban.messages import Envelope
from tongban.telemetry import EVENTS_RELAYED, OUTBOX_AGE, OUTBOX_PENDING

__all__ = ["Relay"]

POLL_SECONDS = 0.05
QUIET_POLL_SECONDS = 0.2
QUIET_AFTER_SECONDS = 5.0
"""Who has had nothing to send for so long looks less often: looking was most of a rest's cost."""
BATCH = 500
ACK_SECONDS = 10.0
SILENCE_SECONDS = 15
MEASURE_SECONDS = 1.0
KEPT_DAYS = 7
LOCK = 0x746F6E67  # "tong": one per database

log = structlog.get_logger(__name__)

OutboxRecord = Row[tuple[OutboxRow]]

OUTBOX: Table = OutboxRow.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
# Asked twenty times a second by every service: made once, on the table itself.
UNRELAYED = (
    select(OUTBOX).where(OUTBOX.c.relayed_at.is_(None)).order_by(OUTBOX.c.position).limit(BATCH)
)
RELAYED = (
    update(OUTBOX)
    .where(OUTBOX.c.position == func.any(bindparam("sent", type_=ARRAY(BigInteger))))
    .values(relayed_at=bindparam("now"))
)


class Relay:
    """Sends one service's events."""

    def __init__(
        self, engine: AsyncEngine, js: JetStreamContext, *, service: str, district: str
    ) -> None:
        self._engine = engine
        self._js = js
        self._service = service
        self._source = f"/districts/{district}/{service}"
        self._measured_at = float("-inf")

    async def run(self) -> None:
        """Work for as long as this process holds the lock; call again when it returns."""
        async with self._engine.connect() as opened:
            connection = await opened.execution_options(isolation_level="AUTOCOMMIT")
            if not await connection.scalar(select(func.pg_try_advisory_lock(LOCK))):
                await self._put_out_silent_holder(connection)
                await asyncio.sleep(1)
                return
            try:
                told_at = time.monotonic()
                while True:
                    relayed = await self.relay_once(connection)
                    await self._measure(connection, is_idle=relayed == 0)
                    if relayed:
                        told_at = time.monotonic()
                    if relayed < BATCH:
                        is_quiet = time.monotonic() - told_at > QUIET_AFTER_SECONDS
                        await asyncio.sleep(QUIET_POLL_SECONDS if is_quiet else POLL_SECONDS)
            finally:
                # Whoever relays next measures.
                OUTBOX_PENDING.labels(self._service).set(0)
                OUTBOX_AGE.labels(self._service).set(0)
                # A connection that broke, or was cancelled in a statement, took its lock along.
                if not connection.invalidated:
                    await connection.execute(select(func.pg_advisory_unlock(LOCK)))

    async def relay_once(self, connection: AsyncConnection) -> int:
        """Send the oldest unrelayed events; return how many were acknowledged."""
        rows = (await connection.execute(UNRELAYED)).all()
        if not rows:
            return 0
        sent = await self._send(rows)
        if sent:
            await connection.execute(RELAYED, {"sent": sent, "now": utc_now()})
            EVENTS_RELAYED.labels(self._service).inc(len(sent))
        if len(sent) < len(rows):
            await asyncio.sleep(0.25)  # the broker is away or slow: ask again, same ids
        return len(sent)

    async def _send(self, rows: Sequence[OutboxRecord]) -> list[int]:
        """Publish in waves: of each aggregate one message, the next when that is acknowledged."""
        queues: dict[str, deque[OutboxRecord]] = defaultdict(deque)
        for row in rows:
            queues[row.aggregate].append(row)
        sent: list[int] = []
        while queues:
            heads = [queue.popleft() for queue in queues.values()]
            for row, fault in zip(heads, await self._publish(heads), strict=True):
                if fault is None:
                    sent.append(row.position)
                    continue
                # What follows in this aggregate waits for the next round.
                log.warning("relay.unsent", subject=row.subject, fault=repr(fault))
                del queues[row.aggregate]
            queues = {name: queue for name, queue in queues.items() if queue}
        return sent

    async def _publish(self, rows: Sequence[OutboxRecord]) -> list[Exception | None]:
        """Publish one wave; return of each row what it failed for, None where it is acknowledged.

        All are written to the client's buffer at once and waited for together: a task and a timer
        for each would cost as much as the sending. No more than a batch is ever under way, far
        from where the client stalls.
        """
        answers: list[asyncio.Future[PubAck] | Exception] = []
        for row in rows:
            try:
                answers.append(await self._js.publish_async(**self._message(row)))
            except (OSError, nats.errors.Error, JetStreamError) as fault:
                answers.append(fault)
        waiting = [answer for answer in answers if isinstance(answer, asyncio.Future)]
        if waiting:
            await asyncio.wait(waiting, timeout=ACK_SECONDS)
        return [_fault_of(answer) for answer in answers]

    def _message(self, row: OutboxRecord) -> dict[str, Any]:
        envelope = Envelope(
            id=row.id,
            source=self._source,
            type=row.type,
            subject=row.aggregate.split(".", 2)[2],
            time=row.at,
            sequence=row.sequence,
            traceparent=row.trace,
            data=row.payload,
        )
        return {
            "subject": row.subject,
            "payload": envelope.model_dump_json(exclude_none=True).encode(),
            "headers": {"Nats-Msg-Id": str(row.id)},
        }

    async def _put_out_silent_holder(self, connection: AsyncConnection) -> None:
        ended = await connection.execute(
            text(
                "SELECT pg_terminate_backend(activity.pid) FROM pg_locks AS held"
                " JOIN pg_stat_activity AS activity USING (pid)"
                " WHERE held.locktype = 'advisory' AND held.granted AND held.objid = :lock"
                " AND held.database = (SELECT oid FROM pg_database"
                " WHERE datname = current_database())"
                " AND activity.state_change < now() - make_interval(secs => :silence)"
            ),
            {"lock": LOCK, "silence": SILENCE_SECONDS},
        )
        if ended.all():
            log.warning("relay.silent_holder_ended", service=self._service)

    async def _measure(self, connection: AsyncConnection, *, is_idle: bool) -> None:
        """Set the gauges: to zero when idle, else by a count, once a second at most."""
        if is_idle:
            OUTBOX_PENDING.labels(self._service).set(0)
            OUTBOX_AGE.labels(self._service).set(0)
            return
        if time.monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        self._measured_at = time.monotonic()
        waiting, oldest = (
            await connection.execute(
                select(func.count(), func.min(OutboxRow.at)).where(OutboxRow.relayed_at.is_(None))
            )
        ).one()
        OUTBOX_PENDING.labels(self._service).set(waiting)
        age = (utc_now() - oldest).total_seconds() if oldest else 0
        OUTBOX_AGE.labels(self._service).set(age)


def _fault_of(answer: "asyncio.Future[PubAck] | Exception") -> Exception | None:
    """Return why a message counts as unsent; what is not the broker's fault is raised."""
    if isinstance(answer, Exception):
        return answer
    if not answer.done():
        answer.cancel()
        return TimeoutError("not acknowledged")
    try:
        answer.result()
    except (OSError, nats.errors.Error, JetStreamError) as fault:
        return fault
    return None


def forget_relayed() -> Delete:
    """Return the statement that drops events relayed more than seven days ago."""
    return delete(OutboxRow).where(
        OutboxRow.relayed_at < func.now() - text(f"interval '{KEPT_DAYS} days'")
    )
