"""What the district has it does not ask for again: licences waive, files are used again."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio

from case_service.licences import service as licences
from support.case_world import Counter, enterprise, know_matter, know_partner_matter, know_site
from support.case_world import person as a_person
from tongban.clock import local_date
from tongban.testing.fixtures import RunningService

LICENCE_TYPE = "business_licence"
MATERIALS = [
    {"key": "plan", "name": "平面图", "necessity": "required"},
    {
        "key": "licence",
        "name": "营业执照",
        "necessity": "required",
        "waived_by": [LICENCE_TYPE],
    },
]
RESULTS = [
    {"kind": "licence", "licence_type": LICENCE_TYPE, "name": "营业执照", "validity_months": 60}
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def kind(answer: Any) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


def material(case: dict[str, Any], key: str) -> dict[str, Any]:
    return next(one for one in case["materials"] if one["key"] == key)


async def holds_licence(counter: Counter, applicant: dict[str, Any], **values: Any) -> str:
    """Give the applicant a business licence of this district's; return its id."""
    case, licence_id = counter.case, str(uuid4())
    case_id = await counter.submitted(applicant=applicant, **values.pop("body", {}))
    today = local_date(case.context.clock())
    columns = {
        "id": licence_id,
        "case_id": case_id,
        "number": f"610171-ZZ-2026-{uuid4().hex[:8]}",
        "verification_code": uuid4().hex[:20],
        "licence_type": LICENCE_TYPE,
        "name": "营业执照",
        "state": "valid",
        "holder_masked": "曲江文化有限公司",
        "valid_from": today,
        "valid_until": today + timedelta(days=365),
        "issued_by": "keeper-1",
        "sealed_body": b"",
        # {"number": "x", "sha256": "0"}: what a seal says, by nobody.
        "seal": "e30.eyJudW1iZXIiOiJ4Iiwic2hhMjU2IjoiMCJ9.x",
        "version": 1,
        **values,
    }
    names, places = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    await case.execute(
        f"INSERT INTO licences ({names}, status_index, issued_at, holder_index)"  # noqa: S608  # ours
        f" SELECT {places}, nextval('licence_numbers'), now(), identity_index"
        " FROM cases WHERE id = :of",
        of=case_id,
        **columns,
    )
    return licence_id


async def consented(
    counter: Counter, subject: str, purpose: str, scope: list[str] | None = None
) -> str:
    answer = await counter.case.client.post(
        "/api/v1/me/consents",
        json={"purpose": purpose, "scope": scope or []},
        headers=counter.case.district.headers("citizen", subject=subject),
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def reuse(counter: Counter, case_id: str, **body: Any) -> httpx.Response:
    headers = body.pop("headers", None) or counter.headers()
    return await counter.case.client.post(
        f"/api/v1/cases/{case_id}/materials/reuse", json=body, headers=headers
    )


async def test_a_valid_licence_waives_by_itself_and_the_case_says_which(counter: Counter) -> None:
    code, firm = await know_matter(counter.case, materials=MATERIALS), enterprise()
    licence_id = await holds_licence(counter, firm)

    submitted = (await counter.submit(code, applicant=firm)).json()
    state = material(await counter.read(submitted["id"]), "licence")

    assert material(submitted, "licence") == state
    assert (state["evidence"], state["is_missing"]) == ("licence", False)
    assert state["proof"]["licence_id"] == licence_id
    assert material(submitted, "plan")["is_missing"]


async def test_a_claim_is_believed_only_where_the_store_holds_the_licence(
    counter: Counter,
) -> None:
    code, firm = await know_matter(counter.case, materials=MATERIALS), enterprise()
    for evidence in ("licence", "waived"):
        claims = [{"key": "licence", "evidence": evidence}]

        refused = await counter.submit(code, applicant=firm, materials=claims)

        assert (refused.status_code, kind(refused)) == (422, "form-incomplete")
        assert refused.json()["errors"][0]["pointer"] == "/materials/0/evidence"

    await holds_licence(counter, firm)
    taken = await counter.submit(
        code, applicant=firm, materials=[{"key": "licence", "evidence": "waived"}]
    )
    assert material(taken.json(), "licence")["evidence"] == "licence"


async def test_a_licence_of_anothers_or_over_or_revoked_waives_nothing(counter: Counter) -> None:
    code = await know_matter(counter.case, materials=MATERIALS)
    over, revoked, odd, other = enterprise(), enterprise(), enterprise(), enterprise()
    await holds_licence(counter, over, valid_until=date(2020, 1, 1), valid_from=date(2019, 1, 1))
    await holds_licence(counter, revoked, state="revoked")
    await holds_licence(counter, odd, licence_type="food_business_licence")

    for firm in (over, revoked, odd, other):
        submitted = (await counter.submit(code, applicant=firm)).json()

        assert material(submitted, "licence")["is_missing"]
        assert material(submitted, "licence")["proof"] is None


async def test_our_licences_prove_nothing_to_a_partner_by_themselves(counter: Counter) -> None:
    code, firm = await know_partner_matter(counter.case, materials=MATERIALS), enterprise()
    await holds_licence(counter, firm)

    submitted = (await counter.submit(code, applicant=firm, form={})).json()

    assert material(submitted, "licence")["is_missing"]


async def test_a_licence_that_we_issue_waives_from_then_on(counter: Counter) -> None:
    firm = enterprise()
    first = await know_matter(counter.case, results=RESULTS)
    case_id = await counter.accepted(first, applicant=firm)
    row = await counter.case.execute("SELECT identity_index FROM cases WHERE id = :id", id=case_id)
    identity_index = row.scalar_one()

    async with counter.case.context.sessions.begin() as session:
        await licences.issue(
            session,
            counter.case.context,
            case_id=case_id,  # type: ignore[arg-type]  # the driver takes text too
            case_number="1",
            licence_type=LICENCE_TYPE,
            name="营业执照",
            holder={"name": firm["name"], "credit_code": firm["credit_code"]},
            validity_months=60,
            at=counter.case.context.clock(),
            issued_by="keeper-1",
        )

    rows = await counter.case.execute(
        "SELECT holder_index FROM licences WHERE case_id = :id", id=case_id
    )
    assert rows.scalar_one() == identity_index


async def test_an_earlier_file_is_used_again_by_consent(counter: Counter) -> None:
    code, who, me = await know_matter(counter.case), a_person(), f"citizen-{uuid4().hex[:8]}"
    earlier = await counter.submitted(code, applicant=who, applicant_subject=me)
    kept = (await counter.upload(earlier)).json()
    case_id = await counter.submitted(
        code, applicant=who, applicant_subject=me, confirm_duplicate=True
    )

    without = await reuse(counter, case_id, key="plan", material_id=kept["id"])
    consent = await consented(counter, me, "reuse_materials", [kept["id"]])
    used = await reuse(counter, case_id, key="plan", material_id=kept["id"])
    case = await counter.read(case_id)

    assert (without.status_code, kind(without)) == (409, "consent-missing")
    assert (used.status_code, used.json()["consent_id"]) == (201, consent)
    assert used.json()["file"]["sha256"] == kept["sha256"]
    state = material(case, "plan")
    assert (state["is_missing"], state["files"][0]["origin"]) == (False, "reuse")
    headers = counter.headers()
    timeline = await counter.case.client.get(f"/api/v1/cases/{case_id}/timeline", headers=headers)
    assert timeline.json()[-1]["facts"]["consent_id"] == consent


async def test_what_another_applicant_handed_in_is_not_used(counter: Counter) -> None:
    code, me = await know_matter(counter.case), f"citizen-{uuid4().hex[:8]}"
    kept = (await counter.upload(await counter.submitted(code))).json()
    case_id = await counter.submitted(code, applicant_subject=me)
    await consented(counter, me, "reuse_materials")

    strange = await reuse(counter, case_id, key="plan", material_id=kept["id"])
    absent = await reuse(counter, case_id, key="plan", material_id=str(uuid4()))

    assert (strange.status_code, kind(strange)) == (409, "material-not-reusable")
    assert kind(absent) == "material-not-reusable"


async def test_a_licence_stands_for_a_material_by_the_named_consent(counter: Counter) -> None:
    code, firm, me = (
        await know_matter(counter.case, materials=MATERIALS),
        enterprise(),
        f"citizen-{uuid4().hex[:8]}",
    )
    case_id = await counter.submitted(code, applicant=firm, applicant_subject=me)
    licence_id = await holds_licence(counter, firm)
    consent = await consented(counter, me, "use_licences", [LICENCE_TYPE])

    other = await reuse(
        counter, case_id, key="licence", licence_id=licence_id, consent_id=str(uuid4())
    )
    wrong = await reuse(counter, case_id, key="plan", licence_id=licence_id)
    used = await reuse(counter, case_id, key="licence", licence_id=licence_id, consent_id=consent)
    state = material(await counter.read(case_id), "licence")

    assert kind(other) == "consent-missing"
    assert (wrong.status_code, kind(wrong)) == (409, "licence-proves-nothing")
    assert used.status_code == 201
    assert used.json()["licence"]["id"] == licence_id
    assert (state["is_missing"], state["proof"]["consent_id"]) == (False, consent)


async def test_one_thing_is_used_at_a_time_where_it_is_asked_for(counter: Counter) -> None:
    case_id = await counter.submitted()

    neither = await reuse(counter, case_id, key="plan")
    both = await reuse(
        counter, case_id, key="plan", material_id=str(uuid4()), licence_id=str(uuid4())
    )
    unasked = await reuse(counter, case_id, key="odd", material_id=str(uuid4()))
    stranger = await reuse(
        counter,
        case_id,
        key="plan",
        material_id=str(uuid4()),
        headers=counter.case.district.headers("citizen"),
    )
    stale = await reuse(
        counter,
        case_id,
        key="plan",
        material_id=str(uuid4()),
        headers={**counter.headers(), "If-Match": '"99"'},
    )

    assert [neither.status_code, both.status_code] == [422, 422]
    assert kind(unasked) == "material-unknown"
    assert stranger.status_code == 404
    assert stale.status_code == 412


async def test_my_materials_are_mine_with_the_licences_i_hold(counter: Counter) -> None:
    code, who, me = await know_matter(counter.case), a_person(), f"citizen-{uuid4().hex[:8]}"
    files = []
    for _ in range(3):
        case_id = await counter.submitted(
            code, applicant=who, applicant_subject=me, confirm_duplicate=True
        )
        files.append((await counter.upload(case_id)).json()["id"])
    licence_id = await holds_licence(counter, who, body={"applicant_subject": me})
    mine = counter.case.district.headers("citizen", subject=me)

    first = await counter.case.client.get("/api/v1/me/materials", params={"limit": 2}, headers=mine)
    rest = await counter.case.client.get(
        "/api/v1/me/materials",
        params={"limit": 2, "cursor": first.json()["next_cursor"]},
        headers=mine,
    )
    others = await counter.case.client.get(
        "/api/v1/me/materials", headers=counter.case.district.headers("citizen")
    )

    listed = [one["id"] for one in first.json()["items"] + rest.json()["items"]]
    assert listed == files[::-1]
    assert [one["id"] for one in first.json()["licences"]] == [licence_id]
    assert (others.json()["items"], others.json()["licences"]) == ([], [])
