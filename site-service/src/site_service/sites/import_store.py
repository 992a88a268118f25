"""Every SQL statement of an import: a handful, for any number of sites."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.sites.rules import SiteState, WindowState
from site_service.sites.tables import (
    Kiosk,
    KnownMatterVersion,
    PartnerMatter,
    Site,
    SiteMatter,
    SpecialDay,
    Window,
)
from tongban.kernel import OutboxRow


async def wait_for_other_imports(session: AsyncSession) -> None:
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended("sites.import", 0)))
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """What an import must know of a site that is stored."""

    digest: str
    sequence: int
    state: SiteState


async def lock_stored(session: AsyncSession, site_ids: Collection[str]) -> dict[str, Stored]:
    rows = await session.execute(
        select(Site.id, Site.content_digest, Site.sequence, Site.state)
        .where(Site.id.in_(site_ids))
        .order_by(Site.id)
        .with_for_update()
    )
    return {row.id: Stored(row.content_digest, row.sequence, row.state) for row in rows}


async def known_codes(session: AsyncSession, codes: Collection[str]) -> set[str]:
    rows = await session.scalars(
        select(KnownMatterVersion.code)
        .where(KnownMatterVersion.code.in_(codes), KnownMatterVersion.state == "published")
        .distinct()
    )
    return set(rows)


async def offered_codes(session: AsyncSession, codes: Collection[str]) -> set[str]:
    rows = await session.scalars(
        select(PartnerMatter.code)
        .where(PartnerMatter.code.in_(codes), PartnerMatter.state == "offered")
        .distinct()
    )
    return set(rows)


async def put_sites(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    statement = upsert(Site)
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in ("id", "state")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={**replaced, "version": Site.version + 1, "updated_at": func.now()},
        ),
        list(rows),
    )


async def replace_matters(
    session: AsyncSession, site_ids: Collection[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    await session.execute(delete(SiteMatter).where(SiteMatter.site_id.in_(site_ids)))
    if rows:
        await session.execute(insert(SiteMatter), list(rows))


async def replace_kiosks(
    session: AsyncSession, site_ids: Collection[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Keep what a kiosk told of itself while its code stays."""
    kept = [(row["site_id"], row["code"]) for row in rows]
    await session.execute(
        delete(Kiosk).where(
            Kiosk.site_id.in_(site_ids), tuple_(Kiosk.site_id, Kiosk.code).not_in(kept)
        )
    )
    if rows:
        statement = upsert(Kiosk)
        replaced = {name: statement.excluded[name] for name in ("model", "functions", "matters")}
        await session.execute(
            statement.on_conflict_do_update(index_elements=["site_id", "code"], set_=replaced),
            list(rows),
        )


async def replace_special_days(
    session: AsyncSession, site_ids: Collection[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    await session.execute(delete(SpecialDay).where(SpecialDay.site_id.in_(site_ids)))
    if rows:
        await session.execute(insert(SpecialDay), list(rows))


async def replace_windows(
    session: AsyncSession, site_ids: Collection[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Keep a window's id while its number stays; close those that are gone: tickets name them."""
    await session.execute(
        update(Window)
        .where(Window.site_id.in_(site_ids))
        .values(state=WindowState.CLOSED)
        .execution_options(synchronize_session=False)
    )
    if rows:
        statement = upsert(Window)
        replaced = {name: statement.excluded[name] for name in ("kind", "name", "areas", "state")}
        await session.execute(
            statement.on_conflict_do_update(index_elements=["site_id", "number"], set_=replaced),
            list(rows),
        )


async def tell(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    await session.execute(insert(OutboxRow), list(rows))
