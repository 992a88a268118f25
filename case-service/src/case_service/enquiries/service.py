"""Use cases of enquiries: ask, answer, take back, publish, escalate what is overdue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import service as cases
from case_service.cases.steps import calendar_of
from case_service.duty import Duty
from case_service.enquiries import rules, store
from case_service.enquiries.errors import ContactMissing, EnquiryNotFound
from case_service.enquiries.rules import EnquiryKind, EnquiryState
from case_service.enquiries.schemas import (
    AnswerIn,
    Asked,
    CommonQuestion,
    CommonQuestionIn,
    EnquiryIn,
    EnquiryRead,
)
from case_service.enquiries.tables import Enquiry
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from case_service.people_events import (
    EnquiryAnswered,
    EnquiryAsked,
    EnquiryEscalated,
    EnquiryWithdrawn,
)
from tongban import audit, gb
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.messages import publish
from tongban.paging import Paging, page_of
from tongban.problems import Where
from tongban.vault import Vault

__all__ = [
    "ENQUIRY_DUTY",
    "all_of",
    "answer",
    "ask",
    "common",
    "contact_of",
    "erase",
    "escalate",
    "exported",
    "of_subject",
    "open_ones",
    "publish_common",
    "read",
    "shown",
    "withdraw",
]

SEES_ALL: Final = (Role.SUPERVISOR, Role.ADMIN)
SEES_SITE: Final = (Role.CLERK, Role.SITE_MANAGER)

_NO_CONTACT = {"zh-CN": "请填写其中之一", "en": "give one of them"}


async def ask(
    session: AsyncSession, context: Context, given: EnquiryIn, *, caller: Caller, at: datetime
) -> Enquiry:
    """咨询投诉: by the person himself, or by a clerk for him.

    Raises:
        CaseNotFound, ForeignSite: the case is not his to ask about.
        ContactMissing: nobody could be answered.
    """
    site_id, matter_code = given.site_id, given.matter_code
    if given.case_id is not None:
        case = await cases.visible(session, given.case_id, caller)
        site_id, matter_code = site_id or case.site_id, matter_code or case.matter_code
    subject = given.subject if caller.is_staff else caller.subject
    if not (subject or given.phone or given.is_answered_in_person):
        places = ("/subject", "/phone", "/is_answered_in_person")
        raise ContactMissing(errors=[Where.pointer(one, _NO_CONTACT) for one in places])
    due = rules.answer_due(given.kind, local_date(at), await calendar_of(session, context))
    asked = Asked(**given.model_dump(include={"question", "name", "phone", "language"}))
    enquiry = Enquiry(
        id=(enquiry_id := new_id()),
        kind=given.kind,
        state=EnquiryState.OPEN,
        case_id=given.case_id,
        site_id=site_id or (caller.site_id if caller.is_staff else None),
        matter_code=matter_code,
        subject=subject,
        asked_by=caller.subject,
        sealed_asked=_sealed(context.vault, asked.model_dump_json(), enquiry_id),
        asked_at=at,
        due_on=due.due_on,
        is_provisional=due.is_provisional,
        next_due_at=rules.escalation_at(due.due_on),
        sequence=0,
        is_common=False,
    )
    session.add(enquiry)
    event = EnquiryAsked(**_told(enquiry, at), due_on=enquiry.due_on)
    publish(session, event, of=enquiry)
    _note(session, enquiry, action="ask", actor=caller.subject)
    await session.flush()
    return enquiry


async def answer(
    session: AsyncSession,
    context: Context,
    enquiry_id: UUID,
    given: AnswerIn,
    *,
    caller: Caller,
    at: datetime,
) -> Enquiry:
    """答复: once, and the asker is told that it is there.

    Raises:
        EnquiryNotFound, ForeignSite, EnquiryAnsweredAlready, EnquiryOver, NotAllowed,
        SupervisorAnswers
    """
    enquiry = await _for_update(session, enquiry_id, caller)
    rules.check_answer(
        state=enquiry.state,
        kind=enquiry.kind,
        is_escalated=enquiry.escalated_at is not None,
        roles=caller.roles,
    )
    enquiry.sealed_answer = _sealed(context.vault, given.answer, enquiry.id)
    enquiry.state, enquiry.next_due_at = EnquiryState.ANSWERED, None
    enquiry.answered_at, enquiry.answered_by = at, caller.subject
    enquiry.is_common = given.is_common
    notices.tell_asker(session, enquiry.id, enquiry.subject, NoticeKind.ENQUIRY_ANSWERED, at)
    event = EnquiryAnswered(**_told(enquiry, at), is_late=local_date(at) > enquiry.due_on)
    publish(session, event, of=enquiry)
    _note(session, enquiry, action="answer", actor=caller.subject)
    await session.flush()
    return enquiry


async def withdraw(
    session: AsyncSession, enquiry_id: UUID, *, caller: Caller, at: datetime
) -> Enquiry:
    """撤回咨询投诉: by whoever asked, or a clerk before whom he says so.

    Raises:
        EnquiryNotFound, ForeignSite, EnquiryAnsweredAlready, EnquiryOver
    """
    enquiry = await _for_update(session, enquiry_id, caller)
    rules.check_withdrawal(enquiry.state)
    enquiry.state, enquiry.next_due_at = EnquiryState.WITHDRAWN, None
    publish(session, EnquiryWithdrawn(**_told(enquiry, at)), of=enquiry)
    _note(session, enquiry, action="withdraw", actor=caller.subject)
    await session.flush()
    return enquiry


async def publish_common(
    session: AsyncSession,
    enquiry_id: UUID,
    given: CommonQuestionIn,
    *,
    caller: Caller,
    at: datetime,
) -> CommonQuestion:
    """发布常见问题: an answered enquiry becomes a question for everybody, reworded.

    Raises:
        EnquiryNotFound, ForeignSite, EnquiryNotAnsweredYet
    """
    enquiry = await _for_update(session, enquiry_id, caller)
    rules.check_faq(enquiry.state)
    enquiry.common_question, enquiry.common_answer = given.question, given.answer
    enquiry.is_common = True
    enquiry.published_at, enquiry.published_by = at, caller.subject
    _note(session, enquiry, action="publish", actor=caller.subject)
    await session.flush()
    return _common(enquiry)


async def escalate(
    session: AsyncSession, _context: Context, enquiry: Enquiry, at: datetime
) -> None:
    """逾期升级: what its last day left unanswered goes to the supervisor; told once."""
    enquiry.next_due_at = None
    if enquiry.state is not EnquiryState.OPEN or enquiry.escalated_at is not None:
        return
    enquiry.escalated_at = at
    publish(session, EnquiryEscalated(**_told(enquiry, at), due_on=enquiry.due_on), of=enquiry)
    _note(session, enquiry, action="escalate", actor="system")


async def read(session: AsyncSession, enquiry_id: UUID, *, caller: Caller) -> Enquiry:
    """Return an enquiry; a staff member's look at what somebody wrote is on the record.

    Raises:
        EnquiryNotFound, ForeignSite
    """
    enquiry = await store.find(session, enquiry_id)
    if enquiry is None:
        raise EnquiryNotFound
    _require_visible(enquiry, caller)
    if caller.is_staff:
        _note(session, enquiry, action="read", actor=caller.subject)
        await session.flush()
    return enquiry


async def of_subject(
    session: AsyncSession, subject: str, paging: Paging
) -> tuple[Sequence[Enquiry], str | None]:
    """Return a page of what an account asked, newest first."""
    rows = await store.of_subject(session, subject, paging)
    return page_of(rows, paging, key=lambda row: (row.id,))


async def open_ones(
    session: AsyncSession,
    paging: Paging,
    *,
    caller: Caller,
    kind: EnquiryKind | None,
    is_escalated: bool | None,
) -> tuple[Sequence[Enquiry], str | None]:
    """Return a page of what is to be answered, due first; of the caller's site where he has one."""
    site_id = None if caller.has(*SEES_ALL) else caller.site_id
    rows = await store.open_ones(
        session, paging, site_id=site_id, kind=kind, is_escalated=is_escalated
    )
    return page_of(rows, paging, key=lambda row: (row.due_on, row.id))


async def common(
    session: AsyncSession, paging: Paging, *, matter_code: str | None
) -> tuple[list[CommonQuestion], str | None]:
    """Return a page of the published questions, newest first."""
    rows = await store.common(session, paging, matter_code=matter_code)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return [_common(row) for row in page], cursor


async def contact_of(session: AsyncSession, context: Context, enquiry_id: UUID) -> Asked:
    """Return who asked and how to reach him, for the one who sends the notice.

    Raises:
        EnquiryNotFound: 404.
    """
    enquiry = await store.find(session, enquiry_id)
    if enquiry is None:
        raise EnquiryNotFound
    return _asked(context.vault, enquiry)


async def all_of(session: AsyncSession, subject: str, *, limit: int) -> Sequence[Enquiry]:
    """Return what an account asked, locked, oldest first."""
    return await store.all_of(session, subject, limit=limit)


def exported(vault: Vault, enquiry: Enquiry) -> dict[str, object]:
    """Return an enquiry whole, for whoever made it."""
    told = shown(enquiry, vault=vault, is_listed=False).model_dump(mode="json")
    return {**told, **_asked(vault, enquiry).model_dump(mode="json")}


def erase(vault: Vault, enquiry: Enquiry) -> None:
    """Overwrite what is personal about an enquiry that is over; its figures stay."""
    nothing = Asked(question="")
    enquiry.sealed_asked = _sealed(vault, nothing.model_dump_json(), enquiry.id)
    enquiry.sealed_answer = None
    enquiry.subject, enquiry.is_erased = None, True


def shown(enquiry: Enquiry, *, vault: Vault, is_listed: bool) -> EnquiryRead:
    """Return an enquiry with its asker masked; a list leaves the texts out."""
    asked = _asked(vault, enquiry)
    told = enquiry.sealed_answer
    return EnquiryRead(
        id=enquiry.id,
        kind=enquiry.kind,
        state=enquiry.state,
        case_id=enquiry.case_id,
        site_id=enquiry.site_id,
        matter_code=enquiry.matter_code,
        name=gb.mask_name(asked.name) if asked.name else None,
        phone=gb.mask_phone(asked.phone) if asked.phone else None,
        question=None if is_listed else asked.question,
        answer=None
        if is_listed or told is None
        else vault.open_text(told, context=_place(enquiry.id)),
        asked_at=enquiry.asked_at,
        due_on=enquiry.due_on,
        is_provisional=enquiry.is_provisional,
        is_escalated=enquiry.escalated_at is not None,
        answered_at=enquiry.answered_at,
        is_common=enquiry.is_common,
    )


async def _for_update(session: AsyncSession, enquiry_id: UUID, caller: Caller) -> Enquiry:
    enquiry = await store.get_for_update(session, enquiry_id)
    if enquiry is None:
        raise EnquiryNotFound
    _require_visible(enquiry, caller)
    return enquiry


def _require_visible(enquiry: Enquiry, caller: Caller) -> None:
    if caller.has(*SEES_ALL) or caller.subject == enquiry.subject:
        return
    if not caller.has(*SEES_SITE):
        raise EnquiryNotFound
    caller.require_site(enquiry.site_id)


def _common(enquiry: Enquiry) -> CommonQuestion:
    if enquiry.published_at is None:
        raise AssertionError("only what is published is shown as a common question")
    return CommonQuestion(
        id=enquiry.id,
        matter_code=enquiry.matter_code,
        site_id=enquiry.site_id,
        question=enquiry.common_question or "",
        answer=enquiry.common_answer or "",
        published_at=enquiry.published_at,
    )


def _told(enquiry: Enquiry, at: datetime) -> dict[str, object]:
    return {
        "enquiry_id": enquiry.id,
        "kind": enquiry.kind.value,
        "case_id": enquiry.case_id,
        "site_id": enquiry.site_id,
        "matter_code": enquiry.matter_code,
        "at": at,
    }


def _note(session: AsyncSession, enquiry: Enquiry, *, action: str, actor: str) -> None:
    audit.note(
        session,
        actor=actor,
        action=f"enquiry.{action}",
        subject=str(enquiry.id),
        payload={"kind": enquiry.kind.value, "state": enquiry.state.value},
    )


def _place(enquiry_id: UUID) -> str:
    return f"enquiries:{enquiry_id}"


def _sealed(vault: Vault, content: str, enquiry_id: UUID) -> bytes:
    return vault.seal(content, context=_place(enquiry_id))


def _asked(vault: Vault, enquiry: Enquiry) -> Asked:
    return Asked.model_validate_json(vault.open(enquiry.sealed_asked, context=_place(enquiry.id)))


ENQUIRY_DUTY: Final = Duty("enquiries", Enquiry, escalate)
