"""Assistance and authorities as they come in and go out."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.assistance.rules import (
    AssistanceMode,
    AssistanceStep,
    Authorisation,
    AuthorityKind,
)
from case_service.cases.schemas import Words
from case_service.people.schemas import PersonRef
from tongban.texts import Code, Line

__all__ = [
    "AgentIn",
    "AssistanceIn",
    "AssistanceRead",
    "AuthorityIn",
    "AuthorityRead",
    "HelpedWith",
    "RecordedAuthorityIn",
]

Actions = Annotated[list[Code], Field(max_length=20)]
Matters = Annotated[list[Code], Field(max_length=200)]


class AssistanceIn(BaseModel):
    """Who helps, how, and by what right."""

    model_config = ConfigDict(extra="forbid")

    mode: AssistanceMode = Field(description="assist 帮办, act_for 代办")
    helper_name: Line = Field(description="帮办代办员姓名 / the helper's name")
    steps: list[AssistanceStep] = Field(default_factory=list, max_length=len(AssistanceStep))
    authorisation: Authorisation | None = Field(default=None, description="代办须填 / for act_for")
    until: date | None = Field(default=None, description="授权有效期至 / its last day")
    evidence: Line | None = Field(
        default=None, description="纸质、指纹授权的凭证编号 / number of the paper or print"
    )
    actions: Actions = Field(
        default_factory=list,
        description="代办范围，空为全部 / correct, withdraw …; empty for all",
    )


class HelpedWith(BaseModel):
    """One thing that the helper did."""

    at: datetime
    action: str
    action_name: Words


class AssistanceRead(BaseModel):
    """Help that is on record, with everything that the helper did."""

    id: UUID
    case_id: UUID
    mode: AssistanceMode
    helper_name: str
    steps: list[AssistanceStep]
    authorisation: Authorisation | None
    until: date | None
    evidence: str | None
    actions: list[str]
    at: datetime
    did: list[HelpedWith] = Field(description="帮办人员的全部操作 / everything he did")


class AuthorityIn(BaseModel):
    """Whom I let act for me, in what, and until when."""

    model_config = ConfigDict(extra="forbid")

    kind: AuthorityKind = Field(description="agent 委托代理, family 亲友代办")
    agent_subject: Line = Field(description="代办人的平台账号 / the agent's account")
    agent_name: Line
    relation: Line | None = Field(default=None, description="与本人关系")
    matters: Matters = Field(default_factory=list, description="事项范围，空为全部 / empty for all")
    actions: Actions = Field(
        default_factory=list,
        description="操作范围 submit, upload, correct, withdraw，空为全部 / empty for all",
    )
    valid_from: date | None = Field(default=None, description="缺省为今日 / today by default")
    until: date = Field(description="有效期至 / its last day")


class RecordedAuthorityIn(AuthorityIn):
    """What a person lets somebody do, said before a clerk."""

    person: PersonRef
    subject: Line | None = Field(default=None, description="授权人平台账号，如有 / if any")
    way: Authorisation
    evidence: Line = Field(description="委托书或指纹凭证编号 / number of what is kept")


class AuthorityRead(BaseModel):
    """An authority on record."""

    id: UUID
    kind: AuthorityKind
    agent_subject: str
    agent_name: str
    relation: str | None
    matters: list[str]
    actions: list[str]
    valid_from: date
    until: date
    way: Authorisation
    evidence: str | None
    given_at: datetime
    revoked_at: datetime | None
    is_in_force: bool


class AgentIn(BaseModel):
    """By which authority somebody acts in a case from now on."""

    model_config = ConfigDict(extra="forbid")

    authority_id: UUID
