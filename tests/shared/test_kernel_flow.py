"""The kernel's parts at work together, on a small made-up service with one table."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from tongban import app as apps
from tongban import audit, streams
from tongban.consumer import Consumer
from tongban.context import Context, InContext
from tongban.db import Record, Sequenced, Session, Tables, new_metadata
from tongban.etags import IfMatch, etag, require_match
from tongban.identity import Caller, Role, allow
from tongban.inbox import Effect, NotYet, Projection, Steps
from tongban.messages import Event, publish
from tongban.problems import Problem
from tongban.relay import Relay
from tongban.resuming import resume_overdue
from tongban.service import Service, Timer
from tongban.settings import ServiceSettings
from tongban.testing.fixtures import RunningService, envelope
from tongban.worker import keep_time


class NoteTables(Tables):
    __abstract__ = True
    metadata = new_metadata()


class Note(Record, Sequenced, NoteTables):
    __tablename__ = "notes"

    words: Mapped[str]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Pot(NoteTables):
    __tablename__ = "pots"

    key: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    colour: Mapped[str]


class NoteWritten(Event):
    SUBJECT = "notes.note.written"
    note_id: UUID

    def key(self) -> str:
        return str(self.note_id)


class PotChanged(Event):
    SUBJECT = "kitchen.pot.changed"
    name: str
    colour: str


class DishCooked(Event):
    SUBJECT = "kitchen.dish.cooked"
    pot: str


class DishServed(Event):
    SUBJECT = "kitchen.dish.served"


HEARD: list[str] = []


async def taste(session: AsyncSession, event: DishCooked, _context: Context) -> None:
    if await session.get(Pot, event.pot) is None:
        raise NotYet(f"kitchen.pot.{event.pot}")
    HEARD.append(f"tasted from {event.pot}")


async def follow_cooked(session: AsyncSession, event: DishCooked, _context: Context) -> None:
    HEARD.append(f"cooked {event.pot}")


async def follow_served(session: AsyncSession, event: DishServed, _context: Context) -> None:
    HEARD.append("served")


class TrainTold(Event):
    SUBJECT = "railway.train.told"
    stop: str


class TrainTaken(TrainTold):
    SUBJECT = "railway.train.taken"


async def follow_train(_session: AsyncSession, event: TrainTold, _context: Context) -> None:
    HEARD.append(f"at {event.stop}")


class NoteIn(BaseModel):
    words: str


class TooLoud(Problem):
    status = 409
    type = "too-loud"
    title = {"zh-CN": "太吵", "en": "Too loud"}


router = apps.router("notes")


@router.post("/api/v1/notes", status_code=201)
async def write(
    body: NoteIn, session: Session, caller: Annotated[Caller, allow(Role.CLERK)]
) -> dict[str, Any]:
    """记录: write a note."""
    note = Note(words=body.words)
    session.add(note)
    await session.flush()
    publish(session, NoteWritten(note_id=note.id), of=note)
    audit.note(session, actor=caller.subject, action="write", subject=str(note.id), payload={})
    await session.flush()
    if body.words.isupper():
        raise TooLoud
    return {"id": note.id, "version": note.version}


@router.patch("/api/v1/notes/{note_id}")
async def rewrite(
    note_id: UUID,
    body: NoteIn,
    session: Session,
    if_match: IfMatch,
    _caller: Annotated[Caller, allow(Role.CLERK)],
) -> dict[str, Any]:
    """改写: change a note."""
    note = await session.get_one(Note, note_id)
    require_match(note.version, if_match)
    note.words = body.words
    await session.flush()
    return {"version": etag(note.version)}


@router.get("/api/v1/slow")
async def names(context: InContext) -> str:
    """名称."""
    return str(context.settings.district)


class Settings(ServiceSettings):
    SERVICE = "notes"


STEPS = Steps(
    aggregate="kitchen.dish",
    handlers={DishCooked: follow_cooked, DishServed: follow_served},
    name="follow_dish",
)
OUR_TRAINS = Steps(
    aggregate="railway.train",
    handlers={TrainTold: follow_train, TrainTaken: follow_train},
    name="follow_train",
    concerns=lambda data: bool(data.get("ours")),
    opened_by=TrainTaken,
)
SERVICE = Service(
    name="notes",
    title={"zh-CN": "便签", "en": "notes"},
    settings=Settings,
    routers=(router,),
    metadata=NoteTables.metadata,
    migrations="support.notes_migrations",
    publishes=(NoteWritten,),
    consumes=(
        Projection(PotChanged, Pot, lambda event: {"key": event.name, "colour": event.colour}),
        Effect(DishCooked, taste),
        STEPS,
        OUR_TRAINS,
    ),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def notes(run_service: Any, district: Any) -> AsyncIterator[RunningService]:
    for kind in ("private.json", "public.json", "data.key", "ledger.json"):
        source = district.folder / f"keys/case.{kind}"
        (district.folder / f"keys/notes.{kind}").write_bytes(source.read_bytes())
    running = await run_service(SERVICE, lambda settings: apps.create(SERVICE, settings))
    async with running.context.engine.begin() as connection:
        await connection.run_sync(NoteTables.metadata.create_all)
    yield running


async def count_notes(notes: RunningService, words: str) -> int:
    async with notes.context.sessions() as session:
        return len((await session.scalars(select(Note).where(Note.words == words))).all())


async def test_a_change_and_its_event_are_stored_together(notes: RunningService) -> None:
    answer = await notes.client.post(
        "/api/v1/notes", json={"words": "hello"}, headers=notes.district.headers("clerk")
    )

    assert answer.status_code == 201
    assert await notes.outbox.types(answer.json()["id"]) == ["notes.note.written"]


async def test_a_problem_rolls_everything_back_and_speaks_chinese(notes: RunningService) -> None:
    answer = await notes.client.post(
        "/api/v1/notes", json={"words": "LOUD"}, headers=notes.district.headers("clerk")
    )

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "太吵"
    assert await count_notes(notes, "LOUD") == 0


async def test_english_is_spoken_to_who_asks_for_it(notes: RunningService) -> None:
    headers = {**notes.district.headers("clerk"), "Accept-Language": "fr, en;q=0.8, zh;q=0.5"}

    answer = await notes.client.post("/api/v1/notes", json={}, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["title"] == "The request is not well formed"
    assert answer.json()["errors"][0]["pointer"] == "/words"


async def test_the_same_key_gets_the_same_answer_once(notes: RunningService) -> None:
    headers = {**notes.district.headers("clerk"), "Idempotency-Key": str(uuid4())}
    body = {"words": f"once {uuid4()}"}

    answers = await asyncio.gather(
        *(notes.client.post("/api/v1/notes", json=body, headers=headers) for _ in range(5))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await count_notes(notes, body["words"]) == 1


async def test_the_same_key_with_another_body_is_refused(notes: RunningService) -> None:
    headers = {**notes.district.headers("clerk"), "Idempotency-Key": str(uuid4())}
    await notes.client.post("/api/v1/notes", json={"words": "one"}, headers=headers)

    answer = await notes.client.post("/api/v1/notes", json={"words": "other"}, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:tongban:problem:idempotency-key-reused"


async def test_a_failed_request_leaves_its_key_free(notes: RunningService) -> None:
    headers = {**notes.district.headers("clerk"), "Idempotency-Key": str(uuid4())}
    refused = await notes.client.post("/api/v1/notes", json={"words": "LOUD"}, headers=headers)

    again = await notes.client.post("/api/v1/notes", json={"words": "quiet"}, headers=headers)

    assert refused.status_code == 409
    assert again.status_code == 201


async def test_a_stale_etag_is_refused(notes: RunningService) -> None:
    headers = notes.district.headers("clerk")
    made = (await notes.client.post("/api/v1/notes", json={"words": "v"}, headers=headers)).json()
    path = f"/api/v1/notes/{made['id']}"
    first = {**headers, "If-Match": etag(made["version"])}

    changed = await notes.client.patch(path, json={"words": "w"}, headers=first)
    stale = await notes.client.patch(path, json={"words": "x"}, headers=first)

    assert changed.status_code == 200
    assert stale.status_code == 412
    assert stale.headers["etag"] == changed.json()["version"]


async def test_the_newest_state_wins_whatever_the_order(notes: RunningService) -> None:
    name = f"pot-{uuid4().hex}"
    newer = envelope(PotChanged.SUBJECT, name, {"name": name, "colour": "red"}, sequence=2)
    older = envelope(PotChanged.SUBJECT, name, {"name": name, "colour": "blue"}, sequence=1)

    await notes.hear(newer, older)

    async with notes.context.sessions() as session:
        pot = await session.get_one(Pot, name)
    assert pot.colour == "red"


async def test_an_event_heard_twice_has_one_effect(notes: RunningService) -> None:
    pot, dish = f"pot-{uuid4().hex}", uuid4().hex
    cooked = envelope(DishCooked.SUBJECT, dish, {"pot": pot})
    await notes.hear(envelope(PotChanged.SUBJECT, pot, {"name": pot, "colour": "red"}))

    await notes.hear(cooked, cooked)

    assert HEARD.count(f"tasted from {pot}") == 1


async def test_an_event_waits_for_what_it_presupposes(notes: RunningService) -> None:
    pot, dish = f"pot-{uuid4().hex}", uuid4().hex
    await notes.hear(envelope(DishCooked.SUBJECT, dish, {"pot": pot}))
    before = HEARD.count(f"tasted from {pot}")

    await notes.hear(envelope(PotChanged.SUBJECT, pot, {"name": pot, "colour": "red"}))

    assert before == 0
    assert HEARD.count(f"tasted from {pot}") == 1


async def test_steps_are_applied_in_their_order(notes: RunningService) -> None:
    dish, pot = uuid4().hex, uuid4().hex
    HEARD.clear()

    await notes.hear(
        envelope(DishServed.SUBJECT, dish, {}, sequence=3),
        envelope("kitchen.dish.salted", dish, {}, sequence=2),
        envelope(DishCooked.SUBJECT, dish, {"pot": pot}, sequence=1),
    )

    assert [f"cooked {pot}", "served"] == HEARD


async def test_an_aggregate_is_followed_from_the_step_that_makes_it_ours(
    notes: RunningService,
) -> None:
    train = uuid4().hex
    before = envelope(TrainTold.SUBJECT, train, {"stop": "a"}, sequence=1)
    opening = envelope(TrainTaken.SUBJECT, train, {"stop": "b", "ours": True}, sequence=3)
    next_ones = [
        envelope(TrainTold.SUBJECT, train, {"stop": stop, "ours": True}, sequence=sequence)
        for sequence, stop in ((4, "c"), (5, "d"))
    ]
    HEARD.clear()

    await notes.hear(before, next_ones[1], next_ones[0])
    early = list(HEARD)
    await notes.hear(opening, opening, *next_ones)

    assert early == []
    assert HEARD == ["at b", "at c", "at d"]


async def test_one_that_is_ours_from_its_first_step_is_followed_from_there(
    notes: RunningService,
) -> None:
    train = uuid4().hex
    steps = [
        envelope(TrainTold.SUBJECT, train, {"stop": stop, "ours": True}, sequence=sequence)
        for sequence, stop in enumerate("ab", start=1)
    ]
    HEARD.clear()

    await notes.hear(*reversed(steps))

    assert HEARD == ["at a", "at b"]


async def wake(notes: RunningService) -> None:
    """Try again what waits, as the worker does every few seconds."""
    async with notes.context.sessions.begin() as session:
        await resume_overdue(session, notes.service.consumes, notes.context)


async def waiting(notes: RunningService, key: str) -> list[str]:
    rows = await notes.execute(
        "SELECT handler FROM pending WHERE envelope->>'subject' = :key ORDER BY handler", key=key
    )
    return list(rows.scalars())


async def test_an_event_of_a_version_not_yet_seen_is_kept_and_applied_by_who_knows_it(
    notes: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    dish, pot = uuid4().hex, uuid4().hex
    await notes.hear(envelope(PotChanged.SUBJECT, pot, {"name": pot, "colour": "red"}))
    cooked = envelope(DishCooked.SUBJECT, dish, {"pot": pot}, sequence=1)
    newer = cooked.model_copy(update={"type": f"{DishCooked.SUBJECT}.v2"})
    served = envelope(DishServed.SUBJECT, dish, {}, sequence=2)
    changed = envelope(PotChanged.SUBJECT, pot, {"name": pot, "colour": "blue"}, sequence=2)
    HEARD.clear()

    await notes.hear(newer, newer, served)
    await notes.hear(changed.model_copy(update={"type": f"{PotChanged.SUBJECT}.v2"}))
    # However long it lasts until the next release, no step is passed over.
    await notes.execute("UPDATE pending SET since = since - interval '1 day'")
    await wake(notes)
    early, kept = list(HEARD), await waiting(notes, dish)
    monkeypatch.setattr(DishCooked, "VERSION", 2)
    monkeypatch.setattr(PotChanged, "VERSION", 2)
    await wake(notes)
    await notes.hear(newer)

    assert early == []
    assert len(kept) == 3
    assert sorted(HEARD) == sorted([f"cooked {pot}", "served", f"tasted from {pot}"])
    assert HEARD.index(f"cooked {pot}") < HEARD.index("served")
    assert await waiting(notes, dish) == await waiting(notes, pot) == []
    async with notes.context.sessions() as session:
        assert (await session.get_one(Pot, pot)).colour == "blue"


async def test_the_relay_sends_and_a_consumer_applies(
    notes: RunningService, nats_server: Any
) -> None:
    headers = notes.district.headers("clerk")
    made = await notes.client.post("/api/v1/notes", json={"words": "sent"}, headers=headers)
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def keep_note(_session: AsyncSession, event: NoteWritten, _context: Context) -> None:
        heard.put_nowait(str(event.note_id))

    broker = await streams.connect(nats_server.url, name="test")
    js = broker.jetstream()
    await streams.ensure_streams(js, [NoteWritten])
    relay = Relay(notes.context.engine, js, service="notes", district="610171")
    subscription = Effect(NoteWritten, keep_note)
    consumer = Consumer(subscription, [subscription], notes.context, service="notes-test")
    tasks = [asyncio.create_task(relay.run()), asyncio.create_task(consumer.run(js))]
    try:
        async with asyncio.timeout(10):
            while await heard.get() != made.json()["id"]:
                pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await broker.close()


@pytest.mark.parametrize(
    ("claims", "status", "kind"),
    [
        ({"exp": 1}, 401, "token-refused"),
        ({"iss": "https://elsewhere"}, 401, "token-refused"),
        ({"aud": "another"}, 401, "token-refused"),
        ({"nbf": 99999999999}, 401, "token-refused"),
        ({"sub": None}, 401, "token-refused"),
        ({"district": "610172"}, 403, "foreign-district"),
        ({"roles": ["citizen"]}, 403, "not-allowed"),
    ],
)
async def test_a_token_that_is_not_good_is_refused(
    notes: RunningService, claims: dict[str, Any], status: int, kind: str
) -> None:
    headers = {"Authorization": f"Bearer {notes.district.token('clerk', **claims)}"}

    answer = await notes.client.post("/api/v1/notes", json={"words": "no"}, headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:tongban:problem:{kind}")


async def test_a_timer_that_looks_first_begins_nothing_where_nothing_waits(
    notes: RunningService,
) -> None:
    key = uuid4().hex
    rung = asyncio.Event()

    async def ring(_session: AsyncSession, _context: Context) -> None:
        rung.set()

    look = select(select(Pot.key).where(Pot.key == key).exists())
    timer = Timer(every=timedelta(milliseconds=20), run=ring, look=look)
    ringing = asyncio.create_task(keep_time(timer, notes.context)())
    await asyncio.sleep(0.2)
    rung_early = rung.is_set()
    await notes.execute("INSERT INTO pots VALUES (:key, 1, 'blue')", key=key)
    async with asyncio.timeout(10):
        await rung.wait()
    ringing.cancel()

    assert not rung_early
