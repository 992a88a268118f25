"""What moves, stops, ends and reopens a case, and what stands in its way."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import update

from case_service.cases import store
from case_service.cases.actions import act_by_machine
from case_service.cases.rules import Action
from case_service.cases.tables import Case
from case_service.errors import ActionNotAllowed
from support.case_world import Counter, know_matter, know_partner_matter, know_site
from tongban.clock import local_date
from tongban.testing.fixtures import RunningService

HEARING = [{"kind": "hearing", "days": 20}, {"kind": "site_survey", "days": 5}]
NOTICE: dict[str, Any] = {"results": [{"kind": "notice", "name": "办理结果通知书"}]}
NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def kind(answer: Any) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, kind(answer)


async def facts_of(counter: Counter, case_id: str, action: str) -> dict[str, Any]:
    """What the timeline tells of the last step of this name."""
    path = f"/api/v1/cases/{case_id}/timeline"
    steps = (await counter.case.client.get(path, headers=counter.headers())).json()
    return dict(next(step["facts"] for step in reversed(steps) if step["action"] == action))


async def rows(counter: Counter, case_id: str, **columns: Any) -> None:
    """Set columns of the case's row, as days that went by would."""
    async with counter.case.context.sessions.begin() as session:
        await session.execute(update(Case).where(Case.id == UUID(case_id)).values(**columns))


async def by_machine(counter: Counter, case_id: str, action: Action, **facts: Any) -> None:
    async with counter.case.context.sessions.begin() as session:
        found = await store.get_with_files(session, UUID(case_id), is_locked=True)
        assert found is not None
        case, _ = found
        await act_by_machine(
            session, counter.case.context, case, action, at=datetime.now(UTC), facts=facts
        )


# 特别程序 Art. 45


async def test_a_special_procedure_stops_the_clock_and_is_told_in_writing(
    counter: Counter,
) -> None:
    # A hearing may be asked for in any licence matter: this one lists no procedure.
    code = await know_matter(counter.case, special_procedures=[])
    case_id = await counter.accepted(code)

    suspended = await counter.took(case_id, "suspend", "reviewer", procedure="hearing")
    resumed = await counter.took(case_id, "resume", "reviewer")

    (lasting,), (ended,) = suspended["suspensions"], resumed["suspensions"]
    assert suspended["stage"] == "suspended"
    assert suspended["documents"][-1]["kind"] == "special_procedure"
    assert suspended["documents"][-1]["number"] == lasting["document"]
    assert (lasting["procedure"], lasting["planned_days"]) == ("hearing", 20)
    assert lasting["ended_on"] is None
    assert resumed["stage"] == "accepted"
    assert ended["ended_on"] == ended["started_on"]
    assert (await counter.case.outbox.types(case_id))[-2:] == [
        "case.case.suspended",
        "case.case.resumed",
    ]


@pytest.mark.parametrize("procedure", ["quarantine", "site_survey", "coffee"])
async def test_no_other_procedure_stops_it(counter: Counter, procedure: str) -> None:
    code = await know_matter(counter.case, special_procedures=HEARING)
    case_id = await counter.accepted(code)

    bare = await counter.act(case_id, "suspend", "reviewer")
    answer = await counter.act(case_id, "suspend", "reviewer", procedure=procedure)

    assert bare.json()["errors"][0]["pointer"] == "/procedure"
    assert refused(answer) == (409, "procedure-not-allowed")
    assert answer.json()["allowed"] == ["hearing"]
    assert answer.json()["detail"].startswith("该事项可以中止计时的特别程序为：听证。")
    assert (await counter.read(case_id))["stage"] == "accepted"


async def test_where_nothing_stops_the_clock_suspending_is_not_offered(counter: Counter) -> None:
    case_id = await counter.accepted(
        await know_matter(counter.case, matter_type="confirmation", extension_days=0)
    )

    answer = await counter.act(case_id, "suspend", "reviewer", procedure="hearing")

    assert refused(answer) == (409, "action-not-allowed")
    assert [one["code"] for one in answer.json()["errors"]] == ["suspendable"]
    assert "suspend" not in answer.json()["allowed"]
    # Codes for a program, words for people.
    assert answer.json()["stage"] == "accepted"
    assert answer.json()["detail"].startswith(
        "办件当前环节为 已受理，您现在可以进行：发起并联审查、"
    )


async def test_a_survey_stops_the_clock_where_the_matter_cites_a_law(counter: Counter) -> None:
    cited = [{"kind": "site_survey", "days": 5, "basis": "《城乡规划法》第四十条"}]
    code = await know_matter(counter.case, special_procedures=cited)
    case_id = await counter.accepted(code)

    suspended = await counter.took(case_id, "suspend", "approver", procedure="site_survey", days=8)

    assert suspended["suspensions"][0]["planned_days"] == 8
    clock = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/clock", headers=counter.headers()
    )
    stopped = next(one for one in clock.json()["clocks"] if one["clock"] == "statutory")["days"][0]
    assert stopped["reason"] == {
        "zh-CN": "特别程序（现场踏勘）期间，不计入",
        "en": "not counted: on-site survey",
    }


async def test_what_the_procedure_found_is_reviewed_again(counter: Counter) -> None:
    code = await know_matter(counter.case, special_procedures=HEARING)
    case_id = await counter.accepted(code)
    await counter.took(case_id, "review", "reviewer")
    await counter.took(case_id, "suspend", "approver", procedure="hearing")
    await counter.took(case_id, "resume", "approver")

    answer = await counter.act(case_id, "decide", "approver", outcome="granted")

    assert answer.json()["because"] == ["immediate"]
    assert "即办件" in answer.json()["errors"][0]["detail"]


# 延期 Art. 42


async def test_a_limit_is_extended_once_with_approver_and_reason(counter: Counter) -> None:
    case_id = await counter.accepted()
    before = await counter.read(case_id)
    wrong_role = await counter.act(case_id, "extend", "reviewer", days=5, reason="案情复杂")
    bare = await counter.act(case_id, "extend", "approver", days=5)

    extended = await counter.took(case_id, "extend", "approver", days=5, reason="案情复杂")
    again = await counter.act(case_id, "extend", "approver", days=1, reason="再延")

    assert refused(wrong_role) == (403, "not-allowed")
    assert bare.json()["errors"][0]["pointer"] == "/reason"
    assert extended["statutory_due_on"] > before["statutory_due_on"]
    assert extended["extension"]["days"] == 5
    assert extended["extension"]["approved_by"]
    assert extended["documents"][-1]["kind"] == "extension"
    assert again.json()["because"] == ["extendable"]


@pytest.mark.parametrize(("is_joint", "most"), [(False, 10), (True, 15)])
async def test_a_licence_is_extended_by_what_the_law_gives(
    counter: Counter, is_joint: bool, most: int
) -> None:
    case_id = await counter.accepted()
    await rows(counter, case_id, is_joint=is_joint)

    answer = await counter.act(case_id, "extend", "approver", days=most + 1, reason="案情复杂")

    assert refused(answer) == (409, "extension-too-long")
    assert answer.json()["most"] == most
    assert await counter.took(case_id, "extend", "approver", days=most, reason="案情复杂")


async def test_another_type_is_extended_by_what_its_version_gives(counter: Counter) -> None:
    none = await know_matter(counter.case, matter_type="benefit")
    some = await know_matter(counter.case, matter_type="benefit", extension_days=3)
    first, second = await counter.accepted(none), await counter.accepted(some)

    refusal = await counter.act(first, "extend", "approver", days=1, reason="案情复杂")
    long = await counter.act(second, "extend", "approver", days=4, reason="案情复杂")

    assert refusal.json()["because"] == ["extendable"]
    assert long.json()["most"] == 3


async def test_a_limit_that_has_passed_is_not_extended(counter: Counter) -> None:
    case_id = await counter.accepted()
    await rows(counter, case_id, statutory_due_on=local_date(NOW))

    answer = await counter.act(case_id, "extend", "approver", days=5, reason="案情复杂")

    assert refused(answer) == (409, "extension-too-late")


# 容缺受理, 告知承诺

LATER = [
    {"key": "plan", "name": "平面图", "necessity": "required"},
    {"key": "report", "name": "检测报告", "necessity": "supply_later"},
    {"key": "lease", "name": "租约", "necessity": "commitment"},
]
PROMISED = [{"key": "lease", "evidence": "commitment"}]


async def test_a_material_may_follow_acceptance_and_not_the_decision(counter: Counter) -> None:
    code = await know_matter(counter.case, materials=LATER)
    case_id = await counter.received(code, materials=PROMISED)

    accepted = await counter.took(case_id, "accept")
    await counter.took(case_id, "review", "reviewer")
    early = await counter.act(case_id, "decide", "approver", outcome="granted")
    bare = await counter.act(case_id, "supply")
    await counter.upload(case_id, "report")
    supplied = await counter.took(case_id, "supply")

    assert [one["key"] for one in accepted["tolerated"]] == ["report"]
    assert accepted["supply_due_on"] == accepted["tolerated"][0]["due_on"]
    assert early.json()["because"] == ["no_material_owed"]
    assert refused(bare) == (409, "materials-missing")
    assert supplied["tolerated"] == []
    assert supplied["supply_due_on"] is None
    assert await counter.took(case_id, "decide", "approver", outcome="granted")


async def test_a_material_of_commitment_is_due_without_the_promise(counter: Counter) -> None:
    code = await know_matter(counter.case, materials=LATER)
    case_id = await counter.received(code)

    answer = await counter.act(case_id, "accept")

    assert answer.json()["names"] == ["租约"]


async def test_a_promise_is_checked_and_a_broken_one_bars_the_grant(counter: Counter) -> None:
    code = await know_matter(counter.case, materials=[LATER[0], LATER[2]])
    case_id = await counter.received(code, materials=PROMISED)
    accepted = await counter.took(case_id, "accept")
    await counter.took(case_id, "review", "reviewer")
    unknown = await counter.act(case_id, "check_commitment", "reviewer", key="x", kept=True)

    checked = await counter.took(case_id, "check_commitment", "supervisor", key="lease", kept=False)
    granted = await counter.act(case_id, "decide", "approver", outcome="granted")
    again = await counter.act(case_id, "check_commitment", "reviewer", key="lease", kept=True)

    assert accepted["commitments"][0]["kept"] is None
    assert accepted["commitments"][0]["check_due_on"] > str(local_date(datetime.now(UTC)))
    assert unknown.json()["errors"][0]["pointer"] == "/key"
    assert checked["commitments"][0]["kept"] is False
    assert refused(granted) == (409, "commitment-broken")
    assert granted.json()["names"] == ["租约"]
    assert again.json()["because"] == ["commitment_unchecked"]


async def test_a_promise_broken_after_the_grant_calls_for_rescission(counter: Counter) -> None:
    code = await know_matter(counter.case, materials=[LATER[0], LATER[2]], **NOTICE)
    case_id = await counter.received(code, materials=PROMISED)
    await counter.took(case_id, "accept")
    await counter.took(case_id, "review", "reviewer")
    await counter.took(case_id, "decide", "approver", outcome="granted")
    closed = await counter.took(case_id, "close")

    checked = await counter.took(case_id, "check_commitment", "reviewer", key="lease", kept=False)

    assert checked["is_rescission_due"]
    assert checked["stage"] == "closed"
    assert checked["closed_at"] == closed["closed_at"]
    assert (await facts_of(counter, case_id, "check_commitment"))["is_rescission_due"]


# 终止


async def test_a_case_ends_for_lateness_only_past_the_date(counter: Counter) -> None:
    case_id = await counter.received()
    await counter.took(case_id, "request_correction", missing=[{"what": "盖章"}])
    bare = await counter.act(case_id, "terminate", "approver")
    early = await counter.act(case_id, "terminate", "approver", ground="correction_overdue")
    wrong = await counter.act(case_id, "terminate", "approver", ground="supply_overdue")
    await rows(counter, case_id, correction_due_on=local_date(NOW))

    ended = await counter.took(case_id, "terminate", "approver", ground="correction_overdue")

    assert bare.json()["errors"][0]["pointer"] == "/ground"
    assert refused(early) == (409, "not-overdue-yet")
    assert refused(wrong) == (409, "not-overdue-yet")
    assert (ended["stage"], ended["outcome"]) == ("terminated", "terminated")
    assert ended["documents"][-1]["kind"] == "termination"
    told = (await counter.case.outbox.envelopes(case_id))[-1]
    assert (told.event_type, told.data["ground"]) == (
        "case.case.terminated",
        "correction_overdue",
    )


async def test_a_case_without_an_applicant_ends_with_a_reason(counter: Counter) -> None:
    case_id = await counter.accepted()
    bare = await counter.act(case_id, "terminate", "approver", ground="applicant_gone")

    ended = await counter.took(
        case_id, "terminate", "approver", ground="applicant_gone", reason="企业已注销"
    )

    assert bare.json()["errors"][0]["pointer"] == "/reason"
    assert ended["reason"] == "企业已注销"


async def test_the_machine_ends_what_is_overdue_by_the_same_table(counter: Counter) -> None:
    code = await know_matter(counter.case, materials=LATER[:2])
    case_id = await counter.accepted(code)
    await rows(counter, case_id, supply_due_on=local_date(NOW))

    await by_machine(counter, case_id, Action.TERMINATE, ground="supply_overdue")

    ended = await counter.read(case_id)
    assert (ended["stage"], ended["reason"]) == ("terminated", "容缺受理的材料逾期未补交")
    with pytest.raises(ActionNotAllowed):
        await by_machine(counter, case_id, Action.TERMINATE, ground="supply_overdue")


async def test_silence_is_acceptance_from_the_day_of_receipt(counter: Counter) -> None:
    case_id = await counter.submitted()
    received = await counter.took(case_id, "receive")

    await by_machine(counter, case_id, Action.ACCEPT, deemed=True)

    deemed = await counter.read(case_id)
    assert deemed["stage"] == "accepted"
    assert deemed["deemed_accepted"]
    assert deemed["accepted_at"] == received["received_at"]
    assert deemed["documents"][-1]["kind"] == "acceptance"


@pytest.mark.parametrize("action", [Action.REVIEW, Action.DECIDE, Action.SUSPEND, Action.EXTEND])
async def test_the_machine_takes_nothing_that_is_for_people(
    counter: Counter, action: Action
) -> None:
    case_id = await counter.accepted()

    with pytest.raises(ActionNotAllowed):
        await by_machine(counter, case_id, action, outcome="granted")


# 重新办理, 复议诉讼


async def test_supervision_alone_reopens_with_reason_and_order(counter: Counter) -> None:
    code = await know_matter(counter.case, **NOTICE)
    case_id = await counter.accepted(code)
    await counter.took(case_id, "review", "reviewer")
    await counter.took(case_id, "decide", "approver", outcome="denied", reason="不符合条件")
    closed = await counter.took(case_id, "close")
    role = await counter.act(case_id, "reopen", "approver", reason="复议撤销", order_number="1")
    bare = await counter.act(case_id, "reopen", "supervisor", reason="复议撤销")

    reopened = await counter.took(
        case_id, "reopen", "supervisor", reason="复议撤销", order_number="高督2026-12"
    )

    assert refused(role) == (403, "not-allowed")
    assert bare.json()["errors"][0]["pointer"] == "/order_number"
    assert reopened["stage"] == "accepted"
    assert (reopened["outcome"], reopened["closed_at"], reopened["decided_at"]) == (
        None,
        None,
        None,
    )
    assert reopened["accepted_at"] >= closed["closed_at"]
    assert reopened["statutory_due_on"]
    facts = await facts_of(counter, case_id, "reopen")
    assert (facts["order_number"], facts["outcome_before"]) == ("高督2026-12", "denied")
    await counter.took(case_id, "review", "reviewer")
    await counter.took(case_id, "decide", "approver", outcome="granted")
    assert (await counter.took(case_id, "close"))["outcome"] == "granted"


async def test_what_was_never_accepted_goes_on_before_acceptance(counter: Counter) -> None:
    case_id = await counter.received()
    await counter.took(case_id, "decline", reason="不属于本机关职权范围")

    reopened = await counter.took(
        case_id, "reopen", "supervisor", reason="属于本机关", order_number="2"
    )

    assert reopened["stage"] == "received"
    assert await counter.took(case_id, "accept")


async def test_a_case_is_not_reopened_while_its_licence_is_valid(counter: Counter) -> None:
    case_id = await counter.accepted()
    await counter.took(case_id, "review", "reviewer")
    await counter.took(case_id, "decide", "approver", outcome="granted")
    issued = await counter.took(case_id, "issue", "seal_keeper")
    await counter.took(case_id, "deliver", way="window")
    await counter.took(case_id, "close")

    answer = await counter.act(case_id, "reopen", "supervisor", reason="x", order_number="3")

    assert refused(answer) == (409, "licence-stands")
    assert answer.json()["licence_number"] == issued["licence_number"]


async def test_a_review_is_noted_and_its_state_kept(counter: Counter) -> None:
    case_id = await counter.received()
    await counter.took(case_id, "decline", reason="不属于本机关职权范围")
    challenge = {"kind": "administrative_review", "number": "复议1", "body": "西安市人民政府"}

    filed = await counter.took(case_id, "note_review", "supervisor", challenge=challenge)
    ended = await counter.took(
        case_id, "note_review", "approver", challenge={**challenge, "state": "upheld"}
    )

    assert filed["challenges"][0]["state"] == "filed"
    assert [one["state"] for one in ended["challenges"]] == ["upheld"]
    assert ended["closed_at"] == filed["closed_at"]
    assert (await facts_of(counter, case_id, "note_review"))["number"] == "复议1"


# 并联审查

ASKED = [
    {"department": "规划局", "is_lead": True, "days": 5},
    {"department": "消防大队", "days": 3},
    {"department": "生态环境局", "days": 4},
]


async def test_the_lead_reviews_once_every_department_has_answered(counter: Counter) -> None:
    case_id = await counter.accepted()
    before = await counter.read(case_id)

    asked = await counter.took(case_id, "request_reviews", "approver", departments=ASKED)
    lead = counter.headers("reviewer", department="规划局")
    early = await counter.act(case_id, "review", headers=lead)
    fire = counter.headers("reviewer", department="消防大队", subject="fire")
    reasonless = await counter.act(case_id, "give_opinion", headers=fire, opinion="disagree")
    first = await counter.took(
        case_id,
        "give_opinion",
        headers=fire,
        opinion="agree_with_conditions",
        comment="增设疏散通道",
    )
    twice = await counter.act(case_id, "give_opinion", headers=fire, opinion="agree")
    green = counter.headers("reviewer", department="生态环境局")
    await counter.took(case_id, "give_opinion", headers=green, opinion="agree")
    stranger = await counter.act(case_id, "review", "reviewer")
    reviewed = await counter.took(case_id, "review", headers=lead)

    assert asked["is_joint"]
    assert asked["statutory_due_on"] > before["statutory_due_on"]
    assert asked["joint_review"]["blocking"] == ["消防大队", "生态环境局"]
    assert asked["joint_review"]["slowest"] == "消防大队"
    assert early.json()["because"] == ["no_opinion_owed"]
    assert reasonless.json()["errors"][0]["pointer"] == "/comment"
    assert first["joint_review"]["blocking"] == ["生态环境局"]
    assert refused(twice) == (403, "department-not-asked")
    assert twice.json()["waiting"] == ["生态环境局"]
    assert refused(stranger) == (403, "not-the-lead")
    assert reviewed["stage"] == "reviewed"
    assert reviewed["joint_review"]["blocking"] == []
    fire_decides = counter.headers("approver", department="消防大队", subject="fire")
    same = await counter.act(case_id, "decide", headers=fire_decides, outcome="granted")
    assert refused(same) == (403, "same-person")


@pytest.mark.parametrize(
    "departments",
    [
        [],
        ASKED[:1],
        ASKED[1:],
        [ASKED[0], ASKED[0]],
        [ASKED[0], {**ASKED[1], "is_lead": True}],
    ],
)
async def test_a_joint_review_has_two_departments_and_one_lead(
    counter: Counter, departments: list[dict[str, Any]]
) -> None:
    case_id = await counter.accepted()

    answer = await counter.act(case_id, "request_reviews", "reviewer", departments=departments)

    assert answer.status_code == 422


# 秒批

RULE = {"fact": "premises", "is": "唐延路1号"}
AT_ONCE: dict[str, Any] = {"instant_rule": RULE, "materials": [], **NOTICE}


async def test_the_machine_decides_by_the_matters_rule_and_records_it(counter: Counter) -> None:
    code = await know_matter(counter.case, **AT_ONCE)
    own = counter.case.district.headers("citizen", subject="citizen-instant")

    submitted = await counter.submit(code, headers=own)

    decided = submitted.json()
    rule = decided["instant_decision"]
    assert submitted.status_code == 201
    assert (decided["stage"], decided["outcome"]) == ("decided", "granted")
    assert (rule["matter_version"], rule["condition"]) == (1, RULE)
    assert len(rule["facts_digest"]) >= 32
    assert submitted.headers["etag"] == f'"{decided["version"]}"'
    assert [one["kind"] for one in decided["documents"]] == ["receipt", "acceptance", "decision"]
    path = f"/api/v1/cases/{decided['id']}/timeline"
    steps = (await counter.case.client.get(path, headers=counter.headers())).json()
    assert [(one["action"], one["actor"]) for one in steps[1:]] == [
        ("receive", "system"),
        ("accept", "system"),
        ("decide", "system"),
    ]


async def test_at_a_window_the_machine_decides_once_the_case_is_received(
    counter: Counter,
) -> None:
    code = await know_matter(counter.case, **AT_ONCE)
    case_id = await counter.submitted(code)
    assert (await counter.read(case_id))["stage"] == "submitted"

    received = await counter.took(case_id, "receive")

    assert (received["stage"], received["outcome"]) == ("decided", "granted")


async def test_the_last_material_lets_the_machine_decide(counter: Counter) -> None:
    code = await know_matter(counter.case, **{**AT_ONCE, "materials": LATER[:1]})
    own = counter.case.district.headers("citizen", subject="citizen-uploads")
    case_id = (await counter.submit(code, headers=own)).json()["id"]

    uploaded = await counter.upload(case_id, headers=own)

    decided = await counter.read(case_id)
    assert (decided["stage"], decided["outcome"]) == ("decided", "granted")
    assert uploaded.headers["etag"] == f'"{decided["version"]}"'


@pytest.mark.parametrize(
    "changes",
    [
        {"instant_rule": {"fact": "premises", "is": "他处"}},
        {"materials": [LATER[0]]},
        {"materials": [LATER[1]]},
        {"instant_rule": None},
    ],
)
async def test_else_the_case_goes_the_ordinary_way(
    counter: Counter, changes: dict[str, Any]
) -> None:
    code = await know_matter(counter.case, **{**AT_ONCE, **changes})
    own = counter.case.district.headers("citizen", subject="citizen-ordinary")

    submitted = await counter.submit(code, headers=own)

    assert submitted.json()["stage"] == "submitted"
    assert submitted.json()["instant_decision"] is None


async def test_a_partners_matter_is_not_decided_by_our_machine(counter: Counter) -> None:
    code = await know_partner_matter(counter.case, instant_rule={"not": RULE}, materials=[])
    own = counter.case.district.headers("citizen", subject="citizen-partner")

    submitted = await counter.submit(code, headers=own, form={})

    assert submitted.json()["stage"] == "submitted"


# Licences by the law, the rest by their version

OWN = "如不服本决定，可自收到之日起三十日内向上一级机关申请复核。"


@pytest.mark.parametrize(
    ("matter_type", "told"), [("licence", "第三十八条"), ("award", OWN), ("benefit", OWN)]
)
async def test_the_ways_against_a_denial_are_the_laws_or_the_versions(
    counter: Counter, matter_type: str, told: str
) -> None:
    code = await know_matter(counter.case, matter_type=matter_type, remedies=OWN, **NOTICE)
    case_id = await counter.accepted(code)
    await counter.took(case_id, "review", "reviewer")

    denied = await counter.took(
        case_id, "decide", "approver", outcome="denied", reason="不符合条件"
    )

    path = f"/api/v1/cases/{case_id}/documents/{denied['documents'][-1]['id']}"
    decision = (await counter.case.client.get(path, headers=counter.headers())).text
    assert told in decision
    assert (OWN in decision) == (told == OWN)
    assert ("六十日" in decision) == (told != OWN)


# 外部系统, 上报, 环节


async def test_number_state_and_result_of_a_system_outside_are_kept(counter: Counter) -> None:
    code = await know_matter(counter.case, outside_system={"name": "税务征管系统"})
    case_id, plain = await counter.accepted(code), await counter.accepted()
    bare = await counter.act(case_id, "report_outside")

    await counter.took(case_id, "report_outside", outside_number="税-1", outside_state="审核中")
    told = await counter.took(case_id, "report_outside", outside_state="办结", outside_result="准")
    none = await counter.act(plain, "report_outside", outside_state="办结")

    assert bare.status_code == 422
    assert (told["outside_number"], told["outside_state"], told["outside_result"]) == (
        "税-1",
        "办结",
        "准",
    )
    assert none.json()["because"] == ["outside_system"]


async def test_a_case_is_handed_up_with_a_reason(counter: Counter) -> None:
    case_id = await counter.accepted()
    bare = await counter.act(case_id, "escalate")

    await counter.took(case_id, "escalate", reason="涉及重大利益")

    assert bare.json()["errors"][0]["pointer"] == "/reason"
    assert (await facts_of(counter, case_id, "escalate"))["reason"] == "涉及重大利益"


async def test_a_case_is_in_a_step_of_its_matter(counter: Counter) -> None:
    steps = [{"name": "accept", "days": 1}, {"name": "实质审查", "kind": "review", "days": 3}]
    code = await know_matter(counter.case, steps=steps)
    case_id = await counter.submitted(code)
    await counter.upload(case_id)
    seen = [(await counter.read(case_id))["current_step"]]
    for action, role, body in (
        ("receive", "clerk", {}),
        ("accept", "clerk", {}),
        ("review", "reviewer", {}),
        ("decide", "approver", {"outcome": "granted"}),
        ("issue", "seal_keeper", {}),
    ):
        seen.append((await counter.took(case_id, action, role, **body))["current_step"])

    assert seen == ["receive", "accept", "review", "decide", "make", "deliver"]


# Faults


async def test_of_two_who_decide_at_once_one_wins(counter: Counter) -> None:
    case_id = await counter.accepted()
    await counter.took(case_id, "review", "reviewer")
    version = (await counter.read(case_id))["version"]

    def approver() -> dict[str, str]:
        own = counter.headers("approver", subject=f"approver-{uuid4().hex[:8]}")
        return {**own, "If-Match": f'"{version}"'}

    answers = await asyncio.gather(
        counter.act(case_id, "decide", headers=approver(), outcome="granted"),
        counter.act(case_id, "decide", headers=approver(), outcome="denied", reason="不符"),
    )

    assert sorted(one.status_code for one in answers) == [200, 412]
    types = await counter.case.outbox.types(case_id)
    assert types.count("case.case.decided") == 1


async def test_a_step_dated_before_the_last_is_refused(counter: Counter) -> None:
    case_id = await counter.received()
    await rows(counter, case_id, received_at=datetime.now(UTC) + timedelta(minutes=5))

    answer = await counter.act(case_id, "accept")

    assert refused(answer) == (409, "out-of-order")
    assert (await counter.read(case_id))["stage"] == "received"
