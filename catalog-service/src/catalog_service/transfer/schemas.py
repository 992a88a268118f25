"""What goes in and out over HTTP about the catalog as a whole."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog_service.basic_items.schemas import BasicItemsIn
from catalog_service.matters.content import MatterContent
from catalog_service.transfer.tables import ImportState

__all__ = ["CatalogExport", "ImportIn", "ImportProgress", "ImportRead"]


class ImportIn(BaseModel):
    """Matters to take over; an exported catalog is one."""

    model_config = ConfigDict(extra="forbid")

    matters: list[MatterContent] = Field(min_length=1, max_length=2000)
    basic_items: BasicItemsIn | None = Field(
        default=None,
        description="一并下发的基本目录，限系统管理员 / basic items that come along, admins only",
    )


class ImportRead(BaseModel):
    """What an import did, or, as a dry run, would do (导入结果)."""

    created: int
    updated: int
    unchanged: int
    published: int
    is_dry_run: bool


class ImportProgress(BaseModel):
    """How far a large import came, and what became of it (导入进度)."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    state: ImportState
    importer: str
    publish: bool
    is_dry_run: bool
    received: int = Field(description="已读取行数 / rows read so far; then they are written")
    created: int
    updated: int
    unchanged: int
    published: int
    faults: list[dict[str, Any]] = Field(
        description="有误之处 / by row and pointer, or by sheet, row and column"
    )
    created_at: datetime
    updated_at: datetime = Field(description="最近一次进展 / when it last moved on")
    finished_at: datetime | None


class CatalogExport(BaseModel):
    """Every matter in force (事项目录)."""

    matters: list[dict[str, Any]] = Field(description="事项内容 / contents, by code")
