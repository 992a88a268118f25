"""The rows of a large import, kept aside until all of them were read.

They are in a temporary table of the import's own transaction: it needs no memory here, holds no
lock that anybody else waits for while a slow file arrives, and is gone with the transaction. Only
then are all matters locked, in the order of their codes, and written in that order.
"""

from collections.abc import AsyncIterator, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters.content import MatterContent
from catalog_service.matters.tables import Matter

__all__ = ["Staged", "keep", "lock_matters", "open_staging", "repeated_rows", "staged"]

Staged = tuple[int, str]
"""A row's number and its matter as JSON."""

STAGED = sa.Table(
    "staged_matters",
    sa.MetaData(),
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Index("ix_staged_matters_code_row", "code", "row"),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


async def open_staging(session: AsyncSession) -> None:
    """Make the table; nobody else sees it."""
    connection = await session.connection()
    await connection.run_sync(lambda plain: STAGED.create(plain, checkfirst=False))


async def keep(session: AsyncSession, rows: Sequence[tuple[int, MatterContent]]) -> None:
    connection = await session.connection()
    await connection.execute(
        sa.insert(STAGED),
        [
            {"row": row, "code": content.code, "content": content.model_dump_json()}
            for row, content in rows
        ],
    )


async def repeated_rows(session: AsyncSession, *, most: int) -> Sequence[tuple[int, int]]:
    """Return the rows whose code stands in an earlier row, each with that row."""
    first = sa.func.min(STAGED.c.row).over(partition_by=STAGED.c.code).label("first")
    ranked = sa.select(STAGED.c.row, first).subquery()
    found = await session.execute(
        sa.select(ranked.c.row, ranked.c.first)
        .where(ranked.c.row != ranked.c.first)
        .order_by(ranked.c.row)
        .limit(most)
    )
    return [(row, before) for row, before in found]


async def lock_matters(session: AsyncSession, *, district: str) -> None:
    """Store the matters that are not there, then lock those that are, as `matters.bulk` says."""
    connection = await session.connection()
    missing = sa.select(STAGED.c.code, sa.literal(district), sa.literal(0), sa.literal(1)).order_by(
        STAGED.c.code
    )
    columns = ["code", "owner_district", "last_version", "version"]
    await connection.execute(
        postgresql.insert(Matter).from_select(columns, missing).on_conflict_do_nothing()
    )
    locked = (
        sa.select(Matter.code)
        .join(STAGED, STAGED.c.code == Matter.code)
        .order_by(Matter.code)
        .with_for_update(of=Matter)
        .subquery()
    )
    await connection.execute(sa.select(sa.func.count()).select_from(locked))


async def staged(session: AsyncSession, *, at_once: int) -> AsyncIterator[Sequence[Staged]]:
    """Yield all rows in the order of their codes, some at once."""
    after = ("", 0)
    place = sa.tuple_(STAGED.c.code, STAGED.c.row)
    while True:
        found = await session.execute(
            sa.select(STAGED.c.code, STAGED.c.row, STAGED.c.content)
            .where(place > sa.tuple_(*map(sa.literal, after)))
            .order_by(STAGED.c.code, STAGED.c.row)
            .limit(at_once)
        )
        rows = found.all()
        if not rows:
            return
        after = (rows[-1].code, rows[-1].row)
        yield [(one.row, one.content) for one in rows]
