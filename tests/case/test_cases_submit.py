"""An application is taken in whole, or refused with every fault in its place."""

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from case_service.cases import numbers
from support.case_world import Counter, enterprise, know_matter, know_site, person
from support.identities import identity_number
from tongban import db
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def places(answer: Any) -> set[str]:
    return {error["pointer"] for error in answer.json()["errors"]}


def kind(answer: Any) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


async def count(case: RunningService, code: str) -> int:
    found = await case.execute("SELECT count(*) FROM cases WHERE matter_code = :code", code=code)
    return int(found.scalar_one())


async def test_an_application_becomes_a_case_with_number_event_and_timeline(
    counter: Counter,
) -> None:
    code = await know_matter(counter.case)

    answer = await counter.submit(code)

    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/api/v1/cases/{made['id']}"
    assert numbers.is_case_number(made["number"])
    assert made["stage"] == "submitted"
    assert made["actions"] == ["receive", "pre_check", "withdraw", "escalate", "claim"]
    assert made["site_id"] == "hitech-hall"
    assert made["materials"][0]["is_missing"]
    assert made == await counter.read(made["id"])
    (told,) = await counter.case.outbox.envelopes(made["id"])
    assert told.event_type == "case.case.submitted"
    assert told.data["number"] == made["number"]
    assert "黄" not in str(told.data)


async def test_personal_data_is_masked_and_encrypted_at_rest(counter: Counter) -> None:
    applicant = person(phone="13812345678")
    case_id = await counter.submitted(applicant=applicant)

    shown = (await counter.read(case_id))["applicant"]
    row = (
        (await counter.case.execute("SELECT * FROM cases WHERE id = :id", id=case_id))
        .mappings()
        .one()
    )

    assert shown["name"] == "黄**"
    assert shown["phone"] == "138****5678"
    assert (
        shown["identity_number"]
        == applicant["identity_number"][:6] + "********" + applicant["identity_number"][-4:]
    )
    assert applicant["identity_number"].encode() not in row["sealed_party"]
    assert applicant["identity_number"] not in str(dict(row))


async def test_reading_it_unmasked_is_on_the_record(counter: Counter) -> None:
    case_id = await counter.submitted()
    path = f"/api/v1/cases/{case_id}?full=true"

    whole = await counter.case.client.get(path, headers=counter.headers())
    refused = await counter.case.client.get(path, headers=counter.headers("supervisor"))

    noted = await counter.case.execute(
        "SELECT actor FROM ledger WHERE subject = :id AND action = 'case.read_full'", id=case_id
    )
    assert whole.json()["applicant"]["name"] == "黄先生"
    assert refused.status_code == 403
    assert noted.scalars().all() == [counter.clerk]


async def test_a_helper_reads_unmasked_whom_they_help_and_nobody_else(counter: Counter) -> None:
    helped, other = await counter.submitted(), await counter.submitted()
    helper = counter.headers("helper")
    body = {"mode": "assist", "helper_name": "孙帮办"}
    recorded = await counter.case.client.post(
        f"/api/v1/cases/{helped}/assistance", json=body, headers=helper
    )
    assert recorded.status_code == 201, recorded.text

    answers = [
        await counter.case.client.get(f"/api/v1/cases/{one}?full=true", headers=helper)
        for one in (helped, other)
    ]

    assert [answer.status_code for answer in answers] == [200, 403]


async def test_an_unknown_matter_may_be_tried_again(counter: Counter) -> None:
    answer = await counter.submit("11610131MB2A12345X4610199999999")

    assert (answer.status_code, kind(answer)) == (409, "matter-unknown")
    assert answer.headers["retry-after"]


async def test_a_retired_matter_is_refused(counter: Counter) -> None:
    code = await know_matter(counter.case, state="retired")

    answer = await counter.submit(code)

    assert (answer.status_code, kind(answer)) == (409, "matter-retired")


async def test_an_unknown_site_is_refused(counter: Counter) -> None:
    code = await know_matter(counter.case)
    citizen = counter.case.district.headers("citizen")

    answer = await counter.submit(code, headers=citizen, site_id="nowhere")

    assert (answer.status_code, kind(answer)) == (409, "site-unknown")
    assert await count(counter.case, code) == 0


async def test_a_clerk_does_not_submit_for_another_site(counter: Counter) -> None:
    other = await know_site(counter.case, f"site-{uuid4().hex[:8]}")

    answer = await counter.submit(await know_matter(counter.case), site_id=other)

    assert (answer.status_code, kind(answer)) == (403, "foreign-site")


async def test_a_wrong_check_digit_points_at_the_number_with_a_remedy(counter: Counter) -> None:
    right = person()["identity_number"]
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    code = await know_matter(counter.case)

    answer = await counter.submit(code, applicant=person(identity_number=wrong))

    assert answer.status_code == 422
    assert places(answer) == {"/applicant/identity_number"}
    assert answer.json()["errors"][0]["detail"] == "证件号码校验位不符，请逐位核对"
    assert wrong not in answer.text
    assert await count(counter.case, code) == 0


async def test_a_person_older_than_her_county_code_is_welcome(counter: Counter) -> None:
    # 610113 (雁塔区) was coded in the 1980s; she was born in 1946, and has no phone.
    first = "61011319460512002"
    from stdnum.cn import ric

    number = first + ric.calc_check_digit(first + "0")

    answer = await counter.submit(
        await know_matter(counter.case), applicant=person(identity_number=number)
    )

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"form": {}}, "/form/premises"),
        ({"form": {"premises": "x", "odd": "y"}}, "/form/odd"),
        ({"materials": [{"key": "odd"}]}, "/materials/0/key"),
        ({"materials": [{"key": "plan", "evidence": "waived"}]}, "/materials/0/evidence"),
        ({"materials": [{"key": "plan", "evidence": "commitment"}]}, "/materials/0/evidence"),
        ({"situation_answers": {"odd": 1}}, "/situation_answers/odd"),
        ({"applicant": enterprise(credit_code="91610131MA0000000X")}, "/applicant/credit_code"),
        ({"applicant": {"kind": "enterprise", "name": "x"}}, "/applicant/credit_code"),
        ({"applicant": {"kind": "person", "name": "x"}}, "/applicant"),
        ({"applicant": person(name="a\u0000b")}, "/applicant/name"),
        ({"applicant": person(phone="no")}, "/applicant/phone"),
        ({"applicant": person(identity_kind="passport")}, "/applicant/identity_number"),
    ],
)
async def test_each_fault_is_pointed_at(counter: Counter, body: dict[str, Any], place: str) -> None:
    answer = await counter.submit(await know_matter(counter.case), **body)

    assert answer.status_code == 422, answer.text
    assert places(answer) == {place}


async def test_conditions_decide_which_fields_questions_and_materials_apply(
    counter: Counter,
) -> None:
    when = {"fact": "has_branch", "is": "yes"}
    answers = [{"value": "yes"}, {"value": "no"}]
    code = await know_matter(
        counter.case,
        situations=[{"key": "has_branch", "question": "有分支机构吗？", "answers": answers}],
        form_fields=[
            {"key": "branch", "label": "分支", "kind": "text", "required": True, "when": when}
        ],
        materials=[{"key": "lease", "name": "租约", "necessity": "required", "when": when}],
    )

    unanswered = await counter.submit(code, form={})
    with_branch = await counter.submit(code, form={}, situation_answers={"has_branch": "yes"})
    without = await counter.submit(code, form={}, situation_answers={"has_branch": "no"})

    assert places(unanswered) == {"/situation_answers/has_branch"}
    assert places(with_branch) == {"/form/branch"}
    assert without.status_code == 201
    assert without.json()["materials"] == []


async def test_a_matter_for_firms_is_not_for_persons(counter: Counter) -> None:
    code = await know_matter(counter.case, audiences=["enterprise"])

    answer = await counter.submit(code)

    assert places(answer) == {"/applicant/kind"}
    assert (await counter.submit(code, applicant=enterprise())).status_code == 201


async def test_the_same_key_makes_one_case(counter: Counter) -> None:
    code = await know_matter(counter.case)
    headers = {**counter.headers(), "Idempotency-Key": str(uuid4())}
    applicant = person()

    answers = await asyncio.gather(
        *(counter.submit(code, headers=headers, applicant=applicant) for _ in range(4))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert await count(counter.case, code) == 1


async def test_a_citizen_applies_online_and_only_so(counter: Counter) -> None:
    code = await know_matter(counter.case)
    citizen = counter.case.district.headers("citizen", subject="citizen-online")

    online = await counter.submit(code, headers=citizen)
    at_window = await counter.submit(code, headers=citizen, channel="window")
    for_other = await counter.submit(code, headers=citizen, applicant_subject="someone-else")

    assert online.json()["channel"] == "online"
    assert online.json()["actions"] == ["withdraw"]
    assert places(at_window) == {"/channel"}
    assert places(for_other) == {"/applicant_subject"}


@pytest.mark.parametrize("role", ["reviewer", "approver", "supervisor", "ops", "catalog_editor"])
async def test_others_do_not_apply(counter: Counter, role: str) -> None:
    answer = await counter.submit("x", headers=counter.headers(role))

    assert (answer.status_code, kind(answer)) == (403, "not-allowed")


@pytest.mark.parametrize(
    ("claims", "status"),
    [({"exp": 1}, 401), ({"iss": "urn:other"}, 401), ({"district": "610172"}, 403)],
)
async def test_a_token_that_is_not_good_makes_no_case(
    counter: Counter, claims: dict[str, Any], status: int
) -> None:
    code = await know_matter(counter.case)

    answer = await counter.submit(code, headers=counter.headers(**claims))

    assert answer.status_code == status
    assert await count(counter.case, code) == 0


async def test_whoever_comes_first_to_a_matter_keeps_no_connection_from_the_others(
    counter: Counter,
) -> None:
    waived = {"key": "id", "name": "营业执照", "necessity": "required", "waived_by": ["licence"]}
    code = await know_matter(counter.case, materials=[waived])
    many = 3 * counter.case.settings.api_pool

    answers = await asyncio.wait_for(
        asyncio.gather(*(counter.submit(code, applicant=person()) for _ in range(many))), 8
    )

    assert [one.status_code for one in answers] == [201] * many


async def test_a_submission_takes_six_statements_at_most(counter: Counter) -> None:
    code = await know_matter(counter.case)
    headers = {**counter.headers(), "Idempotency-Key": str(uuid4())}
    before = db.STATEMENTS._value.get()

    answer = await counter.submit(code, headers=headers)

    assert answer.status_code == 201
    assert db.STATEMENTS._value.get() - before <= 6


async def test_a_person_is_found_by_a_number_made_of_nobody(counter: Counter) -> None:
    number = identity_number(date(1946, 5, 12))

    answer = await counter.submit(
        await know_matter(counter.case), applicant=person(identity_number=f" {number} ")
    )

    assert answer.status_code == 201
