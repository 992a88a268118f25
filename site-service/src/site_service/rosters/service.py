"""Use cases of rosters: keep one, look at a day; what others ask of them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments import booked
from site_service.appointments.booked import Booked
from site_service.rosters import rules, store
from site_service.rosters.errors import RosterRefused
from site_service.rosters.rules import QUARTER, AbRole, Absence, Gap, Shift, StaffPost
from site_service.rosters.schemas import RosterIn, RosterReport
from site_service.rosters.tables import StaffAbsence, StaffMember, StaffShift
from site_service.sites import service as sites
from site_service.sites.rules import WindowState
from tongban import audit
from tongban.clock import start_of
from tongban.context import Context
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.problems import FieldError, Where


async def keep(
    session: AsyncSession, site_id: str, roster: RosterIn, *, place: str = "", caller: Caller
) -> RosterReport:
    """Store the site's roster as given; who is not named works there no more.

    Raises:
        SiteNotFound: 404.
        RosterRefused: 422, each fault with its place; nothing is changed.
    """
    await sites.get(session, site_id, caller=caller)
    windows = {
        window.number: window
        for window in await sites.windows(session, site_id)
        if window.state is WindowState.OPEN
    }
    if faults := _faults(roster, windows, place):
        raise RosterRefused(errors=faults)
    await store.lock_roster(session, site_id)
    ids = await store.put_members(
        session,
        site_id,
        [
            {"id": new_id(), "site_id": site_id, "is_active": True, **one.model_dump()}
            for one in roster.members
        ],
    )
    await store.replace_shifts(
        session,
        site_id,
        [
            {
                "id": new_id(),
                "site_id": site_id,
                "member_id": ids[one.subject],
                "window_id": windows[one.window].id if one.window else None,
                **one.model_dump(include={"role", "hours", "valid_from", "valid_until"}),
            }
            for one in roster.shifts
        ],
    )
    audit.note(
        session,
        actor=caller.subject,
        action="roster.kept",
        subject=site_id,
        payload={"members": len(roster.members), "shifts": len(roster.shifts)},
    )
    await session.flush()
    backed = {one.window for one in roster.shifts if one.role is AbRole.DEPUTY}
    alone = sorted({one.window for one in roster.shifts if one.window} - backed)
    return RosterReport(
        members=len(roster.members),
        shifts=len(roster.shifts),
        without_deputy=[f"{site_id}/{number}" for number in alone],
    )


def _faults(roster: RosterIn, windows: Collection[str], place: str) -> list[FieldError]:
    posts: dict[str, StaffPost] = {}
    faults: list[FieldError] = []

    def fault(where: str, code: str, zh: str, en: str) -> None:
        faults.append(Where.pointer(f"{place}/{where}", {"zh-CN": zh, "en": en}, code))

    for nth, one in enumerate(roster.members):
        if one.subject in posts:
            fault(f"members/{nth}/subject", "repeated", "人员重复", "is there twice")
        posts[one.subject] = one.post
    seen: dict[tuple[str, str], AbRole] = {}
    for nth, shift in enumerate(roster.shifts):
        at = f"shifts/{nth}"
        if shift.subject not in posts:
            fault(f"{at}/subject", "unknown", "人员不在 members 中", "is not among the members")
            continue
        if (posts[shift.subject] is StaffPost.WINDOW) != (shift.window is not None):
            fault(
                f"{at}/window",
                "post",
                "窗口人员须写明窗口，帮办员不写",
                "needed for who works at a window, and only for them",
            )
        elif shift.window is not None and shift.window not in windows:
            fault(
                f"{at}/window",
                "unknown",
                "该网点没有此开放窗口",
                "the site has no such open window",
            )
        if shift.valid_until is not None and shift.valid_until < shift.valid_from:
            fault(f"{at}/valid_until", "order", "应不早于 valid_from", "is before valid_from")
        if shift.window is not None:
            role = seen.setdefault((shift.subject, shift.window), shift.role)
            if role is not shift.role:
                fault(
                    f"{at}/role",
                    "own_deputy",
                    "不能同时是同一窗口的A角和B角",
                    "nobody is their own deputy at a window",
                )
    return faults


async def day(
    session: AsyncSession, site_id: str, wanted: date, *, context: Context
) -> dict[str, Any]:
    """Return who stands at each window on that day, who helps, who is away, what is uncovered.

    Raises:
        SiteNotFound: 404.
    """
    await sites.get(session, site_id)
    calendar = await sites.calendar(session, context)
    begins = start_of(wanted)
    times = [begins + nth * QUARTER for nth in range(timedelta(days=1) // QUARTER)]
    shifts, away = await known(session, site_id, begins, begins + timedelta(days=1))
    ids = {one.member_id for one in shifts} | {one.member_id for one in away}
    members = await store.names_of(session, ids)
    numbers = {one.id: one.number for one in await sites.windows(session, site_id)}
    found = rules.standing(shifts, absences_in(away), times, calendar)
    by_shift: dict[Shift, list[tuple[UUID, datetime]]] = {}
    for at, there, _ in found:
        for window_id, shift in there.items():
            by_shift.setdefault(shift, []).append((window_id, at))
    stands = [
        {
            **span_told(span, numbers),
            "subject": members[shift.member_id].subject,
            "name": members[shift.member_id].name,
            "role": shift.role,
        }
        for shift, cells in by_shift.items()
        for span in rules.merged(cells, every=QUARTER)
    ]
    helping = {
        members[shift.member_id].subject
        for shift in shifts
        if shift.window_id is None
        and any(rules.is_on_duty(shift, absences_in(away), at, calendar) for at in times)
    }
    missing = [(window_id, at) for at, _, windows in found for window_id in windows]
    alone = await booked.at_windows(session, {*missing})
    return {
        "site_id": site_id,
        "day": wanted,
        "stands": sorted(stands, key=lambda one: (one["window_number"], one["begins_at"])),
        "helpers": sorted(helping),
        "absences": [absence_told(one, members[one.member_id]) for one in away],
        "warnings": [span_told(one, numbers) for one in rules.merged(missing, every=QUARTER)],
        "appointments": [booked_told(one, numbers) for one in alone],
    }


def span_told(span: Gap, numbers: dict[UUID, str]) -> dict[str, Any]:
    return {
        "window_id": span.window_id,
        "window_number": numbers[span.window_id],
        "begins_at": span.begins_at,
        "ends_at": span.ends_at,
    }


def booked_told(one: Booked, numbers: dict[UUID, str]) -> dict[str, Any]:
    return {
        "appointment_id": one.appointment_id,
        "window_id": one.window_id,
        "window_number": numbers[one.window_id],
        "matter_code": one.matter_code,
        "starts_at": one.starts_at,
    }


def absence_told(row: StaffAbsence, member: StaffMember) -> dict[str, Any]:
    return {
        "id": row.id,
        "subject": member.subject,
        "name": member.name,
        "begins_at": row.begins_at,
        "ends_at": row.ends_at,
    }


async def known(
    session: AsyncSession, site_id: str, begins_at: datetime, ends_at: datetime
) -> tuple[list[Shift], Sequence[StaffAbsence]]:
    shifts = [_shift(row) for row in await store.shifts_of(session, site_id)]
    if not shifts:
        return [], []
    return shifts, await store.absences_of(session, site_id, begins_at, ends_at)


def _shift(row: StaffShift) -> Shift:
    return Shift(
        member_id=row.member_id,
        window_id=row.window_id,
        role=row.role,
        hours=row.hours,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def absences_in(rows: Sequence[StaffAbsence]) -> list[Absence]:
    return [Absence(row.member_id, row.begins_at, row.ends_at) for row in rows]


# What appointments ask.


async def unstaffed(
    session: AsyncSession, site_id: str, times: Sequence[datetime], *, context: Context
) -> set[tuple[UUID, datetime]]:
    """Return the quarter hours at which a window that has a roster has nobody."""
    if not times:
        return set()
    shifts, away = await known(session, site_id, times[0], times[-1] + QUARTER)
    if not shifts:
        return set()
    calendar = await sites.calendar(session, context)
    return rules.unstaffed(shifts, absences_in(away), times, calendar)


# What helpers ask.


async def helpers(
    session: AsyncSession, site_id: str, at: datetime, *, context: Context
) -> list[tuple[StaffMember, bool]]:
    """Return the site's helpers, and whether each is on duty at `at`."""
    members = [
        one for one in await store.members_of(session, site_id) if one.post is StaffPost.HELPER
    ]
    calendar = await sites.calendar(session, context)
    shifts, away = await known(session, site_id, at, at + QUARTER)
    on_duty = {
        shift.member_id
        for shift in shifts
        if shift.window_id is None and rules.is_on_duty(shift, absences_in(away), at, calendar)
    }
    return [(one, one.id in on_duty) for one in members]


async def names(session: AsyncSession, member_ids: Collection[UUID]) -> dict[UUID, StaffMember]:
    """Return these members, gone ones too."""
    return await store.names_of(session, member_ids)
