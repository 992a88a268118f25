"""The districts' data sets (数据集) keep what they promise: counts, codes, limits, references."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from data.mirror import DISTRICTS, mirrored, text_of
from stdnum.cn import uscc

from catalog_service.matters.limits import in_working_days
from catalog_service.matters.vocabulary import DayUnit
from tongban import gb

HITECH = "xian-hitech"
QUJIANG = "qujiang"
ANKANG = "ankang-hitech"
SEVEN_AREAS = {
    "business_registration",
    "tax",
    "credit_report",
    "social_insurance",
    "notary",
    "intellectual_property",
    "trade_promotion",
}
AREAS = SEVEN_AREAS | {
    *("medical_insurance", "civil_affairs", "family", "employment", "talent", "housing"),
    *("construction", "planning", "environment", "transport", "health", "food_drug"),
    *("education", "culture", "agriculture", "public_security", "utilities", "investment"),
    *("elderly", "disability", "other"),
}
TYPE_DIGITS = {
    "licence": "01",
    "benefit": "05",
    "confirmation": "07",
    "award": "08",
    "adjudication": "09",
    "other_power": "10",
    "public_service": "20",
}

CHINESE = re.compile("[\u4e00-\u9fff]")

Row = dict[str, Any]


@cache
def read(district: str, name: str) -> Row:
    content: Row = json.loads((DISTRICTS / district / f"{name}.json").read_text("utf-8"))
    return content


def matters(district: str = HITECH) -> list[Row]:
    rows: list[Row] = read(district, "matters")["matters"]
    return rows


def sites(kind: str | None = None, district: str = HITECH) -> list[Row]:
    return [s for s in read(district, "sites")["sites"] if kind in (None, s["kind"])]


def offered(district: str) -> list[Row]:
    return [offer["matter"] for offer in read(district, "partners")["matter_offers"]]


def every_matter() -> list[Row]:
    return [m for d in (HITECH, QUJIANG, ANKANG) for m in (*matters(d), *offered(d))]


def named(name: str, district: str = HITECH) -> Row:
    [found] = [m for m in matters(district) if m["name"] == name]
    return found


def required(matter: Row) -> list[Row]:
    return [m for m in matter["materials"] if m["necessity"] == "required"]


def by_law(matter: Row) -> int:
    """The law's limit in working days."""
    unit = DayUnit(matter.get("statutory_unit", DayUnit.WORKING_DAYS))
    return in_working_days(matter["statutory_days"], unit)


def facts_of(condition: Row | None) -> Iterator[tuple[str, list[Any]]]:
    """Each fact that a condition names, with the values it compares for equality."""
    if condition is None:
        return
    for branch in (*condition.get("all", ()), *condition.get("any", ())):
        yield from facts_of(branch)
    yield from facts_of(condition.get("not"))
    if "fact" in condition:
        values = condition.get("in", [condition["is"]] if "is" in condition else [])
        yield condition["fact"], values


def test_one_bureau_handles_327_matters_in_one_place() -> None:
    concentrated = [m for m in matters() if m["concentrated"]]

    assert len(concentrated) == 327
    assert {m["body"]["name"] for m in concentrated} == {"高新区行政审批服务局"}
    assert {m["body"]["kind"] for m in concentrated} == {"bureau"}


def test_other_bodies_matters_are_counted_apart() -> None:
    others = [m for m in matters() if not m["concentrated"]]

    kinds = {m["body"]["kind"] for m in others}

    assert kinds == {"stationed", "vertical", "public_institution"}
    assert "高新区行政审批服务局" not in {m["body"]["name"] for m in others}


def test_a_hundred_concentrated_matters_meet_both_targets() -> None:
    concentrated = [m for m in matters() if m["concentrated"]]

    both = [
        m
        for m in concentrated
        if len(required(m)) <= 0.5 * len(m["baseline"]["required_materials"])
        and m["promised_days"] <= 0.3 * by_law(m)
    ]

    assert len(both) >= 100
    assert len(both) < len(concentrated)


def test_the_sums_of_all_concentrated_matters_meet_both_targets() -> None:
    concentrated = [m for m in matters() if m["concentrated"]]

    before = sum(len(m["baseline"]["required_materials"]) for m in concentrated)
    now = sum(len(required(m)) for m in concentrated)
    statutory = sum(by_law(m) for m in concentrated)
    promised = sum(m["promised_days"] for m in concentrated)

    assert now <= 0.5 * before
    assert promised <= 0.3 * statutory


@pytest.mark.parametrize("district", [HITECH, QUJIANG])
def test_codes_and_names_are_unique(district: str) -> None:
    codes = Counter(m["code"] for m in matters(district))
    names = Counter((m["name"], m["body"]["code"]) for m in matters(district))

    assert [code for code, times in codes.items() if times > 1] == []
    assert [name for name, times in names.items() if times > 1] == []


def test_a_body_has_one_name_and_one_valid_credit_code() -> None:
    bodies = {(m["body"]["code"], m["body"]["name"]) for m in every_matter()}

    assert [code for code, _ in bodies if not uscc.is_valid(code)] == []
    assert len(bodies) == len({code for code, _ in bodies}) == len({name for _, name in bodies})


def test_a_matter_code_names_its_body_its_level_and_its_type() -> None:
    for matter in every_matter():
        code = matter["code"]

        assert len(code) == 31, matter["name"]
        assert code[:18] == matter["body"]["code"], matter["name"]
        assert code[18] in "12345", matter["name"]
        assert code[19:21] in {"00", "61"}, matter["name"]
        assert code[21:23] == TYPE_DIGITS[matter["matter_type"]], matter["name"]
        assert code[19:].isdigit(), matter["name"]


def test_the_promise_is_never_longer_than_the_law_allows() -> None:
    for matter in every_matter():
        promised, statutory = matter["promised_days"], matter["statutory_days"]

        assert 0 <= promised <= by_law(matter), matter["name"]
        assert (promised == 0) is (matter["handling"] == "immediate"), matter["name"]
        assert sum(step["days"] for step in matter["steps"]) == promised, matter["name"]
        assert matter["baseline"]["days"] <= statutory, matter["name"]
        assert matter["baseline"]["as_of"] == "2018-12-31", matter["name"]


def test_no_matter_asks_for_more_than_before() -> None:
    for matter in every_matter():
        before = matter["baseline"]["required_materials"]
        names = [m["name"] for m in matter["materials"]]

        assert len(required(matter)) <= len(before), matter["name"]
        assert len(before) == len(set(before)), matter["name"]
        assert len(names) == len(set(names)), matter["name"]


def test_a_condition_refers_to_what_the_applicant_is_asked() -> None:
    for matter in every_matter():
        values = {s["key"]: [a["value"] for a in s["answers"]] for s in matter["situations"]}
        values |= {f["key"]: f.get("options", []) for f in matter["form_fields"]}
        conditional = (*matter["materials"], *matter["situations"], *matter["form_fields"])
        for part in conditional:
            for fact, compared in facts_of(part["when"]):
                assert fact in values, (matter["name"], fact)
                assert set(compared) <= set(values[fact]), (matter["name"], fact)


def test_materials_of_at_least_thirty_matters_depend_on_a_situation() -> None:
    dependent = [m for m in matters() if any(x["when"] for x in m["materials"])]

    assert len(dependent) >= 30


def test_every_situation_decides_something() -> None:
    for matter in every_matter():
        parts = (*matter["materials"], *matter["situations"], *matter["form_fields"])
        exempt = [x for fee in matter["fees"] for x in fee.get("exemptions", ())]
        decided = [part["when"] for part in (*parts, *matter.get("handling_items", ()), *exempt)]
        decided.append(matter.get("instant_rule"))
        used = {fact for condition in decided for fact, _ in facts_of(condition)}

        assert {s["key"] for s in matter["situations"]} <= used, matter["name"]


def test_every_form_asks_at_least_two_things_and_none_twice() -> None:
    for matter in every_matter():
        keys = [f["key"] for f in matter["form_fields"]]

        assert len([f for f in matter["form_fields"] if f["required"]]) >= 2, matter["name"]
        assert len(keys) == len(set(keys)), matter["name"]


def test_every_matter_cites_its_basis_and_hands_over_a_result() -> None:
    for matter in every_matter():
        assert all(basis["law"] and basis["article"] for basis in matter["legal_basis"])
        assert matter["legal_basis"], matter["name"]
        assert matter["results"], matter["name"]
        for result in matter["results"]:
            assert (result["kind"] == "licence") is bool(result["licence_type"]), matter["name"]


def test_every_matter_has_an_area_and_words_in_two_languages() -> None:
    for matter in every_matter():
        assert matter["area"] in AREAS, matter["name"]
        assert not CHINESE.search(matter["english_name"]), matter["name"]
        assert CHINESE.search(matter["name"]), matter["english_name"]
        assert matter["summary"].endswith("。"), matter["name"]
        assert matter["keywords"], matter["name"]


def test_all_that_can_be_done_online_can_be_done_at_a_window() -> None:
    at_windows = {code for site in sites() if site["windows"] for code in site["matters"]}

    assert all("window" in m["channels"] for m in every_matter())
    assert {m["code"] for m in matters()} <= at_windows


@pytest.mark.parametrize("district", [HITECH, QUJIANG])
def test_a_row_says_whether_it_is_sourced(district: str) -> None:
    partners = read(district, "partners")
    rows = [
        read(district, "district"),
        *matters(district),
        *sites(district=district),
        *partners["partners"],
        *partners["agreements"],
        *offered(district),
    ]

    assert {row["provenance"] for row in rows} <= {"sourced", "illustrative"}


def test_the_site_system_is_one_hall_12_centres_5_stations_and_points() -> None:
    counts = Counter(site["kind"] for site in sites())

    assert (counts["hall"], counts["centre"], counts["station"]) == (1, 12, 5)
    assert counts["point"] >= 20
    assert {len(centre["matters"]) for centre in sites("centre")} == {115}
    assert all(len(station["matters"]) >= 100 for station in sites("station"))
    assert all(10 <= len(point["matters"]) <= 40 for point in sites("point"))
    assert all(point["kiosks"] for point in sites("point"))


@pytest.mark.parametrize("district", [HITECH, QUJIANG])
def test_a_site_offers_only_matters_that_exist(district: str) -> None:
    own = {m["code"] for m in matters(district)}
    partners_matters = {m["code"] for m in offered(district)} - own
    for site in sites(district=district):
        assert set(site["matters"]) <= own, site["id"]
        assert len(site["matters"]) == len(set(site["matters"])), site["id"]
        assert set(site["partner_matters"]) <= partners_matters, site["id"]


def test_the_hall_offers_everything() -> None:
    [hall] = sites("hall")

    assert set(hall["matters"]) == {m["code"] for m in matters()}
    assert set(hall["partner_matters"]) == {m["code"] for m in offered(HITECH)} - set(
        hall["matters"]
    )


def test_a_point_offers_only_what_its_kiosks_can_do() -> None:
    at_kiosks = {m["code"] for m in matters() if "kiosk" in m["channels"]}

    assert all(set(point["matters"]) <= at_kiosks for point in sites("point"))


@pytest.mark.parametrize("district", [HITECH, QUJIANG])
def test_a_staffed_site_has_a_window_for_each_of_its_matters(district: str) -> None:
    area_of = {m["code"]: m["area"] for m in matters(district)}
    for site in sites(district=district):
        if site["kind"] == "point":
            continue
        kinds = {w["kind"] for w in site["windows"]}
        numbers = [w["number"] for w in site["windows"]]
        received = {
            area
            for w in site["windows"]
            if w["kind"] in {"integrated", "specialist"}
            for area in w["areas"]
        }

        assert {"green", "integrated"} <= kinds, site["id"]
        assert site["green_channel"], site["id"]
        assert len(numbers) == len(set(numbers)), site["id"]
        assert {area_of[code] for code in site["matters"]} <= received, site["id"]


def test_partners_matters_are_received_at_cross_district_windows() -> None:
    for site in sites():
        crossing = [w for w in site["windows"] if w["kind"] == "cross_district"]

        assert bool(crossing) is bool(site["partner_matters"]), site["id"]
        assert all(set(w["areas"]) >= SEVEN_AREAS for w in crossing), site["id"]
    assert len([s for s in sites() if s["partner_matters"]]) >= 3


def test_sites_lie_in_the_zone_and_on_different_spots() -> None:
    for site in sites():
        assert 34.00 <= site["latitude"] <= 34.26, site["id"]
        assert 108.60 <= site["longitude"] <= 108.95, site["id"]
        assert site["street_code"].startswith("610171"), site["id"]
        assert len(site["street_code"]) == 9, site["id"]
    assert len({(s["latitude"], s["longitude"]) for s in sites()}) == len(sites())
    assert len({s["id"] for s in sites()}) == len(sites())


def test_thirteen_partners_agree_on_seven_areas_since_june_2020() -> None:
    content = read(HITECH, "partners")
    partners = {p["district"] for p in content["partners"]}

    assert len(partners) == len(content["partners"]) == 13
    assert {a["partner"] for a in content["agreements"]} == partners
    assert len({a["code"] for a in content["agreements"] if a["mode"] == "proxy"}) == 13
    assert {a["mode"] for a in content["agreements"]} == {"online", "proxy", "joint"}
    for agreement in content["agreements"]:
        assert set(agreement["areas"]) == SEVEN_AREAS
        assert agreement["valid_from"] == "2020-06-15"


def test_every_partner_offers_three_to_eight_matters_in_the_agreed_areas() -> None:
    content = read(HITECH, "partners")
    agreed = {a["code"]: a for a in content["agreements"]}
    offers = content["matter_offers"]
    per_owner = Counter(o["owner_district"] for o in offers)

    assert all(3 <= per_owner[p["district"]] <= 8 for p in content["partners"])
    for offer in offers:
        agreement = agreed[offer["agreement"]]
        assert offer["matter"]["area"] in agreement["areas"]
        assert offer["mode"] == agreement["mode"]
        assert offer["owner_district"] in {agreement["partner"], "610171"}


def test_zone_codes_are_locally_assigned_below_their_city() -> None:
    partners = read(HITECH, "partners")["partners"]
    zones = {p["district"]: p for p in partners if not p["gb_coded"]}

    for code, zone in zones.items():
        assert code[4] == "7"
        assert zone["parent"] == f"{code[:4]}00" == gb.district(code).parent
        assert gb.district(code).is_local


@pytest.mark.parametrize(("code", "home"), [("610172", QUJIANG), ("610971", ANKANG)])
def test_both_districts_hold_the_same_agreements_and_offers(code: str, home: str) -> None:
    near, far = read(HITECH, "partners"), read(home, "partners")
    ours = [a for a in near["agreements"] if a["partner"] == code]
    agreed = {a["code"] for a in ours}
    shared = [o for o in near["matter_offers"] if o["agreement"] in agreed]

    assert far["agreements"] == [a | {"partner": "610171"} for a in ours]
    assert far["matter_offers"] == shared
    for offer in shared:
        owner = HITECH if offer["owner_district"] == "610171" else home
        assert offer["matter"] in matters(owner)


def test_a_joint_matter_names_districts_that_offer_their_part() -> None:
    offers = read(HITECH, "partners")["matter_offers"]
    offered_by = {(o["owner_district"], o["matter"]["code"]): o["mode"] for o in offers}
    joint = [o for o in offers if o.get("joint_with")]

    assert joint
    for offer in joint:
        assert offer["mode"] == "joint"
        for other in offer["joint_with"]:
            assert offered_by[other["district"], other["matter_code"]] == "joint"


@pytest.mark.parametrize("district", [HITECH, QUJIANG, ANKANG])
def test_a_mirrored_matter_is_written_by_its_owner_alone(district: str) -> None:
    kept = (DISTRICTS / district / "partners.json").read_text("utf-8")

    assert kept == text_of(mirrored(district)), "run: python tests/data/mirror.py"


def test_mr_huangs_matter_is_immediate_and_ends_in_a_notice() -> None:
    matter = named("变更税务登记", QUJIANG)

    assert matter["body"]["name"] == "国家税务总局西安曲江新区税务局"
    assert matter["body"]["kind"] == "vertical"
    assert (matter["area"], matter["handling"]) == ("tax", "immediate")
    assert [r["kind"] for r in matter["results"]] == ["notice"]
    assert matter["outside_system"] == {"name": "税务征管系统"}
    assert matter["provenance"] == "sourced"


def test_a_new_food_licence_is_promised_in_5_of_20_days() -> None:
    matter = named("食品经营许可（新办）")

    assert (matter["handling"], matter["matter_type"]) == ("promised", "licence")
    assert (matter["promised_days"], matter["statutory_days"]) == (5, 20)
    assert [r["licence_type"] for r in matter["results"]] == ["food_business_licence"]


@pytest.mark.parametrize("name", ["城乡居民养老保险待遇资格认证", "老年人优待证办理"])
def test_what_the_elderly_need_is_done_on_the_spot_at_every_centre(name: str) -> None:
    matter = named(name)

    assert (matter["handling"], matter["audiences"]) == ("immediate", ["person"])
    assert all(matter["code"] in centre["matters"] for centre in sites("centre"))
