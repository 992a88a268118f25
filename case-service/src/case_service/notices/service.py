"""Use cases of notices: tell something, list what was told, send again what was given up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.schemas import Words
from case_service.cases.tables import Case
from case_service.notices import store
from case_service.notices.errors import NoticeNotFound, NoticeOnItsWay
from case_service.notices.languages import Language
from case_service.notices.rules import NoticeKind, NoticeState, plain_facts
from case_service.notices.schemas import NoticeRead
from case_service.notices.tables import Notice
from case_service.notices.wording import rendered
from tongban import audit
from tongban.identity import Caller
from tongban.paging import Paging, page_of

__all__ = ["of_case", "of_subject", "send_again", "shown", "tell", "tell_asker"]


def tell(session: AsyncSession, case: Case, kind: NoticeKind, at: datetime, **facts: Any) -> None:
    """Have the applicant told; a worker sends it once this transaction is done.

    One row is added to the session and nothing is read. `facts` are days, numbers and reasons;
    names and numbers of people stay out.
    """
    session.add(
        Notice(
            case_id=case.id,
            subject=case.applicant_subject,
            kind=kind,
            facts=plain_facts({"number": case.number, "matter_name": case.matter_name, **facts}),
            told_at=at,
            next_due_at=at,
        )
    )


def tell_asker(
    session: AsyncSession, enquiry_id: UUID, subject: str | None, kind: NoticeKind, at: datetime
) -> None:
    """Have whoever asked told, about an enquiry that need not be about a case."""
    notice = Notice(
        enquiry_id=enquiry_id, subject=subject, kind=kind, facts={}, told_at=at, next_due_at=at
    )
    session.add(notice)


async def of_case(
    session: AsyncSession, case_id: UUID, paging: Paging
) -> tuple[Sequence[Notice], str | None]:
    """Return a page of what the applicant of a case was told, in order."""
    rows = await store.of_case(session, case_id, paging)
    return page_of(rows, paging, key=lambda row: (row.id,))


async def of_subject(
    session: AsyncSession, subject: str, paging: Paging
) -> tuple[Sequence[Notice], str | None]:
    """Return a page of what an account was told, newest first."""
    rows = await store.of_subject(session, subject, paging)
    return page_of(rows, paging, key=lambda row: (row.id,))


async def send_again(
    session: AsyncSession, case: Case, notice_id: UUID, *, caller: Caller, at: datetime
) -> Notice:
    """重发通知: what was given up goes out once more, after a phone number was mended, say.

    Raises:
        NoticeNotFound, NoticeOnItsWay
    """
    notice = await store.get_for_update(session, case.id, notice_id)
    if notice is None:
        raise NoticeNotFound
    if notice.state not in (NoticeState.DEAD, NoticeState.UNREACHABLE):
        raise NoticeOnItsWay(state=notice.state.value)
    notice.state, notice.attempts, notice.next_due_at = NoticeState.WAITING, 0, at
    audit.note(
        session,
        actor=caller.subject,
        action="notice.send_again",
        subject=str(notice.id),
        payload={"kind": notice.kind.value, "case": case.number},
    )
    await session.flush()
    return notice


def shown(notice: Notice, *, is_staff: bool) -> NoticeRead:
    """Return a notice as it is read, in both languages."""
    zh_title, zh_text = rendered(notice.kind, notice.facts, Language.CHINESE)
    en_title, en_text = rendered(notice.kind, notice.facts, Language.ENGLISH)
    return NoticeRead(
        id=notice.id,
        case_id=notice.case_id,
        enquiry_id=notice.enquiry_id,
        kind=notice.kind,
        title=Words(zh=zh_title, en=en_title),
        text=Words(zh=zh_text, en=en_text),
        told_at=notice.told_at,
        state=notice.state,
        language=notice.language,
        messenger=notice.messenger,
        attempts=notice.attempts,
        sent_at=notice.sent_at,
        last_fault=notice.last_fault if is_staff else None,
        next_due_at=notice.next_due_at,
    )
