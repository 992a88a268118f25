"""收受分离: what a case does at the near district and at its owner, in each of the three modes."""

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from case_service.cases.packing import PackageBroken
from support.case_exchange import (
    AT,
    arrival,
    cases_of,
    forwarded,
    left_for_case,
    read_by_interop,
)
from support.case_world import (
    PARTNER,
    PDF,
    Counter,
    know_matter,
    know_partner_matter,
    know_site,
    person,
)
from tongban.messages import Envelope
from tongban.objects import LeftFile, leave_file, open_file
from tongban.testing.fixtures import RunningService, envelope

OTHER = "610971"
NUMBER = "610172202603020000019"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


class Owner:
    """The owner's side of one exchange, as interop tells the near district's case of it."""

    def __init__(self, case: RunningService, exchange_id: str, case_id: str) -> None:
        self.case, self.exchange_id, self.case_id = case, exchange_id, case_id
        self.told = 0

    async def tells(self, fact: str, **data: Any) -> None:
        self.told += 1
        content = data.pop("content", None)
        if content is not None:
            data["content"] = await left_for_case(self.case, content)
        values = {
            "exchange_id": self.exchange_id,
            "case_id": self.case_id,
            "at": AT,
            "district": PARTNER,
            "owner_number": NUMBER,
            "mode": "proxy",
            **data,
        }
        await self.case.hear(
            envelope(f"interop.exchange.{fact}", self.exchange_id, values, sequence=self.told)
        )

    async def progresses(self, stage: str, **data: Any) -> None:
        await self.tells("progressed", stage=stage, **data)


async def told_to_applicant(case: RunningService, case_id: str) -> list[str]:
    rows = await case.execute(
        "SELECT kind FROM notices WHERE case_id = :id ORDER BY id", id=case_id
    )
    return list(rows.scalars())


async def test_the_near_window_owes_forwarding_until_the_owner_has_it(counter: Counter) -> None:
    case_id, exchange_id, _ = await forwarded(counter)
    owner = Owner(counter.case, exchange_id, case_id)
    sent = await counter.read(case_id)
    clock = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/clock", headers=counter.headers()
    )

    await owner.tells("acknowledged", receipt_id=str(uuid4()))

    there = await counter.read(case_id)
    after = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/clock", headers=counter.headers()
    )
    assert (sent["with_owner_since"], clock.json()["running_clock"]) == (None, "forward")
    assert clock.json()["light"] is not None
    assert there["with_owner_since"] is not None
    assert (after.json()["running_clock"], after.json()["light"]) == (None, None)
    assert there["forward_due_on"] == sent["forward_due_on"]


async def test_corrections_travel_both_ways_and_are_told_once(counter: Counter) -> None:
    case_id, exchange_id, _ = await forwarded(counter)
    owner = Owner(counter.case, exchange_id, case_id)
    missing = [{"material": "plan", "what": "平面图须盖章"}]

    await owner.progresses(
        "corrections_requested", due_on="2026-03-23", content={"missing": missing}
    )
    asked = await counter.read(case_id)
    await counter.upload(case_id, content=PDF + b"% stamped")
    answered = await counter.took(case_id, "correct")
    await owner.progresses("accepted", statutory_due_on="2026-04-10", promised_due_on="2026-03-09")

    assert (asked["stage"], asked["owner_stage"]) == ("correcting", "corrections_requested")
    assert asked["missing"] == [{**missing[0], "district": PARTNER}]
    assert {"correct", "withdraw"} <= set(asked["actions"])
    assert (answered["stage"], answered["missing"]) == ("forwarded", [])
    told = [
        one
        for one in await counter.case.outbox.envelopes(case_id)
        if one.event_type == "case.case.corrected"
    ]
    package = await read_by_interop(counter.case, told[0].data["package"])
    assert package["form"] is None
    assert [base64.b64decode(one["content"]) for one in package["materials"]] == [
        PDF + b"% stamped"
    ]
    accepted = await counter.read(case_id)
    assert (accepted["promised_due_on"], accepted["stage"]) == ("2026-03-09", "forwarded")
    assert await told_to_applicant(counter.case, case_id) == ["correction", "accepted"]


async def test_every_step_of_the_owner_is_mirrored_and_told(counter: Counter) -> None:
    case_id, exchange_id, _ = await forwarded(counter)
    owner = Owner(counter.case, exchange_id, case_id)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("accepted", {"statutory_due_on": "2026-04-10", "promised_due_on": "2026-03-09"}),
        ("suspended", {"procedure": "hearing", "planned_days": 10}),
        ("resumed", {"statutory_due_on": "2026-04-24", "promised_due_on": "2026-03-23"}),
        (
            "extended",
            {"days": 5, "statutory_due_on": "2026-05-01", "promised_due_on": "2026-03-30"},
        ),
        ("decided", {"outcome": "granted"}),
        ("licence_issued", {"licence_type": "food_business_licence"}),
        ("delivered", {"way": "post"}),
    ]
    for stage, facts in steps:
        await owner.progresses(stage, **facts)

        seen = await counter.read(case_id)
        assert seen["owner_stage"] == stage
    assert seen["promised_due_on"] == "2026-03-30"

    await owner.tells("result", outcome="granted", is_recognised=True, result=None)
    closed = await counter.read(case_id)
    handed = await counter.took(case_id, "deliver", way="counter")
    again = await counter.act(case_id, "deliver", way="counter")
    await owner.progresses("archived")

    assert (closed["stage"], "deliver" in closed["actions"]) == ("closed", True)
    assert handed["handed_over_at"] is not None
    assert handed["documents"][-1]["kind"] == "proof_of_service"
    assert again.status_code == 409
    assert "case.case.delivered" in await counter.case.outbox.types(case_id)
    assert await told_to_applicant(counter.case, case_id) == [
        "accepted",
        "suspended",
        "resumed",
        "extended",
        "decided",
    ]


async def test_a_withdrawal_is_asked_of_the_owner_and_stands_by_its_answer(
    counter: Counter,
) -> None:
    case_id, exchange_id, _ = await forwarded(counter)
    owner = Owner(counter.case, exchange_id, case_id)

    asked = await counter.took(case_id, "withdraw", reason="不办了")
    again = await counter.act(case_id, "withdraw")
    await owner.tells("result", outcome="withdrawn", is_recognised=False, result=None)

    ended = await counter.read(case_id)
    assert (asked["stage"], again.status_code) == ("forwarded", 409)
    assert asked["withdrawal_requested_at"] is not None
    assert (ended["stage"], ended["outcome"]) == ("closed", "withdrawn")
    assert "case.case.withdrawal_requested" in await counter.case.outbox.types(case_id)
    assert "deliver" not in ended["actions"]


async def test_online_the_owner_tells_the_applicant(counter: Counter) -> None:
    case_id, exchange_id, _ = await forwarded(counter, mode="online")
    owner = Owner(counter.case, exchange_id, case_id)

    await owner.progresses("accepted", statutory_due_on="2026-04-10", promised_due_on="2026-03-09")
    await owner.tells("result", outcome="granted", is_recognised=True, result=None)

    closed = await counter.read(case_id)
    assert await told_to_applicant(counter.case, case_id) == []
    assert (closed["stage"], "deliver" in closed["actions"]) == ("closed", False)


def standing(*states: tuple[str, str, str | None]) -> list[dict[str, Any]]:
    return [
        {
            "district": district,
            "state": state,
            "owner_number": None,
            "since": AT,
            "due_on": None,
            "outcome": outcome,
        }
        for district, state, outcome in states
    ]


async def test_a_joint_case_follows_all_of_its_owners(counter: Counter) -> None:
    case_id, exchange_id, _ = await forwarded(counter, mode="joint")
    owner = Owner(counter.case, exchange_id, case_id)
    notice = {"number": "610971-JG-1", "kind": "result_notice"}
    dates = {"statutory_due_on": "2026-04-10", "promised_due_on": "2026-03-09"}
    later = {"statutory_due_on": "2026-04-10", "promised_due_on": "2026-03-16"}

    await owner.progresses(
        "accepted",
        **dates,
        standing=standing((PARTNER, "accepted", None), (OTHER, "received", None)),
    )
    one_of_two = await told_to_applicant(counter.case, case_id)
    await owner.progresses(
        "accepted",
        district=OTHER,
        **later,
        standing=standing((PARTNER, "accepted", None), (OTHER, "accepted", None)),
    )
    await owner.progresses(
        "concluded",
        district=OTHER,
        outcome="granted",
        content={"notice": notice},
        standing=standing((PARTNER, "accepted", None), (OTHER, "concluded", "granted")),
    )
    waiting = await counter.read(case_id)
    await owner.tells("result", outcome="granted", is_recognised=True, result=None)

    closed = await counter.read(case_id)
    owners = {one["district"]: one for one in waiting["owners"]}
    assert one_of_two == []
    assert (waiting["stage"], waiting["promised_due_on"]) == ("forwarded", "2026-03-16")
    assert owners[OTHER]["notice"] == notice
    assert (owners[OTHER]["outcome"], owners[PARTNER]["stage"]) == ("granted", "accepted")
    assert closed["stage"] == "closed"
    assert await told_to_applicant(counter.case, case_id) == ["accepted", "decided"]


async def at_owner(counter: Counter, *, mode: str = "proxy", **changes: Any) -> tuple[str, str]:
    """A case of ours that came from a near district: its id and its exchange."""
    exchange_id = str(uuid4())
    code = await know_matter(counter.case)
    await counter.case.hear(await arrival(counter.case, code, exchange_id, mode=mode, **changes))
    (case_id,) = await cases_of(counter.case, exchange_id)
    return case_id, exchange_id


async def test_a_large_file_is_left_beside_the_package_and_taken_in_from_there(
    counter: Counter,
) -> None:
    """What one district's case-service leaves is what another's is handed, interop between them."""
    case = counter.case
    content = PDF + os.urandom(600_000)
    code = await know_partner_matter(case)
    case_id = await counter.submitted(code, form={}, applicant=person(name="黄先生"))
    await counter.upload(case_id, content=content)
    await counter.took(case_id, "forward")
    told = (await case.outbox.envelopes(case_id))[-1]
    [material] = (await read_by_interop(case, told.data["package"]))["materials"]
    own, there = await know_matter(case), str(uuid4())

    await case.hear(await arrival(case, own, there, materials=[material]))
    (taken,) = await cases_of(case, there)
    [file] = (await counter.read(taken))["materials"][0]["files"]
    read = await case.client.get(
        f"/api/v1/cases/{taken}/materials/{file['id']}/content", headers=counter.headers("reviewer")
    )

    assert "content" not in material
    left = LeftFile.model_validate(material["file"])
    pieces = [piece async for piece in open_file(case.context.objects, left)]
    assert b"".join(pieces) == content
    assert (read.status_code, read.content) == (200, content)


async def test_a_file_that_is_not_what_its_package_says_keeps_the_case_out(
    counter: Counter,
) -> None:
    case, there = counter.case, str(uuid4())
    left = await leave_file(case.context.objects, one_piece(PDF))
    material = {
        "key": "plan",
        "name": "经营场所平面图",
        "media_type": "application/pdf",
        "size": len(PDF),
        "sha256": "0" * 64,
        "file": left.model_dump(mode="json"),
    }
    told = await arrival(case, await know_matter(case), there, materials=[material])

    with pytest.raises(PackageBroken):
        await case.hear(told)

    assert await cases_of(case, there) == []


async def one_piece(content: bytes) -> AsyncIterator[bytes]:
    yield content


def near_told(fact: str, exchange_id: str, **data: Any) -> Envelope:
    values = {"exchange_id": exchange_id, "at": AT, **data}
    return envelope(f"interop.exchange.{fact}", exchange_id, values, sequence=2)


async def test_the_owner_asks_once_and_takes_what_the_near_window_took_in(
    counter: Counter,
) -> None:
    case = counter.case
    case_id, exchange_id = await at_owner(counter)
    asked = [{"material": "plan", "what": "平面图须盖章"}]
    await counter.took(case_id, "request_correction", missing=asked)
    told = (await case.outbox.envelopes(case_id))[-1]
    content = await read_by_interop(case, told.data["content"])
    stamped = PDF + b"% stamped"
    supplied = {
        "form": {"premises": "曲江池东路2号"},
        "materials": [
            {
                "key": "plan",
                "name": "经营场所平面图",
                "media_type": "application/pdf",
                "size": len(stamped),
                "sha256": hashlib.sha256(stamped).hexdigest(),
                "content": base64.b64encode(stamped).decode(),
            }
        ],
    }
    corrected = near_told("corrected", exchange_id, package=await left_for_case(case, supplied))

    await case.hear(corrected, corrected)

    taken = await counter.read(case_id)
    assert content["missing"] == asked
    assert content["notice"]["kind"] == "correction_notice" or content["notice"]["seal"]
    assert (taken["stage"], taken["form"]["premises"]) == ("received", "曲江池东路2号")
    assert len(taken["materials"][0]["files"]) == 3
    assert await told_to_applicant(case, case_id) == []  # the near window tells him
    late = near_told("corrected", exchange_id, package=await left_for_case(case, supplied))
    await case.hear(late.model_copy(update={"sequence": 3}))
    assert (await counter.read(case_id))["stage"] == "received"


@pytest.mark.parametrize("is_decided", [False, True])
async def test_a_withdrawal_stands_unless_it_is_decided(counter: Counter, is_decided: bool) -> None:
    case_id, exchange_id = await at_owner(counter)
    if is_decided:
        await counter.took(case_id, "accept")
        await counter.took(case_id, "review", "reviewer", headers=counter.headers("reviewer"))
        await counter.took(
            case_id, "decide", "approver", outcome="granted", headers=counter.headers("approver")
        )

    await counter.case.hear(near_told("withdrawal_requested", exchange_id))

    found = await counter.read(case_id)
    assert found["stage"] == ("decided" if is_decided else "withdrawn")
    path = f"/api/v1/cases/{case_id}/timeline"
    steps = (await counter.case.client.get(path, headers=counter.headers())).json()
    assert steps[-1]["action"] == ("withdrawal_too_late" if is_decided else "withdraw")


async def test_delegated_acceptance_starts_the_clocks_with_the_near_receipt(
    counter: Counter,
) -> None:
    case_id, _ = await at_owner(
        counter, delegated_acceptance=True, received_at="2026-03-04T02:00:00Z"
    )
    own_id, _ = await at_owner(counter, received_at="2026-03-04T02:00:00Z")

    accepted, received = await counter.read(case_id), await counter.read(own_id)
    assert (accepted["stage"], received["stage"]) == ("accepted", "received")
    assert accepted["accepted_at"][:10] == "2026-03-02"  # the package was received there then
    assert received["received_at"][:10] == "2026-03-04"


async def test_online_the_owner_tells_and_a_decline_goes_back_sealed(counter: Counter) -> None:
    case_id, _ = await at_owner(counter, mode="online")

    await counter.took(case_id, "decline", reason="不属于本机关职权")

    told = (await counter.case.outbox.envelopes(case_id))[-1]
    result = await read_by_interop(counter.case, told.data["result"])
    assert (result["outcome"], result["notice"]["seal"].count(".")) == ("declined", 2)
    assert result["reason"] == "不属于本机关职权"
    assert await told_to_applicant(counter.case, case_id) == ["declined"]
