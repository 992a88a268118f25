"""A case walked from counter to result, and what stands in its way."""

from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from support.case_world import PARTNER, Counter, know_matter, know_partner_matter, know_site
from tongban import db
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def kind(answer: Any) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


async def test_a_promised_case_goes_from_counter_to_licence(counter: Counter) -> None:
    case_id = await counter.received()

    accepted = await counter.took(case_id, "accept")
    await counter.took(case_id, "review", "reviewer")
    decided = await counter.took(case_id, "decide", "approver", outcome="granted")
    issued = await counter.took(case_id, "issue", "seal_keeper")
    await counter.took(case_id, "deliver", way="window")
    closed = await counter.took(case_id, "close")

    assert accepted["statutory_due_on"] > accepted["promised_due_on"]
    assert decided["issue_due_on"]
    assert issued["licence_number"]
    assert closed["stage"] == "closed"
    assert closed["outcome"] == "granted"
    assert closed["actions"] == []
    kinds = [document["kind"] for document in closed["documents"]]
    assert kinds == ["receipt", "acceptance", "decision", "proof_of_service"]
    assert await counter.case.outbox.types(case_id) == [
        f"case.case.{fact}"
        for fact in (
            "submitted",
            "received",
            "accepted",
            "reviewed",
            "decided",
            "licence_issued",
            "delivered",
            "closed",
        )
    ]
    told = await counter.case.outbox.envelopes(case_id)
    assert [one.sequence for one in told] == list(range(1, 9))


async def test_the_timeline_tells_each_step_and_hides_names_from_the_applicant(
    counter: Counter,
) -> None:
    subject = f"citizen-{uuid4().hex[:8]}"
    case_id = await counter.accepted(applicant_subject=subject)
    path = f"/api/v1/cases/{case_id}/timeline"
    own = counter.case.district.headers("citizen", subject=subject)

    for_staff = (await counter.case.client.get(path, headers=counter.headers())).json()
    for_applicant = (await counter.case.client.get(path, headers=own)).json()

    assert [step["action"] for step in for_staff] == ["submit", "upload", "receive", "accept"]
    assert for_staff[-1]["actor"] == counter.clerk
    assert for_applicant[-1]["actor"] is None
    assert for_applicant[-1]["action_name"]["zh-CN"] == "受理"


async def test_materials_that_are_missing_are_all_told_at_once(counter: Counter) -> None:
    materials = [
        {"key": "plan", "name": "平面图", "necessity": "required"},
        {"key": "lease", "name": "租约", "necessity": "required"},
        {"key": "later", "name": "检测报告", "necessity": "supply_later"},
        {"key": "photo", "name": "照片", "necessity": "optional"},
    ]
    code = await know_matter(counter.case, materials=materials)
    case_id = await counter.submitted(
        code, materials=[{"key": "later", "evidence": "supply_later"}]
    )
    await counter.took(case_id, "receive")

    refused = await counter.act(case_id, "accept")
    for key in ("plan", "lease"):
        await counter.upload(case_id, key)
    accepted = await counter.act(case_id, "accept")

    assert (refused.status_code, kind(refused)) == (409, "materials-missing")
    assert refused.json()["names"] == ["平面图", "租约"]
    assert [error["pointer"] for error in refused.json()["errors"]] == [
        "/materials/plan",
        "/materials/lease",
    ]
    assert accepted.status_code == 200


async def test_corrections_are_asked_for_once(counter: Counter) -> None:
    case_id = await counter.received()
    bare = await counter.act(case_id, "request_correction")

    asked = await counter.took(
        case_id, "request_correction", missing=[{"material": "plan", "what": "平面图须加盖公章"}]
    )
    corrected = await counter.took(case_id, "correct", form={"premises": "唐延路2号"})
    again = await counter.act(case_id, "request_correction", missing=[{"what": "x"}])

    assert (bare.status_code, bare.json()["errors"][0]["pointer"]) == (422, "/missing")
    assert asked["stage"] == "correcting"
    assert asked["correction_due_on"]
    assert asked["missing"][0]["what"] == "平面图须加盖公章"
    assert corrected["form"] == {"premises": "唐延路2号"}
    assert corrected["correction_due_on"] is None
    assert (again.status_code, kind(again)) == (409, "action-not-allowed")
    assert "accept" in again.json()["allowed"]


async def test_a_corrected_form_is_checked_again(counter: Counter) -> None:
    case_id = await counter.received()
    await counter.took(case_id, "request_correction", missing=[{"what": "地址"}])

    answer = await counter.act(case_id, "correct", form={})

    assert answer.json()["errors"][0]["pointer"] == "/form/premises"


async def test_declining_needs_a_reason_and_ends_the_case(counter: Counter) -> None:
    case_id = await counter.received()
    bare = await counter.act(case_id, "decline")

    declined = await counter.took(
        case_id, "decline", reason="不属于本机关职权范围", reason_code="not_ours"
    )

    told = (await counter.case.outbox.envelopes(case_id))[-1]
    assert bare.json()["errors"][0]["pointer"] == "/reason"
    assert declined["stage"] == "declined"
    assert declined["closed_at"]
    assert declined["documents"][-1]["kind"] == "decline"
    assert (told.event_type, told.data["reason_code"]) == ("case.case.declined", "not_ours")


async def test_denying_needs_a_reason_and_owes_no_licence(counter: Counter) -> None:
    case_id = await counter.accepted()
    await counter.took(case_id, "review", "reviewer")
    bare = await counter.act(case_id, "decide", "approver", outcome="denied")

    denied = await counter.took(
        case_id, "decide", "approver", outcome="denied", reason="不符合卫生要求"
    )
    issue = await counter.act(case_id, "issue", "approver")

    assert bare.json()["errors"][0]["pointer"] == "/reason"
    assert denied["issue_due_on"] is None
    assert issue.json()["because"] == ["licence_owed"]
    assert (await counter.took(case_id, "close"))["outcome"] == "denied"


async def test_an_immediate_case_is_decided_on_the_spot_by_one_person(counter: Counter) -> None:
    code = await know_matter(counter.case, handling="immediate", results=[], promised_days=0)
    case_id = await counter.accepted(code)

    await counter.took(case_id, "decide", outcome="granted", outside_number="税变-1")
    closed = await counter.took(case_id, "close")

    assert closed["stage"] == "closed"
    assert closed["outside_number"] == "税变-1"


async def test_who_accepted_does_not_review_nor_who_reviewed_decide(counter: Counter) -> None:
    case_id = await counter.accepted()
    both = counter.headers("reviewer", subject=counter.clerk)

    refused = await counter.act(case_id, "review", headers=both)
    reviewer = counter.headers("reviewer", subject=f"reviewer-{uuid4().hex[:8]}")
    await counter.took(case_id, "review", headers=reviewer)
    approver = {**reviewer}
    subject = "reviewer-approver"
    approver = counter.case.district.headers("approver", "reviewer", subject=subject)
    again = await counter.act(case_id, "decide", headers=approver, outcome="granted")

    assert (refused.status_code, kind(refused)) == (403, "same-person")
    assert again.status_code == 200


async def test_a_wrong_role_is_told_which_is_needed(counter: Counter) -> None:
    case_id = await counter.accepted()

    answer = await counter.act(case_id, "review")

    assert (answer.status_code, kind(answer)) == (403, "not-allowed")
    assert answer.json()["needed"] == ["reviewer"]


async def test_an_action_at_the_wrong_stage_tells_what_is_allowed(counter: Counter) -> None:
    case_id = await counter.submitted()

    answer = await counter.act(case_id, "accept")

    assert (answer.status_code, kind(answer)) == (409, "action-not-allowed")
    assert set(answer.json()["allowed"]) == {
        "pre_check",
        "receive",
        "withdraw",
        "escalate",
        "claim",
    }
    assert await counter.case.outbox.types(case_id) == ["case.case.submitted"]


async def test_a_stale_etag_changes_nothing(counter: Counter) -> None:
    case_id = await counter.submitted()
    await counter.took(case_id, "pre_check", comment="材料清晰")
    stale = {**counter.headers(), "If-Match": '"1"'}

    answer = await counter.act(case_id, "receive", headers=stale)

    assert answer.status_code == 412
    assert answer.headers["etag"] == '"2"'
    assert (await counter.read(case_id))["stage"] == "submitted"


async def test_the_same_key_acts_once(counter: Counter) -> None:
    case_id = await counter.submitted()
    headers = {**counter.headers(), "Idempotency-Key": str(uuid4())}

    answers = [await counter.act(case_id, "receive", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert len(await counter.case.outbox.types(case_id)) == 2


async def test_the_applicant_withdraws_his_own_and_nobody_elses(counter: Counter) -> None:
    code = await know_matter(counter.case)
    own = counter.case.district.headers("citizen", subject="citizen-own")
    other = counter.case.district.headers("citizen", subject="citizen-other")
    case_id = (await counter.submit(code, headers=own)).json()["id"]

    refused = await counter.act(case_id, "withdraw", headers=other)
    withdrawn = await counter.took(case_id, "withdraw", headers=own)

    assert refused.status_code == 404
    assert withdrawn["stage"] == "withdrawn"


async def test_a_partners_matter_is_forwarded_and_never_accepted_here(counter: Counter) -> None:
    code = await know_partner_matter(counter.case)
    case_id = await counter.submitted(code, form={})
    await counter.upload(case_id)
    await counter.took(case_id, "receive")
    accept = await counter.act(case_id, "accept")

    forwarded = await counter.took(case_id, "forward")

    told = (await counter.case.outbox.envelopes(case_id))[-1]
    assert accept.json()["because"] == ["own_matter"]
    assert accept.json()["allowed"] == ["forward", "withdraw", "escalate", "claim"]
    assert forwarded["stage"] == "forwarded"
    assert forwarded["actions"] == ["withdraw"]
    assert told.event_type == "case.case.forwarded"
    assert told.data["owner_district"] == PARTNER
    assert told.data["exchange_id"] == forwarded["exchange_id"]
    assert set(told.data["package"]) == {"key", "size", "sha256"}
    assert "黄" not in str(told.data)


async def test_forwarding_at_once_receives_and_draws_up_the_receipt(counter: Counter) -> None:
    code = await know_partner_matter(counter.case)
    case_id = await counter.submitted(code, form={})
    missing = await counter.act(case_id, "forward")
    await counter.upload(case_id)

    forwarded = await counter.took(case_id, "forward")

    assert kind(missing) == "materials-missing"
    assert [one["kind"] for one in forwarded["documents"]] == ["receipt"]
    assert (await counter.case.outbox.types(case_id))[1:] == [
        "case.case.received",
        "case.case.forwarded",
    ]


async def test_the_clock_explains_each_day(counter: Counter) -> None:
    case_id = await counter.accepted()

    answer = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/clock", headers=counter.headers()
    )

    told = answer.json()
    (statutory,) = (one for one in told["clocks"] if one["clock"] == "statutory")
    assert sum(day["is_counted"] for day in statutory["days"]) == 20
    assert statutory["days"][-1]["day"] == told["statutory_due_on"]
    assert statutory["days"][0]["reason"]["zh-CN"]


async def test_a_case_keeps_the_version_it_was_accepted_under(counter: Counter) -> None:
    code = await know_matter(counter.case)
    case_id = await counter.accepted(code)
    before = await counter.read(case_id)

    await know_matter(counter.case, code=code, version=2, promised_days=1)

    assert (await counter.read(case_id))["matter"] == before["matter"]


@pytest.mark.parametrize(
    ("before", "action", "role"),
    [
        (("upload",), "receive", "clerk"),
        (("upload", "receive"), "accept", "clerk"),
        (("upload", "receive", "accept"), "review", "reviewer"),
    ],
)
async def test_a_transition_takes_six_statements_at_most(
    counter: Counter, before: tuple[str, ...], action: str, role: str
) -> None:
    case_id = await counter.submitted()
    await counter.upload(case_id)
    for one in before[1:]:
        await counter.took(case_id, one)
    headers = {**counter.headers(role), "Idempotency-Key": str(uuid4())}
    # The calendar is in memory; it was read within the last seconds.
    await counter.accepted()
    start = db.STATEMENTS._value.get()

    await counter.took(case_id, action, headers=headers)

    assert db.STATEMENTS._value.get() - start <= 6
