"""Who will be away (离岗): noted with all that it hits, struck out again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments import booked
from site_service.events import AbsenceNoted
from site_service.helpers import engaged
from site_service.rosters import rules, store
from site_service.rosters.errors import AbsenceNotFound, NobodyLeft, StaffNotFound
from site_service.rosters.rules import QUARTER, Absence, Gap
from site_service.rosters.service import (
    absence_told,
    absences_in,
    booked_told,
    known,
    span_told,
)
from site_service.rosters.tables import StaffAbsence
from site_service.sites import service as sites
from tongban import audit
from tongban.context import Context
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.messages import publish
from tongban.problems import MalformedRequest, Where

LONGEST = timedelta(days=60)
"""Of an absence: what is longer is a change of the roster."""


async def note(
    session: AsyncSession,
    site_id: str,
    subject: str,
    *,
    begins_at: datetime,
    ends_at: datetime,
    is_gap_accepted: bool,
    context: Context,
    caller: Caller,
    at: datetime,
) -> dict[str, Any]:
    """Note that somebody will be away; the deputy takes over by itself.

    Told with it is what was promised for that time and stands alone now: appointments at windows
    where nobody is left, and, of a helper, the visits to go along with and the homes to come to.

    Raises:
        StaffNotFound: 404.
        NobodyLeft: 409, nobody would be at some window, and that was not accepted.
    """
    if not begins_at < ends_at <= begins_at + LONGEST or ends_at <= at:
        said = {
            "zh-CN": f"结束应晚于开始和现在，且不超过 {LONGEST.days} 天；更长请修改排班表",
            "en": f"must lie after the beginning and ahead, within {LONGEST.days} days;"
            " for longer change the roster",
        }
        raise MalformedRequest(errors=[Where.pointer("/ends_at", said, "order")])
    await store.lock_roster(session, site_id)
    member = await store.member(session, site_id, subject)
    if member is None:
        raise StaffNotFound(subject=subject)
    caused = await _caused(
        session, site_id, Absence(member.id, begins_at, ends_at), context=context
    )
    numbers = {one.id: one.number for one in await sites.windows(session, site_id)}
    gaps = [span_told(one, numbers) for one in rules.merged(caused, every=QUARTER)]
    appointments = [
        booked_told(one, numbers) for one in await booked.at_windows(session, {*caused})
    ]
    if gaps and not is_gap_accepted:
        raise NobodyLeft(
            windows=sorted({one["window_number"] for one in gaps}),
            gaps=gaps,
            appointments=appointments,
        )
    row = StaffAbsence(
        id=new_id(),
        site_id=site_id,
        member_id=member.id,
        begins_at=begins_at,
        ends_at=ends_at,
        noted_by=caller.subject,
    )
    session.add(row)
    publish(
        session,
        AbsenceNoted(
            absence_id=row.id,
            site_id=site_id,
            begins_at=begins_at,
            ends_at=ends_at,
            uncovered_windows=sorted({window_id for window_id, _ in caused}),
            affected_appointments=sorted({one["appointment_id"] for one in appointments}),
            at=at,
        ),
        of=row,
    )
    await session.flush()
    return {
        **absence_told(row, member),
        "warnings": gaps,
        "appointments": appointments,
        "engagements": await engaged.during(session, member.id, begins_at, ends_at),
    }


async def _caused(
    session: AsyncSession, site_id: str, new: Absence, *, context: Context
) -> list[tuple[UUID, datetime]]:
    """Return the windows' quarter hours that nobody is at because of this absence."""
    calendar = await sites.calendar(session, context)
    shifts, away = await known(session, site_id, new.begins_at, new.ends_at)
    times, before = _quarters(new.begins_at, new.ends_at), absences_in(away)
    already = {*_cells(rules.gaps(shifts, before, times, calendar, every=QUARTER))}
    after = _cells(rules.gaps(shifts, [*before, new], times, calendar, every=QUARTER))
    return [cell for cell in after if cell not in already]


def _cells(found: Sequence[Gap]) -> list[tuple[UUID, datetime]]:
    return [
        (gap.window_id, gap.begins_at + nth * QUARTER)
        for gap in found
        for nth in range((gap.ends_at - gap.begins_at) // QUARTER)
    ]


def _quarters(begins_at: datetime, ends_at: datetime) -> list[datetime]:
    """The quarter hours that the time touches."""
    seconds = QUARTER.total_seconds()
    first = begins_at - timedelta(seconds=begins_at.timestamp() % seconds)
    count = -(-(ends_at - first) // QUARTER)
    return [first + nth * QUARTER for nth in range(count)]


async def withdraw(
    session: AsyncSession, site_id: str, absence_id: UUID, *, caller: Caller
) -> None:
    """Strike an absence out: they are there after all.

    Raises:
        AbsenceNotFound: 404.
    """
    row = await store.absence_for_update(session, absence_id)
    if row is None or row.site_id != site_id:
        raise AbsenceNotFound(site_id=site_id)
    await session.delete(row)
    audit.note(
        session,
        actor=caller.subject,
        action="absence.withdrawn",
        subject=site_id,
        payload={"absence_id": str(absence_id)},
    )
    await session.flush()
