"""Every SQL statement about basic items."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.basic_items.rules import Claim, ItemState
from catalog_service.basic_items.tables import BasicItem
from catalog_service.matters.rules import State
from catalog_service.matters.tables import MatterVersion
from tongban.paging import Paging, after

__all__ = [
    "claims",
    "contents_implementing",
    "item_for_update",
    "item_with_subs",
    "items_of",
    "keep",
    "known_items",
]


async def claims(session: AsyncSession, codes: Collection[str]) -> dict[str, Claim]:
    """Return how these basic items stand here."""
    rows = await session.execute(
        select(BasicItem.code, BasicItem.state, BasicItem.claimed_at.is_not(None)).where(
            BasicItem.code.in_([*codes])
        )
    )
    return {code: Claim(state, is_claimed) for code, state, is_claimed in rows}


async def known_items(session: AsyncSession, codes: Collection[str]) -> Mapping[str, BasicItem]:
    rows = await session.scalars(select(BasicItem).where(BasicItem.code.in_([*codes])))
    return {row.code: row for row in rows}


async def keep(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store basic items as they came from above; a claim, once made, stays."""
    statement = insert(BasicItem)
    changed: dict[str, Any] = {
        name: statement.excluded[name]
        for name in rows[0]
        if name not in ("code", "claimed_by", "claimed_at", "version")
    }
    for name in ("claimed_by", "claimed_at"):
        changed[name] = func.coalesce(getattr(BasicItem, name), statement.excluded[name])
    changed["version"] = BasicItem.version + 1
    statement = statement.on_conflict_do_update(index_elements=["code"], set_=changed)
    connection = await session.connection()
    # In one order, so that two lists from above wait for each other instead of deadlocking.
    in_order = sorted(rows, key=lambda row: str(row["code"]))
    await connection.execute(statement, [dict(row) for row in in_order])


async def items_of(
    session: AsyncSession,
    paging: Paging,
    *,
    state: ItemState | None,
    is_claimed: bool | None,
    parent: str | None,
) -> Sequence[BasicItem]:
    statement = select(BasicItem)
    if state is not None:
        statement = statement.where(BasicItem.state == state)
    if is_claimed is not None:
        statement = statement.where(BasicItem.claimed_at.is_not(None) == is_claimed)
    if parent is not None:
        statement = statement.where(BasicItem.parent == parent)
    return (await session.scalars(after(statement, paging, BasicItem.code))).all()


async def item_with_subs(session: AsyncSession, code: str) -> Sequence[BasicItem]:
    """Return the item, first, and its sub-matters."""
    rows = await session.scalars(
        select(BasicItem)
        .where((BasicItem.code == code) | (BasicItem.parent == code))
        .order_by(BasicItem.code)
    )
    return rows.all()


async def item_for_update(session: AsyncSession, code: str) -> BasicItem | None:
    return await session.get(BasicItem, code, with_for_update=True)


async def contents_implementing(
    session: AsyncSession, codes: Collection[str]
) -> Sequence[Row[str, int, dict[str, Any]]]:
    """Return code, version and content of the matters in force that carry these items out."""
    found = await session.execute(
        select(MatterVersion.code, MatterVersion.number, MatterVersion.content)
        .where(
            MatterVersion.state == State.PUBLISHED,
            func.substr(MatterVersion.code, 20).in_([*codes]),
        )
        .order_by(MatterVersion.code)
    )
    return found.all()
