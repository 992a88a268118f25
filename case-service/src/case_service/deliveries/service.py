"""Use cases of deliveries: prepare one, send it, have it signed for, note that it came back."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import actions, history, papers, party
from case_service.cases import service as cases
from case_service.cases.action_body import ActionIn
from case_service.cases.rules import FINAL, TRANSITIONS, Action, Stage
from case_service.cases.tables import Case
from case_service.deliveries import rules, store
from case_service.deliveries.errors import (
    DeliveryDetailMissing,
    DeliveryNotFound,
    DeliveryUnderWay,
    LockerCodeBlocked,
    LockerCodeWrong,
    NothingToDeliver,
)
from case_service.deliveries.handing import (
    complete,
    proof_facts,
    require_consent,
    results_of,
    sealed,
)
from case_service.deliveries.reading import CODE, shown
from case_service.deliveries.rules import DeliveryState, DeliveryStep, DeliveryWay, Direction
from case_service.deliveries.schemas import ConfirmIn, DeliveryIn, DeliveryRead, SendIn
from case_service.deliveries.tables import Delivery
from case_service.documents.wording import DocumentKind
from case_service.duty import Duty
from case_service.matters.service import matters_of
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from tongban import audit, gb, writes
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.paging import Page, Paging, page_of
from tongban.problems import Where

__all__ = ["DELIVERY_DUTY", "come_back", "confirm", "expire", "list_of", "prepare", "read", "send"]

_RESULT_THERE: Final = frozenset(
    {Stage.DECIDED, Stage.ISSUED, Stage.CLOSED, Stage.DECLINED, Stage.TERMINATED}
)


async def prepare(
    session: AsyncSession,
    context: Context,
    case_id: UUID,
    body: DeliveryIn,
    *,
    caller: Caller,
    at: datetime,
) -> DeliveryRead:
    """登记送达: choose how the result goes out, or tell that originals come in by post.

    Raises:
        CaseNotFound, ForeignSite, NothingToDeliver, DeliveryUnderWay, ConsentMissing,
        DeliveryDetailMissing
    """
    case = await cases.visible_for_update(session, case_id, caller)
    is_out = body.direction is Direction.TO_APPLICANT
    if not (_has_result(case) if is_out else case.stage not in FINAL):
        raise NothingToDeliver
    if is_out and await store.under_way(session, case_id) is not None:
        raise DeliveryUnderWay
    if body.partner_district is not None:
        _require_district(body.partner_district)
    recipient = body.recipient.model_dump() if body.recipient else {}
    delivery = Delivery(
        id=new_id(),
        case_id=case.id,
        direction=body.direction,
        way=body.way,
        state=DeliveryState.PREPARED,
        things=body.things or results_of(case),
        due_on=case.issue_due_on if is_out else None,
        sealed_recipient=sealed(context.vault, recipient),
        postage_by=body.postage_by,
        locker=body.locker,
        partner_district=body.partner_district,
        consent_id=(
            await require_consent(session, case, at) if body.way is DeliveryWay.ONLINE else None
        ),
        prepared_at=at,
        prepared_by=caller.subject,
        code_misses=0,
    )
    session.add(delivery)
    _note(session, case, delivery, "prepare_delivery", caller, at)
    await session.flush()
    return shown(context, case, delivery, caller)


async def send(
    session: AsyncSession,
    context: Context,
    delivery_id: UUID,
    body: SendIn,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> DeliveryRead:
    """寄出: it leaves; the applicant is told how, and a locker's code is made.

    Raises:
        DeliveryNotFound, CaseNotFound, ForeignSite, StaleVersion, DeliveryStepNotAllowed,
        DeliveryDetailMissing
    """
    case, delivery = await _locked(session, delivery_id, caller, if_match)
    if delivery.direction is Direction.TO_APPLICANT and not caller.is_staff:
        raise DeliveryNotFound
    delivery.state = rules.advance(delivery.state, delivery.way, DeliveryStep.SEND)
    delivery.sent_at = at
    if delivery.way is DeliveryWay.POST:
        if body.tracking_number is None:
            remedy = {"zh-CN": "请填写邮件号", "en": "tell the tracking number"}
            place = Where.pointer("/tracking_number", remedy, "missing")
            raise DeliveryDetailMissing(errors=[place])
        delivery.carrier, delivery.tracking_number = body.carrier, body.tracking_number
    if delivery.way is DeliveryWay.LOCKER:
        delivery.sealed_code = context.vault.seal(rules.new_code(), context=CODE)
        delivery.code_ends_at = delivery.next_due_at = rules.locker_ends_at(at)
    if delivery.direction is Direction.TO_APPLICANT:
        notices.tell(session, case, NoticeKind.READY, at, way=delivery.way.value)
    _note(session, case, delivery, "send_delivery", caller, at)
    await session.flush()
    return shown(context, case, delivery, caller)


async def confirm(
    session: AsyncSession,
    context: Context,
    delivery_id: UUID,
    body: ConfirmIn,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> DeliveryRead:
    """签收: it is there. A result's proof of service is drawn up, and its case goes on.

    Raises:
        DeliveryNotFound, CaseNotFound, ForeignSite, StaleVersion, DeliveryStepNotAllowed,
        LockerCodeWrong, LockerCodeBlocked, ActionNotAllowed, NotAllowed
    """
    case, delivery = await _visible(session, delivery_id, caller)
    _require_may_confirm(delivery, caller)
    if delivery.sealed_code is not None:
        await _require_code(session, context, delivery_id, body.code)
    case, delivery = await _locked(session, delivery_id, caller, if_match)
    following = rules.advance(delivery.state, delivery.way, DeliveryStep.CONFIRM)
    if delivery.direction is Direction.FROM_APPLICANT:
        delivery.state, delivery.delivered_at = following, at
        delivery.confirmed_by = caller.subject
        _note(session, case, delivery, "confirm_delivery", caller, at)
    elif (case.stage, Action.DELIVER) not in TRANSITIONS:
        await _signed_for_later(session, context, case, body.recipient, caller=caller, at=at)
        _note(session, case, delivery, "confirm_delivery", caller, at)
    elif caller.has(Role.CLERK):
        told = ActionIn(recipient=body.recipient)
        await actions.act(
            session, context, case.id, Action.DELIVER, told, caller=caller, at=at, if_match=None
        )
    else:
        # The applicant himself, online or at the locker: the machine takes the step for him.
        facts = {"recipient": body.recipient} if body.recipient else {}
        await actions.act_by_machine(session, context, case, Action.DELIVER, at=at, facts=facts)
        delivery.confirmed_by = caller.subject
    await session.flush()
    return shown(context, case, delivery, caller)


async def come_back(
    session: AsyncSession,
    context: Context,
    delivery_id: UUID,
    reason: str,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> DeliveryRead:
    """退回: it could not be handed over, or was called off; the applicant is told where it waits.

    Raises:
        DeliveryNotFound, CaseNotFound, ForeignSite, StaleVersion, DeliveryStepNotAllowed
    """
    case, delivery = await _locked(session, delivery_id, caller, if_match)
    _come_back(session, case, delivery, reason, at)
    _note(session, case, delivery, "return_delivery", caller, at)
    await session.flush()
    return shown(context, case, delivery, caller)


async def expire(
    session: AsyncSession, _context: Context, delivery: Delivery, at: datetime
) -> None:
    """Take back what nobody fetched from its locker in time."""
    delivery.next_due_at = None
    if delivery.state is DeliveryState.SENT:
        case = await cases.get(session, delivery.case_id)
        _come_back(session, case, delivery, "自助柜逾期未取 / not fetched from the locker", at)
        way = {"way": delivery.way.value}
        history.note(
            session,
            case,
            action="return_delivery",
            actor=actions.MACHINE,
            at=at,
            facts=way,
            payload={"delivery": str(delivery.id), **way},
        )
    await session.flush()


DELIVERY_DUTY: Final = Duty("deliveries", Delivery, expire)
"""What lies in a locker comes back when its time is over."""


async def read(
    session: AsyncSession,
    context: Context,
    delivery_id: UUID,
    *,
    caller: Caller,
    is_full: bool,
) -> DeliveryRead:
    """Return a delivery; a clerk reads where it goes unmasked, on the record.

    Raises:
        DeliveryNotFound, CaseNotFound, ForeignSite
    """
    case, delivery = await _visible(session, delivery_id, caller)
    is_full = is_full and caller.has(Role.CLERK)
    if is_full:
        audit.note(
            session,
            actor=caller.subject,
            action="delivery.read_full",
            subject=str(delivery.id),
            payload={"number": case.number},
        )
        await session.flush()
    return shown(context, case, delivery, caller, is_full=is_full)


async def list_of(
    session: AsyncSession, context: Context, case_id: UUID, *, caller: Caller, paging: Paging
) -> Page[DeliveryRead]:
    """Return a page of a case's deliveries, oldest first.

    Raises:
        CaseNotFound, ForeignSite
    """
    case = await cases.visible(session, case_id, caller)
    rows = await store.of_case(session, case_id, paging)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[shown(context, case, row, caller) for row in page], next_cursor=cursor)


async def _visible(
    session: AsyncSession, delivery_id: UUID, caller: Caller
) -> tuple[Case, Delivery]:
    delivery = await store.get(session, delivery_id)
    if delivery is None:
        raise DeliveryNotFound
    return await cases.visible(session, delivery.case_id, caller), delivery


async def _locked(
    session: AsyncSession, delivery_id: UUID, caller: Caller, if_match: str | None
) -> tuple[Case, Delivery]:
    known = await store.get(session, delivery_id)
    if known is None:
        raise DeliveryNotFound
    # The case first, as its own actions do: two who lock in one order never wait for each other.
    case = await cases.visible_for_update(session, known.case_id, caller)
    delivery = await store.get_for_update(session, delivery_id)
    if delivery is None:
        raise DeliveryNotFound
    require_match(delivery.version, if_match)
    return case, delivery


def _require_may_confirm(delivery: Delivery, caller: Caller) -> None:
    """Results by post or at the counter are confirmed by staff; so are originals that came in."""
    by_himself = delivery.direction is Direction.TO_APPLICANT and delivery.way in (
        DeliveryWay.ONLINE,
        DeliveryWay.LOCKER,
    )
    if not caller.is_staff and not by_himself:
        raise DeliveryNotFound


async def _require_code(
    session: AsyncSession, context: Context, delivery_id: UUID, code: str | None
) -> None:
    """Compare a locker's code; a miss is counted, and stays though the request is refused."""
    async with writes.staying(session):
        sealed_code, misses = await store.lock_code(session, delivery_id)
        if misses >= rules.CODE_TRIES:
            raise LockerCodeBlocked
        if code == context.vault.open_text(sealed_code, context=CODE):
            return
        await store.note_miss(session, delivery_id)
    raise LockerCodeWrong(left=rules.CODE_TRIES - misses - 1)


async def _signed_for_later(
    session: AsyncSession,
    context: Context,
    case: Case,
    recipient: str | None,
    *,
    caller: Caller,
    at: datetime,
) -> None:
    """A result signed for once its case is at an end: the proof is drawn up, the case stays."""
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    whole = party.opened(context.vault, case.sealed_party, case_id=case.id)
    by, name = caller.subject, recipient or whole["applicant"]["name"]
    delivery = await complete(session, context, case, way=None, recipient=name, at=at, by=by)
    proof = await papers.draw_up(
        session,
        context,
        case,
        DocumentKind.PROOF_OF_SERVICE,
        matter=matter,
        party=whole,
        at=at,
        by=by,
        facts=proof_facts(delivery, recipient=name, at=at),
    )
    delivery.proof_id = proof.id


def _has_result(case: Case) -> bool:
    """Tell whether the case ended or was decided; a licence that is owed is issued first."""
    owes_licence = case.issue_due_on is not None and case.licence_id is None
    return case.stage in _RESULT_THERE and not (case.stage is Stage.DECIDED and owes_licence)


def _require_district(code: str) -> None:
    try:
        gb.district(code)
    except gb.UnknownDistrict:
        remedy = {"zh-CN": "没有该行政区划代码，请核对", "en": "no such district: check the code"}
        place = Where.pointer("/partner_district", remedy, "district")
        raise DeliveryDetailMissing(errors=[place]) from None


def _come_back(
    session: AsyncSession, case: Case, delivery: Delivery, reason: str, at: datetime
) -> None:
    delivery.state = rules.advance(delivery.state, delivery.way, DeliveryStep.RETURN)
    delivery.returned_at, delivery.return_reason, delivery.next_due_at = at, reason, None
    if delivery.direction is Direction.TO_APPLICANT:
        # It waits at the window: that way needs nothing prepared.
        notices.tell(session, case, NoticeKind.READY, at, way=DeliveryWay.COUNTER.value)


def _note(
    session: AsyncSession, case: Case, delivery: Delivery, action: str, caller: Caller, at: datetime
) -> None:
    facts: dict[str, Any] = {"way": delivery.way.value}
    if delivery.tracking_number is not None:
        facts["tracking_number"] = delivery.tracking_number
    history.note(
        session,
        case,
        action=action,
        actor=caller.subject,
        actor_role=cases.role_of(caller),
        site_id=caller.site_id,
        at=at,
        facts=facts,
        payload={"delivery": str(delivery.id), **facts},
    )
