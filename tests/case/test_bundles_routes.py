"""One application makes several cases, whose results are handed over together."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio
from sqlalchemy import select

from case_service.materials.tables import Material
from case_service.notices.tables import Notice
from support.case_rows import MATTER_CODE
from support.case_world import PDF, Counter, know_matter, know_site, person
from tongban.testing.fixtures import RunningService, envelope

PLACE = {"premises": "唐延路1号"}
NOTICE = [{"kind": "notice", "name": "办理结果通知书"}]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    # A work list shows the rows, too, that other tests laid down without their matter.
    await know_matter(case, code=MATTER_CODE)
    return Counter(case)


async def know_life_event(
    counter: Counter, *matters: dict[str, Any], state: str = "published"
) -> str:
    """Let the service hear of a life event of these matters."""
    code = f"open-{uuid4().hex[:8]}"
    content = {"name": "我要开餐馆", "matters": list(matters)}
    told = {"code": code, "state": state, "owner_district": "610171", "content": content}
    await counter.case.hear(envelope("catalog.life_event.changed", code, told))
    return code


async def restaurant(counter: Counter) -> tuple[str, str, str]:
    """Return a life event's code, and those of its two matters."""
    shop = await know_matter(counter.case, name="营业执照", results=NOTICE)
    food = await know_matter(
        counter.case,
        results=NOTICE,
        form_fields=[{"key": "place", "label": "场所", "kind": "text", "required": True}],
    )
    event = await know_life_event(
        counter,
        {"code": shop},
        {"code": food, "after": [shop], "renames": {"place": "premises"}},
        {"code": await know_matter(counter.case), "when": {"fact": "hires", "is": "yes"}},
    )
    return event, shop, food


async def apply(
    counter: Counter, event: str, headers: dict[str, str] | None = None, **body: Any
) -> httpx.Response:
    told = {
        "life_event": event,
        "applicant": person(),
        "form": {"premises": "唐延路1号", "hires": "no"},
        **body,
    }
    return await counter.case.client.post(
        "/api/v1/bundles", json=told, headers=headers or counter.headers()
    )


async def applied(counter: Counter) -> tuple[str, list[str]]:
    """Return the ids of a bundle and of its two cases, each with its material."""
    event, _, _ = await restaurant(counter)
    answer = await apply(counter, event)
    assert answer.status_code == 201, answer.text
    bundle = answer.json()
    shared = await share(counter, bundle["id"])
    assert shared.status_code == 201, shared.text
    return bundle["id"], [one["case_id"] for one in bundle["parts"]]


async def share(counter: Counter, bundle_id: str, name: str = "经营场所平面图") -> httpx.Response:
    return await counter.case.client.post(
        f"/api/v1/bundles/{bundle_id}/materials",
        data={"name": name},
        files={"file": ("plan.pdf", PDF, "application/pdf")},
        headers=counter.headers(),
    )


async def read(
    counter: Counter, bundle_id: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await counter.case.client.get(
        f"/api/v1/bundles/{bundle_id}", headers=headers or counter.headers()
    )


async def post(counter: Counter, bundle_id: str, what: str, **body: Any) -> httpx.Response:
    return await counter.case.client.post(
        f"/api/v1/bundles/{bundle_id}/{what}", json=body, headers=counter.headers()
    )


async def reviewed(counter: Counter, case_id: str) -> None:
    await counter.took(case_id, "receive")
    await counter.took(case_id, "accept")
    await counter.took(case_id, "review", "reviewer")


async def notices(counter: Counter, *case_ids: str) -> list[str]:
    async with counter.case.context.sessions() as session:
        found = await session.scalars(select(Notice.kind).where(Notice.case_id.in_(case_ids)))
        return [one.value for one in found]


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["type"].rpartition(":")[2])


async def test_one_form_makes_a_case_for_each_matter_that_is_called_for(counter: Counter) -> None:
    event, shop, food = await restaurant(counter)
    citizen = counter.case.district.headers("citizen", subject=f"citizen-{uuid4().hex[:8]}")
    stranger = counter.case.district.headers("citizen", subject="stranger")

    answer = await apply(counter, event, citizen)
    bundle = answer.json()
    shared = await share(counter, bundle["id"])
    mine = await counter.case.client.get("/api/v1/me/bundles", headers=citizen)

    assert answer.status_code == 201, answer.text
    assert bundle["plan"] == [[shop], [food]]
    assert [(one["matter_code"], one["waits_for"]) for one in bundle["parts"]] == [
        (shop, []),
        (food, [shop]),
    ]
    assert [one["id"] for one in mine.json()["items"]] == [bundle["id"]]
    first, second = [await counter.read(one["case_id"]) for one in bundle["parts"]]
    assert (first["form"], second["form"]) == ({"premises": "唐延路1号"}, {"place": "唐延路1号"})
    assert first["bundle_id"] == second["bundle_id"] == bundle["id"]
    # The one file is each case's material, and its bytes are there once.
    assert len(shared.json()) == 2
    async with counter.case.context.sessions() as session:
        cases = [one["case_id"] for one in bundle["parts"]]
        found = select(Material.content_id).where(Material.case_id.in_(cases))
        contents = list(await session.scalars(found))
    assert len(contents) == 2
    assert len(set(contents)) == 1
    assert kind(await read(counter, bundle["id"], stranger)) == (404, "bundle-not-found")
    assert kind(await share(counter, bundle["id"], "照片"))[1] == "material-unknown"


async def test_a_file_goes_only_to_those_that_ask_for_this_document(counter: Counter) -> None:
    # Each matter numbers its own materials: `m1` is one thing here and another there.
    birth = await know_matter(
        counter.case,
        results=NOTICE,
        materials=[{"key": "m1", "name": "出生医学证明", "necessity": "required"}],
    )
    insurance = await know_matter(
        counter.case,
        results=NOTICE,
        materials=[
            {"key": "m1", "name": "医疗费发票", "necessity": "required"},
            {"key": "m2", "name": "出生医学证明（复印件）", "necessity": "required"},
            {"key": "m3", "name": "费用清单", "necessity": "supply_later"},
        ],
    )
    event = await know_life_event(counter, {"code": birth}, {"code": insurance})
    told = [{"name": "费用清单", "evidence": "supply_later"}]
    wrong = [
        {"name": "费用清单", "evidence": "file"},
        {"name": "医疗费发票", "evidence": "commitment"},
    ]

    unasked = await apply(counter, event, form=PLACE, materials=[*told, {"name": "结婚证"}])
    unsuited = await apply(counter, event, form=PLACE, materials=wrong)
    answer = await apply(counter, event, form=PLACE, materials=told)
    assert answer.status_code == 201, answer.text
    bundle = answer.json()
    shared = await share(counter, bundle["id"], "出生医学证明")

    assert [one["pointer"] for one in unasked.json()["errors"]] == ["/materials/1/name"]
    assert [one["pointer"] for one in unsuited.json()["errors"]] == ["/materials/1/evidence"]
    assert shared.status_code == 201, shared.text
    missing = {
        case["matter"]["code"]: [one["name"] for one in case["materials"] if one["is_missing"]]
        for case in [await counter.read(one["case_id"]) for one in bundle["parts"]]
    }
    assert missing == {birth: [], insurance: ["医疗费发票"]}


async def test_every_fault_of_every_part_is_told_once_and_nothing_is_made(
    counter: Counter,
) -> None:
    event, shop, _ = await restaurant(counter)
    retired = await know_life_event(counter, {"code": shop}, state="retired")
    never = await know_life_event(counter, {"code": shop, "when": {"fact": "hires", "is": "yes"}})
    applicant = person()

    bare = await apply(counter, event, applicant=applicant, form={"hires": "no"})
    odd = await apply(counter, event, form={"premises": "x", "colour": "red"})
    again = await apply(counter, event, applicant=applicant)
    twice = await apply(counter, event, applicant=applicant)

    assert [one["pointer"] for one in bare.json()["errors"]] == ["/form/premises"]
    assert [one["pointer"] for one in odd.json()["errors"]] == ["/form/colour"]
    # What was refused left no case behind that this one would repeat.
    assert again.status_code == 201
    assert kind(twice) == (409, "duplicate-application")
    assert kind(await apply(counter, retired)) == (409, "life-event-unknown")
    assert kind(await apply(counter, "unheard")) == (409, "life-event-unknown")
    assert kind(await apply(counter, never, form={"hires": "no"})) == (422, "nothing-applies")


async def test_results_are_handed_over_together_and_what_failed_is_told(counter: Counter) -> None:
    bundle_id, (shop, food) = await applied(counter)
    await reviewed(counter, shop)
    await reviewed(counter, food)
    await counter.took(shop, "decide", "approver", outcome="granted")

    early = await counter.act(shop, "deliver", way="counter")
    offered = (await counter.read(shop))["actions"]
    worklist = await counter.case.client.get(
        "/api/v1/worklists/site", headers=counter.headers(), params={"limit": 100}
    )
    too_soon = await post(counter, bundle_id, "hand-over")
    under_way = (await read(counter, bundle_id)).json()
    await counter.took(food, "decide", "approver", outcome="denied", reason="布局不符")
    ready = (await read(counter, bundle_id)).json()
    handed = await post(counter, bundle_id, "hand-over")

    assert kind(early) == (409, "action-not-allowed")
    assert early.json()["because"] == ["parts_decided"]
    assert "deliver" not in offered
    assert worklist.status_code == 200, worklist.text
    listed = {one["id"]: one["actions"] for one in worklist.json()["items"]}
    assert "deliver" not in listed.get(shop, [])
    assert kind(too_soon) == (409, "bundle-not-ready")
    assert (under_way["state"], ready["state"]) == ("under_way", "ready")
    assert [(one["is_failed"], one["reason"]) for one in ready["parts"]] == [
        (False, None),
        (True, "布局不符"),
    ]
    assert handed.status_code == 200, handed.text
    assert handed.json()["state"] == "completed"
    assert {one["stage"] for one in handed.json()["parts"]} == {"closed"}
    told = await notices(counter, shop, food)
    assert (told.count("part_failed"), told.count("bundle_ready")) == (1, 1)
    assert await counter.case.outbox.types(bundle_id) == [
        "case.bundle.submitted",
        "case.bundle.ready",
        "case.bundle.completed",
    ]


async def test_who_does_not_wait_gets_what_is_ready(counter: Counter) -> None:
    bundle_id, (shop, food) = await applied(counter)
    await reviewed(counter, shop)
    await counter.took(shop, "decide", "approver", outcome="granted")

    released = await post(counter, bundle_id, "release")
    handed = await post(counter, bundle_id, "hand-over")

    assert released.json()["released_at"] is not None
    assert {one["case_id"]: one["stage"] for one in handed.json()["parts"]} == {
        shop: "closed",
        food: "submitted",
    }
    assert handed.json()["state"] == "under_way"


async def test_of_two_who_decide_the_last_parts_at_once_one_tells_it(counter: Counter) -> None:
    bundle_id, cases = await applied(counter)
    for case_id in cases:
        await reviewed(counter, case_id)

    answers = await asyncio.gather(
        *(counter.act(case_id, "decide", "approver", outcome="granted") for case_id in cases)
    )

    assert [one.status_code for one in answers] == [200, 200]
    types = await counter.case.outbox.types(bundle_id)
    assert types == ["case.bundle.submitted", "case.bundle.ready"]
    assert (await notices(counter, *cases)).count("bundle_ready") == 1
