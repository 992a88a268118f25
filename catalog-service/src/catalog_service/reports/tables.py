"""What was reported upward last."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from catalog_service.database import CatalogTables

__all__ = ["UpwardReport"]


class UpwardReport(CatalogTables):
    """上报记录: the newest state of a matter's version or of a claim that was sent."""

    __tablename__ = "upward_reports"

    key: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str]
    reported_at: Mapped[datetime]
