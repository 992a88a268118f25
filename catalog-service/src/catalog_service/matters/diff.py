"""What differs between two versions of a matter (版本比对), as data and in words. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pydantic_core import to_jsonable_python

from catalog_service.matters.content import MatterContent
from catalog_service.matters.words import chinese

__all__ = ["Difference", "DifferenceKind", "differences"]


class DifferenceKind(StrEnum):
    ADDED = "added"  # 新增
    REMOVED = "removed"  # 删去
    CHANGED = "changed"  # 修改


@dataclass(frozen=True)
class Difference:
    """One place that differs; `pointer` names rows of a list by their key, not by number."""

    pointer: str
    kind: DifferenceKind
    before: Any
    after: Any
    words: Mapping[str, str]


# What tells one row of a list from another: a row that moved is not a change.
_NAMED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "materials": ("key",),
        "situations": ("key",),
        "form_fields": ("key",),
        "evidence_sets": ("key",),
        "handling_items": ("code",),
        "answers": ("value",),
        "legal_basis": ("law", "article"),
        "fees": ("name", "channel"),
        "exemptions": ("name",),
        "steps": ("name",),
        "special_procedures": ("kind",),
        "results": ("name",),
        "scope_areas": ("district",),
        "windows": ("name",),
        "faqs": ("question",),
        "pieces": ("name",),
    }
)

_LABELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "name": ("名称", "name"),
        "english_name": ("英文名称", "English name"),
        "summary": ("说明", "summary"),
        "matter_type": ("事项类型", "type"),
        "handling": ("办件类型", "handling"),
        "level": ("行使层级", "level"),
        "body": ("实施主体", "body"),
        "delegated_body": ("受委托机构", "delegated body"),
        "granted_without_asking": ("免申即享", "granted without asking"),
        "concentrated": ("集中办理", "concentrated"),
        "audiences": ("服务对象", "audiences"),
        "area": ("业务领域", "area"),
        "statutory_days": ("法定办结时限", "statutory days"),
        "statutory_unit": ("法定办结时限单位", "unit of the statutory limit"),
        "promised_days": ("承诺办结时限", "promised days"),
        "baseline": ("改革前基线", "baseline"),
        "as_of": ("基准日", "as of"),
        "required_materials": ("必要材料", "required materials"),
        "days": ("时限", "days"),
        "materials": ("申请材料", "material"),
        "necessity": ("必要性", "necessity"),
        "form": ("形式", "form"),
        "copies": ("份数", "copies"),
        "counts": ("各形式份数", "counts"),
        "source": ("来源", "source"),
        "issued_by": ("出具单位", "issued by"),
        "when": ("适用条件", "condition"),
        "waived_by": ("免提交", "waived by"),
        "proves": ("证明的事实", "fact proven"),
        "evidence_sets": ("证据组合", "evidence set"),
        "pieces": ("证据", "piece"),
        "sample": ("样例", "sample"),
        "blank": ("空表", "blank form"),
        "situations": ("情形", "situation"),
        "question": ("问题", "question"),
        "english_question": ("英文问题", "English question"),
        "answers": ("答案", "answer"),
        "handling_items": ("业务办理项", "handling item"),
        "form_fields": ("表单项", "form field"),
        "legal_basis": ("设定依据", "legal basis"),
        "law": ("法律法规", "law"),
        "number": ("文号", "number"),
        "article": ("条款", "article"),
        "text": ("条文", "text"),
        "fees": ("收费", "fee"),
        "amount_cents": ("金额（分）", "amount in cents"),
        "channel": ("渠道", "channel"),
        "exemptions": ("减免", "exemption"),
        "extension_days": ("可延期工作日", "working days of extension"),
        "remedies": ("救济途径", "ways of review and suit"),
        "supply_days": ("容缺后补期限（工作日）", "working days to supply what is owed"),
        "commitment_check_days": ("承诺核查期限（工作日）", "working days to check a promise"),
        "instant_rule": ("秒批条件", "instant rule"),
        "steps": ("办理环节", "step"),
        "special_procedures": ("特别程序", "special procedure"),
        "results": ("办理结果", "result"),
        "validity_months": ("有效期（月）", "validity in months"),
        "licence_type": ("证照类型", "licence type"),
        "channels": ("办理渠道", "channels"),
        "online_depth": ("网办深度", "on-line depth"),
        "visits": ("到现场次数", "visits"),
        "handling_scope": ("通办范围", "handling scope"),
        "scope_areas": ("通办区域", "area of handling"),
        "mode": ("通办模式", "mode"),
        "outside_system": ("外部业务系统", "outside system"),
        "windows": ("办理地点", "window"),
        "consultation": ("咨询方式", "ways to ask"),
        "complaints": ("监督投诉方式", "ways to complain"),
        "faqs": ("常见问题", "question often asked"),
        "answer": ("答复", "answer"),
        "keywords": ("关键词", "keywords"),
        "provenance": ("出处", "provenance"),
        "label": ("标签", "label"),
        "kind": ("种类", "kind"),
        "required": ("必填", "required"),
        "options": ("选项", "options"),
        "code": ("编码", "code"),
        "basis": ("依据", "basis"),
    }
)

# Whose words a field's values are.
_VALUES: Mapping[str, str] = MappingProxyType(
    {
        "matter_type": "MatterType",
        "handling": "Handling",
        "level": "Level",
        "area": "Area",
        "audiences": "Audience",
        "statutory_unit": "DayUnit",
        "necessity": "Necessity",
        "form": "MaterialForm",
        "source": "MaterialSource",
        "channel": "FeeChannel",
        "channels": "Channel",
        "handling_scope": "HandlingScope",
        "mode": "Mode",
        "provenance": "Provenance",
    }
)
# What a version of an earlier release does not say, it meant.
_LEFT_OUT: Mapping[str, Any] = MappingProxyType(
    {
        name: to_jsonable_python(field.get_default(call_default_factory=True))
        for name, field in MatterContent.model_fields.items()
        if not field.is_required()
    }
)
_PLACES = {key: at for at, key in enumerate(_LABELS)}
_LONGEST = 60


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return every place that differs."""
    return [*_compare({**_LEFT_OUT, **before}, {**_LEFT_OUT, **after}, at=(), named=())]


def _compare(
    before: Any, after: Any, *, at: tuple[str, ...], named: tuple[tuple[str, str], ...]
) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}, key=_place):
            label = _LABELS.get(key, (key, key))
            yield from _compare(
                before.get(key), after.get(key), at=(*at, key), named=(*named, label)
            )
    elif at and at[-1] in _NAMED_BY and (_rows(before) or _rows(after)):
        yield from _compare_rows(before or [], after or [], at=at, named=named)
    else:
        yield _difference(before, after, at=at, named=named)


def _place(key: str) -> tuple[int, str]:
    """Order the parts as a reader goes through them, however they were stored."""
    return (_PLACES.get(key, len(_PLACES)), key)


def _rows(value: Any) -> bool:
    return (
        isinstance(value, list) and all(isinstance(one, Mapping) for one in value) and value != []
    )


def _compare_rows(
    before: list[Any], after: list[Any], *, at: tuple[str, ...], named: tuple[tuple[str, str], ...]
) -> Iterator[Difference]:
    was = {_name_of(row, at[-1]): row for row in before}
    now = {_name_of(row, at[-1]): row for row in after}
    if len(was) < len(before) or len(now) < len(after):  # two rows of one name: told as a whole
        yield _difference(before, after, at=at, named=named)
        return
    for name in dict.fromkeys([*was, *now]):
        title = _title_of(now.get(name) or was.get(name) or {}, name)
        *rest, (chinese, english) = named
        label = (f"{chinese}“{title}”", f"{english} “{title}”")
        place = (*at, name)
        if name in was and name in now:
            yield from _compare(was[name], now[name], at=place, named=(*rest, label))
        else:
            yield _difference(was.get(name), now.get(name), at=place, named=(*rest, label))


def _name_of(row: Mapping[str, Any], part: str) -> str:
    return "|".join(str(row.get(key) or "") for key in _NAMED_BY[part])


def _title_of(row: Mapping[str, Any], name: str) -> str:
    for key in ("name", "question", "label", "law"):
        if row.get(key):
            return str(row[key])
    return name


def _difference(
    before: Any, after: Any, *, at: tuple[str, ...], named: tuple[tuple[str, str], ...]
) -> Difference:
    chinese_name = "的".join(one for one, _ in named)
    english = ", ".join(one for _, one in named)
    if before in (None, [], ""):
        kind = DifferenceKind.ADDED
        words = {"zh-CN": f"新增{chinese_name}", "en": f"{english} added"}
        if not isinstance(after, Mapping | list):
            told = _said(after, at[-1])
            words = {language: f"{text}: {told[language]}" for language, text in words.items()}
    elif after in (None, [], ""):
        kind = DifferenceKind.REMOVED
        words = {"zh-CN": f"删去{chinese_name}", "en": f"{english} removed"}
    else:
        kind = DifferenceKind.CHANGED
        was, now = _said(before, at[-1]), _said(after, at[-1])
        words = {
            "zh-CN": f"{chinese_name}由“{was['zh-CN']}”改为“{now['zh-CN']}”",
            "en": f"{english} changed from “{was['en']}” to “{now['en']}”",
        }
    pointer = "".join(f"/{one.replace('~', '~0').replace('/', '~1')}" for one in at)
    return Difference(pointer, kind, before, after, words)


def _said(value: Any, field: str) -> dict[str, str]:
    """Return a value as a reader of each language reads it."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        each = [_said(one, field) for one in value]
        told = {language: "、".join(one[language] for one in each) for language in ("zh-CN", "en")}
    elif isinstance(value, str) and field in _VALUES:
        told = {"zh-CN": chinese(_VALUES[field], value), "en": value.replace("_", " ")}
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        told = {"zh-CN": text, "en": text}
    return {
        language: text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        for language, text in told.items()
    }
