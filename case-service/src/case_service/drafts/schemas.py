"""Drafts as they are saved, resumed and read."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from case_service.cases.case_body import FactMap, MaterialIn
from case_service.cases.rules import Channel
from case_service.drafts.rules import DraftState
from case_service.shapes import CASE_NUMBER
from tongban.problems import field_fault
from tongban.texts import Code, Line

__all__ = [
    "CodeMade",
    "DraftContent",
    "DraftFile",
    "DraftIn",
    "DraftRead",
    "DraftRef",
    "HandIn",
    "ResumeIn",
]

PartMap = Annotated[dict[Code, Line | dict[Code, Line | None] | None], Field(max_length=20)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DraftContent(_In):
    """所填内容: as far as it is filled in; it is checked when it is handed in."""

    applicant: PartMap = Field(default_factory=dict)
    agent: PartMap | None = None
    form: FactMap = Field(default_factory=dict)
    situation_answers: FactMap = Field(default_factory=dict)
    materials: Annotated[list[MaterialIn], Field(max_length=100)] = Field(default_factory=list)
    life_event: Code | None = None
    authority_id: UUID | None = None
    predecessor_id: UUID | None = None
    earlier_licence: PartMap | None = None


class DraftIn(DraftContent):
    """草稿."""

    matter_code: Code


class ResumeIn(_In):
    """接续: by number and identity number before a clerk, or by a one-time code anywhere."""

    number: Annotated[str | None, Field(pattern=CASE_NUMBER)] = None
    identity_number: Line | None = None
    """证件号码或统一社会信用代码"""
    code: Code | None = None
    """一次性接续码"""

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if (self.code is None) == (self.number is None or self.identity_number is None):
            raise field_fault(
                "way",
                zh="请填写 code，或同时填写 number 与 identity_number",
                en="tell the code, or number and identity_number together",
            )
        return self


class HandIn(_In):
    """提交草稿."""

    site_id: Code | None = None
    ticket_id: UUID | None = None
    channel: Channel | None = None
    confirm_duplicate: bool = False
    """同一申请人的同一事项已有在办件，仍要申请 / one more, though one of this matter is open"""


class CodeMade(BaseModel):
    """一次性接续码."""

    code: str
    ends_at: datetime


class DraftRef(BaseModel):
    """A line of the list of drafts: nothing personal."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    matter_code: str
    state: DraftState
    saved_at: datetime
    next_due_at: datetime | None = Field(serialization_alias="expires_at")
    version: int


class DraftFile(BaseModel):
    """草稿材料: a file kept with a draft."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    key: str
    """材料 key / the material that it is"""
    file_name: str | None
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime


class DraftRead(DraftRef):
    """草稿全文: for whoever holds it."""

    content: dict[str, Any]
    last_site_id: str | None
    files: list[DraftFile]
