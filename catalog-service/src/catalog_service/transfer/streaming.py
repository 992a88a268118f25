"""A catalog of any size taken over in one go: read, checked and written batch by batch (流式导入).

All of it is one transaction. How far it came is written by transactions of its own: they hold
nothing of the catalog, only counts, so that others can read them while the import runs; what the
import came to is written with the import itself, so that the two can never contradict each other.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.errors import ImportFaulty, PublicationNeedsAdmin
from catalog_service.matters import intake
from catalog_service.transfer import store
from catalog_service.transfer.errors import ImportIdTaken, ImportNotFound, ImportRunning
from catalog_service.transfer.lines import Batch, Reader, batches_of, fault_in
from catalog_service.transfer.rules import MOST_FAULTS
from catalog_service.transfer.tables import CatalogImport, ImportState
from tongban import audit
from tongban.context import Context
from tongban.identity import Caller, Role
from tongban.problems import FieldError, Problem, Text

__all__ = ["Order", "find_import", "stream_import"]


@dataclass(frozen=True)
class Order:
    """What an import is asked to do."""

    id: UUID
    importer: Caller
    publish: bool
    is_dry_run: bool
    on: date
    district: str


async def stream_import(
    session: AsyncSession, context: Context, chunks: AsyncIterator[bytes], order: Order
) -> CatalogImport:
    """Take over every row of `chunks`, or nothing.

    Raises:
        PublicationNeedsAdmin: 403. ImportIdTaken, ImportRunning: 409. ImportFaulty: 422.
    """
    if order.publish and not order.importer.has(Role.ADMIN):
        raise PublicationNeedsAdmin
    await _begin(context, order)
    try:
        tally, digest = await _take_over(session, context, chunks, order)
    except Problem as refusal:
        faults = [_told(one) for one in refusal.errors]
        await _end(context, order, {"state": ImportState.REFUSED, "faults": faults})
        raise
    except Exception:
        await _end(context, order, {"state": ImportState.BROKEN_OFF})
        raise
    await _finish(session, context, order, tally, digest)
    return await find_import(session, order.id)


async def find_import(session: AsyncSession, id_: UUID) -> CatalogImport:
    """Return an import with what is known of it now.

    Raises:
        ImportNotFound: 404.
    """
    found = await store.find_import(session, id_)
    if found is None:
        raise ImportNotFound
    return found


async def _take_over(
    session: AsyncSession, context: Context, chunks: AsyncIterator[bytes], order: Order
) -> tuple[Counter[str], str]:
    tally: Counter[str] = Counter(created=0, updated=0, unchanged=0, published=0, received=0)
    digest, faults = sha256(), list[FieldError]()
    if not order.is_dry_run and not await store.import_alone(session):
        raise ImportRunning(headers={"Retry-After": "60"})
    async for batch in batches_of(chunks, Reader(publish=order.publish)):
        faults += batch.faults
        if len(faults) >= MOST_FAULTS:
            break
        # After the first fault the rest is only read: whoever mends it is told all of it.
        if batch.rows and not faults:
            done = await _write(session, batch, order)
            tally += _tally(done, order)
            digest.update("".join(row.digest for row in done.changed).encode())
        tally["received"] += batch.received
        await _note(context, order, tally)
    if faults:
        raise ImportFaulty(errors=faults[:MOST_FAULTS])
    return tally, digest.hexdigest()


async def _write(session: AsyncSession, batch: Batch, order: Order) -> intake.Intake:
    contents = batch.contents
    if not order.is_dry_run:
        await intake.lock(session, contents, district=order.district)

    def place(at: int, path: tuple[str | int, ...], said: Text, code: str) -> FieldError:
        return fault_in(batch.rows[at][0], path, said, code)

    worked_out = await intake.plan(session, contents, publish=order.publish, place=place)
    if not order.is_dry_run:
        await intake.take_over(
            session,
            worked_out,
            importer=order.importer.subject,
            on=order.on,
            district=order.district,
        )
        await session.flush()
        session.expunge_all()
    return worked_out


def _tally(done: intake.Intake, order: Order) -> Counter[str]:
    changed = done.changed
    created = sum(row.is_new_matter for row in changed)
    return Counter(
        created=created,
        updated=len(changed) - created,
        unchanged=len(done.rows) - len(changed),
        published=len(changed) if order.publish else 0,
    )


async def _begin(context: Context, order: Order) -> None:
    async with context.sessions.begin() as own:
        is_new = await store.begin_import(
            own,
            order.id,
            importer=order.importer.subject,
            publish=order.publish,
            is_dry_run=order.is_dry_run,
        )
    if not is_new:
        raise ImportIdTaken(id=order.id)


async def _note(context: Context, order: Order, changes: Mapping[str, Any]) -> None:
    async with context.sessions.begin() as own:
        await store.change_import(own, order.id, changes, at=context.clock())


async def _end(context: Context, order: Order, changes: Mapping[str, Any]) -> None:
    await _note(context, order, {**changes, "finished_at": context.clock()})


async def _finish(
    session: AsyncSession, context: Context, order: Order, tally: Counter[str], digest: str
) -> None:
    at = context.clock()
    if not order.is_dry_run:
        audit.note(
            session,
            actor=order.importer.subject,
            action="catalog.import.publish" if order.publish else "catalog.import",
            subject=order.district,
            payload={**tally, "import": str(order.id), "digest": digest},
        )
    done = {**tally, "state": ImportState.DONE, "finished_at": at}
    await store.change_import(session, order.id, done, at=at)
    await session.flush()


def _told(fault: FieldError) -> dict[str, Any]:
    return {
        "row": fault.row,
        "pointer": fault.pointer,
        "code": fault.code,
        "detail": dict(fault.detail),
    }
