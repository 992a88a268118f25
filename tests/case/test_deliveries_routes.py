"""Results reach applicants by every way, with a proof; what fails comes back and is told."""

import asyncio
from collections import Counter as Tally
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from case_service.app import DUTIES
from case_service.deliveries.service import DELIVERY_DUTY
from case_service.duty import run_due
from support.case_world import Counter, know_matter, know_site
from tongban.testing.fixtures import RunningService

POST: dict[str, Any] = {
    "way": "post",
    "postage_by": "district",
    "recipient": {"name": "黄先生", "address": "高新区唐延路1号", "phone": "13800000000"},
}
NOTICE = [{"kind": "notice", "name": "办理结果通知书"}]


@pytest_asyncio.fixture
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


async def received(counter: Counter, subject: str | None = None, **matter: Any) -> str:
    """Return the id of a received case that needs no material."""
    code = await know_matter(counter.case, materials=[], **matter)
    case_id = await counter.submitted(code, applicant_subject=subject)
    await counter.took(case_id, "receive")
    return case_id


async def decided(counter: Counter, subject: str | None = None, **matter: Any) -> str:
    """Return the id of a granted case that owes no licence."""
    changes = {"handling": "immediate", "matter_type": "other_power", "results": NOTICE, **matter}
    case_id = await received(counter, subject, **changes)
    await counter.took(case_id, "accept")
    await counter.took(case_id, "decide", outcome="granted")
    return case_id


async def prepare(
    counter: Counter, case_id: str, *, headers: dict[str, str] | None = None, **body: Any
) -> httpx.Response:
    return await counter.case.client.post(
        f"/api/v1/cases/{case_id}/deliveries", json=body, headers=headers or counter.headers()
    )


async def prepared(counter: Counter, case_id: str, **body: Any) -> str:
    answer = await prepare(counter, case_id, **body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def step(
    counter: Counter,
    delivery_id: str,
    name: str,
    *,
    headers: dict[str, str] | None = None,
    **body: Any,
) -> httpx.Response:
    return await counter.case.client.post(
        f"/api/v1/deliveries/{delivery_id}/{name}", json=body, headers=headers or counter.headers()
    )


def kind_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def documents_of(counter: Counter, case_id: str) -> list[str]:
    return [one["kind"] for one in (await counter.read(case_id))["documents"]]


async def test_what_is_handed_over_at_the_counter_has_its_proof(counter: Counter) -> None:
    case_id = await decided(counter)

    await counter.took(case_id, "deliver", recipient="黄太太")

    answer = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/deliveries", headers=counter.headers()
    )
    (delivery,) = answer.json()["items"]
    assert (delivery["way"], delivery["state"]) == ("counter", "delivered")
    assert "proof_of_service" in await documents_of(counter, case_id)
    proof = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/documents/{delivery['proof_id']}", headers=counter.headers()
    )
    assert "签收人：黄太太" in proof.json()["lines"]["zh-CN"]


async def test_a_result_goes_by_post_with_its_number_and_who_pays(counter: Counter) -> None:
    case_id = await decided(counter)
    delivery_id = await prepared(counter, case_id, **POST)

    sent = await step(counter, delivery_id, "send", carrier="EMS", tracking_number="EMS1234CN")
    done = await step(counter, delivery_id, "confirm", recipient="黄先生")

    assert sent.json()["state"] == "sent"
    assert sent.json()["postage_by"] == "district"
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "delivered"
    assert (await counter.read(case_id))["stage"] == "delivered"
    proof = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/documents/{done.json()['proof_id']}", headers=counter.headers()
    )
    assert "邮件号：EMS1234CN" in proof.json()["lines"]["zh-CN"]


async def test_the_deliver_action_completes_what_is_on_its_way(counter: Counter) -> None:
    case_id = await decided(counter)
    delivery_id = await prepared(counter, case_id, **POST)
    await step(counter, delivery_id, "send", tracking_number="EMS1")

    await counter.took(case_id, "deliver")

    answer = await counter.case.client.get(
        f"/api/v1/deliveries/{delivery_id}", headers=counter.headers()
    )
    assert answer.json()["state"] == "delivered"


async def test_where_it_goes_is_masked_unless_a_clerk_asks_on_record(counter: Counter) -> None:
    case_id = await decided(counter)
    delivery_id = await prepared(counter, case_id, **POST)
    path = f"/api/v1/deliveries/{delivery_id}"

    masked = await counter.case.client.get(path, headers=counter.headers())
    full = await counter.case.client.get(f"{path}?full=true", headers=counter.headers())

    assert "唐延路1号" not in masked.text
    assert full.json()["recipient"]["address"] == "高新区唐延路1号"
    row = await counter.case.execute(
        "SELECT count(*) FROM ledger WHERE subject = :id AND action = 'delivery.read_full'",
        id=delivery_id,
    )
    assert row.scalar_one() == 1
    stored = await counter.case.execute("SELECT deliveries::text FROM deliveries")
    assert all("唐延路" not in line for (line,) in stored)


async def test_what_comes_back_is_told_and_can_be_fetched_at_the_counter(counter: Counter) -> None:
    case_id = await decided(counter)
    delivery_id = await prepared(counter, case_id, **POST)
    await step(counter, delivery_id, "send", tracking_number="EMS1")

    back = await step(counter, delivery_id, "return", reason="查无此人")

    assert back.json()["state"] == "returned"
    assert back.json()["return_reason"] == "查无此人"
    row = await counter.case.execute(
        "SELECT count(*) FROM notices WHERE case_id = :id AND facts ->> 'way' = 'counter'",
        id=case_id,
    )
    assert row.scalar_one() == 1
    await counter.took(case_id, "deliver")


async def test_a_locker_opens_by_its_code_for_the_applicant(counter: Counter) -> None:
    subject = f"citizen-{uuid4().hex[:8]}"
    his = counter.case.district.headers("citizen", subject=subject)
    case_id = await decided(counter, subject)
    delivery_id = await prepared(counter, case_id, way="locker", locker="丈八街道 3 号柜 12 格")
    await step(counter, delivery_id, "send")
    path = f"/api/v1/deliveries/{delivery_id}"
    seen_by_clerk = await counter.case.client.get(path, headers=counter.headers())
    code = (await counter.case.client.get(path, headers=his)).json()["code"]

    wrong = await step(counter, delivery_id, "confirm", headers=his, code=f"{int(code) ^ 1:06}")
    done = await step(counter, delivery_id, "confirm", headers=his, code=code)

    assert seen_by_clerk.json()["code"] is None
    assert kind_of(wrong) == "locker-code-wrong"
    assert done.status_code == 200, done.text
    assert (await counter.read(case_id))["stage"] == "delivered"


async def test_guessing_a_lockers_code_is_stopped(counter: Counter) -> None:
    case_id = await decided(counter)
    delivery_id = await prepared(counter, case_id, way="locker", locker="3-12")
    await step(counter, delivery_id, "send")
    for _ in range(5):
        await step(counter, delivery_id, "confirm")

    stopped = await step(counter, delivery_id, "confirm")

    assert stopped.status_code == 429
    assert kind_of(stopped) == "locker-code-blocked"


async def test_guesses_at_once_are_counted_each_and_keep_no_connection_from_one_another(
    counter: Counter,
) -> None:
    case_id = await decided(counter)
    delivery_id = await prepared(counter, case_id, way="locker", locker="3-12")
    await step(counter, delivery_id, "send")
    many = 3 * counter.case.settings.api_pool

    guesses = await asyncio.wait_for(
        asyncio.gather(*(step(counter, delivery_id, "confirm") for _ in range(many))), 8
    )

    assert Tally(map(kind_of, guesses)) == {
        "locker-code-wrong": 5,
        "locker-code-blocked": many - 5,
    }


async def test_what_nobody_fetches_from_a_locker_comes_back_by_itself(counter: Counter) -> None:
    case_id = await decided(counter)
    delivery_id = await prepared(counter, case_id, way="locker", locker="3-12")
    await step(counter, delivery_id, "send")
    now = counter.case.context.clock
    later = now() + timedelta(days=3, minutes=1)
    counter.case.context.clock = lambda: later
    try:
        await run_due(counter.case.context, DELIVERY_DUTY)
    finally:
        counter.case.context.clock = now

    answer = await counter.case.client.get(
        f"/api/v1/deliveries/{delivery_id}", headers=counter.headers()
    )
    assert answer.json()["state"] == "returned"
    assert DELIVERY_DUTY in DUTIES


async def test_online_delivery_takes_the_applicants_recorded_consent(counter: Counter) -> None:
    subject = f"citizen-{uuid4().hex[:8]}"
    his = counter.case.district.headers("citizen", subject=subject)
    case_id = await decided(counter, subject)

    without = await prepare(counter, case_id, way="online")
    at_once = await counter.act(case_id, "deliver", way="online")
    agreed = await counter.case.client.post(
        "/api/v1/me/consents", json={"purpose": "deliver_online"}, headers=his
    )
    delivery_id = await prepared(counter, case_id, way="online")
    await step(counter, delivery_id, "send")
    done = await step(counter, delivery_id, "confirm", headers=his)

    assert kind_of(without) == kind_of(at_once) == "consent-missing"
    assert done.status_code == 200, done.text
    assert done.json()["consent_id"] == agreed.json()["id"]
    assert (await counter.read(case_id))["stage"] == "delivered"


async def test_originals_come_in_by_post(counter: Counter) -> None:
    subject = f"citizen-{uuid4().hex[:8]}"
    his = counter.case.district.headers("citizen", subject=subject)
    case_id = await received(counter, subject)
    body = {**POST, "postage_by": "applicant", "direction": "from_applicant"}
    told = await prepare(counter, case_id, headers=his, things=["营业执照正本"], **body)
    delivery_id = told.json()["id"]

    sent = await step(counter, delivery_id, "send", headers=his, tracking_number="SF123")
    by_himself = await step(counter, delivery_id, "confirm", headers=his)
    done = await step(counter, delivery_id, "confirm")

    assert sent.status_code == 200, sent.text
    assert by_himself.status_code == 404
    assert done.json()["state"] == "delivered"
    assert done.json()["proof_id"] is None
    assert (await counter.read(case_id))["stage"] == "received"


async def test_a_partner_district_hands_it_over(counter: Counter) -> None:
    case_id = await decided(counter)
    delivery_id = await prepared(counter, case_id, way="partner", partner_district="610172")

    await step(counter, delivery_id, "send")
    done = await step(counter, delivery_id, "confirm")

    assert done.json()["state"] == "delivered"


async def test_a_notice_is_posted_and_signed_for_after_its_case_ended(counter: Counter) -> None:
    case_id = await received(counter)
    await counter.took(case_id, "decline", reason="不属于本机关职权范围")
    ended = await counter.read(case_id)
    delivery_id = await prepared(counter, case_id, **POST)

    await step(counter, delivery_id, "send", tracking_number="EMS9")
    done = await step(counter, delivery_id, "confirm")

    assert done.status_code == 200, done.text
    assert done.json()["proof_id"] is not None
    after = await counter.read(case_id)
    assert (after["stage"], after["closed_at"]) == (ended["stage"], ended["closed_at"])


@pytest.mark.parametrize(
    "body",
    [
        {"way": "post", "postage_by": "district"},
        {**POST, "postage_by": None},
        {"way": "locker"},
        {"way": "partner"},
        {"way": "partner", "partner_district": "999999"},
        {"way": "counter", "direction": "from_applicant", "things": ["正本"]},
        {**POST, "direction": "from_applicant"},
        {"way": "pigeon"},
    ],
)
async def test_a_way_without_what_it_needs_is_refused(
    counter: Counter, body: dict[str, Any]
) -> None:
    case_id = await decided(counter)

    answer = await prepare(counter, case_id, **body)

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_post_is_not_sent_without_a_tracking_number(counter: Counter) -> None:
    case_id = await decided(counter)
    delivery_id = await prepared(counter, case_id, **POST)

    answer = await step(counter, delivery_id, "send")

    assert kind_of(answer) == "delivery-detail-missing"


async def test_what_is_prepared_but_not_sent_is_not_delivered(counter: Counter) -> None:
    case_id = await decided(counter)
    await prepared(counter, case_id, **POST)

    answer = await counter.act(case_id, "deliver")

    assert answer.status_code == 409
    assert kind_of(answer) == "delivery-step-not-allowed"


async def test_post_is_prepared_before_it_is_delivered(counter: Counter) -> None:
    case_id = await decided(counter)

    answer = await counter.act(case_id, "deliver", way="post")

    assert kind_of(answer) == "delivery-detail-missing"


async def test_one_delivery_at_a_time(counter: Counter) -> None:
    case_id = await decided(counter)
    await prepared(counter, case_id, **POST)

    answer = await prepare(counter, case_id, **POST)

    assert kind_of(answer) == "delivery-under-way"


async def test_nothing_is_delivered_before_a_decision(counter: Counter) -> None:
    case_id = await received(counter)

    answer = await prepare(counter, case_id, way="counter")

    assert kind_of(answer) == "nothing-to-deliver"


async def test_a_stale_change_is_refused(counter: Counter) -> None:
    case_id = await decided(counter)
    made = await prepare(counter, case_id, **POST)
    headers = {**counter.headers(), "If-Match": made.headers["ETag"]}
    path = f"/api/v1/deliveries/{made.json()['id']}"
    body = {"tracking_number": "EMS1"}
    await counter.case.client.post(f"{path}/send", json=body, headers=headers)

    stale = await counter.case.client.post(
        f"{path}/return", json={"reason": "拒收"}, headers=headers
    )

    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("role", "site", "status"),
    [("citizen", None, 404), ("clerk", "zhangba-street", 403), ("reviewer", "hitech-hall", 403)],
)
async def test_only_who_has_to_do_with_the_case_sends_things(
    counter: Counter, role: str, site: str | None, status: int
) -> None:
    case_id = await decided(counter)
    headers = counter.case.district.headers(role, site=site)

    answer = await prepare(counter, case_id, headers=headers, way="counter")

    assert answer.status_code == status


async def test_an_unknown_delivery_is_not_found(counter: Counter) -> None:
    answer = await step(counter, str(uuid4()), "confirm")

    assert kind_of(answer) == "delivery-not-found"
