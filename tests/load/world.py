"""A district with its whole catalog running, for the load scripts of the catalog."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from stdnum.cn.uscc import calc_check_digit

from tongban.run.platform import Platform
from tongban.run.ports import Ports, free_base_port

__all__ = ["DATA", "ROOT", "editor", "many", "process_of", "running", "statements"]

ROOT = Path(__file__).parents[2]
DATA = ROOT / "deploy" / "districts" / "xian-hitech"
QUIET = {"GATEWAY_REQUEST_RATE": "1000000/second", "TONGBAN_LOG_LEVEL": "warning"}


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Platform]:
    """Run the district with its data."""
    ports = Ports(free_base_port())
    async with Platform(
        folder=folder / "state", district="610171", ports=ports, data=DATA, settings=QUIET
    ) as platform:
        yield platform


def editor(
    platform: Platform, *, at_gateway: bool = False, subject: str = "load"
) -> httpx.AsyncClient:
    """Return a client of an administrator, straight at the catalog's own API or at the gateway."""
    token = platform.token(sub=subject, roles=["admin"])
    service = "gateway" if at_gateway else "catalog"
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{platform.ports.api(service)}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=900,
    )


def many(count: int) -> Iterator[dict[str, Any]]:
    """Yield matters like the district's own: the same basic items, carried out by other bodies."""
    made: Iterator[int] = itertools.count(1)
    matters = json.loads((DATA / "matters.json").read_text("utf-8"))["matters"]
    for number in itertools.islice(made, count):
        matter = matters[(number - 1) % len(matters)]
        body = f"{number // len(matters):08d}"
        yield _carried_out_by(matter, body)


def _carried_out_by(matter: dict[str, Any], number: str) -> dict[str, Any]:
    head = f"11610000{number}X"
    credit_code = head + calc_check_digit(head)
    code = credit_code + matter["code"][18:]
    items = [{**one, "code": code + one["code"][31:]} for one in matter.get("handling_items", ())]
    changed = {**matter, "code": code, "body": {**matter["body"], "code": credit_code}}
    return changed | ({"handling_items": items} if items else {})


def process_of(platform: Platform) -> psutil.Process:
    """Return the process of the catalog's API: the one that listens, as others may run too."""
    port = platform.ports.api("catalog")
    listening = (
        one.pid
        for one in psutil.net_connections(kind="tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port
    )
    return psutil.Process(next(pid for pid in listening if pid is not None))


async def statements(client: httpx.AsyncClient) -> float:
    """Return how many statements the API has sent to the database."""
    told = (await client.get("/metrics")).text.splitlines()
    name = "tongban_sql_statements_total"
    return sum(float(one.split()[1]) for one in told if one.startswith(name))
