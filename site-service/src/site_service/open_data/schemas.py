"""What goes out over HTTP as HSDS 3.0: the shapes are HSDS's own, held to by conformance tests."""

from typing import Any

from pydantic import BaseModel, Field

__all__ = ["HsdsPage", "HsdsRoot"]


class HsdsRoot(BaseModel):
    """What the API speaks."""

    version: str = "3.0"
    profile: str
    openapi_url: str


class HsdsPage(BaseModel):
    """A page, as HSDS counts: from one on."""

    total_items: int
    total_pages: int
    page_number: int
    size: int = Field(description="本页条数 / on this page")
    first_page: bool
    last_page: bool
    empty: bool
    contents: list[dict[str, Any]]
