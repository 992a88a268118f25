"""What falls due by itself: on time, once, whoever dies and however many work."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped

from case_service.duty import FIRST_RETRY, Due, Duty, due_index, duties, run_due
from tongban.context import Context
from tongban.db import Record, Tables, new_metadata
from tongban.testing.fixtures import RunningService

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


class ChoreTables(Tables):
    __abstract__ = True
    metadata = new_metadata()


class Chore(Record, Due, ChoreTables):
    """Something to be done at its time."""

    __tablename__ = "chores"
    __table_args__ = (due_index("chores"),)

    name: Mapped[str]
    done: Mapped[int]


@dataclass
class Chores:
    """A list of chores of this test alone, and a clock that it sets."""

    context: Context
    at: datetime = NOON
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context = replace(self.context, clock=lambda: self.at)

    async def add(self, name: str, *, due_in: timedelta = timedelta(0)) -> UUID:
        chore = Chore(name=name, done=0, next_due_at=NOON + due_in)
        async with self.context.sessions.begin() as session:
            session.add(chore)
        return chore.id

    async def row(self, chore_id: UUID) -> Chore:
        async with self.context.sessions() as session:
            found = await session.get(Chore, chore_id)
        assert found is not None
        return found

    async def do(
        self, session: AsyncSession, _context: Context, chore: Chore, _at: datetime
    ) -> None:
        self.done.append(chore.name)
        chore.done += 1
        chore.next_due_at = None

    def duty(self, perform: Callable[..., Awaitable[None]] | None = None) -> Duty[Chore]:
        return Duty("chores", Chore, perform or self.do)


@pytest_asyncio.fixture(loop_scope="session")
async def chores(case: RunningService) -> Chores:
    async with case.context.engine.begin() as connection:
        await connection.run_sync(ChoreTables.metadata.create_all)
        await connection.execute(text("TRUNCATE chores"))
        await connection.execute(text("DELETE FROM duty_failures WHERE duty = 'chores'"))
    return Chores(case.context)


async def test_what_is_due_is_done_oldest_first_and_nothing_else(chores: Chores) -> None:
    await chores.add("now")
    await chores.add("long ago", due_in=-timedelta(days=3))
    later = await chores.add("later", due_in=timedelta(seconds=1))

    done = await run_due(chores.context, chores.duty())

    assert (done, chores.done) == (2, ["long ago", "now"])
    assert (await chores.row(later)).done == 0


async def test_after_a_week_of_standstill_all_that_is_past_is_done_once(chores: Chores) -> None:
    for day in range(7):
        await chores.add(f"day {day}", due_in=timedelta(days=day))
    chores.at = NOON + timedelta(days=7)

    await run_due(chores.context, chores.duty())
    again = await run_due(chores.context, chores.duty())

    assert chores.done == [f"day {day}" for day in range(7)]
    assert again == 0


async def test_two_workers_share_the_rows_out(chores: Chores) -> None:
    ids = [await chores.add(f"chore {number}") for number in range(20)]

    async def slowly(session: AsyncSession, context: Context, chore: Chore, at: datetime) -> None:
        await asyncio.sleep(0.005)
        await chores.do(session, context, chore, at)

    shares = await asyncio.gather(*(run_due(chores.context, chores.duty(slowly)) for _ in range(3)))

    assert sum(shares) == 20
    assert sorted(chores.done) == sorted(f"chore {number}" for number in range(20))
    assert [(await chores.row(one)).done for one in ids] == [1] * 20


async def test_a_worker_killed_between_claim_and_effect_leaves_the_row_to_the_next(
    chores: Chores,
) -> None:
    chore_id = await chores.add("rest")
    claimed = asyncio.Event()
    backend = 0

    async def hang(session: AsyncSession, _context: Context, chore: Chore, _at: Any) -> None:
        nonlocal backend
        backend = await session.scalar(text("SELECT pg_backend_pid()")) or 0
        chore.done += 1
        await session.flush()
        claimed.set()
        await session.execute(text("SELECT pg_sleep(60)"))

    victim = asyncio.create_task(run_due(chores.context, chores.duty(hang)))
    await claimed.wait()
    meanwhile = await run_due(chores.context, chores.duty())
    async with chores.context.sessions() as session:
        # What the server sees of a process that is killed: its connection is gone.
        await session.execute(text(f"SELECT pg_terminate_backend({backend})"))
    with pytest.raises(Exception, match=r"connection|terminat"):
        await victim
    afterwards = await run_due(chores.context, chores.duty())

    assert (meanwhile, afterwards) == (0, 1)
    assert (await chores.row(chore_id)).done == 1


async def test_a_row_that_fails_waits_longer_each_time_and_delays_no_other(
    chores: Chores,
) -> None:
    bad = await chores.add("bad", due_in=-timedelta(hours=1))
    await chores.add("good")
    is_mended = False

    async def stumble(session: AsyncSession, context: Context, chore: Chore, at: datetime) -> None:
        if chore.name == "bad" and not is_mended:
            raise ValueError("it is broken")
        await chores.do(session, context, chore, at)

    duty = chores.duty(stumble)
    await run_due(chores.context, duty)
    first = (await chores.row(bad)).next_due_at
    chores.at = NOON + FIRST_RETRY
    await run_due(chores.context, duty)
    second = (await chores.row(bad)).next_due_at
    is_mended = True
    chores.at = NOON + timedelta(hours=1)
    await run_due(chores.context, duty)

    assert first == NOON + FIRST_RETRY
    assert second == NOON + FIRST_RETRY + 2 * FIRST_RETRY
    assert chores.done == ["good", "bad"]
    async with chores.context.sessions() as session:
        left = await session.scalar(
            text("SELECT count(*) FROM duty_failures WHERE row_key = :key"), {"key": str(bad)}
        )
    assert left == 0


async def test_a_failed_rows_new_moment_stands_where_somebody_changed_it(chores: Chores) -> None:
    chore_id = await chores.add("moved")
    moved_to = NOON + timedelta(days=1)

    async def overtaken(_session: AsyncSession, context: Context, chore: Chore, _at: Any) -> None:
        raise ValueError("before anything was written")

    async def move_as_soon_as_free() -> None:
        async with chores.context.sessions.begin() as session:
            row = await session.get(Chore, chore_id, with_for_update=True)
            assert row is not None
            row.next_due_at = moved_to

    await move_as_soon_as_free()
    await run_due(chores.context, chores.duty(overtaken))

    assert (await chores.row(chore_id)).next_due_at == moved_to


async def test_a_duty_that_leaves_its_row_due_is_put_back(chores: Chores) -> None:
    chore_id = await chores.add("forgotten")

    async def forget(_session: AsyncSession, _context: Context, chore: Chore, _at: Any) -> None:
        chore.done += 1

    done = await run_due(chores.context, chores.duty(forget), most=5)

    row = await chores.row(chore_id)
    assert (done, row.done) == (1, 0)
    assert row.next_due_at == NOON + FIRST_RETRY


async def test_a_step_on_the_way_may_leave_the_row_due_for_the_next(chores: Chores) -> None:
    chore_id = await chores.add("three steps", due_in=-timedelta(days=3))

    async def one_step(session: AsyncSession, _context: Context, chore: Chore, _at: Any) -> None:
        chore.done += 1
        assert chore.next_due_at is not None
        chore.next_due_at += timedelta(days=1)

    await run_due(chores.context, chores.duty(one_step))

    row = await chores.row(chore_id)
    assert (row.done, row.next_due_at) == (4, NOON + timedelta(days=1))


async def test_the_loop_does_what_falls_due_while_it_runs(chores: Chores) -> None:
    chore_id = await chores.add(f"later {uuid4()}", due_in=timedelta(minutes=1))
    finished = asyncio.Event()

    async def do_and_tell(
        session: AsyncSession, context: Context, chore: Chore, at: datetime
    ) -> None:
        await chores.do(session, context, chore, at)
        finished.set()

    loop = asyncio.ensure_future(duties(chores.duty(do_and_tell))(chores.context))
    chores.at = NOON + timedelta(minutes=1)
    await asyncio.wait_for(finished.wait(), timeout=10)
    await asyncio.sleep(0.05)
    loop.cancel()

    assert (await chores.row(chore_id)).done == 1
