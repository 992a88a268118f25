"""The ledger in use: what was noted is sealed, signed, and held to it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from tongban import app as apps
from tongban import audit
from tongban.checkpoints import is_proven, link_of
from tongban.db import Tables, new_metadata
from tongban.kernel import LedgerRow
from tongban.ledger import FaultKind, Verification
from tongban.service import Service
from tongban.settings import ServiceSettings
from tongban.testing.fixtures import RunningService


class DeskTables(Tables):
    __abstract__ = True
    metadata = new_metadata()


class Desk(DeskTables):
    __tablename__ = "desks"

    key: Mapped[str] = mapped_column(primary_key=True)


class Settings(ServiceSettings):
    SERVICE = "desks"


SERVICE = Service(
    name="desks",
    title={"zh-CN": "桌", "en": "desks"},
    settings=Settings,
    routers=(),
    metadata=DeskTables.metadata,
    migrations="support.notes_migrations",
)


@pytest_asyncio.fixture(loop_scope="session")
async def desks(run_service: Any, district: Any) -> AsyncIterator[RunningService]:
    for source in district.folder.glob("keys/case.*"):
        target = source.with_name(source.name.replace("case", "desks"))
        target.write_bytes(source.read_bytes())
    running = await run_service(SERVICE, lambda settings: apps.create(SERVICE, settings))
    await running.execute("TRUNCATE ledger, ledger_checkpoints")
    async with running.context.sessions.begin() as session:
        for number in range(10):
            audit.note(
                session, actor="clerk", action="write", subject=str(number), payload={"n": number}
            )
    async with running.context.sessions.begin() as session:
        await audit.seal(session, running.context)
        await audit.sign_checkpoint(session, running.context)
    yield running


async def verify(desks: RunningService) -> Verification:
    async with desks.context.sessions() as session:
        return await audit.verify_all(session, desks.context)


async def test_an_untouched_ledger_is_unbroken(desks: RunningService) -> None:
    found = await verify(desks)

    assert (found.ok, found.entries) == (True, 10)


async def test_an_altered_entry_is_found(desks: RunningService) -> None:
    await desks.execute("UPDATE ledger SET actor = 'nobody' WHERE seq = 4")

    found = await verify(desks)

    assert found.first_fault is not None
    assert (found.first_fault.kind, found.first_fault.seq) == (FaultKind.ALTERED, 4)


async def test_a_removed_end_is_found_by_the_checkpoint(desks: RunningService) -> None:
    await desks.execute("DELETE FROM ledger WHERE seq > 7")

    found = await verify(desks)

    assert found.first_fault is not None
    assert (found.first_fault.kind, found.first_fault.seq) == (FaultKind.REMOVED, 8)


async def test_entries_are_proven_by_the_checkpoint_that_first_reached_them(
    desks: RunningService,
) -> None:
    async with desks.context.sessions.begin() as session:
        audit.note(session, actor="clerk", action="write", subject="later", payload={})
    async with desks.context.sessions.begin() as session:
        await audit.seal(session, desks.context)
        await audit.sign_checkpoint(session, desks.context)
        audit.note(session, actor="clerk", action="write", subject="not yet", payload={})
    async with desks.context.sessions() as session:
        ids = (await session.scalars(select(LedgerRow.id))).all()
        proofs = await audit.proofs_of(session, desks.context, ids)
        first, second = await audit.checkpoints_after(session, desks.context, 0)
        waiting_since = await audit.oldest_unsealed(session)

    assert [one.entry.seq for one in proofs] == list(range(1, 12))
    assert [one.checkpoint for one in proofs] == [first] * 10 + [second]
    assert all(is_proven(one.entry, one.path, one.checkpoint.span) for one in proofs)
    assert second.link == link_of(second.span, previous=first.link)
    assert waiting_since is not None
