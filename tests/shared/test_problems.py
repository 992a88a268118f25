"""Problems speak the caller's language and point at the fault."""

import json
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request

from tongban.problems import Problem, from_validation, language_of, render, sentences_of
from tongban.shapes import SIX_DIGITS
from tongban.telemetry import mask
from tongban.texts import Code, Line


def asking(languages: str) -> Request:
    headers = [(b"accept-language", languages.encode())]
    return Request({"type": "http", "headers": headers, "method": "GET", "path": "/"})


@pytest.mark.parametrize(
    ("languages", "spoken"),
    [
        ("", "zh-CN"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-TW", "zh-CN"),
        ("fr,de", "zh-CN"),
        ("en;q=0.3, zh;q=0.8", "zh-CN"),
        ("en;q=wrong", "zh-CN"),
        ("*", "zh-CN"),
    ],
)
def test_the_language_is_the_callers(languages: str, spoken: str) -> None:
    assert language_of(asking(languages)) == spoken


class Form(BaseModel):
    name: Line
    code: Code
    copies: int = Field(ge=1, le=9)


def faults_of(values: dict[str, Any]) -> dict[str | None, dict[str, str]]:
    with pytest.raises(ValidationError) as refusal:
        Form.model_validate(values)
    errors = [{**error, "loc": ("body", *error["loc"])} for error in refusal.value.errors()]
    return {
        error.pointer: dict(error.detail)
        for error in from_validation(RequestValidationError(errors)).errors
    }


def test_each_fault_is_pointed_at_in_chinese_and_english() -> None:
    faults = faults_of({"name": "a\nb", "copies": 12})

    assert faults["/name"]["zh-CN"] == "不能含有换行或控制字符"
    assert faults["/code"]["zh-CN"] == "必填项"
    assert faults["/copies"]["zh-CN"] == "应不大于 9"
    assert "less than or equal to 9" in faults["/copies"]["en"]


class NotNow(Problem):
    status = 409
    type = "not-now"
    title = {"zh-CN": "现在不行", "en": "Not now"}
    detail = {
        "zh-CN": "现在为 {stage}，可以：{allowed}。",
        "en": "It is {stage}; you can: {allowed}.",
    }
    words = {"open": {"zh-CN": "办理中"}, "close": {"zh-CN": "办结", "en": "to close it"}}


@pytest.mark.parametrize(
    ("language", "detail"),
    [
        ("zh-CN", "现在为 办理中，可以：办结、wait。"),
        ("en", "It is open; you can: to close it, wait."),
    ],
)
def test_a_code_is_told_to_people_by_its_word_and_to_programs_as_it_is(
    language: str, detail: str
) -> None:
    problem = NotNow(stage="open", allowed=["close", "wait"])

    told = json.loads(bytes(render(problem, asking(language)).body))

    assert told["detail"] == detail
    assert (told["stage"], told["allowed"]) == ("open", ["close", "wait"])


def test_choices_are_listed_in_the_callers_language_and_broken_json_is_the_whole_body() -> None:
    choices = {"type": "enum", "msg": "…", "ctx": {"expected": "'a', 'b' or 'c'"}}
    broken = {"type": "json_invalid", "loc": ("body", 17), "msg": "…", "ctx": {"error": "x"}}

    (fault,) = from_validation(RequestValidationError([broken])).errors

    assert sentences_of(choices)["zh-CN"] == "应为下列之一：'a'、'b'、'c'"
    assert fault.pointer == ""


def test_what_misses_a_pattern_is_told_in_words_what_it_should_be() -> None:
    def missed(pattern: str) -> dict[str, str]:
        fault = {"type": "string_pattern_mismatch", "msg": "…", "ctx": {"pattern": pattern}}
        return dict(sentences_of(fault))

    assert missed(SIX_DIGITS) == {"zh-CN": "格式不符，应为：6 位数字", "en": "Should be 6 digits"}
    assert missed("^x{9}$")["zh-CN"] == "格式不符：^x{9}$"


def test_what_is_personal_is_masked_in_logs() -> None:
    said = mask("请核对 610113194605121234，电话 13800138000，单号 6101712026112200000117")

    assert said == "请核对 610113********1234，电话 138****8000，单号 6101712026112200000117"
