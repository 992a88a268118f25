"""Use cases of notices: tell something, list what was told, send what waits."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.notices.rules import NoticeKind, plain_facts
from case_service.notices.tables import Notice

__all__ = ["tell"]


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
            facts=plain_facts(facts),
            told_at=at,
            next_due_at=at,
        )
    )
