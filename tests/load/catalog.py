"""What reading the catalog costs: statements, time, and whether either grows with the page.

Each route's time is told as a ratio to the baseline in the same run, `/readyz`, which asks the
database one trivial statement. Nothing is asserted: it prints a table for docs/performance.md.
"""

import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from load.world import DATA, editor, running, statements

ROUNDS = 100


async def measure(client: httpx.AsyncClient, method: str, path: str, **told: Any) -> dict[str, Any]:
    """Ask `ROUNDS` times, one after the other."""
    answer = await client.request(method, path, **told)
    before, taken = await statements(client), []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        answer = await client.request(method, path, **told)
        taken.append(time.perf_counter() - started)
    asked = (await statements(client) - before) / ROUNDS
    return {
        "status": answer.status_code,
        "statements": asked,
        "p50": statistics.median(taken) * 1000,
        "bytes": len(answer.content),
    }


async def main(folder: Path) -> None:
    async with running(folder) as platform, editor(platform) as client:
        code = json.loads((DATA / "matters.json").read_text("utf-8"))["matters"][0]["code"]
        detail = f"/api/v1/matters/{code}"
        tag = (await client.get(detail)).headers["etag"]
        cases: list[tuple[str, str, str, dict[str, Any]]] = [
            ("baseline", "GET", "/readyz", {}),
            ("detail", "GET", detail, {}),
            ("detail, unchanged", "GET", detail, {"headers": {"If-None-Match": tag}}),
            ("guide step", "POST", f"{detail}/guide", {"json": {"answers": {}}}),
        ]
        pages = {
            "list": "/api/v1/matters",
            "versions": f"{detail}/versions",
            "life events": "/api/v1/life-events",
            "metrics by matter": "/api/v1/catalog/metrics?by=matter",
            "metrics by body": "/api/v1/catalog/metrics?by=body",
        }
        for name, path in pages.items():
            between = "&" if "?" in path else "?"
            for limit in (5, 100):
                cases.append((f"{name}, {limit}", "GET", f"{path}{between}limit={limit}", {}))
        print("| asked | status | SQL | p50 ms | × baseline | bytes |")
        print("| --- | --: | --: | --: | --: | --: |")
        baseline = 0.0
        for name, method, path, told in cases:
            found = await measure(client, method, path, **told)
            baseline = baseline or found["p50"]
            print(
                f"| {name} | {found['status']} | {found['statements']:.1f} | {found['p50']:.1f}"
                f" | {found['p50'] / baseline:.1f} | {found['bytes']} |",
                flush=True,
            )


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="tongban-load-"))
    folder.chmod(0o755)
    try:
        asyncio.run(main(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
