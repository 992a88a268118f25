"""HTTP about reports upward."""

from typing import Annotated

from catalog_service.reports import service
from catalog_service.reports.schemas import GapRead, ReconciliationRead
from tongban.app import router as new_router
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, Role, allow

__all__ = ["router"]

router = new_router("reports")

Reconciler = Annotated[Caller, allow(Role.CATALOG_EDITOR, Role.ADMIN)]


@router.get("/api/v1/catalog/reports/reconcile")
async def read_reconciliation(
    session: Session, context: InContext, _caller: Reconciler
) -> ReconciliationRead:
    """汇聚对账: what should have been reported upward against what is there."""
    return _read(await service.find_gaps(session, context), is_mended=False)


@router.post("/api/v1/catalog/reports/reconcile")
async def mend_reports(
    session: Session, context: InContext, _caller: Reconciler
) -> ReconciliationRead:
    """汇聚补报: send what is missing or differs once more, take back what should not be there."""
    return _read(await service.mend_gaps(session, context), is_mended=True)


def _read(reconciled: service.Reconciled, *, is_mended: bool) -> ReconciliationRead:
    due, held, gaps = reconciled
    return ReconciliationRead(
        due=due,
        held=held,
        gaps=[GapRead.model_validate(gap) for gap in gaps],
        mended=len(gaps) if is_mended else 0,
    )
