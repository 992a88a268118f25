"""Every SQL statement about synonyms, demand and suggestions."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    DateTime,
    Row,
    Select,
    Table,
    any_,
    bindparam,
    cast,
    delete,
    func,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, Insert, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Double, Text

from catalog_service.matters.search import quoted
from catalog_service.matters.tables import PartnerMatter, PublishedMatter
from catalog_service.search.rules import HALF_LIFE, Demand
from catalog_service.search.tables import MatterDemand, SearchSynonym, SynonymTable

__all__ = [
    "add_demand",
    "all_synonyms",
    "demand",
    "lock_table",
    "replace_synonyms",
    "suggestions",
    "synonyms_of",
    "table_version",
]

TABLE = "district"
MOST_LOOKED_AT = 30


def _faded(since: Any, until: Any) -> Any:
    seconds = cast(func.extract("epoch", until - since), Double)
    return func.power(cast(0.5, Double), seconds / HALF_LIFE.total_seconds())


def _adding_demand() -> Insert:
    """Return the upsert of any number of counts: one text, compiled and prepared once."""
    known: Table = MatterDemand.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
    given = (
        func.unnest(
            bindparam("districts", type_=ARRAY(Text)),
            bindparam("codes", type_=ARRAY(Text)),
            bindparam("cases", type_=ARRAY(Double)),
            bindparam("as_of", type_=ARRAY(DateTime(timezone=True))),
        )
        .table_valued("owner_district", "code", "cases", "as_of")
        .render_derived()
    )
    statement = insert(known).from_select(
        ["owner_district", "code", "cases", "as_of"], select(*given.c)
    )
    added = statement.excluded
    latest = func.greatest(known.c.as_of, added.as_of)
    before = known.c.cases * _faded(known.c.as_of, latest)
    return statement.on_conflict_do_update(
        index_elements=["owner_district", "code"],
        set_={"cases": before + added.cases * _faded(added.as_of, latest), "as_of": latest},
    )


_ADD_DEMAND = _adding_demand()


async def synonyms_of(
    session: AsyncSession, keys: Sequence[str]
) -> Sequence[Row[str, str, list[str]]]:
    """Return (key, word, meanings) of each of `keys` that the table has."""
    found = await session.execute(
        select(SearchSynonym.key, SearchSynonym.word, SearchSynonym.means)
        .where(SearchSynonym.key == any_(literal(list(keys), ARRAY(Text))))
        .order_by(SearchSynonym.key, SearchSynonym.word)
    )
    return found.all()


async def all_synonyms(session: AsyncSession) -> Sequence[Row[str, list[str]]]:
    """Return each word with its meanings, by word."""
    found = await session.execute(
        select(SearchSynonym.word, SearchSynonym.means)
        .ext(distinct_on(SearchSynonym.word))
        .order_by(SearchSynonym.word)
    )
    return found.all()


async def table_version(session: AsyncSession) -> int:
    """Return the table's version; 0 before it was first written."""
    version = await session.scalar(select(SynonymTable.version).where(SynonymTable.name == TABLE))
    return version or 0


async def lock_table(session: AsyncSession) -> int:
    """Return the table's version and keep others from writing it."""
    await session.execute(
        insert(SynonymTable).values(name=TABLE, version=0).on_conflict_do_nothing()
    )
    version = await session.scalar(
        select(SynonymTable.version).where(SynonymTable.name == TABLE).with_for_update()
    )
    return version or 0


async def replace_synonyms(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write the table anew, under its next version."""
    await session.execute(delete(SearchSynonym), execution_options={"synchronize_session": False})
    if rows:
        connection = await session.connection()
        await connection.execute(insert(SearchSynonym), list(rows))
    await session.execute(
        update(SynonymTable)
        .where(SynonymTable.name == TABLE)
        .values(version=SynonymTable.version + 1),
        execution_options={"synchronize_session": False},
    )


async def add_demand(session: AsyncSession, counted: Sequence[Demand]) -> None:
    """Add to what is counted; the older of the two has faded by the time of the newer."""
    columns = {
        "districts": [one.owner_district for one in counted],
        "codes": [one.code for one in counted],
        "cases": [one.cases for one in counted],
        "as_of": [one.as_of for one in counted],
    }
    connection = await session.connection()
    await connection.execute(_ADD_DEMAND, columns)


async def demand(session: AsyncSession, *, district: str) -> Mapping[str, float]:
    """Return how much each of our matters is asked for: what was counted, faded until now."""
    known = MatterDemand
    found = await session.execute(
        select(known.code, known.cases * _faded(known.as_of, func.now())).where(
            known.owner_district == district
        )
    )
    return {code: cases for code, cases in found}


async def suggestions(
    session: AsyncSession, key: str, *, district: str, limit: int
) -> Sequence[Row[str, str, str]]:
    """Return (code, owner, name) of what begins with `key`, the most asked for first."""
    ways = [
        way.limit(MOST_LOOKED_AT)
        for table in (PublishedMatter, PartnerMatter)
        for way in _beginnings(table, key, district=district)
    ]
    found = union_all(*ways).subquery("found")
    # A name that several bodies or districts have is suggested once.
    once = (
        select(
            found.c.code,
            found.c.owner_district,
            found.c.name,
            found.c.place,
            func.coalesce(MatterDemand.cases, 0).label("cases"),
        )
        .outerjoin(
            MatterDemand,
            (MatterDemand.code == found.c.code)
            & (MatterDemand.owner_district == found.c.owner_district),
        )
        .ext(distinct_on(found.c.name))
        .order_by(found.c.name, found.c.place, func.coalesce(MatterDemand.cases, 0).desc())
        .subquery("once")
    )
    rows = await session.execute(
        select(once.c.code, once.c.owner_district, once.c.name)
        .order_by(once.c.place, once.c.cases.desc(), func.length(once.c.name), once.c.name)
        .limit(limit)
    )
    return rows.all()


def _beginnings(
    table: type[PublishedMatter] | type[PartnerMatter], key: str, *, district: str
) -> list[Select[*tuple[Any, ...]]]:
    """Ask for names, then for their sounds, then for any word in them that begin with `key`."""
    begins = [
        (0, table.name_key.startswith(key, autoescape=True)),
        (0, table.pinyin.startswith(key, autoescape=True)),
        (0, table.initials.startswith(key, autoescape=True)),
        (1, table.lexemes.op("@@")(cast(f"{quoted(key)}:*", TSQUERY))),
    ]
    ways = []
    for place, condition in begins:
        way = select(
            table.code,
            table.owner_district,
            table.name,
            literal(place).label("place"),
        ).where(condition)
        if table is PartnerMatter:
            way = way.where(PartnerMatter.is_offered, PartnerMatter.owner_district != district)
        ways.append(way)
    return ways
