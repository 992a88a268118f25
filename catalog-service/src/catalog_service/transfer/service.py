"""Use cases about the catalog as a whole; large imports are in `streaming`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.basic_items import service as basic_items
from catalog_service.basic_items.schemas import BasicItemsIn
from catalog_service.errors import PublicationNeedsAdmin
from catalog_service.matters import bulk, intake
from catalog_service.matters.content import MatterContent
from catalog_service.matters.faults import Place, by_pointer
from catalog_service.transfer import store
from catalog_service.transfer.errors import ImportRunning
from catalog_service.transfer.rules import require_importable
from catalog_service.transfer.schemas import ImportRead
from tongban import audit
from tongban.clock import local_date
from tongban.identity import Caller, Role

__all__ = ["Asked", "require_entitled", "take_over", "tally_of"]

BASIC_ITEMS = "/basic_items/items"


@dataclass(frozen=True)
class Asked:
    """How an import is to be taken over, whatever comes in: by whom, whereto, and when."""

    importer: Caller
    publish: bool
    is_dry_run: bool
    district: str
    at: datetime

    @property
    def on(self) -> date:
        """The day from which it is in force, where it is published at once."""
        return local_date(self.at)


async def take_over(
    session: AsyncSession,
    contents: Sequence[MatterContent],
    asked: Asked,
    *,
    place: Place = by_pointer,
    with_items: BasicItemsIn | None = None,
) -> ImportRead:
    """Take over all matters, as drafts or published at once, or nothing.

    A dry run tells what would come of it.

    Raises:
        PublicationNeedsAdmin: 403. ImportRunning: 409. ImportFaulty, BasicItemsFaulty: 422.
    """
    require_entitled(asked, brings_basic_items=with_items is not None)
    require_importable(contents, publish=asked.publish, place=place)
    if not asked.is_dry_run and not await store.write_beside_others(session):
        raise ImportRunning(headers={"Retry-After": "60"})
    claiming = await _take_over_items(session, with_items, asked) if with_items else frozenset()
    if not asked.is_dry_run:
        await bulk.add_missing(session, [one.code for one in contents], district=asked.district)
    planned = await intake.plan(
        session, contents, publish=asked.publish, place=place, claiming=claiming
    )
    counts = tally_of(planned)
    if not asked.is_dry_run:
        await _write(session, planned, asked, counts)
    return ImportRead(**counts, is_dry_run=asked.is_dry_run)


def require_entitled(asked: Asked, *, brings_basic_items: bool) -> None:
    """Refuse to an editor what passes the second person, or comes from above.

    Raises:
        PublicationNeedsAdmin: 403.
    """
    if (asked.publish or brings_basic_items) and not asked.importer.has(Role.ADMIN):
        raise PublicationNeedsAdmin


async def _take_over_items(
    session: AsyncSession, items: BasicItemsIn, asked: Asked
) -> frozenset[str]:
    """Take over the basic items that come along; return what they would claim, as a dry run."""
    if not asked.is_dry_run:
        await basic_items.import_items(
            session, items, importer=asked.importer.subject, at=asked.at, place=BASIC_ITEMS
        )
        return frozenset()
    await basic_items.preview_items(session, items, place=BASIC_ITEMS)
    return frozenset(one.code for one in items.items if one.claimed)


async def _write(
    session: AsyncSession, planned: intake.Intake, asked: Asked, counts: Counter[str]
) -> None:
    importer, district = asked.importer.subject, asked.district
    await intake.take_over(session, planned, importer=importer, on=asked.on, district=district)
    audit.note(
        session,
        actor=importer,
        action="catalog.import.publish" if asked.publish else "catalog.import",
        subject=district,
        payload={**counts, "digests": [row.digest for row in planned.changed]},
    )
    await session.flush()


def tally_of(planned: intake.Intake) -> Counter[str]:
    """Count what an import does."""
    changed = planned.changed
    created = sum(row.is_new_matter for row in changed)
    return Counter(
        created=created,
        updated=len(changed) - created,
        unchanged=len(planned.rows) - len(changed),
        published=len(changed) if planned.publish else 0,
    )
