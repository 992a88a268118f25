"""A licence is succeeded, ended, renewed by silence, and shown at a window."""

import asyncio
import base64
import io
import json
import zlib
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from pypdf import PdfReader
from sqlalchemy import select

from case_service.app import SERVICE, create_app
from case_service.licences.tables import Licence
from case_service.notices.tables import Notice
from support.case_exchange import arrival, cases_of
from support.case_world import Counter, know_matter, know_site, person
from support.time_passing import TimePassing, at_nine
from tongban.testing.fixtures import RunningService

TYPE = "food_business_licence"
ENDINGS: dict[str, dict[str, Any]] = {
    "cancel": {"ground": "given_up", "reason": "本人申请注销"},
    "rescind": {"ground": "fraud", "reason": "以欺骗手段取得"},
    "withdraw": {"ground": "law_changed", "reason": "规划调整", "compensation": "依评估补偿"},
    "revoke": {"reason": "行政处罚决定 2026-8 号"},
}
STATES = {
    "cancel": "cancelled",
    "rescind": "rescinded",
    "withdraw": "withdrawn",
    "revoke": "revoked",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(run_service: Any) -> RunningService:
    """A case service of its own: its time is set here."""
    running: RunningService = await run_service(SERVICE, create_app)
    return running


@pytest_asyncio.fixture
async def world(own: RunningService) -> TimePassing:
    await know_site(own)
    return TimePassing(own)


def result(operation: str = "first", months: int | None = 60) -> list[dict[str, Any]]:
    return [
        {
            "kind": "licence",
            "licence_type": TYPE,
            "name": "食品经营许可证",
            "validity_months": months,
            "operation": operation,
        }
    ]


async def walked(counter: Counter, case_id: str) -> str:
    """Walk a submitted case to its licence; return the licence's id."""
    await counter.took(case_id, "receive")
    await counter.took(case_id, "accept")
    return await decided(counter, case_id)


async def decided(counter: Counter, case_id: str) -> str:
    await counter.took(case_id, "review", "reviewer")
    await counter.took(case_id, "decide", "approver", outcome="granted")
    told = await counter.took(case_id, "issue")
    return str(told["licence_id"])


async def first(
    world: TimePassing, who: dict[str, Any], *, months: int | None = 60, subject: str = "holder-1"
) -> str:
    code = await world.matter(materials=[], results=result(months=months))
    case_id = await world.counter.submitted(code, applicant=who, applicant_subject=subject)
    return await walked(world.counter, case_id)


async def asks(
    world: TimePassing, operation: str, predecessor: str, who: dict[str, Any], months: int = 60
) -> httpx.Response:
    code = await world.matter(materials=[], results=result(operation, months))
    return await world.counter.submit(code, applicant=who, predecessor_id=predecessor)


async def row(world: TimePassing, licence_id: str) -> Licence:
    async with world.running.context.sessions() as session:
        return (await session.scalars(select(Licence).where(Licence.id == licence_id))).one()


async def end(world: TimePassing, licence_id: str, act: str, **more: Any) -> httpx.Response:
    return await world.running.client.post(
        f"/api/v1/licences/{licence_id}/{act}",
        json={**ENDINGS[act], **more},
        headers=world.counter.headers("approver"),
    )


async def verified(world: TimePassing, licence_id: str) -> dict[str, Any]:
    code = (await row(world, licence_id)).verification_code
    told = await world.running.client.get(f"/api/v1/licences/verify/{code}")
    return dict(told.json())


async def notices(world: TimePassing, case_id: Any) -> list[str]:
    async with world.running.context.sessions() as session:
        rows = await session.scalars(
            select(Notice.kind).where(Notice.case_id == case_id).order_by(Notice.id)
        )
        return [kind.value for kind in rows]


async def is_struck(world: TimePassing, licence_id: str) -> bool:
    """Tell what a verifier off-line reads from the status list."""
    licence = await row(world, licence_id)
    answer = await world.running.client.get("/api/v1/licences/status-lists/0")
    assert answer.headers["content-type"].startswith("application/statuslist+jwt")
    payload = answer.text.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    packed = claims["status_list"]["lst"]
    bits = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    return bool(bits[licence.status_index // 8] >> licence.status_index % 8 & 1)


@pytest.mark.parametrize("operation", ["vary", "reissue"])
async def test_a_successor_keeps_the_term_and_takes_the_place(
    world: TimePassing, operation: str
) -> None:
    who = person()
    old = await first(world, who)
    world.at = at_nine("2026-05-06")

    asked = await asks(world, operation, old, who)
    new = await walked(world.counter, asked.json()["id"])

    before, after = await row(world, old), await row(world, new)
    assert (after.operation.value, str(after.predecessor_id)) == (operation, old)
    assert after.valid_until == before.valid_until == date(2031, 3, 1)
    assert (await verified(world, old))["standing"] == "superseded"
    assert (await verified(world, new))["standing"] == "valid"
    assert await is_struck(world, old)
    assert not await is_struck(world, new)


async def test_a_renewal_begins_where_the_licence_ends(world: TimePassing) -> None:
    who = person()
    old = await first(world, who, months=12)
    world.at = at_nine("2027-01-04")

    asked = await asks(world, "renew", old, who, months=12)
    new = await walked(world.counter, asked.json()["id"])

    after = await row(world, new)
    assert (after.valid_from, after.valid_until) == (date(2027, 3, 2), date(2028, 3, 1))
    assert (await verified(world, old))["standing"] == "valid"
    assert (await verified(world, new))["standing"] == "not_yet_valid"
    await world.on("2027-03-02")
    assert (await row(world, old)).state.value == "superseded"
    assert (await verified(world, new))["standing"] == "valid"


async def test_nobody_renews_another_ones_licence(world: TimePassing) -> None:
    old = await first(world, person())

    asked = await asks(world, "renew", old, person())

    assert (asked.status_code, asked.json()["type"]) == (
        404,
        "urn:tongban:problem:licence-not-found",
    )


async def test_a_renewal_names_its_licence_and_a_first_one_none(world: TimePassing) -> None:
    who = person()
    old = await first(world, who)
    renewing = await world.matter(materials=[], results=result("renew"))
    plain = await world.matter(materials=[], results=result())

    unnamed = await world.counter.submit(renewing, applicant=who)
    named = await world.counter.submit(plain, applicant=who, predecessor_id=old)

    for answer in (unnamed, named):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/predecessor_id"


@pytest.mark.parametrize(
    ("operation", "term"),
    [
        ("vary", (date(2026, 3, 2), date(2026, 9, 30))),
        ("reissue", (date(2026, 3, 2), date(2026, 9, 30))),
        ("renew", (date(2026, 10, 1), date(2031, 9, 30))),
    ],
)
async def test_a_licence_from_before_this_platform_is_succeeded_by_what_it_says(
    world: TimePassing, operation: str, term: tuple[date, date]
) -> None:
    code = await world.matter(materials=[], results=result(operation))
    earlier = {
        "number": "JY16101310000001",
        "valid_from": "2021-10-01",
        "valid_until": "2026-09-30",
    }

    asked = await world.counter.submit(code, applicant=person(), earlier_licence=earlier)
    new = await walked(world.counter, asked.json()["id"])

    after = await row(world, new)
    assert (after.operation.value, after.predecessor_id) == (operation, None)
    assert (after.valid_from, after.valid_until) == term
    shown = await world.counter.read(asked.json()["id"])
    assert shown["earlier_licence"] == {**earlier, "number": "JY************01"}


@pytest.mark.parametrize(
    ("operation", "told", "pointer", "kind"),
    [
        ("first", {}, "/earlier_licence", "form-incomplete"),
        ("vary", {"valid_from": "2027-01-01"}, "/earlier_licence/valid_from", "form-incomplete"),
        ("vary", {"valid_until": "2026-03-01"}, None, "licence-not-succeeded"),
        ("vary", {"valid_until": "2020-01-01"}, "/earlier_licence", "malformed-request"),
    ],
)  # fmt: skip
async def test_an_earlier_licence_that_cannot_be_is_refused(
    world: TimePassing, operation: str, told: dict[str, str], pointer: str | None, kind: str
) -> None:
    code = await world.matter(materials=[], results=result(operation))
    earlier = {"number": "JY1", "valid_from": "2021-10-01", **told}

    answer = await world.counter.submit(code, applicant=person(), earlier_licence=earlier)

    problem = answer.json()
    assert problem["type"].endswith(kind)
    assert pointer is None or pointer in [one["pointer"] for one in problem["errors"]]


async def test_that_no_licence_is_named_is_told_with_all_else(world: TimePassing) -> None:
    code = await world.matter(materials=[], results=result("vary"))

    answer = await world.counter.submit(code, applicant=person(), form={})

    told = [one["pointer"] for one in answer.json()["errors"]]
    assert told == ["/form/premises", "/predecessor_id"]


async def test_a_licence_is_issued_here_or_it_is_not(world: TimePassing) -> None:
    who = person()
    old = await first(world, who)
    code = await world.matter(materials=[], results=result("vary"))
    earlier = {"number": "JY1", "valid_from": "2021-10-01"}

    both = await world.counter.submit(
        code, applicant=who, predecessor_id=old, earlier_licence=earlier
    )

    assert both.status_code == 422
    assert "predecessor_id" in both.json()["errors"][0]["detail"]


@pytest.mark.parametrize("held", [0, 1, 2])
async def test_what_another_district_took_in_is_about_the_one_licence_that_there_is(
    world: TimePassing, held: int
) -> None:
    who, exchange_id = person(), str(uuid4())
    mine = [await first(world, who) for _ in range(held)]
    code = await world.matter(results=result("vary"))

    await world.running.hear(await arrival(world.running, code, exchange_id, applicant=who))

    case = await world.case((await cases_of(world.running, exchange_id))[0])
    told = (case.licence_operation.value, str(case.predecessor_id))
    assert told == (("vary", mine[0]) if held == 1 else ("first", "None"))


async def test_of_two_successors_one_is_issued(world: TimePassing) -> None:
    who = person()
    old = await first(world, who)
    one, other = [(await asks(world, "vary", old, who)).json()["id"] for _ in range(2)]
    await walked(world.counter, one)
    for action, role in (("receive", "clerk"), ("accept", "clerk")):
        await world.counter.took(other, action, role)
    await world.counter.took(other, "review", "reviewer")
    await world.counter.took(other, "decide", "approver", outcome="granted")

    refused = await world.counter.act(other, "issue")

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:tongban:problem:licence-not-succeeded"


async def test_a_holder_is_reminded_twice_before_the_end(world: TimePassing) -> None:
    old = await first(world, person(), months=12)
    licence = await row(world, old)

    await world.on("2026-11-30")
    early = await notices(world, licence.case_id)
    await world.on("2026-12-01")
    await world.on("2027-01-15")
    await world.on("2027-02-20")

    assert "licence_expiring" not in early
    assert (await notices(world, licence.case_id)).count("licence_expiring") == 2


async def test_a_renewal_that_nobody_decides_counts_as_granted(world: TimePassing) -> None:
    who = person()
    old = await first(world, who, months=12)
    world.at = at_nine("2027-01-04")
    asked = (await asks(world, "renew", old, who, months=12)).json()["id"]

    await world.on("2027-03-02")

    licence = await row(world, old)
    assert (licence.deemed_renewed_on, licence.valid_until) == (
        date(2027, 3, 2),
        date(2028, 3, 1),
    )
    assert (await verified(world, old))["standing"] == "valid"
    assert "deemed_renewed" in await notices(world, asked)
    told = await world.running.outbox.types(str(licence.case_id))
    assert told[-1].startswith("case.case.licence_changed")
    timeline = await world.running.execute(
        "SELECT action FROM timeline_entries WHERE case_id = :id", id=asked
    )
    assert "deem_renewed" in timeline.scalars().all()


async def test_a_late_renewal_is_told_and_does_not_renew_by_silence(world: TimePassing) -> None:
    who = person()
    old = await first(world, who, months=12)
    world.at = at_nine("2027-02-15")
    asked = (await asks(world, "renew", old, who)).json()["id"]

    await world.on("2027-03-02")

    assert "renewal_late" in await notices(world, asked)
    assert (await verified(world, old))["standing"] == "expired"


@pytest.mark.parametrize("act", sorted(ENDINGS))
async def test_each_ending_has_its_own_state_document_and_effect(
    world: TimePassing, act: str
) -> None:
    old = await first(world, person())
    world.at = at_nine("2026-06-10")

    answer = await end(world, old, act)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["state"], told["standing"]) == (STATES[act], STATES[act])
    since = date(2026, 3, 2) if act == "rescind" else date(2026, 6, 10)
    assert told["invalid_from"] == since.isoformat()
    assert told["ended"]["compensation"] == ENDINGS[act].get("compensation")
    case = await world.case(told["case_id"])
    assert case.documents[-1]["kind"].startswith("licence_")
    assert "licence_ended" in await notices(world, case.id)
    assert await is_struck(world, old)
    types = await world.running.outbox.types(str(case.id))
    name = "licence_revoked" if act == "revoke" else "licence_changed"
    assert types[-1].startswith(f"case.case.{name}")


async def test_a_renewal_that_has_not_begun_ends_with_its_licence(world: TimePassing) -> None:
    who = person()
    old = await first(world, who, months=12)
    world.at = at_nine("2027-01-04")
    asked = (await asks(world, "renew", old, who, months=12)).json()["id"]
    new = await walked(world.counter, asked)
    ahead = await row(world, new)

    answer = await end(world, old, "revoke")

    assert answer.status_code == 200, answer.text
    ended = await row(world, new)
    assert (ahead.state, ahead.valid_from) == ("valid", date(2027, 3, 2))
    assert (ended.state, ended.invalid_from) == ("revoked", date(2027, 1, 4))
    case = await world.case(asked)
    assert case.documents[-1]["kind"] == "licence_revocation"
    assert "licence_ended" in await notices(world, asked)
    await world.on("2027-03-02")
    assert (await verified(world, new))["standing"] == "revoked"


@pytest.mark.parametrize("act", ["rescind", "withdraw", "revoke"])
async def test_what_was_ended_is_struck_off_once_and_stays_what_it_is(
    world: TimePassing, act: str
) -> None:
    old = await first(world, person())
    await end(world, old, act)

    other = await end(world, old, "cancel")
    struck = await end(world, old, "cancel", ground="ended_before")
    again = await end(world, old, "cancel", ground="ended_before")

    assert other.status_code == 422
    assert struck.json()["state"] == STATES[act]
    assert struck.json()["ended"]["struck_off_at"]
    assert (again.status_code, again.json()["type"]) == (
        409,
        "urn:tongban:problem:licence-act-not-allowed",
    )


async def test_an_ending_rests_on_its_own_grounds(world: TimePassing) -> None:
    old = await first(world, person())

    wrong = await end(world, old, "rescind", ground="law_changed")

    assert wrong.json()["errors"][0]["pointer"] == "/ground"
    assert (await verified(world, old))["standing"] == "valid"


async def test_a_withdrawal_tells_the_compensation(world: TimePassing) -> None:
    old = await first(world, person())
    body = {name: told for name, told in ENDINGS["withdraw"].items() if name != "compensation"}

    answer = await world.running.client.post(
        f"/api/v1/licences/{old}/withdraw", json=body, headers=world.counter.headers("approver")
    )

    assert answer.status_code == 422


async def test_an_unchanged_status_list_is_not_sent_again(world: TimePassing) -> None:
    await first(world, person())
    client = world.running.client
    had = await client.get("/api/v1/licences/status-lists/0")

    again = await client.get(
        "/api/v1/licences/status-lists/0", headers={"If-None-Match": had.headers["etag"]}
    )
    unknown = await client.get("/api/v1/licences/status-lists/9999")

    assert (again.status_code, again.content) == (304, b"")
    assert unknown.status_code == 404


async def show(world: TimePassing, licence_id: str, subject: str) -> httpx.Response:
    return await world.running.client.post(
        f"/api/v1/me/licences/{licence_id}/show-codes",
        headers=world.running.district.headers("citizen", subject=subject),
    )


async def redeem(world: TimePassing, code: str, role: str = "clerk") -> httpx.Response:
    return await world.running.client.post(
        "/api/v1/licences/show-codes/redeem",
        json={"code": code},
        headers=world.counter.headers(role),
    )


async def test_a_code_shows_a_licence_once(world: TimePassing) -> None:
    old = await first(world, person(), subject="holder-7")
    code = (await show(world, old, "holder-7")).json()["code"]

    seen = await redeem(world, code.lower())
    replayed = await redeem(world, code)

    assert (seen.status_code, seen.json()["id"]) == (200, old)
    assert (replayed.status_code, replayed.json()["type"]) == (
        404,
        "urn:tongban:problem:show-code-invalid",
    )
    stored = await world.running.execute("SELECT licence_show_codes::text FROM licence_show_codes")
    assert all(code not in row for row in stored.scalars())
    noted = await world.running.execute(
        "SELECT action, actor, ledger::text FROM ledger WHERE subject = :id ORDER BY id", id=old
    )
    shown = [row for row in noted if row.action.startswith("licence.show")]
    assert [(row.action, row.actor.split("-")[0]) for row in shown] == [
        ("licence.show", "holder"),
        ("licence.shown", "clerk"),
    ]
    assert all(code not in row.ledger for row in shown)


async def test_a_code_is_worth_nothing_after_a_minute(world: TimePassing) -> None:
    old = await first(world, person(), subject="holder-8")
    code = (await show(world, old, "holder-8")).json()["code"]
    world.at = world.at.replace(minute=1)

    assert (await redeem(world, code)).status_code == 404


async def test_of_two_windows_at_once_one_sees_it(world: TimePassing) -> None:
    old = await first(world, person(), subject="holder-9")
    code = (await show(world, old, "holder-9")).json()["code"]

    answers = await asyncio.gather(*(redeem(world, code) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]


async def test_only_the_holder_shows_and_only_a_window_looks(world: TimePassing) -> None:
    old = await first(world, person(), subject="holder-10")

    others = await show(world, old, "somebody-else")
    code = (await show(world, old, "holder-10")).json()["code"]

    assert others.status_code == 404
    assert (await redeem(world, code, "citizen")).status_code == 403


async def test_the_holders_list_is_filtered(world: TimePassing) -> None:
    valid = await first(world, person(), subject="holder-11")
    gone = await first(world, person(), subject="holder-11")
    await end(world, gone, "revoke")
    headers = world.running.district.headers("citizen", subject="holder-11")

    told = await world.running.client.get(
        f"/api/v1/me/licences?is_valid=true&licence_type={TYPE}", headers=headers
    )
    none = await world.running.client.get("/api/v1/me/licences?licence_type=x", headers=headers)

    assert [one["id"] for one in told.json()["items"]] == [valid]
    assert none.json()["items"] == []


async def test_a_licence_of_old_content_says_nothing_of_a_status(world: TimePassing) -> None:
    code = await know_matter(world.running, materials=[], results=result())
    case_id = await world.counter.submitted(code)
    licence = await row(world, await walked(world.counter, case_id))

    told = await world.running.client.get(
        f"/api/v1/licences/{licence.id}", headers=world.counter.headers()
    )

    assert told.json()["document"]["status"]["status_list"]["idx"] == licence.status_index


async def test_a_licence_is_printed_with_its_code_and_for_its_holder_alone(
    world: TimePassing,
) -> None:
    who = person()
    old = await first(world, who, subject="holder-12")
    licence = await row(world, old)
    district = world.running.district

    paper = await world.running.client.get(
        f"/api/v1/licences/{old}/content",
        headers=district.headers("citizen", subject="holder-12"),
    )
    others = await world.running.client.get(
        f"/api/v1/licences/{old}/content", headers=district.headers("citizen")
    )

    assert (paper.status_code, others.status_code) == (200, 404)
    assert paper.headers["content-type"] == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(paper.content)).pages)
    assert licence.number in text
    assert licence.verification_code in text
    assert who["name"] in text
