"""Every SQL statement about one matter and its versions.

Lists are in `listing`, the statements of an import in `bulk`.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters.rules import OPEN, TOLD, State
from catalog_service.matters.tables import (
    Matter,
    MatterSite,
    MatterVersion,
    PartnerMatter,
    PublishedMatter,
)
from tongban.paging import Paging, after

__all__ = [
    "add_matter",
    "codes_due",
    "codes_submitted",
    "contents_in_force",
    "in_force",
    "keep_all_published",
    "keep_published",
    "lock_matter",
    "offered",
    "open_version_of",
    "remove_published",
    "sites_handling",
    "told_versions",
    "valid_versions",
    "version_for_update",
    "version_of",
    "version_on",
    "versions_of",
]


async def add_matter(session: AsyncSession, code: str, *, district: str) -> Matter | None:
    """Store a new matter and return it; None where the code is taken."""
    return await session.scalar(
        insert(Matter)
        .values(code=code, owner_district=district, last_version=0, version=1)
        .on_conflict_do_nothing()
        .returning(Matter)
    )


async def lock_matter(session: AsyncSession, code: str) -> Matter | None:
    """Return the matter and keep others from changing it or its versions."""
    return await session.get(Matter, code, with_for_update=True)


def _version(code: str, number: int) -> Select[MatterVersion]:
    return select(MatterVersion).where(MatterVersion.code == code, MatterVersion.number == number)


async def version_of(session: AsyncSession, code: str, number: int) -> MatterVersion | None:
    return await session.scalar(_version(code, number))


async def version_for_update(session: AsyncSession, code: str, number: int) -> MatterVersion | None:
    return await session.scalar(_version(code, number).with_for_update())


VALID = frozenset({State.PUBLISHED, State.PLANNED})


def _of(code: str, states: Iterable[State]) -> Select[MatterVersion]:
    return select(MatterVersion).where(
        MatterVersion.code == code, MatterVersion.state.in_([*states])
    )


async def open_version_of(session: AsyncSession, code: str) -> MatterVersion | None:
    """Return the version that is drafted or submitted; there is one at most."""
    return await session.scalar(_of(code, OPEN))


async def valid_versions(session: AsyncSession, code: str) -> Sequence[MatterVersion]:
    """Return the version in force and those planned."""
    return (await session.scalars(_of(code, VALID))).all()


async def codes_submitted(session: AsyncSession) -> Sequence[str]:
    found = await session.scalars(
        select(MatterVersion.code)
        .where(MatterVersion.state == State.SUBMITTED)
        .order_by(MatterVersion.code)
    )
    return found.all()


async def codes_due(session: AsyncSession, day: date) -> Sequence[str]:
    """Return the matters with a version that starts or ends on `day` or before."""
    starts = (MatterVersion.state == State.PLANNED) & (MatterVersion.effective_from <= day)
    ends = (MatterVersion.state == State.PUBLISHED) & (MatterVersion.retired_on <= day)
    found = await session.scalars(
        select(MatterVersion.code).where(or_(starts, ends)).distinct().order_by(MatterVersion.code)
    )
    return found.all()


async def version_on(
    session: AsyncSession, code: str, day: date
) -> Row[Matter, MatterVersion] | None:
    """Return a matter of ours with the version that is, was or will be valid on `day`."""
    found = await session.execute(
        select(Matter, MatterVersion)
        .join(MatterVersion, MatterVersion.code == Matter.code)
        .where(
            Matter.code == code,
            MatterVersion.effective_from <= day,
            or_(MatterVersion.retired_on.is_(None), MatterVersion.retired_on > day),
        )
    )
    return found.one_or_none()


async def versions_of(
    session: AsyncSession, code: str, paging: Paging, *, with_drafts: bool
) -> Sequence[MatterVersion]:
    statement = select(MatterVersion).where(MatterVersion.code == code)
    if not with_drafts:
        statement = statement.where(MatterVersion.state.not_in([*OPEN]))
    statement = after(statement, paging, MatterVersion.number, descending=True)
    return (await session.scalars(statement)).all()


async def in_force(session: AsyncSession, code: str) -> Row[Matter, MatterVersion] | None:
    """Return a matter of ours with its version in force."""
    found = await session.execute(
        select(Matter, MatterVersion)
        .join(MatterVersion, MatterVersion.code == Matter.code)
        .where(Matter.code == code, MatterVersion.state == State.PUBLISHED)
    )
    return found.one_or_none()


async def offered(session: AsyncSession, code: str, *, district: str) -> PartnerMatter | None:
    """Return a partner's matter that can be applied for here."""
    return await session.scalar(
        select(PartnerMatter)
        .where(
            PartnerMatter.code == code,
            PartnerMatter.is_offered,
            PartnerMatter.owner_district != district,
        )
        .order_by(PartnerMatter.owner_district)
        .limit(1)
    )


async def sites_handling(session: AsyncSession, code: str) -> Sequence[MatterSite]:
    """Return the open sites that handle a matter, ours or a partner's."""
    handles = or_(MatterSite.matters.contains([code]), MatterSite.partner_matters.contains([code]))
    found = await session.scalars(
        select(MatterSite).where(MatterSite.is_open, handles).order_by(MatterSite.site_id)
    )
    return found.all()


async def keep_published(session: AsyncSession, row: dict[str, Any]) -> None:
    """List a matter as it is in force now."""
    await keep_all_published(session, [row])


async def keep_all_published(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """List many matters as they are in force now, in one statement."""
    statement = insert(PublishedMatter)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "code"}
    statement = statement.on_conflict_do_update(index_elements=["code"], set_=changed)
    connection = await session.connection()
    await connection.execute(statement, list(rows))


async def remove_published(session: AsyncSession, code: str) -> None:
    await session.execute(
        delete(PublishedMatter).where(PublishedMatter.code == code),
        execution_options={"synchronize_session": False},
    )


async def told_versions(session: AsyncSession) -> Sequence[Row[MatterVersion, str]]:
    """Return every version that was told to others, oldest first, with its district."""
    found = await session.execute(
        select(MatterVersion, Matter.owner_district)
        .join(Matter, Matter.code == MatterVersion.code)
        .where(MatterVersion.state.in_([*TOLD]))
        .order_by(MatterVersion.id)
    )
    return found.all()


async def contents_in_force(session: AsyncSession) -> Sequence[dict[str, Any]]:
    """Return the content of every matter in force, by code."""
    found = await session.scalars(
        select(MatterVersion.content)
        .where(MatterVersion.state == State.PUBLISHED)
        .order_by(MatterVersion.code)
    )
    return found.all()
