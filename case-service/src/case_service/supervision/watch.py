"""What happens to a case by itself when its moment comes (到期处理).

The law's silence and the applicant's are moves of the machine; lights turn and are told; what went
red raises a supervision order, once for a case and a clock.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import moves, steps
from case_service.cases.actions import act_by_machine
from case_service.cases.clock import Clock, due_dates
from case_service.cases.moves import Light, Move, MoveKind
from case_service.cases.rules import Action, Ground
from case_service.cases.tables import Case
from case_service.duty import Duty
from case_service.matters.rules import Matter
from case_service.matters.service import matters_of
from case_service.supervision import orders
from tongban.clock import local_date
from tongban.context import Context
from tongban.messages import publish

__all__ = ["CASE_DUTY", "keep_time"]


async def keep_time(session: AsyncSession, context: Context, case: Case, at: datetime) -> None:
    """Do what is due for a locked case, and reckon when something is due again."""
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    done: set[MoveKind] = set()
    while (move := await _due_move(session, context, case, matter, at)) is not None:
        if move.kind in done:
            raise AssertionError(f"{move.kind} is due again after it was done: {case.number}")
        done.add(move.kind)
        await _BY_MACHINE[move.kind](session, context, case, at)
        matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    await _stand(session, context, case, matter, at)


async def _due_move(
    session: AsyncSession, context: Context, case: Case, matter: Matter, at: datetime
) -> Move | None:
    """Return the first move of the machine that is due, if any."""
    calendar = await steps.calendar_of(session, context)
    today = local_date(at)
    starts = steps.starts_of(case, {}, matter=matter)
    due = due_dates(starts, calendar, today=today)
    coming = moves.moves(starts, due, calendar, shares=steps.shares_of(context))
    return next((one for one in coming if one.on <= today and one.kind in _BY_MACHINE), None)


async def _accept_by_silence(
    session: AsyncSession, context: Context, case: Case, at: datetime
) -> None:
    """行政许可法 Art. 32: not told in time, it counts as accepted from the day of receipt."""
    due_on = case.notice_due_on
    if due_on is not None:
        await orders.raise_order(session, context, case, Clock.NOTICE, was_due_on=due_on, at=at)
    facts = {"deemed": True}
    await act_by_machine(session, context, case, Action.ACCEPT, at=at, facts=facts)


async def _end_uncorrected(
    session: AsyncSession, context: Context, case: Case, at: datetime
) -> None:
    facts = {"ground": Ground.CORRECTION_OVERDUE.value}
    await act_by_machine(session, context, case, Action.TERMINATE, at=at, facts=facts)


async def _end_unsupplied(
    session: AsyncSession, context: Context, case: Case, at: datetime
) -> None:
    facts = {"ground": Ground.SUPPLY_OVERDUE.value}
    await act_by_machine(session, context, case, Action.TERMINATE, at=at, facts=facts)


_BY_MACHINE: Mapping[
    MoveKind, Callable[[AsyncSession, Context, Case, datetime], Awaitable[None]]
] = MappingProxyType(
    {
        MoveKind.DEEM_ACCEPTED: _accept_by_silence,
        MoveKind.END_UNCORRECTED: _end_uncorrected,
        MoveKind.END_UNSUPPLIED: _end_unsupplied,
    }
)


async def _stand(
    session: AsyncSession, context: Context, case: Case, matter: Matter, at: datetime
) -> None:
    """Set the case's lights and moments as they are now; tell what turned, raise what is owed."""
    values = await steps.reckoned(session, context, case, {}, matter=matter, at=at)
    for event in steps.light_told(case, values, at):
        publish(session, event, of=case)
    for name, value in values.items():
        if getattr(case, name) != value:
            setattr(case, name, value)
    for clock, was_due_on in _overdue(case, local_date(at)).items():
        await orders.raise_order(session, context, case, clock, was_due_on=was_due_on, at=at)
    await session.flush()


def _overdue(case: Case, today: date) -> dict[Clock, date]:
    """Return what raises an order: the clocks that are red, the checks that nobody made."""
    found: dict[Clock, date | None] = {}
    if case.light is Light.RED and case.running_clock is not None:
        found[case.running_clock] = getattr(case, f"{case.running_clock.value}_due_on")
    if case.step_light is Light.RED:
        found[Clock.STEP] = case.step_due_on
    unchecked = [
        date.fromisoformat(str(one["check_due_on"]))
        for one in case.commitments
        if one.get("checked_on") is None
    ]
    if unchecked and min(unchecked) < today:
        found[Clock.COMMITMENT] = min(unchecked)
    return {clock: day for clock, day in found.items() if day is not None}


CASE_DUTY = Duty("case", Case, keep_time)
