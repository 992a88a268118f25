"""A district as people meet it: through its gateway, each with a token of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from support.house import ROOT
from tongban.run.platform import Platform
from tongban.run.ports import Ports, Processes, free_base_port

__all__ = ["THROW_AWAY", "District", "Person", "Unexpected", "already_running", "running"]

# What each is called, and where its data lie.
NAMES = {"610171": "西安高新区", "610172": "西安曲江新区", "610971": "安康高新区"}
DATA = {"610171": "xian-hitech", "610172": "qujiang", "610971": "ankang-hitech"}

# All of a run's requests come from one address and few people.
UNLIMITED = {
    f"GATEWAY_{kind}_RATE": "100000/second"
    for kind in ("REQUEST", "PROGRESS", "TICKET", "EXCHANGE")
}
THROW_AWAY: dict[str, Any] = {"settings": UNLIMITED, "durable": False}


class Unexpected(AssertionError):
    """An answer that the story did not expect, shown whole."""

    def __init__(self, answer: httpx.Response) -> None:
        asked = f"{answer.request.method} {answer.request.url.path}"
        super().__init__(f"{asked} → {answer.status_code}: {answer.text[:2000]}")
        self.status = answer.status_code


@dataclass(frozen=True)
class Person:
    """Somebody in the story, signed in to one district."""

    name: str
    client: httpx.AsyncClient
    token: str | None

    async def get(self, path: str, **query: Any) -> Any:
        """GET, and the answer's JSON."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: Any = None, **query: Any) -> Any:
        """POST with an Idempotency-Key of its own, and the answer's JSON."""
        headers = {"Idempotency-Key": str(uuid4())}
        return await self._ask("POST", path, json=body or {}, params=query, headers=headers)

    async def put(self, path: str, body: Any) -> Any:
        """PUT, and the answer's JSON."""
        return await self._ask("PUT", path, json=body)

    async def act(self, case_id: str, action: str, body: Any = None) -> Any:
        """Take an action on a case."""
        return await self.post(f"/cases/{case_id}/actions/{action}", body)

    async def hand_in(self, case_id: str, key: str, name: str, content: bytes) -> Any:
        """Give a material's file to a case."""
        files = {"file": (name, content)}
        headers = {"Idempotency-Key": str(uuid4())}
        return await self._ask(
            "POST", f"/cases/{case_id}/materials", data={"key": key}, files=files, headers=headers
        )

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        headers = {**request.pop("headers", {})}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        params = {k: v for k, v in request.pop("params", {}).items() if v is not None}
        answer = await self.client.request(
            method, f"/api/v1{path}", params=params, headers=headers, **request
        )
        if not answer.is_success:
            raise Unexpected(answer)
        return answer.json() if answer.content else None


@dataclass(frozen=True)
class District:
    """A running district and who works there."""

    name: str
    code: str
    platform: Platform
    client: httpx.AsyncClient

    def person(self, name: str, *roles: str, site: str | None = None) -> Person:
        """Sign somebody in."""
        subject = f"{'-'.join(roles)}-{uuid4().hex[:8]}"
        token = self.platform.token(sub=subject, roles=list(roles), site_id=site, name=name)
        return Person(name, self.client, token)

    def stranger(self) -> Person:
        """Somebody without a token."""
        return Person("路人", self.client, None)

    async def meet(self, other: "District") -> None:
        """Register `other` as a partner, with the address and keys that it publishes."""
        told = (await other.client.get("/interop/v2/keys")).raise_for_status().json()
        entered = await self.person("管理员", "admin").post(
            "/partners",
            {
                "district": other.code,
                "name": other.name,
                "english_name": other.name,
                "endpoint": other.platform.url,
                "keys": {"keys": told["keys"]},
            },
        )
        second = self.person("复核员", "admin")
        await second.post(f"/partner-changes/{entered['id']}/approve")
        # The one who meets the other second gets both signatures; both then have them.
        for agreement in (await second.get("/agreements", partner=other.code, limit=100))["items"]:
            await second.post(f"/agreements/{agreement['code']}/sign")


@asynccontextmanager
async def running(
    code: str, folder: Path, *, processes: str = "", **platform: Any
) -> AsyncIterator[District]:
    """Run this district with its data, whole, for as long as it is needed."""
    async with Platform(
        folder=folder,
        district=code,
        ports=Ports(free_base_port(), Processes.parse(processes)),
        data=ROOT / "deploy" / "districts" / DATA[code],
        **platform,
    ) as started:
        client = httpx.AsyncClient(base_url=started.url, timeout=30, trust_env=False)
        async with client:
            yield District(NAMES[code], code, started, client)


@asynccontextmanager
async def already_running(code: str, folder: Path, *, port: int) -> AsyncIterator[District]:
    """Meet the district that another process runs in `folder`, with its gateway at `port`."""
    platform = Platform(folder=folder, district=code, ports=Ports(port))
    async with httpx.AsyncClient(base_url=platform.url, timeout=30, trust_env=False) as client:
        yield District(NAMES[code], code, platform, client)
