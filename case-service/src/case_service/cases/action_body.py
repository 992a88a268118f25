"""What an action is told (操作内容): one body for all, of which each takes what it needs."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from case_service.cases.case_body import FactMap
from case_service.cases.rules import ChallengeKind, ChallengeState, Ground, Opinion
from tongban.problems import field_fault
from tongban.texts import Code, Line, Paragraph

__all__ = ["ActionIn", "Challenge", "DepartmentAsked", "Missing"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Missing(_In):
    """One thing that a correction notice asks for."""

    material: Code | None = None
    what: Line


class DepartmentAsked(_In):
    """One department of a joint review."""

    department: Line
    is_lead: bool = False
    days: Annotated[int, Field(ge=1, le=60)]
    """几个工作日内出具意见"""


class Challenge(_In):
    """行政复议或行政诉讼: one, by its number; noted again when its state changes."""

    kind: ChallengeKind
    number: Line
    body: Line
    """复议机关或法院"""
    state: ChallengeState = ChallengeState.FILED


class ActionIn(_In):
    """What an action is told; each takes what it needs."""

    comment: Paragraph | None = None
    missing: Annotated[list[Missing], Field(max_length=50)] = Field(default_factory=list)
    """request_correction: 需补正的全部内容 / all that is missing, at once"""
    reason: Line | None = None
    """decline, decide (denied), withdraw, extend, terminate, reopen, escalate, hand_over: 理由"""
    reason_code: Code | None = None
    """decline: a code for statistics"""
    outcome: Literal["granted", "denied"] | None = None
    """decide: 准予或不予"""
    way: Code | None = None
    """deliver: counter, post, locker, online, partner"""
    recipient: Line | None = None
    """deliver: 签收人，缺省为申请人 / who signed for it; the applicant by default"""
    outside_number: Line | None = None
    """decide, close, report_outside: 外部系统办件编号"""
    outside_state: Line | None = None
    """report_outside: 外部系统办理状态"""
    outside_result: Line | None = None
    """report_outside: 外部系统办理结果"""
    form: FactMap | None = None
    """correct: 补正后的表单 / the corrected form"""
    procedure: Code | None = None
    """suspend: 特别程序种类，须为该事项所列 / one that the matter lists"""
    days: Annotated[int | None, Field(ge=1, le=365)] = None
    """suspend: 预计工作日，缺省取自事项 / as planned; extend: 延长工作日"""
    ground: Ground | None = None
    """terminate: 终止事由"""
    order_number: Line | None = None
    """reopen: 督办文号"""
    assignee: Line | None = None
    """assign, hand_over: 经办人账号; hand_over 不填则退回待领取 / left out: whoever claims it"""
    key: Code | None = None
    """check_commitment: 所承诺的材料"""
    kept: bool | None = None
    """check_commitment: 承诺是否属实"""
    challenge: Challenge | None = None
    """note_review: 复议或诉讼"""
    departments: Annotated[list[DepartmentAsked], Field(max_length=20)] = Field(
        default_factory=list
    )
    """request_reviews: 参与审查的部门，其中一个牵头 / exactly one leads"""
    opinion: Opinion | None = None
    """give_opinion, review: 审查意见"""

    @model_validator(mode="after")
    def _departments_have_one_lead(self) -> Self:
        names = [one.department for one in self.departments]
        if len(set(names)) != len(names):
            raise field_fault(
                "department_twice", zh="同一部门只列一次", en="name each department once"
            )
        if names and sum(one.is_lead for one in self.departments) != 1:
            raise field_fault(
                "one_lead", zh="须有且只有一个牵头部门", en="exactly one department leads"
            )
        return self
