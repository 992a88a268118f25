"""Use cases about the catalog as a whole; large imports are in `streaming`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.basic_items import service as basic_items
from catalog_service.basic_items.schemas import BasicItemsIn
from catalog_service.errors import PublicationNeedsAdmin
from catalog_service.matters import intake
from catalog_service.matters.content import MatterContent
from catalog_service.transfer import store
from catalog_service.transfer.errors import ImportRunning
from catalog_service.transfer.rules import Place, by_pointer, require_importable
from catalog_service.transfer.schemas import ImportRead
from tongban import audit
from tongban.identity import Caller, Role

__all__ = ["Import", "take_over"]


BASIC_ITEMS = "/basic_items/items"


@dataclass(frozen=True)
class Import:
    """What is to be taken over, by whom, and how its faults are told."""

    contents: Sequence[MatterContent]
    importer: Caller
    publish: bool
    is_dry_run: bool
    on: date
    district: str
    at: datetime
    place: Place = by_pointer
    basic_items: BasicItemsIn | None = None

    @property
    def claiming(self) -> frozenset[str]:
        """The basic codes that the import itself claims."""
        items = self.basic_items.items if self.basic_items is not None else []
        return frozenset(one.code for one in items if one.claimed)


async def take_over(session: AsyncSession, wanted: Import) -> ImportRead:
    """Take over all that is wanted, as drafts or published at once, or nothing.

    A dry run tells what would come of it.

    Raises:
        PublicationNeedsAdmin: 403. ImportRunning: 409. ImportFaulty, BasicItemsFaulty: 422.
    """
    brings_more = wanted.publish or wanted.basic_items is not None
    if brings_more and not wanted.importer.has(Role.ADMIN):
        raise PublicationNeedsAdmin
    require_importable(wanted.contents, publish=wanted.publish, place=wanted.place)
    if wanted.is_dry_run and wanted.basic_items is not None:
        await basic_items.preview_items(session, wanted.basic_items, place=BASIC_ITEMS)
    if wanted.is_dry_run:
        planned = await intake.plan(
            session,
            wanted.contents,
            publish=wanted.publish,
            place=wanted.place,
            claiming=wanted.claiming,
        )
        return _tally(planned, is_dry_run=True)
    if not await store.import_beside_others(session):
        raise ImportRunning(headers={"Retry-After": "60"})
    return await _write(session, wanted)


async def _write(session: AsyncSession, wanted: Import) -> ImportRead:
    importer, district = wanted.importer.subject, wanted.district
    if wanted.basic_items is not None:
        await basic_items.import_items(
            session, wanted.basic_items, importer=importer, at=wanted.at, place=BASIC_ITEMS
        )
    await intake.lock(session, wanted.contents, district=district)
    worked_out = await intake.plan(
        session, wanted.contents, publish=wanted.publish, place=wanted.place
    )
    await intake.take_over(session, worked_out, importer=importer, on=wanted.on, district=district)
    done = _tally(worked_out, is_dry_run=False)
    audit.note(
        session,
        actor=importer,
        action="catalog.import.publish" if wanted.publish else "catalog.import",
        subject=district,
        payload=done.model_dump() | {"digests": [row.digest for row in worked_out.changed]},
    )
    await session.flush()
    return done


def _tally(worked_out: intake.Intake, *, is_dry_run: bool) -> ImportRead:
    changed = worked_out.changed
    created = sum(row.is_new_matter for row in changed)
    return ImportRead(
        created=created,
        updated=len(changed) - created,
        unchanged=len(worked_out.rows) - len(changed),
        published=len(changed) if worked_out.publish else 0,
        is_dry_run=is_dry_run,
    )
