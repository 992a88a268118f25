"""The list of matters: ours in force and partners' offered, filtered, searched and ranked in SQL.

One statement a page. A search takes its candidates from the indexes in three rounds, each asked
only where those before it found few: what everything typed fits, what some telling word fits, and
what is spelt alike. Only candidates are scored, and never more than `MOST_CANDIDATES` a round and
list, so that a search costs about the same however many matters there are.

What is asked comes as parameters: a statement is put together once for each way of narrowing, for
that costs more CPU than all else that a search does here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    and_,
    any_,
    bindparam,
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
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Double

from catalog_service.matters.facets import facets_of
from catalog_service.matters.search import SPELT
from catalog_service.matters.search_query import Wanted
from catalog_service.matters.tables import MatterSite, PartnerMatter, PublishedMatter, SearchLine
from catalog_service.search.tables import MatterDemand
from tongban.paging import Paging, after

__all__ = ["Filters", "list_matters"]

MOST_CANDIDATES = 200
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

MOST_STATEMENTS = 256
"""So many ways of narrowing are kept put together."""
DISTRICT = bindparam("district", type_=Text)
LETTERS = bindparam("letters", type_=Text)
STRICT = bindparam("strict", type_=Text)
LOOSE = bindparam("loose", type_=Text)
QUERIES = bindparam("queries", type_=ARRAY(Text))
WORTHS = bindparam("worths", type_=ARRAY(Double))
FLOOR = bindparam("floor", type_=Double)

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


class _Search(Enum):
    """What was typed to find matters by."""

    NONE = auto()
    NO_LETTERS = auto()
    LETTERS = auto()


Asked = Mapping[str, ColumnElement[Any]]
"""The parameter of each filter that is set, by its name in `Filters`."""


async def list_matters(
    session: AsyncSession, filters: Filters, paging: Paging, *, district: str, facets: bool = False
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return a page of matters, the best finds first; without a search, by code."""
    narrowing = {
        one.name: getattr(filters, one.name) for one in fields(filters) if one.name != "wanted"
    }
    values = {name: value for name, value in narrowing.items() if value is not None}
    statement = _listed(frozenset(values), _search_of(filters.wanted), facets=facets)
    listed = statement.selected_columns
    # Of finds as good as each other ours come first: they are decided here.
    statement = after(
        statement,
        paging,
        listed.penalty,
        listed.is_handled_here_by_agreement,
        listed.code,
        listed.owner_district,
    )
    told = {**values, **_told_of(filters.wanted), "district": district}
    return (await session.execute(statement, told)).all()


def _search_of(wanted: Wanted | None) -> _Search:
    if wanted is None:
        return _Search.NONE
    return _Search.LETTERS if wanted.letters else _Search.NO_LETTERS


def _told_of(wanted: Wanted | None) -> dict[str, Any]:
    """Return the values of a search's parameters."""
    if _search_of(wanted) is not _Search.LETTERS or wanted is None:
        return {}
    return {
        "letters": wanted.letters,
        "strict": wanted.strict,
        "loose": wanted.loose,
        "queries": [one.query for one in wanted.clues],
        "worths": [one.worth for one in wanted.clues],
        "floor": wanted.floor,
    }


@lru_cache(maxsize=MOST_STATEMENTS)
def _listed(narrowed: frozenset[str], search: _Search, *, facets: bool) -> Select[*tuple[Any, ...]]:
    """Return all that is listed where these filters are set, unordered."""
    listed = _found({name: bindparam(name) for name in narrowed}, search).cte("listed")
    return select(listed, (facets_of(listed) if facets else null()).label("facets"))


def _found(asked: Asked, search: _Search) -> Select[*tuple[Any, ...]]:
    if search is _Search.NONE:
        every = union_all(*_both(asked)).subquery("every")
        return select(every, literal(0, Integer).label("penalty"))
    if search is _Search.NO_LETTERS:
        nothing = union_all(*(one.where(false()) for one in _both(asked)))
        return select(nothing.subquery("nothing"), literal(0, Integer).label("penalty"))
    return _ranked(_candidates(asked))


def _candidates(asked: Asked) -> CTE:
    """Return what may be meant: three rounds, a later one only where there were few before."""
    strict, loose = cast(STRICT, TSQUERY), cast(LOOSE, TSQUERY)
    rounds: list[CTE] = []

    def ask(
        name: str,
        fits: Callable[[Listing], ColumnElement[bool]],
        alike: Callable[[Listing], ColumnElement[float]],
    ) -> None:
        parts = []
        tables: tuple[Listing, ...] = (PublishedMatter, PartnerMatter)
        for part, table in zip(_both(asked), tables, strict=True):
            narrowed = part.add_columns(
                table.lexemes,
                literal(len(rounds)).label("round"),
                cast(alike(table), Double).label("alike"),
            ).where(fits(table), _found_few(rounds))
            parts.append(select(narrowed.limit(MOST_CANDIDATES).subquery()))
        rounds.append(union_all(*parts).cte(name))

    def named_alike(table: Listing) -> ColumnElement[float]:
        return func.similarity(table.name_key, LETTERS)

    def fits_no_query(table: Listing) -> ColumnElement[bool]:
        return and_(~_matches(table.lexemes, strict), ~_matches(table.lexemes, loose))

    ask("strict", lambda table: _matches(table.lexemes, strict), named_alike)
    ask(
        "loose",
        lambda table: and_(_matches(table.lexemes, loose), ~_matches(table.lexemes, strict)),
        named_alike,
    )
    spelling = _Spelling(_near(rounds))
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


def _near(rounds: Sequence[CTE]) -> CTE:
    """Return the lines that are spelt most like what was typed: a letter missing or swapped."""
    line = SearchLine.line
    likeness = func.word_similarity(LETTERS, line).label("likeness")
    # A line is letters alone, and so needs no quoting.
    lexeme = func.concat(f"'{SPELT}", line, "'").label("lexeme")
    return (
        select(lexeme, likeness)
        .where(_is_spelt_like(line), _found_few(rounds))
        .group_by(line)
        .order_by(likeness.desc(), line)
        .limit(MOST_LINES)
        .cte("near")
    )


@dataclass(frozen=True)
class _Spelling:
    """How like what was typed a matter is spelt: ours by their lines, partners' few by the row."""

    near: CTE

    def is_like(self, table: Listing) -> ColumnElement[bool]:
        if table is PartnerMatter:
            return _is_spelt_like(table.search_text)
        any_line = func.string_agg(self.near.c.lexeme, " | ")
        return _matches(table.lexemes, select(cast(any_line, TSQUERY)).scalar_subquery())

    def likeness(self, table: Listing) -> ColumnElement[float]:
        if table is PartnerMatter:
            return func.word_similarity(LETTERS, table.search_text)
        has = _matches(table.lexemes, cast(self.near.c.lexeme, TSQUERY))
        return (
            select(func.max(self.near.c.likeness))
            .where(has)
            .correlate(PublishedMatter)
            .scalar_subquery()
        )


def _is_spelt_like(text: Any) -> ColumnElement[bool]:
    return LETTERS.op("<%", is_comparison=True)(text)


def _ranked(found: CTE) -> Select[*tuple[Any, ...]]:
    clue = (
        func.unnest(
            # Cast as a whole: else each query is parsed anew for each candidate.
            cast(QUERIES, ARRAY(TSQUERY)),
            WORTHS,
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
        # As a whole: what fits is counted for the floor and for the score, else once for each.
        .prefix_with("MATERIALIZED")
    )
    score = scored.c.fits + ALIKE * scored.c.alike + scored.c.demand
    penalty = cast(BEST - func.round(score * SCALE), Integer)
    keeps = or_(scored.c.round != LOOSE_ROUND, scored.c.fits >= FLOOR)
    shown = [
        one
        for one in scored.c
        if one.name in (*LISTED, "is_handled_here_by_agreement", "mode", "agreement")
    ]
    return select(*shown, penalty.label("penalty")).where(keeps)


def _both(asked: Asked) -> tuple[Select[*tuple[Any, ...]], ...]:
    return _ours(asked), _partners(asked)


def _ours(asked: Asked) -> Select[*tuple[Any, ...]]:
    no_text = cast(null(), Text)
    statement = _listing(PublishedMatter, asked).add_columns(
        literal(False).label("is_handled_here_by_agreement"),
        no_text.label("mode"),
        no_text.label("agreement"),
    )
    if "mode" in asked:
        statement = statement.where(false())
    if "site_id" in asked:
        handled = _handled_at(asked["site_id"], MatterSite.matters)
        statement = statement.where(PublishedMatter.code == handled)
    return statement


def _partners(asked: Asked) -> Select[*tuple[Any, ...]]:
    # What we offer to partners is told as an offer too; here it is ours, not a partner's.
    statement = (
        _listing(PartnerMatter, asked)
        .add_columns(
            literal(True).label("is_handled_here_by_agreement"),
            PartnerMatter.mode,
            PartnerMatter.agreement,
        )
        .where(PartnerMatter.is_offered, PartnerMatter.owner_district != DISTRICT)
    )
    if "mode" in asked:
        statement = statement.where(PartnerMatter.mode == asked["mode"])
    if "site_id" in asked:
        handled = _handled_at(asked["site_id"], MatterSite.partner_matters)
        statement = statement.where(PartnerMatter.code == handled)
    return statement


def _handled_at(site_id: ColumnElement[Any], codes: Any) -> ColumnElement[Any]:
    return any_(
        select(func.unnest(codes))
        .where(MatterSite.site_id == site_id, MatterSite.is_open)
        .scalar_subquery()
    )


def _listing(table: Listing, asked: Asked) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = select(*(getattr(table, name) for name in LISTED))
    for name in ("matter_type", "area", "handling", "owner_district"):
        if name in asked:
            statement = statement.where(getattr(table, name) == asked[name])
    for name, several in (
        ("audience", table.audiences),
        ("channel", table.channels),
        ("life_stage", table.life_stages),
    ):
        if name in asked:
            statement = statement.where(several.contains(array([cast(asked[name], Text)])))
    return statement


def _matches(lexemes: Any, query: ColumnElement[Any]) -> ColumnElement[bool]:
    matches: ColumnElement[bool] = lexemes.op("@@", is_comparison=True)(query)
    return matches
