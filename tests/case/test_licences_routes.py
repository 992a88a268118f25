"""A licence is shown to its holder, verified by anybody without learning of him, and revoked."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from case_service.cases.tables import Case
from case_service.documents.rules import verify
from case_service.licences import service
from case_service.licences.tables import Licence
from support.case_rows import stored_case
from tongban.testing.fixtures import RunningService

HOLDER = {"name": "黄先生", "identity_number": "610113197001011232"}
APPROVER = "approver-1"


async def issue(
    running: RunningService,
    case: Case,
    *,
    months: int | None = 60,
    age: timedelta = timedelta(),
) -> Licence:
    async with running.context.sessions.begin() as session:
        licence, _ = await service.issue(
            session,
            running.context,
            case_id=case.id,
            case_number=case.number,
            licence_type="food_business_licence",
            name="食品经营许可证",
            holder=HOLDER,
            validity_months=months,
            at=running.context.clock() - age,
            issued_by="clerk-1",
        )
    return licence


async def issued(running: RunningService, **more: Any) -> tuple[Case, Licence]:
    case = await stored_case(running)
    return case, await issue(running, case, **more)


async def verified(running: RunningService, code: str) -> dict[str, Any]:
    answer = await running.client.get(f"/api/v1/licences/verify/{code}")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def revoke(
    running: RunningService, licence: Licence, role: str = "approver", **headers: str
) -> httpx.Response:
    return await running.client.post(
        f"/api/v1/licences/{licence.id}/revoke",
        json={"reason": "以欺骗手段取得"},
        headers={**running.district.headers(role, subject=APPROVER), **headers},
    )


async def test_a_licence_is_numbered_dated_and_sealed(case: RunningService) -> None:
    stored, licence = await issued(case)
    headers = case.district.headers("citizen", subject=stored.applicant_subject)

    answer = await case.client.get(f"/api/v1/licences/{licence.id}", headers=headers)

    told = answer.json()
    assert answer.status_code == 200
    assert told["number"].startswith("610171-ZZ-")
    assert told["document"]["holder"] == HOLDER
    assert told["standing"] == "valid"
    begins = date.fromisoformat(told["valid_from"])
    assert date.fromisoformat(told["valid_until"]).year - begins.year in (4, 5)
    key = json.loads(case.settings.seal_key_file.read_text())
    public = {name: value for name, value in key.items() if name != "d"}
    assert verify(told["document"], public)
    assert not verify({**told["document"], "name": "药品经营许可证"}, public)


async def test_whoever_is_shown_a_licence_learns_how_it_stands_and_no_name(
    case: RunningService,
) -> None:
    _stored, licence = await issued(case)

    told = await verified(case, licence.verification_code.lower())

    assert told["standing"] == "valid"
    assert told["number"] == licence.number
    assert told["name"] == "食品经营许可证"
    assert told["holder"] == "黄**"
    assert told["issued_by"]["district"] == "610171"
    assert told["seal"] == licence.seal
    assert "先生" not in json.dumps(told, ensure_ascii=False)
    assert HOLDER["identity_number"] not in json.dumps(told)


async def test_who_scans_the_code_is_shown_a_page_and_a_program_is_told_json(
    case: RunningService,
) -> None:
    _stored, licence = await issued(case)
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

    page = await case.client.get(
        f"/api/v1/licences/verify/{licence.verification_code}", headers=browser
    )
    nothing = await case.client.get(f"/api/v1/licences/verify/{'0' * 20}", headers=browser)
    plain = await case.client.get(f"/api/v1/licences/verify/{licence.verification_code}")

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert page.headers["Vary"] == plain.headers["Vary"] == "Accept"
    assert 'class="good">证照有效 valid</h1>' in page.text
    assert licence.number in page.text
    assert "黄**" in page.text
    assert HOLDER["identity_number"] not in page.text
    assert 'class="bad">查无此证 no such licence</h1>' in nothing.text
    assert plain.json()["standing"] == "valid"


async def test_a_licence_past_its_last_day_is_expired(case: RunningService) -> None:
    _stored, licence = await issued(case, months=1, age=timedelta(days=40))

    assert (await verified(case, licence.verification_code))["standing"] == "expired"


async def test_a_licence_without_an_end_does_not_expire(case: RunningService) -> None:
    _stored, licence = await issued(case, months=None, age=timedelta(days=4000))

    told = await verified(case, licence.verification_code)

    assert (told["standing"], told["valid_until"]) == ("valid", None)


async def test_a_code_that_nobody_gave_out_is_unknown(case: RunningService) -> None:
    told = await verified(case, "0" * 20)

    assert told["standing"] == "unknown"
    assert {value for name, value in told.items() if name != "standing"} == {None}


async def test_a_revoked_licence_is_revoked_for_everybody_and_told(case: RunningService) -> None:
    stored, licence = await issued(case)

    answer = await revoke(case, licence)

    assert answer.status_code == 200
    assert answer.json()["state"] == "revoked"
    assert answer.json()["ended"]["reason"] == "以欺骗手段取得"
    assert (await verified(case, licence.verification_code))["standing"] == "revoked"
    envelopes = await case.outbox.envelopes(str(stored.id))
    assert [one.event_type for one in envelopes] == ["case.case.licence_revoked"]
    assert envelopes[0].data["licence_id"] == str(licence.id)
    assert "欺骗" not in json.dumps(envelopes[0].data, ensure_ascii=False)


async def test_a_licence_is_revoked_once(case: RunningService) -> None:
    stored, licence = await issued(case)
    await revoke(case, licence)

    again = await revoke(case, licence)

    assert again.status_code == 409
    assert again.json()["type"] == "urn:tongban:problem:licence-act-not-allowed"
    assert len(await case.outbox.types(str(stored.id))) == 1


async def test_a_stale_copy_revokes_nothing(case: RunningService) -> None:
    _stored, licence = await issued(case)

    stale = await revoke(case, licence, **{"If-Match": '"9"'})
    current = await revoke(case, licence, **{"If-Match": '"1"'})

    assert stale.status_code == 412
    assert (current.status_code, current.headers["etag"]) == (200, '"2"')


async def test_no_licence_is_not_found(case: RunningService) -> None:
    headers = case.district.headers("approver")

    read = await case.client.get(f"/api/v1/licences/{uuid4()}", headers=headers)
    revoked = await case.client.post(
        f"/api/v1/licences/{uuid4()}/revoke", json={"reason": "无"}, headers=headers
    )

    assert read.json()["type"] == "urn:tongban:problem:licence-not-found"
    assert revoked.json()["type"] == "urn:tongban:problem:licence-not-found"


@pytest.mark.parametrize("role", ["clerk", "citizen", "seal_keeper", "supervisor", "admin"])
async def test_only_an_approver_revokes(case: RunningService, role: str) -> None:
    _stored, licence = await issued(case)

    answer = await revoke(case, licence, role)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:tongban:problem:not-allowed")
    assert (await verified(case, licence.verification_code))["standing"] == "valid"


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("citizen", 404),
        ("enterprise", 404),
        ("catalog_editor", 404),
        ("ops", 404),
        ("clerk", 200),
        ("helper", 200),
        ("approver", 200),
    ],
)
async def test_a_licence_is_its_holders_and_staffs_alone(
    case: RunningService, role: str, status: int
) -> None:
    _stored, licence = await issued(case)

    answer = await case.client.get(
        f"/api/v1/licences/{licence.id}", headers=case.district.headers(role)
    )

    assert answer.status_code == status


async def test_a_holder_lists_his_own_newest_first(case: RunningService) -> None:
    stored, first = await issued(case)
    second = await issue(case, stored)
    await issued(case)
    headers = case.district.headers("citizen", subject=stored.applicant_subject)

    answer = await case.client.get("/api/v1/me/licences", headers=headers)

    assert [one["id"] for one in answer.json()["items"]] == [str(second.id), str(first.id)]


async def test_the_holder_is_encrypted_at_rest(case: RunningService) -> None:
    _stored, licence = await issued(case)
    await revoke(case, licence)

    row = await case.execute("SELECT licences::text FROM licences WHERE id = :id", id=licence.id)

    written = row.scalar_one()
    for secret in ("黄先生", HOLDER["identity_number"], "欺骗"):
        assert secret not in written
        assert secret.encode().hex() not in written
