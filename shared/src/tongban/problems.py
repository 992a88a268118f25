"""Problems: every error answer, RFC 9457, in the caller's language (zh-CN default, en).

One class per thing that can go wrong. Raised with facts, rendered here, declared on the route by
`problems(…)`. Each says what to do about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError
from starlette.responses import JSONResponse, Response

from tongban.clock import SHANGHAI
from tongban.shapes import words_of

__all__ = [
    "FieldError",
    "MalformedRequest",
    "Problem",
    "ProblemBody",
    "Text",
    "Where",
    "field_fault",
    "from_validation",
    "language_of",
    "pointer_to",
    "problems",
    "render",
    "sentences_of",
]

Text = Mapping[str, str]
"""The same sentence by language tag: zh-CN and en."""

DEFAULT_LANGUAGE = "zh-CN"
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class FieldError:
    """One fault in the input: where it is and what to do."""

    detail: Text
    pointer: str | None = None
    parameter: str | None = None
    code: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None


class Where:
    """Makes a `FieldError` for a place in the request."""

    @staticmethod
    def pointer(pointer: str, detail: Text, code: str | None = None) -> FieldError:
        """In the body, by JSON pointer (RFC 6901)."""
        return FieldError(detail=detail, pointer=pointer, code=code)

    @staticmethod
    def parameter(name: str, detail: Text, code: str | None = None) -> FieldError:
        """In the path, the query or a header, by name."""
        return FieldError(detail=detail, parameter=name, code=code)

    @staticmethod
    def cell(
        sheet: str | None, row: int, column: str | None, detail: Text, code: str | None = None
    ) -> FieldError:
        """In an uploaded table, by the names its reader sees; rows count from 1."""
        return FieldError(detail=detail, sheet=sheet, row=row, column=column, code=code)


class Problem(Exception):
    """Something that went wrong, told to the caller. Subclasses set the class variables."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal-error"
    title: ClassVar[Text]
    detail: ClassVar[Text] = {}
    """A sentence with the remedy; `{fact}` places are filled from the facts."""
    words: ClassVar[Mapping[str, Text]] = {}
    """What codes among the facts are called in the sentence; the answer's members stay codes."""

    def __init__(
        self,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(self.type)
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.type} {self.facts}"


class ProblemBody(BaseModel):
    """An error answer (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:tongban:problem:stale-version"])
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    request_id: str | None = None
    errors: list[dict[str, Any]] = Field(default_factory=list)


class MalformedRequest(Problem):
    """The request's form is wrong; each fault is listed."""

    status = 422
    type = "malformed-request"
    title = {"zh-CN": "请求内容有误", "en": "The request is not well formed"}
    detail = {
        "zh-CN": "请按 errors 中各项的提示修改后重新提交。",
        "en": "Mend each place listed in errors, then send it again.",
    }


class NotFound(Problem):
    """Nothing is there."""

    status = 404
    type = "not-found"
    title = {"zh-CN": "没有找到", "en": "Not found"}
    detail = {"zh-CN": "请核对地址或编号。", "en": "Check the address or the identifier."}


class MethodNotAllowed(Problem):
    """The address is right, the method is not."""

    status = 405
    type = "method-not-allowed"
    title = {"zh-CN": "不支持该请求方法", "en": "Method not allowed"}


class ServiceUnavailable(Problem):
    """A part that the answer needs is down; nothing was changed."""

    status = 503
    type = "service-unavailable"
    title = {"zh-CN": "服务暂时不可用", "en": "Temporarily unavailable"}
    detail = {
        "zh-CN": "没有任何内容被修改，请稍后用同一 Idempotency-Key 重试。",
        "en": "Nothing was changed; try again later with the same Idempotency-Key.",
    }


class InternalError(Problem):
    """A fault of ours; it is on the log under the request's id."""

    status = 500
    type = "internal-error"
    title = {"zh-CN": "系统内部错误", "en": "Internal error"}
    detail = {
        "zh-CN": "问题已记录，请将 request_id 告知运维人员。",
        "en": "It has been logged; tell the operators the request_id.",
    }


def language_of(request: Request) -> str:
    """Return `zh-CN` or `en`: the first of the two in the caller's Accept-Language, by weight."""
    best, best_weight = DEFAULT_LANGUAGE, 0.0
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, parameters = part.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        known = {"zh": "zh-CN", "en": "en"}.get(tag.split("-")[0].lower())
        if known and weight > best_weight:
            best, best_weight = known, weight
    return best


def _say(
    text: Text, language: str, facts: Mapping[str, Any], words: Mapping[str, Text]
) -> str | None:
    template = text.get(language) or text.get(DEFAULT_LANGUAGE)
    if template is None:
        return None

    def plain(fact: Any) -> str:
        if fact is None:
            return "—"
        if isinstance(fact, (list, tuple, set, frozenset)):
            return _COMMAS[language].join(plain(one) for one in fact) or "—"
        if isinstance(fact, datetime) and fact.tzinfo is not None:
            return f"{fact.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        code = str(fact)
        return words.get(code, {}).get(language, code)

    return template.format_map({name: plain(fact) for name, fact in facts.items()})


_COMMAS: Mapping[str, str] = {"zh-CN": "、", "en": ", "}


def render(problem: Problem, request: Request) -> Response:
    """Turn a problem into its answer."""
    language = language_of(request)
    body: dict[str, Any] = {
        "type": f"urn:tongban:problem:{problem.type}",
        "title": _say(problem.title, language, problem.facts, problem.words),
        "status": problem.status,
        "detail": _say(problem.detail, language, problem.facts, problem.words),
        "instance": request.url.path,
        "request_id": request.scope.get("request_id"),
        **{k: v for k, v in jsonable_encoder(problem.facts).items() if v is not None},
    }
    if problem.errors:
        body["errors"] = [_field(error, language) for error in problem.errors]
    return JSONResponse(
        {name: value for name, value in body.items() if value is not None},
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Content-Language": language, **problem.headers},
    )


def _field(error: FieldError, language: str) -> dict[str, Any]:
    names = ("pointer", "parameter", "sheet", "row", "column", "code")
    place = {name: getattr(error, name) for name in names}
    said = error.detail.get(language) or error.detail[DEFAULT_LANGUAGE]
    return {**{k: v for k, v in place.items() if v is not None}, "detail": said}


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Declare on a route which problems it may answer, for its OpenAPI page."""
    by_status: dict[int, list[type[Problem]]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {
        status: {
            "model": ProblemBody,
            "description": "; ".join(f"{k.type}: {k.title['zh-CN']} {k.title['en']}" for k in ks),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status, ks in by_status.items()
    }


def field_fault(code: str, *, zh: str, en: str) -> PydanticCustomError:
    """Return the error that a schema's validator raises: a code and a sentence in each language."""
    # The sentences are escaped: pydantic fills {places} in a template.
    return PydanticCustomError(code, "{en}", {"zh": zh, "en": en})


_ZH = {
    "missing": "必填项",
    "extra_forbidden": "不认识的字段",
    "string_type": "应为文字",
    "string_too_short": "内容太短，至少 {min_length} 个字符",
    "string_too_long": "内容太长，至多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不符：{pattern}",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "float_parsing": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "uuid_parsing": "应为 UUID",
    "uuid_type": "应为 UUID",
    "enum": "应为下列之一：{expected}",
    "literal_error": "应为下列之一：{expected}",
    "date_from_datetime_parsing": "应为日期，如 2026-10-10",
    "date_parsing": "应为日期，如 2026-10-10",
    "datetime_parsing": "应为带时区的时间，如 2026-10-10T09:00:00+08:00",
    "datetime_from_date_parsing": "应为带时区的时间，如 2026-10-10T09:00:00+08:00",
    "timezone_aware": "时间应带时区",
    "greater_than_equal": "应不小于 {ge}",
    "greater_than": "应大于 {gt}",
    "less_than_equal": "应不大于 {le}",
    "less_than": "应小于 {lt}",
    "too_short": "至少 {min_length} 项",
    "too_long": "至多 {max_length} 项",
    "json_invalid": "不是合法的 JSON",
    "json_type": "应为 JSON",
    "list_type": "应为数组",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
}


def from_validation(fault: RequestValidationError) -> MalformedRequest:
    """Turn FastAPI's validation error into a problem that points at each fault."""
    return MalformedRequest(errors=[_from_pydantic(dict(error)) for error in fault.errors()])


def sentences_of(error: Mapping[str, Any]) -> Text:
    """Say one of pydantic's errors in both languages."""
    context = error.get("ctx") or {}
    if "expected" in context:
        # pydantic's own list is English: 'a', 'b' or 'c'.
        choices = str(context["expected"]).replace(" or ", ", ").replace(", ", "、")
        context = {**context, "expected": choices}
    english = str(error["msg"])
    template = context.get("zh") or _ZH.get(error["type"])
    if (words := words_of(str(context.get("pattern")))) is not None:
        return {"zh-CN": f"格式不符，应为：{words['zh-CN']}", "en": f"Should be {words['en']}"}
    try:
        chinese = template.format_map(context) if template else f"值不符合要求（{english}）"
    except (KeyError, IndexError, ValueError):  # a sentence with braces of its own
        chinese = str(template)
    return {"zh-CN": chinese, "en": english}


def pointer_to(path: Sequence[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a place in a document."""
    return "".join(f"/{str(p).replace('~', '~0').replace('/', '~1')}" for p in path)


def _from_pydantic(error: Mapping[str, Any]) -> FieldError:
    said = sentences_of(error)
    place, *path = error["loc"] or ("body",)
    if error["type"] == "json_invalid":
        path = []  # pydantic tells a position in the text, which is no place in a document
    if place == "body":
        return Where.pointer(pointer_to(path), said, error["type"])
    return Where.parameter(str(path[0]) if path else str(place), said, error["type"])
