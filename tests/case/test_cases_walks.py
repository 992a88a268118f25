"""However a case is pushed about, it stays on the table and its dates stay in order."""

import random
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from case_service.cases.rules import TRANSITIONS, Action, Stage
from support.case_world import Counter, know_matter, know_site
from tongban.identity import Role
from tongban.testing.fixtures import RunningService

STEPS = 25
BODIES: dict[Action, dict[str, Any]] = {
    Action.REQUEST_CORRECTION: {"missing": [{"what": "盖章"}]},
    Action.DECLINE: {"reason": "不属于本机关职权范围"},
    Action.SUSPEND: {"procedure": "hearing"},
    Action.EXTEND: {"days": 5, "reason": "案情复杂"},
    Action.TERMINATE: {"ground": "by_rule", "reason": "依规定终止"},
    Action.REOPEN: {"reason": "督办", "order_number": "1"},
    Action.DECIDE: {"outcome": "denied", "reason": "不符合条件"},
    Action.ESCALATE: {"reason": "重大"},
    Action.NOTE_REVIEW: {"challenge": {"kind": "suit", "number": "1", "body": "人民法院"}},
    Action.REPORT_OUTSIDE: {"outside_state": "办理中"},
    Action.CHECK_COMMITMENT: {"key": "lease", "kept": True},
    Action.REQUEST_REVIEWS: {
        "departments": [
            {"department": "规划局", "is_lead": True, "days": 5},
            {"department": "消防大队", "days": 3},
        ]
    },
    Action.GIVE_OPINION: {"opinion": "agree"},
    Action.ASSIGN: {"assignee": "anna"},
    Action.HAND_OVER: {"reason": "休假"},
}
FOLLOWING = ("submitted_at", "received_at", "accepted_at", "decided_at", "closed_at")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def somebody(counter: Counter, choice: random.Random, action: Action) -> dict[str, str]:
    """A fresh person with every role, of the department that the action may want."""
    department = "规划局" if action is Action.REVIEW else choice.choice(["规划局", "消防大队"])
    roles = [role.value for role in Role]
    return counter.case.district.headers(
        *roles, subject=f"staff-{uuid4().hex[:8]}", site=counter.site, department=department
    )


@pytest.mark.parametrize("seed", range(8))
async def test_a_case_pushed_about_stays_on_the_table(counter: Counter, seed: int) -> None:
    choice = random.Random(seed)  # noqa: S311 - a walk that can be walked again
    code = await know_matter(
        counter.case,
        special_procedures=[{"kind": "hearing", "days": 20}],
        outside_system={"name": "税务征管系统"},
        handling=choice.choice(["promised", "immediate"]),
    )
    case_id = await counter.submitted(code)
    await counter.upload(case_id)
    before = await counter.read(case_id)

    for _ in range(STEPS):
        # Nine in ten are allowed ones: the walk gets somewhere.
        offered = [action for stage, action in TRANSITIONS if stage == before["stage"]]
        action = choice.choice(offered if choice.random() < 0.9 else list(Action))
        headers = somebody(counter, choice, action)

        answer = await counter.act(case_id, action.value, headers=headers, **BODIES.get(action, {}))

        after = await counter.read(case_id)
        if answer.status_code == 200:
            transition = TRANSITIONS[Stage(before["stage"]), action]
            assert after["stage"] in (transition.target, transition.if_never_accepted)
            assert after["version"] > before["version"]
        else:
            assert answer.status_code in (403, 409, 422), answer.text
            assert after == before
        instants = [after[name] for name in FOLLOWING if after[name] is not None]
        assert all(earlier <= later for earlier, later in pairwise(instants))
        assert (after["closed_at"] is not None) == (
            after["stage"] in ("closed", "declined", "withdrawn", "terminated")
        )
        if after["stage"] == "suspended":
            assert after["suspensions"][-1]["ended_on"] is None
        else:
            assert all(one["ended_on"] for one in after["suspensions"])
        before = after

    told = await counter.case.outbox.envelopes(case_id)
    assert [one.sequence for one in told] == list(range(1, len(told) + 1))
