"""Whether an application is what its matter asks for (申请内容核对): every fault, told at once.

Pure: the matter's content and what was handed in come in, faults with their places go out.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from case_service.cases.rules import Evidence
from case_service.matters.rules import FormField, MaterialAsked, MatterContent
from tongban import conditions, gb
from tongban.conditions import Fact
from tongban.problems import FieldError, Text, Where

__all__ = [
    "facts_of",
    "faults_in",
    "missing_materials",
    "owed_later",
    "promised_instead",
    "rule_holds",
]

Facts = Mapping[str, Fact]

_PHONE: Final = re.compile(r"\+?[0-9][0-9 -]{4,19}")

_AUDIENCES: Final = {"person": "个人", "enterprise": "企业"}
_REQUIRED: Text = {"zh-CN": "必填项", "en": "required"}
_UNASKED: Text = {"zh-CN": "该事项没有此项，请删去", "en": "the matter does not ask for this"}


def facts_of(situation_answers: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that a matter's conditions are held against."""
    return {**form, **situation_answers}


def faults_in(
    content: MatterContent,
    *,
    applicant_kind: str,
    situation_answers: Facts,
    form: Facts,
    evidence: Mapping[str, Evidence],
) -> list[FieldError]:
    """Return every fault of an application for this matter."""
    facts = facts_of(situation_answers, form)
    return [
        *_audience(content, applicant_kind),
        *_answers(content, situation_answers, facts),
        *_form(content, form, facts),
        *_evidence(content, evidence, facts),
    ]


def missing_materials(
    content: MatterContent, facts: Facts, *, evidence: Mapping[str, str], uploaded: frozenset[str]
) -> list[MaterialAsked]:
    """Return what neither a file nor other evidence proves, and can't follow acceptance.

    A signed promise replaces a material of necessity `commitment`; without it the file is due.
    """
    unproven = _unproven(content, facts, evidence=evidence, uploaded=uploaded)
    return [
        asked
        for asked in unproven
        if asked.necessity == "required"
        or (asked.necessity == "commitment" and evidence.get(asked.key) != Evidence.COMMITMENT)
    ]


def owed_later(
    content: MatterContent, facts: Facts, *, evidence: Mapping[str, str], uploaded: frozenset[str]
) -> list[MaterialAsked]:
    """Return the materials that may follow acceptance (容缺) and are not there yet."""
    unproven = _unproven(content, facts, evidence=evidence, uploaded=uploaded)
    return [asked for asked in unproven if asked.necessity == "supply_later"]


def promised_instead(
    content: MatterContent, facts: Facts, *, evidence: Mapping[str, str], uploaded: frozenset[str]
) -> list[MaterialAsked]:
    """Return the materials in whose place the applicant signed a promise (告知承诺)."""
    unproven = _unproven(content, facts, evidence=evidence, uploaded=uploaded)
    return [asked for asked in unproven if evidence.get(asked.key) == Evidence.COMMITMENT]


def rule_holds(
    content: MatterContent, facts: Facts, *, evidence: Mapping[str, str], uploaded: frozenset[str]
) -> bool:
    """Tell whether the machine may decide (秒批): all is there, and the matter's rule holds."""
    if content.instant_rule is None:
        return False
    if missing_materials(content, facts, evidence=evidence, uploaded=uploaded):
        return False
    if owed_later(content, facts, evidence=evidence, uploaded=uploaded):
        return False
    return conditions.holds(content.instant_rule, facts)


def _unproven(
    content: MatterContent, facts: Facts, *, evidence: Mapping[str, str], uploaded: frozenset[str]
) -> list[MaterialAsked]:
    return [
        asked
        for asked in content.materials_for(facts)
        if asked.key not in uploaded
        and evidence.get(asked.key) not in (Evidence.LICENCE, Evidence.WAIVED)
    ]


def _audience(content: MatterContent, kind: str) -> Iterator[FieldError]:
    if kind not in content.audiences:
        named = "、".join(_AUDIENCES[one] for one in content.audiences)
        allowed = ", ".join(content.audiences)
        yield Where.pointer(
            "/applicant/kind",
            {"zh-CN": f"该事项的服务对象为：{named}", "en": f"the matter is for: {allowed}"},
            "audience",
        )


def _answers(content: MatterContent, answers: Facts, facts: Facts) -> Iterator[FieldError]:
    asked = {one.key: one for one in content.situations}
    for key, value in answers.items():
        if key not in asked:
            yield Where.pointer(f"/situation_answers/{key}", _UNASKED, "unasked")
        elif all(value != answer.value for answer in asked[key].answers):
            choices = "、".join(str(answer.value) for answer in asked[key].answers)
            yield Where.pointer(
                f"/situation_answers/{key}",
                {"zh-CN": f"应为下列之一：{choices}", "en": f"must be one of {choices}"},
                "choice",
            )
    for key, situation in asked.items():
        if key not in answers and conditions.holds(situation.when, facts):
            yield Where.pointer(
                f"/situation_answers/{key}",
                {"zh-CN": f"请回答：{situation.question}", "en": "answer this question"},
                "missing",
            )


def _form(content: MatterContent, form: Facts, facts: Facts) -> Iterator[FieldError]:
    asked = {one.key: one for one in content.form_fields}
    for key in form.keys() - asked.keys():
        yield Where.pointer(f"/form/{key}", _UNASKED, "unasked")
    for key, field in asked.items():
        value = form.get(key)
        if value is None or value == "":
            # A phone is never required: nobody needs one to apply.
            if field.required and field.kind != "phone" and conditions.holds(field.when, facts):
                yield Where.pointer(f"/form/{key}", _REQUIRED, "missing")
        elif (fault := _KINDS[field.kind](value, field)) is not None:
            yield Where.pointer(f"/form/{key}", fault, field.kind)


def _evidence(
    content: MatterContent, evidence: Mapping[str, Evidence], facts: Facts
) -> Iterator[FieldError]:
    asked = {one.key: one for one in content.materials_for(facts)}
    for place, (key, kind) in enumerate(evidence.items()):
        material = asked.get(key)
        if material is None:
            yield Where.pointer(f"/materials/{place}/key", _UNASKED, "unasked")
        elif not _suits(material, kind):
            yield Where.pointer(
                f"/materials/{place}/evidence",
                {
                    "zh-CN": f"材料“{material.name}”不能以此方式提供，请上传文件",
                    "en": "this material can't be proven that way: upload a file",
                },
                "evidence",
            )


def _suits(material: MaterialAsked, kind: Evidence) -> bool:
    if kind is Evidence.FILE:
        return True
    if kind in (Evidence.LICENCE, Evidence.WAIVED):
        return bool(material.waived_by)
    return material.necessity == kind.value


def _text(value: Fact, _field: FormField) -> Text | None:
    if isinstance(value, str):
        return None
    return {"zh-CN": "应为文字", "en": "must be text"}


def _number(value: Fact, _field: FormField) -> Text | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return None
    return {"zh-CN": "应为数字", "en": "must be a number"}


def _date(value: Fact, _field: FormField) -> Text | None:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return {"zh-CN": "应为日期，如 2026-10-10", "en": "must be a date such as 2026-10-10"}
    return None


def _choice(value: Fact, field: FormField) -> Text | None:
    if str(value) in field.options:
        return None
    choices = "、".join(field.options)
    return {"zh-CN": f"应为下列之一：{choices}", "en": f"must be one of {choices}"}


def _credit_code(value: Fact, _field: FormField) -> Text | None:
    try:
        gb.check_credit_code(str(value))
    except gb.InvalidCreditCode:
        return {"zh-CN": "统一社会信用代码有误，请核对", "en": "not a valid credit code: check it"}
    return None


def _identity_number(value: Fact, _field: FormField) -> Text | None:
    try:
        gb.check_identity_number(str(value))
    except gb.InvalidIdentityNumber:
        return {"zh-CN": "身份证号有误，请核对", "en": "not a valid identity number: check it"}
    return None


def _phone(value: Fact, _field: FormField) -> Text | None:
    if _PHONE.fullmatch(str(value)):
        return None
    return {"zh-CN": "电话号码有误，可不填", "en": "not a phone number; it may be left out"}


_KINDS: Mapping[str, Callable[[Fact, FormField], Text | None]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "choice": _choice,
    "credit_code": _credit_code,
    "identity_number": _identity_number,
    "phone": _phone,
}
