"""Use cases about bulk publications: start one, run it in one transaction, tell how far it is."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.errors import VersionNotFound
from catalog_service.matters import publication as matters
from catalog_service.matters.rules import require_not_past
from catalog_service.publications import store
from catalog_service.publications.errors import NothingToPublish, PublicationNotFound
from catalog_service.publications.rules import PublicationState
from catalog_service.publications.schemas import PublicationIn
from catalog_service.publications.tables import Publication
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.problems import Problem

__all__ = ["find", "run_publications", "start"]

PROGRESS_EVERY = 20


async def start(
    session: AsyncSession, body: PublicationIn, *, publisher: str, today: date
) -> Publication:
    """Take the order; the worker carries it out.

    Raises:
        NothingToPublish: 409.
        EffectiveDateInvalid: 422.
    """
    require_not_past(body.effective_from or today, today=today)
    codes = await matters.submitted_codes(session) if body.all_submitted else body.codes
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
    faults: list[dict[str, Any]] = []
    try:
        async with session.begin_nested():
            await _publish_each(session, context, ordered)
    except _Refused as refusal:
        faults = refusal.faults
    await session.refresh(ordered)  # its progress was written from outside
    ordered.state = PublicationState.REFUSED if faults else PublicationState.DONE
    ordered.done = 0 if faults else ordered.total
    ordered.faults = faults
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

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        super().__init__()
        self.faults = faults


async def _publish_each(session: AsyncSession, context: Context, ordered: Publication) -> None:
    """Go through the codes in order, as two publications at once would, and collect what fails."""
    today = local_date(context.clock())
    publication_id, publisher = ordered.id, ordered.publisher
    start_on = max(ordered.effective_from, today)  # it may have waited past midnight
    faults = []
    for done, code in enumerate(ordered.codes, start=1):
        try:
            number = await matters.submitted_number(session, code)
            if number is None:
                raise VersionNotFound(code=code, version="submitted")
            await matters.publish(
                session, code, number, publisher=publisher, today=today, effective_from=start_on
            )
        except Problem as problem:
            faults.append({"code": code, "type": problem.type, "words": dict(problem.title)})
        if done % PROGRESS_EVERY == 0:
            # Told from outside this transaction, which nobody sees before it is done.
            async with context.sessions.begin() as outside:
                await store.note_progress(outside, publication_id, done=done)
    if faults:
        raise _Refused(faults)
