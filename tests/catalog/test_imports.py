"""Large imports: a line a matter, all or none, with progress that others can read meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from catalog.factories import matter_content
from sqlalchemy import text

from catalog_service.matters.content import MatterContent
from catalog_service.matters.example import EXAMPLE_CONTENT
from catalog_service.transfer import store
from catalog_service.transfer.files import csv_head, csv_row
from catalog_service.transfer.incoming import BATCH
from catalog_service.transfer.lines import json_lines
from catalog_service.transfer.packing import workbook_of
from catalog_service.transfer.routes import XLSX
from catalog_service.transfer.service import Asked
from catalog_service.transfer.streaming import stream_import
from tongban.identity import Caller, Role
from tongban.testing.fixtures import RunningService

Matters = list[dict[str, Any]]
EXAMPLE = MatterContent.model_validate(EXAMPLE_CONTENT).model_dump(mode="json")


def lines(matters: Matters) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in matters)


def contents(matters: Matters) -> Matters:
    return [MatterContent.model_validate(one).model_dump(mode="json") for one in matters]


def table(matters: Matters) -> bytes:
    # As a model knows it, less what makes one faulty on purpose.
    rows = [{**EXAMPLE, **one} for one in matters]
    return csv_head() + b"".join(map(csv_row, rows))


async def bring(
    catalog: RunningService, content: Any, *, role: str = "admin", **query: Any
) -> httpx.Response:
    kind = query.pop("kind", "application/x-ndjson")
    return await catalog.client.put(
        f"/api/v1/catalog/imports/{query.pop('id', uuid4())}",
        content=content,
        params=query,
        headers=catalog.district.headers(role) | {"Content-Type": kind},
    )


async def bring_form(catalog: RunningService, matters: Matters) -> httpx.Response:
    return await catalog.client.post(
        "/api/v1/catalog/import",
        json={"matters": matters},
        headers=catalog.district.headers("admin"),
    )


async def progress(catalog: RunningService, id_: Any) -> httpx.Response:
    return await catalog.client.get(
        f"/api/v1/catalog/imports/{id_}", headers=catalog.district.headers("catalog_editor")
    )


async def ended(catalog: RunningService, id_: Any) -> dict[str, Any]:
    """Ask for an import's progress until it runs no more."""
    while True:
        told: dict[str, Any] = (await progress(catalog, id_)).json()
        if told["state"] != "running":
            return told
        await asyncio.sleep(0.02)


async def count(catalog: RunningService, matters: Matters) -> int:
    codes = [one["code"] for one in matters]
    async with catalog.context.sessions() as session:
        found = await session.scalar(
            text("SELECT count(*) FROM matter_versions WHERE code = ANY(:codes)"), {"codes": codes}
        )
    return int(found or 0)


async def test_batches_are_taken_over_in_one_go(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(BATCH + 20)]

    done = await bring(catalog, lines(matters), publish=True)
    again = await bring(catalog, lines(matters), publish=True)

    assert done.status_code == 200, done.text
    told = done.json()
    assert (told["state"], told["received"]) == ("done", len(matters))
    assert (told["created"], told["published"]) == (len(matters), len(matters))
    assert (await progress(catalog, told["id"])).json() == told
    assert again.json()["unchanged"] == len(matters)
    assert await count(catalog, matters) == len(matters)
    assert len(await catalog.outbox.envelopes(f"{matters[-1]['code']}-1")) == 1


async def test_one_bad_row_in_many_changes_nothing(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(2 * BATCH + 5)]
    matters[BATCH + 7]["promised_days"] = 21
    id_ = uuid4()

    refused = await bring(catalog, lines(matters), publish=True, id=id_)

    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert (fault["row"], fault["pointer"]) == (BATCH + 8, "/promised_days")
    assert await count(catalog, matters) == 0
    told = (await progress(catalog, id_)).json()
    assert told["state"] == "refused"
    assert told["faults"][0]["row"] == BATCH + 8


async def test_faults_across_batches_are_told_by_their_rows(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(BATCH)]
    online = matter_content(channels=["online"])

    refused = await bring(
        catalog, lines([*matters, online, matters[0]]) + b"{no json\n", publish=True
    )

    assert [(one["row"], one["code"]) for one in refused.json()["errors"]] == [
        (BATCH + 1, "no-offline-channel"),
        (BATCH + 2, "code_repeated"),
        (BATCH + 3, "json_invalid"),
    ]


async def test_progress_is_seen_while_the_import_runs(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(2 * BATCH)]
    seen: list[dict[str, Any]] = []
    id_ = uuid4()

    async def slowly() -> AsyncIterator[bytes]:
        yield lines(matters[:BATCH])
        for _ in range(200):
            read = await progress(catalog, id_)
            if read.status_code == 200 and read.json()["received"] == BATCH:
                seen.append(read.json())
                break
            await asyncio.sleep(0.02)
        yield lines(matters[BATCH:])

    done = await bring(catalog, slowly(), publish=True, id=id_)

    assert done.json()["received"] == 2 * BATCH
    assert [(one["state"], one["received"]) for one in seen] == [("running", BATCH)]


async def test_a_dry_run_tells_and_writes_nothing(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(3)]

    tried = await bring(catalog, lines(matters), publish=True, dry_run=True)

    assert (tried.json()["state"], tried.json()["created"]) == ("done", 3)
    assert await count(catalog, matters) == 0


async def test_imports_at_once_keep_no_connection_from_one_another(
    catalog: RunningService,
) -> None:
    many = 3 * catalog.settings.api_pool
    trying = (bring(catalog, lines([matter_content()]), dry_run=True) for _ in range(many))

    tried = await asyncio.wait_for(asyncio.gather(*trying), 8)

    refused = [one for one in tried if one.status_code != 200]
    assert len(refused) < many
    assert {one.json()["type"].rpartition(":")[2] for one in refused} <= {"import-running"}


async def test_an_import_goes_on_behind_an_early_answer(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(2 * BATCH)]
    id_ = uuid4()

    answer = await bring(catalog, lines(matters), publish=True, wait_seconds=0, id=id_)
    told = await ended(catalog, id_)

    assert (answer.status_code, answer.json()["received"]) == (202, 2 * BATCH)
    assert (told["state"], told["published"]) == ("done", 2 * BATCH)


async def test_what_is_refused_behind_an_early_answer_is_told_by_the_progress(
    catalog: RunningService,
) -> None:
    unclaimed = matter_content()
    unclaimed["code"] = unclaimed["code"][:-6] + "999999"
    id_ = uuid4()

    answer = await bring(catalog, lines([matter_content(), unclaimed]), wait_seconds=0, id=id_)
    told = await ended(catalog, id_)

    assert answer.status_code in (202, 422)
    assert (told["state"], told["created"]) == ("refused", 0)
    assert [(one["row"], one["code"]) for one in told["faults"]] == [(2, "basic-item-not-claimed")]


async def test_who_has_sent_all_of_it_is_answered_though_it_is_read_for_long(
    catalog: RunningService,
) -> None:
    matters, id_ = [matter_content() for _ in range(BATCH)], uuid4()
    arrived, go_on = asyncio.Event(), asyncio.Event()
    admin = Caller("admin", frozenset({Role.ADMIN}), catalog.context.settings.district)
    asked = Asked(admin, True, False, admin.district, catalog.context.clock())

    async def slowly() -> AsyncIterator[bytes]:
        yield lines(matters[:1])
        arrived.set()
        await go_on.wait()
        yield lines(matters[1:])

    answer = await stream_import(
        catalog.context,
        id_,
        json_lines(slowly()),
        asked,
        arrived=arrived,
        wait_seconds=0,
        read_seconds=0.01,
    )
    go_on.set()
    told = await ended(catalog, id_)

    assert answer.state == "running"
    assert (told["state"], told["published"]) == ("done", BATCH)


async def test_what_is_faulty_in_itself_is_refused_before_any_early_answer(
    catalog: RunningService,
) -> None:
    refused = await bring(catalog, b"{}\n", wait_seconds=0)

    assert refused.status_code == 422


async def test_an_id_names_one_import(catalog: RunningService) -> None:
    id_ = uuid4()
    await bring(catalog, lines([matter_content()]), id=id_)

    again = await bring(catalog, lines([matter_content()]), id=id_)

    assert again.status_code == 409
    assert again.json()["type"].endswith("import-id-taken")


async def test_two_large_imports_do_not_run_at_once(catalog: RunningService) -> None:
    matters, begun, ended = [matter_content()], asyncio.Event(), asyncio.Event()

    async def held() -> AsyncIterator[bytes]:
        yield lines([matter_content() for _ in range(BATCH)])
        begun.set()
        await ended.wait()

    first = asyncio.create_task(bring(catalog, held()))
    await begun.wait()
    second = await bring(catalog, lines(matters))
    small = await bring_form(catalog, matters)
    ended.set()

    assert (await first).status_code == 200
    assert second.status_code == 409
    assert second.json()["type"].endswith("import-running")
    assert second.headers["retry-after"] == "60"
    # While a large file is only read, it is in nobody's way.
    assert small.status_code == 200


async def test_a_small_import_does_not_wait_for_a_large_one_that_writes(
    catalog: RunningService,
) -> None:
    async with catalog.context.sessions.begin() as large:
        await store.write_alone(large)
        refused = await bring_form(catalog, [matter_content()])

    assert refused.status_code == 409
    assert refused.headers["retry-after"] == "60"


async def test_publishing_needs_an_admin(catalog: RunningService) -> None:
    content = lines([matter_content()])

    refused = await bring(catalog, content, role="catalog_editor", publish=True)
    drafted = await bring(catalog, content, role="catalog_editor")

    assert refused.status_code == 403
    assert drafted.json()["created"] == 1


async def test_an_unknown_import_is_not_found(catalog: RunningService) -> None:
    assert (await progress(catalog, uuid4())).status_code == 404


async def test_json_lines_go_out_as_they_come_in(catalog: RunningService) -> None:
    await bring(catalog, lines([matter_content()]), publish=True)
    exported = await catalog.client.get(
        "/api/v1/catalog/export.jsonl", headers=catalog.district.headers("admin")
    )

    again = await bring(catalog, exported.content, publish=True)

    assert again.json()["unchanged"] == again.json()["received"] > 0


async def test_a_table_of_any_length_is_taken_over_like_lines(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(BATCH + 3)]

    done = await bring(catalog, table(matters), publish=True, kind="text/csv; charset=utf-8")

    assert (done.json()["state"], done.json()["published"]) == ("done", len(matters))


async def test_a_large_table_tells_its_faults_by_row_and_column(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(BATCH + 3)]
    matters[BATCH]["promised_days"] = 21
    id_ = uuid4()

    refused = await bring(catalog, table([*matters, matters[0]]), kind="text/csv", id=id_)

    assert [(one["row"], one["column"]) for one in refused.json()["errors"]] == [
        (BATCH + 2, "承诺办结时限 (promised_days)"),
        (BATCH + 5, "实施编码 (code)"),
    ]
    assert "2" in refused.json()["errors"][1]["detail"]
    told = (await progress(catalog, id_)).json()
    assert told["faults"][0]["column"].startswith("承诺办结时限")
    assert await count(catalog, matters) == 0


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n", "编码\n".encode(), b'"' * 2_000_001])
async def test_what_is_no_such_table_is_refused(catalog: RunningService, content: bytes) -> None:
    refused = await bring(catalog, content, kind="text/csv")

    assert refused.status_code == 422


async def test_a_workbook_is_taken_over_with_progress(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(3)]
    faulty = [{**one, "promised_days": 99} for one in contents(matters)]

    done = await bring(catalog, workbook_of(contents(matters)), publish=True, kind=XLSX)
    refused = await bring(catalog, workbook_of(faulty), kind=XLSX)

    assert (done.json()["received"], done.json()["published"]) == (3, 3)
    assert [(one["sheet"], one["row"], one["column"]) for one in refused.json()["errors"]] == [
        ("事项", row, "承诺办结时限 (promised_days)") for row in (2, 3, 4)
    ]


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_lines_are_whole_however_the_bytes_arrive(size: int) -> None:
    content = lines([matter_content() for _ in range(5)]) + b"\n"

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(content), size):
            yield content[at : at + size]

    [batch] = [one async for one in json_lines(chunks()).batches]

    assert [number for number, _ in batch.rows] == [1, 2, 3, 4, 5]


async def test_a_line_without_end_is_told_and_not_kept() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    [batch] = [one async for one in json_lines(chunks()).batches]

    assert [(one.row, one.code) for one in batch.faults] == [(1, "line_too_long")]
