"""The list of matters: ours in force and partners' offered, filtered, searched and ranked in SQL.

One statement a page. A smaller `penalty` is a better find: a whole tier for how the words match,
and within the tier how alike the names are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    and_,
    any_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters.search import Wanted
from catalog_service.matters.tables import MatterSite, PartnerMatter, PublishedMatter
from tongban.paging import Paging, after

__all__ = ["Filters", "list_matters"]

TIER = 1000
Listing = type[PublishedMatter] | type[PartnerMatter]


@dataclass(frozen=True)
class Filters:
    """What the caller narrows the list by; None is no matter."""

    wanted: Wanted | None = None
    matter_type: str | None = None
    audience: str | None = None
    area: str | None = None
    site_id: str | None = None
    mode: str | None = None
    owner_district: str | None = None


async def list_matters(
    session: AsyncSession, filters: Filters, paging: Paging, *, district: str
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return a page of matters, the best finds first; without a search, by code."""
    listed = union_all(_ours(filters), _partners(filters, district=district)).subquery("listed")
    # Of finds as good as each other ours come first: they are decided here.
    statement = after(
        select(listed),
        paging,
        listed.c.penalty,
        listed.c.is_handled_here_by_agreement,
        listed.c.code,
        listed.c.owner_district,
    )
    return (await session.execute(statement)).all()


def _ours(filters: Filters) -> Select[*tuple[Any, ...]]:
    no_text = cast(null(), Text)
    statement = _listing(PublishedMatter, filters).add_columns(
        literal(False).label("is_handled_here_by_agreement"),
        no_text.label("mode"),
        no_text.label("agreement"),
    )
    if filters.mode is not None:
        statement = statement.where(false())
    if filters.site_id is not None:
        handled = _handled_at(filters.site_id, MatterSite.matters)
        statement = statement.where(PublishedMatter.code == handled)
    return statement


def _partners(filters: Filters, *, district: str) -> Select[*tuple[Any, ...]]:
    # What we offer to partners is told as an offer too; here it is ours, not a partner's.
    statement = (
        _listing(PartnerMatter, filters)
        .add_columns(
            literal(True).label("is_handled_here_by_agreement"),
            PartnerMatter.mode,
            PartnerMatter.agreement,
        )
        .where(PartnerMatter.is_offered, PartnerMatter.owner_district != district)
    )
    if filters.mode is not None:
        statement = statement.where(PartnerMatter.mode == filters.mode)
    if filters.site_id is not None:
        handled = _handled_at(filters.site_id, MatterSite.partner_matters)
        statement = statement.where(PartnerMatter.code == handled)
    return statement


def _handled_at(site_id: str, codes: Any) -> ColumnElement[Any]:
    return any_(
        select(func.unnest(codes))
        .where(MatterSite.site_id == site_id, MatterSite.is_open)
        .scalar_subquery()
    )


def _listing(table: Listing, filters: Filters) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = select(
        table.code,
        table.number,
        table.owner_district,
        table.name,
        table.english_name,
        table.matter_type,
        table.handling,
        table.area,
        table.audiences,
        table.channels,
        table.body_name,
        table.statutory_days,
        table.promised_days,
        table.required_materials,
        _penalty(table, filters.wanted).label("penalty"),
    )
    for column, value in (
        (table.matter_type, filters.matter_type),
        (table.area, filters.area),
        (table.owner_district, filters.owner_district),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if filters.audience is not None:
        statement = statement.where(table.audiences.contains([filters.audience]))
    if filters.wanted is not None:
        statement = statement.where(_found(table, filters.wanted))
    return statement


def _found(table: Listing, wanted: Wanted) -> ColumnElement[bool]:
    if not wanted.letters:
        return false()
    ways = [
        table.search_text.contains(wanted.letters, autoescape=True),
        # word_similarity: a letter missing or swapped, in Chinese as in pinyin.
        literal(wanted.letters, Text).op("<%", is_comparison=True)(table.search_text),
    ]
    if wanted.words:
        words = literal(wanted.words, ARRAY(Text))
        most = (len(wanted.words) + 1) // 2
        ways.append(and_(table.words.overlap(words), _hits(table, wanted) >= most))
    return or_(*ways)


def _hits(table: Listing, wanted: Wanted) -> ColumnElement[int]:
    word = func.unnest(table.words).column_valued("word")
    return (
        select(func.count(word))
        .where(word == any_(literal(wanted.words, ARRAY(Text))))
        .scalar_subquery()
    )


def _penalty(table: Listing, wanted: Wanted | None) -> ColumnElement[int]:
    if wanted is None:
        return literal(0, Integer)
    sought = wanted.letters
    keys = (table.name_key, table.pinyin, table.initials)
    missed = len(wanted.words) - _hits(table, wanted)
    tier = case(
        (or_(*(key == sought for key in keys)), 0),
        (or_(*(key.startswith(sought, autoescape=True) for key in keys)), 1),
        (table.name_key.contains(sought, autoescape=True), 2),
        (missed == 0, 3),
        (table.search_text.contains(sought, autoescape=True), 4),
        else_=4 + missed,
    )
    alike = func.greatest(
        func.similarity(table.name_key, sought), func.similarity(table.pinyin, sought)
    )
    return cast(tier * TIER + (TIER - 1) - func.floor(alike * (TIER - 1)), Integer)
