"""Imports that were begun: how far they came, and what became of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from catalog_service.database import CatalogTables
from tongban.db import Record

__all__ = ["CatalogImport", "ImportState"]


class ImportState(StrEnum):
    """导入状态."""

    RUNNING = "running"  # 进行中
    DONE = "done"  # 已完成
    REFUSED = "refused"  # 有误，未导入
    BROKEN_OFF = "broken_off"  # 中断，未导入


class CatalogImport(Record, CatalogTables):
    """目录导入: one large import."""

    __tablename__ = "catalog_imports"

    state: Mapped[ImportState]
    importer: Mapped[str]
    publish: Mapped[bool]
    is_dry_run: Mapped[bool]
    received: Mapped[int] = mapped_column(default=0)
    """Rows read so far; they are written when all are read, and stand when all are written."""
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    published: Mapped[int] = mapped_column(default=0)
    faults: Mapped[list[Any]] = mapped_column(default=list)
    finished_at: Mapped[datetime | None]
