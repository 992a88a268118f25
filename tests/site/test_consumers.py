"""What is heard of other services: twice, out of order, and about what is not ours."""

from typing import Any
from uuid import uuid4

from site_service.events import PUBLISHED
from support.sites import matter_told, new_code, offer_told, open_site, take_ticket
from tongban.messages import Envelope
from tongban.testing.fixtures import RunningService, envelope


async def matter(site: RunningService, code: str, version: int = 1) -> Any:
    return (
        await site.execute(
            "SELECT name, state, sequence FROM known_matter_versions"
            " WHERE code = :code AND version = :version",
            code=code,
            version=version,
        )
    ).one()


def submitted(ticket_id: str | None, site_id: str | None) -> Envelope:
    case_id = str(uuid4())
    facts = {
        "case_id": case_id,
        "number": "610171-2026-000001",
        "exchange_id": None,
        "at": "2026-10-10T02:00:00Z",
        "matter_code": new_code(),
        "matter_version": 1,
        "owner_district": "610171",
        "handling": "immediate",
        "channel": "window",
        "site_id": site_id,
        "ticket_id": ticket_id,
    }
    return envelope("case.case.submitted", case_id, facts)


async def case_of(site: RunningService, ticket: dict[str, Any]) -> str | None:
    answer = await site.client.get(
        f"/api/v1/tickets/{ticket['id']}",
        headers=site.district.headers("clerk", site=ticket["site_id"]),
    )
    found: str | None = answer.json()["case_id"]
    return found


async def test_a_matter_is_kept_as_it_was_told_last(site: RunningService) -> None:
    code = new_code()
    older, newer = matter_told(code, name="旧名"), matter_told(code, sequence=2, state="retired")

    await site.hear(newer, older, newer)

    assert (await matter(site, code)).state == "retired"
    assert (await matter(site, code)).sequence == 2


async def test_versions_of_a_matter_are_kept_side_by_side(site: RunningService) -> None:
    code = new_code()

    await site.hear(matter_told(code, version=2, name="新名"), matter_told(code, name="旧名"))

    assert (await matter(site, code, 1)).name == "旧名"
    assert (await matter(site, code, 2)).name == "新名"


async def test_a_withdrawn_offer_stays_withdrawn(site: RunningService) -> None:
    code = new_code()

    await site.hear(offer_told(code, sequence=2, state="withdrawn"), offer_told(code))

    state = await site.execute("SELECT state FROM partner_matters WHERE code = :code", code=code)
    assert state.scalar_one() == "withdrawn"


def calendar(year: int, day: str, *, sequence: int) -> Envelope:
    days = [{"day": day, "kind": "holiday", "name": "春节"}]
    facts = {"year": year, "is_published": True, "days": days}
    return envelope("catalog.calendar.changed", str(year), facts, sequence=sequence)


async def test_the_calendar_follows_the_newest_word(site: RunningService) -> None:
    newer = calendar(2031, "2031-01-23", sequence=7)

    await site.hear(newer, calendar(2031, "2031-02-01", sequence=6), newer)

    days = await site.execute("SELECT day::text FROM calendar_days WHERE day >= '2031-01-01'")
    assert days.scalars().all() == ["2031-01-23"]


async def test_a_ticket_is_tied_to_its_case_once(site: RunningService) -> None:
    here = await open_site(site)
    ticket = (await take_ticket(site, here)).json()
    first, second = submitted(ticket["id"], here["id"]), submitted(ticket["id"], here["id"])

    await site.hear(first, first, second)

    assert await case_of(site, ticket) == first.data["case_id"]


async def test_a_ticket_of_another_site_is_not_tied(site: RunningService) -> None:
    here = await open_site(site)
    ticket = (await take_ticket(site, here)).json()

    await site.hear(submitted(ticket["id"], "elsewhere"), submitted(ticket["id"], None))

    assert await case_of(site, ticket) is None


async def test_a_case_without_a_known_ticket_is_let_pass(site: RunningService) -> None:
    unknown = submitted(str(uuid4()), "hitech-hall")

    await site.hear(unknown, submitted(None, None))

    pending = await site.execute("SELECT count(*) FROM pending WHERE event_id = :id", id=unknown.id)
    assert pending.scalar_one() == 0


def test_every_event_has_an_example_with_a_key_fit_for_a_subject() -> None:
    for kind in PUBLISHED:
        example = kind.example()  # type: ignore[attr-defined]  # each of ours has one

        assert kind.model_validate_json(example.model_dump_json()) == example
        assert not set(example.key()) & set(".*> ")
