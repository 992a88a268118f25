"""What is heard of catalog, site and interop: twice, out of order, and before it can be used."""

import base64
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest_asyncio

from case_service.duty import run_due
from case_service.events import PUBLISHED, CaseEvent
from case_service.supervision.recomputing import BEGINS_AFTER, RECOMPUTATION_DUTY
from support.case_exchange import (
    AT,
    arrival,
    cases_of,
    forwarded,
    left_for_case,
    read_by_interop,
)
from support.case_world import PARTNER, PDF, Counter, know_matter, know_site
from tongban.clock import utc_now
from tongban.messages import Event
from tongban.testing.fixtures import RunningService, envelope


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


async def test_a_received_exchange_makes_one_case_however_often_it_is_told(
    counter: Counter,
) -> None:
    case, exchange_id = counter.case, str(uuid4())
    code = await know_matter(case)
    told = await arrival(case, code, exchange_id)

    await case.hear(told, told)
    await case.hear(told.model_copy(update={"id": uuid4()}))

    (case_id,) = await cases_of(case, exchange_id)
    made = await counter.read(case_id)
    assert made["stage"] == "received"
    assert made["channel"] == "proxy"
    assert made["from_district"] == PARTNER
    assert made["near_number"] == "610172202603020000019"
    assert made["notice_due_on"]
    assert not made["materials"][0]["is_missing"]
    assert len(made["materials"][0]["files"]) == 2
    assert "accept" in made["actions"]
    assert await case.outbox.types(case_id) == ["case.case.submitted", "case.case.received"]


async def test_an_exchange_waits_for_its_matter(counter: Counter) -> None:
    case, exchange_id = counter.case, str(uuid4())
    code = f"11610131MB2A12345X46102{uuid4().int % 10**8:08}"
    await case.hear(await arrival(case, code, exchange_id))
    before = await cases_of(case, exchange_id)

    await know_matter(case, code=code)

    assert before == []
    assert len(await cases_of(case, exchange_id)) == 1


async def test_the_owner_closes_with_a_sealed_notice_for_the_way_back(counter: Counter) -> None:
    case, exchange_id = counter.case, str(uuid4())
    code = await know_matter(
        case, handling="immediate", results=[], outside_system={"name": "税务征管系统"}
    )
    await case.hear(await arrival(case, code, exchange_id))
    (case_id,) = await cases_of(case, exchange_id)

    await counter.took(case_id, "accept")
    await counter.took(case_id, "decide", outcome="granted", outside_number="税变-7")
    closed = await counter.took(case_id, "close")

    told = (await case.outbox.envelopes(case_id))[-1]
    result = await read_by_interop(case, told.data["result"])
    assert told.data["exchange_id"] == exchange_id
    assert result["outcome"] == "granted"
    assert result["owner_number"] == closed["number"]
    assert result["outside_number"] == "税变-7"
    assert result["notice"]["kind"] == "result_notice"
    assert result["notice"]["seal"].count(".") == 2


async def test_the_package_holds_applicant_materials_and_receipt(counter: Counter) -> None:
    case_id, _, package = await forwarded(counter)

    case = await counter.read(case_id)
    assert package["near_number"] == case["number"]
    assert package["applicant"]["name"] == "黄先生"
    assert len(package["applicant"]["identity_number"]) == 18
    assert base64.b64decode(package["materials"][0]["content"]) == PDF
    assert package["receipt"]["kind"] == "receipt"
    assert package["receipt"]["number"] == case["documents"][0]["number"]
    assert package["site_id"] == "hitech-hall"


async def test_the_near_case_mirrors_the_owner_and_closes_with_its_result(
    counter: Counter,
) -> None:
    case = counter.case
    case_id, exchange_id, _ = await forwarded(counter)
    notice = {"number": "610172-JG-2026-000001", "kind": "result_notice"}
    result = {
        "owner_number": "610172202603020000019",
        "outcome": "granted",
        "outside_number": "税变-9",
        "notice": notice,
    }
    common = {"exchange_id": exchange_id, "case_id": case_id, "at": AT}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("sent", {"to_district": PARTNER}),
        ("acknowledged", {"receipt_id": str(uuid4())}),
        ("progressed", {"stage": "accepted", "owner_number": "610172202603020000019"}),
        (
            "result",
            {
                "owner_number": "610172202603020000019",
                "outcome": "granted",
                "outside_number": "税变-9",
                "is_recognised": True,
                "result": await left_for_case(case, result),
            },
        ),
    ]
    told = [
        envelope(f"interop.exchange.{fact}", exchange_id, {**common, **more}, sequence=at)
        for at, (fact, more) in enumerate(steps, start=1)
    ]

    await case.hear(told[2], told[0], told[1])
    mirrored = await counter.read(case_id)
    await case.hear(told[3], told[3])

    closed = await counter.read(case_id)
    assert (mirrored["stage"], mirrored["owner_stage"]) == ("forwarded", "accepted")
    assert mirrored["owner_number"] == "610172202603020000019"
    assert (closed["stage"], closed["outcome"]) == ("closed", "granted")
    assert closed["outside_number"] == "税变-9"
    assert closed["received_notice"] == notice
    assert (await case.outbox.types(case_id))[-1] == "case.case.closed"
    path = f"/api/v1/cases/{case_id}/timeline"
    timeline = (await case.client.get(path, headers=counter.headers())).json()
    assert [step["action"] for step in timeline][-4:] == [
        "sent",
        "acknowledged",
        "progressed",
        "result",
    ]


async def test_what_could_not_be_handed_over_is_forwarded_again(counter: Counter) -> None:
    case_id, exchange_id, _ = await forwarded(counter)
    event = {"exchange_id": exchange_id, "case_id": case_id, "reason": "partner unreachable"}
    await counter.case.hear(envelope("interop.exchange.failed", exchange_id, event))
    failed = await counter.read(case_id)

    again = await counter.took(case_id, "forward")

    assert failed["forward_failed_reason"] == "partner unreachable"
    assert failed["actions"] == ["forward", "withdraw"]
    assert again["exchange_id"] != exchange_id
    assert again["forward_failed_reason"] is None
    assert len(again["documents"]) == 1


async def test_the_newest_matter_stands_whatever_the_order(counter: Counter) -> None:
    code = await know_matter(counter.case, name="新名称")
    event = {
        "code": code,
        "version": 1,
        "state": "retired",
        "effective_from": "2020-01-01",
        "retired_on": "2020-02-01",
        "owner_district": "610171",
        "content": {},
    }
    rows = await counter.case.execute(
        "SELECT content FROM matter_versions WHERE code = :code", code=code
    )
    event["content"] = rows.scalar_one()
    key = f"{code}-1"
    retired = envelope("catalog.matter.changed", key, event, sequence=3)
    older = envelope("catalog.matter.changed", key, {**event, "state": "published"}, sequence=2)

    await counter.case.hear(retired, older, retired)

    states = await counter.case.execute(
        "SELECT state FROM matter_versions WHERE code = :code", code=code
    )
    assert states.scalars().all() == ["retired"]


async def test_a_published_year_moves_open_dates_and_settles_them(counter: Counter) -> None:
    case = counter.case
    code = await know_matter(case, statutory_days=300, promised_days=290)
    case_id = await counter.accepted(code)
    before = await counter.read(case_id)
    year = date.fromisoformat(before["statutory_due_on"]).year
    days = [
        {"day": f"{year}-01-{day:02}", "kind": "holiday", "name": "元旦"}
        for day in range(1, 32)
        if date(year, 1, day).weekday() < 5
    ]
    # A year's last days are settled by the notice for the next.
    told = [
        envelope(
            "catalog.calendar.changed",
            str(one),
            {"year": one, "is_published": True, "days": days if one == year else []},
            sequence=1000,
        )
        for one in range(date.fromisoformat(before["accepted_at"][:10]).year + 1, year + 2)
    ]

    await case.hear(*told, told[0])
    later = replace(case.context, clock=lambda: utc_now() + BEGINS_AFTER)
    while await run_due(later, RECOMPUTATION_DUTY):
        pass

    after = await counter.read(case_id)
    assert before["is_provisional"]
    assert not after["is_provisional"]
    assert after["statutory_due_on"] > before["statutory_due_on"]
    assert after["version"] > before["version"]


def test_every_event_has_an_example_and_a_key() -> None:
    for event in PUBLISHED:
        example: Event = event.example()  # type: ignore[attr-defined]  # that it is there is a law

        assert example.key()
        if isinstance(example, CaseEvent):
            assert example.key() == str(example.case_id)
        assert event.model_validate_json(example.model_dump_json()) == example
