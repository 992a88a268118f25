"""Rebuild a projection from its reference stream; list and replay dead letters.

A rebuild fills a shadow table under the next handler generation while the live table serves, then
swaps both in one transaction. The running worker sees the new generation and follows it.
"""

import asyncio
from uuid import UUID

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from sqlalchemy import MetaData, Table, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tongban import streams
from tongban.clock import utc_now
from tongban.consumer import BATCH, durable_name
from tongban.context import Context, open_context
from tongban.inbox import Projection, Steps
from tongban.kernel import DeadLetter, ProjectionGeneration
from tongban.messages import Envelope
from tongban.service import Service
from tongban.settings import ServiceSettings

__all__ = ["NoSuchProjection", "rebuild", "replay"]

SHADOW = "shadow"
RETIRED = "retired"


class NoSuchProjection(RuntimeError):
    """The service keeps no projection of that name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"没有投影 {name} / no projection {name}; known: {', '.join(known)}")


async def rebuild(service: Service, settings: ServiceSettings, name: str) -> int:
    """Rebuild the projection whose table is `name`; return the number of rows.

    Raises:
        NoSuchProjection: no projection writes that table.
    """
    projections = {
        one.table.__tablename__: one for one in service.consumes if isinstance(one, Projection)
    }
    if name not in projections:
        raise NoSuchProjection(name, sorted(projections))
    projection = projections[name]
    async with open_context(settings, pool=2) as context:
        generation, shadow = await _make_shadow(context, projection)
        await _fill(context, settings, service.name, projection, shadow, generation)
        return await _swap(context, projection, shadow, generation)


async def _make_shadow(context: Context, projection: Projection) -> tuple[int, Table]:  # type: ignore[type-arg]  # any event
    live: Table = projection.table.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
    shadow = live.to_metadata(
        MetaData(naming_convention=live.metadata.naming_convention), schema=SHADOW
    )
    async with context.sessions.begin() as session:
        known = await session.get(ProjectionGeneration, projection.name)
        await session.execute(text(f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE"))
        await session.execute(text(f"CREATE SCHEMA {SHADOW}"))
        connection = await session.connection()
        await connection.run_sync(shadow.create)
        return (known.generation if known else 1) + 1, shadow


async def _fill(
    context: Context,
    settings: ServiceSettings,
    service: str,
    projection: Projection,  # type: ignore[type-arg]  # any event
    shadow: Table,
    generation: int,
) -> None:
    broker = await streams.connect(settings.nats_url, name=f"{service}-rebuild")
    try:
        js = broker.jetstream(timeout=10)
        durable = durable_name(service, projection, generation)
        config = ConsumerConfig(
            durable_name=durable,
            filter_subject=projection.filter,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            max_ack_pending=1000,
        )
        info = await js.add_consumer(projection.stream, config)
        left = (info.num_pending or 0) + (info.num_ack_pending or 0)
        feed = await js.pull_subscribe_bind(durable=durable, stream=projection.stream)
        while left > 0:
            messages = await feed.fetch(min(BATCH, left), timeout=5)
            envelopes = [Envelope.model_validate_json(message.data) for message in messages]
            async with context.sessions.begin() as session:
                await projection.store(session, envelopes, shadow)
            await asyncio.gather(*(message.ack_sync() for message in messages))
            left -= len(messages)
    finally:
        await broker.close()


async def _swap(
    context: Context,
    projection: Projection,  # type: ignore[type-arg]  # any event
    shadow: Table,
    generation: int,
) -> int:
    name = shadow.name
    async with context.sessions.begin() as session:
        rows = await session.scalar(select(func.count()).select_from(shadow)) or 0
        for statement in (
            "SET LOCAL lock_timeout = '5s'",
            f"DROP SCHEMA IF EXISTS {RETIRED} CASCADE",
            f"CREATE SCHEMA {RETIRED}",
            f'ALTER TABLE public."{name}" SET SCHEMA {RETIRED}',
            f'ALTER TABLE {SHADOW}."{name}" SET SCHEMA public',
            f"DROP SCHEMA {RETIRED} CASCADE",
            f"DROP SCHEMA {SHADOW} CASCADE",
        ):
            await session.execute(text(statement))
        values = {"projection": projection.name, "generation": generation}
        await session.execute(
            insert(ProjectionGeneration)
            .values(**values)
            .on_conflict_do_update(index_elements=["projection"], set_={"generation": generation})
        )
    return rows


async def replay(service: Service, settings: ServiceSettings, letter: UUID | None) -> list[str]:
    """List the dead letters that were not replayed, or apply the one with this id."""
    async with open_context(settings, pool=1) as context, context.sessions.begin() as session:
        if letter is None:
            rows = await session.scalars(
                select(DeadLetter).where(DeadLetter.replayed_at.is_(None)).order_by(DeadLetter.id)
            )
            return [
                f"{row.id}  {row.at:%Y-%m-%d %H:%M}  {row.handler}  {row.reason}" for row in rows
            ]
        return [await _replay_one(service, context, session, letter)]


async def _replay_one(
    service: Service, context: Context, session: AsyncSession, letter: UUID
) -> str:
    row = await session.get(DeadLetter, letter, with_for_update=True)
    if row is None:
        return f"没有这封死信 / no dead letter {letter}"
    subscription = next(one for one in service.consumes if one.name == row.handler)
    envelope = Envelope.model_validate_json(row.body)
    if isinstance(subscription, Steps):
        await subscription.resume(session, envelope, context)
    else:
        await subscription.apply(session, [envelope], context)
    row.replayed_at = utc_now()
    return f"{letter} 已重放 / replayed"
