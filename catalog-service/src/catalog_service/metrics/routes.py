"""HTTP about the reform's results."""

from catalog_service.metrics import service
from catalog_service.metrics.schemas import CatalogMetrics
from tongban.app import router as new_router
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import MaybeCaller

__all__ = ["router"]

router = new_router("catalog")


@router.get("/api/v1/catalog/metrics")
async def read_metrics(
    session: Session, context: InContext, _caller: MaybeCaller
) -> CatalogMetrics:
    """改革成效: materials and time cut, counted from the matters in force."""
    return await service.measure(session, district=context.settings.district)
