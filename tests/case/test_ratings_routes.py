"""Each closed case is rated once, by whom it concerns, and a bad rating is called back."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from case_service.cases.rules import Stage
from case_service.cases.tables import Case
from case_service.ratings import service
from case_service.ratings.tables import Rating
from support.case_rows import stored_case
from tongban import calendars
from tongban.clock import local_date
from tongban.testing.fixtures import RunningService


async def rate(
    running: RunningService, case: Case, headers: dict[str, str] | None = None, **given: Any
) -> httpx.Response:
    mine = running.district.headers("citizen", subject=case.applicant_subject)
    return await running.client.post(
        f"/api/v1/cases/{case.id}/rating", json={"score": 5, **given}, headers=headers or mine
    )


async def rating_of(running: RunningService, case: Case) -> Rating:
    async with running.context.sessions() as session:
        return (await session.scalars(select(Rating).where(Rating.case_id == case.id))).one()


async def test_the_applicant_rates_his_closed_case(case: RunningService) -> None:
    stored = await stored_case(case)

    answer = await rate(case, stored, score=4, comment="窗口人员很耐心")

    assert answer.status_code == 201
    assert (answer.json()["score"], answer.json()["source"]) == (4, "applicant")
    assert answer.json()["call_back_due_on"] is None
    [told] = await case.outbox.envelopes(str(stored.id))
    assert (told.event_type, told.data["score"]) == ("case.case.rated", 4)
    assert "耐心" not in told.model_dump_json()


async def test_a_comment_is_encrypted_at_rest(case: RunningService) -> None:
    stored = await stored_case(case)
    await rate(case, stored, comment="张三态度不好")

    row = await case.execute("SELECT ratings::text FROM ratings WHERE case_id = :id", id=stored.id)

    assert "张三".encode().hex() not in row.scalar_one()


@pytest.mark.parametrize("role", ["clerk", "helper", "site_manager", "admin"])
async def test_staff_neither_rate_nor_enter_a_rating(case: RunningService, role: str) -> None:
    stored = await stored_case(case)
    headers = case.district.headers(role, site="hitech-hall")

    direct = await rate(case, stored, headers)
    at_terminal = await case.client.post(
        "/api/v1/ratings",
        json={"number": stored.number, "id_tail": "1234", "score": 5},
        headers=headers,
    )

    assert (direct.status_code, direct.json()["type"]) == (403, "urn:tongban:problem:not-allowed")
    assert at_terminal.json()["type"] == "urn:tongban:problem:staff-do-not-rate"


async def test_a_case_is_rated_once(case: RunningService) -> None:
    stored = await stored_case(case)
    await rate(case, stored, score=5)

    again = await rate(case, stored, score=1)

    assert (again.status_code, again.json()["type"]) == (409, "urn:tongban:problem:already-rated")
    assert (await rating_of(case, stored)).score == 5
    assert len(await case.outbox.types(str(stored.id))) == 1


@pytest.mark.parametrize("stage", sorted(set(Stage) - {Stage.CLOSED}))
async def test_only_a_closed_case_is_rated(case: RunningService, stage: Stage) -> None:
    stored = await stored_case(case, stage=stage)

    answer = await rate(case, stored)

    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:tongban:problem:not-closed-yet",
    )


@pytest.mark.parametrize("score", [1, 2])
async def test_a_bad_rating_is_due_to_be_called_back(case: RunningService, score: int) -> None:
    stored = await stored_case(case)

    answer = await rate(case, stored, score=score)

    async with case.context.sessions() as session:
        calendar = await calendars.load(session)
    due = calendar.add_working_days(local_date(case.context.clock()), 5)
    assert answer.json()["call_back_due_on"] == due.due_on.isoformat()
    assert (await rating_of(case, stored)).is_call_back_provisional == due.is_provisional


async def test_a_cross_district_case_rates_both_districts_apart(case: RunningService) -> None:
    exchange_id = uuid4()
    stored = await stored_case(case, exchange_id=exchange_id, owner_district="610172")

    answer = await rate(case, stored, score=5, owner_score=2)

    assert (answer.json()["score"], answer.json()["owner_score"]) == (5, 2)
    assert answer.json()["call_back_due_on"] is None
    [told] = await case.outbox.envelopes(str(stored.id))
    assert told.data["exchange_id"] == str(exchange_id)
    assert (told.data["score"], told.data["owner_score"]) == (5, 2)


async def test_no_other_district_is_rated_where_none_had_a_part(case: RunningService) -> None:
    stored = await stored_case(case)

    answer = await rate(case, stored, owner_score=5)

    assert answer.json()["type"] == "urn:tongban:problem:owner-score-not-applicable"


@pytest.mark.parametrize(
    "given",
    [{"score": 0}, {"score": 6}, {"score": 4.5}, {"owner_score": 0}, {"comment": "\u0000"}],
)
async def test_a_rating_that_is_none_is_refused(
    case: RunningService, given: dict[str, Any]
) -> None:
    stored = await stored_case(case)

    assert (await rate(case, stored, **given)).status_code == 422


@pytest.mark.parametrize(
    ("role", "site", "status", "kind"),
    [
        ("citizen", None, 404, "case-not-found"),
        ("clerk", "zhangba-street", 403, "not-allowed"),
        ("reviewer", None, 403, "not-allowed"),
        ("approver", None, 403, "not-allowed"),
        ("supervisor", None, 403, "not-allowed"),
    ],
)
async def test_nobody_else_rates(
    case: RunningService, role: str, site: str | None, status: int, kind: str
) -> None:
    stored = await stored_case(case)

    answer = await rate(case, stored, case.district.headers(role, site=site))

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:tongban:problem:{kind}")
    assert await case.outbox.types(str(stored.id)) == []


async def test_the_owner_keeps_the_score_that_comes_by_exchange_once(case: RunningService) -> None:
    exchange_id = uuid4()
    stored = await stored_case(case, exchange_id=exchange_id, from_district="610172")

    for score in (2, 5):
        async with case.context.sessions.begin() as session:
            await service.rate_by_exchange(
                session, exchange_id=exchange_id, score=score, at=case.context.clock()
            )

    kept = await rating_of(case, stored)
    assert (kept.score, kept.source) == (2, "exchange")
    assert kept.call_back_due_on is not None
    assert await case.outbox.types(str(stored.id)) == ["case.case.rated"]


async def test_a_score_for_no_case_here_changes_nothing(case: RunningService) -> None:
    async with case.context.sessions.begin() as session:
        await service.rate_by_exchange(
            session, exchange_id=uuid4(), score=5, at=case.context.clock()
        )
        assert not session.new


async def test_ratings_are_counted_by_site_and_matter(case: RunningService) -> None:
    site, matter = f"site-{uuid4().hex[:8]}", f"matter-{uuid4().hex[:8]}"
    for score in (5, 5, 4):
        stored = await stored_case(case, site_id=site, matter_code=matter)
        await rate(case, stored, score=score)
    await rate(case, await stored_case(case, site_id=site), score=1)
    headers = case.district.headers("supervisor")

    by_site = await case.client.get(f"/api/v1/ratings/summary?site_id={site}", headers=headers)
    both = await case.client.get(
        f"/api/v1/ratings/summary?site_id={site}&matter_code={matter}", headers=headers
    )

    assert (by_site.json()["count"], by_site.json()["average"]) == (4, 3.75)
    assert (both.json()["count"], both.json()["average"]) == (3, 4.67)
    assert both.json()["by_score"] == {"1": 0, "2": 0, "3": 0, "4": 1, "5": 2}


async def test_without_ratings_there_is_no_average(case: RunningService) -> None:
    answer = await case.client.get(
        "/api/v1/ratings/summary?site_id=nowhere", headers=case.district.headers("admin")
    )

    assert (answer.json()["count"], answer.json()["average"]) == (0, None)


@pytest.mark.parametrize(
    ("role", "site", "status"),
    [
        ("citizen", None, 403),
        ("clerk", "zhangba-street", 403),
        ("clerk", "hitech-hall", 200),
        ("site_manager", "hitech-hall", 200),
        ("supervisor", None, 200),
    ],
)
async def test_the_count_is_for_staff_of_the_site(
    case: RunningService, role: str, site: str | None, status: int
) -> None:
    answer = await case.client.get(
        "/api/v1/ratings/summary?site_id=hitech-hall",
        headers=case.district.headers(role, site=site),
    )

    assert answer.status_code == status
