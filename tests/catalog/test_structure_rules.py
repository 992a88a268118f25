"""The parts of a matter and the codes of the hierarchy: what holds together, what is refused."""

from datetime import date
from typing import Any

import pytest
from catalog.factories import BODY, matter_content
from pydantic import ValidationError

from catalog_service.errors import EffectiveDateInvalid, OverlappingValidity
from catalog_service.matters.codes import parse_basic_code, parse_handling_code
from catalog_service.matters.content import MatterContent
from catalog_service.matters.diff import differences
from catalog_service.matters.rules import Validity, find_predecessor
from catalog_service.matters.vocabulary import HandledIn, Level, StepKind

CODE = f"{BODY}4610102003001"


def read(**changes: Any) -> MatterContent:
    return MatterContent.model_validate(matter_content(code=CODE, **changes))


def test_what_was_imported_before_still_is_and_says_its_level() -> None:
    content = read()

    assert content.level is Level.DISTRICT
    assert content.handled_in is HandledIn.OURS
    assert content.granted_without_asking is False
    assert read(outside_system={"name": "税务征管系统"}).handled_in is HandledIn.OUTSIDE
    assert content.materials[0].needed.original == 1


def test_a_matter_says_all_that_a_catalog_asks_of_it() -> None:
    material = {
        "key": "identity",
        "name": "身份证明",
        "necessity": "required",
        "form": "copy",
        "copies": 2,
        "counts": {"original": 1, "copy": 2},
        "source": "government",
        "issued_by": "公安机关",
        "proves": "申请人身份",
        "evidence_sets": [
            {"key": "card", "name": "身份证", "pieces": [{"name": "居民身份证"}]},
            {"key": "book", "name": "户口簿", "pieces": [{"name": "户口簿"}, {"name": "照片"}]},
        ],
        "sample": {"name": "样例", "href": "https://example.gov.cn/sample.pdf"},
        "blank": {"name": "空表", "href": "/files/blank.pdf"},
    }
    content = read(
        level="district",
        delegated_body={"code": BODY, "name": "街道办事处", "kind": "stationed"},
        granted_without_asking=True,
        handling_scope="cross_district",
        scope_areas=[{"district": "610172", "mode": "proxy"}],
        materials=[material],
        legal_basis=[{"law": "食品安全法", "number": "主席令第21号", "text": "国家对…"}],
        fees=[{"name": "工本费", "amount_cents": 500, "exemptions": [{"name": "低保户免收"}]}],
        steps=[{"name": "accept", "days": 1}, {"name": "制证", "kind": "certify", "days": 9}],
        windows=[{"name": "政务大厅", "windows": ["A12"], "hours": "9:00–17:00"}],
        consultation=[{"kind": "telephone", "value": "029-12345"}],
        complaints=[{"kind": "telephone", "value": "12345"}],
        faqs=[{"question": "要带什么？", "answer": "见材料。"}],
        handling_items=[{"code": f"{CODE}01", "name": "新办", "situations": ["has_canteen"]}],
    )

    assert content.materials[0].needed.copy_count == 2
    assert content.model_dump(mode="json")["materials"][0]["counts"]["copy"] == 2
    assert [one.stands_for for one in content.steps] == [StepKind.ACCEPT, StepKind.CERTIFY]
    assert MatterContent.model_validate(content.model_dump(mode="json")) == content


SET = {"key": "a", "name": "组合", "pieces": [{"name": "证明"}]}
MATERIAL = {"key": "m", "name": "材料", "necessity": "required", "form": "copy"}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"level": "city"}, "level"),
        ({"steps": [{"name": "accept", "days": 1}, {"name": "decide", "days": 20}]}, "steps"),
        ({"promised_days": 21}, "promised_days"),
        ({"scope_areas": [{"district": "610172", "mode": "proxy"}]}, "scope_areas"),
        (
            {"handling_items": [{"code": f"{BODY}461010200300201", "name": "x"}]},
            "handling_items/0/code",
        ),
        ({"handling_items": [{"code": f"{CODE}01", "name": "x"}] * 2}, "handling_items/1/code"),
        (
            {"handling_items": [{"code": f"{CODE}01", "name": "x", "situations": ["no"]}]},
            "handling_items/0/situations",
        ),
        (
            {"materials": [{**MATERIAL, "evidence_sets": [SET, SET]}]},
            "materials/0/evidence_sets/1/key",
        ),
        ({"materials": [{**MATERIAL, "counts": {"copy": 3}}]}, "materials/0/counts"),
        (
            {"materials": [{**MATERIAL, "blank": {"name": "x", "href": "javascript:alert(1)"}}]},
            "materials/0/blank/href",
        ),
        (
            {"materials": [{**MATERIAL, "evidence_sets": [{**SET, "pieces": []}]}]},
            "materials/0/evidence_sets/0/pieces",
        ),
    ],
)
def test_what_does_not_hold_together_is_refused_at_its_place(
    changes: dict[str, Any], place: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        read(**changes)

    assert place in ["/".join(map(str, fault["loc"])) for fault in refusal.value.errors()]


def test_the_codes_of_the_hierarchy_contain_one_another() -> None:
    handling = parse_handling_code(f"{CODE}02")
    basic = parse_basic_code("610102003001")

    assert (handling.matter, handling.number) == (CODE, "02")
    assert (basic.main, basic.is_main, basic.type_code) == ("610102003000", False, "01")
    with pytest.raises(ValueError, match="31 \\+ 2"):
        parse_handling_code(CODE)


def day(number: int) -> date:
    return date(2026, 5, number)


FIRST = Validity(1, day(1), None)
CUT = Validity(1, day(1), day(10), superseded_by=2)
PLANNED = Validity(2, day(10), None, is_in_force=False)
ENDING = Validity(1, day(1), day(20))


@pytest.mark.parametrize(
    ("start", "until", "others", "predecessor"),
    [
        (5, None, [], None),
        (5, None, [FIRST], 1),
        (1, None, [FIRST], 1),
        (5, 10, [CUT, PLANNED], 1),
        (20, None, [ENDING], None),
        (15, None, [CUT, PLANNED], 2),
    ],
)
def test_a_version_begins_where_the_one_before_it_ends(
    start: int, until: int | None, others: list[Validity], predecessor: int | None
) -> None:
    found = find_predecessor(day(start), day(until) if until else None, others)

    assert (found and found.version) == predecessor


@pytest.mark.parametrize(
    ("start", "until", "others"),
    [
        (5, None, [CUT, PLANNED]),
        (5, 11, [CUT, PLANNED]),
        (10, None, [CUT, PLANNED]),
        (19, None, [ENDING]),
    ],
)
def test_validities_do_not_overlap(start: int, until: int | None, others: list[Validity]) -> None:
    with pytest.raises(OverlappingValidity):
        find_predecessor(day(start), day(until) if until else None, others)


def test_a_version_ends_after_it_begins() -> None:
    with pytest.raises(EffectiveDateInvalid):
        find_predecessor(day(5), day(5), [])


def test_a_row_that_only_moved_is_no_difference() -> None:
    before = matter_content()
    after = {**before, "materials": before["materials"][::-1]}

    assert differences(before, after) == []
