"""A case rests on a partner's licence: what may be relied on, and what an end does to the case."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from case_service.licences import endings, service, telling
from case_service.licences.vocabulary import EndGround, LicenceAct
from case_service.reliances.rules import Proof, faults_of
from case_service.reliances.vocabulary import ProofFault, ProofState
from support.case_rows import stored_case
from support.case_world import SITE, Counter, enterprise, know_matter, know_site
from tongban.clock import utc_now
from tongban.identity import Caller, Role
from tongban.testing.fixtures import RunningService, envelope

ISSUER = "610971"
MATERIALS = [
    {"key": "plan", "name": "平面图", "necessity": "required"},
    {
        "key": "licence",
        "name": "营业执照",
        "necessity": "required",
        "waived_by": ["business_licence"],
    },
]
AT = utc_now()
GOOD = Proof(
    counts_as="business_licence",
    purpose="11610131MB2A12345X4610100000001",
    state=ProofState.USABLE,
    usable_until=AT + timedelta(hours=1),
    valid_until=date(2999, 1, 1),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"valid_until": None}, None),
        ({"counts_as": "other"}, ProofFault.OTHER_TYPE),
        ({"purpose": "another"}, ProofFault.OTHER_PURPOSE),
        ({"usable_until": AT}, ProofFault.LAPSED),
        ({"valid_until": date(2026, 3, 1)}, ProofFault.EXPIRED),
        ({"state": ProofState.DISPUTED}, ProofFault.DISPUTED),
        ({"state": ProofState.ENDED}, ProofFault.ENDED),
    ],
)
def test_a_document_proves_what_it_was_asked_for_while_it_stands(
    changes: dict[str, Any], fault: ProofFault | None
) -> None:
    found = faults_of(
        replace(GOOD, **changes),
        proven_by=["business_licence"],
        matter_code=GOOD.purpose,
        today=date(2026, 3, 2),
        at=AT,
    )

    assert found == ([fault] if fault is not None else [])


class Exchange:
    """What interop tells of one document, and of the case that rests on it."""

    def __init__(self, counter: Counter, purpose: str) -> None:
        self.counter, self.case, self.purpose = counter, counter.case, purpose
        self.proof_id, self.number = str(uuid4()), f"{ISSUER}-ZZ-2026-{uuid4().hex[:6]}"
        self.steps, self.states = count(1), count(1)

    async def tells_proof(self, **changes: Any) -> None:
        data = {
            "proof_id": self.proof_id,
            "issuer_district": ISSUER,
            "document_number": self.number,
            "counts_as": "business_licence",
            "purpose": self.purpose,
            "state": "usable",
            "usable_until": (utc_now() + timedelta(hours=1)).isoformat(),
            "valid_until": "2999-01-01",
            **changes,
        }
        await self.case.hear(
            envelope("interop.proof.changed", self.proof_id, data, sequence=next(self.states))
        )

    async def tells(self, reliance_id: str, fact: str, **data: Any) -> None:
        values = {
            "reliance_id": reliance_id,
            "case_id": str(uuid4()),
            "issuer_district": ISSUER,
            "document_number": self.number,
            "at": utc_now().isoformat(),
            **data,
        }
        told = envelope(f"interop.reliance.{fact}", reliance_id, values, sequence=next(self.steps))
        await self.case.hear(told, told)

    async def ends(self, reliance_id: str) -> None:
        await self.tells(reliance_id, "ended", change="revoked", effective_from="2026-03-02")

    async def rely(
        self, case_id: str, role: str = "clerk", site: str | None = SITE, **body: Any
    ) -> httpx.Response:
        headers = self.case.district.headers(role, site_id=site)
        return await self.case.client.post(
            f"/api/v1/cases/{case_id}/reliances",
            json={"key": "licence", "proof_id": self.proof_id, **body},
            headers=headers,
        )

    async def relied(self, case_id: str) -> str:
        answer = await self.rely(case_id)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


async def begun(counter: Counter, **changes: Any) -> tuple[str, Exchange]:
    """A received case that misses a business licence, and a proof of one."""
    code = await know_matter(counter.case, materials=MATERIALS, **changes)
    case_id = str((await counter.submit(code, applicant=enterprise())).json()["id"])
    await counter.upload(case_id)
    await counter.took(case_id, "receive")
    exchange = Exchange(counter, code)
    await exchange.tells_proof()
    return case_id, exchange


def material(case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in case["materials"] if one["key"] == "licence")
    return found


async def actions_of(counter: Counter, case_id: str) -> list[str]:
    answer = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/timeline", headers=counter.headers()
    )
    return [one["action"] for one in answer.json()]


async def affected(counter: Counter, number: str, **query: str) -> list[dict[str, Any]]:
    answer = await counter.case.client.get(
        "/api/v1/supervision/affected-cases",
        params={"document_number": number, **query},
        headers=counter.case.district.headers("supervisor"),
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


async def test_a_partner_s_licence_proves_a_material_and_its_issuer_is_to_be_told(
    counter: Counter,
) -> None:
    case_id, exchange = await begun(counter)

    reliance_id = await exchange.relied(case_id)

    state = material(await counter.read(case_id))
    assert (state["evidence"], state["is_missing"]) == ("licence", False)
    assert state["proof"]["licence_number"] == exchange.number
    assert state["proof"]["issuer_district"] == ISSUER
    assert (await actions_of(counter, case_id))[-1] == "rely"
    [told] = await counter.case.outbox.envelopes(reliance_id)
    assert told.event_type == "case.reliance.recorded"
    assert (told.data["proof_id"], told.data["case_id"]) == (exchange.proof_id, case_id)
    assert (await counter.took(case_id, "accept"))["stage"] == "accepted"
    assert await affected(counter, exchange.number) == []


async def test_what_does_not_prove_it_or_is_unknown_is_refused(counter: Counter) -> None:
    case_id, exchange = await begun(counter)

    unknown = await exchange.rely(case_id, proof_id=str(uuid4()))
    elsewhere = await exchange.rely(case_id, key="plan")
    nowhere = await exchange.rely(case_id, key="none")
    no_case = await exchange.rely(str(uuid4()))
    by_citizen = await exchange.rely(case_id, "citizen", None)
    other_site = await exchange.rely(case_id, "clerk", "zhangba-street")
    await exchange.tells_proof(state="ended")
    over = await exchange.rely(case_id)

    assert (unknown.status_code, kind(unknown)) == (404, "partner-proof-not-found")
    assert (elsewhere.status_code, elsewhere.json()["reasons"]) == (409, ["other_type"])
    assert kind(nowhere) == "material-unknown"
    assert kind(no_case) == "case-not-found"
    assert (by_citizen.status_code, other_site.status_code) == (403, 403)
    assert (kind(over), over.json()["reasons"]) == ("proof-proves-nothing", ["ended"])
    assert material(await counter.read(case_id))["is_missing"]


async def test_before_acceptance_what_ended_is_missing_again(counter: Counter) -> None:
    case_id, exchange = await begun(counter)
    reliance_id = await exchange.relied(case_id)

    await exchange.tells(reliance_id, "disputed")
    disputed = await affected(counter, exchange.number)
    await exchange.ends(reliance_id)

    state = material(await counter.read(case_id))
    assert [one["state"] for one in disputed] == ["disputed"]
    assert (state["evidence"], state["proof"], state["is_missing"]) == (None, None, True)
    refused = await counter.act(case_id, "accept")
    assert kind(refused) == "materials-missing"
    told = await actions_of(counter, case_id)
    assert told[-3:] == ["rely", "reliance_disputed", "reliance_ended"]
    [listed] = await affected(counter, exchange.number, issuer_district=ISSUER)
    assert (listed["case_id"], listed["change"]) == (case_id, "revoked")
    assert listed["effective_from"] == "2026-03-02"


async def test_before_the_decision_what_ended_is_owed_and_may_be_proven_anew(
    counter: Counter,
) -> None:
    case_id, exchange = await begun(counter)
    reliance_id = await exchange.relied(case_id)
    await counter.took(case_id, "accept")
    await counter.took(case_id, "review", "reviewer", comment="符合")

    await exchange.ends(reliance_id)
    owed = await counter.read(case_id)
    refused = await counter.act(case_id, "decide", "approver", outcome="granted")
    again = Exchange(counter, exchange.purpose)
    await again.tells_proof()
    await again.relied(case_id)
    decided = await counter.took(case_id, "decide", "approver", outcome="granted")

    assert [one["key"] for one in owed["tolerated"]] == ["licence"]
    assert owed["supply_due_on"] is not None
    assert (refused.status_code, kind(refused)) == (409, "action-not-allowed")
    assert (decided["outcome"], decided["tolerated"]) == ("granted", [])


async def test_a_decided_case_is_noted_and_listed_and_stays_as_it_is(counter: Counter) -> None:
    case_id, exchange = await begun(counter, results=[{"kind": "notice", "name": "通知书"}])
    reliance_id = await exchange.relied(case_id)
    await counter.took(case_id, "accept")
    await counter.took(case_id, "review", "reviewer", comment="符合")
    await counter.took(case_id, "decide", "approver", outcome="granted")
    await counter.took(case_id, "close")

    await exchange.ends(reliance_id)
    await exchange.tells(reliance_id, "cleared")  # crossed: nothing follows an end

    after = await counter.read(case_id)
    assert (after["stage"], after["outcome"]) == ("closed", "granted")
    assert (await actions_of(counter, case_id)).count("reliance_ended") == 1
    [listed] = await affected(counter, exchange.number, state="ended")
    assert (listed["stage"], listed["outcome"]) == ("closed", "granted")
    of_case = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/reliances", headers=counter.headers()
    )
    assert [one["id"] for one in of_case.json()] == [reliance_id]


async def test_the_end_of_a_licence_that_came_as_a_case_s_result_is_in_its_timeline(
    counter: Counter,
) -> None:
    case_id, exchange = await begun(counter)

    await exchange.tells(
        str(uuid4()),
        "ended",
        case_id=case_id,
        change="revoked",
        effective_from="2026-03-02",
    )

    assert (await actions_of(counter, case_id)).count("reliance_ended") == 1


async def test_a_rejected_dispute_leaves_the_list_and_stays_in_the_history(
    counter: Counter,
) -> None:
    case_id, exchange = await begun(counter)
    reliance_id = await exchange.relied(case_id)

    await exchange.tells(reliance_id, "disputed")
    await exchange.tells(reliance_id, "cleared")

    assert await affected(counter, exchange.number) == []
    assert not material(await counter.read(case_id))["is_missing"]
    told = await actions_of(counter, case_id)
    assert told[-2:] == ["reliance_disputed", "reliance_standing"]


async def test_supervision_alone_sees_the_list(counter: Counter) -> None:
    for role, status in (("supervisor", 200), ("approver", 200), ("clerk", 403), ("citizen", 403)):
        answer = await counter.case.client.get(
            "/api/v1/supervision/affected-cases", headers=counter.case.district.headers(role)
        )
        assert answer.status_code == status


async def test_how_a_licence_stands_is_told_with_its_issue_its_end_and_again(
    case: RunningService,
) -> None:
    stored = await stored_case(case)
    async with case.context.sessions.begin() as session:
        licence, _ = await service.issue(
            session,
            case.context,
            case_id=stored.id,
            case_number=stored.number,
            licence_type="food_business_licence",
            name="食品经营许可证",
            holder={"name": "黄先生", "identity_number": "610113197001011232"},
            validity_months=60,
            at=case.context.clock(),
            issued_by="clerk-1",
        )
    async with case.context.sessions.begin() as session:
        await endings.end(
            session,
            case.context,
            licence.id,
            LicenceAct.RESCIND,
            ground=EndGround.FRAUD,
            reason="以欺骗手段取得",
            if_match=None,
            at=case.context.clock(),
            caller=Caller(
                subject="approver-1",
                roles=frozenset({Role.APPROVER}),
                district=case.district.code,
            ),
        )

    told = await case.outbox.envelopes(str(licence.id))
    async with case.context.sessions() as session:
        again = [one async for one in telling.states(session)]

    assert [one.data["state"] for one in told] == ["valid", "rescinded"]
    assert [one.sequence for one in told] == [1, 2]
    assert (told[1].data["ground"], told[1].data["invalid_from"]) == (
        "fraud",
        told[1].data["valid_from"],
    )
    assert licence.verification_code not in str(told)
    assert "黄" not in str([one.data for one in told])
    [mine] = [(event, sequence) for event, sequence in again if event.key() == str(licence.id)]
    assert (mine[0].model_dump(mode="json"), mine[1]) == (told[1].data, 2)
