"""Every SQL statement about a matter's versions that changes them, or reads several.

Lists are in `listing`, reading a matter as it applies in `reading`, an import's in `bulk`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, Text, bindparam, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from catalog_service.matters.rules import OPEN, TOLD, State
from catalog_service.matters.search import lines_of
from catalog_service.matters.tables import (
    Matter,
    MatterVersion,
    PartnerMatter,
    PublishedMatter,
    SearchLine,
)
from tongban.paging import Paging, after

__all__ = [
    "Stale",
    "add_matter",
    "any_stale",
    "codes_due",
    "keep_all_published",
    "keep_findable",
    "keep_lines",
    "keep_published",
    "lock_matter",
    "open_version_of",
    "remove_published",
    "stale_offered",
    "stale_published",
    "told_versions",
    "valid_versions",
    "version_for_update",
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


async def codes_due(session: AsyncSession, day: date) -> Sequence[str]:
    """Return the matters with a version that starts or ends on `day` or before."""
    starts = (MatterVersion.state == State.PLANNED) & (MatterVersion.effective_from <= day)
    ends = (MatterVersion.state == State.PUBLISHED) & (MatterVersion.retired_on <= day)
    found = await session.scalars(
        select(MatterVersion.code).where(or_(starts, ends)).distinct().order_by(MatterVersion.code)
    )
    return found.all()


async def versions_of(
    session: AsyncSession, code: str, paging: Paging, *, with_drafts: bool
) -> Sequence[MatterVersion]:
    statement = (
        select(MatterVersion)
        .options(defer(MatterVersion.content, raiseload=True))
        .where(MatterVersion.code == code)
    )
    if not with_drafts:
        statement = statement.where(MatterVersion.state.not_in([*OPEN]))
    statement = after(statement, paging, MatterVersion.number, descending=True)
    return (await session.scalars(statement)).all()


async def keep_published(session: AsyncSession, row: dict[str, Any]) -> None:
    """List a matter as it is in force now."""
    await keep_all_published(session, [row])


async def keep_all_published(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """List many matters as they are in force now, and the ways in which they are spelt."""
    statement = insert(PublishedMatter)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "code"}
    statement = statement.on_conflict_do_update(index_elements=["code"], set_=changed)
    connection = await session.connection()
    await connection.execute(statement, list(rows))
    await keep_lines(session, (row["search_text"] for row in rows))


async def keep_lines(session: AsyncSession, texts: Iterable[str]) -> None:
    """Keep each line of these texts that is not yet known."""
    lines = sorted({line for one in texts for line in lines_of(one)})
    given = func.unnest(literal(lines, ARRAY(Text))).column_valued("given")
    is_known = select(SearchLine.line).where(SearchLine.line == given).exists()
    await session.execute(
        insert(SearchLine).from_select(["line"], select(given).where(~is_known)),
        execution_options={"synchronize_session": False},
    )


@dataclass(frozen=True)
class Stale:
    """A listed matter whose columns an older analyser made."""

    table: type[PublishedMatter] | type[PartnerMatter]
    key: Mapping[str, str]
    content: Mapping[str, Any]


def any_stale(*, before: int) -> Select[tuple[bool]]:
    """Select whether an analyser older than `before` read any matter, ours or a partner's."""
    ours = select(PublishedMatter.code).where(PublishedMatter.analyser < before)
    partners = select(PartnerMatter.code).where(PartnerMatter.analyser < before)
    return select(ours.exists() | partners.exists())


async def stale_published(session: AsyncSession, *, before: int, limit: int) -> list[Stale]:
    """Lock and return some matters of ours that an analyser older than `before` read."""
    found = await session.execute(
        select(PublishedMatter.code, MatterVersion.content)
        .join(
            MatterVersion,
            (MatterVersion.code == PublishedMatter.code)
            & (MatterVersion.number == PublishedMatter.number),
        )
        .where(PublishedMatter.analyser < before)
        .order_by(PublishedMatter.code)
        .limit(limit)
        # Who publishes it at this moment makes it findable anyway.
        .with_for_update(of=PublishedMatter, skip_locked=True)
    )
    return [Stale(PublishedMatter, {"code": code}, content) for code, content in found]


async def stale_offered(session: AsyncSession, *, before: int, limit: int) -> list[Stale]:
    """Lock and return some partners' matters that an analyser older than `before` read."""
    found = await session.execute(
        select(PartnerMatter.owner_district, PartnerMatter.code, PartnerMatter.content)
        .where(PartnerMatter.analyser < before)
        .order_by(PartnerMatter.owner_district, PartnerMatter.code)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [
        Stale(PartnerMatter, {"owner_district": district, "code": code}, content)
        for district, code, content in found
    ]


async def keep_findable(
    session: AsyncSession, stale: Sequence[Stale], found_by: Sequence[dict[str, Any]]
) -> None:
    """Write what these matters, all of one list, are found by now."""
    table = stale[0].table
    key = [table.__table__.c[name] == bindparam(f"of_{name}") for name in stale[0].key]
    statement = update(table.__table__).where(*key)  # type: ignore[arg-type]  # a declarative class's table is a Table
    connection = await session.connection()
    await connection.execute(
        statement.values({name: bindparam(name) for name in found_by[0]}),
        [
            {**{f"of_{name}": value for name, value in one.key.items()}, **values}
            for one, values in zip(stale, found_by, strict=True)
        ],
    )
    if table is PublishedMatter:
        await keep_lines(session, (one["search_text"] for one in found_by))


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
