"""Hundreds of versions are published together, or none of them."""

from typing import Any

from catalog.versions import AUTHOR, PUBLISHER, act, drafted, kind_of
from httpx import Response

from catalog_service.publications.service import run_publications
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
