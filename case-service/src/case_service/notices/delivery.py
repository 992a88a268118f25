"""The worker's part of notices: each that waits is worded, addressed and handed over."""

from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import party
from case_service.cases import service as cases
from case_service.duty import Duty
from case_service.enquiries import service as enquiries
from case_service.notices import rules
from case_service.notices.languages import language_of
from case_service.notices.messengers import (
    Message,
    Messenger,
    MessengerFault,
    Recipient,
    messenger_of,
)
from case_service.notices.rules import NoticeState
from case_service.notices.tables import Notice
from case_service.notices.wording import rendered
from case_service.people import preferences
from case_service.people_events import NoticeFailed, NoticeSent
from tongban.context import Context
from tongban.messages import publish

__all__ = ["MESSENGER", "NOTICE_DUTY", "deliver"]

MESSENGER: Final = "messenger"
"""The resource that holds the adapter."""

log = structlog.get_logger(__name__)


async def deliver(session: AsyncSession, context: Context, notice: Notice, at: datetime) -> None:
    """Hand a waiting notice over, or say when it is tried again; `notice` is locked."""
    recipient, wish = await _recipient(session, context, notice)
    notice.language = language_of(wish)
    if recipient.phone is None and recipient.account is None:
        # Without phone and account he is told at the window, where the notice is shown.
        notice.state, notice.next_due_at = NoticeState.UNREACHABLE, None
        _tell_failed(session, notice, at)
        return
    messenger = _messenger(context)
    title, text = rendered(notice.kind, notice.facts, notice.language)
    message = Message(notice.id, notice.kind, notice.language, title, text, recipient)
    notice.attempts += 1
    notice.messenger = messenger.name
    try:
        notice.receipt = await messenger.send(message)
    except MessengerFault as fault:
        _postpone(session, notice, fault, at)
        return
    notice.state, notice.sent_at, notice.last_fault = NoticeState.SENT, at, None
    notice.next_due_at = None
    event = NoticeSent(
        notice_id=notice.id, case_id=notice.case_id, kind=notice.kind, at=at, way=messenger.name
    )
    publish(session, event, of=notice)


def _postpone(session: AsyncSession, notice: Notice, fault: MessengerFault, at: datetime) -> None:
    notice.last_fault = fault.reason
    notice.next_due_at = None if fault.is_final else rules.next_attempt(notice.attempts, at)
    log.warning(
        "notice.not_sent",
        notice_id=str(notice.id),
        attempts=notice.attempts,
        fault=fault.reason,
        again_at=notice.next_due_at and notice.next_due_at.isoformat(),
    )
    if notice.next_due_at is None:
        notice.state = NoticeState.DEAD
        _tell_failed(session, notice, at)


def _tell_failed(session: AsyncSession, notice: Notice, at: datetime) -> None:
    event = NoticeFailed(
        notice_id=notice.id, case_id=notice.case_id, kind=notice.kind, at=at, state=notice.state
    )
    publish(session, event, of=notice)


def _messenger(context: Context) -> Messenger:
    found: Messenger | None = context.resources.get(MESSENGER)
    if found is None:
        found = context.resources[MESSENGER] = messenger_of(context.settings)
    return found


async def _recipient(
    session: AsyncSession, context: Context, notice: Notice
) -> tuple[Recipient, str | None]:
    """Return whom a notice is for and the language he reads."""
    liked = await preferences.language_of(session, notice.subject)
    if notice.enquiry_id is not None:
        contact = await enquiries.contact_of(session, context, notice.enquiry_id)
        recipient = Recipient(contact.name, contact.phone, notice.subject)
        return recipient, contact.language or liked
    if notice.case_id is None:
        raise AssertionError("a notice is about a case or an enquiry")
    case = await cases.get(session, notice.case_id)
    whole = party.opened(context.vault, case.sealed_party, case_id=case.id)
    applicant = whole["applicant"]
    recipient = Recipient(applicant.get("name"), applicant.get("phone"), notice.subject)
    return recipient, applicant.get("language") or liked


NOTICE_DUTY: Final = Duty("notices", Notice, deliver)
