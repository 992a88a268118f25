"""What a document says, and that its seal covers every letter."""

import asyncio
import copy
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey

from case_service.documents.rules import (
    DocumentKind,
    MissingFacts,
    compose,
    digest_of,
    number_of,
    sealed,
    verify,
)
from case_service.documents.wording import WORDING
from case_service.seals.rules import claims_of
from case_service.seals.signing import LocalSeal

KEY = OKPKey.generate_key("Ed25519", {"kid": "610171-seal"})
PUBLIC = KEY.as_dict(private=False)
AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
COMMON = {"applicant_name": "黄先生", "matter_name": "变更税务登记", "matter_type": "licence"}
ENDED: dict[str, Any] = {
    "licence_number": "610171-ZZ-2026-000045",
    "reason": "以欺骗手段取得",
    "effective_on": date(2026, 3, 5),
    "law": "《行政许可法》第六十九条",
    "english_law": "Administrative Licensing Law, Art. 69",
}
MONEY: dict[str, Any] = {
    "payment_number": "610171-JF-2026-000001",
    "amount": "20.00",
    "amount_in_words": "贰拾元整",
    "paid_by": {"zh-CN": "现金", "en": "cash"},
}
FACTS: dict[DocumentKind, dict[str, Any]] = {
    DocumentKind.RECEIPT: {"materials": ["营业执照", "变更登记表"]},
    DocumentKind.ACCEPTANCE: {
        "promised_due_on": date(2026, 3, 9),
        "statutory_due_on": date(2026, 3, 30),
    },
    DocumentKind.CORRECTION: {
        "missing": ["缺少法定代表人身份证", "登记表第2页未签字"],
        "due_on": date(2026, 3, 16),
    },
    DocumentKind.DECLINE: {"reason": "该事项不属于本机关职权范围"},
    DocumentKind.DECISION: {"outcome": "denied", "reason": "经营场所不符合要求"},
    DocumentKind.RESULT_NOTICE: {"outcome": "granted"},
    DocumentKind.SPECIAL_PROCEDURE: {"procedure": "hearing", "planned_days": 20},
    DocumentKind.EXTENSION: {
        "extension_days": 10,
        "reason": "需要现场复核",
        "statutory_due_on": date(2026, 4, 14),
    },
    DocumentKind.TERMINATION: {"reason": "逾期未补正"},
    DocumentKind.PROOF_OF_SERVICE: {
        "served": ["610171-JD-2026-000007"],
        "way": "counter",
        "recipient": "黄先生",
        "served_on": date(2026, 3, 5),
    },
    DocumentKind.LICENCE_CANCELLATION: ENDED,
    DocumentKind.LICENCE_RESCISSION: ENDED,
    DocumentKind.LICENCE_WITHDRAWAL: {**ENDED, "compensation": "依评估补偿"},
    DocumentKind.LICENCE_REVOCATION: ENDED,
    DocumentKind.FEE_RECEIPT: {
        **MONEY,
        "items": ["证照工本费 20.00"],
        "paid_on": date(2026, 3, 2),
    },
    DocumentKind.FEE_REFUND: MONEY,
}


def drawn_up(kind: DocumentKind, **facts: Any) -> dict[str, Any]:
    return compose(
        kind,
        number=number_of(kind, district="610171", year=2026, running=123),
        district="610171",
        body="高新区行政审批服务局",
        case_number="610171202603020000018",
        issued_at=AT,
        facts={**COMMON, **FACTS[kind], **facts},
    )


def seal(content: dict[str, Any], *, key: OKPKey) -> dict[str, Any]:
    claims = claims_of(content["number"], digest_of(content))
    signature = asyncio.run(LocalSeal(key, district="610171").sign(claims))
    return sealed(content, signature)


def said(kind: DocumentKind, language: str, **facts: Any) -> str:
    return "\n".join(drawn_up(kind, **facts)["lines"][language])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from places(inner, (*path, at))
    elif isinstance(value, str):
        yield path


def altered(document: dict[str, Any], path: tuple[Any, ...], at: int) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    text: str = inner[path[-1]]
    at %= len(text)
    inner[path[-1]] = f"{text[:at]}{'甲' if text[at] != '甲' else '乙'}{text[at + 1 :]}"
    return changed


def test_a_number_names_district_kind_and_year() -> None:
    number = number_of(DocumentKind.RECEIPT, district="610171", year=2026, running=123)

    assert number == "610171-SJ-2026-000123"


def test_every_kind_has_letters_of_its_own() -> None:
    assert set(WORDING) == set(DocumentKind)
    assert len({wording.letters for wording in WORDING.values()}) == len(DocumentKind)


@pytest.mark.parametrize("kind", DocumentKind)
def test_a_document_speaks_both_languages(kind: DocumentKind) -> None:
    document = drawn_up(kind)

    assert set(document["title"]) == {"zh-CN", "en"}
    assert len(document["lines"]["zh-CN"]) == len(document["lines"]["en"]) > 1
    assert "变更税务登记" in "".join(document["lines"]["zh-CN"])
    assert document["issued_at"] == "2026-03-02T09:30:00+08:00"


def test_the_english_name_of_a_matter_is_used_where_it_has_one() -> None:
    english = said(DocumentKind.RECEIPT, "en", matter_english_name="Change of tax registration")

    assert "“Change of tax registration”" in english


def test_an_acceptance_names_both_due_dates() -> None:
    assert "承诺办结日期：2026年3月9日。法定办结日期：2026年3月30日。" in said(
        DocumentKind.ACCEPTANCE, "zh-CN"
    )
    assert "Promised by 2026-03-09. Due by law on 2026-03-30." in said(
        DocumentKind.ACCEPTANCE, "en"
    )


def test_a_provisional_date_is_said_to_be_one() -> None:
    assert "尚未公布" in said(DocumentKind.ACCEPTANCE, "zh-CN", is_provisional=True)
    assert "尚未公布" not in said(DocumentKind.ACCEPTANCE, "zh-CN", is_provisional=False)


def test_a_correction_tells_all_that_is_missing_at_once() -> None:
    assert "1. 缺少法定代表人身份证；2. 登记表第2页未签字。" in said(
        DocumentKind.CORRECTION, "zh-CN"
    )


@pytest.mark.parametrize("kind", [DocumentKind.DECLINE, DocumentKind.DECISION])
def test_a_refusal_names_its_reason_and_the_ways_of_review_and_suit(kind: DocumentKind) -> None:
    chinese, english = said(kind, "zh-CN"), said(kind, "en")

    assert f"理由：{FACTS[kind]['reason']}" in chinese
    assert "六十日内依法申请行政复议" in chinese
    assert "六个月内依法向人民法院提起行政诉讼" in chinese
    assert "第三十八条" in chinese
    assert "administrative review within sixty days" in english


def test_the_licensing_law_is_cited_for_licences_alone() -> None:
    benefit = said(DocumentKind.DECISION, "zh-CN", matter_type="benefit")

    assert "行政许可" not in benefit
    assert "提起行政诉讼" in benefit


@pytest.mark.parametrize(
    ("matter_type", "outcome", "title"),
    [
        ("licence", "granted", "准予行政许可决定书"),
        ("licence", "denied", "不予行政许可决定书"),
        ("benefit", "granted", "准予决定书"),
        ("benefit", "denied", "不予决定书"),
    ],
)
def test_a_decision_says_in_its_title_what_was_decided(
    matter_type: str, outcome: str, title: str
) -> None:
    document = drawn_up(DocumentKind.DECISION, matter_type=matter_type, outcome=outcome)

    assert document["title"]["zh-CN"] == title


def test_a_special_procedure_is_called_by_its_name_in_each_language() -> None:
    assert "依法需要进行听证，所需时间为20个工作日" in said(DocumentKind.SPECIAL_PROCEDURE, "zh-CN")
    assert "hearing; it takes 20 working days" in said(DocumentKind.SPECIAL_PROCEDURE, "en")


def test_a_termination_names_its_reason_and_remedies() -> None:
    chinese = said(DocumentKind.TERMINATION, "zh-CN")

    assert "理由：逾期未补正" in chinese
    assert "行政复议" in chinese


def test_a_proof_of_service_names_what_was_handed_over_how_and_to_whom() -> None:
    chinese = said(DocumentKind.PROOF_OF_SERVICE, "zh-CN")

    assert "送达文书：610171-JD-2026-000007" in chinese
    assert "送达方式：窗口领取" in chinese
    assert "签收人：黄先生" in chinese
    assert "送达日期：2026年3月5日" in chinese


def test_a_grant_says_nothing_of_review_or_reasons() -> None:
    granted = said(DocumentKind.DECISION, "zh-CN", outcome="granted", reason=None)

    assert "准予" in granted
    assert "理由" not in granted
    assert "复议" not in granted


@pytest.mark.parametrize(
    ("kind", "absent"),
    [
        (DocumentKind.RECEIPT, "applicant_name"),
        (DocumentKind.RECEIPT, "matter_name"),
        (DocumentKind.ACCEPTANCE, "promised_due_on"),
        (DocumentKind.ACCEPTANCE, "statutory_due_on"),
        (DocumentKind.CORRECTION, "missing"),
        (DocumentKind.CORRECTION, "due_on"),
        (DocumentKind.DECLINE, "reason"),
        (DocumentKind.DECISION, "reason"),
        (DocumentKind.DECISION, "outcome"),
        (DocumentKind.RESULT_NOTICE, "outcome"),
        (DocumentKind.SPECIAL_PROCEDURE, "procedure"),
        (DocumentKind.SPECIAL_PROCEDURE, "planned_days"),
        (DocumentKind.EXTENSION, "extension_days"),
        (DocumentKind.EXTENSION, "reason"),
        (DocumentKind.TERMINATION, "reason"),
        (DocumentKind.PROOF_OF_SERVICE, "way"),
        (DocumentKind.PROOF_OF_SERVICE, "recipient"),
        (DocumentKind.PROOF_OF_SERVICE, "served_on"),
    ],
)
def test_nothing_is_drawn_up_without_what_the_law_asks_for(kind: DocumentKind, absent: str) -> None:
    with pytest.raises(MissingFacts) as refusal:
        drawn_up(kind, **{absent: None})

    assert absent in refusal.value.names


def test_a_name_with_braces_is_told_as_it_is() -> None:
    assert "{due_on}：" in said(DocumentKind.RECEIPT, "zh-CN", applicant_name="{due_on}")


@pytest.mark.parametrize("kind", DocumentKind)
def test_a_sealed_document_holds_after_its_way_as_json(kind: DocumentKind) -> None:
    document = seal(drawn_up(kind), key=KEY)

    assert verify(json.loads(json.dumps(document)), PUBLIC)


@given(place=st.integers(min_value=0), at=st.integers(min_value=0))
def test_one_altered_letter_breaks_the_seal(place: int, at: int) -> None:
    document = seal(drawn_up(DocumentKind.ACCEPTANCE), key=KEY)
    paths = [path for path in places(document) if path != ("seal",)]

    assert not verify(altered(document, paths[place % len(paths)], at), PUBLIC)


def test_the_seal_of_another_document_does_not_hold() -> None:
    mine = seal(drawn_up(DocumentKind.RECEIPT), key=KEY)
    other = seal(drawn_up(DocumentKind.DECISION), key=KEY)

    assert not verify({**mine, "seal": other["seal"]}, PUBLIC)


def test_the_seal_of_another_district_does_not_hold() -> None:
    document = seal(drawn_up(DocumentKind.RECEIPT), key=KEY)
    elsewhere = OKPKey.generate_key("Ed25519")

    assert not verify(document, elsewhere.as_dict(private=False))


NAMELESS = OKPKey.generate_key("Ed25519")


@pytest.mark.parametrize(
    ("key", "key_id"),
    [(KEY, "610171-seal"), (NAMELESS, f"610171-seal-{NAMELESS.thumbprint()[:12]}")],
    ids=["named", "nameless"],
)
def test_the_seal_names_its_district_and_algorithm(key: OKPKey, key_id: str) -> None:
    document = seal(drawn_up(DocumentKind.RECEIPT), key=key)

    header = jws.extract_compact(document["seal"].encode()).headers()

    assert header == {"alg": "Ed25519", "kid": key_id}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"seal": "a.b.c", "number": "1"},
        {"seal": None},
        {"seal": 1, "number": "1"},
        {"seal": "eyJhbGciOiJub25lIn0.e30.", "number": "1"},
        {"number": "1", "amount": 2**60, "seal": ""},
    ],
)
def test_what_cannot_be_read_is_not_sealed(document: dict[str, Any]) -> None:
    assert not verify(document, PUBLIC)
    assert not verify(document, {"kty": "nonsense"})
