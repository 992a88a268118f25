"""Use cases of family members who act for somebody (亲友代办): what to bring, told for a visit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments import service as appointments
from site_service.elderly import store
from site_service.elderly.tables import FamilyAuthorityItem
from site_service.queue import service as queue
from site_service.sites import service as sites
from tongban.identity import Caller


async def wanted(session: AsyncSession, site_id: str, matter_code: str | None) -> dict[str, Any]:
    """Return what a family member brings to the site, for a matter or for any.

    Raises:
        SiteNotFound: 404.
    """
    site = await sites.get(session, site_id)
    areas = set()
    if matter_code is not None:
        there = await sites.matter_there(session, site_id, matter_code)
        areas = {there.area}
    return await _told(session, site_id, matter_code, areas, accepts_paper=site.accepts_paper)


async def tell_for_ticket(
    session: AsyncSession, ticket_id: UUID, *, caller: Caller, at: datetime
) -> dict[str, Any]:
    """Tell the ticket's holder what a family member brings, once; again gives the same.

    Raises:
        TicketNotFound: 404.
    """
    ticket = await queue.get(session, ticket_id, caller=caller)
    return await _tell(
        session, ticket.id, ticket.site_id, [ticket.matter_code], {ticket.area}, caller, at
    )


async def tell_for_appointment(
    session: AsyncSession, appointment_id: UUID, *, caller: Caller, at: datetime
) -> dict[str, Any]:
    """Tell whoever booked what a family member brings, once; again gives the same.

    Raises:
        AppointmentNotFound: 404.
    """
    one = await appointments.get(session, appointment_id, caller=caller)
    visits = (await appointments.visits_of(session, [one]))[one.id]
    codes, areas = [visit.matter_code for visit in visits], {visit.area for visit in visits}
    return await _tell(session, one.id, one.site_id, codes, areas, caller, at)


async def _tell(
    session: AsyncSession,
    visit_id: UUID,
    site_id: str,
    matter_codes: Sequence[str],
    areas: set[str],
    caller: Caller,
    at: datetime,
) -> dict[str, Any]:
    site = await sites.get(session, site_id)
    told = await _told(
        session, site_id, matter_codes[0], {*areas}, accepts_paper=site.accepts_paper
    )
    await store.put_telling(
        session,
        {
            "visit_id": visit_id,
            "site_id": site_id,
            "told_by": caller.subject,
            "told_at": at,
            "items": told["bring"],
        },
    )
    kept = await store.telling(session, visit_id)
    assert kept is not None  # noqa: S101  # just written, by us or by a rival
    return {
        **told,
        "bring": kept.items,
        **_sentences(kept.items),
        "told_by": kept.told_by,
        "told_at": kept.told_at,
    }


async def _told(
    session: AsyncSession,
    site_id: str,
    matter_code: str | None,
    areas: set[str | None],
    *,
    accepts_paper: bool,
) -> dict[str, Any]:
    items = [
        _item(one)
        for one in await store.family_items(session)
        if not one.areas or areas & set(one.areas)
    ]
    return {
        "site_id": site_id,
        "matter_code": matter_code,
        "bring": items,
        "accepts_paper": accepts_paper,
        **_sentences(items),
    }


def _item(row: FamilyAuthorityItem) -> dict[str, Any]:
    return {
        "code": row.code,
        "nth": row.nth,
        "name": row.name,
        "english_name": row.english_name,
        "note": row.note,
        "is_needed": row.is_needed,
        "areas": list(row.areas),
        "provenance": str(row.provenance),
    }


def _sentences(items: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    needed = [one for one in items if one["is_needed"]]
    return {
        "sentences": [f"请带上{one['name']}。" for one in needed],
        "english_sentences": [f"Please bring {one['english_name']}." for one in needed],
    }
