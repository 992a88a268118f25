"""A province's catalog imported in one go: time, peak memory, progress; then one bad row in it.

`python tests/load/import.py [--matters 20000]`. Nothing is asserted: it prints a table.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from load.world import editor, many, process_of, running

MEGABYTE = 1024**2


async def lines(count: int, *, bad_row: int | None = None) -> AsyncIterator[bytes]:
    for number, matter in enumerate(many(count), start=1):
        if number == bad_row:
            matter = {**matter, "promised_days": matter["statutory_days"] + 1}
        yield json.dumps(matter, ensure_ascii=False).encode() + b"\n"


async def watch(client: httpx.AsyncClient, process: psutil.Process, id_: Any) -> tuple[int, int]:
    """Return the peak memory, and how many times the progress was seen to move."""
    peak, seen = 0, set[int]()
    try:
        while True:
            peak = max(peak, process.memory_info().rss)
            answer = await client.get(f"/api/v1/catalog/imports/{id_}")
            if answer.is_success:
                seen.add(answer.json()["received"])
            await asyncio.sleep(0.25)
    except asyncio.CancelledError:
        return peak, len(seen)


async def bring(client: httpx.AsyncClient, process: psutil.Process, name: str, **told: Any) -> None:
    id_, count = uuid4(), told["count"]
    before = process.memory_info().rss
    watching = asyncio.create_task(watch(client, process, id_))
    await asyncio.sleep(0)
    started = time.perf_counter()
    answer = await client.put(
        f"/api/v1/catalog/imports/{id_}",
        content=lines(count, bad_row=told.get("bad_row")),
        params={"publish": "true"},
    )
    seconds = time.perf_counter() - started
    watching.cancel()
    peak, seen = await watching
    body = answer.json()
    said = body.get("errors") or {k: body.get(k) for k in ("created", "updated", "unchanged")}
    print(
        f"| {name} | {count} | {answer.status_code} | {seconds:.1f} | {count / seconds:.0f}"
        f" | {before / MEGABYTE:.0f} | {peak / MEGABYTE:.0f} | {seen} | {said} |",
        flush=True,
    )


async def main(count: int, folder: Path) -> None:
    async with running(folder) as platform, editor(platform) as client:
        process = process_of(platform)
        print(
            "| import | matters | status | s | matters/s | MB before | MB peak | progress | told |"
        )
        print("| --- | --: | --: | --: | --: | --: | --: | --: | --- |")
        await bring(client, process, "baseline: the district's size", count=526)
        await bring(client, process, "one bad row", count=count, bad_row=count - 7)
        await bring(client, process, "all of it", count=count)
        await bring(client, process, "all of it again", count=count)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matters", type=int, default=20_000)
    folder = Path(tempfile.mkdtemp(prefix="tongban-load-"))
    folder.chmod(0o755)
    try:
        asyncio.run(main(parser.parse_args().matters, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
