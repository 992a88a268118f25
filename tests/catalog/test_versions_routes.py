"""Versions planned, taken back, retired and compared: what is refused, and what follows."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from catalog.versions import (
    AUTHOR,
    PUBLISHER,
    act,
    drafted,
    kind_of,
    next_draft,
    published,
    today,
)

from catalog_service.matters.publication import planned_versions_take_effect
from tongban.testing.fixtures import RunningService


async def read(catalog: RunningService, content: dict[str, Any], **query: Any) -> Any:
    return await catalog.client.get(f"/api/v1/matters/{content['code']}", params=query)


async def days_pass(catalog: RunningService, days: int) -> None:
    """Let the worker's timer run as it will some days from now."""
    then = datetime.combine(today() + timedelta(days=days), time(12), tzinfo=UTC)
    context = replace(catalog.context, clock=lambda: then)
    async with context.sessions.begin() as session:
        await planned_versions_take_effect(session, context)


def in_days(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


async def test_a_draft_is_not_published_before_it_is_submitted(catalog: RunningService) -> None:
    content = await drafted(catalog)

    answer = await act(catalog, content["code"], 1, "publish")

    assert (answer.status_code, kind_of(answer)) == (409, "version-not-submitted")


async def test_a_submitted_version_is_not_changed_until_it_is_taken_back(
    catalog: RunningService,
) -> None:
    content = await drafted(catalog)
    path = f"/api/v1/matters/{content['code']}/versions/1"
    headers = catalog.district.headers("catalog_editor", subject=AUTHOR)
    await act(catalog, content["code"], 1, "submit", subject=AUTHOR)

    refused = await catalog.client.put(path, json=content, headers=headers)
    taken = await act(catalog, content["code"], 1, "take-back", subject=PUBLISHER)
    amended = await catalog.client.put(
        path, json=content, headers=headers | {"If-Match": taken.headers["etag"]}
    )

    assert (refused.status_code, kind_of(refused)) == (409, "version-not-draft")
    assert taken.json()["state"] == "draft"
    assert amended.status_code == 200


async def test_of_two_editors_one_loses_and_is_told_which_state_is_current(
    catalog: RunningService,
) -> None:
    content = await drafted(catalog)
    path = f"/api/v1/matters/{content['code']}/versions/1"
    headers = catalog.district.headers("catalog_editor")
    tag = (await catalog.client.get(path, headers=headers)).headers["etag"]

    first = await catalog.client.put(
        path, json={**content, "visits": 1}, headers=headers | {"If-Match": tag}
    )
    second = await catalog.client.put(
        path, json={**content, "visits": 2}, headers=headers | {"If-Match": tag}
    )
    blind = await catalog.client.put(path, json={**content, "visits": 3}, headers=headers)
    late = await act(catalog, content["code"], 1, "submit", if_match=tag)

    assert first.status_code == 200
    assert (second.status_code, second.headers["etag"]) == (412, first.headers["etag"])
    assert (blind.status_code, kind_of(blind)) == (428, "if-match-missing")
    assert late.status_code == 412
    assert (await catalog.client.get(path, headers=headers)).json()["content"]["visits"] == 1


async def test_a_planned_version_takes_effect_on_its_day(catalog: RunningService) -> None:
    content = await drafted(catalog)
    code = content["code"]
    await published(catalog, content, 1)
    await next_draft(catalog, {**content, "promised_days": 2})

    planned = await published(catalog, content, 2, effective_from=in_days(10))
    before = await read(catalog, content)
    await days_pass(catalog, 9)
    still = await read(catalog, content)
    await days_pass(catalog, 10)
    after = await read(catalog, content)
    former = (await catalog.client.get(f"/api/v1/matters/{code}/versions/1")).json()

    assert planned.json()["state"] == "planned"
    assert (before.json()["version"], before.json()["retired_on"]) == (1, in_days(10))
    assert still.json()["version"] == 1
    assert (after.json()["version"], after.json()["content"]["promised_days"]) == (2, 2)
    assert (former["state"], former["superseded_by"]) == ("retired", 2)
    told = await catalog.outbox.envelopes(f"{code}-2")
    assert [(one.sequence, one.data["state"]) for one in told] == [(1, "published")]
    assert (await catalog.outbox.envelopes(f"{code}-1"))[-1].data["state"] == "retired"


async def test_a_matter_is_read_as_of_any_day(catalog: RunningService) -> None:
    content = await drafted(catalog)
    await published(catalog, content, 1)
    await next_draft(catalog, {**content, "visits": 1})
    await published(catalog, content, 2, effective_from=in_days(5), retires_on=in_days(8))

    found = [await read(catalog, content, as_of=in_days(day)) for day in (-1, 0, 4, 5, 7, 8)]

    assert [one.status_code for one in found] == [404, 200, 200, 200, 200, 404]
    assert [one.json().get("version") for one in found[1:5]] == [1, 1, 2, 2]


async def test_no_two_versions_are_valid_on_one_day(catalog: RunningService) -> None:
    content = await drafted(catalog)
    code = content["code"]
    await published(catalog, content, 1)
    await next_draft(catalog, content)
    await published(catalog, content, 2, effective_from=in_days(5))
    await next_draft(catalog, content)
    await act(catalog, code, 3, "submit", subject=AUTHOR)

    refused = [
        await act(catalog, code, 3, "publish", json=plan)
        for plan in (
            None,
            {"effective_from": in_days(3)},
            {"effective_from": in_days(5)},
            {"effective_from": in_days(3), "retires_on": in_days(6)},
        )
    ]
    late = await act(catalog, code, 1, "retire", json={"on": in_days(6)})
    fits = await act(
        catalog,
        code,
        3,
        "publish",
        json={"effective_from": in_days(3), "retires_on": in_days(5)},
    )

    assert {kind_of(one) for one in [*refused, late]} == {"overlapping-validity"}
    assert (fits.status_code, fits.json()["superseded_by"]) == (200, 2)
    days = [
        (await read(catalog, content, as_of=in_days(day))).json()["version"] for day in (2, 3, 5)
    ]
    assert days == [1, 3, 2]


async def test_the_database_itself_refuses_an_overlap(catalog: RunningService) -> None:
    content = await drafted(catalog)
    await published(catalog, content, 1)
    await next_draft(catalog, content)
    refused = None

    try:
        await catalog.execute(
            "UPDATE matter_versions SET effective_from = current_date + 3 "
            "WHERE code = :code AND number = 2",
            code=content["code"],
        )
    except Exception as fault:  # whatever the driver calls it
        refused = str(fault)

    assert refused is not None
    assert "ex_matter_versions_validity" in refused


async def test_what_is_planned_can_be_taken_back(catalog: RunningService) -> None:
    content = await drafted(catalog)
    await published(catalog, content, 1)
    await next_draft(catalog, content)
    await published(catalog, content, 2, effective_from=in_days(5))

    taken = await act(catalog, content["code"], 2, "take-back")

    assert (taken.json()["state"], taken.json()["effective_from"]) == ("draft", None)
    current = (await read(catalog, content)).json()
    assert (current["version"], current["retired_on"]) == (1, None)


async def test_the_past_is_not_rewritten(catalog: RunningService) -> None:
    content = await drafted(catalog)
    await act(catalog, content["code"], 1, "submit", subject=AUTHOR)

    back = await act(catalog, content["code"], 1, "publish", json={"effective_from": in_days(-1)})
    none = await act(catalog, content["code"], 1, "publish", json={"retires_on": in_days(0)})
    await act(catalog, content["code"], 1, "publish")
    retired = await act(catalog, content["code"], 1, "retire", json={"on": in_days(-1)})

    assert {kind_of(one) for one in (back, none, retired)} == {"effective-date-invalid"}


async def test_a_retirement_is_planned_called_off_and_takes_effect(catalog: RunningService) -> None:
    content = await drafted(catalog)
    code = content["code"]
    await published(catalog, content, 1)

    planned = await act(catalog, code, 1, "retire", json={"on": in_days(7)})
    off = await act(catalog, code, 1, "take-back")
    await days_pass(catalog, 7)
    still = await read(catalog, content)
    await act(catalog, code, 1, "retire", json={"on": in_days(7)})
    await days_pass(catalog, 7)
    gone = await read(catalog, content)

    assert (planned.json()["state"], planned.json()["retired_on"]) == ("published", in_days(7))
    assert off.json()["retired_on"] is None
    assert (still.status_code, gone.status_code) == (200, 404)


async def test_a_retired_matter_is_not_used_anew(catalog: RunningService) -> None:
    content = await drafted(catalog)
    code = content["code"]
    await published(catalog, content, 1)
    await act(catalog, code, 1, "retire")
    editor = catalog.district.headers("catalog_editor")
    admin = catalog.district.headers("admin")

    anew = await catalog.client.post("/api/v1/matters", json=content, headers=editor)
    again = await next_draft(catalog, content)
    brought = await catalog.client.post(
        "/api/v1/catalog/import?publish=true", json={"matters": [content]}, headers=admin
    )

    assert kind_of(anew) == kind_of(again) == "matter-is-retired"
    assert brought.status_code == 422
    assert brought.json()["errors"][0]["code"] == "matter-is-retired"


async def test_two_versions_are_compared_in_words_and_as_data(catalog: RunningService) -> None:
    content = await drafted(catalog)
    path = f"/api/v1/matters/{content['code']}/versions"
    await published(catalog, content, 1)
    fewer = [one for one in content["materials"] if one["key"] != "business_licence"]
    await next_draft(catalog, {**content, "promised_days": 2, "materials": fewer})
    await published(catalog, content, 2)

    compared = (await catalog.client.get(f"{path}/1/diff/2")).json()
    same = (await catalog.client.get(f"{path}/2/diff/2")).json()
    missing = await catalog.client.get(f"{path}/1/diff/3")

    assert [(one["pointer"], one["kind"]) for one in compared["differences"]] == [
        ("/promised_days", "changed"),
        ("/materials/business_licence", "removed"),
    ]
    assert compared["words"]["zh-CN"] == [
        "承诺办结时限由“5”改为“2”",
        "删去申请材料“营业执照”",
    ]
    assert compared["words"]["en"][0] == "promised days changed from “5” to “2”"
    assert same["differences"] == []
    assert missing.status_code == 404
