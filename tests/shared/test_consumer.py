"""The worker's parts against a real broker: outages, bad messages, rebuilding."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from tongban import app as apps
from tongban import streams
from tongban.consumer import Consumer, durable_name
from tongban.context import Context
from tongban.db import Sequenced, Tables, new_metadata
from tongban.inbox import Batch, Effect, Projection
from tongban.kernel import DeadLetter, InboxRow, OutboxRow, ProjectionGeneration
from tongban.messages import Event, publish, publish_state
from tongban.rebuild import NoSuchProjection, rebuild, replay
from tongban.relay import Relay
from tongban.run.nats import EmbeddedNats
from tongban.run.ports import free_port
from tongban.service import Service
from tongban.settings import ServiceSettings
from tongban.testing.fixtures import RunningService, envelope


class LampTables(Tables):
    __abstract__ = True
    metadata = new_metadata()


class Lamp(Sequenced, LampTables):
    __tablename__ = "lamps"

    key: Mapped[str] = mapped_column(primary_key=True)


class KnownLamp(LampTables):
    __tablename__ = "known_lamps"

    key: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int]


class Burnt(LampTables):
    __tablename__ = "burnt"

    name: Mapped[str] = mapped_column(primary_key=True)
    times: Mapped[int]


class LampBurnt(Event):
    SUBJECT = "lamps.lamp.burnt"
    name: str

    def key(self) -> str:
        return self.name


class LampChanged(Event):
    SUBJECT = "lamps.lamp.changed"
    name: str

    def key(self) -> str:
        return self.name


class LampLit(Event):
    SUBJECT = "lamps.lamp.lit"
    name: str

    def key(self) -> str:
        return self.name


LIT: list[str] = []
REFUSE: set[str] = set()


async def keep_light(_session: AsyncSession, event: LampLit, _context: Context) -> None:
    if event.name in REFUSE:
        raise LookupError(f"{event.name} is broken")
    LIT.append(event.name)


COUNTED: list[int] = []
"""How many events each batch had."""


async def count_burnt(
    session: AsyncSession, events: Sequence[LampBurnt], _context: Context
) -> None:
    COUNTED.append(len(events))
    counted = Counter(event.name for event in events)
    rows = [{"name": name, "times": counted[name]} for name in sorted(counted)]
    statement = insert(Burnt).values(rows)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"times": Burnt.times + statement.excluded.times}
        )
    )
    if REFUSE.intersection(counted):
        raise LookupError("one of them is broken")


class Settings(ServiceSettings):
    SERVICE = "lamps"


KEEP_LIGHT = Effect(LampLit, keep_light)
COUNT_BURNT = Batch(LampBurnt, count_burnt)
KNOWN = Projection(LampChanged, KnownLamp, lambda event: {"key": event.name})
SERVICE = Service(
    name="lamps",
    title={"zh-CN": "灯", "en": "lamps"},
    settings=Settings,
    routers=(),
    metadata=LampTables.metadata,
    migrations="support.notes_migrations",
    publishes=(LampLit, LampBurnt, LampChanged),
    consumes=(KEEP_LIGHT, COUNT_BURNT, KNOWN),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lamps(run_service: Any, district: Any) -> AsyncIterator[RunningService]:
    for source in district.folder.glob("keys/case.*"):
        target = source.with_name(source.name.replace("case", "lamps"))
        target.write_bytes(source.read_bytes())
    running = await run_service(SERVICE, lambda settings: apps.create(SERVICE, settings))
    async with running.context.engine.begin() as connection:
        await connection.run_sync(LampTables.metadata.create_all)
    yield running


@pytest_asyncio.fixture(loop_scope="session")
async def js(lamps: RunningService) -> AsyncIterator[JetStreamContext]:
    broker = await streams.connect(lamps.settings.nats_url, name="lamps-test")
    context = broker.jetstream()
    await streams.ensure_streams(context, SERVICE.publishes)
    yield context
    await broker.close()


async def tell(lamps: RunningService, *events: Event) -> None:
    async with lamps.context.sessions.begin() as session:
        for event in events:
            lamp = await session.get(Lamp, event.key()) or Lamp(key=event.key())
            session.add(lamp)
            publish(session, event, of=lamp)


@asynccontextmanager
async def running(*parts: Any) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def relay_of(lamps: RunningService, js: JetStreamContext) -> Relay:
    return Relay(lamps.context.engine, js, service="lamps", district="610171")


def consumer_of(lamps: RunningService, subscription: Any = KEEP_LIGHT) -> Consumer:
    return Consumer(subscription, SERVICE.consumes, lamps.context, service="lamps")


async def until(condition: Any, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  # watches a database
            await asyncio.sleep(0.05)


async def count(lamps: RunningService, statement: Any) -> int:
    async with lamps.context.sessions() as session:
        return await session.scalar(statement) or 0


async def test_many_events_arrive_once_and_in_order(
    lamps: RunningService, js: JetStreamContext
) -> None:
    names = [uuid4().hex for _ in range(300)]
    await tell(lamps, *(LampLit(name=name) for name in names))

    async def all_lit() -> bool:
        return set(names) <= set(LIT)

    async with running(relay_of(lamps, js).run(), consumer_of(lamps).run(js)):
        await until(all_lit)

    assert [name for name in LIT if name in set(names)] == names


async def test_a_message_that_cannot_be_applied_delays_no_other(
    lamps: RunningService, js: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tongban.consumer.TRIES", 1)
    bad, good = f"bad-{uuid4().hex}", f"good-{uuid4().hex}"
    REFUSE.add(bad)
    await tell(lamps, LampLit(name=bad), LampLit(name=good))
    letters = select(func.count()).where(DeadLetter.subject.endswith(bad))

    async def buried() -> bool:
        return good in LIT and await count(lamps, letters) == 1

    async with running(relay_of(lamps, js).run(), consumer_of(lamps).run(js)):
        await until(buried)

    assert bad not in LIT


async def burnt(lamps: RunningService, *names: str) -> dict[str, int]:
    """Return how often each of these was counted."""
    async with lamps.context.sessions() as session:
        rows = await session.execute(
            select(Burnt.name, Burnt.times).where(Burnt.name.in_([*names]))
        )
        return {name: times for name, times in rows}


async def test_a_batch_is_applied_by_few_calls_and_each_event_once(
    lamps: RunningService, js: JetStreamContext
) -> None:
    names = [uuid4().hex for _ in range(300)]
    await tell(lamps, *(LampBurnt(name=name) for name in names))
    COUNTED.clear()

    async def all_counted() -> bool:
        return len(await burnt(lamps, *names)) == len(names)

    async with running(relay_of(lamps, js).run(), consumer_of(lamps, COUNT_BURNT).run(js)):
        await until(all_counted)

    assert await burnt(lamps, *names) == dict.fromkeys(names, 1)
    assert len(COUNTED) < len(names) / 5


async def test_a_batch_whose_worker_died_before_it_acknowledged_counts_once(
    lamps: RunningService, js: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tongban.consumer.ACK_WAIT_SECONDS", 1.0)
    names = [uuid4().hex for _ in range(10)]
    consumer = Consumer(COUNT_BURNT, SERVICE.consumes, lamps.context, service="mortal")
    acknowledge = Msg.ack

    async def die(message: Msg) -> None:
        if message.subject.rpartition(".")[2] in names:
            await asyncio.Event().wait()
        await acknowledge(message)

    async def all_counted() -> bool:
        return len(await burnt(lamps, *names)) == len(names)

    async def all_acknowledged() -> bool:
        info = await js.consumer_info("LAMPS_EVENTS", durable_name("mortal", COUNT_BURNT))
        return not info.num_pending and not info.num_ack_pending

    await tell(lamps, *(LampBurnt(name=name) for name in names))
    with monkeypatch.context() as killing:
        killing.setattr(Msg, "ack", die)
        async with running(relay_of(lamps, js).run(), consumer.run(js)):
            await until(all_counted)
    assert not await all_acknowledged()

    async with running(consumer.run(js)):
        await until(all_acknowledged)

    assert await burnt(lamps, *names) == dict.fromkeys(names, 1)


async def test_an_event_twice_in_a_batch_and_once_more_later_counts_once(
    lamps: RunningService,
) -> None:
    one, other = uuid4().hex, uuid4().hex
    twice = envelope(LampBurnt.SUBJECT, one, {"name": one})
    once = envelope(LampBurnt.SUBJECT, other, {"name": other})
    COUNTED.clear()

    for told in ([twice, once, twice], [once, twice], [twice]):
        async with lamps.context.sessions.begin() as session:
            await COUNT_BURNT.apply(session, told, lamps.context)

    assert await burnt(lamps, one, other) == {one: 1, other: 1}
    assert COUNTED == [2], "what is known already is not even handed on"


async def test_an_event_of_no_concern_is_done_with_and_costs_nothing(
    lamps: RunningService, js: JetStreamContext
) -> None:
    async def never(_session: AsyncSession, event: LampLit, _context: Context) -> None:
        raise AssertionError(f"{event.name} is of no concern")

    idle = Effect(LampLit, never, concerns=lambda data: data["name"] == "nobody's")
    consumer = Consumer(idle, [idle], lamps.context, service="idle")
    await tell(lamps, *(LampLit(name=uuid4().hex) for _ in range(10)))

    async def all_acknowledged() -> bool:
        if not consumer.is_bound:
            return False
        info = await js.consumer_info("LAMPS_EVENTS", durable_name("idle", idle))
        return bool(info.delivered.consumer_seq) and not info.num_pending + info.num_ack_pending

    async with running(relay_of(lamps, js).run(), consumer.run(js)):
        await until(all_acknowledged)

    noted = select(func.count()).where(InboxRow.handler == "never")
    assert await count(lamps, noted) == 0


@pytest.mark.parametrize("is_readable", [True, False])
async def test_a_bad_event_in_a_batch_stops_no_other_and_becomes_a_dead_letter(
    lamps: RunningService,
    js: JetStreamContext,
    monkeypatch: pytest.MonkeyPatch,
    is_readable: bool,
) -> None:
    monkeypatch.setattr("tongban.consumer.TRIES", 1)
    bad, good = uuid4().hex, [uuid4().hex for _ in range(20)]
    told = [LampBurnt(name=name) for name in good]
    poison = LampBurnt(name=bad)
    if is_readable:
        REFUSE.add(bad)
    else:
        poison = LampBurnt.model_construct(name=None)  # type: ignore[arg-type]  # what no model lets through
        monkeypatch.setattr(LampBurnt, "key", lambda self: self.name or bad)
    await tell(lamps, *told[:10], poison, *told[10:])
    letters = select(func.count()).where(DeadLetter.subject.endswith(bad))

    async def buried() -> bool:
        return len(await burnt(lamps, *good)) == 20 and await count(lamps, letters) == 1

    async with running(relay_of(lamps, js).run(), consumer_of(lamps, COUNT_BURNT).run(js)):
        await until(buried)

    assert await burnt(lamps, bad, *good) == dict.fromkeys(good, 1)


async def test_a_dead_letter_is_replayed_once_it_was_mended(
    lamps: RunningService, js: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tongban.consumer.TRIES", 1)
    name = f"mended-{uuid4().hex}"
    REFUSE.add(name)
    await tell(lamps, LampLit(name=name))
    letter = select(DeadLetter).where(DeadLetter.subject.endswith(name))

    async def buried() -> bool:
        return await count(lamps, select(func.count()).select_from(letter.subquery())) == 1

    async with running(relay_of(lamps, js).run(), consumer_of(lamps).run(js)):
        await until(buried)
    REFUSE.discard(name)
    async with lamps.context.sessions() as session:
        row = (await session.scalars(letter)).one()

    await replay(SERVICE, lamps.settings, row.id)

    assert LIT.count(name) == 1
    assert not any(str(row.id) in line for line in await replay(SERVICE, lamps.settings, None))


async def test_what_is_not_an_event_becomes_a_dead_letter(
    lamps: RunningService, js: JetStreamContext
) -> None:
    key = uuid4().hex
    await js.publish(f"{LampLit.SUBJECT}.{key}", b"rubbish")
    letters = select(func.count()).where(DeadLetter.subject.endswith(key))

    async def buried() -> bool:
        return await count(lamps, letters) == 1

    async with running(consumer_of(lamps).run(js)):
        await until(buried)


async def test_events_wait_for_a_dead_broker_and_all_arrive(
    lamps: RunningService, scratch: Path
) -> None:
    server = EmbeddedNats(scratch / f"nats-{uuid4().hex}", free_port())
    server.start()
    broker = await streams.connect(server.url, name="outage")
    js = broker.jetstream(timeout=2)
    await streams.ensure_streams(js, SERVICE.publishes)
    names = [f"dark-{uuid4().hex}" for _ in range(5)]

    async def all_lit() -> bool:
        return set(names) <= set(LIT)

    from tongban.worker import forever

    parts = (
        forever("relay", relay_of(lamps, js).run),
        forever("consumer", lambda: consumer_of(lamps).run(js)),
    )
    try:
        async with running(*parts):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(server.stop)
            await tell(lamps, *(LampLit(name=name) for name in names))
            await asyncio.sleep(1)
            assert not await all_lit()
            await asyncio.to_thread(server.start)
            await until(all_lit, seconds=40)
    finally:
        await broker.close()
        await asyncio.to_thread(server.stop)

    assert sorted(name for name in LIT if name in names) == sorted(names)


async def test_a_rebuilt_projection_holds_the_state_again(
    lamps: RunningService, js: JetStreamContext
) -> None:
    names = {uuid4().hex for _ in range(20)}
    await tell(lamps, *(LampChanged(name=name) for name in names))
    unrelayed = select(func.count()).where(OutboxRow.relayed_at.is_(None))

    async def relayed() -> bool:
        return await count(lamps, unrelayed) == 0

    async with running(relay_of(lamps, js).run()):
        await until(relayed)
    await lamps.execute("DELETE FROM known_lamps")

    rows = await rebuild(SERVICE, lamps.settings, "known_lamps")

    async with lamps.context.sessions() as session:
        known = set(await session.scalars(select(KnownLamp.key)))
        generation = await session.get_one(ProjectionGeneration, "keep_known_lamps")
    assert names <= known
    assert rows == len(known)
    assert generation.generation == 2


async def test_a_worker_follows_the_rebuilt_generation(
    lamps: RunningService, js: JetStreamContext
) -> None:
    name = uuid4().hex
    await rebuild(SERVICE, lamps.settings, "known_lamps")
    await tell(lamps, LampChanged(name=name))

    async def kept() -> bool:
        return await count(lamps, select(func.count()).where(KnownLamp.key == name)) == 1

    async with running(relay_of(lamps, js).run(), consumer_of(lamps, KNOWN).run(js)):
        await until(kept)


async def test_state_told_again_changes_nothing_that_is_known(
    lamps: RunningService, js: JetStreamContext
) -> None:
    name = uuid4().hex
    await tell(lamps, LampChanged(name=name))
    async with lamps.context.sessions.begin() as session:
        publish_state(session, LampChanged(name=name), sequence=1)
    inboxed = select(func.count()).select_from(InboxRow)
    before = await count(lamps, inboxed)

    async def kept() -> bool:
        return await count(lamps, select(func.count()).where(KnownLamp.key == name)) == 1

    async with running(relay_of(lamps, js).run(), consumer_of(lamps, KNOWN).run(js)):
        await until(kept)

    assert await count(lamps, inboxed) == before


async def test_rebuilding_what_is_not_a_projection_says_what_is(lamps: RunningService) -> None:
    with pytest.raises(NoSuchProjection, match="known_lamps"):
        await rebuild(SERVICE, lamps.settings, "lamps")


async def test_only_one_relay_of_a_service_works(
    lamps: RunningService, js: JetStreamContext
) -> None:
    name = f"two-relays-{uuid4().hex}"
    await tell(lamps, LampLit(name=name))

    async def lit() -> bool:
        return name in LIT

    parts = [relay_of(lamps, js).run() for _ in range(2)]
    async with running(*parts, consumer_of(lamps).run(js)):
        await until(lit)
        await asyncio.sleep(0.2)

    assert LIT.count(name) == 1
