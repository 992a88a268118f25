"""Two districts in one process, 高新区 and 曲江新区, that meet only by signed HTTP."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import rfc8785
from joserfc import jws
from joserfc.jwk import OKPKey

from interop_service.app import SERVICE, create_app
from interop_service.events import MatterOfferChanged
from interop_service.exchanges.deliveries import deliver_due
from interop_service.exchanges.posting import TRANSPORT
from interop_service.exchanges.protocol import TREE
from interop_service.settings import Settings
from tongban.ids import new_id
from tongban.messages import Envelope
from tongban.migrate import migrate
from tongban.objects import ClaimCheck, collect, leave
from tongban.run.postgres import EmbeddedPostgres
from tongban.testing.district import TestDistrict
from tongban.testing.fixtures import RunningService, envelope

NEAR, OWNER, THIRD = "610171", "610172", "610971"
AGREEMENT = "hitech-qujiang-2020"
MATTER = MatterOfferChanged.example().matter
MATTER_CODE: str = MATTER["code"]
KEYS_PATH = f"{TREE}/keys"
HOSTS = {NEAR: "hitech.example", OWNER: "qujiang.example", THIRD: "ankang.example"}

Answer = Callable[[httpx.Request], httpx.Response]


@dataclass
class Network(httpx.AsyncBaseTransport):
    """The network between the districts, with a switch for each fault."""

    apps: dict[str, Any] = field(default_factory=dict)
    is_down: set[str] = field(default_factory=set)
    answers: dict[str, Answer] = field(default_factory=dict)
    pages: dict[str, Answer] = field(default_factory=dict)
    """What is served besides, by host and path."""
    alter: Callable[[httpx.Request], None] | None = None
    log: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.log.append(request)
        host = request.url.host
        if host in self.is_down or (host not in self.apps and host not in self.answers):
            raise httpx.ConnectError("down", request=request)
        page = self.pages.get(f"{host}{request.url.path}")
        if page is not None:
            return page(request)
        if host in self.answers:
            return self.answers[host](request)
        if self.alter is not None:
            self.alter(request)
        return await httpx.ASGITransport(
            app=self.apps[host], raise_app_exceptions=False
        ).handle_async_request(request)


@dataclass
class Districts:
    """Both districts and the network between them."""

    near: RunningService
    owner: RunningService
    network: Network

    async def exchange(self, **changes: Any) -> UUID:
        """Let the near side's case be forwarded; return the exchange, prepared but not sent."""
        exchange_id = new_id()
        await self.forward(exchange_id, **changes)
        return exchange_id

    async def forward(
        self, exchange_id: UUID, *, package: dict[str, Any] | None = None, **changes: Any
    ) -> Envelope:
        content = package or case_package()
        claim = await self.near.context.leave("interop", json.dumps(content).encode())
        data = {
            "number": content["near_number"],
            "owner_district": OWNER,
            "matter_code": MATTER_CODE,
            "mode": "proxy",
            "forward_due_on": "2026-11-24",
            "package": claim.model_dump(),
            **changes,
        }
        told = case_step("forwarded", exchange_id, **data)
        await self.near.hear(told)
        return told

    async def send(self, side: RunningService) -> int:
        """Make everything that waits due now, over lines that count as good; send it once."""
        await side.execute(
            "UPDATE partners SET failures = 0, paused_until = NULL WHERE failures > 0"
        )
        await side.execute("UPDATE deliveries SET next_attempt_at = now() WHERE state = 'due'")
        return await deliver_due(side.context)

    async def settle(self) -> None:
        """Send back and forth until nothing waits."""
        for _ in range(50):
            if not await self.send(self.near) + await self.send(self.owner):
                return
        raise AssertionError("messages go back and forth and never arrive")

    async def view(self, side: RunningService, exchange_id: UUID) -> dict[str, Any]:
        answer = await side.client.get(
            f"/api/v1/exchanges/{exchange_id}", headers=side.district.headers("clerk")
        )
        answer.raise_for_status()
        seen: dict[str, Any] = answer.json()
        return seen

    async def receipts(self, side: RunningService, exchange_id: UUID) -> list[dict[str, Any]]:
        answer = await side.client.get(
            f"/api/v1/exchanges/{exchange_id}/receipts", headers=side.district.headers("clerk")
        )
        answer.raise_for_status()
        seen: list[dict[str, Any]] = answer.json()
        return seen

    async def owner_closes(self, exchange_id: UUID, notice: dict[str, Any] | None) -> Envelope:
        """Let the owner's case be closed, with a sealed notice."""
        result = {
            "owner_number": "6101722020061500000025",
            "outcome": "granted",
            "outside_number": "税2020-1",
            "notice": notice,
        }
        claim = await self.owner.context.leave("interop", json.dumps(result).encode())
        return case_step(
            "closed",
            exchange_id,
            number="6101722020061500000025",
            outcome="granted",
            outside_number="税2020-1",
            result=claim.model_dump(),
        )


def case_step(fact: str, exchange_id: UUID | None, *, sequence: int = 1, **data: Any) -> Envelope:
    """An event of a case, of one that belongs to the exchange unless told otherwise."""
    case_id = data.pop("case_id", exchange_id or new_id())
    values = {
        "case_id": str(case_id),
        "number": data.pop("number", "6101722020061500000025"),
        "exchange_id": str(exchange_id) if exchange_id else None,
        "at": "2020-06-15T09:30:00+08:00",
        **data,
    }
    return envelope(f"case.case.{fact}", str(case_id), values, sequence=sequence)


def case_package(**changes: Any) -> dict[str, Any]:
    """Mr Huang's case as the near window received it."""
    content = "变更税务登记表".encode()
    return {
        "near_number": "6101712020061500000017",
        "matter_code": MATTER_CODE,
        "channel": "proxy",
        "applicant": {
            "kind": "enterprise",
            "name": "西安黄先生文化传播有限公司",
            "credit_code": "91610133MA6TX0000X",
            "phone": "13800000000",
        },
        "agent": None,
        "form": {"name": "西安黄先生文化传播有限公司"},
        "situation_answers": {"has_agent": "no"},
        "materials": [
            {
                "key": "m1",
                "name": "变更税务登记表",
                "media_type": "application/pdf",
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "content": base64.b64encode(content).decode(),
            }
        ],
        "receipt": {"number": "6101712020061500000017-1", "kind": "receipt"},
        "received_at": "2020-06-15T09:10:00+08:00",
        "site_id": "hitech-hall",
        **changes,
    }


def sealed_notice(district: TestDistrict, **changes: Any) -> dict[str, Any]:
    """A result notice, sealed by the district."""
    notice = {
        "number": "6101722020061500000025-1",
        "kind": "result_notice",
        "title": {"zh-CN": "变更税务登记结果通知书", "en": "Result notice"},
        "issued_by": {"district": district.code, "body": "国家税务总局西安曲江新区税务局"},
        "issued_at": "2020-06-15T09:30:00+08:00",
        "case_number": "6101722020061500000025",
        "facts": {"outcome": "granted"},
        "lines": {"zh-CN": ["准予变更"], "en": ["Granted"]},
        **changes,
    }
    key = private_key(district, "seal")
    digest = hashlib.sha256(rfc8785.dumps(notice)).hexdigest()
    payload = json.dumps({"number": notice["number"], "sha256": digest})
    header = {"alg": "Ed25519", "kid": str(key.kid)}
    return notice | {"seal": jws.serialize_compact(header, payload, key, algorithms=["Ed25519"])}


def private_key(district: TestDistrict, name: str) -> OKPKey:
    path = district.folder / f"keys/district-{name}.private.json"
    return OKPKey.import_key(json.loads(path.read_text()))


async def opened(side: RunningService, claim: dict[str, Any]) -> dict[str, Any]:
    """Read what was left for the case-service."""
    path = side.district.folder / "keys/case.private.json"
    key = OKPKey.import_key(json.loads(path.read_text()))
    content = await collect(side.context.objects, key, ClaimCheck.model_validate(claim))
    found: dict[str, Any] = json.loads(content)
    return found


async def left_for_interop(side: RunningService, payload: dict[str, Any]) -> dict[str, Any]:
    path = side.district.folder / "keys/interop.public.json"
    key = OKPKey.import_key(json.loads(path.read_text()))
    claim = await leave(side.context.objects, key, json.dumps(payload).encode())
    return claim.model_dump()


def key_settings(district: TestDistrict) -> dict[str, Path]:
    """The files of the district's own keys, as the launcher gives them."""
    seal = private_key(district, "seal").as_dict(private=False)
    public = district.folder / "keys/district-seal.public.json"
    public.write_text(json.dumps(seal))
    return {
        "signing_key_file": district.folder / "keys/district-signing.private.json",
        "encryption_key_file": district.folder / "keys/district-encryption.private.json",
        "seal_public_key_file": public,
    }


@asynccontextmanager
async def running(
    district: TestDistrict, postgres: EmbeddedPostgres, nats_url: str, *, name: str = "interop_of"
) -> AsyncIterator[RunningService]:
    """Start an interop-service of this district, with a database of its own."""
    database = f"{name}_{district.code}"
    postgres.create_database(database, password="test")
    url = postgres.url(database, password="test")
    await migrate(url, SERVICE.migrations)
    settings = Settings(
        **district.settings(
            "interop", database_url=url, nats_url=nats_url, **key_settings(district)
        )
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        base = f"https://{HOSTS[district.code]}"
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            yield RunningService(SERVICE, app, client, app.state.context, district, settings)


@asynccontextmanager
async def two_districts(near: RunningService, owner: RunningService) -> AsyncIterator[Districts]:
    """Let both know each other: keys, endpoints, agreement and the matter."""
    network = Network({HOSTS[NEAR]: near.app, HOSTS[OWNER]: owner.app})
    for side in (near, owner):
        side.context.resources[TRANSPORT] = network
    await introduce(near, owner)
    await introduce(owner, near)
    for side in (near, owner):
        await sign(side, AGREEMENT)
    yield Districts(near, owner, network)


@asynccontextmanager
async def fresh_pair(
    name: str, folder: Path, postgres: EmbeddedPostgres, nats_url: str
) -> AsyncIterator[Districts]:
    """Two districts of a module's own, where what others did to the shared ones is in the way."""
    keys = [
        await asyncio.to_thread(TestDistrict, folder / f"{name}_{code}", code)
        for code in (NEAR, OWNER)
    ]
    async with (
        running(keys[0], postgres, nats_url, name=name) as near,
        running(keys[1], postgres, nats_url, name=name) as owner,
        two_districts(near, owner) as pair,
    ):
        yield pair


async def introduce(
    side: RunningService, other: RunningService, *, agreement: str = AGREEMENT
) -> None:
    """Register `other` at `side`, with the agreement between them and 曲江's matter."""
    published = (await other.client.get(KEYS_PATH)).json()
    headers = side.district.headers("admin")
    partner = {
        "district": other.district.code,
        "name": published["name"],
        "english_name": HOSTS[other.district.code],
        "endpoint": f"https://{HOSTS[other.district.code]}",
        "keys": {"keys": published["keys"]},
    }
    await register(side, partner)
    file = partners_file(
        side.district.code, other.district.code, published["name"], agreement=agreement
    )
    answer = await side.client.post("/api/v1/partners/import", json=file, headers=headers)
    assert answer.status_code == 200, answer.text


async def sign(side: RunningService, code: str) -> dict[str, Any]:
    """Let the district sign an agreement and send its signature."""
    answer = await side.client.post(
        f"/api/v1/agreements/{code}/sign", headers=side.district.headers("admin")
    )
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def register(side: RunningService, partner: dict[str, Any]) -> dict[str, Any]:
    """Let one administrator enter a partner and another approve it."""
    entered = await side.client.post(
        "/api/v1/partners", json=partner, headers=side.district.headers("admin")
    )
    assert entered.status_code == 202, entered.text
    approved = await side.client.post(
        f"/api/v1/partner-changes/{entered.json()['id']}/approve",
        headers=side.district.headers("admin"),
    )
    assert approved.status_code == 200, approved.text
    change: dict[str, Any] = approved.json()
    return change


def partners_file(
    own: str, partner: str, name: str, *, agreement: str = AGREEMENT
) -> dict[str, Any]:
    """What a district's data says of one partner."""
    return {
        "partners": [
            {
                "district": partner,
                "name": name,
                "english_name": "Partner",
                "parent": "610100",
                "gb_coded": False,
                "provenance": "sourced",
            }
        ],
        "agreements": [
            {
                "code": agreement,
                "partner": partner,
                "mode": "proxy",
                "direction": "both",
                "areas": ["tax", "business_registration"],
                "valid_from": "2020-06-15",
                "valid_until": None,
                "forward_within_days": 1,
                "recognised_materials": ["business_licence"],
                "recognised_results": ["notice", "licence"],
                "provenance": "sourced",
            }
        ],
        "matter_offers": [
            {"owner_district": OWNER, "agreement": agreement, "mode": "proxy", "matter": MATTER}
        ],
    }


def now() -> datetime:
    return datetime.now(UTC)
