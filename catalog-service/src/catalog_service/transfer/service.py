"""Use cases about the catalog as a whole."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.errors import PublicationNeedsAdmin
from catalog_service.matters import intake
from catalog_service.matters.content import MatterContent
from catalog_service.matters.service import contents_in_force
from catalog_service.transfer.rules import require_importable
from catalog_service.transfer.schemas import ImportRead
from tongban import audit
from tongban.identity import Caller, Role

__all__ = ["export_matters", "import_matters", "preview_import"]


async def preview_import(
    session: AsyncSession, contents: Sequence[MatterContent], *, publish: bool, importer: Caller
) -> ImportRead:
    """Tell what an import would do; nothing is written.

    Raises:
        PublicationNeedsAdmin: 403.
        ImportFaulty: 422.
    """
    _require_may_import(contents, publish=publish, importer=importer)
    return _tally(await intake.plan(session, contents, publish=publish), is_dry_run=True)


async def import_matters(
    session: AsyncSession,
    contents: Sequence[MatterContent],
    *,
    publish: bool,
    importer: Caller,
    on: date,
    district: str,
) -> ImportRead:
    """Take over all of `contents`, as drafts or published at once; or nothing.

    Raises:
        PublicationNeedsAdmin: 403.
        ImportFaulty: 422.
    """
    _require_may_import(contents, publish=publish, importer=importer)
    await intake.lock(session, contents, district=district)
    worked_out = await intake.plan(session, contents, publish=publish)
    await intake.take_over(session, worked_out, importer=importer.subject, on=on, district=district)
    done = _tally(worked_out, is_dry_run=False)
    audit.note(
        session,
        actor=importer.subject,
        action="catalog.import.publish" if publish else "catalog.import",
        subject=district,
        payload=done.model_dump() | {"digests": [row.digest for row in worked_out.changed]},
    )
    await session.flush()
    return done


async def export_matters(session: AsyncSession) -> Sequence[dict[str, Any]]:
    """Return every matter in force; importing it again changes nothing."""
    return await contents_in_force(session)


def _require_may_import(
    contents: Sequence[MatterContent], *, publish: bool, importer: Caller
) -> None:
    if publish and not importer.has(Role.ADMIN):
        raise PublicationNeedsAdmin
    require_importable(contents, publish=publish)


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
