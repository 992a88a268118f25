"""The metrics, put together from the groups' sums."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters.words import chinese
from catalog_service.metrics import store
from catalog_service.metrics.errors import MaterialsUnknown
from catalog_service.metrics.rules import (
    FORMULA,
    SAVING_FORMULA,
    By,
    month_ends,
    reduction,
    savings,
    yearly,
)
from catalog_service.metrics.schemas import (
    CatalogMetrics,
    CrossDistrict,
    Formula,
    Group,
    GroupedMetrics,
    Month,
    NamedGroup,
    Reduction,
    SavingRead,
    Trend,
    WhatIfIn,
    WhatIfRead,
)
from catalog_service.search import service as search
from catalog_service.search.rules import HALF_LIFE
from tongban.paging import Paging, page_of

__all__ = ["measure", "measure_by", "measure_months", "what_if"]

NOTHING = Reduction(before=0, now=0, reduction=None)
NOBODY = Group(
    matters=0,
    with_baseline=0,
    materials=NOTHING,
    days=NOTHING,
    days_since_baseline=NOTHING,
    materials_cut_by_half=0,
    time_cut_by_seventy=0,
    both_cut=0,
    visits=0,
    without_visit=0,
    by_online_depth={str(depth): 0 for depth in store.DEPTHS},
    handled_in_one_place=0,
    cross_district=0,
)
# Whose words name the groups; bodies and matters have names of their own.
WORDS = {By.MATTER_TYPE: "MatterType", By.AREA: "Area"}


async def measure(session: AsyncSession, *, district: str) -> CatalogMetrics:
    """Compute the reform's results from what is in force now."""
    rows = await store.groups(session)
    offers = await store.partners(session, district=district)
    whole = next(
        row for row in rows if (row.matter_type, row.body_kind, row.concentrated) == (None,) * 3
    )
    concentrated = next((_group(row) for row in rows if row.concentrated), NOBODY)
    by_mode: Counter[str] = Counter()
    for offer in offers:
        by_mode[offer.mode] += offer.matters
    return CatalogMetrics(
        concentrated=concentrated.matters,
        total=_group(whole),
        concentrated_matters=concentrated,
        by_matter_type={row.matter_type: _group(row) for row in rows if row.matter_type},
        by_body_kind={row.body_kind: _group(row) for row in rows if row.body_kind},
        cross_district=CrossDistrict(
            ours=whole.cross_district,
            partners=by_mode.total(),
            partner_districts=len({offer.owner_district for offer in offers}),
            partners_by_mode=dict(by_mode),
        ),
        formula=_formula(FORMULA),
        baseline_as_of=whole.as_of or [],
    )


async def measure_by(session: AsyncSession, by: By, paging: Paging) -> GroupedMetrics:
    """Compute the results of each matter, body, type or area, a page at a time."""
    found = await store.named_groups(session, by, paging)
    rows, cursor = page_of(found, paging, key=lambda row: (row.key,))
    return GroupedMetrics(
        by=by,
        items=[
            NamedGroup(
                key=row.key,
                name=chinese(WORDS[by], row.name) if by in WORDS else row.name,
                **_group(row).model_dump(),
            )
            for row in rows
        ],
        next_cursor=cursor,
        formula=_formula(FORMULA),
        baseline_as_of=[date.fromisoformat(one) for one in await store.baselines(session)],
    )


async def measure_months(session: AsyncSession, first: date, last: date) -> Trend:
    """Compute the results as they stood at the end of each month."""
    rows = await store.trend(session, [*month_ends(first, last)])
    return Trend(
        months=[
            Month(month=f"{row.day:%Y-%m}", as_of=row.day, measured=_group(row)) for row in rows
        ],
        formula=_formula(FORMULA),
    )


async def what_if(session: AsyncSession, asked: WhatIfIn, *, district: str) -> WhatIfRead:
    """Work out what applicants would no longer bring, if a licence waived these materials.

    Raises:
        MaterialsUnknown: 422.
    """
    names = asked.materials or await store.waived_names(session, asked.licence_type)
    if not names:
        raise MaterialsUnknown(licence_type=asked.licence_type)
    found = await store.waivable(session, asked.licence_type, names)
    demand = await search.demand(session, district=district)
    ranked = savings(
        [(row[0], row[1], row[2]) for row in found],
        {code: yearly(cases, HALF_LIFE) for code, cases in demand.items()},
    )
    return WhatIfRead(
        licence_type=asked.licence_type,
        materials=[*names],
        matters=len(ranked),
        copies_a_year=round(sum(one.copies_a_year for one in ranked), 1),
        items=[SavingRead.model_validate(one) for one in ranked[: asked.most]],
        formula=_formula(SAVING_FORMULA),
    )


def _formula(said: Mapping[str, str]) -> Formula:
    return Formula(zh_cn=said["zh-CN"], en=said["en"])


def _group(row: Row[*tuple[Any, ...]]) -> Group:
    return Group(
        matters=row.matters,
        with_baseline=row.with_baseline,
        materials=_reduction(row.materials_before, row.materials_now),
        days=_reduction(row.days_before, row.days_now),
        days_since_baseline=_reduction(row.baseline_days_before, row.baseline_days_now),
        materials_cut_by_half=row.materials_cut_by_half,
        time_cut_by_seventy=row.time_cut_by_seventy,
        both_cut=row.both_cut,
        visits=row.visits,
        without_visit=row.without_visit,
        by_online_depth={str(one): getattr(row, f"depth_{one}") for one in store.DEPTHS},
        handled_in_one_place=row.handled_in_one_place,
        cross_district=row.cross_district,
    )


def _reduction(before: int, now: int) -> Reduction:
    return Reduction(before=before, now=now, reduction=reduction(before, now))
