"""The list of matters: ours in force and partners' offered, filtered, searched and ranked in SQL.

One statement a page. A search takes its candidates from the indexes in three rounds, each asked
only where those before it found few: what everything typed fits, what some telling word fits, and
what is spelt alike. Only candidates are scored, and never more than `MOST_CANDIDATES` a round and
list, so that a search costs about the same however many matters there are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Row,
    Select,
    Text,
    and_,
    any_,
    cast,
    column,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Double

from catalog_service.matters.search import SPELT
from catalog_service.matters.search_query import Wanted
from catalog_service.matters.tables import MatterSite, PartnerMatter, PublishedMatter, SearchLine
from catalog_service.search.tables import MatterDemand
from tongban.paging import Paging, after

__all__ = ["Filters", "list_matters"]

MOST_CANDIDATES = 300
MOST_LINES = 30
FEW = 10
"""Fewer finds than this, and the next round is asked too."""

BEST = 100_000
SCALE = 1000
ALIKE = 1.5
"""What a name is worth that is spelt just as what was typed."""
DEMAND = 0.12
MOST_DEMAND = 0.9
"""Less than a word that fits: demand decides among matters that fit as well as each other."""

LOOSE_ROUND = 1

Listing = type[PublishedMatter] | type[PartnerMatter]
LISTED = (
    "code",
    "number",
    "owner_district",
    "name",
    "english_name",
    "matter_type",
    "handling",
    "area",
    "audiences",
    "channels",
    "body_name",
    "statutory_days",
    "statutory_unit",
    "promised_days",
    "required_materials",
    "life_stages",
)
FACETS = {
    "matter_type": False,
    "area": False,
    "handling": False,
    "audiences": True,
    "channels": True,
    "life_stages": True,
}
"""What finds are counted by; true where a matter can have several."""


@dataclass(frozen=True)
class Filters:
    """What the caller narrows the list by; None is no matter."""

    wanted: Wanted | None = None
    matter_type: str | None = None
    audience: str | None = None
    area: str | None = None
    handling: str | None = None
    channel: str | None = None
    life_stage: str | None = None
    site_id: str | None = None
    mode: str | None = None
    owner_district: str | None = None


async def list_matters(
    session: AsyncSession, filters: Filters, paging: Paging, *, district: str, facets: bool = False
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return a page of matters, the best finds first; without a search, by code."""
    listed = _found(filters, district=district).cte("listed")
    # Of finds as good as each other ours come first: they are decided here.
    statement = after(
        select(listed, (_facets(listed) if facets else null()).label("facets")),
        paging,
        listed.c.penalty,
        listed.c.is_handled_here_by_agreement,
        listed.c.code,
        listed.c.owner_district,
    )
    return (await session.execute(statement)).all()


def _found(filters: Filters, *, district: str) -> Select[*tuple[Any, ...]]:
    wanted = filters.wanted
    if wanted is None:
        every = union_all(*_both(filters, district=district)).subquery("every")
        return select(every, literal(0, Integer).label("penalty"))
    if not wanted.letters:
        nothing = union_all(*(one.where(false()) for one in _both(filters, district=district)))
        return select(nothing.subquery("nothing"), literal(0, Integer).label("penalty"))
    return _ranked(_candidates(filters, wanted, district=district), wanted)


def _candidates(filters: Filters, wanted: Wanted, *, district: str) -> CTE:
    """Return what may be meant: three rounds, a later one only where there were few before."""
    strict, loose = _tsquery(wanted.strict), _tsquery(wanted.loose)
    rounds: list[CTE] = []

    def ask(
        name: str,
        fits: Callable[[Listing], ColumnElement[bool]],
        alike: Callable[[Listing], ColumnElement[float]],
    ) -> None:
        parts = []
        tables: tuple[Listing, ...] = (PublishedMatter, PartnerMatter)
        for part, table in zip(_both(filters, district=district), tables, strict=True):
            narrowed = part.add_columns(
                table.lexemes,
                literal(len(rounds)).label("round"),
                cast(alike(table), Double).label("alike"),
            ).where(fits(table), _found_few(rounds))
            parts.append(select(narrowed.limit(MOST_CANDIDATES).subquery()))
        rounds.append(union_all(*parts).cte(name))

    def named_alike(table: Listing) -> ColumnElement[float]:
        return func.similarity(table.name_key, wanted.letters)

    def fits_no_query(table: Listing) -> ColumnElement[bool]:
        return and_(~_matches(table.lexemes, strict), ~_matches(table.lexemes, loose))

    ask("strict", lambda table: _matches(table.lexemes, strict), named_alike)
    ask(
        "loose",
        lambda table: and_(_matches(table.lexemes, loose), ~_matches(table.lexemes, strict)),
        named_alike,
    )
    spelling = _Spelling(wanted.letters, _near(wanted.letters, rounds))
    ask(
        "alike",
        lambda table: and_(spelling.is_like(table), fits_no_query(table)),
        spelling.likeness,
    )
    return union_all(*(select(one) for one in rounds)).cte("candidates")


def _found_few(rounds: Sequence[CTE]) -> ColumnElement[bool]:
    """Whether the rounds so far found fewer than `FEW`; PostgreSQL asks once, before it reads."""
    found = [select(func.count()).select_from(one).scalar_subquery() for one in rounds]
    return sum(found[1:], found[0]) < FEW if found else true()


def _near(letters: str, rounds: Sequence[CTE]) -> CTE:
    """Return the lines that are spelt most like what was typed: a letter missing or swapped."""
    line = SearchLine.line
    likeness = func.word_similarity(letters, line).label("likeness")
    # A line is letters alone, and so needs no quoting.
    lexeme = func.concat(f"'{SPELT}", line, "'").label("lexeme")
    return (
        select(lexeme, likeness)
        .where(_is_spelt_like(line, letters), _found_few(rounds))
        .group_by(line)
        .order_by(likeness.desc(), line)
        .limit(MOST_LINES)
        .cte("near")
    )


@dataclass(frozen=True)
class _Spelling:
    """How like what was typed a matter is spelt: ours by their lines, partners' few by the row."""

    letters: str
    near: CTE

    def is_like(self, table: Listing) -> ColumnElement[bool]:
        if table is PartnerMatter:
            return _is_spelt_like(table.search_text, self.letters)
        any_line = func.string_agg(self.near.c.lexeme, " | ")
        return _matches(table.lexemes, select(cast(any_line, TSQUERY)).scalar_subquery())

    def likeness(self, table: Listing) -> ColumnElement[float]:
        if table is PartnerMatter:
            return func.word_similarity(self.letters, table.search_text)
        has = _matches(table.lexemes, cast(self.near.c.lexeme, TSQUERY))
        return (
            select(func.max(self.near.c.likeness))
            .where(has)
            .correlate(PublishedMatter)
            .scalar_subquery()
        )


def _is_spelt_like(text: Any, letters: str) -> ColumnElement[bool]:
    return literal(letters, Text).op("<%", is_comparison=True)(text)


def _ranked(found: CTE, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    clue = (
        func.unnest(
            # Cast as a whole: else each query is parsed anew for each candidate.
            cast(literal([one.query for one in wanted.clues], ARRAY(Text)), ARRAY(TSQUERY)),
            literal([one.worth for one in wanted.clues], ARRAY(Double)),
        )
        .table_valued(column("query", TSQUERY), column("worth", Double))
        .render_derived("clue")
    )
    fits = (
        select(func.coalesce(func.sum(clue.c.worth), 0.0))
        .where(_matches(found.c.lexemes, clue.c.query))
        .scalar_subquery()
    )
    demand = func.least(MOST_DEMAND, DEMAND * func.ln(1 + func.coalesce(MatterDemand.cases, 0)))
    scored = (
        select(
            found,
            cast(fits, Double).label("fits"),
            cast(demand, Double).label("demand"),
        )
        .outerjoin(
            MatterDemand,
            and_(
                MatterDemand.code == found.c.code,
                MatterDemand.owner_district == found.c.owner_district,
            ),
        )
        .cte("scored")
    )
    score = scored.c.fits + ALIKE * scored.c.alike + scored.c.demand
    penalty = cast(BEST - func.round(score * SCALE), Integer)
    keeps = or_(scored.c.round != LOOSE_ROUND, scored.c.fits >= wanted.floor)
    shown = [
        one
        for one in scored.c
        if one.name in (*LISTED, "is_handled_here_by_agreement", "mode", "agreement")
    ]
    return select(*shown, penalty.label("penalty")).where(keeps)


def _facets(listed: CTE) -> ColumnElement[Any]:
    """Return `{facet: {value: count}}` of all finds, whatever page is asked for."""
    counts = []
    for name, several in FACETS.items():
        source: FromClause = listed
        value: ColumnElement[Any] = listed.c[name]
        if several:
            each = func.unnest(value).table_valued(column("value", Text)).render_derived("each")
            source, value = listed.join(each, true()), each.c.value
        counts.append(
            select(
                literal(name).label("facet"), value.label("value"), func.count().label("matters")
            )
            .select_from(source)
            .group_by(value)
        )
    counted = union_all(*counts).subquery("counted")
    by_value = (
        select(
            counted.c.facet,
            func.jsonb_object_agg(counted.c.value, counted.c.matters).label("values"),
        )
        .group_by(counted.c.facet)
        .subquery("by_value")
    )
    return cast(
        select(func.jsonb_object_agg(by_value.c.facet, by_value.c["values"])).scalar_subquery(),
        JSONB,
    )


def _both(filters: Filters, *, district: str) -> tuple[Select[*tuple[Any, ...]], ...]:
    return _ours(filters), _partners(filters, district=district)


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
    statement: Select[*tuple[Any, ...]] = select(*(getattr(table, name) for name in LISTED))
    for one, value in (
        (table.matter_type, filters.matter_type),
        (table.area, filters.area),
        (table.handling, filters.handling),
        (table.owner_district, filters.owner_district),
    ):
        if value is not None:
            statement = statement.where(one == value)
    for several, value in (
        (table.audiences, filters.audience),
        (table.channels, filters.channel),
        (table.life_stages, filters.life_stage),
    ):
        if value is not None:
            statement = statement.where(several.contains([value]))
    return statement


def _tsquery(query: str) -> ColumnElement[Any]:
    return cast(literal(query, Text), TSQUERY)


def _matches(lexemes: Any, query: ColumnElement[Any]) -> ColumnElement[bool]:
    matches: ColumnElement[bool] = lexemes.op("@@", is_comparison=True)(query)
    return matches
