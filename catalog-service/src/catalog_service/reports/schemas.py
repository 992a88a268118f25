"""What goes out over HTTP about reports."""

from pydantic import BaseModel, ConfigDict

from catalog_service.reports.rules import GapKind

__all__ = ["GapRead", "ReconciliationRead"]


class GapRead(BaseModel):
    """One difference (差异)."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    kind: GapKind


class ReconciliationRead(BaseModel):
    """What should have been reported against what is there (对账结果)."""

    due: int
    held: int
    gaps: list[GapRead]
    mended: int
