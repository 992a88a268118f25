"""A catalog of any size taken over in one go (流式导入): read and checked first, then written.

All of it is one transaction. How far it came is written by transactions of its own: they hold
nothing of the catalog, only counts, so that others can read them while the import runs; what the
import came to is written with the import itself, so that the two can never contradict each other.
While the import's transaction lives it holds the import's id; an import that is told to run and
whose id nobody holds ended with its process.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.errors import ImportFaulty
from catalog_service.matters import intake
from catalog_service.matters.content import MatterContent
from catalog_service.matters.faults import Path
from catalog_service.transfer import staging, store
from catalog_service.transfer.errors import ImportIdTaken, ImportNotFound, ImportRunning
from catalog_service.transfer.incoming import BATCH, Incoming
from catalog_service.transfer.rules import MOST_FAULTS, repeated
from catalog_service.transfer.service import Asked, require_entitled, tally_of
from catalog_service.transfer.staging import Staged
from catalog_service.transfer.tables import CatalogImport, ImportState
from tongban import audit
from tongban.context import Context
from tongban.problems import FieldError, Problem, Text

__all__ = ["close_broken_off_imports", "find_import", "stream_import"]

READ_SECONDS = 20.0
"""How long a caller who has sent all of it waits to hear that a row is faulty. A door before us
gives up on 60 silent seconds, and counts from when it has passed on what we have yet to take."""

log = structlog.get_logger(__name__)


@dataclass
class _Run:
    """One import under way: what it is asked to do, how far it is, and what was found wrong."""

    id: UUID
    asked: Asked
    incoming: Incoming
    tally: Counter[str]
    faults: list[FieldError]
    is_read: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def writes(self) -> bool:
        """Whether it writes what it reads next: a fault makes the rest of it a dry run."""
        return not self.asked.is_dry_run and not self.faults

    @property
    def is_full(self) -> bool:
        """Whether no more faults are told."""
        return len(self.faults) >= MOST_FAULTS


async def stream_import(
    context: Context,
    id_: UUID,
    incoming: Incoming,
    asked: Asked,
    *,
    arrived: asyncio.Event,
    wait_seconds: float,
    read_seconds: float = READ_SECONDS,
) -> CatalogImport:
    """Take over every row that comes in, or nothing.

    The caller waits while it sends, and until `wait_seconds` after all of it has `arrived`; longer,
    up to `read_seconds`, where it is still being read, since a row that is faulty in itself is
    refused at once. Then the import goes on by itself, and its progress tells.

    Raises:
        PublicationNeedsAdmin: 403. ImportIdTaken, ImportRunning: 409.
        FileTooLarge: 413. FileUnreadable, ImportFaulty: 422.
    """
    require_entitled(asked, brings_basic_items=False)
    under_way: set[asyncio.Task[None]] = context.resources.setdefault("imports", set())
    # Each holds a connection to its end and now and then wants another, to tell how far it is: as
    # many as there are connections would wait for one another, and keep them from everybody.
    if len(under_way) >= max(1, context.settings.api_pool // 2):
        raise ImportRunning(headers={"Retry-After": "60"})
    counts = Counter(created=0, updated=0, unchanged=0, published=0, received=0)
    run = _Run(id_, asked, incoming, counts, [])
    importing = asyncio.create_task(_import(context, run))
    arriving = asyncio.create_task(arrived.wait())
    reading = asyncio.create_task(run.is_read.wait())
    under_way.add(importing)
    importing.add_done_callback(under_way.discard)
    now = asyncio.get_running_loop().time
    try:
        await asyncio.wait({importing, arriving}, return_when=asyncio.FIRST_COMPLETED)
        answer_by = now() + wait_seconds
        await asyncio.wait(
            {importing, reading}, timeout=read_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        await asyncio.wait({importing}, timeout=max(0.0, answer_by - now()))
    finally:
        arriving.cancel()
        reading.cancel()
        if not arrived.is_set():
            importing.cancel()  # nobody sends the rest
    if importing.done():
        importing.result()
    else:
        importing.add_done_callback(_log_failure)
    async with context.reads() as session:
        return await find_import(session, id_)


def _log_failure(importing: asyncio.Task[None]) -> None:
    """Say why an import failed whose caller was answered; a refusal is in its progress."""
    fault = None if importing.cancelled() else importing.exception()
    if fault is not None and not isinstance(fault, Problem):
        log.error("import.failed", exc_info=fault)


async def _import(context: Context, run: _Run) -> None:
    """Carry out one import in a transaction of its own."""
    async with context.sessions.begin() as session:
        await _begin(session, context, run)
        try:
            digest = await _take_over(session, context, run)
        except Problem as refusal:
            faults = [_told(one) for one in refusal.errors]
            await _end(context, run, {"state": ImportState.REFUSED, "faults": faults})
            raise
        except Exception:
            await _end(context, run, {"state": ImportState.BROKEN_OFF})
            raise
        await _finish(session, context, run, digest)


async def find_import(session: AsyncSession, id_: UUID) -> CatalogImport:
    """Return an import with what is known of it now.

    Raises:
        ImportNotFound: 404.
    """
    found = await store.find_import(session, id_)
    if found is None:
        raise ImportNotFound
    return found


async def close_broken_off_imports(session: AsyncSession, context: Context) -> None:
    """Tell of the imports whose process died that nothing comes of them."""
    for id_ in await store.running_imports(session):
        if await store.claim_import(session, id_):
            await store.break_off(session, id_, at=context.clock())


async def _begin(session: AsyncSession, context: Context, run: _Run) -> None:
    # Held before it is told, so that no import that is told to run looks left.
    is_free = await store.claim_import(session, run.id)
    async with context.sessions.begin() as own:
        is_new = is_free and await store.begin_import(
            own,
            run.id,
            importer=run.asked.importer.subject,
            publish=run.asked.publish,
            is_dry_run=run.asked.is_dry_run,
        )
    if not is_new:
        raise ImportIdTaken(id=run.id)


async def _take_over(session: AsyncSession, context: Context, run: _Run) -> str:
    if not run.asked.is_dry_run and not await store.begin_alone(session):
        raise ImportRunning(headers={"Retry-After": "60"})
    await _read(session, context, run)
    _require_faultless(run)
    run.is_read.set()
    if not run.asked.is_dry_run:
        await store.write_alone(session)
        await staging.lock_matters(session, district=run.asked.district)
    digest = await _write(session, context, run)
    _require_faultless(run)
    return digest


def _require_faultless(run: _Run) -> None:
    if run.faults:
        by_row = sorted(run.faults, key=lambda one: (one.sheet or "", one.row or 0))
        raise ImportFaulty(errors=by_row[:MOST_FAULTS])


async def _read(session: AsyncSession, context: Context, run: _Run) -> None:
    """Check each row by itself, and put it aside."""
    place = run.incoming.place
    await staging.open_staging(session)
    async for read in run.incoming.batches:
        batch = await asyncio.to_thread(read.publishable, place) if run.asked.publish else read
        run.faults += batch.faults
        run.tally["received"] += batch.received
        if batch.rows:
            await staging.keep(session, batch.rows)
        await _note(context, run, run.tally)
        if run.is_full:
            return
    for row, first in await staging.repeated_rows(session, most=MOST_FAULTS):
        said = repeated(place(first, (), {}, "").row)
        run.faults.append(place(row, ("code",), said, "code_repeated"))


async def _write(session: AsyncSession, context: Context, run: _Run) -> str:
    """Hold the rows to what is stored, and write them; after a fault only collect faults."""
    digest = sha256()
    async for rows in staging.staged(session, at_once=BATCH):
        if run.is_full:
            break
        try:
            done = await _take_over_part(session, rows, run)
        except ImportFaulty as refusal:
            run.faults += refusal.errors
            continue
        run.tally.update(tally_of(done))
        digest.update("".join(row.digest for row in done.changed).encode())
        await _note(context, run, run.tally)
    return digest.hexdigest()


async def _take_over_part(
    session: AsyncSession, rows: Sequence[Staged], run: _Run
) -> intake.Intake:
    contents = await asyncio.to_thread(
        lambda: [MatterContent.model_validate_json(content) for _, content in rows]
    )

    def place(at: int, path: Path, said: Text, code: str) -> FieldError:
        return run.incoming.place(rows[at][0], path, said, code)

    asked = run.asked
    planned = await intake.plan(session, contents, publish=asked.publish, place=place)
    if run.writes:
        await intake.take_over(
            session,
            planned,
            importer=asked.importer.subject,
            on=asked.on,
            district=asked.district,
        )
    return planned


async def _note(context: Context, run: _Run, changes: Mapping[str, Any]) -> None:
    async with context.sessions.begin() as own:
        await store.change_import(own, run.id, changes, at=context.clock())


async def _end(context: Context, run: _Run, changes: Mapping[str, Any]) -> None:
    nothing = dict.fromkeys(("created", "updated", "unchanged", "published"), 0)
    await _note(context, run, {**nothing, **changes, "finished_at": context.clock()})


async def _finish(session: AsyncSession, context: Context, run: _Run, digest: str) -> None:
    asked, at = run.asked, context.clock()
    if not asked.is_dry_run:
        audit.note(
            session,
            actor=asked.importer.subject,
            action="catalog.import.publish" if asked.publish else "catalog.import",
            subject=asked.district,
            payload={**run.tally, "import": str(run.id), "digest": digest},
        )
    done = {**run.tally, "state": ImportState.DONE, "finished_at": at}
    await store.change_import(session, run.id, done, at=at)
    await session.flush()


def _told(fault: FieldError) -> dict[str, Any]:
    where = {"sheet": fault.sheet, "row": fault.row, "column": fault.column}
    return {
        **where,
        "pointer": fault.pointer,
        "code": fault.code,
        "detail": dict(fault.detail),
    }
