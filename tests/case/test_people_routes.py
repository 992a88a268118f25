"""A person gets everything kept about him, and has erased what no law keeps."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from case_service.cases.rules import Outcome, Stage
from case_service.cases.tables import Case
from case_service.people.rules import (
    CaseAge,
    Kept,
    kept_because,
)
from support.case_world import Counter, know_matter, know_site, person
from tongban.clock import local_date
from tongban.kernel import LedgerRow
from tongban.testing.fixtures import RunningService

TODAY = date(2026, 3, 2)


def age(**changes: Any) -> CaseAge:
    return CaseAge(
        **{
            "stage": Stage.CLOSED,
            "outcome": Outcome.GRANTED,
            "was_received": True,
            "closed_on": date(2020, 1, 1),
            "has_valid_licence": False,
            "kept_until": date(2031, 1, 1),
            "is_filed": True,
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("case_age", "reason"),
    [
        (age(closed_on=None, stage=Stage.ACCEPTED), Kept.UNDER_WAY),
        (age(), Kept.RETENTION),
        (age(kept_until=TODAY + timedelta(days=1)), Kept.RETENTION),
        (age(kept_until=None), Kept.RETENTION),
        (age(kept_until=TODAY), Kept.APPRAISAL),
        (age(kept_until=TODAY, is_filed=False), None),
        (age(closed_on=date(2000, 1, 1), has_valid_licence=True), Kept.LICENCE_VALID),
        (age(stage=Stage.WITHDRAWN), Kept.RETENTION),
        (age(stage=Stage.WITHDRAWN, was_received=False), None),
        (age(stage=Stage.DECLINED), Kept.RETENTION),
    ],
)
def test_what_the_law_keeps_and_why(case_age: CaseAge, reason: Kept | None) -> None:
    assert kept_because(case_age, today=TODAY) is reason


class Citizen:
    """Somebody with an account, who applies, asks and agrees."""

    def __init__(self, case: RunningService) -> None:
        self.case = case
        self.subject = f"citizen-{uuid4().hex[:8]}"
        self.headers = case.district.headers("citizen", subject=self.subject)
        self.applicant = person(phone="13800001234")

    async def applies(self) -> str:
        await know_site(self.case)
        answer = await Counter(self.case).submit(
            await know_matter(self.case),
            headers=self.headers,
            applicant=self.applicant,
            form={"premises": "唐延路一号"},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def withdraws(self, case_id: str) -> None:
        answer = await Counter(self.case).act(
            case_id, "withdraw", headers=self.headers, reason="不办了"
        )
        assert answer.status_code == 200, answer.text

    async def exports(self) -> dict[str, Any]:
        answer = await self.case.client.get("/api/v1/me/export", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def erases(self) -> dict[str, Any]:
        answer = await self.case.client.post("/api/v1/me/erasure", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
def citizen(case: RunningService) -> Citizen:
    return Citizen(case)


async def test_everything_about_me_is_handed_out_to_me(citizen: Citizen) -> None:
    case, mine = citizen.case, citizen.headers
    case_id = await citizen.applies()
    await case.client.post("/api/v1/me/consents", json={"purpose": "call_back"}, headers=mine)
    await case.client.post(
        "/api/v1/enquiries", json={"kind": "complaint", "question": "太慢了"}, headers=mine
    )
    until = (case.context.clock() + timedelta(days=9)).date().isoformat()
    agent = {"kind": "family", "agent_subject": "x", "agent_name": "小兰", "until": until}
    await case.client.post("/api/v1/me/authorities", json=agent, headers=mine)

    told = await citizen.exports()

    [one] = told["cases"]
    assert one["id"] == case_id
    assert one["applicant"]["identity_number"] == citizen.applicant["identity_number"]
    assert one["form"] == {"premises": "唐延路一号"}
    assert [row["question"] for row in told["enquiries"]] == ["太慢了"]
    assert (len(told["consents"]), len(told["authorities"])) == (1, 1)
    assert [row["request"] for row in told["requests"]] == ["export"]
    assert told["is_whole"]


async def test_nobody_elses_data_is_among_it(citizen: Citizen) -> None:
    await Citizen(citizen.case).applies()

    assert (await citizen.exports())["cases"] == []


async def test_what_was_withdrawn_before_receipt_is_erased(citizen: Citizen) -> None:
    case = citizen.case
    case_id = await citizen.applies()
    assert (await Counter(case).upload(case_id, headers=citizen.headers)).status_code == 201
    await citizen.withdraws(case_id)

    answer = await citizen.erases()

    assert (answer["erased"]["cases"], answer["erased"]["materials"]) == (1, 1)
    assert answer["kept"] == []
    full = await case.client.get(
        f"/api/v1/cases/{case_id}?full=true", headers=Counter(case).headers()
    )
    assert full.json()["applicant"] == {"kind": "person", "name": "（已删除）"}
    assert full.json()["form"] == {}
    assert (await citizen.exports())["cases"] == []
    found = await case.client.post(
        "/api/v1/people/export", json=asked_for(citizen), headers=Counter(case).headers()
    )
    assert found.json()["cases"] == []


def asked_for(citizen: Citizen) -> dict[str, Any]:
    number = citizen.applicant["identity_number"]
    return {"person": {"identity_number": number}, "evidence": "申-2026-3"}


async def test_what_the_law_keeps_stays_with_the_reason(citizen: Citizen) -> None:
    open_id = await citizen.applies()
    kept_id = await citizen.applies()
    async with citizen.case.context.sessions.begin() as session:
        row = await session.get_one(Case, kept_id)
        row.stage, row.outcome = Stage.CLOSED, Outcome.GRANTED
        row.received_at = row.closed_at = citizen.case.context.clock()
        numbers = {row.number: "retention"}
        numbers[(await session.get_one(Case, open_id)).number] = "under_way"
    await citizen.case.client.post(
        "/api/v1/me/consents", json={"purpose": "call_back"}, headers=citizen.headers
    )

    answer = await citizen.erases()

    kept = {one["number"]: one["reason"] for one in answer["kept"] if one["what"] == "case"}
    assert kept == numbers
    assert "proof_of_consent" in {one["reason"] for one in answer["kept"]}
    [filed] = [one for one in answer["kept"] if one["reason"] == "retention"]
    assert filed["until"] == f"{_today(citizen).year + 31}-01-01"
    assert filed["explained"]["zh-CN"]
    assert len((await citizen.exports())["cases"]) == 2


def _today(citizen: Citizen) -> date:
    return local_date(citizen.case.context.clock())


async def test_erasing_twice_is_no_fault(citizen: Citizen) -> None:
    await citizen.withdraws(await citizen.applies())

    first, second = await citizen.erases(), await citizen.erases()

    assert (first["erased"]["cases"], second["erased"].get("cases", 0)) == (1, 0)


async def test_who_has_no_account_asks_before_a_clerk_on_record(citizen: Citizen) -> None:
    case = citizen.case
    counter = Counter(case)
    await know_site(case)
    case_id = await counter.submitted(applicant=citizen.applicant)

    told = await case.client.post(
        "/api/v1/people/export", json=asked_for(citizen), headers=counter.headers()
    )

    assert [one["id"] for one in told.json()["cases"]] == [case_id]
    async with case.context.sessions() as session:
        noted = await session.scalars(
            select(LedgerRow).where(
                LedgerRow.actor == counter.clerk, LedgerRow.action == "person.export"
            )
        )
    assert [one.payload["is_on_behalf"] for one in noted] == [True]


@pytest.mark.parametrize("role", ["citizen", "reviewer", "supervisor", "admin", "helper"])
async def test_only_a_clerk_asks_for_somebody(citizen: Citizen, role: str) -> None:
    answer = await citizen.case.client.post(
        "/api/v1/people/export",
        json=asked_for(citizen),
        headers=citizen.case.district.headers(role),
    )

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "who",
    [
        {},
        {"identity_number": "1"},
        {"credit_code": "1"},
        {"identity_number": "610113195203081220", "credit_code": "91610131MA6TXXXX0X"},
    ],
)
async def test_a_person_is_named_by_one_right_number(citizen: Citizen, who: dict[str, str]) -> None:
    answer = await citizen.case.client.post(
        "/api/v1/people/erasure",
        json={"person": who, "evidence": "申-1"},
        headers=Counter(citizen.case).headers(),
    )

    assert answer.status_code == 422


async def test_the_preference_is_chinese_until_it_is_changed(citizen: Citizen) -> None:
    path = "/api/v1/me/preferences"

    before = await citizen.case.client.get(path, headers=citizen.headers)
    await citizen.case.client.put(path, json={"language": "en"}, headers=citizen.headers)
    after = await citizen.case.client.get(path, headers=citizen.headers)

    assert (before.json(), after.json()) == ({"language": "zh-CN"}, {"language": "en"})


async def test_once_its_time_is_over_a_file_is_erased_with_its_documents(citizen: Citizen) -> None:
    case, counter = citizen.case, Counter(citizen.case)
    case_id = await citizen.applies()
    await counter.upload(case_id, headers=citizen.headers)
    await counter.took(case_id, "receive")
    await citizen.withdraws(case_id)
    early = await citizen.erases()
    await case.execute(
        "UPDATE cases SET closed_at = now() - interval '11 years' WHERE id = :id", id=case_id
    )

    late = await citizen.erases()

    path = f"/api/v1/cases/{case_id}/documents"
    listed = await case.client.get(path, headers=counter.headers())
    [receipt, *_] = listed.json()["items"]
    read = await case.client.get(f"{path}/{receipt['id']}", headers=counter.headers())
    assert early["erased"].get("cases", 0) == 0
    assert late["erased"]["documents"] >= 1
    assert (read.status_code, read.json()["type"]) == (
        404,
        "urn:tongban:problem:document-not-found",
    )
    row = await case.execute(
        "SELECT string_agg(sealed_body::text, '') FROM documents WHERE case_id = :id", id=case_id
    )
    assert row.scalar_one().strip("\\x") == ""
