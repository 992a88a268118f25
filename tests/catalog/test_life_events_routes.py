"""Life events over HTTP: who may, all or nothing, told to others, led to a result."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from catalog.factories import claim_basic_items, matter_content
from httpx import Response
from sqlalchemy import event as sql_event

from catalog_service.app import SERVICE, create_app
from catalog_service.life_events.content import EXAMPLE_LIFE_EVENT
from tongban.testing.fixtures import RunningService, envelope

XIAN = Path(__file__).parents[2] / "deploy/districts/xian-hitech"
LIFE_EVENTS = json.loads((XIAN / "life_events.json").read_text("utf-8"))["life_events"]


async def published(catalog: RunningService, **changes: Any) -> dict[str, Any]:
    content = matter_content(**changes)
    answer = await catalog.client.post(
        "/api/v1/catalog/import",
        params={"publish": True},
        json={"matters": [content]},
        headers=catalog.district.headers("admin"),
    )
    assert answer.is_success, answer.text
    return content


async def retired(catalog: RunningService, code: str) -> None:
    answer = await catalog.client.post(
        f"/api/v1/matters/{code}/versions/1/retire",
        json={},
        headers=catalog.district.headers("admin"),
    )
    assert answer.is_success, answer.text


def life_event(*codes: str, **changes: Any) -> dict[str, Any]:
    """A life event of these matters, one after the other."""
    members = [
        {"code": code, "after": [codes[at - 1]] if at else []} for at, code in enumerate(codes)
    ]
    fresh = {"code": f"event-{uuid4().hex[:12]}", "matters": members}
    return {**deepcopy(EXAMPLE_LIFE_EVENT), "questions": [], "wordings": [], **fresh, **changes}


async def bring(catalog: RunningService, *events: dict[str, Any], **query: bool) -> Response:
    """Import and publish, as the district's own data is loaded."""
    return await catalog.client.post(
        "/api/v1/life-events/import",
        params={"publish": True, **query},
        json={"life_events": list(events)},
        headers=catalog.district.headers("admin"),
    )


def editor(catalog: RunningService, subject: str) -> dict[str, str]:
    return catalog.district.headers("catalog_editor", subject=subject)


async def propose(
    catalog: RunningService, *events: dict[str, Any], subject: str = "author"
) -> Response:
    return await catalog.client.post(
        "/api/v1/life-events/import",
        json={"life_events": list(events)},
        headers=editor(catalog, subject),
    )


async def led(catalog: RunningService, code: str, **answers: Any) -> dict[str, Any]:
    answer = await catalog.client.post(
        f"/api/v1/life-events/{code}/guide", json={"answers": answers}
    )
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def pointers(answer: Response) -> list[str]:
    return [one["pointer"] for one in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("role", "status"),
    [("catalog_editor", 200), ("admin", 200), ("clerk", 403), ("resident", 403), (None, 401)],
)
async def test_editors_and_admins_import_and_retire(
    catalog: RunningService, role: str | None, status: int
) -> None:
    matter = await published(catalog)
    content = life_event(matter["code"])
    headers = catalog.district.headers(role) if role else {}

    answer = await catalog.client.post(
        "/api/v1/life-events/import", json={"life_events": [content]}, headers=headers
    )
    await bring(catalog, content)
    gone = await catalog.client.post(
        f"/api/v1/life-events/{content['code']}/retire", headers=headers
    )

    assert answer.status_code == status
    assert gone.status_code == (204 if status == 200 else status)


async def test_an_import_is_told_read_listed_and_the_second_time_nothing(
    catalog: RunningService,
) -> None:
    first, second = await published(catalog), await published(catalog)
    content = life_event(first["code"], second["code"])

    dry = await bring(catalog, content, dry_run=True)
    done = await bring(catalog, content)
    again = await bring(catalog, content)

    assert dry.json() == {
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "is_published": False,
        "is_dry_run": True,
    }
    assert done.json() == {
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "is_published": True,
        "is_dry_run": False,
    }
    assert again.json()["unchanged"] == 1
    [told] = await catalog.outbox.envelopes(content["code"])
    assert (told.event_type, told.sequence) == ("catalog.life_event.changed", 1)
    assert told.data["state"] == "published"
    assert told.data["content"]["matters"][1]["after"] == [first["code"]]
    read = (await catalog.client.get(f"/api/v1/life-events/{content['code']}")).json()
    assert [one["name"] for one in read["matters"]] == [first["name"], second["name"]]
    listed = await catalog.client.get("/api/v1/life-events", params={"matter": second["code"]})
    assert [one["code"] for one in listed.json()["items"]] == [content["code"]]
    none = await catalog.client.get(
        "/api/v1/life-events", params={"matter": second["code"], "audience": "enterprise"}
    )
    assert none.json()["items"] == []


async def test_an_editors_import_is_offered_once_a_second_person_publishes_it(
    catalog: RunningService,
) -> None:
    matter = await published(catalog)
    content = life_event(matter["code"])
    path = f"/api/v1/life-events/{content['code']}"

    proposed = await propose(catalog, content)
    again = await propose(catalog, content, subject="another")
    unseen = await catalog.client.get(path)
    waiting = await catalog.client.get(
        "/api/v1/life-events/proposals?limit=100", headers=editor(catalog, "second")
    )
    own = await catalog.client.post(f"{path}/publish", headers=editor(catalog, "author"))
    second = await catalog.client.post(f"{path}/publish", headers=editor(catalog, "second"))
    seen = await catalog.client.get(path)
    twice = await catalog.client.post(f"{path}/publish", headers=editor(catalog, "second"))

    assert (proposed.json()["created"], proposed.json()["is_published"]) == (1, False)
    assert again.json()["unchanged"] == 1
    assert unseen.status_code == 404
    [one] = [one for one in waiting.json()["items"] if one["code"] == content["code"]]
    assert (one["author"], one["content"]["name"]) == ("author", content["name"])
    assert (own.status_code, own.json()["type"].rsplit(":")[-1]) == (409, "proposer-cant-publish")
    assert (second.status_code, seen.status_code) == (204, 200)
    assert (twice.status_code, twice.json()["type"].rsplit(":")[-1]) == (409, "nothing-proposed")
    assert await catalog.outbox.types(content["code"]) == ["catalog.life_event.changed"]


async def test_what_is_offered_stays_until_its_change_is_published(catalog: RunningService) -> None:
    matter = await published(catalog)
    content = life_event(matter["code"])
    path = f"/api/v1/life-events/{content['code']}"
    await bring(catalog, content)

    await propose(catalog, content | {"name": "改名"})
    before = (await catalog.client.get(path)).json()["name"]
    await catalog.client.post(f"{path}/publish", headers=editor(catalog, "second"))
    after = (await catalog.client.get(path)).json()["name"]

    assert (before, after) == (content["name"], "改名")


async def test_a_proposal_is_taken_back_or_overtaken(catalog: RunningService) -> None:
    matter = await published(catalog)
    content = life_event(matter["code"])
    path = f"/api/v1/life-events/{content['code']}"

    await propose(catalog, content)
    back = await catalog.client.post(f"{path}/take-back", headers=editor(catalog, "author"))
    nothing = await catalog.client.post(f"{path}/publish", headers=editor(catalog, "second"))
    none = await catalog.client.post(f"{path}/take-back", headers=editor(catalog, "author"))
    await propose(catalog, content)
    await bring(catalog, content | {"name": "改名"})
    overtaken = await catalog.client.post(f"{path}/publish", headers=editor(catalog, "second"))

    assert (back.status_code, nothing.status_code, none.status_code) == (204, 409, 409)
    assert overtaken.status_code == 409


async def test_a_proposal_whose_matter_was_retired_is_not_published(
    catalog: RunningService,
) -> None:
    matter = await published(catalog)
    content = life_event(matter["code"])
    await propose(catalog, content)
    await retired(catalog, matter["code"])
    path = f"/api/v1/life-events/{content['code']}"

    answer = await catalog.client.post(f"{path}/publish", headers=editor(catalog, "second"))
    still = await catalog.client.post(f"{path}/take-back", headers=editor(catalog, "author"))

    assert (answer.status_code, pointers(answer)) == (409, ["/matters/0/code"])
    assert answer.json()["type"].endswith("proposal-faulty")
    assert still.status_code == 204


@pytest.mark.parametrize("address", ["publish", "take-back"])
@pytest.mark.parametrize(("role", "status"), [("clerk", 403), (None, 401)])
async def test_only_editors_and_admins_publish_or_take_back(
    catalog: RunningService, role: str | None, status: int, address: str
) -> None:
    headers = catalog.district.headers(role) if role else {}

    answer = await catalog.client.post(f"/api/v1/life-events/any/{address}", headers=headers)
    listed = await catalog.client.get("/api/v1/life-events/proposals", headers=headers)

    assert (answer.status_code, listed.status_code) == (status, status)


async def test_an_editor_does_not_publish_by_importing(catalog: RunningService) -> None:
    matter = await published(catalog)

    answer = await catalog.client.post(
        "/api/v1/life-events/import?publish=true",
        json={"life_events": [life_event(matter["code"])]},
        headers=catalog.district.headers("catalog_editor"),
    )

    assert answer.status_code == 403
    assert answer.json()["type"].endswith("publication-needs-admin")


async def test_a_code_that_is_an_address_is_refused(catalog: RunningService) -> None:
    matter = await published(catalog)

    answer = await bring(catalog, life_event(matter["code"], code="proposals"))

    assert (answer.status_code, pointers(answer)) == (422, ["/life_events/0/code"])


async def test_it_is_not_modified_until_it_or_one_of_its_matters_changes(
    catalog: RunningService,
) -> None:
    matter = await published(catalog)
    content = life_event(matter["code"])
    await bring(catalog, content)
    path = f"/api/v1/life-events/{content['code']}"
    tag = (await catalog.client.get(path)).headers["etag"]

    same = await catalog.client.get(path, headers={"If-None-Match": tag})
    await bring(catalog, content | {"name": "改名"})
    renamed = await catalog.client.get(path, headers={"If-None-Match": tag})
    await retired(catalog, matter["code"])
    changed = await catalog.client.get(path, headers={"If-None-Match": renamed.headers["etag"]})

    assert same.status_code == 304
    assert (renamed.status_code, renamed.json()["name"]) == (200, "改名")
    assert changed.status_code == 200
    [member] = changed.json()["matters"]
    assert member["unavailable"]["reason"] == "not_in_force"
    assert [one.sequence for one in await catalog.outbox.envelopes(content["code"])] == [1, 2]


async def test_one_fault_imports_nothing_and_each_is_told_with_its_place(
    catalog: RunningService,
) -> None:
    matter, gone = await published(catalog), await published(catalog)
    other = await published(
        catalog,
        situations=[],
        materials=matter["materials"][:1],
        form_fields=[{"key": "seats", "label": "座位", "kind": "text", "required": True}],
    )
    await retired(catalog, gone["code"])
    sound = life_event(matter["code"])
    unknown = life_event("11610171MB290000144619900000000")
    withdrawn = life_event(gone["code"])
    clashing = life_event(matter["code"], other["code"])
    idle = life_event(
        matter["code"],
        wordings=[{"key": "nobody", "label": "无", "english_label": "none"}],
        matters=[
            {"code": matter["code"], "renames": {"nothing": "x"}, "given": {"has_canteen": "?"}}
        ],
    )

    answer = await bring(catalog, sound, unknown, withdrawn, clashing, idle, sound)

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("import-faulty")
    assert pointers(answer) == [
        "/life_events/5/code",
        "/life_events/1/matters/0/code",
        "/life_events/2/matters/0/code",
        "/life_events/3/matters/1",
        "/life_events/4/matters/0/renames/nothing",
        "/life_events/4/matters/0/given/has_canteen",
        "/life_events/4/wordings/0/key",
    ]
    assert await catalog.outbox.types(sound["code"]) == []


async def test_a_circle_in_the_order_is_refused_at_its_place(catalog: RunningService) -> None:
    first, second = await published(catalog), await published(catalog)
    content = life_event(first["code"], second["code"])
    content["matters"][0]["after"] = [second["code"]]

    answer = await bring(catalog, content)

    assert answer.status_code == 422
    assert pointers(answer) == ["/life_events/0/matters/0/after"]


async def test_it_is_asked_once_and_told_at_once(catalog: RunningService) -> None:
    first, second = await published(catalog), await published(catalog)
    content = life_event(first["code"], second["code"])
    await bring(catalog, content)
    site_id = f"hall-{uuid4().hex[:8]}"
    await catalog.hear(
        envelope(
            "site.site.changed",
            site_id,
            {
                "site_id": site_id,
                "kind": "hall",
                "name": "政务大厅",
                "state": "open",
                "matters": [first["code"], second["code"]],
                "partner_matters": [],
            },
        )
    )

    asked = await led(catalog, content["code"])
    told = await led(catalog, content["code"], has_canteen="no")

    assert asked["question"]["asked_by"] == [first["code"], second["code"]]
    assert told["question"] is None
    assert [(one["name"], len(one["needed_by"])) for one in told["materials"]] == [
        ("食品经营许可申请书", 2),
        ("营业执照", 2),
    ]
    assert [one["key"] for one in told["form_fields"]] == ["shop_name", "seats"]
    assert told["plan"]["steps"] == [[first["code"]], [second["code"]]]
    assert told["plan"]["total_promised_days"] == 10
    assert told["plan"]["total_statutory_days"] == 40
    assert [one["results"][0]["name"] for one in told["matters"]] == ["食品经营许可证"] * 2
    assert [(one["site_id"], one["handles_all"]) for one in told["sites"]] == [(site_id, True)]


async def test_a_wrong_answer_or_an_unknown_event_is_told(catalog: RunningService) -> None:
    matter = await published(catalog)
    content = life_event(matter["code"])
    await bring(catalog, content)

    wrong = await catalog.client.post(
        f"/api/v1/life-events/{content['code']}/guide", json={"answers": {"has_canteen": "?"}}
    )
    unknown = [
        await catalog.client.post("/api/v1/life-events/nobody/guide", json={}),
        await catalog.client.get("/api/v1/life-events/nobody"),
        await catalog.client.post(
            "/api/v1/life-events/nobody/retire", headers=catalog.district.headers("admin")
        ),
    ]

    assert (wrong.status_code, pointers(wrong)) == (422, ["/answers/has_canteen"])
    assert [one.status_code for one in unknown] == [404, 404, 404]


async def test_a_matter_retired_later_is_left_out_with_a_clear_answer(
    catalog: RunningService,
) -> None:
    first, second = await published(catalog), await published(catalog)
    content = life_event(first["code"], second["code"])
    await bring(catalog, content)
    await retired(catalog, first["code"])

    told = await led(catalog, content["code"], has_canteen="no")

    assert [one["code"] for one in told["matters"]] == [second["code"]]
    [left_out] = told["unavailable"]
    assert (left_out["code"], left_out["reason"]) == (first["code"], "not_in_force")
    assert "停用" in left_out["text"]


async def test_a_retired_life_event_is_gone_until_it_is_imported_anew(
    catalog: RunningService,
) -> None:
    matter = await published(catalog)
    content = life_event(matter["code"])
    await bring(catalog, content)
    path = f"/api/v1/life-events/{content['code']}"
    headers = catalog.district.headers("admin")

    gone = await catalog.client.post(f"{path}/retire", headers=headers)
    twice = await catalog.client.post(f"{path}/retire", headers=headers)
    unread = await catalog.client.get(path)
    back = await bring(catalog, content)

    assert [one.status_code for one in (gone, twice, unread)] == [204, 409, 404]
    assert back.json()["updated"] == 1
    states = [one.data["state"] for one in await catalog.outbox.envelopes(content["code"])]
    assert states == ["published", "retired", "published"]


async def test_what_was_told_is_told_again(catalog: RunningService) -> None:
    matter = await published(catalog)
    content = life_event(matter["code"])
    await bring(catalog, content)
    assert catalog.service.republish is not None

    async with catalog.context.sessions() as session:
        again = {
            event.key(): sequence async for event, sequence in catalog.service.republish(session)
        }

    assert again[content["code"]] == 1


async def test_a_step_of_the_guide_is_one_statement(catalog: RunningService) -> None:
    matter = await published(catalog)
    content = life_event(matter["code"])
    await bring(catalog, content)
    await led(catalog, content["code"])
    counted: list[str] = []

    def count(*arguments: Any) -> None:
        counted.append(str(arguments[2]))

    engine = catalog.context.engine.sync_engine
    sql_event.listen(engine, "before_cursor_execute", count)
    try:
        await led(catalog, content["code"])
        await led(catalog, content["code"], has_canteen="no")
        await catalog.client.get(f"/api/v1/life-events/{content['code']}")
    finally:
        sql_event.remove(engine, "before_cursor_execute", count)

    assert len(counted) == 3


@pytest.fixture(scope="module")
def xian_matters() -> list[dict[str, Any]]:
    matters: list[dict[str, Any]] = json.loads((XIAN / "matters.json").read_text("utf-8"))[
        "matters"
    ]
    return matters


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def district_catalog(run_service: Any) -> RunningService:
    """A catalog of its own: the district's matters would fill the others' lists."""
    running: RunningService = await run_service(SERVICE, create_app)
    await claim_basic_items(running)
    return running


async def test_every_life_event_of_the_district_leads_to_a_result(
    district_catalog: RunningService, xian_matters: list[dict[str, Any]]
) -> None:
    wanted = {member["code"] for one in LIFE_EVENTS for member in one["matters"]}
    taken = await district_catalog.client.post(
        "/api/v1/catalog/import",
        params={"publish": True},
        json={"matters": [one for one in xian_matters if one["code"] in wanted]},
        headers=district_catalog.district.headers("admin"),
    )
    assert taken.is_success, taken.text
    assert (await bring(district_catalog, *LIFE_EVENTS)).is_success

    for life in LIFE_EVENTS:
        for choice in (0, -1):
            answers: dict[str, Any] = {}
            told = await led(district_catalog, life["code"])
            while (question := told["question"]) is not None:
                assert question["key"] not in answers, life["code"]
                answers[question["key"]] = question["answers"][choice]["value"]
                told = await led(district_catalog, life["code"], **answers)

            assert told["unavailable"] == []
            assert told["matters"], life["code"]
            assert told["form_fields"], life["code"]
            names = [one["name"] for one in told["materials"]]
            keys = [one["key"] for one in told["form_fields"]]
            assert names, life["code"]
            assert len(names) == len(set(names)), life["code"]
            assert len(keys) == len(set(keys)), life["code"]
            assert all(one["results"] for one in told["matters"]), life["code"]
            assert told["plan"]["total_promised_days"] <= told["plan"]["one_by_one_days"]
