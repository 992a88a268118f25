"""Every statement that reads one matter as it applies here, ours or a partner's: one each.

Of a version that the caller has by its ETag no content is read, however large it is.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlalchemy.orm.attributes import set_committed_value

from catalog_service.matters.rules import State
from catalog_service.matters.tables import Matter, MatterSite, MatterVersion, PartnerMatter

__all__ = [
    "NOTHING_KNOWN",
    "Applicable",
    "Guidable",
    "applicable",
    "guidable",
    "valid_on",
    "version_of",
]

NOTHING_KNOWN: Set[int] = frozenset()


@dataclass(frozen=True)
class Applicable:
    """A matter that can be applied for here, ours or a partner's."""

    code: str
    version: int
    owner_district: str
    tag: int
    """What changes with the version in force, and with its planned end."""
    content: dict[str, Any]
    """Empty where the caller has it: his tag is this one."""
    effective_from: date | None
    retired_on: date | None
    mode: str | None
    agreement: str | None
    forward_within_days: int | None

    @property
    def is_handled_here_by_agreement(self) -> bool:
        return self.agreement is not None


@dataclass(frozen=True)
class Guidable:
    """A matter that people are led through, and the open sites that handle it."""

    code: str
    version: int
    owner_district: str
    content: dict[str, Any]
    sites: Sequence[dict[str, Any]]


async def applicable(
    session: AsyncSession, code: str, *, district: str, known: Set[int] = NOTHING_KNOWN
) -> Applicable | None:
    """Return our matter as it is in force, else a partner's that is offered here."""
    ours = _ours(code, known).where(MatterVersion.state == State.PUBLISHED)
    return await _first(session, code, ours, _theirs(code, known, district=district))


async def valid_on(
    session: AsyncSession, code: str, day: date, *, known: Set[int] = NOTHING_KNOWN
) -> Applicable | None:
    """Return a matter of ours with the version that is, was or will be valid on `day`."""
    ours = _ours(code, known).where(
        MatterVersion.effective_from <= day,
        or_(MatterVersion.retired_on.is_(None), MatterVersion.retired_on > day),
    )
    return await _first(session, code, ours)


async def guidable(session: AsyncSession, code: str, *, district: str) -> Guidable | None:
    """Return our matter as it is in force, else a partner's, with the sites that handle it."""
    ours = _ours(code, NOTHING_KNOWN).where(MatterVersion.state == State.PUBLISHED)
    theirs = _theirs(code, NOTHING_KNOWN, district=district)
    either = union_all(ours, theirs).subquery("either")
    found = await session.execute(
        select(
            either.c.number.label("version"),
            either.c.owner_district,
            either.c.content,
            _sites_handling(code).label("sites"),
        )
        .order_by(either.c.rank, either.c.owner_district)
        .limit(1)
    )
    row = found.mappings().one_or_none()
    return None if row is None else Guidable(code=code, **row)


async def version_of(
    session: AsyncSession, code: str, number: int, *, known: Set[int] = NOTHING_KNOWN
) -> MatterVersion | None:
    """Return one version; without its content where the caller has it."""
    found = await session.execute(
        select(MatterVersion, _unless(known, MatterVersion.version, MatterVersion.content))
        .options(defer(MatterVersion.content, raiseload=True))
        .where(MatterVersion.code == code, MatterVersion.number == number)
    )
    row = found.one_or_none()
    if row is None:
        return None
    version: MatterVersion = row[0]
    content: dict[str, Any] | None = row[1]
    if content is not None:
        set_committed_value(version, "content", content)
    return version


async def _first(
    session: AsyncSession, code: str, *ways: Select[*tuple[Any, ...]]
) -> Applicable | None:
    either = union_all(*ways).subquery("either")
    found = await session.execute(
        select(either).order_by(either.c.rank, either.c.owner_district).limit(1)
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    told = {name: value for name, value in row.items() if name not in ("rank", "number", "content")}
    return Applicable(code=code, version=row["number"], content=row["content"] or {}, **told)


def _ours(code: str, known: Set[int]) -> Select[*tuple[Any, ...]]:
    # The version's own number tells versions apart, the row's counts what was planned of each.
    tag = cast(MatterVersion.number, BigInteger) * 1_000_000 + MatterVersion.version
    return (
        select(
            literal(0, Integer).label("rank"),
            MatterVersion.number,
            Matter.owner_district,
            tag.label("tag"),
            _unless(known, tag, MatterVersion.content),
            MatterVersion.effective_from,
            MatterVersion.retired_on,
            cast(null(), Text).label("mode"),
            cast(null(), Text).label("agreement"),
            cast(null(), Integer).label("forward_within_days"),
        )
        .join(Matter, Matter.code == MatterVersion.code)
        .where(MatterVersion.code == code)
    )


def _theirs(code: str, known: Set[int], *, district: str) -> Select[*tuple[Any, ...]]:
    return select(
        literal(1, Integer).label("rank"),
        PartnerMatter.number,
        PartnerMatter.owner_district,
        PartnerMatter.sequence.label("tag"),
        _unless(known, PartnerMatter.sequence, PartnerMatter.content),
        cast(null(), Date).label("effective_from"),
        cast(null(), Date).label("retired_on"),
        PartnerMatter.mode,
        PartnerMatter.agreement,
        PartnerMatter.forward_within_days,
    ).where(
        PartnerMatter.code == code,
        PartnerMatter.is_offered,
        PartnerMatter.owner_district != district,
    )


def _unless(known: Set[int], tag: Any, content: Any) -> ColumnElement[Any]:
    """Return the content, which PostgreSQL does not fetch where the tag is known."""
    is_known = tag == func.any(literal(sorted(known), ARRAY(BigInteger)))
    return case((is_known, cast(null(), JSONB)), else_=content).label("content")


def _sites_handling(code: str) -> Any:
    site = func.jsonb_build_object(
        "site_id", MatterSite.site_id, "kind", MatterSite.kind, "name", MatterSite.name
    )
    in_order: Any = aggregate_order_by(site, MatterSite.site_id)
    handles = or_(MatterSite.matters.contains([code]), MatterSite.partner_matters.contains([code]))
    return (
        select(func.coalesce(func.jsonb_agg(in_order), func.jsonb_build_array()))
        .where(MatterSite.is_open, handles)
        .scalar_subquery()
    )
