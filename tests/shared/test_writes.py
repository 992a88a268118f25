"""A request's last write, its riders and its key as one statement: on a made-up service."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest_asyncio
from pydantic import BaseModel
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped

from tongban import app as apps
from tongban.clock import utc_now
from tongban.db import STATEMENTS, Record, Session, Tables, new_metadata
from tongban.identity import Caller, Role, allow
from tongban.ids import new_id
from tongban.kernel import IdempotencyRow
from tongban.problems import Problem
from tongban.service import Service
from tongban.settings import ServiceSettings
from tongban.testing.fixtures import RunningService
from tongban.writes import Write, complete, staying, taken_along, write, write_all


class StampTables(Tables):
    __abstract__ = True
    metadata = new_metadata()


class Stamp(Record, StampTables):
    __tablename__ = "stamps"

    words: Mapped[str]
    version: Mapped[int]


class Trace(Record, StampTables):
    __tablename__ = "traces"

    words: Mapped[str]


STAMPS: Table = Stamp.__table__  # type: ignore[assignment]  # a declarative class's table is a Table


class StampIn(BaseModel):
    words: str
    then: str = "nothing"


class TooBlue(Problem):
    status = 409
    type = "too-blue"
    title = {"zh-CN": "太蓝", "en": "Too blue"}


RUNS: list[str] = []
router = apps.router("stamps")
Clerk = Annotated[Caller, allow(Role.CLERK)]


async def put(session: AsyncSession, words: str) -> UUID:
    session.add(Trace(words=words))
    riders = taken_along(session)
    values = complete(STAMPS, {"words": words, "version": 1})
    await write(session, Write(table=STAMPS, values=values, riders=riders))
    stamp_id: UUID = values["id"]
    return stamp_id


@router.post("/api/v1/stamps", status_code=201)
async def make(body: StampIn, session: Session, _caller: Clerk) -> dict[str, Any]:
    """制作: make a stamp, and then do what else is asked."""
    RUNS.append(body.words)
    if body.then.startswith("stay"):
        session.add(Trace(words=f"before {body.words}"))
        await put(session, f"before {body.words}")
        await session.scalar(select(func.count()).where(Stamp.words == body.words))
        async with staying(session):
            await put(session, body.words)
        if body.then == "stay, and fail":
            raise TooBlue
    stamp_id = await put(session, body.words)
    if body.then == "count":
        counted = await session.scalar(select(func.count()).where(Stamp.words == body.words))
        return {"id": stamp_id, "counted": counted}
    if body.then == "again":
        await put(session, body.words)
    if body.then == "note":
        session.add(Trace(words=body.words))
        await session.flush()
    if body.then == "fail":
        raise TooBlue
    return {"id": stamp_id}


@router.post("/api/v1/stamps/{stamp_id}/change")
async def change(stamp_id: UUID, session: Session, _caller: Clerk) -> dict[str, Any]:
    """修改: change version 1, whichever it is now."""
    session.add(Trace(words=str(stamp_id)))
    riders = taken_along(session)
    known = {"id": stamp_id, "version": 1}
    values = {"version": 2, "updated_at": utc_now()}
    await write(session, Write(table=STAMPS, values=values, riders=riders, known=known))
    return {}


class Settings(ServiceSettings):
    SERVICE = "stamps"


SERVICE = Service(
    name="stamps",
    title={"zh-CN": "印", "en": "stamps"},
    settings=Settings,
    routers=(router,),
    metadata=StampTables.metadata,
    migrations="support.notes_migrations",
    publishes=(),
    consumes=(),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stamps(run_service: Any, district: Any) -> AsyncIterator[RunningService]:
    for source in district.folder.glob("keys/case.*"):
        target = source.with_name(source.name.replace("case", "stamps"))
        target.write_bytes(source.read_bytes())
    running = await run_service(SERVICE, lambda settings: apps.create(SERVICE, settings))
    async with running.context.engine.begin() as connection:
        await connection.run_sync(StampTables.metadata.create_all)
    yield running


async def ask(
    stamps: RunningService, path: str = "", *, key: str | None = None, **body: str
) -> Any:
    headers = stamps.district.headers("clerk", subject="stamp-clerk")
    if key is not None:
        headers["Idempotency-Key"] = key
    return await stamps.client.post(f"/api/v1/stamps{path}", json=body, headers=headers)


async def kept(stamps: RunningService, words: str) -> tuple[int, int]:
    """How many stamps and traces there are with these words."""
    async with stamps.context.sessions() as session:
        stamp = await session.scalar(select(func.count()).where(Stamp.words == words))
        trace = await session.scalar(select(func.count()).where(Trace.words == words))
    return stamp or 0, trace or 0


def statements() -> float:
    return float(STATEMENTS._value.get())


async def test_a_row_its_riders_and_the_key_are_one_statement(stamps: RunningService) -> None:
    words, key = new_id().hex, new_id().hex
    await ask(stamps, words=uuid4().hex, key=uuid4().hex)  # connections and shapes are made
    before = statements()

    answer = await ask(stamps, words=words, key=key)

    assert answer.status_code == 201
    assert statements() - before == 2, "a look for the key, and the write"
    assert await kept(stamps, words) == (1, 1)
    async with stamps.context.sessions() as session:
        assert await session.scalar(select(func.count()).where(IdempotencyRow.key == key)) == 1


async def test_a_retry_runs_nothing_again(stamps: RunningService) -> None:
    words, key = new_id().hex, new_id().hex

    first, second = [await ask(stamps, words=words, key=key) for _ in range(2)]

    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert RUNS.count(words) == 1


async def test_rivals_with_one_key_make_one_row_and_get_one_answer(stamps: RunningService) -> None:
    words, key = new_id().hex, new_id().hex

    answers = await asyncio.gather(*(ask(stamps, words=words, key=key) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await kept(stamps, words) == (1, 1)


async def test_rivals_with_one_key_and_other_words_make_one_row(stamps: RunningService) -> None:
    words, key = [uuid4().hex for _ in range(6)], uuid4().hex

    answers = await asyncio.gather(*(ask(stamps, words=one, key=key) for one in words))

    assert sorted(answer.status_code for answer in answers) == [201, *[422] * 5]
    assert sum([(await kept(stamps, one))[0] for one in words]) == 1


async def test_what_is_asked_after_a_write_sees_it(stamps: RunningService) -> None:
    words = uuid4().hex

    answer = await ask(stamps, words=words, key=uuid4().hex, then="count")

    assert answer.json()["counted"] == 1


async def test_two_writes_and_a_later_row_are_all_kept(stamps: RunningService) -> None:
    twice, noted = uuid4().hex, uuid4().hex

    await ask(stamps, words=twice, key=uuid4().hex, then="again")
    await ask(stamps, words=noted, key=uuid4().hex, then="note")

    assert await kept(stamps, twice) == (2, 2)
    assert await kept(stamps, noted) == (1, 2)


async def test_a_problem_after_a_write_leaves_nothing_and_the_key_free(
    stamps: RunningService,
) -> None:
    words, key = uuid4().hex, uuid4().hex

    refused = await ask(stamps, words=words, key=key, then="fail")
    again = await ask(stamps, words=words, key=key)

    assert (refused.status_code, again.status_code) == (409, 201)
    assert await kept(stamps, words) == (1, 1)


async def test_what_is_to_stay_does_though_the_request_is_refused_and_waits_for_nobody(
    stamps: RunningService,
) -> None:
    words, key = uuid4().hex, uuid4().hex
    many = 3 * stamps.settings.api_pool
    asked = (ask(stamps, words=words, key=uuid4().hex, then="stay, and fail") for _ in range(many))

    refused = await asyncio.wait_for(asyncio.gather(*asked), 8)
    after_them = await kept(stamps, words)
    made, again = [
        await ask(stamps, words=words, key=key, then="stay, and go on") for _ in range(2)
    ]

    assert {answer.status_code for answer in refused} == {409}
    assert after_them == (many, many)
    assert await kept(stamps, words) == (many + 2, many + 2)
    assert await kept(stamps, f"before {words}") == (0, 0)
    assert (made.status_code, again.content) == (201, made.content)


async def test_an_update_that_comes_too_late_leaves_nothing(stamps: RunningService) -> None:
    made = (await ask(stamps, words=uuid4().hex)).json()["id"]
    path = f"/{made}/change"

    first = await ask(stamps, path, key=uuid4().hex)
    late = await ask(stamps, path, key=uuid4().hex)

    assert (first.status_code, late.status_code) == (200, 412)
    assert await kept(stamps, made) == (0, 1)


async def test_new_and_changed_rows_of_a_kind_go_by_one_statement_each(
    stamps: RunningService,
) -> None:
    words = uuid4().hex
    async with stamps.context.sessions.begin() as session:
        session.add_all(Stamp(words=words, version=1) for _ in range(5))
    before = STATEMENTS._value.get()

    async with stamps.context.sessions.begin() as session:
        rows = (await session.scalars(select(Stamp).where(Stamp.words == words))).all()
        for row in rows:
            row.words = f"{words} changed"
            session.add(Trace(words=row.words))
        rows[0].words = words  # as it was: nothing to write
        await write_all(session)
        assert not [*session.new, *session.dirty]

    assert STATEMENTS._value.get() - before == 3  # looked, inserted, updated
    async with stamps.context.sessions() as session:
        found = await session.scalars(select(Stamp.version).where(Stamp.words.startswith(words)))
        versions = sorted(found)
        traces = await session.scalar(select(func.count()).where(Trace.words.startswith(words)))
    assert versions == [1, 2, 2, 2, 2]
    assert traces == 5
