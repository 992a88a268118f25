"""What people agreed to: for a purpose, a scope and a time, provable, and taken back at will."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from case_service.consents import service
from case_service.consents.errors import ConsentMissing
from case_service.consents.rules import Purpose
from support.case_world import person
from tongban.testing.fixtures import RunningService

CONSENT = {"purpose": "reuse_materials", "scope": ["plan"]}


def me(case: RunningService) -> dict[str, Any]:
    subject = f"citizen-{uuid4().hex[:8]}"
    return {"subject": subject, "headers": case.district.headers("citizen", subject=subject)}


async def required(
    case: RunningService,
    *,
    subject: str | None = None,
    identity_index: bytes | None = None,
    purpose: Purpose = Purpose.REUSE_MATERIALS,
    scope: str = "plan",
    days: int = 0,
) -> str:
    async with case.context.sessions() as session:
        found = await service.require(
            session,
            subject=subject,
            identity_index=identity_index,
            purpose=purpose,
            scope=scope,
            at=case.context.clock() + timedelta(days=days),
        )
    return str(found.id)


async def test_a_consent_lets_its_scope_be_used_until_it_ends(case: RunningService) -> None:
    who = me(case)
    ends = (case.context.clock() + timedelta(days=10)).isoformat()

    given = await case.client.post(
        "/api/v1/me/consents", json={**CONSENT, "expires_at": ends}, headers=who["headers"]
    )

    assert given.status_code == 201
    assert await required(case, subject=who["subject"]) == given.json()["id"]
    for missing in (
        {"scope": "other"},
        {"purpose": Purpose.USE_LICENCES},
        {"days": 11},
        {"subject": "somebody-else"},
    ):
        with pytest.raises(ConsentMissing):
            await required(case, **{"subject": who["subject"], **missing})


async def test_a_consent_without_a_scope_reaches_all_of_its_purpose(case: RunningService) -> None:
    who = me(case)
    body = {"purpose": "reuse_materials"}
    await case.client.post("/api/v1/me/consents", json=body, headers=who["headers"])

    assert await required(case, subject=who["subject"], scope="anything")


async def test_a_consent_is_taken_back_once_by_whom_it_is_of(case: RunningService) -> None:
    who = me(case)
    given = await case.client.post("/api/v1/me/consents", json=CONSENT, headers=who["headers"])
    path = f"/api/v1/consents/{given.json()['id']}/revoke"

    foreign = await case.client.post(path, headers=me(case)["headers"])
    own = await case.client.post(path, headers=who["headers"])
    again = await case.client.post(path, headers=who["headers"])

    assert [one.status_code for one in (foreign, own, again)] == [404, 200, 409]
    with pytest.raises(ConsentMissing):
        await required(case, subject=who["subject"])
    listed = await case.client.get("/api/v1/me/consents", headers=who["headers"])
    assert [one["revoked_at"] is not None for one in listed.json()["items"]] == [True]


async def test_what_was_given_for_good_is_not_taken_back(case: RunningService) -> None:
    who = me(case)
    given = await case.client.post(
        "/api/v1/me/consents", json={**CONSENT, "is_revocable": False}, headers=who["headers"]
    )

    answer = await case.client.post(
        f"/api/v1/consents/{given.json()['id']}/revoke", headers=who["headers"]
    )

    assert answer.json()["type"] == "urn:tongban:problem:consent-not-revocable"


async def test_who_has_no_account_agrees_before_a_clerk(case: RunningService) -> None:
    number = person()["identity_number"]
    clerk = case.district.headers("clerk", site="hitech-hall")
    body = {
        **CONSENT,
        "person": {"identity_number": number},
        "way": "fingerprint",
        "evidence": "指-2026-7",
    }

    recorded = await case.client.post("/api/v1/consents", json=body, headers=clerk)
    found = await case.client.post(
        "/api/v1/consents/search", json={"identity_number": number}, headers=clerk
    )

    assert recorded.status_code == 201, recorded.text
    assert [one["id"] for one in found.json()["items"]] == [recorded.json()["id"]]
    index = case.context.vault.blind_index(number)
    assert await required(case, identity_index=index) == recorded.json()["id"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422),
        ({"expires_at": "2030-01-01T00:00:00"}, 422),
        ({"purpose": "anything"}, 422),
        ({"scope": ["with space"]}, 422),
        ({"recorded_by": "me"}, 422),
    ],
)
async def test_a_consent_that_proves_nothing_is_refused(
    case: RunningService, changes: dict[str, Any], status: int
) -> None:
    answer = await case.client.post(
        "/api/v1/me/consents", json={**CONSENT, **changes}, headers=me(case)["headers"]
    )

    assert answer.status_code == status


@pytest.mark.parametrize("role", ["citizen", "reviewer", "supervisor", "helper"])
async def test_only_a_clerk_records_anothers_consent(case: RunningService, role: str) -> None:
    body = {
        **CONSENT,
        "person": {"identity_number": person()["identity_number"]},
        "way": "paper",
        "evidence": "1",
    }

    answer = await case.client.post(
        "/api/v1/consents", json=body, headers=case.district.headers(role)
    )

    assert answer.status_code == 403
