"""Use cases of publications (双公示): prepare one, publish it in time, take it down, list them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import steps
from case_service.cases.tables import Case
from case_service.duty import Duty
from case_service.licences.tables import Licence
from case_service.licences.vocabulary import LicenceDecision
from case_service.oversight_events import PublicationMade, PublicationWithdrawn
from case_service.publications import store
from case_service.publications.rules import (
    PUBLISH_DAYS,
    PublicationState,
    disclosed_holder,
    scrubbed,
)
from case_service.publications.tables import Publication
from tongban import gb
from tongban.clock import local_date, start_of
from tongban.context import Context
from tongban.messages import publish
from tongban.paging import Paging

__all__ = ["PUBLICATION_DUTY", "listed", "prepare", "publish_in_time", "take_down"]

ONE_DAY = timedelta(days=1)


async def prepare(
    session: AsyncSession,
    context: Context,
    case: Case,
    licence: Licence,
    decision: LicenceDecision,
    *,
    holder: Mapping[str, str],
    at: datetime,
) -> None:
    """Put a decision down for publication; the worker publishes it the day after.

    A slip that is found on the day itself so never becomes public.
    """
    today = local_date(at)
    calendar = await steps.calendar_of(session, context)
    told = disclosed_holder(holder)
    session.add(
        Publication(
            licence_id=licence.id,
            licence_number=licence.number,
            licence_type=licence.licence_type,
            licence_name=scrubbed(licence.name),
            matter_name=scrubbed(case.matter_name),
            decision=decision,
            holder=told["holder"],
            credit_code=told["credit_code"],
            body=case.department or gb.district(context.settings.district).name,
            decided_on=local_date(case.decided_at or at),
            valid_from=licence.valid_from,
            valid_until=licence.valid_until,
            due_on=calendar.add_working_days(
                local_date(case.decided_at or at), PUBLISH_DAYS
            ).due_on,
            next_due_at=start_of(today + ONE_DAY),
        )
    )


async def publish_in_time(
    session: AsyncSession, _context: Context, publication: Publication, at: datetime
) -> None:
    """公示: let everybody read it, unless it was taken down before."""
    publication.next_due_at = None
    if publication.state is not PublicationState.WAITING:
        return
    publication.state, publication.published_at = PublicationState.PUBLISHED, at
    publish(
        session,
        PublicationMade(
            at=at,
            licence_id=publication.licence_id,
            publication_id=publication.id,
            decision=publication.decision.value,
        ),
        of=publication,
    )


async def take_down(session: AsyncSession, licence_id: UUID, *, at: datetime) -> None:
    """撤下: what was rescinded is void from the beginning, and so is its publication."""
    for publication in await store.of_licence_for_update(session, licence_id):
        if publication.state is PublicationState.WITHDRAWN:
            continue
        was_public = publication.state is PublicationState.PUBLISHED
        publication.state, publication.withdrawn_at = PublicationState.WITHDRAWN, at
        publication.next_due_at = None
        if was_public:
            event = PublicationWithdrawn(
                at=at, licence_id=licence_id, publication_id=publication.id
            )
            publish(session, event, of=publication)


async def listed(
    session: AsyncSession,
    paging: Paging,
    *,
    licence_type: str | None,
    credit_code: str | None,
) -> Sequence[Publication]:
    """Return one page of what is public, and one row more."""
    return await store.public(session, paging, licence_type=licence_type, credit_code=credit_code)


PUBLICATION_DUTY = Duty("publication", Publication, publish_in_time)
