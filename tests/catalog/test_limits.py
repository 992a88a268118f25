"""The law's limit in its own days: compared, measured, told and read back by one rule."""

from typing import Any
from uuid import uuid4

import pytest
from catalog.factories import matter_content
from catalog.versions import drafted, next_draft, published
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog_service.events import MatterChanged
from catalog_service.matters.content import MatterContent
from catalog_service.matters.diff import differences
from catalog_service.matters.limits import in_working_days
from catalog_service.matters.vocabulary import DayUnit
from catalog_service.transfer.cpsv import nodes_of
from catalog_service.transfer.files import csv_head, csv_row, read_csv, read_xlsx
from catalog_service.transfer.filled import matters_of
from catalog_service.transfer.packing import workbook_of
from tongban.testing.fixtures import RunningService, envelope

CALENDAR = {"statutory_unit": "calendar_days"}
DAYS = st.integers(min_value=0, max_value=3650)
UNITS = st.sampled_from(DayUnit)


def read(**changes: Any) -> MatterContent:
    return MatterContent.model_validate(matter_content(**changes))


def faults(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refusal:
        read(**changes)
    return [(".".join(map(str, one["loc"])), one["type"]) for one in refusal.value.errors()]


@given(days=DAYS, unit=UNITS)
def test_a_converted_limit_is_never_longer_and_never_nothing(days: int, unit: DayUnit) -> None:
    converted = in_working_days(days, unit)

    assert converted <= days
    assert (converted == 0) is (days == 0)


@given(days=DAYS, more=DAYS, unit=UNITS)
def test_a_longer_limit_is_not_shorter_once_converted(days: int, more: int, unit: DayUnit) -> None:
    assert in_working_days(days, unit) <= in_working_days(days + more, unit)


@given(weeks=st.integers(min_value=0, max_value=500))
def test_whole_weeks_lose_their_weekends(weeks: int) -> None:
    assert in_working_days(7 * weeks, DayUnit.CALENDAR_DAYS) == 5 * weeks


def test_a_limit_counts_working_days_unless_it_says_otherwise() -> None:
    assert read().statutory_unit is DayUnit.WORKING_DAYS
    assert read().statutory_working_days == 20
    assert read(**CALENDAR).statutory_working_days == 14


def test_a_promise_in_working_days_fits_the_limit_that_was_converted() -> None:
    steps = [{"name": "review", "days": 1}]

    assert read(**CALENDAR, promised_days=14, steps=steps).promised_days == 14
    assert faults(**CALENDAR, promised_days=15, steps=steps) == [
        ("promised_days", "promise_exceeds_law")
    ]


def test_steps_fit_the_limit_that_was_converted() -> None:
    steps = [{"name": "review", "days": 15}]

    assert faults(**CALENDAR, steps=steps) == [("steps", "steps_exceed_law")]


def test_another_unit_is_refused() -> None:
    assert faults(statutory_unit="weeks") == [("statutory_unit", "enum")]


def test_forms_say_the_unit_and_read_it_back() -> None:
    content = read(**CALENDAR)
    told = content.model_dump(mode="json")

    table = csv_head() + csv_row(told)

    assert "自然日" in table.decode("utf-8-sig")
    assert matters_of(read_csv(table)) == [content]
    assert matters_of(read_xlsx(workbook_of([told]))) == [content]


def test_linked_data_tells_the_limit_as_a_rule() -> None:
    content = read(**CALENDAR).model_dump(mode="json")

    [limit] = [one for one in nodes_of(content, place="x") if one["@id"].endswith(":rule:limit")]

    assert [one["@value"] for one in limit["dct:description"]] == [
        "20 个自然日",
        "20 calendar days",
    ]


def test_a_change_of_the_unit_is_told_in_words() -> None:
    before, after = matter_content(), matter_content(**CALENDAR)

    [found] = differences(before, {**after, "code": before["code"]})

    assert found.pointer == "/statutory_unit"
    assert found.words == {
        "zh-CN": "法定办结时限单位由“工作日”改为“自然日”",
        "en": "unit of the statutory limit changed from “working days” to “calendar days”",
    }


def test_what_an_earlier_version_left_out_is_no_difference() -> None:
    before = matter_content()

    told = MatterContent.model_validate(before).model_dump(mode="json")

    assert [one.pointer for one in differences(before, told) if one.pointer.count("/") == 1] == []


def test_the_event_carries_the_unit() -> None:
    told = MatterChanged.example().model_dump(mode="json")

    assert told["content"]["statutory_unit"] == "working_days"


async def test_the_unit_is_listed_guided_told_and_measured(catalog: RunningService) -> None:
    name = f"自然日事项{uuid4().hex[:8]}"
    content = await drafted(catalog, name=name, statutory_days=30, **CALENDAR)
    await published(catalog, content, 1)
    code = content["code"]

    listed = await catalog.client.get("/api/v1/matters", params={"q": name})
    guide = await catalog.client.post(
        f"/api/v1/matters/{code}/guide", json={"answers": {"has_canteen": "no"}}
    )
    [told] = await catalog.outbox.envelopes(f"{code}-1")
    rows = await catalog.execute(
        "SELECT statutory_days, statutory_working_days FROM matter_versions WHERE code = :code",
        code=code,
    )

    [found] = [one for one in listed.json()["items"] if one["code"] == code]
    assert (found["statutory_days"], found["statutory_unit"]) == (30, "calendar_days")
    assert guide.json()["statutory_unit"] == "calendar_days"
    assert told.data["content"]["statutory_unit"] == "calendar_days"
    assert [tuple(one) for one in rows] == [(30, 21)]


async def test_a_partners_limit_keeps_its_unit(catalog: RunningService) -> None:
    matter = matter_content(name="自然日事项登记", **CALENDAR)
    offer = {
        "owner_district": "610172",
        "agreement": "xa-qj-2020",
        "mode": "proxy",
        "version": 1,
        "state": "offered",
        "matter": matter,
    }

    await catalog.hear(
        envelope("interop.matter_offer.changed", f"610172-{matter['code']}", offer, sequence=1)
    )
    answer = await catalog.client.get("/api/v1/matters", params={"q": "自然日事项登记"})

    [found] = [one for one in answer.json()["items"] if one["code"] == matter["code"]]
    assert found["statutory_unit"] == "calendar_days"


async def test_a_new_version_may_count_other_days(catalog: RunningService) -> None:
    content = await drafted(catalog)
    await published(catalog, content, 1)
    await next_draft(catalog, {**content, **CALENDAR})
    await published(catalog, content, 2)

    compared = await catalog.client.get(f"/api/v1/matters/{content['code']}/versions/1/diff/2")

    assert compared.json()["words"]["zh-CN"] == ["法定办结时限单位由“工作日”改为“自然日”"]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"handling": "promised"}, "instant_rule"),
        ({"handling": "immediate", "matter_type": "licence"}, "instant_rule"),
        ({"handling": "immediate", "instant_rule": {"fact": "nobody", "is": 1}}, "instant_rule"),
    ],
)
def test_the_machine_decides_only_what_weighs_nothing(changes: dict[str, Any], place: str) -> None:
    rule = {"fact": "has_canteen", "is": "no"}
    kind = {"matter_type": "public_service", "instant_rule": rule, **changes}

    assert [one for one, _ in faults(**kind)] == [place]


@pytest.mark.parametrize(
    "kind",
    [
        {"matter_type": "public_service"},
        {"matter_type": "licence", "area": "business_registration"},
    ],
)
def test_the_machine_decides_services_and_registrations(kind: dict[str, Any]) -> None:
    rule = {"all": [{"fact": "has_canteen", "is": "no"}, {"fact": "seats", "at_most": 10}]}

    content = read(handling="immediate", instant_rule=rule, **kind)

    assert content.model_dump(mode="json")["instant_rule"] == rule
    assert matters_of(read_xlsx(workbook_of([content.model_dump(mode="json")]))) == [content]
