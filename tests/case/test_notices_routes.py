"""What applicants are told: worded in both languages, handed over once, tried again, on record."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from case_service.cases.tables import Case
from case_service.duty import run_due
from case_service.notices.delivery import MESSENGER, NOTICE_DUTY
from case_service.notices.languages import Language, language_of
from case_service.notices.messengers import (
    Message,
    MessageGateway,
    MessengerFault,
    OutboxFolder,
    Recipient,
)
from case_service.notices.rules import ATTEMPTS, NoticeKind, next_attempt
from case_service.notices.service import tell
from case_service.notices.wording import TEMPLATES, rendered
from support.case_world import Counter, know_matter, know_site, person
from tongban.ids import new_id
from tongban.testing.fixtures import RunningService

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class Deaf:
    """A messenger that takes nothing."""

    name = "deaf"

    def __init__(self, *, is_final: bool = False) -> None:
        self.is_final = is_final

    async def send(self, message: Message) -> str:
        raise MessengerFault("status 503", is_final=self.is_final)


@pytest_asyncio.fixture
async def folder(case: RunningService, tmp_path: Path) -> AsyncIterator[Path]:
    """An outbox folder of this test's own; what other tests left is sent before."""
    before = case.context.resources.get(MESSENGER)
    case.context.resources[MESSENGER] = OutboxFolder(tmp_path / "others")
    while await run_due(case.context, NOTICE_DUTY):
        pass
    case.context.resources[MESSENGER] = OutboxFolder(tmp_path / "messages")
    yield tmp_path / "messages"
    case.context.resources[MESSENGER] = before or OutboxFolder(tmp_path / "messages")


async def submitted(case: RunningService, **applicant: Any) -> str:
    await know_site(case)
    return await Counter(case).submitted(applicant=person(**applicant))


async def told(case: RunningService, case_id: str, kind: NoticeKind, **facts: Any) -> None:
    async with case.context.sessions.begin() as session:
        row = await session.get_one(Case, case_id)
        tell(session, row, kind, case.context.clock(), **facts)


async def notices_of(case: RunningService, case_id: str) -> list[dict[str, Any]]:
    answer = await case.client.get(
        f"/api/v1/cases/{case_id}/notices", headers=Counter(case).headers()
    )
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def modes_of(folder: Path) -> dict[str, int]:
    return {one.name: one.stat().st_mode & 0o777 for one in (folder, *folder.iterdir())}


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("language", Language)
def test_every_notice_is_worded_in_both_languages(kind: NoticeKind, language: Language) -> None:
    named = {"number": "6101", "matter_name": "食品经营许可", "licence_number": "610171-ZZ-2026-1"}

    title, text = rendered(kind, {**named, "valid_until": "2026-03-09"}, language)

    assert title
    assert text
    assert "{" not in text
    assert len(TEMPLATES[kind].sentences[Language.CHINESE]) == len(
        TEMPLATES[kind].sentences[Language.ENGLISH]
    )


def test_a_sentence_without_its_fact_is_left_out() -> None:
    known = {"number": "6101", "matter_name": "食品经营许可"}

    _, without = rendered(NoticeKind.CORRECTION, known, Language.CHINESE)
    _, with_day = rendered(
        NoticeKind.CORRECTION, {**known, "due_on": "2026-03-09"}, Language.CHINESE
    )

    assert "2026-03-09" in with_day
    assert "请于" not in without


def test_a_notice_is_tried_again_ever_later_and_given_up_at_last() -> None:
    tries = [next_attempt(one, AT) for one in range(1, ATTEMPTS + 1)]

    assert tries[-1] is None
    known = [one for one in tries if one is not None]
    assert known == sorted(known)
    assert known[0] > AT


def test_the_language_wished_for_first_is_taken() -> None:
    assert language_of(None, "en") is Language.ENGLISH
    assert language_of(None) is Language.CHINESE


async def test_a_notice_lies_in_the_folder_for_its_owner_alone(
    case: RunningService, folder: Path
) -> None:
    case_id = await submitted(case, phone="13800001234", language="en")
    await told(case, case_id, NoticeKind.CORRECTION, due_on=AT.date())

    await run_due(case.context, NOTICE_DUTY)

    [row] = await notices_of(case, case_id)
    assert (row["state"], row["messenger"], row["language"]) == ("sent", "folder", "en")
    content = json.loads((folder / f"{row['id']}.json").read_text())
    assert content["recipient"]["phone"] == "13800001234"
    assert "2026-03-02" in content["text"]
    assert modes_of(folder) == {"messages": 0o700, f"{row['id']}.json": 0o600}
    [event] = await case.outbox.envelopes(row["id"])
    assert event.event_type == "case.notice.sent"
    assert "13800001234" not in event.model_dump_json()


async def test_sending_does_not_change_the_cases_version(
    case: RunningService, folder: Path
) -> None:
    case_id = await submitted(case, phone="13800001234")
    before = await Counter(case).read(case_id)
    await told(case, case_id, NoticeKind.READY)

    await run_due(case.context, NOTICE_DUTY)

    assert (await Counter(case).read(case_id))["version"] == before["version"]


async def test_who_has_neither_phone_nor_account_is_told_at_the_window(
    case: RunningService, folder: Path
) -> None:
    case_id = await submitted(case)
    await told(case, case_id, NoticeKind.READY)

    await run_due(case.context, NOTICE_DUTY)

    [row] = await notices_of(case, case_id)
    assert (row["state"], row["next_due_at"]) == ("unreachable", None)
    assert await case.outbox.types(row["id"]) == ["case.notice.failed"]


async def test_what_is_not_taken_goes_again_until_it_is_given_up(
    case: RunningService, folder: Path
) -> None:
    case_id = await submitted(case, phone="13800001234")
    await told(case, case_id, NoticeKind.READY)
    case.context.resources[MESSENGER] = Deaf()
    clock = case.context.clock

    await run_due(case.context, NOTICE_DUTY)
    [once] = await notices_of(case, case_id)
    for hours in range(7, 7 * ATTEMPTS, 7):
        case.context.clock = lambda ahead=hours: clock() + timedelta(hours=ahead)  # type: ignore[misc]  # the default binds the loop's value
        await run_due(case.context, NOTICE_DUTY)
    case.context.clock = clock

    [given_up] = await notices_of(case, case_id)
    assert (once["state"], once["attempts"], once["last_fault"]) == ("waiting", 1, "status 503")
    assert (given_up["state"], given_up["attempts"]) == ("dead", ATTEMPTS)
    case.context.resources[MESSENGER] = OutboxFolder(folder)
    path = f"/api/v1/cases/{case_id}/notices/{given_up['id']}/send-again"
    again = await case.client.post(path, headers=Counter(case).headers())
    twice = await case.client.post(path, headers=Counter(case).headers())
    await run_due(case.context, NOTICE_DUTY)
    [row] = await notices_of(case, case_id)
    assert (again.status_code, twice.status_code, row["state"]) == (200, 409, "sent")


async def test_a_final_refusal_is_not_tried_again(case: RunningService, folder: Path) -> None:
    case_id = await submitted(case, phone="13800001234")
    await told(case, case_id, NoticeKind.READY)
    case.context.resources[MESSENGER] = Deaf(is_final=True)

    await run_due(case.context, NOTICE_DUTY)

    [row] = await notices_of(case, case_id)
    assert (row["state"], row["attempts"]) == ("dead", 1)


async def test_an_account_reads_its_notices_in_its_language(
    case: RunningService, folder: Path
) -> None:
    mine = case.district.headers("citizen", subject=f"citizen-{uuid4().hex[:8]}")
    await know_site(case)
    answer = await Counter(case).submit(await know_matter(case), headers=mine)
    case_id = answer.json()["id"]
    liked = await case.client.put("/api/v1/me/preferences", json={"language": "en"}, headers=mine)
    await told(case, case_id, NoticeKind.READY)

    await run_due(case.context, NOTICE_DUTY)

    listed = await case.client.get("/api/v1/me/notices", headers=mine)
    [row] = listed.json()["items"]
    assert (liked.json()["language"], row["language"]) == ("en", "en")
    assert row["title"]["zh-CN"]
    assert row["text"]["en"]


def message() -> Message:
    return Message(
        new_id(), NoticeKind.READY, Language.CHINESE, "t", "x", Recipient("黄", "138", None)
    )


@pytest.mark.parametrize(
    ("status", "is_final"), [(400, True), (404, True), (408, False), (429, False), (503, False)]
)
async def test_the_gateways_refusal_says_whether_to_try_again(status: int, is_final: bool) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    gateway = MessageGateway("http://sms.test/send", "secret", transport=transport)

    with pytest.raises(MessengerFault) as fault:
        await gateway.send(message())

    assert fault.value.is_final is is_final


async def test_the_gateway_is_told_the_notices_id_as_its_key() -> None:
    heard: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(202, headers={"Location": "/messages/7"})

    gateway = MessageGateway(
        "http://sms.test/send", "secret", transport=httpx.MockTransport(answer)
    )
    sent = message()

    assert await gateway.send(sent) == "/messages/7"
    assert heard[0].headers["Idempotency-Key"] == str(sent.id)
    assert heard[0].headers["Authorization"] == "Bearer secret"
