"""Enquiries as they come in and go out."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.cases.case_body import Phone
from case_service.enquiries.rules import EnquiryKind, EnquiryState
from case_service.notices.languages import Language
from tongban.texts import Code, Line, Paragraph

__all__ = ["AnswerIn", "Asked", "CommonQuestion", "CommonQuestionIn", "EnquiryIn", "EnquiryRead"]

Words = Annotated[Paragraph, Field(min_length=1)]


class EnquiryIn(BaseModel):
    """What is asked, about what, and how to answer."""

    model_config = ConfigDict(extra="forbid")

    kind: EnquiryKind
    question: Words
    case_id: UUID | None = Field(default=None, description="有关办件 / the case it is about")
    site_id: Code | None = Field(default=None, description="有关网点 / the site")
    matter_code: Code | None = Field(default=None, description="有关事项 / the matter")
    name: Line | None = Field(default=None, description="称呼 / how to address you")
    phone: Phone | None = Field(default=None, description="联系电话，可不填 / never required")
    language: Language | None = None
    subject: Line | None = Field(
        default=None, description="平台账号，由工作人员代录时可填 / where staff enter it"
    )
    is_answered_in_person: bool = Field(
        default=False, description="当面答复 / for who has neither phone nor account"
    )


class Asked(BaseModel):
    """What is kept sealed of an enquiry."""

    question: str
    name: str | None = None
    phone: str | None = None
    language: Language | None = None


class AnswerIn(BaseModel):
    """The answer, as the asker reads it."""

    model_config = ConfigDict(extra="forbid")

    answer: Words
    is_common: bool = Field(default=False, description="可整理为常见问题 / worth a common question")


class CommonQuestionIn(BaseModel):
    """The question and answer as the public reads them: reworded, without anybody's data."""

    model_config = ConfigDict(extra="forbid")

    question: Words
    answer: Words


class CommonQuestion(BaseModel):
    """常见问题: a question and its answer, for everybody."""

    id: UUID
    matter_code: str | None
    site_id: str | None
    question: str
    answer: str
    published_at: datetime


class EnquiryRead(BaseModel):
    """An enquiry as this caller may see it; name and phone are masked."""

    id: UUID
    kind: EnquiryKind
    state: EnquiryState
    case_id: UUID | None
    site_id: str | None
    matter_code: str | None
    name: str | None
    phone: str | None
    question: str | None = Field(description="列表中不返回 / left out of lists")
    answer: str | None
    asked_at: datetime
    due_on: date
    is_provisional: bool
    is_escalated: bool
    answered_at: datetime | None
    is_common: bool
