"""Use cases about bulk publications: start one, run it in one transaction, tell how far it is."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters.bulk import lock, submitted_codes
from catalog_service.matters.bulk_publication import Plan, publish_part
from catalog_service.matters.rules import require_not_past
from catalog_service.publications import store
from catalog_service.publications.errors import NothingToPublish, PublicationNotFound
from catalog_service.publications.rules import PublicationState
from catalog_service.publications.schemas import PublicationIn
from catalog_service.publications.tables import Publication
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context

__all__ = ["find", "run_publications", "start"]

AT_ONCE = 100


async def start(
    session: AsyncSession, body: PublicationIn, *, publisher: str, today: date
) -> Publication:
    """Take the order; the worker carries it out.

    Raises:
        NothingToPublish: 409.
        EffectiveDateInvalid: 422.
    """
    require_not_past(body.effective_from or today, today=today)
    codes = await submitted_codes(session) if body.all_submitted else body.codes
    codes = sorted(set(codes))
    if not codes:
        raise NothingToPublish
    ordered = Publication(
        state=PublicationState.WAITING,
        codes=codes,
        effective_from=body.effective_from or today,
        publisher=publisher,
        total=len(codes),
        done=0,
        faults=[],
    )
    session.add(ordered)
    await session.flush()
    await session.refresh(ordered)
    return ordered


async def find(session: AsyncSession, publication_id: UUID) -> Publication:
    """Return a bulk publication and how far it is.

    Raises:
        PublicationNotFound: 404.
    """
    found = await store.publication(session, publication_id)
    if found is None:
        raise PublicationNotFound
    return found


async def run_publications(session: AsyncSession, context: Context) -> None:
    """Publish all versions of the next order in this transaction, or none of them."""
    ordered = await store.next_waiting(session)
    if ordered is None:
        return
    faults: Sequence[Mapping[str, Any]] = ()
    try:
        async with session.begin_nested():
            await _publish_all(session, context, ordered)
    except _Refused as refusal:
        faults = refusal.faults
    await session.refresh(ordered)  # its progress was written from outside
    ordered.state = PublicationState.REFUSED if faults else PublicationState.DONE
    ordered.done = 0 if faults else ordered.total
    ordered.faults = [*faults]
    ordered.finished_at = context.clock()
    audit.note(
        session,
        actor=ordered.publisher,
        action="publication.run",
        subject=str(ordered.id),
        payload={"state": ordered.state, "total": ordered.total, "faults": len(faults)},
    )
    await session.flush()


class _Refused(Exception):
    """Undoes what was published before the faults were known."""

    def __init__(self, faults: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.faults = faults


async def _publish_all(session: AsyncSession, context: Context, ordered: Publication) -> None:
    """Lock all that is ordered, then publish part by part; after a fault only collect faults."""
    today = local_date(context.clock())
    # It may have waited past midnight.
    plan = Plan(ordered.publisher, start=max(ordered.effective_from, today), today=today)
    codes, faults = ordered.codes, list[Mapping[str, Any]]()
    await lock(session, codes)
    for at in range(0, len(codes), AT_ONCE):
        part = codes[at : at + AT_ONCE]
        refused = await publish_part(session, part, plan, is_checked_only=bool(faults))
        faults += [
            {"code": code, "type": problem.type, "words": dict(problem.title)}
            for code, problem in refused.items()
        ]
        # Told from outside this transaction, which nobody sees before it is done.
        async with context.sessions.begin() as outside:
            await store.note_progress(outside, ordered.id, done=at + len(part))
    if faults:
        raise _Refused(faults)
