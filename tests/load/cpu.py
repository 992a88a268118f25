"""CPU a request of the case API, on a machine that does other work: `tests/load/cpu.py`.

Rates say little while others use the machine; the processor time that one process spends on one
request says more. The application is called in this process, without a server and one request at
a time: a request's CPU is the best round's, and includes SQLAlchemy and asyncpg but neither
uvicorn nor PostgreSQL. To compare with an earlier state of the code, put its sources first:
`PYTHONPATH=/tmp/before/shared/src:/tmp/before/case-service/src python tests/load/cpu.py`.
"""

import argparse
import asyncio
import cProfile
import gc
import json
import pstats
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))

from case_service.app import SERVICE, create_app
from case_service.settings import Settings
from support.case_world import SITE, know_matter, know_site, person
from tongban.migrate import migrate
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres
from tongban.telemetry import configure_logging
from tongban.testing.district import TestDistrict
from tongban.testing.fixtures import RunningService

ROUNDS = 12
REQUESTS = 100


@dataclass(frozen=True)
class Request:
    """One request, as a server hands it to the application."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""

    async def send_to(self, app: Any, token: str) -> tuple[int, bytes]:
        headers = [
            (b"host", b"127.0.0.1:8000"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"x-request-id", b"00000000-0000-0000-0000-000000000000"),
            (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ]
        if self.method == "POST":
            headers += [
                (b"content-type", b"application/json"),
                (b"idempotency-key", uuid4().hex.encode()),
                (b"content-length", str(len(self.body)).encode()),
            ]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }
        status, parts = 0, []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        await app(scope, receive, send)
        return status, b"".join(parts)


async def measure(running: RunningService, name: str, requests: list[Request], token: str) -> None:
    """Print the best round's CPU; each round sends its share of `requests`, each one once."""
    share = len(requests) // ROUNDS
    best = float("inf")
    for at in range(ROUNDS):
        part = requests[at * share : (at + 1) * share]
        gc.collect()
        before = time.process_time()
        for request in part:
            status, body = await request.send_to(running.app, token)
            if status >= 400:
                sys.exit(f"{name}: {status} {body.decode()}")
        best = min(best, (time.process_time() - before) / len(part))
    print(f"{name:<12} {1000 * best:.3f} ms", flush=True)


async def submit(running: RunningService, request: Request, token: str) -> str:
    status, body = await request.send_to(running.app, token)
    if status != 201:
        sys.exit(body.decode())
    return str(json.loads(body)["id"])


async def run(server: EmbeddedPostgres, folder: Path, options: argparse.Namespace) -> None:
    district = TestDistrict(folder / "district")
    await asyncio.to_thread(server.create_database, "case", password="load")
    url = server.url("case", password="load")
    await migrate(url, SERVICE.migrations)
    told = district.settings("case", database_url=url, nats_url="nats://127.0.0.1:1")
    settings = Settings(**told)
    app = create_app(settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        client: Any = None
        running = RunningService(SERVICE, app, client, app.state.context, district, settings)
        await know_site(running)
        code = await know_matter(running)
        token = district.token("clerk", subject="clerk-1", site=SITE)
        application = {
            "matter_code": code,
            "applicant": person(),
            "form": {"premises": "唐延路1号"},
            "materials": [{"key": "plan", "evidence": "file"}],
            "confirm_duplicate": True,
        }
        create = Request("POST", "/api/v1/cases", body=json.dumps(application).encode())
        cases = [await submit(running, create, token) for _ in range(ROUNDS * REQUESTS)]
        actions = {
            "create": [create] * (ROUNDS * REQUESTS),
            "read": [Request("GET", f"/api/v1/cases/{one}") for one in cases],
            "list of 100": [Request("GET", "/api/v1/cases", "limit=100&open=true")]
            * (ROUNDS * REQUESTS // 4),
            "work list": [Request("GET", "/api/v1/worklists/role", "limit=50")]
            * (ROUNDS * REQUESTS // 4),
            "transition": [
                Request("POST", f"/api/v1/cases/{one}/actions/receive", body=b"{}") for one in cases
            ],
        }
        gc.freeze()
        for name, requests in actions.items():
            if options.only and name not in options.only:
                continue
            profiler = cProfile.Profile()
            if options.profile:
                profiler.enable()
            await measure(running, name, requests, token)
            profiler.disable()
            if options.profile:
                pstats.Stats(profiler).sort_stats(options.profile).print_stats(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="these requests alone")
    parser.add_argument("--profile", choices=("tottime", "cumtime"), help="print where it goes")
    options = parser.parse_args()
    configure_logging("case", "warning")
    with tempfile.TemporaryDirectory(prefix="tongban-cpu-") as name:
        folder = Path(name)
        # PostgreSQL runs as a user of its own, who must reach its data.
        folder.chmod(0o755)
        server = EmbeddedPostgres(folder / "postgres", free_port(), fsync=False)
        server.start()
        try:
            asyncio.run(run(server, folder, options))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
