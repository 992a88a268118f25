"""A province's catalog imported in one go, through the gateway: time, peak memory, progress.

`python tests/load/import.py [--matters 20000]`. A tenth of the matters is the baseline of the same
run: what is told of all of them is a ratio to it. Then a dry run, one bad row, a table, a bulk
publication of 500, and every export. Nothing is asserted: it prints tables.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from load.world import editor, many, process_of, running

from catalog_service.matters.content import MatterContent
from catalog_service.transfer.files import csv_head, csv_row
from tongban.run.platform import Platform

MEGABYTE = 1024**2
LINES, TABLE = "application/x-ndjson", "text/csv"
TOGETHER = 500


def broken(matter: dict[str, Any]) -> dict[str, Any]:
    return {**matter, "promised_days": matter["statutory_days"] + 1}


async def lines(count: int, *, bad_row: int | None = None) -> AsyncIterator[bytes]:
    for number, matter in enumerate(many(count), start=1):
        told = broken(matter) if number == bad_row else matter
        yield json.dumps(told, ensure_ascii=False).encode() + b"\n"


async def table(count: int, *, bad_row: int | None = None) -> AsyncIterator[bytes]:
    yield csv_head()
    for number, matter in enumerate(many(count), start=2):
        content = MatterContent.model_validate(matter).model_dump(mode="json")
        yield csv_row(broken(content) if number == bad_row else content)


@dataclass
class Seen:
    """What another caller and the machine saw of the catalog's API meanwhile."""

    peak: int = 0
    received: int = 0
    moves: int = 0
    slowest: float = 0.0


async def watch(client: httpx.AsyncClient, process: psutil.Process, seen: Seen, path: str) -> None:
    moves = set[str]()
    while True:
        seen.peak = max(seen.peak, process.memory_info().rss)
        started = time.perf_counter()
        answer = await client.get(path)
        seen.slowest = max(seen.slowest, time.perf_counter() - started)
        if answer.is_success:
            moves.add(answer.text)
        seen.moves = len(moves)
        await asyncio.sleep(0.1)


class Load:
    """One district, its administrator at the gateway, and the catalog's processes."""

    def __init__(self, platform: Platform, client: httpx.AsyncClient) -> None:
        self.client = client
        self.process = process_of(platform)
        self.seconds_each: float | None = None

    async def watched(self, path: str, ask: Callable[[], Any]) -> tuple[Any, float, Seen]:
        seen = Seen()
        watching = asyncio.create_task(watch(self.client, self.process, seen, path))
        await asyncio.sleep(0)
        started = time.perf_counter()
        answer = await ask()
        seconds = time.perf_counter() - started
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        return answer, seconds, seen

    async def bring(
        self, name: str, count: int, content: AsyncIterator[bytes], kind: str, **query: str
    ) -> None:
        path = f"/api/v1/catalog/imports/{uuid4()}"
        before = self.process.memory_info().rss

        async def ask() -> httpx.Response:
            answer = await self.client.put(
                path, content=content, params=query, headers={"Content-Type": kind}
            )
            while answer.is_success and answer.json()["state"] == "running":
                await asyncio.sleep(0.5)
                answer = await self.client.get(path)
            return answer

        answer, seconds, seen = await self.watched(path, ask)
        each = seconds / count
        self.seconds_each = self.seconds_each or each
        body = answer.json()
        if not body.keys() & {"errors", "state"}:
            sys.exit(f"{name}: {answer.status_code} {answer.text}")
        said = body.get("errors") or {"state": body["state"]} | {
            k: body.get(k) for k in ("created", "updated", "unchanged")
        }
        print(
            f"| {name} | {count} | {answer.status_code} | {seconds:.1f} | {count / seconds:.0f}"
            f" | {each / self.seconds_each:.2f} | {before / MEGABYTE:.0f}"
            f" | {seen.peak / MEGABYTE:.0f} | {seen.moves} | {seen.slowest * 1000:.0f} | {said} |",
            flush=True,
        )

    async def export(self, kind: str) -> None:
        path = f"/api/v1/catalog/export.{kind}"
        before = self.process.memory_info().rss

        async def fetch() -> tuple[int, float]:
            size, silence, last = 0, 0.0, time.perf_counter()
            async with self.client.stream("GET", path) as answer:
                answer.raise_for_status()
                async for chunk in answer.aiter_raw():
                    size += len(chunk)
                    silence, last = max(silence, time.perf_counter() - last), time.perf_counter()
            return size, silence

        fetched, seconds, seen = await self.watched("/api/v1/catalog/metrics?nothing", fetch)
        size, silence = fetched
        print(
            f"| {kind} | {size / MEGABYTE:.1f} | {seconds:.1f} | {silence:.1f}"
            f" | {before / MEGABYTE:.0f}"
            f" | {seen.peak / MEGABYTE:.0f} | {seen.slowest * 1000:.0f} |",
            flush=True,
        )


async def imports(load: Load, count: int) -> None:
    print(
        "| import | matters | status | s | matters/s | s a matter, ratio | MB before | MB peak"
        " | progress moved | slowest read meanwhile, ms | told |"
    )
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --- |")
    tenth, publish = count // 10, {"publish": "true"}
    await load.bring("a tenth (baseline)", tenth, lines(tenth), LINES, **publish)
    await load.bring("dry run", count, lines(count), LINES, **publish, dry_run="true")
    bad = count - 7
    await load.bring("one bad row", count, lines(count, bad_row=bad), LINES, **publish)
    await load.bring("one bad row, table", count, table(count, bad_row=bad), TABLE, **publish)
    await load.bring("all of it", count, lines(count), LINES, **publish)
    await load.bring("all of it again", count, lines(count), LINES, **publish)
    await load.bring("all of it again, table", count, table(count), TABLE, **publish)


async def publication(load: Load, author: httpx.AsyncClient) -> None:
    """Change 500 matters that are in force, submit each, publish all together."""
    changed = [{**one, "summary": one["summary"] + "（修订）"} for one in many(TOGETHER)]
    drafted = await author.post("/api/v1/catalog/import", json={"matters": changed})
    drafted.raise_for_status()
    for one in changed:
        versions = await author.get(f"/api/v1/matters/{one['code']}/versions", params={"limit": 1})
        number = versions.json()["items"][0]["version"]
        path = f"/api/v1/matters/{one['code']}/versions/{number}/submit"
        (await author.post(path)).raise_for_status()
    codes = [one["code"] for one in changed]
    ordered = await load.client.post("/api/v1/catalog/publications", json={"codes": codes})
    ordered.raise_for_status()
    path, moves, started = f"/api/v1/catalog/publications/{ordered.json()['id']}", [0], None
    while True:
        told = (await load.client.get(path)).json()
        if told["done"] != moves[-1]:
            moves.append(told["done"])
            started = started or time.perf_counter()
        if told["state"] != "waiting":
            break
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - (started or time.perf_counter())
    print(f"\nbulk publication of {TOGETHER}: {told['state']}; done, as seen: {moves};", end=" ")
    print(f"{seconds:.1f} s from the first hundred on; faults: {told['faults'][:2]}", flush=True)


async def exports(load: Load) -> None:
    print("\n| export | MB | s | longest silence, s | MB before | MB peak", end="")
    print(" | slowest read meanwhile, ms |\n| --- | --: | --: | --: | --: | --: | --: |")
    for kind in ("jsonl", "csv", "jsonld", "xlsx"):
        await load.export(kind)


async def main(count: int, folder: Path) -> None:
    async with (
        running(folder) as platform,
        editor(platform, at_gateway=True) as client,
        editor(platform, at_gateway=True, subject="author") as author,
    ):
        load = Load(platform, client)
        await imports(load, count)
        await publication(load, author)
        await exports(load)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matters", type=int, default=20_000)
    folder = Path(tempfile.mkdtemp(prefix="tongban-load-"))
    folder.chmod(0o755)
    try:
        asyncio.run(main(parser.parse_args().matters, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
