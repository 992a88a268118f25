"""Notices as they go out."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from case_service.cases.schemas import Words
from case_service.notices.languages import Language
from case_service.notices.rules import NoticeKind, NoticeState

__all__ = ["NoticeRead"]


class NoticeRead(BaseModel):
    """What was told, in both languages, and how it reached the applicant."""

    id: UUID
    case_id: UUID | None
    enquiry_id: UUID | None
    kind: NoticeKind
    title: Words
    text: Words
    told_at: datetime
    state: NoticeState
    language: Language | None = Field(description="发送时所用语言 / in which it was sent")
    messenger: str | None = Field(description="发送渠道 / the adapter that took it")
    attempts: int
    sent_at: datetime | None
    last_fault: str | None = Field(description="未送出的原因，仅工作人员可见 / for staff")
    next_due_at: datetime | None = Field(description="下次发送时间 / when it is tried again")
