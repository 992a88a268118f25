"""`make test-operations`: one district, and two processes that ask all of its operations.

Each process asks the operations of other services, one after the other as ever: what an operation
finds is what those of its own service left. One process alone waits half of its time for answers,
while the district waits for it the other half.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).parents[1]))

from journeys.applications import pension_application

from support.hall import THROW_AWAY, District, running
from tongban.run.ports import HOST

__all__ = ["CODE", "Shared", "alone", "places_of"]

CODE = "610171"
HALVES = (("case", "interop"), ("catalog", "site"))
"""Which services' operations one process asks: about as many requests each."""
GIVEN = "TONGBAN_OPERATIONS"
"""Names the file that tells a process what it asks, and of whom."""


@dataclass(frozen=True)
class Shared:
    """A running district, and the services and paths that are this process's to ask."""

    folder: str
    port: int
    places: Mapping[str, Any]
    document: dict[str, Any]
    services: Sequence[str]
    paths: Sequence[str]

    @classmethod
    def given(cls) -> Self | None:
        """Return what `make test-operations` gave this process; None where it runs by itself."""
        file = os.environ.get(GIVEN)
        return cls(**json.loads(Path(file).read_text())) if file else None


@asynccontextmanager
async def alone(folder: Path) -> AsyncIterator[District]:
    """Run 西安高新区 by itself: whoever may do everything undoes what others build on."""
    async with running(CODE, folder, **THROW_AWAY) as district:
        yield district


async def places_of(lone: District) -> dict[str, Any]:
    """Return what exists, by the name that paths give it."""
    clerk = lone.person("窗口", "clerk")
    sites = (await clerk.get("/sites", limit=100))["items"]
    site = next(one for one in sites if one["kind"] == "station")
    whole = await clerk.get(f"/sites/{site['id']}")
    matters = (await clerk.get(f"/sites/{site['id']}/matters"))["items"]
    ticket = await clerk.post(
        f"/sites/{site['id']}/tickets",
        {"matter_code": matters[0]["code"], "channel": "window", "holder": {"name": "某某"}},
    )
    case = await clerk.post("/cases", await pension_application(lone))
    return {
        "site_id": site["id"],
        "window_id": whole["windows"][0]["id"],
        "ticket_id": ticket["id"],
        "case_id": case["id"],
        "code": matters[-1]["code"],
        "version": 1,
        "district": "610172",
        "year": 2031,
    }


async def ask_all(folder: Path) -> int:
    """Start the district and have every half asked; return 0 where both were answered well."""
    async with alone(folder / "lone") as lone:
        ports = lone.platform.ports
        document = await _told(lone, ports.gateway)
        places = await places_of(lone)
        asking = []
        try:
            for number, services in enumerate(HALVES):
                half = Shared(
                    folder=str(lone.platform.folder),
                    port=ports.gateway,
                    places=places,
                    document=document,
                    services=services,
                    paths=[
                        path
                        for service in services
                        for path in (await _told(lone, ports.api(service)))["paths"]
                    ],
                )
                file = folder / f"half-{number}.json"
                file.write_text(json.dumps(asdict(half)))
                asking.append(await _ask(file))
            return int(any([await one.wait() for one in asking]))
        finally:
            for one in asking:
                if one.returncode is None:
                    one.terminate()
                    await one.wait()


async def _told(lone: District, port: int) -> dict[str, Any]:
    answer = await lone.client.get(f"http://{HOST}:{port}/openapi.json")
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


async def _ask(half: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pytest",
        str(Path(__file__).with_name("test_operations.py")),
        env={**os.environ, GIVEN: str(half)},
    )


def main() -> None:
    """Ask everything in a folder of its own, and leave nothing behind."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    folder = Path(tempfile.mkdtemp(prefix="tongban-operations-"))
    folder.chmod(0o755)
    try:
        code = asyncio.run(ask_all(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
