"""HTTP of the hall's screen: the live stream, and the page that shows it."""

from importlib.resources import files
from typing import Annotated

from fastapi import Header
from fastapi.responses import HTMLResponse, StreamingResponse

from site_service.errors import SiteNotFound
from site_service.queue.routes import SiteIdPath
from site_service.queue.stream import Streams
from site_service.sites import service as sites
from tongban import app
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import MaybeCaller
from tongban.problems import problems

__all__ = ["router"]

router = app.router("queue")

PAGE = files("site_service.queue").joinpath("display.html").read_text("utf-8")
LastEvent = Annotated[str | None, Header(alias="Last-Event-ID", max_length=200)]
# A page of our own that loads nothing from anywhere else.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
)


@router.get(
    "/api/v1/sites/{site_id}/queue/stream",
    response_class=StreamingResponse,
    responses={
        **problems(SiteNotFound),
        200: {
            "description": "Server-Sent Events",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
    },
)
async def stream_queue(
    site_id: SiteIdPath,
    session: Session,
    context: InContext,
    _caller: MaybeCaller,
    last_event_id: LastEvent = None,
) -> StreamingResponse:
    """排队实时推送: Server-Sent Events; with `Last-Event-ID` it goes on where it was broken off."""
    await sites.get(session, site_id)
    # What is no number of ours is no place to resume from: the whole queue is told.
    seen = int(last_event_id) if last_event_id and _is_number(last_event_id) else None
    return StreamingResponse(
        Streams.of(context).listen(site_id, seen),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


@router.get(
    "/api/v1/sites/{site_id}/display",
    response_class=HTMLResponse,
    responses=problems(SiteNotFound),
)
async def show_display(site_id: SiteIdPath, session: Session, _caller: MaybeCaller) -> HTMLResponse:
    """大厅叫号屏: the page for the screen in the hall; it reconnects by itself."""
    await sites.get(session, site_id)
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})
