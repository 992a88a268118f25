"""Three districts: 曲江 issues licences, 高新 and 安康 verify them and let cases rest on them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from interop.two_districts import (
    AGREEMENT,
    HOSTS,
    MATTER_CODE,
    NEAR,
    OWNER,
    THIRD,
    Districts,
    Network,
    introduce,
    now,
    sign,
)

from interop_service.exchanges.posting import TRANSPORT
from interop_service.following import follow_letter
from interop_service.issued.rules import code_digest
from interop_service.letters.sending import deliver_due
from tongban.clock import local_date
from tongban.ids import new_id
from tongban.testing.fixtures import RunningService, envelope

__all__ = ["CODE", "LIST_PATH", "THIRD_AGREEMENT", "VERIFICATIONS", "Licence", "World", "gathered"]

VERIFICATIONS = "/api/v1/licence-verifications"
RELIANCES = "/api/v1/partner-reliances"
DISPUTES = "/api/v1/disputes"
THIRD_AGREEMENT = "qujiang-ankang-2020"
LIST_PATH = "/api/v1/licences/status-lists/0"
CODE = "0123456789ABCDEFGHJK"
OURS, THEIRS = "business_licence", "enterprise_licence"
AGREEMENTS = {NEAR: AGREEMENT, THIRD: THIRD_AGREEMENT}


@dataclass
class Licence:
    """A licence of 曲江's, as its case-service tells of it."""

    id: UUID
    number: str
    code: str
    told: int = 0


@dataclass
class World:
    """The three, and the network between them."""

    near: RunningService
    owner: RunningService
    third: RunningService
    network: Network

    @property
    def all(self) -> tuple[RunningService, ...]:
        return (self.near, self.owner, self.third)

    async def licence(self, **changes: Any) -> Licence:
        """Let 曲江 issue a licence."""
        licence_id = new_id()
        tail = licence_id.hex[-12:].upper()
        licence = Licence(licence_id, f"{OWNER}-ZZ-2026-{tail}", f"{tail}{CODE}"[:20])
        await self.stands(licence, **changes)
        return licence

    async def stands(self, licence: Licence, *, sequence: int | None = None, **changes: Any) -> Any:
        """Let 曲江's case-service tell how a licence stands now."""
        licence.told = sequence if sequence is not None else licence.told + 1
        today = local_date(now())
        data = {
            "licence_id": str(licence.id),
            "number": licence.number,
            "code_sha256": code_digest(licence.code),
            "content_sha256": "2" * 64,
            "licence_type": THEIRS,
            "state": "valid",
            "valid_from": (today - timedelta(days=30)).isoformat(),
            "valid_until": (today + timedelta(days=300)).isoformat(),
            "invalid_from": None,
            "ground": None,
            "status_list": {"idx": 9, "path": LIST_PATH},
            **changes,
        }
        told = envelope("case.licence.changed", str(licence.id), data, sequence=licence.told)
        await self.owner.hear(told)
        return told

    async def ends(self, licence: Licence, state: str = "revoked") -> Any:
        """Let 曲江 end a licence by one of the four acts."""
        day = local_date(now()).isoformat()
        return await self.stands(licence, state=state, invalid_from=day, ground="penalty")

    async def settle(self) -> None:
        """Send letters back and forth until nothing that can arrive waits."""
        for _ in range(30):
            tried = 0
            for side in self.all:
                down = [code for code, host in HOSTS.items() if host in self.network.is_down]
                await side.execute(
                    "UPDATE partners SET failures = 0, paused_until = NULL WHERE failures > 0"
                )
                await side.execute(
                    "UPDATE letters SET next_attempt_at = now() WHERE state = 'due'"
                    " AND partner <> ALL(:down)",
                    down=down,
                )
                if HOSTS[side.district.code] not in self.network.is_down:
                    tried += await deliver_due(side.context, follow=follow_letter)
            if not tried:
                return
        raise AssertionError("letters go back and forth and never arrive")

    async def ask(self, side: RunningService, role: str = "clerk", **given: Any) -> httpx.Response:
        body = {
            "agreement": AGREEMENTS[side.district.code],
            "licence_type": THEIRS,
            "counts_as": OURS,
            "purpose": MATTER_CODE,
            **given,
        }
        return await side.client.post(VERIFICATIONS, json=body, headers=headers_of(side, role))

    async def verified(self, side: RunningService, **given: Any) -> dict[str, Any]:
        """Ask, let the letters go, and return what is known then."""
        answer = await self.ask(side, **given)
        assert answer.status_code == 201, answer.text
        await self.settle()
        return await self.verification(side, answer.json()["id"])

    async def verification(self, side: RunningService, verification_id: str) -> dict[str, Any]:
        return await read(side, f"{VERIFICATIONS}/{verification_id}")

    async def relied(
        self, side: RunningService, licence: Licence, number: str = "610171202601050000018"
    ) -> str:
        """Let a case of that district rest on the licence; return the reliance, told."""
        proof = await self.verified(side, number=licence.number)
        reliance_id = await self.recorded(side, proof["id"], number)
        await self.settle()
        return reliance_id

    async def recorded(self, side: RunningService, proof_id: str, number: str) -> str:
        """Let the case-service tell that a case rests on what was verified."""
        reliance_id = str(new_id())
        data = {
            "reliance_id": reliance_id,
            "proof_id": proof_id,
            "case_id": str(new_id()),
            "number": number,
            "at": now().isoformat(),
        }
        await side.hear(envelope("case.reliance.recorded", reliance_id, data, sequence=1))
        return reliance_id

    async def reliance(self, side: RunningService, reliance_id: str) -> dict[str, Any]:
        return await read(side, f"{RELIANCES}/{reliance_id}")

    async def dispute(self, side: RunningService, reliance_id: str, role: str = "reviewer") -> Any:
        return await side.client.post(
            f"{RELIANCES}/{reliance_id}/disputes",
            json={"ground": "content_wrong", "reason": "注册地址与实地核查不符"},
            headers=headers_of(side, role),
        )

    async def answer(
        self, dispute_id: str, what: str, role: str = "approver", **body: Any
    ) -> httpx.Response:
        return await self.owner.client.post(
            f"{DISPUTES}/{dispute_id}/{what}",
            json={"reason": "经核查，登记信息无误", **body},
            headers=headers_of(self.owner, role),
        )


def headers_of(side: RunningService, role: str) -> dict[str, str]:
    return side.district.headers(role, subject=f"{role}-who-asks")


async def read(side: RunningService, path: str) -> dict[str, Any]:
    answer = await side.client.get(path, headers=headers_of(side, "supervisor"))
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


@asynccontextmanager
async def gathered(pair: Districts, third: RunningService) -> AsyncIterator[World]:
    """Let 曲江 and 安康 know each other, and all three registers say what counts as what."""
    pair.network.apps[HOSTS[THIRD]] = third.app
    third.context.resources[TRANSPORT] = pair.network
    await introduce(pair.owner, third, agreement=THIRD_AGREEMENT)
    await introduce(third, pair.owner, agreement=THIRD_AGREEMENT)
    for side in (pair.owner, third):
        await sign(side, THIRD_AGREEMENT)
    for side, agreement, ours, theirs in (
        (pair.near, AGREEMENT, OURS, THEIRS),
        (pair.owner, AGREEMENT, THEIRS, OURS),
        (pair.owner, THIRD_AGREEMENT, THEIRS, OURS),
        (third, THIRD_AGREEMENT, OURS, THEIRS),
    ):
        await side.execute(
            "UPDATE agreements SET recognised_materials = "
            """'["business_licence", "enterprise_licence"]'::jsonb"""
        )
        answer = await side.client.post(
            "/api/v1/equivalences",
            json={
                "agreement": agreement,
                "kind": "licence",
                "our_type": ours,
                "their_type": theirs,
                "valid_from": "2020-06-15",
                "basis": "跨区通办合作协议第六条",
            },
            headers=side.district.headers("admin"),
        )
        assert answer.status_code == 200, answer.text
    try:
        yield World(pair.near, pair.owner, third, pair.network)
    finally:
        pair.network.apps.pop(HOSTS[THIRD], None)
