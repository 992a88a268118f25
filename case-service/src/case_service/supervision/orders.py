"""Use cases of supervision orders (督办单): raised by a red light, handed up, answered."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import steps
from case_service.cases.clock import Clock
from case_service.cases.moves import when_past
from case_service.cases.tables import Case
from case_service.duty import Duty
from case_service.supervision import rules, store
from case_service.supervision.errors import OrderAnswered, OrderNotFound
from case_service.supervision.rules import OrderState, Post
from case_service.supervision.tables import Order
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller, Role
from tongban.paging import Paging

__all__ = ["ORDER_DUTY", "hand_up", "list_orders", "raise_order", "reply", "site_of"]

SYSTEM = "system"
SEES_ALL = (Role.SUPERVISOR, Role.ADMIN, Role.APPROVER)


def site_of(caller: Caller) -> str | None:
    """Return the site that a caller's view is bound to, if any."""
    return None if caller.has(*SEES_ALL) else caller.site_id


async def raise_order(
    session: AsyncSession,
    context: Context,
    case: Case,
    clock: Clock,
    *,
    was_due_on: date,
    at: datetime,
) -> None:
    """Raise an order for a clock of the locked case, unless it has one."""
    if await store.has_order(session, case.id, clock):
        return
    calendar = await steps.calendar_of(session, context)
    post = rules.first_post(_chain(context), local_date(at), calendar)
    session.add(
        Order(
            case_id=case.id,
            case_number=case.number,
            matter_name=case.matter_name,
            site_id=case.site_id,
            department=case.department,
            clock=clock,
            was_due_on=was_due_on,
            raised_at=at,
            level=post.level,
            post=post.name,
            answer_due_on=post.answer_due_on,
            history=[_stage_of(post, at)],
            next_due_at=when_past(post.answer_due_on),
        )
    )
    audit.note(
        session,
        actor=SYSTEM,
        action="supervision.raise_order",
        subject=str(case.id),
        payload={"number": case.number, "clock": clock.value, "was_due_on": str(was_due_on)},
    )
    await session.flush()


async def hand_up(session: AsyncSession, context: Context, order: Order, at: datetime) -> None:
    """Hand an order that nobody answered in time up to the next post; the last one keeps it."""
    chain, today = _chain(context), local_date(at)
    order.next_due_at = None
    if order.answered_at is not None or order.level + 1 >= len(chain):
        return
    calendar = await steps.calendar_of(session, context)
    post = rules.escalated(order.level, chain, today, calendar)
    order.level, order.post, order.answer_due_on = post.level, post.name, post.answer_due_on
    order.state = OrderState.ESCALATED
    order.history = [*order.history, _stage_of(post, at)]
    order.next_due_at = when_past(post.answer_due_on)
    audit.note(
        session,
        actor=SYSTEM,
        action="supervision.hand_up",
        subject=str(order.id),
        payload={"number": order.case_number, "post": post.name},
    )


async def reply(
    session: AsyncSession,
    order_id: UUID,
    answer: str,
    *,
    caller: Caller,
    at: datetime,
    if_match: str | None,
) -> Order:
    """Answer an order, once.

    Raises:
        OrderNotFound, StaleVersion, OrderAnswered
    """
    order = await store.get_order_for_update(session, order_id)
    bound_to = site_of(caller)
    if order is None or (bound_to is not None and order.site_id not in (None, bound_to)):
        raise OrderNotFound
    require_match(order.version, if_match)
    if order.answered_at is not None:
        raise OrderAnswered(answered_at=order.answered_at.isoformat())
    order.answer, order.answered_by, order.answered_at = answer, caller.subject, at
    order.state, order.next_due_at = OrderState.ANSWERED, None
    audit.note(
        session,
        actor=caller.subject,
        action="supervision.reply",
        subject=str(order.id),
        payload={"number": order.case_number, "clock": order.clock.value},
    )
    await session.flush()
    return order


async def list_orders(
    session: AsyncSession,
    caller: Caller,
    paging: Paging,
    *,
    site_id: str | None,
    is_open: bool | None,
    post: str | None,
    clock: Clock | None,
) -> Sequence[Order]:
    """Return one page of the orders that the caller may see, and one row more."""
    return await store.orders(
        session,
        paging,
        site_id=site_of(caller) or site_id,
        is_open=is_open,
        post=post,
        clock=clock,
    )


def _chain(context: Context) -> list[str]:
    """Return the escalation chain's posts, as the district set it."""
    chain = [post.strip() for post in context.settings.escalation_chain.split(",")]
    return [post for post in chain if post]


def _stage_of(post: Post, at: datetime) -> dict[str, str]:
    due_on = post.answer_due_on.isoformat()
    return {"post": post.name, "since": at.isoformat(), "answer_due_on": due_on}


ORDER_DUTY = Duty("supervision_order", Order, hand_up)
