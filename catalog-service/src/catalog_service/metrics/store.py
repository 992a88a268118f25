"""The metrics' SQL: sums over the versions' measures, and over the partners' matters."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Row,
    Select,
    TableValuedAlias,
    and_,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters.rules import State
from catalog_service.matters.tables import MatterVersion, PartnerMatter
from catalog_service.matters.vocabulary import HandlingScope
from catalog_service.metrics.rules import MATERIALS_TARGET_PERCENT, TIME_TARGET_PERCENT, By
from tongban.paging import Paging, after

__all__ = ["baselines", "groups", "named_groups", "partners", "trend", "waivable", "waived_names"]

V = MatterVersion
Rows = Sequence[Row[*tuple[Any, ...]]]
IN_FORCE = V.state == State.PUBLISHED
DEPTHS = range(6)

_KEYS = {
    By.MATTER: (V.code, V.name),
    By.BODY: (V.body_code, V.body_name),
    By.MATTER_TYPE: (V.matter_type, V.matter_type),
    By.AREA: (V.area, V.area),
}


def _cut(before: Any, now: Any, percent: int) -> ColumnElement[bool]:
    """At least `percent` of `before` is gone, in whole numbers: no rounding decides."""
    return and_(before > 0, now * 100 <= before * (100 - percent))


def _sum(of: Any, *, where: Any = True) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(of).filter(where), 0), Integer)


def _sums() -> list[ColumnElement[Any]]:
    """Return what is told of any group of versions."""
    fewer = _cut(V.baseline_materials, V.required_materials, MATERIALS_TARGET_PERCENT)
    faster = _cut(V.statutory_working_days, V.promised_days, TIME_TARGET_PERCENT)
    has_baseline = V.baseline_as_of.is_not(None)
    return [
        func.count(V.id).label("matters"),
        func.count().filter(has_baseline).label("with_baseline"),
        _sum(V.baseline_materials, where=has_baseline).label("materials_before"),
        _sum(V.required_materials, where=has_baseline).label("materials_now"),
        _sum(V.statutory_working_days, where=V.id.is_not(None)).label("days_before"),
        _sum(V.promised_days, where=V.id.is_not(None)).label("days_now"),
        _sum(V.baseline_days, where=has_baseline).label("baseline_days_before"),
        _sum(V.promised_days, where=has_baseline).label("baseline_days_now"),
        func.count().filter(fewer).label("materials_cut_by_half"),
        func.count().filter(faster).label("time_cut_by_seventy"),
        func.count().filter(fewer & faster).label("both_cut"),
        _sum(V.visits, where=V.id.is_not(None)).label("visits"),
        func.count().filter(V.visits == 0).label("without_visit"),
        *(func.count().filter(V.online_depth == one).label(f"depth_{one}") for one in DEPTHS),
        func.count().filter(V.concentrated.is_(True)).label("handled_in_one_place"),
        func.count().filter(V.handling_scope != HandlingScope.LOCAL).label("cross_district"),
    ]


async def groups(session: AsyncSession) -> Rows:
    """Return the sums of all matters, and by type, by kind of body, and by concentration."""
    found = await session.execute(
        select(
            V.matter_type,
            V.body_kind,
            V.concentrated,
            *_sums(),
            func.array_agg(V.baseline_as_of.distinct())
            .filter(V.baseline_as_of.is_not(None))
            .label("as_of"),
        )
        .where(IN_FORCE)
        .group_by(
            func.grouping_sets(
                tuple_(), tuple_(V.matter_type), tuple_(V.body_kind), tuple_(V.concentrated)
            )
        )
    )
    return found.all()


async def named_groups(session: AsyncSession, by: By, paging: Paging) -> Rows:
    """Return a page of groups, each with its key and name."""
    key, name = _KEYS[by]
    statement: Select[*tuple[Any, ...]] = (
        select(key.label("key"), func.min(name).label("name"), *_sums())
        .where(IN_FORCE)
        .group_by(key)
    )
    return (await session.execute(after(statement, paging, key))).all()


async def baselines(session: AsyncSession) -> Sequence[str]:
    """Return the dates of the baselines of what is in force."""
    found = await session.scalars(
        select(V.baseline_as_of)
        .distinct()
        .where(IN_FORCE, V.baseline_as_of.is_not(None))
        .order_by(V.baseline_as_of)
    )
    return [one for one in found if one is not None]


async def trend(session: AsyncSession, days: Sequence[date]) -> Rows:
    """Return the sums of what was in force on each of `days`."""
    asked = (
        func.unnest(literal([*days], ARRAY(Date)))
        .table_valued(column("day", Date))
        .render_derived("asked")
    )
    was_in_force = and_(
        V.state != State.DRAFT,
        V.effective_from <= asked.c.day,
        or_(V.retired_on.is_(None), V.retired_on > asked.c.day),
    )
    found = await session.execute(
        select(asked.c.day, *_sums())
        .select_from(asked)
        .outerjoin(V, was_in_force)
        .group_by(asked.c.day)
        .order_by(asked.c.day)
    )
    return found.all()


async def waived_names(session: AsyncSession, licence_type: str) -> Sequence[str]:
    """Return the names of the materials that this licence waives, or is, anywhere."""
    materials, results = _parts("materials"), _parts("results")
    waived = (
        select(materials.c.value["name"].astext)
        .select_from(V)
        .join(materials, true())
        .where(IN_FORCE, materials.c.value["waived_by"].contains([licence_type]))
    )
    made = (
        select(results.c.value["name"].astext)
        .select_from(V)
        .join(results, true())
        .where(IN_FORCE, results.c.value["licence_type"].astext == licence_type)
    )
    found = await session.scalars(waived.union(made))
    return sorted(name for name in found if name is not None)


async def waivable(session: AsyncSession, licence_type: str, names: Sequence[str]) -> Rows:
    """Return (code, name, material) of each material of these names that is still asked for."""
    materials = _parts("materials")
    material = materials.c.value
    found = await session.execute(
        select(V.code, V.name, material)
        .select_from(V)
        .join(materials, true())
        .where(
            IN_FORCE,
            material["name"].astext.in_(names),
            material["necessity"].astext.in_(["required", "supply_later"]),
            ~material["waived_by"].contains([licence_type]),
        )
    )
    return found.all()


def _parts(name: str) -> TableValuedAlias:
    """Return a table with a row for each part of that name, to be joined with the versions."""
    parts = func.jsonb_array_elements(V.content[name])
    return parts.table_valued(column("value", JSONB), name=name)


async def partners(session: AsyncSession, *, district: str) -> Rows:
    """Return how many matters each partner offers here, by mode."""
    found = await session.execute(
        select(PartnerMatter.owner_district, PartnerMatter.mode, func.count().label("matters"))
        .where(PartnerMatter.is_offered, PartnerMatter.owner_district != district)
        .group_by(PartnerMatter.owner_district, PartnerMatter.mode)
    )
    return found.all()
