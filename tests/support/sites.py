"""Makes sites, matters and tickets for the tests of the site service."""

import random
import string
from typing import Any
from uuid import uuid4

from httpx import Response

from tongban.messages import Envelope
from tongban.testing.fixtures import RunningService, envelope

BODY = "11610131MB2Q71156L"
LETTERS = string.digits + string.ascii_uppercase


def new_code() -> str:
    """Return a matter code that no other test uses."""
    return BODY + "".join(random.choices(LETTERS, k=13))  # noqa: S311  # not a secret


def new_site_id() -> str:
    """Return a site id that no other test uses."""
    return f"site-{uuid4().hex[:12]}"


def matter_told(code: str, *, sequence: int = 1, version: int = 1, **more: Any) -> Envelope:
    """Return the catalog's event about a matter; `name`, `area`, `state` may be given."""
    content = {
        "code": code,
        "name": more.get("name", "食品经营许可（新办）"),
        "area": more.get("area", "business_registration"),
        "handling": "promised",
        "audiences": ["enterprise"],
    }
    facts = {
        "code": code,
        "version": version,
        "state": more.get("state", "published"),
        "effective_from": "2026-01-01",
        "retired_on": None,
        "owner_district": "610171",
        "content": content,
    }
    return envelope("catalog.matter.changed", f"{code}-{version}", facts, sequence=sequence)


def offer_told(code: str, *, sequence: int = 1, **more: Any) -> Envelope:
    """Return interop's event about a partner's matter that is offered here."""
    facts = {
        "owner_district": "610172",
        "agreement": "AG-610172",
        "mode": "proxy",
        "version": 1,
        "state": more.get("state", "offered"),
        "forward_within_days": 1,
        "matter": {
            "code": code,
            "name": "变更税务登记",
            "area": more.get("area", "tax"),
            "handling": "immediate",
        },
    }
    return envelope("interop.matter_offer.changed", f"610172-{code}", facts, sequence=sequence)


def window(number: str, kind: str = "integrated", *areas: str) -> dict[str, Any]:
    """Return a window as it is imported."""
    return {"number": number, "kind": kind, "name": f"{number}号窗口", "areas": list(areas)}


def site_record(**more: Any) -> dict[str, Any]:
    """Return a site as it is imported: a street centre with one window for everything."""
    return {
        "id": new_site_id(),
        "kind": "centre",
        "name": "丈八街道便民服务中心",
        "english_name": "Zhangba Street Service Centre",
        "address": "丈八一路1号",
        "street_code": "610171001",
        "street": "丈八街道",
        "latitude": 34.2,
        "longitude": 108.88,
        "phone": "029-88330001",
        "opening_hours": "Mo-Fr 09:00-17:00; Sa 09:00-12:00",
        "facilities": ["wheelchair_ramp"],
        "windows": [window("A01")],
        "kiosks": [{"code": "k1", "model": "TB-1800", "functions": ["query"]}],
        "matters": [],
        "partner_matters": [],
        "green_channel": True,
        "provenance": "illustrative",
        **more,
    }


async def import_sites(site: RunningService, *records: dict[str, Any], **query: Any) -> Response:
    """Import the sites as an administrator."""
    return await site.client.post(
        "/api/v1/sites/import",
        json={"sites": list(records)},
        params=query,
        headers=site.district.headers("admin"),
    )


async def open_site(site: RunningService, **more: Any) -> dict[str, Any]:
    """Import one site with one known matter, and return it with its windows' ids."""
    code = new_code()
    await site.hear(matter_told(code))
    record = site_record(**{"matters": [code], **more})
    imported = await import_sites(site, record)
    assert imported.status_code == 200, imported.text
    found = (await site.client.get(f"/api/v1/sites/{record['id']}")).json()
    return {**found, "matter": code}


async def take_ticket(
    site: RunningService, at: dict[str, Any], *, role: str = "clerk", **more: Any
) -> Response:
    """Take a ticket for the site's matter."""
    body = {"matter_code": at["matter"], "channel": "window", **more}
    return await site.client.post(
        f"/api/v1/sites/{at['id']}/tickets", json=body, headers=site.district.headers(role)
    )


async def call_next(
    site: RunningService, at: dict[str, Any], *, nth: int = 0, role: str = "clerk"
) -> Response:
    """Call the next ticket to the site's nth window, as its clerk."""
    return await site.client.post(
        f"/api/v1/windows/{at['windows'][nth]['id']}/call-next",
        headers=site.district.headers(role, site=at["id"]),
    )


async def act(
    site: RunningService, ticket: dict[str, Any], action: str, **headers: str
) -> Response:
    """Do something with a ticket, as a clerk of its site."""
    return await site.client.post(
        f"/api/v1/tickets/{ticket['id']}/{action}",
        headers={**site.district.headers("clerk", site=ticket["site_id"]), **headers},
    )
