"""What a case needs around it: matters, sites and applicants; and how it is walked along."""

import itertools
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
from stdnum.cn import uscc

from support.identities import identity_number
from tongban.testing.fixtures import RunningService, envelope

__all__ = [
    "PDF",
    "PNG",
    "SITE",
    "Counter",
    "enterprise",
    "know_matter",
    "know_partner_matter",
    "know_site",
    "matter_content",
    "person",
]

SITE = "hitech-hall"
PARTNER = "610172"
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")

_running = itertools.count(1)


def matter_content(**changes: Any) -> dict[str, Any]:
    """Return a promised licence matter of ours with one required material, under a fresh code."""
    return {
        "code": f"11610131MB2A12345X46101{uuid4().int % 10**8:08}",
        "name": "食品经营许可（新办）",
        "english_name": "Food business licence (new)",
        "matter_type": "licence",
        "handling": "promised",
        "body": {"code": "11610131MB2A12345X", "name": "高新区行政审批服务局", "kind": "bureau"},
        "audiences": ["person", "enterprise"],
        "statutory_days": 20,
        "promised_days": 5,
        "materials": [{"key": "plan", "name": "经营场所平面图", "necessity": "required"}],
        "situations": [],
        "form_fields": [{"key": "premises", "label": "经营场所", "kind": "text", "required": True}],
        "legal_basis": [{"law": "中华人民共和国食品安全法", "article": "第三十五条"}],
        "results": [
            {
                "kind": "licence",
                "licence_type": "food_business_licence",
                "name": "食品经营许可证",
                "validity_months": 60,
            }
        ],
        **changes,
    }


async def know_matter(
    case: RunningService, *, version: int = 1, state: str = "published", **changes: Any
) -> str:
    """Let the service hear of a matter of ours; return its code."""
    content = matter_content(**changes)
    event = {
        "code": content["code"],
        "version": version,
        "state": state,
        "effective_from": "2020-01-01",
        "retired_on": "2020-02-01" if state == "retired" else None,
        "owner_district": case.district.code,
        "content": content,
    }
    key = f"{content['code']}-{version}"
    await case.hear(envelope("catalog.matter.changed", key, event))
    return str(content["code"])


async def know_partner_matter(case: RunningService, *, mode: str = "proxy", **changes: Any) -> str:
    """Let the service hear of an immediate matter of a partner's; return its code."""
    content = matter_content(
        **{
            "name": "变更税务登记",
            "matter_type": "other_power",
            "handling": "immediate",
            "form_fields": [],
            "results": [{"kind": "notice", "name": "办理结果通知书"}],
            "outside_system": {"name": "税务征管系统"},
            **changes,
        }
    )
    event = {
        "owner_district": PARTNER,
        "agreement": "2020-01",
        "mode": mode,
        "version": 1,
        "state": "offered",
        "forward_within_days": 1,
        "matter": content,
    }
    key = f"{PARTNER}-{content['code']}"
    await case.hear(envelope("interop.matter_offer.changed", key, event))
    return str(content["code"])


async def know_site(case: RunningService, site_id: str = SITE, state: str = "open") -> str:
    """Let the service hear of a site."""
    event = {
        "site_id": site_id,
        "kind": "hall",
        "name": "高新区政务服务大厅",
        "state": state,
        "matters": [],
        "partner_matters": [],
    }
    await case.hear(envelope("site.site.changed", site_id, event, sequence=next(_running)))
    return site_id


def person(**changes: Any) -> dict[str, Any]:
    """Return an applicant who is a person."""
    # Nobody else's: applicants are found, and counted, by their number.
    born = date(1965, 1, 1) + timedelta(days=uuid4().int % 12_000)
    number = identity_number(born, order=uuid4().int % 1000)
    return {"kind": "person", "name": "黄先生", "identity_number": number, **changes}


def enterprise(**changes: Any) -> dict[str, Any]:
    """Return an applicant that is a firm."""
    stem = f"91610131MA{uuid4().int % 10**7:07}"
    code = stem + uscc.calc_check_digit(stem + "0")
    return {"kind": "enterprise", "name": "曲江文化有限公司", "credit_code": code, **changes}


@dataclass
class Counter:
    """A window: one clerk, who takes cases in and walks them along, with colleagues behind."""

    case: RunningService
    site: str | None = SITE
    clerk: str = field(default_factory=lambda: f"clerk-{uuid4().hex[:8]}")

    def headers(self, role: str = "clerk", **claims: Any) -> dict[str, str]:
        """Return the headers of this window's clerk, or of a colleague in another role."""
        subject = claims.pop("subject", self.clerk if role == "clerk" else None)
        return self.case.district.headers(role, subject=subject, site=self.site, **claims)

    async def submit(
        self, code: str, *, headers: dict[str, str] | None = None, **body: Any
    ) -> httpx.Response:
        """Hand an application in."""
        application = {
            "matter_code": code,
            "applicant": person(),
            "form": {"premises": "唐延路1号"},
            **body,
        }
        return await self.case.client.post(
            "/api/v1/cases", json=application, headers=headers or self.headers()
        )

    async def act(
        self, case_id: str, action: str, role: str = "clerk", /, **body: Any
    ) -> httpx.Response:
        """Take an action in a role; `headers` speaks for another person."""
        headers = body.pop("headers", None) or self.headers(role)
        path = f"/api/v1/cases/{case_id}/actions/{action}"
        return await self.case.client.post(path, json=body, headers=headers)

    async def upload(
        self,
        case_id: str,
        key: str = "plan",
        content: bytes = PDF,
        name: str = "plan.pdf",
        media_type: str = "application/pdf",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Hand a file in."""
        return await self.case.client.post(
            f"/api/v1/cases/{case_id}/materials",
            data={"key": key},
            files={"file": (name, content, media_type)},
            headers=headers or self.headers(),
        )

    async def read(self, case_id: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the case as this window sees it."""
        path = f"/api/v1/cases/{case_id}"
        answer = await self.case.client.get(path, headers=headers or self.headers())
        return dict(answer.json())

    async def submitted(self, code: str | None = None, **body: Any) -> str:
        """Return the id of a fresh case."""
        answer = await self.submit(code or await know_matter(self.case), **body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def received(self, code: str | None = None, **body: Any) -> str:
        """Return the id of a case with its material that is received."""
        case_id = await self.submitted(code, **body)
        assert (await self.upload(case_id)).status_code == 201
        await self.took(case_id, "receive")
        return case_id

    async def accepted(self, code: str | None = None, **body: Any) -> str:
        """Return the id of an accepted case."""
        case_id = await self.received(code, **body)
        await self.took(case_id, "accept")
        return case_id

    async def took(
        self, case_id: str, action: str, role: str = "clerk", /, **body: Any
    ) -> dict[str, Any]:
        """Take an action that must succeed; return the case."""
        answer = await self.act(case_id, action, role, **body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())
