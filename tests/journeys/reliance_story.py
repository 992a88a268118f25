"""A tea shop's business licence of 安康's: verified, relied on in 高新, and revoked in the end.

Part of the story in which 安康 is down at first.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from journeys.stories import (
    HALL,
    PATIENCE_SECONDS,
    Tell,
    filled,
    first_answers,
    hand_in_required,
)

from support.hall import District, Person

__all__ = ["ReliedLicence"]

SHOP = "个体工商户设立登记"
TAX_CHANGE = "变更税务登记"
AGREEMENT = "hitech-ankang-hitech-2020"
LICENCE = "business_licence"
SHOP_CODE = "92610902MA6YX4JT1F"


class ReliedLicence:
    """What becomes of one licence between the district that issued it and one that relies on it."""

    def __init__(self, near: District, issuer: District, tell: Tell) -> None:
        self.near, self.issuer, self.tell = near, issuer, tell
        self.clerk = near.person("窗口李敏", "clerk", "approver", site=HALL)
        self.officer = issuer.person("登记专员周航", "clerk", "approver")
        self.licence: Any = None
        self.case: Any = None
        self.verification: Any = None

    async def is_issued(self) -> None:
        """安康 issues it, and both registers say that it counts as a business licence here."""
        for district in (self.near, self.issuer):
            line = {"agreement": AGREEMENT, "kind": "licence", "our_type": LICENCE}
            line |= {"their_type": LICENCE, "valid_from": "2020-06-15", "basis": "合作协议第六条"}
            await district.person("管理员", "admin").post("/equivalences", line)
        matter = await self._matter(self.issuer, SHOP)
        applicant = {
            "kind": "person",
            "name": "陈静",
            "identity_kind": "resident_identity_card",
            "identity_number": "612401198805124327",
        }
        case = await self._handed_in(self.officer, self.issuer, matter, applicant, None)
        for action, body in (
            ("accept", None),
            ("decide", {"outcome": "granted"}),
            ("issue", None),
        ):
            done = await self.officer.act(case["id"], action, body)
        self.licence = await self.officer.get(f"/licences/{done['licence_id']}")
        self.tell(
            self.issuer.name,
            self.officer.name,
            f"核发营业执照 {self.licence['number']}（陈记茶铺）",
        )

    async def is_asked_about(self) -> None:
        """高新 takes the shop's tax case in and asks, while 安康 is down."""
        matter = await self._matter(self.near, TAX_CHANGE)
        applicant = {"kind": "enterprise", "name": "陈记茶铺", "credit_code": SHOP_CODE}
        self.case = await self._handed_in(self.clerk, self.near, matter, applicant, LICENCE)
        self.verification = await self.clerk.post(
            "/licence-verifications",
            {
                "agreement": AGREEMENT,
                "licence_type": LICENCE,
                "counts_as": LICENCE,
                "purpose": matter["code"],
                "presented": f"https://ankang/licences/verify/{self.licence['verification_code']}",
            },
        )
        self.tell(self.near.name, self.clerk.name, "扫码查验营业执照，签发区停机，查验函等待送达")

    async def is_relied_on(self) -> None:
        """安康 is back and answers; the case is decided on its licence."""
        path = f"/licence-verifications/{self.verification['id']}"
        self.verification = await self._once(
            self.clerk, path, lambda one: one["state"] == "answered"
        )
        self.tell(
            self.issuer.name, "互通服务", f"签名答复：{self.verification['standing']}，证照真实有效"
        )
        key = next(
            one["key"]
            for one in (await self.clerk.get(f"/cases/{self.case['id']}"))["materials"]
            if one["is_missing"]
        )
        await self._until_known(key)
        await self.clerk.act(self.case["id"], "accept")
        await self.clerk.act(self.case["id"], "decide", {"outcome": "granted"})
        self.case = await self.clerk.act(self.case["id"], "close")
        self.tell(
            self.near.name, self.clerk.name, f"采信对方营业执照，免提交，办结 {self.case['number']}"
        )

    async def is_revoked(self) -> dict[str, Any]:
        """安康 revokes it; both districts list the case that it concerns."""
        await self._once(
            self.officer,
            f"/partner-reliances?document_number={self.licence['number']}",
            lambda page: page["items"],
        )
        await self.officer.post(
            f"/licences/{self.licence['id']}/revoke", {"reason": "行政处罚决定：吊销营业执照"}
        )
        self.tell(self.issuer.name, self.officer.name, f"吊销 {self.licence['number']}，告知采信区")
        supervisor = self.near.person("督查员", "supervisor")
        path = f"/supervision/affected-cases?document_number={self.licence['number']}"
        listed = await self._once(supervisor, path, lambda page: page["items"])
        self.tell(
            self.near.name, supervisor.name, f"受影响办件：{listed['items'][0]['case_number']}"
        )
        number = self.licence["number"]
        return {
            "affected": listed["items"],
            "timeline": await self.clerk.get(f"/cases/{self.case['id']}/timeline"),
            "at_issuer": await self.officer.get("/partner-reliances", document_number=number),
            "verification": self.verification,
            "case": self.case,
            "licence": self.licence,
        }

    async def _until_known(self, key: str) -> None:
        """Rely on the answer as soon as the case-service has heard of it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = await self.clerk.client.post(
                f"/api/v1/cases/{self.case['id']}/reliances",
                json={"key": key, "proof_id": self.verification["id"]},
                headers={"Authorization": f"Bearer {self.clerk.token}"},
            )
            if answer.status_code != 404 or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.1)
        assert answer.status_code == 201, answer.text

    async def _matter(self, district: District, name: str) -> Any:
        found = await district.stranger().get("/matters", q=name, limit=100)
        return next(
            one
            for one in found["items"]
            if one["name"] == name and one["owner_district"] == district.code
        )

    async def _handed_in(
        self, clerk: Person, district: District, matter: Any, applicant: Any, left_out: str | None
    ) -> Any:
        """Apply, with every material but the one that a licence of this type proves."""
        version = await district.stranger().get(f"/matters/{matter['code']}")
        body = {
            "matter_code": matter["code"],
            "applicant": applicant,
            "form": filled(version, {"name": applicant["name"], "credit_code": SHOP_CODE}),
            "situation_answers": first_answers(version, prefer="no"),
            "channel": "window",
            "confirm_duplicate": True,
        }
        if district is self.near:
            body["site_id"] = HALL
        case = await clerk.post("/cases", body)
        if left_out is None:
            await hand_in_required(district, clerk, case, matter["code"])
        else:
            waived = {
                one["key"]
                for one in version["content"]["materials"]
                if left_out in one["waived_by"]
            }
            for one in (await clerk.get(f"/cases/{case['id']}"))["materials"]:
                if one["is_missing"] and one["key"] not in waived:
                    await clerk.hand_in(case["id"], one["key"], f"{one['name']}.pdf", b"%PDF-1.4\n")
        await clerk.act(case["id"], "receive")
        return case

    async def _once(self, person: Person, path: str, holds: Callable[[Any], Any]) -> Any:
        """Wait until it holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            seen = await person.get(path)
            if holds(seen):
                return seen
            await asyncio.sleep(0.1)
        raise TimeoutError(f"{path} did not come that far within {PATIENCE_SECONDS} s: {seen}")
