"""A bad rating is called back, put right, answered and rated again; or appealed and reviewed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from case_service.cases.tables import Case
from case_service.duty import run_due
from case_service.ratings.appeals import APPEAL_DUTY
from case_service.ratings.errors import FollowUpNotNow
from case_service.ratings.follow_up_rules import STEPS, FollowUpState, FollowUpStep, advance
from case_service.ratings.follow_ups import FOLLOW_UP_DUTY
from case_service.ratings.rules import tally_keys
from support.case_rows import stored_case
from support.case_world import Counter, know_matter, know_site
from tongban.testing.fixtures import RunningService, envelope

SITE = "hitech-hall"


@contextmanager
def later(case: RunningService, days: int) -> Iterator[datetime]:
    """Let the service believe that so many days went by."""
    clock = case.context.clock
    case.context.clock = lambda: clock() + timedelta(days=days)
    try:
        yield case.context.clock()
    finally:
        case.context.clock = clock


def staff(case: RunningService, role: str = "supervisor", **claims: Any) -> dict[str, str]:
    return case.district.headers(role, **claims)


async def rated(case: RunningService, score: int = 1, **values: Any) -> tuple[Case, str]:
    stored = await stored_case(case, **values)
    mine = case.district.headers("citizen", subject=stored.applicant_subject)
    answer = await case.client.post(
        f"/api/v1/cases/{stored.id}/rating",
        json={"score": score, "comment": "让我跑了三趟"},
        headers=mine,
    )
    assert answer.status_code == 201, answer.text
    return stored, answer.json()["id"]


async def step(
    case: RunningService, rating_id: str, name: str, body: dict[str, Any], **claims: Any
) -> httpx.Response:
    return await case.client.post(
        f"/api/v1/ratings/{rating_id}/follow-up/{name}", json=body, headers=staff(case, **claims)
    )


VERIFIED = {"is_confirmed": True, "finding": "确有一次性告知不到位"}


@pytest.mark.parametrize(
    ("state", "allowed"),
    [(state, {one for source, one in STEPS if source is state}) for state in FollowUpState],
)
def test_any_other_step_is_refused(state: FollowUpState, allowed: set[FollowUpStep]) -> None:
    for one in set(FollowUpStep) - allowed:
        with pytest.raises(FollowUpNotNow) as refusal:
            advance(state, one)
        assert set(refusal.value.facts["allowed"]) == allowed


def test_two_ratings_count_in_the_same_order() -> None:
    keys = tally_keys(site_id="s", window_id="w", matter_code="m")

    assert keys == sorted(keys)
    assert keys == [("", "", ""), ("", "", "m"), ("s", "", ""), ("s", "", "m"), ("s", "w", "")]
    assert tally_keys(site_id=None, window_id=None, matter_code=None) == [("", "", "")]


async def test_a_bad_rating_goes_all_the_way_and_is_rated_again(case: RunningService) -> None:
    stored, rating_id = await rated(case)

    verified = await step(case, rating_id, "verify", VERIFIED)
    corrected = await step(case, rating_id, "correct", {"text": "已重新培训"})
    answered = await step(case, rating_id, "answer", {"text": "已整改，谢谢您"})
    mine = case.district.headers("citizen", subject=stored.applicant_subject)
    path = f"/api/v1/cases/{stored.id}/rating"
    read = await case.client.get(f"{path}/follow-up", headers=mine)
    again = await case.client.post(f"{path}/again", json={"score": 5}, headers=mine)
    twice = await case.client.post(f"{path}/again", json={"score": 4}, headers=mine)

    states = [one.json()["state"] for one in (verified, corrected, answered, again)]
    assert states == ["correcting", "answering", "answered", "done"]
    assert read.json()["answer"] == "已整改，谢谢您"
    assert again.json()["second_score"] == 5
    assert twice.json()["type"] == "urn:tongban:problem:follow-up-not-now"
    told = await case.outbox.types(rating_id)
    assert told == ["case.rating.followed_up"] * 4
    first = await case.client.get(path, headers=mine)
    assert (first.json()["score"], first.json()["comment"]) == (1, "让我跑了三趟")


async def test_what_the_call_does_not_confirm_is_answered_at_once(case: RunningService) -> None:
    _, rating_id = await rated(case)

    answer = await step(case, rating_id, "verify", {**VERIFIED, "is_confirmed": False})

    assert answer.json()["state"] == "answering"
    assert answer.json()["steps"] == ["answer"]


async def test_a_step_that_nobody_takes_is_told_as_overdue_once(case: RunningService) -> None:
    _, rating_id = await rated(case)

    with later(case, 20):
        await run_due(case.context, FOLLOW_UP_DUTY)
        await run_due(case.context, FOLLOW_UP_DUTY)
    read = await case.client.get(f"/api/v1/ratings/{rating_id}/follow-up", headers=staff(case))

    assert await case.outbox.types(rating_id) == ["case.rating.overdue"]
    assert read.json()["overdue_since"] == read.json()["due_on"]


async def test_what_is_to_be_followed_up_is_listed_for_the_site(case: RunningService) -> None:
    site = f"site-{uuid4().hex[:8]}"
    _, rating_id = await rated(case, site_id=site)
    await rated(case, site_id=f"{site}-other")

    answer = await case.client.get(
        "/api/v1/ratings/follow-ups", headers=staff(case, "site_manager", site=site)
    )

    assert [one["rating_id"] for one in answer.json()["items"]] == [rating_id]


async def test_a_malicious_rating_is_excluded_and_stays_on_record(case: RunningService) -> None:
    site = f"site-{uuid4().hex[:8]}"
    stored, rating_id = await rated(case, site_id=site)
    clerk = staff(case, "clerk", site=site, subject="clerk-9")
    path = f"/api/v1/ratings/{rating_id}/appeal"

    appealed = await case.client.post(path, json={"grounds": "从未到场"}, headers=clerk)
    second = await case.client.post(path, json={"grounds": "从未到场"}, headers=clerk)
    reviewed = await case.client.post(
        f"{path}/review", json={"is_upheld": True, "reason": "监控证实"}, headers=staff(case)
    )
    again = await case.client.post(
        f"{path}/review", json={"is_upheld": False, "reason": "再看"}, headers=staff(case)
    )

    assert (appealed.status_code, reviewed.json()["is_upheld"]) == (201, True)
    assert second.json()["type"] == "urn:tongban:problem:appealed-already"
    assert again.json()["type"] == "urn:tongban:problem:appeal-decided-already"
    summary = await case.client.get(f"/api/v1/ratings/summary?site_id={site}", headers=staff(case))
    assert (summary.json()["count"], summary.json()["average"]) == (0, None)
    kept = await case.client.get(f"/api/v1/cases/{stored.id}/rating", headers=clerk)
    assert (kept.json()["is_excluded"], kept.json()["comment"]) == (True, None)
    assert (await step(case, rating_id, "verify", VERIFIED)).status_code == 409


async def test_nobody_reviews_his_own_appeal(case: RunningService) -> None:
    _, rating_id = await rated(case)
    both = case.district.headers("clerk", "supervisor", subject="both-1")
    path = f"/api/v1/ratings/{rating_id}/appeal"
    await case.client.post(path, json={"grounds": "不实"}, headers=both)

    answer = await case.client.post(
        f"{path}/review", json={"is_upheld": True, "reason": "同意"}, headers=both
    )

    assert answer.json()["type"] == "urn:tongban:problem:own-appeal"


async def test_an_appeal_that_nobody_reviews_is_told_as_overdue(case: RunningService) -> None:
    _, rating_id = await rated(case)
    clerk = staff(case, "clerk", site=SITE)
    path = f"/api/v1/ratings/{rating_id}/appeal"
    await case.client.post(path, json={"grounds": "不实"}, headers=clerk)

    with later(case, 20):
        await run_due(case.context, APPEAL_DUTY)

    assert "case.rating.overdue" in await case.outbox.types(rating_id)


async def served(case: RunningService, **told: Any) -> str:
    ticket_id = str(uuid4())
    event = {
        "ticket_id": ticket_id,
        "site_id": SITE,
        "window_id": str(uuid4()),
        "case_id": None,
        "at": case.context.clock().isoformat(),
        **told,
    }
    await case.hear(envelope("site.ticket.served", ticket_id, event))
    return ticket_id


async def test_a_contact_is_rated_once_without_any_case(case: RunningService) -> None:
    window = str(uuid4())
    site = f"site-{uuid4().hex[:8]}"
    ticket_id = await served(case, window_id=window, site_id=site)

    first = await case.client.post("/api/v1/ratings", json={"ticket_id": ticket_id, "score": 5})
    second = await case.client.post("/api/v1/ratings", json={"ticket_id": ticket_id, "score": 1})

    assert (first.status_code, first.json()["source"]) == (201, "terminal")
    assert second.json()["type"] == "urn:tongban:problem:contact-rated-already"
    assert await case.outbox.types(first.json()["id"]) == ["case.rating.given"]
    by_window = await case.client.get(
        f"/api/v1/ratings/summary?site_id={site}&window_id={window}&by=window",
        headers=staff(case),
    )
    assert by_window.json()["count"] == 1
    assert [part["key"] for part in by_window.json()["parts"]] == [window]


async def test_a_contact_unknown_or_long_ago_is_not_rated(case: RunningService) -> None:
    old = await served(case, at=(case.context.clock() - timedelta(days=31)).isoformat())

    unknown = await case.client.post(
        "/api/v1/ratings", json={"ticket_id": str(uuid4()), "score": 5}
    )
    late = await case.client.post("/api/v1/ratings", json={"ticket_id": old, "score": 5})
    nothing = await case.client.post("/api/v1/ratings", json={"score": 5})

    assert (unknown.status_code, late.status_code, nothing.status_code) == (404, 409, 422)


async def test_a_receipt_rates_a_closed_case_at_a_terminal(case: RunningService) -> None:
    await know_site(case)
    counter = Counter(case)
    code = await know_matter(
        case,
        matter_type="other_power",
        handling="immediate",
        materials=[],
        results=[{"kind": "notice", "name": "通知"}],
    )
    case_id = await counter.submitted(code)
    for action, body in (("receive", {}), ("accept", {}), ("decide", {"outcome": "granted"})):
        await counter.took(case_id, action, **body)
    closed = await counter.took(case_id, "close")
    full = await counter.case.client.get(
        f"/api/v1/cases/{case_id}?full=true", headers=counter.headers()
    )
    tail = full.json()["applicant"]["identity_number"][-4:]
    receipt = {"number": closed["number"], "score": 5}

    wrong = await case.client.post("/api/v1/ratings", json={**receipt, "id_tail": "0000"})
    right = await case.client.post("/api/v1/ratings", json={**receipt, "id_tail": tail})

    assert (wrong.status_code, right.status_code) == (404, 201)
    assert right.json()["source"] == "terminal"


async def test_no_rating_is_told_before_one_is_given(case: RunningService) -> None:
    stored = await stored_case(case)

    answer = await case.client.get(
        f"/api/v1/cases/{stored.id}/rating", headers=staff(case, "clerk", site=SITE)
    )

    assert answer.json()["type"] == "urn:tongban:problem:rating-not-found"


@pytest.mark.parametrize("by", ["site", "matter"])
async def test_sums_are_told_part_by_part(case: RunningService, by: str) -> None:
    site = f"site-{uuid4().hex[:8]}"
    await rated(case, 5, site_id=site, matter_code="m-1")
    await rated(case, 3, site_id=site, matter_code="m-2")

    answer = await case.client.get(
        f"/api/v1/ratings/summary?site_id={site}&by={by}&limit=1", headers=staff(case)
    )

    assert answer.json()["count"] == 2
    [part] = answer.json()["parts"]
    assert part["key"] == (site if by == "site" else "m-1")
    assert (answer.json()["next_cursor"] is None) == (by == "site")
