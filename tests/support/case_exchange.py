"""A case between two districts, as the case-service knows it: what interop tells and leaves."""

import base64
import hashlib
import json
from typing import Any

from joserfc.jwk import OKPKey

from support.case_world import PARTNER, PDF, Counter, know_partner_matter, person
from tongban.messages import Envelope
from tongban.objects import ClaimCheck, collect, leave
from tongban.testing.fixtures import RunningService, envelope

__all__ = ["AT", "arrival", "cases_of", "forwarded", "left_for_case", "read_by_interop"]

AT = "2026-03-02T02:00:00Z"


async def left_for_case(case: RunningService, content: dict[str, Any]) -> dict[str, Any]:
    """Leave something for the case service, as interop does."""
    path = case.district.folder / "keys/case.public.json"
    key = OKPKey.import_key(json.loads(path.read_text()))
    claim = await leave(case.context.objects, key, json.dumps(content).encode())
    return claim.model_dump()


async def read_by_interop(case: RunningService, claim: dict[str, Any]) -> dict[str, Any]:
    """Read what the case service left, as interop does."""
    path = case.district.folder / "keys/interop.private.json"
    key = OKPKey.import_key(json.loads(path.read_text()))
    raw = await collect(case.context.objects, key, ClaimCheck.model_validate(claim))
    return dict(json.loads(raw))


async def arrival(
    case: RunningService,
    code: str,
    exchange_id: str,
    *,
    materials: list[dict[str, Any]] | None = None,
    applicant: dict[str, Any] | None = None,
    **changes: Any,
) -> Envelope:
    """The near district's package for a matter of ours."""
    package = {
        "near_number": "610172202603020000019",
        "matter_code": code,
        "channel": "window",
        "applicant": applicant or person(),
        "agent": None,
        "form": {"premises": "曲江池东路1号"},
        "situation_answers": {},
        "materials": materials
        or [
            {
                "key": "plan",
                "name": "经营场所平面图",
                "media_type": "application/pdf",
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "content": base64.b64encode(content).decode(),
            }
            for content in (PDF, PDF + b"% the second page")
        ],
        "receipt": {},
        "received_at": AT,
        "site_id": "qujiang-hall",
        "from_district": PARTNER,
    }
    event = {
        "exchange_id": exchange_id,
        "from_district": PARTNER,
        "near_number": "610172202603020000019",
        "matter_code": code,
        "mode": "proxy",
        "package": await left_for_case(case, package),
        "received_at": AT,
        **changes,
    }
    return envelope("interop.exchange.received", exchange_id, event)


async def cases_of(case: RunningService, exchange_id: str) -> list[str]:
    rows = await case.execute("SELECT id FROM cases WHERE exchange_id = :id", id=exchange_id)
    return [str(found) for found in rows.scalars()]


async def forwarded(counter: Counter, **offer: Any) -> tuple[str, str, dict[str, Any]]:
    """A case forwarded to a partner: its id, its exchange and the package."""
    code = await know_partner_matter(counter.case, **offer)
    case_id = await counter.submitted(code, form={}, applicant=person(name="黄先生"))
    await counter.upload(case_id)
    sent = await counter.took(case_id, "forward")
    told = (await counter.case.outbox.envelopes(case_id))[-1]
    package = await read_by_interop(counter.case, told.data["package"])
    return case_id, sent["exchange_id"], package
