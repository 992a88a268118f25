"""HTTP of texts made to be heard."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from site_service.errors import SiteNotFound, TicketNotFound
from site_service.queue import service as queue
from site_service.queue.rules import AT_THE_WINDOW
from site_service.sites import service as sites
from site_service.sites.schemas import MatterCode, SiteId
from site_service.speech import service
from site_service.speech.errors import SpokenTextsRefused
from site_service.speech.schemas import (
    ImportedSpoken,
    SpokenIn,
    SpokenRead,
    SpokenReport,
    SpokenTextsImport,
    TicketSpoken,
)
from tongban import app
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Identified, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router: APIRouter = app.router("speech")

Writer = Annotated[Caller, allow(Role.SITE_MANAGER, Role.ADMIN)]
SiteIdPath = Annotated[SiteId, Path(description="网点编号 / the site's id")]
MatterPath = Annotated[MatterCode, Path(description="事项编码 / the matter's code")]


@router.post(
    "/api/v1/sites/spoken-texts/import", responses=problems(SpokenTextsRefused, ForeignSite)
)
async def import_spoken(body: SpokenTextsImport, session: Session, caller: Writer) -> SpokenReport:
    """语音文本导入: short sentences of sites and matters, all or none; safe to repeat."""
    for one in body.texts:
        caller.require_site(one.site_id)
    return SpokenReport(texts=await service.keep(session, body, caller=caller))


@router.get("/api/v1/sites/{site_id}/spoken-text", responses=problems(SiteNotFound))
async def read_spoken(site_id: SiteIdPath, session: Session, _caller: MaybeCaller) -> SpokenRead:
    """网点语音文本: what the site says in short sentences, its own or the usual ones."""
    return await service.of_site(session, site_id)


@router.put(
    "/api/v1/sites/{site_id}/spoken-text",
    responses=problems(SiteNotFound, SpokenTextsRefused, ForeignSite),
)
async def keep_spoken(
    site_id: SiteIdPath, body: SpokenIn, session: Session, caller: Writer
) -> SpokenRead:
    """网点语音文本修改: give the site short sentences of its own, fit to be read out."""
    caller.require_site(site_id)
    text = ImportedSpoken(site_id=site_id, **body.model_dump())
    await service.keep(session, SpokenTextsImport(texts=[text]), caller=caller)
    return await service.of_site(session, site_id)


@router.get("/api/v1/sites/{site_id}/spoken-texts", responses=problems(SiteNotFound, CursorInvalid))
async def list_spoken(
    site_id: SiteIdPath, session: Session, paging: PageQuery, _caller: MaybeCaller
) -> Page[SpokenRead]:
    """事项语音文本: what is said of each matter at the site."""
    rows, following = await sites.matters(session, site_id, paging)
    return Page(items=await service.of_matters(session, site_id, rows), next_cursor=following)


@router.put(
    "/api/v1/sites/{site_id}/spoken-texts/{matter_code}",
    responses=problems(SpokenTextsRefused, ForeignSite),
)
async def keep_spoken_of_matter(
    site_id: SiteIdPath,
    matter_code: MatterPath,
    body: SpokenIn,
    session: Session,
    caller: Writer,
) -> SpokenReport:
    """事项语音文本修改: give a matter at the site short sentences of its own."""
    caller.require_site(site_id)
    text = ImportedSpoken(site_id=site_id, matter_code=matter_code, **body.model_dump())
    kept = await service.keep(session, SpokenTextsImport(texts=[text]), caller=caller)
    return SpokenReport(texts=kept)


@router.get("/api/v1/tickets/{ticket_id}/spoken", responses=problems(TicketNotFound))
async def read_ticket_spoken(ticket_id: UUID, session: Session, caller: Identified) -> TicketSpoken:
    """号票语音: what to read out to a ticket's holder alone; the hall never hears the matter."""
    ticket = await queue.get(session, ticket_id, caller=caller)
    window = None
    if ticket.window_id is not None:
        window = await sites.get_window(session, ticket.window_id)
    spoken = await service.for_ticket(
        session,
        ticket.site_id,
        ticket.matter_code,
        number=ticket.number,
        window_number=None if window is None else window.number,
        is_called=ticket.state in AT_THE_WINDOW,
    )
    return TicketSpoken.model_validate(spoken)
