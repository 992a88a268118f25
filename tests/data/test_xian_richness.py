"""The district's matters say what people look for: ways, limits, questions, what may come later."""

from collections import Counter

import pytest
from data.test_xian_data import HITECH, SEVEN_AREAS, Row, matters, read, sites

from catalog_service.matters.content import MatterContent
from catalog_service.matters.guide_rules import faults_of_content
from catalog_service.matters.vocabulary import Handling, MatterType


def necessities() -> Counter[str]:
    return Counter(material["necessity"] for m in matters() for material in m["materials"])


@pytest.fixture(scope="module")
def contents() -> list[MatterContent]:
    return [MatterContent.model_validate(one) for one in matters()]


def test_each_matter_can_be_published_as_it_is(contents: list[MatterContent]) -> None:
    assert [one.name for one in contents if [*faults_of_content(one)]] == []


def test_a_few_limits_count_calendar_days_as_their_law_does() -> None:
    counted = {m["name"]: m for m in matters() if m.get("statutory_unit") == "calendar_days"}

    assert counted["工伤认定申请"]["statutory_days"] == 60
    assert len(counted) >= 10
    assert all(m["baseline"]["counts_calendar_days"] for m in counted.values())


def test_what_is_handled_across_districts_says_from_where_and_how() -> None:
    agreements = read(HITECH, "partners")["agreements"]
    agreed = {one["partner"]: one["mode"] for one in agreements if one["mode"] == "proxy"}
    across = [m for m in matters() if m["handling_scope"] == "cross_district"]

    assert len(across) >= 90
    for matter in across:
        modes = {one["district"]: one["mode"] for one in matter["scope_areas"]}
        assert modes, matter["name"]
        assert modes.keys() <= agreed.keys(), matter["name"]
        if matter["area"] in SEVEN_AREAS:
            assert modes == agreed, matter["name"]


def test_a_case_goes_from_reception_to_delivery() -> None:
    for matter in matters():
        steps = [one["name"] for one in matter["steps"]]
        hands_over = any(one["kind"] in {"licence", "certificate"} for one in matter["results"])

        assert (steps[0], steps[-1]) == ("receive", "deliver"), matter["name"]
        assert ("certify" in steps) is hands_over, matter["name"]


def test_materials_may_come_later_or_be_replaced_by_a_promise() -> None:
    told = necessities()

    assert told["supply_later"] >= 20
    assert told["commitment"] >= 20


def test_some_facts_are_proven_by_any_of_several_sets() -> None:
    proven = [one for m in matters() for one in m["materials"] if one.get("evidence_sets")]

    assert len(proven) >= 8
    assert all(one["proves"] and len(one["evidence_sets"]) >= 2 for one in proven)


def test_handling_items_are_numbered_below_their_matter() -> None:
    with_items = [m for m in matters() if m.get("handling_items")]

    assert len(with_items) >= 30
    for matter in with_items:
        codes = [one["code"] for one in matter["handling_items"]]
        assert codes == [f"{matter['code']}{at:02d}" for at in range(1, len(codes) + 1)]


def test_only_what_weighs_nothing_is_decided_by_rule(contents: list[MatterContent]) -> None:
    by_rule = [one for one in contents if one.instant_rule is not None]

    assert len(by_rule) >= 15
    for matter in by_rule:
        assert matter.handling is Handling.IMMEDIATE, matter.name
        assert matter.outside_system is None, matter.name
        if matter.matter_type is MatterType.LICENCE:
            assert matter.area == "business_registration", matter.name


def test_forty_matters_answer_what_is_often_asked() -> None:
    answered = [m for m in matters() if len(m.get("faqs", ())) >= 3]

    assert len(answered) >= 40
    for matter in answered:
        asked = [one["question"] for one in matter["faqs"]]
        assert len(asked) == len(set(asked)), matter["name"]
        assert all(one["english_answer"] for one in matter["faqs"]), matter["name"]
        days = matter["promised_days"]
        how_long = matter["faqs"][0]["answer"]
        assert ("当场办结" in how_long) if days == 0 else (f"{days}个工作日" in how_long)


def test_everybody_can_ask_and_complain_about_every_matter() -> None:
    [hall] = sites("hall")
    windows = {one["number"]: one["areas"] for one in hall["windows"]}

    for matter in matters():
        [place] = matter["windows"]
        assert (place["site_id"], place["telephone"]) == (hall["id"], hall["phone"])
        assert place["windows"], matter["name"]
        assert all(matter["area"] in windows[one] for one in place["windows"]), matter["name"]
        assert matter["consultation"], matter["name"]
        assert {"kind": "telephone", "value": "12345"} in matter["complaints"]


def test_a_fee_says_who_need_not_pay() -> None:
    exempt = [fee for m in matters() for fee in m["fees"] if fee.get("exemptions")]

    assert len(exempt) >= 8
    assert all(one["when"] and one["basis"] for fee in exempt for one in fee["exemptions"])


def test_a_form_made_up_for_show_lies_at_an_address_that_nobody_can_own() -> None:
    def links(matter: Row) -> list[str]:
        parts = (*matter["materials"], *matter["results"])
        return [
            part[kind]["href"] for part in parts for kind in ("sample", "blank") if kind in part
        ]

    found = [link for matter in matters() for link in links(matter)]

    assert len(found) >= 60
    assert all(link.startswith("https://forms.hitech.example/") for link in found)


def test_special_procedures_of_licences_name_the_law_that_stops_the_clock() -> None:
    special = [m for m in matters() if m["special_procedures"]]

    assert len(special) >= 30
    for matter in special:
        if matter["matter_type"] == "licence":
            assert all("第四十五条" in one["basis"] for one in matter["special_procedures"])
