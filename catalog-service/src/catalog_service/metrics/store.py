"""The metrics' SQL: one statement over our matters, one over the partners'."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from catalog_service.matters.tables import PartnerMatter, PublishedMatter
from catalog_service.matters.vocabulary import HandlingScope
from catalog_service.metrics.rules import MATERIALS_TARGET_PERCENT, TIME_TARGET_PERCENT

__all__ = ["groups", "partners"]

P = PublishedMatter


def _cut(
    before: InstrumentedAttribute[int | None] | InstrumentedAttribute[int],
    now: InstrumentedAttribute[int],
    percent: int,
) -> ColumnElement[bool]:
    """At least `percent` of `before` is gone, in whole numbers: no rounding decides."""
    return (before > 0) & (now * 100 <= before * (100 - percent))


async def groups(session: AsyncSession) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the sums of all matters, and by type, by kind of body, and by concentration."""
    fewer = _cut(P.baseline_materials, P.required_materials, MATERIALS_TARGET_PERCENT)
    faster = _cut(P.statutory_days, P.promised_days, TIME_TARGET_PERCENT)
    has_baseline = P.baseline_as_of.is_not(None)

    def total(column: Any) -> ColumnElement[int]:
        return cast(func.coalesce(func.sum(column).filter(has_baseline), 0), Integer)

    def all_of(column: Any) -> ColumnElement[int]:
        return cast(func.coalesce(func.sum(column), 0), Integer)

    found = await session.execute(
        select(
            P.matter_type,
            P.body_kind,
            P.concentrated,
            func.count().label("matters"),
            func.count().filter(has_baseline).label("with_baseline"),
            total(P.baseline_materials).label("materials_before"),
            total(P.required_materials).label("materials_now"),
            all_of(P.statutory_days).label("days_before"),
            all_of(P.promised_days).label("days_now"),
            func.count().filter(fewer).label("materials_cut_by_half"),
            func.count().filter(faster).label("time_cut_by_seventy"),
            func.count().filter(fewer & faster).label("both_cut"),
            func.count().filter(P.handling_scope != HandlingScope.LOCAL).label("cross_district"),
            func.array_agg(P.baseline_as_of.distinct()).filter(has_baseline).label("as_of"),
        ).group_by(
            func.grouping_sets(
                tuple_(), tuple_(P.matter_type), tuple_(P.body_kind), tuple_(P.concentrated)
            )
        )
    )
    return found.all()


async def partners(session: AsyncSession, *, district: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return how many matters each partner offers here, by mode."""
    found = await session.execute(
        select(PartnerMatter.owner_district, PartnerMatter.mode, func.count().label("matters"))
        .where(PartnerMatter.is_offered, PartnerMatter.owner_district != district)
        .group_by(PartnerMatter.owner_district, PartnerMatter.mode)
    )
    return found.all()
