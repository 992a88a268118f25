"""The reform's results one by one, by month, and what another licence would save."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from catalog.factories import claim_basic_items, matter_content
from sqlalchemy import event, text

from catalog_service.app import SERVICE, create_app
from catalog_service.matters.limits import in_working_days
from catalog_service.matters.vocabulary import DayUnit
from catalog_service.metrics.rules import copies_of, month_ends, yearly
from tongban.clock import local_date
from tongban.testing.fixtures import RunningService, envelope

METRICS = "/api/v1/catalog/metrics"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def measured(run_service: Any) -> RunningService:
    """A catalog of its own, so that its counts are known."""
    running: RunningService = await run_service(SERVICE, create_app, log_level="error")
    await claim_basic_items(running)
    return running


async def bring(catalog: RunningService, *matters: dict[str, Any]) -> None:
    answer = await catalog.client.post(
        "/api/v1/catalog/import?publish=true",
        json={"matters": matters},
        headers=catalog.district.headers("admin"),
    )
    assert answer.status_code == 200, answer.text


async def read(catalog: RunningService, path: str = METRICS, **query: Any) -> Any:
    answer = await catalog.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def material(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": f"m{uuid4().hex[:6]}",
        "name": name,
        "necessity": "required",
        "form": "copy",
        "copies": 2,
        "source": "government",
        **changes,
    }


async def test_each_matter_is_measured(measured: RunningService) -> None:
    before = {"as_of": "2018-12-31", "required_materials": ["甲", "乙", "丙", "丁"], "days": 40}
    content = matter_content(baseline=before, visits=1, online_depth=3)
    await bring(measured, content)

    found = await read(measured, by="matter", limit=100)

    [one] = [item for item in found["items"] if item["key"] == content["code"]]
    assert one["name"] == content["name"]
    assert one["materials"] == {"before": 4, "now": 2, "reduction": 0.5}
    assert one["days"] == {"before": 20, "now": 5, "reduction": 0.75}
    assert one["days_since_baseline"] == {"before": 40, "now": 5, "reduction": 0.875}
    assert (one["visits"], one["without_visit"]) == (1, 0)
    assert one["by_online_depth"]["3"] == 1
    assert found["baseline_as_of"] == ["2018-12-31"]
    assert "自然日" in found["formula"]["zh_cn"]


async def test_a_limit_in_calendar_days_is_converted(measured: RunningService) -> None:
    before = {"as_of": "2018-12-31", "required_materials": [], "days": 30}
    content = matter_content(
        matter_type="award", area="talent", baseline=before | {"counts_calendar_days": True}
    )
    await bring(measured, content)

    groups = (await read(measured, by="matter_type"))["items"]

    [award] = [one for one in groups if one["key"] == "award"]
    assert award["days_since_baseline"]["before"] == in_working_days(30, DayUnit.CALENDAR_DAYS)


@pytest.mark.parametrize("by", ["body", "matter_type", "area"])
async def test_groups_add_up_to_the_whole(measured: RunningService, by: str) -> None:
    await bring(measured, matter_content(), matter_content(matter_type="public_service"))

    whole = (await read(measured))["total"]
    parts = (await read(measured, by=by, limit=100))["items"]

    for name in ("matters", "visits", "handled_in_one_place", "cross_district", "both_cut"):
        assert sum(one[name] for one in parts) == whole[name]


async def test_types_are_named_in_chinese(measured: RunningService) -> None:
    await bring(measured, matter_content())

    named = {one["key"]: one["name"] for one in (await read(measured, by="matter_type"))["items"]}

    assert named["licence"] == "行政许可"


async def test_pages_follow_each_other_at_the_same_cost(measured: RunningService) -> None:
    await bring(measured, *(matter_content() for _ in range(12)))
    counted: list[str] = []

    def count(*arguments: Any) -> None:
        counted.append(str(arguments[2]))

    engine = measured.context.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        keys, cursor, costs = [], None, set()
        while True:
            counted.clear()
            query: dict[str, Any] = {"cursor": cursor} if cursor else {}
            page = await read(measured, by="matter", limit=5, **query)
            costs.add(len(counted))
            keys += [one["key"] for one in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        counted.clear()
        await read(measured, by="matter", limit=100)
        costs.add(len(counted))
    finally:
        event.remove(engine, "before_cursor_execute", count)

    assert keys == sorted(set(keys))
    assert len(keys) >= 12
    assert costs == {2}


async def test_the_trend_tells_what_was_in_force(measured: RunningService) -> None:
    content = matter_content(promised_days=10)
    await bring(measured, content)
    today = local_date(measured.context.clock())
    past = today - timedelta(days=100)
    async with measured.context.sessions.begin() as session:
        await session.execute(
            text("UPDATE matter_versions SET effective_from = :past WHERE code = :code"),
            {"past": past, "code": content["code"]},
        )
    await bring(measured, content | {"promised_days": 2})

    trend = await read(measured, f"{METRICS}/trend", **{"from": f"{past:%Y-%m}"})

    months = trend["months"]
    assert [one["month"] for one in months] == sorted({one["month"] for one in months})
    assert months[0]["as_of"] >= past.isoformat()
    assert months[0]["measured"]["matters"] == 1
    assert months[0]["measured"]["days"] == {"before": 20, "now": 10, "reduction": 0.5}
    assert months[-1]["as_of"] == today.isoformat()
    assert months[-1]["measured"] == (await read(measured))["total"]


@pytest.mark.parametrize(
    ("first", "last"), [("2026-05", "2026-04"), ("2000-01", "2020-01"), ("2098-01", "2098-02")]
)
async def test_months_that_do_not_fit_are_refused(
    measured: RunningService, first: str, last: str
) -> None:
    answer = await measured.client.get(f"{METRICS}/trend", params={"from": first, "to": last})

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("months-invalid")


async def test_what_a_licence_would_save_is_ranked_by_real_cases(
    measured: RunningService,
) -> None:
    name, licence = f"住所证明{uuid4().hex[:4]}", f"property_{uuid4().hex[:6]}"
    waived = matter_content(materials=[material(name, waived_by=[licence])])
    rare = matter_content(materials=[material(name, copies=5)])
    frequent = matter_content(materials=[material(name), material("别的材料")])
    paperless = matter_content(materials=[material(name, form="electronic")])
    await bring(measured, waived, rare, frequent, paperless)
    await ask_for(measured, frequent, times=3)

    told = await ask_what_if(measured, {"licence_type": licence})

    assert told["materials"] == [name]
    assert told["matters"] == 3
    items = told["items"]
    assert [one["code"] for one in items][:2] == [frequent["code"], rare["code"]]
    assert items[0]["copies_a_case"] == 2
    assert items[0]["cases_a_year"] == pytest.approx(yearly(3, timedelta(days=60)), rel=0.01)
    assert items[0]["copies_a_year"] == pytest.approx(2 * items[0]["cases_a_year"])
    assert items[2]["copies_a_case"] == 0
    assert "半衰期" in told["formula"]["zh_cn"]


async def test_a_licence_that_nothing_is_known_of_needs_materials(
    measured: RunningService,
) -> None:
    body = {"licence_type": f"unheard_of_{uuid4().hex[:6]}"}
    headers = measured.district.headers("catalog_editor")

    refused = await measured.client.post(f"{METRICS}/what-if", json=body, headers=headers)
    told = await ask_what_if(measured, body | {"materials": ["没有人要的材料"]})

    assert refused.status_code == 422
    assert refused.json()["type"].endswith("materials-unknown")
    assert (told["matters"], told["copies_a_year"]) == (0, 0)


async def test_what_ifs_are_for_staff(measured: RunningService) -> None:
    answer = await measured.client.post(
        f"{METRICS}/what-if",
        json={"licence_type": "x"},
        headers=measured.district.headers("citizen"),
    )

    assert answer.status_code == 403


async def ask_what_if(catalog: RunningService, body: dict[str, Any]) -> Any:
    answer = await catalog.client.post(
        f"{METRICS}/what-if", json=body, headers=catalog.district.headers("catalog_editor")
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ask_for(catalog: RunningService, content: dict[str, Any], *, times: int) -> None:
    for _ in range(times):
        case_id = str(uuid4())
        told = {
            "case_id": case_id,
            "number": "1",
            "exchange_id": None,
            "at": catalog.context.clock().isoformat(),
            "matter_code": content["code"],
            "matter_version": 1,
            "owner_district": "610171",
            "handling": "promised",
            "channel": "window",
        }
        await catalog.hear(envelope("case.case.submitted", case_id, told))


@pytest.mark.parametrize(("calendar", "working"), [(0, 0), (1, 1), (7, 5), (30, 21), (60, 42)])
def test_calendar_days_are_converted_by_one_rule(calendar: int, working: int) -> None:
    assert in_working_days(calendar, DayUnit.CALENDAR_DAYS) == working
    assert in_working_days(calendar, DayUnit.WORKING_DAYS) == calendar


def test_a_month_ends_on_its_last_day_and_the_last_on_its_own() -> None:
    ends = [*month_ends(date(2025, 12, 5), date(2026, 3, 9))]

    assert ends == [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 9)]


def test_a_fading_count_stands_for_a_steady_rate() -> None:
    half_life = timedelta(days=60)
    faded = sum(10 * 0.5 ** (day / 60) for day in range(3000))

    assert yearly(faded, half_life) == pytest.approx(3650, rel=0.01)


@pytest.mark.parametrize(
    ("given", "copies"),
    [
        (material("x", copies=3), 3),
        (material("x", form="electronic"), 0),
        (material("x", counts={"original": 1, "copy": 2, "electronic": 5}), 3),
    ],
)
def test_copies_are_sheets_on_paper(given: dict[str, Any], copies: int) -> None:
    assert copies_of(given) == copies
