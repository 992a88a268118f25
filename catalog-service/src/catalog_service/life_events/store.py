"""Every SQL statement about life events; reading one is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.life_events.guide import InForce
from catalog_service.life_events.rules import State
from catalog_service.life_events.tables import LifeEvent, LifeEventProposal
from catalog_service.matters.rules import State as VersionState
from catalog_service.matters.tables import MatterSite, MatterVersion, PublishedMatter
from tongban.paging import Paging, after

__all__ = [
    "Found",
    "all_told",
    "delete_proposal",
    "for_import",
    "for_update",
    "in_force",
    "listed",
    "proposals",
    "proposals_for_import",
    "to_guide_through",
    "to_read",
]

IMPORTS = "life_events.import"


@dataclass(frozen=True)
class Found:
    """A life event with what is known now of its matters."""

    event: LifeEvent
    matters: Sequence[dict[str, Any]]
    sites: Sequence[dict[str, Any]] = ()


async def for_import(session: AsyncSession, codes: Sequence[str]) -> dict[str, LifeEvent]:
    """Return what is stored of these; other imports wait, so that each is made once."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(IMPORTS))))
    found = await session.scalars(
        select(LifeEvent).where(LifeEvent.code.in_(codes)).order_by(LifeEvent.code)
    )
    return {one.code: one for one in found}


async def proposals_for_import(
    session: AsyncSession, codes: Sequence[str]
) -> dict[str, LifeEventProposal]:
    """Return what is proposed of these; after `for_import`, nobody else changes them."""
    found = await session.scalars(
        select(LifeEventProposal).where(LifeEventProposal.code.in_(codes)).with_for_update()
    )
    return {one.code: one for one in found}


async def proposals(session: AsyncSession, paging: Paging) -> Sequence[LifeEventProposal]:
    """Return what waits to be published, by code."""
    statement = after(select(LifeEventProposal), paging, LifeEventProposal.code)
    return (await session.scalars(statement)).all()


async def delete_proposal(session: AsyncSession, code: str) -> LifeEventProposal | None:
    """Take what is proposed, so that nobody else can."""
    return await session.scalar(
        delete(LifeEventProposal).where(LifeEventProposal.code == code).returning(LifeEventProposal)
    )


async def for_update(session: AsyncSession, code: str) -> LifeEvent | None:
    return await session.get(LifeEvent, code, with_for_update=True)


async def in_force(session: AsyncSession, codes: Sequence[str]) -> InForce:
    """Return the content of each of these matters that is in force."""
    found = await session.execute(
        select(MatterVersion.code, MatterVersion.number, MatterVersion.content).where(
            MatterVersion.code.in_(codes), MatterVersion.state == VersionState.PUBLISHED
        )
    )
    return {code: (number, content) for code, number, content in found}


async def to_read(session: AsyncSession, code: str) -> Found | None:
    """Return a life event with what the list says of its matters, without their contents."""
    about = func.jsonb_build_object(
        "code",
        PublishedMatter.code,
        "version",
        PublishedMatter.number,
        "name",
        PublishedMatter.name,
        "english_name",
        PublishedMatter.english_name,
        "body_name",
        PublishedMatter.body_name,
        "handling",
        PublishedMatter.handling,
        "promised_days",
        PublishedMatter.promised_days,
    )
    matters = (
        select(func.coalesce(func.jsonb_agg(about), func.jsonb_build_array()))
        .where(PublishedMatter.code == func.any(LifeEvent.matters))
        .correlate(LifeEvent)
        .scalar_subquery()
    )
    row = (await session.execute(_published(code, matters))).one_or_none()
    return None if row is None else Found(row[0], row[1])


async def to_guide_through(session: AsyncSession, code: str) -> Found | None:
    """Return a life event with its matters' contents and the open sites that handle any."""
    matters = (
        select(
            func.coalesce(
                func.jsonb_agg(
                    func.jsonb_build_object(
                        "code",
                        MatterVersion.code,
                        "version",
                        MatterVersion.number,
                        "content",
                        MatterVersion.content,
                    )
                ),
                func.jsonb_build_array(),
            )
        )
        .where(
            MatterVersion.code == func.any(LifeEvent.matters),
            MatterVersion.state == VersionState.PUBLISHED,
        )
        .correlate(LifeEvent)
        .scalar_subquery()
    )
    site = func.jsonb_build_object(
        "site_id",
        MatterSite.site_id,
        "kind",
        MatterSite.kind,
        "name",
        MatterSite.name,
        "matters",
        func.to_jsonb(MatterSite.matters),
    )
    sites = (
        select(func.coalesce(func.jsonb_agg(site), func.jsonb_build_array()))
        .where(MatterSite.is_open, MatterSite.matters.overlap(LifeEvent.matters))
        .correlate(LifeEvent)
        .scalar_subquery()
    )
    row = (await session.execute(_published(code, matters, sites))).one_or_none()
    return None if row is None else Found(row[0], row[1], row[2])


def _published(code: str, *joined: ColumnElement[Any]) -> Select[Any]:
    return select(LifeEvent, *joined).where(
        LifeEvent.code == code, LifeEvent.state == State.PUBLISHED
    )


async def listed(
    session: AsyncSession, paging: Paging, *, audience: str | None, matter: str | None
) -> Sequence[LifeEvent]:
    """Return what is offered, for an audience or with a matter, by code."""
    statement = select(LifeEvent).where(LifeEvent.state == State.PUBLISHED)
    if audience is not None:
        statement = statement.where(LifeEvent.audiences.contains([audience]))
    if matter is not None:
        statement = statement.where(LifeEvent.matters.contains([matter]))
    return (await session.scalars(after(statement, paging, LifeEvent.code))).all()


async def all_told(session: AsyncSession) -> Sequence[LifeEvent]:
    """Return every life event, retired ones too, by code."""
    return (await session.scalars(select(LifeEvent).order_by(LifeEvent.code))).all()
