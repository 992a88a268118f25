"""Hundreds of versions are published together, or none of them."""

from datetime import timedelta
from typing import Any

from catalog.factories import matter_content
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
from httpx import Response
from sqlalchemy import event

from catalog_service.publications.service import AT_ONCE, run_publications
from tongban.testing.fixtures import RunningService

PATH = "/api/v1/catalog/publications"


async def order(catalog: RunningService, *, subject: str = PUBLISHER, **body: Any) -> Response:
    headers = catalog.district.headers("catalog_editor", subject=subject)
    return await catalog.client.post(PATH, json=body, headers=headers)


async def run(catalog: RunningService, ordered: Response) -> dict[str, Any]:
    """Let the worker do what is ordered, and return how it went."""
    async with catalog.context.sessions.begin() as session:
        await run_publications(session, catalog.context)
    answer = await catalog.client.get(
        f"{PATH}/{ordered.json()['id']}", headers=catalog.district.headers("catalog_editor")
    )
    told: dict[str, Any] = answer.json()
    return told


async def submitted(catalog: RunningService, *, count: int = 1, **changes: Any) -> list[str]:
    codes = []
    for _ in range(count):
        content = await drafted(catalog, **changes)
        await act(catalog, content["code"], 1, "submit", subject=AUTHOR)
        codes.append(content["code"])
    return codes


async def many_submitted(catalog: RunningService, count: int) -> list[str]:
    """Draft many in one request, and submit them as their authors would."""
    matters = [matter_content() for _ in range(count)]
    answer = await catalog.client.post(
        "/api/v1/catalog/import",
        json={"matters": matters},
        headers=catalog.district.headers("catalog_editor", subject=AUTHOR),
    )
    assert answer.json()["created"] == count, answer.text
    codes = [one["code"] for one in matters]
    await catalog.execute(
        "UPDATE matter_versions SET state = 'submitted' WHERE code = ANY(:codes)", codes=codes
    )
    return codes


async def states(catalog: RunningService, codes: list[str]) -> set[int]:
    return {(await catalog.client.get(f"/api/v1/matters/{code}")).status_code for code in codes}


async def test_all_are_published_in_one_transaction_with_progress(catalog: RunningService) -> None:
    codes = await submitted(catalog, count=25)

    ordered = await order(catalog, codes=codes)
    before = await states(catalog, codes)
    done = await run(catalog, ordered)

    assert (ordered.status_code, ordered.json()["state"]) == (202, "waiting")
    assert before == {404}
    assert (done["state"], done["done"], done["total"]) == ("done", 25, 25)
    assert done["finished_at"] is not None
    assert await states(catalog, codes) == {200}
    assert await catalog.outbox.types(f"{codes[0]}-1") == ["catalog.matter.changed"]


async def test_one_that_cannot_be_published_stops_all_and_is_named(catalog: RunningService) -> None:
    good = await submitted(catalog, count=2)
    [online_only] = await submitted(catalog, channels=["online"])
    draft = (await drafted(catalog))["code"]

    told = await run(catalog, await order(catalog, codes=[*good, online_only, draft]))

    assert (told["state"], told["done"]) == ("refused", 0)
    assert {one["code"]: one["type"] for one in told["faults"]} == {
        online_only: "no-offline-channel",
        draft: "version-not-found",
    }
    assert await states(catalog, good) == {404}
    assert await catalog.outbox.types(f"{good[0]}-1") == []


async def test_the_author_does_not_publish_in_bulk_either(catalog: RunningService) -> None:
    codes = await submitted(catalog)

    told = await run(catalog, await order(catalog, codes=codes, subject=AUTHOR))

    assert [one["type"] for one in told["faults"]] == ["publisher-is-author"]


async def test_every_fault_is_told_however_many_parts_it_takes(catalog: RunningService) -> None:
    codes = sorted(await many_submitted(catalog, AT_ONCE + 20))
    first, last = codes[0], codes[-1]
    await catalog.execute(
        "UPDATE matter_versions SET state = 'draft' WHERE code = ANY(:codes)", codes=[first, last]
    )

    told = await run(catalog, await order(catalog, codes=codes))

    assert (told["state"], told["done"]) == ("refused", 0)
    assert [one["code"] for one in told["faults"]] == [first, last]
    assert await states(catalog, codes[1:5]) == {404}


async def test_what_was_in_force_ends_as_the_next_begins(catalog: RunningService) -> None:
    content = await drafted(catalog)
    await published(catalog, content, 1)
    await next_draft(catalog, content | {"visits": 1})
    await act(catalog, content["code"], 2, "submit", subject=AUTHOR)

    done = await run(catalog, await order(catalog, codes=[content["code"]]))

    assert done["state"] == "done"
    read = await catalog.client.get(f"/api/v1/matters/{content['code']}")
    assert (read.json()["version"], read.json()["content"]["visits"]) == (2, 1)
    [begun, ended] = await catalog.outbox.envelopes(f"{content['code']}-1")
    assert (begun.data["state"], ended.data["state"]) == ("published", "retired")
    assert (ended.sequence, ended.data["retired_on"]) == (2, today().isoformat())


async def test_a_planned_publication_puts_nothing_in_force_yet(catalog: RunningService) -> None:
    content = await drafted(catalog)
    await published(catalog, content, 1)
    await next_draft(catalog, content | {"visits": 1})
    await act(catalog, content["code"], 2, "submit", subject=AUTHOR)
    day = (today() + timedelta(days=9)).isoformat()

    done = await run(catalog, await order(catalog, codes=[content["code"]], effective_from=day))

    assert done["state"] == "done"
    read = await catalog.client.get(f"/api/v1/matters/{content['code']}")
    assert (read.json()["version"], read.json()["retired_on"]) == (1, day)
    assert await catalog.outbox.types(f"{content['code']}-2") == []


async def test_many_take_no_more_statements_than_few(catalog: RunningService) -> None:
    counted: list[str] = []

    def count(*arguments: Any) -> None:
        counted.append(str(arguments[2]))

    engine, numbers = catalog.context.engine.sync_engine, []
    for size in (3, AT_ONCE):
        ordered = await order(catalog, codes=await many_submitted(catalog, size))
        event.listen(engine, "before_cursor_execute", count)
        try:
            counted.clear()
            async with catalog.context.sessions.begin() as session:
                await run_publications(session, catalog.context)
            numbers.append(len(counted))
        finally:
            event.remove(engine, "before_cursor_execute", count)
        assert (await run(catalog, ordered))["state"] == "done"

    assert numbers[0] == numbers[1] <= 16, counted


async def test_an_order_names_codes_or_all(catalog: RunningService) -> None:
    codes = await submitted(catalog)
    headers = catalog.district.headers("catalog_editor")

    answers = [
        await order(catalog),
        await order(catalog, codes=codes, all_submitted=True),
        await order(catalog, codes=codes, effective_from="2020-01-01"),
    ]
    everything = await order(catalog, all_submitted=True)
    unknown = await catalog.client.get(
        f"{PATH}/01890000-0000-7000-8000-000000000000", headers=headers
    )

    assert {one.status_code for one in answers} == {422}
    assert set(codes) <= set(await _codes_of(catalog, everything))
    assert (unknown.status_code, kind_of(unknown)) == (404, "publication-not-found")


async def _codes_of(catalog: RunningService, ordered: Response) -> list[str]:
    rows = await catalog.execute(
        "DELETE FROM publications WHERE id = CAST(:id AS uuid) RETURNING codes",
        id=ordered.json()["id"],
    )
    found: list[str] = rows.scalar_one()
    return found
