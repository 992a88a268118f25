"""What people ask is answered by a due date, or goes to the supervisor; some becomes public."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from case_service.duty import run_due
from case_service.enquiries.rules import ANSWER_DAYS, EnquiryKind, answer_due, escalation_at
from case_service.enquiries.service import ENQUIRY_DUTY
from support.case_rows import stored_case
from tongban.testing.fixtures import RunningService
from tongban.workdays import Calendar, seed_years

CALENDAR = Calendar.from_years(seed_years())
SITE = "hitech-hall"


def me(case: RunningService, subject: str | None = None) -> dict[str, str]:
    return case.district.headers("citizen", subject=subject or f"citizen-{uuid4().hex[:8]}")


async def asked(
    case: RunningService, headers: dict[str, str] | None = None, **body: Any
) -> httpx.Response:
    return await case.client.post(
        "/api/v1/enquiries",
        json={"kind": "consultation", "question": "需要带原件吗？", **body},
        headers=headers or me(case),
    )


async def answered(
    case: RunningService, enquiry_id: str, role: str = "clerk", **body: Any
) -> httpx.Response:
    return await case.client.post(
        f"/api/v1/enquiries/{enquiry_id}/answer",
        json={"answer": "不需要，出示电子证照即可。", **body},
        headers=case.district.headers(role, site=SITE if role == "clerk" else None),
    )


@pytest.mark.parametrize("kind", EnquiryKind)
def test_each_kind_has_its_working_days(kind: EnquiryKind) -> None:
    due = answer_due(kind, date(2026, 3, 2), CALENDAR)

    assert due == CALENDAR.add_working_days(date(2026, 3, 2), ANSWER_DAYS[kind])


def test_it_goes_to_the_supervisor_when_its_last_day_is_over() -> None:
    at = escalation_at(date(2026, 3, 9))

    assert at.isoformat() == "2026-03-09T16:00:00+00:00"


async def test_a_question_is_answered_and_told(case: RunningService) -> None:
    mine = me(case)
    enquiry = (await asked(case, mine, site_id=SITE, phone="13800001234")).json()

    answer = await answered(case, enquiry["id"])
    again = await answered(case, enquiry["id"])

    assert (answer.status_code, answer.json()["state"]) == (200, "answered")
    assert answer.json()["phone"] != "13800001234"
    assert again.json()["type"] == "urn:tongban:problem:enquiry-answered-already"
    listed = await case.client.get("/api/v1/me/enquiries", headers=mine)
    assert listed.json()["items"][0]["answer"].startswith("不需要")
    assert await case.outbox.types(enquiry["id"]) == [
        "case.enquiry.asked",
        "case.enquiry.answered",
    ]
    notices = await case.client.get("/api/v1/me/notices", headers=mine)
    assert [one["kind"] for one in notices.json()["items"]] == ["enquiry_answered"]


async def test_what_is_asked_is_encrypted_and_in_no_event(case: RunningService) -> None:
    enquiry = (await asked(case, question="窗口的张三态度不好", site_id=SITE)).json()

    row = await case.execute(
        "SELECT enquiries::text FROM enquiries WHERE id = :id", id=enquiry["id"]
    )

    assert "张三".encode().hex() not in row.scalar_one()
    [event] = await case.outbox.envelopes(enquiry["id"])
    assert "张三" not in event.model_dump_json()


async def test_an_overdue_complaint_goes_to_the_supervisor_once(case: RunningService) -> None:
    enquiry = (await asked(case, kind="complaint", site_id=SITE)).json()
    at_the_window = await answered(case, enquiry["id"])
    clock = case.context.clock
    case.context.clock = lambda: clock() + timedelta(days=40)
    try:
        await run_due(case.context, ENQUIRY_DUTY)
        await run_due(case.context, ENQUIRY_DUTY)
    finally:
        case.context.clock = clock

    by_clerk = await answered(case, enquiry["id"])
    by_supervisor = await answered(case, enquiry["id"], "supervisor")

    # Whom it may be about does not answer it.
    assert at_the_window.json()["needed"] == ["site_manager", "supervisor"]
    assert by_clerk.json()["type"] == "urn:tongban:problem:supervisor-answers"
    assert by_supervisor.status_code == 200
    assert (await case.outbox.types(enquiry["id"])).count("case.enquiry.escalated") == 1


async def test_what_is_open_is_listed_due_first_without_its_words(case: RunningService) -> None:
    site = f"site-{uuid4().hex[:8]}"
    complaint = (await asked(case, kind="complaint", site_id=site)).json()
    question = (await asked(case, site_id=site)).json()
    await asked(case, site_id=f"{site}-other")

    answer = await case.client.get(
        "/api/v1/enquiries", headers=case.district.headers("clerk", site=site)
    )

    items = answer.json()["items"]
    assert [one["id"] for one in items] == [question["id"], complaint["id"]]
    assert {one["question"] for one in items} == {None}


async def test_one_may_ask_about_ones_own_case_alone(case: RunningService) -> None:
    stored = await stored_case(case)

    own = await asked(case, me(case, stored.applicant_subject), case_id=str(stored.id))
    foreign = await asked(case, case_id=str(stored.id))

    assert (own.status_code, own.json()["matter_code"]) == (201, stored.matter_code)
    assert foreign.json()["type"] == "urn:tongban:problem:case-not-found"


async def test_a_clerk_asks_for_somebody_who_can_be_answered(case: RunningService) -> None:
    clerk = case.district.headers("clerk", site=SITE)

    nobody = await asked(case, clerk)
    in_person = await asked(case, clerk, is_answered_in_person=True)
    by_phone = await asked(case, clerk, phone="13800001234", name="赵奶奶")

    assert nobody.json()["type"] == "urn:tongban:problem:contact-missing"
    assert (in_person.status_code, by_phone.status_code) == (201, 201)
    assert by_phone.json()["site_id"] == SITE


async def test_what_is_taken_back_is_not_answered(case: RunningService) -> None:
    mine = me(case)
    enquiry = (await asked(case, mine, site_id=SITE)).json()
    path = f"/api/v1/enquiries/{enquiry['id']}/withdraw"

    foreign = await case.client.post(path, headers=me(case))
    own = await case.client.post(path, headers=mine)

    assert (foreign.status_code, own.json()["state"]) == (404, "withdrawn")
    assert (await answered(case, enquiry["id"])).json()["type"].endswith("enquiry-over")


async def test_a_common_question_is_public_once_it_is_answered(case: RunningService) -> None:
    matter = f"m-{uuid4().hex[:8]}"
    enquiry = (await asked(case, site_id=SITE, matter_code=matter)).json()
    supervisor = case.district.headers("supervisor")
    path = f"/api/v1/enquiries/{enquiry['id']}/common"
    body = {"question": "要带原件吗？", "answer": "不用。"}

    early = await case.client.post(path, json=body, headers=supervisor)
    await answered(case, enquiry["id"], is_common=True)
    published = await case.client.post(path, json=body, headers=supervisor)
    public = await case.client.get(f"/api/v1/enquiries/common?matter_code={matter}")

    assert (early.status_code, published.status_code) == (409, 200)
    assert [one["answer"] for one in public.json()["items"]] == ["不用。"]


@pytest.mark.parametrize(
    ("role", "site", "status"),
    [
        ("citizen", None, 404),
        ("reviewer", None, 404),
        ("clerk", "zhangba-street", 403),
        ("clerk", SITE, 200),
        ("supervisor", None, 200),
    ],
)
async def test_who_may_read_what_somebody_asked(
    case: RunningService, role: str, site: str | None, status: int
) -> None:
    enquiry = (await asked(case, site_id=SITE)).json()

    answer = await case.client.get(
        f"/api/v1/enquiries/{enquiry['id']}", headers=case.district.headers(role, site=site)
    )

    assert answer.status_code == status
