"""What the QR code of a paper opens (扫码查验): a page for who looks, JSON for a program."""

import html
from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

__all__ = ["PAGE_TOO", "is_asked_by_browser", "page"]

PAGE_TOO: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}}
}
"""What a route tells of itself that answers a browser by a page."""

_PAGE = Template(files("case_service.documents").joinpath("verification.html").read_text("utf-8"))
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def is_asked_by_browser(request: Request) -> bool:
    """Tell whether a person's browser asks: it names HTML, which a program does not."""
    return "text/html" in request.headers.get("accept", "")


def page(verdict: str, *, is_good: bool, rows: Sequence[tuple[str, object]]) -> HTMLResponse:
    """Return the page that tells the verdict, and each row that there is something to tell in."""
    told = "\n".join(
        f"  <dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>"
        for name, value in rows
        if value is not None
    )
    return HTMLResponse(
        _PAGE.substitute(
            verdict=html.escape(verdict), mark="good" if is_good else "bad", rows=told
        ),
        headers={
            "Content-Security-Policy": _POLICY,
            "Cache-Control": "no-store",
            "Vary": "Accept",
        },
    )
