"""The metrics, put together from the groups' sums."""

from collections import Counter
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.metrics import store
from catalog_service.metrics.rules import FORMULA, reduction
from catalog_service.metrics.schemas import (
    CatalogMetrics,
    CrossDistrict,
    Formula,
    Group,
    Reduction,
)

__all__ = ["measure"]

NOBODY = Group(
    matters=0,
    with_baseline=0,
    materials=Reduction(before=0, now=0, reduction=None),
    days=Reduction(before=0, now=0, reduction=None),
    materials_cut_by_half=0,
    time_cut_by_seventy=0,
    both_cut=0,
)


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
        formula=Formula(zh_cn=FORMULA["zh-CN"], en=FORMULA["en"]),
        baseline_as_of=whole.as_of or [],
    )


def _group(row: Row[*tuple[Any, ...]]) -> Group:
    return Group(
        matters=row.matters,
        with_baseline=row.with_baseline,
        materials=_reduction(row.materials_before, row.materials_now),
        days=_reduction(row.days_before, row.days_now),
        materials_cut_by_half=row.materials_cut_by_half,
        time_cut_by_seventy=row.time_cut_by_seventy,
        both_cut=row.both_cut,
    )


def _reduction(before: int, now: int) -> Reduction:
    return Reduction(before=before, now=now, reduction=reduction(before, now))
