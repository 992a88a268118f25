"""What goes in and out over HTTP about the catalog as a whole."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from catalog_service.matters.content import MatterContent

__all__ = ["CatalogExport", "ImportIn", "ImportRead"]


class ImportIn(BaseModel):
    """Matters to take over; an exported catalog is one."""

    model_config = ConfigDict(extra="forbid")

    matters: list[MatterContent] = Field(min_length=1, max_length=2000)


class ImportRead(BaseModel):
    """What an import did, or, as a dry run, would do (导入结果)."""

    created: int
    updated: int
    unchanged: int
    published: int
    is_dry_run: bool


class CatalogExport(BaseModel):
    """Every matter in force (事项目录)."""

    matters: list[dict[str, Any]] = Field(description="事项内容 / contents, by code")
