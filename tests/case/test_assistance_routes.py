"""Who helps with a case is on record, and no longer reviews or decides it."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from case_service.assistance import service
from case_service.cases.rules import Stage
from case_service.cases.tables import Case, TimelineEntry
from support.case_rows import stored_case
from tongban.clock import local_date
from tongban.kernel import LedgerRow
from tongban.testing.fixtures import RunningService

ASSIST = {"mode": "assist", "helper_name": "李帮办", "steps": ["guide", "fill_in"]}


async def help_with(
    running: RunningService, case: Case, *, role: str = "helper", **given: Any
) -> httpx.Response:
    return await running.client.post(
        f"/api/v1/cases/{case.id}/assistance",
        json={**ASSIST, **given},
        headers=running.district.headers(role, site="hitech-hall", subject="helper-1"),
    )


async def open_case(running: RunningService, **values: Any) -> Case:
    return await stored_case(running, stage=Stage.SUBMITTED, outcome=None, **values)


def in_days(running: RunningService, days: int) -> str:
    return (local_date(running.context.clock()) + timedelta(days=days)).isoformat()


async def test_a_named_helper_goes_along_without_an_authorisation(case: RunningService) -> None:
    stored = await open_case(case)

    answer = await help_with(case, stored)

    assert answer.status_code == 201
    assert answer.json()["steps"] == ["guide", "fill_in"]
    assert answer.json()["authorisation"] is None


async def test_a_helper_acts_with_an_authorisation_until_a_date(case: RunningService) -> None:
    stored = await open_case(case)

    answer = await help_with(
        case,
        stored,
        mode="act_for",
        authorisation="fingerprint",
        evidence="指-1",
        until=in_days(case, 0),
    )

    assert answer.status_code == 201
    assert (answer.json()["authorisation"], answer.json()["until"]) == (
        "fingerprint",
        in_days(case, 0),
    )


@pytest.mark.parametrize(
    ("given", "status", "kind"),
    [
        ({"mode": "act_for"}, 422, "authorisation-missing"),
        ({"mode": "act_for", "authorisation": "paper"}, 422, "authorisation-missing"),
        ({"authorisation": "paper"}, 422, "authorisation-not-asked"),
        (
            {"mode": "act_for", "authorisation": "paper", "until": "2099-01-01"},
            422,
            "authority-evidence-missing",
        ),
        (
            {
                "mode": "act_for",
                "authorisation": "paper",
                "evidence": "委-1",
                "until": "2020-01-01",
            },
            409,
            "authorisation-ended",
        ),
        ({"mode": "decide"}, 422, "malformed-request"),
        ({"steps": ["drive"]}, 422, "malformed-request"),
        ({"helper_name": " "}, 422, "malformed-request"),
    ],
)
async def test_help_without_the_right_to_it_is_refused(
    case: RunningService, given: dict[str, Any], status: int, kind: str
) -> None:
    stored = await open_case(case)

    answer = await help_with(case, stored, **given)

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:tongban:problem:{kind}")


async def test_who_helped_is_known_to_those_who_decide(case: RunningService) -> None:
    stored = await open_case(case)
    await help_with(case, stored)

    async with case.context.sessions() as session:
        helpers = await service.helpers_of(session, stored.id)
        row = await session.get_one(Case, stored.id)

    assert helpers == frozenset({"helper-1"})
    assert row.helpers == ["helper-1"]


async def test_help_is_on_the_timeline_and_on_the_ledger(case: RunningService) -> None:
    stored = await open_case(case)
    await help_with(case, stored)

    async with case.context.sessions() as session:
        step = await session.scalar(select(TimelineEntry).where(TimelineEntry.case_id == stored.id))
        noted = await session.scalar(
            select(LedgerRow).where(
                LedgerRow.subject == str(stored.id), LedgerRow.action == "case.assist"
            )
        )

    assert step is not None
    assert (step.action, step.actor) == ("assist", "helper-1")
    assert step.facts["helper_name"] == "李帮办"
    assert noted is not None


async def test_the_applicant_sees_who_helped(case: RunningService) -> None:
    stored = await open_case(case)
    await help_with(case, stored)
    await help_with(
        case, stored, mode="act_for", authorisation="online", until=in_days(case, 30), steps=[]
    )

    answer = await case.client.get(
        f"/api/v1/cases/{stored.id}/assistance",
        headers=case.district.headers("citizen", subject=stored.applicant_subject),
    )

    items = answer.json()["items"]
    assert [one["mode"] for one in items] == ["assist", "act_for"]
    assert [one["action"] for one in items[0]["did"]] == ["assist", "act_for"]
    assert items[0]["did"][0]["action_name"]["zh-CN"]


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.DECLINED, Stage.WITHDRAWN])
async def test_a_finished_case_needs_no_help(case: RunningService, stage: Stage) -> None:
    stored = await stored_case(case, stage=stage)

    answer = await help_with(case, stored)

    assert answer.json()["type"] == "urn:tongban:problem:case-finished"


async def test_who_reviewed_a_case_does_not_help_with_it(case: RunningService) -> None:
    stored = await stored_case(case, stage=Stage.REVIEWED, reviewed_by="helper-1")

    answer = await help_with(case, stored)

    assert answer.json()["type"] == "urn:tongban:problem:decider-may-not-help"


@pytest.mark.parametrize("role", ["citizen", "clerk", "reviewer", "approver", "admin"])
async def test_only_a_helper_puts_help_on_record(case: RunningService, role: str) -> None:
    stored = await open_case(case)

    answer = await help_with(case, stored, role=role)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:tongban:problem:not-allowed")


@pytest.mark.parametrize(
    ("role", "status"), [("citizen", 404), ("catalog_editor", 404), ("clerk", 200)]
)
async def test_who_helped_is_for_those_whom_the_case_concerns(
    case: RunningService, role: str, status: int
) -> None:
    stored = await open_case(case)

    answer = await case.client.get(
        f"/api/v1/cases/{stored.id}/assistance", headers=case.district.headers(role)
    )

    assert answer.status_code == status
