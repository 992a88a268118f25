"""What the halls' days were like: roll-ups that add up, are counted anew, keep to their site."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from httpx import Response
from hypothesis import given
from hypothesis import strategies as st

from site_service.app import SERVICE, create_app
from site_service.statistics import rules
from site_service.statistics.counting import DAYS_A_ROUND, count_days
from site_service.statistics.rules import Tally
from support.sites import act, call_next, open_site, site_record, take_ticket
from tongban.ids import new_id
from tongban.testing.fixtures import RunningService

DAY = date(2026, 10, 12)
WAITS = st.lists(st.floats(0, 2 * rules.LONGEST), min_size=1, max_size=200)


def tally_of(waits: list[float]) -> Tally:
    classes = Counter(rules.class_of(one) for one in waits)
    return Tally(called=len(waits), wait_seconds=round(sum(waits)), waits=classes)


@given(WAITS, WAITS, st.sampled_from([0.5, 0.9]))
def test_tallies_added_are_the_tally_of_all(one: list[float], two: list[float], q: float) -> None:
    summed = tally_of(one) + tally_of(two)

    whole = tally_of(one + two)
    assert summed.waits == whole.waits
    assert summed.wait(q) == whole.wait(q)
    assert summed.called == whole.called


@given(WAITS, st.floats(0.01, 1))
def test_a_quantile_is_off_by_at_most_the_error(waits: list[float], share: float) -> None:
    told = tally_of(waits).wait(share)
    true = float(np.quantile(waits, share, method="inverted_cdf"))

    assert told is not None
    if true <= rules.AT_ONCE:
        assert told == rules.AT_ONCE / 2
    elif true <= rules.LONGEST:
        assert abs(told - true) <= rules.ERROR * true * 1.000001
    else:
        assert rules.LONGEST * (1 - rules.ERROR) <= told <= true


@given(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(0, 500), st.data())
def test_a_range_is_cut_into_months_and_days_each_once(
    first: date, length: int, data: st.DataObject
) -> None:
    last = first + timedelta(days=length)
    months = [date(year, month, 1) for year in range(2024, 2029) for month in range(1, 13)]
    summed = data.draw(st.sets(st.sampled_from(months)))

    cut = rules.cover(first, last, summed)

    days = list(cut.days)
    for month in cut.months:
        length_of_month = (rules.month_end(month) - month).days + 1
        days += [month + timedelta(days=nth) for nth in range(length_of_month)]
    assert sorted(days) == [first + timedelta(days=nth) for nth in range(length + 1)]
    assert set(cut.months) <= summed


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(run_service: Any) -> RunningService:
    """A site service of its own: every day in it is counted here."""
    running: RunningService = await run_service(SERVICE, create_app)
    return running


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest) -> Iterator[list[datetime]]:
    """The service's clock, to be set: 2026-10-12, 09:30 in Shanghai, at first."""
    now = [datetime(2026, 10, 12, 1, 30, tzinfo=UTC)]
    if "site" not in request.fixturenames:
        yield now
        return
    site: RunningService = request.getfixturevalue("site")
    usual, site.context.clock = site.context.clock, lambda: now[0]
    yield now
    site.context.clock = usual


async def count(site: RunningService) -> int:
    """Do the worker's rounds until each day that changed was counted; return how many it took."""
    async with site.context.sessions.begin() as session:
        await count_days(session, site.context)
    left: int = (await site.execute("SELECT count(*) FROM stale_days")).scalar_one()
    rounds: int = -(-left // (DAYS_A_ROUND - 1))
    for _ in range(rounds):
        async with site.context.sessions.begin() as session:
            await count_days(session, site.context)
    return 1 + rounds


async def ask(
    site: RunningService, path: str = "", *, role: str = "supervisor", at: Any = None, **query: Any
) -> Response:
    headers = site.district.headers(role, site=at) if at else site.district.headers(role)
    params = {"from": "2026-10-12", "until": "2026-10-12", **query}
    return await site.client.get(
        f"/api/v1/tickets/statistics{path}", params=params, headers=headers
    )


async def tally(site: RunningService, here: dict[str, Any], **query: Any) -> dict[str, Any]:
    """Return the site's whole of a range."""
    (whole,) = (await ask(site, site_id=here["id"], **query)).json()["tallies"]
    found: dict[str, Any] = whole
    return found


async def a_day(
    site: RunningService, clock: list[datetime], here: dict[str, Any]
) -> list[dict[str, Any]]:
    """Two served after ten and twenty minutes, one not come, one given up, one in vain."""
    tickets = [(await take_ticket(site, here)).json() for _ in range(4)]
    elder = (await take_ticket(site, here, birth_year=1950)).json()
    await act(site, tickets[3], "withdraw")
    for minutes, how in ((10, "done"), (10, "done"), (10, "miss")):
        clock[0] += timedelta(minutes=minutes)
        called = (await call_next(site, here)).json()["ticket"]
        if how == "done":
            await act(site, called, "serve")
            clock[0] += timedelta(minutes=6)
        await act(site, called, how)
    return [*tickets, elder]


async def test_a_day_is_counted_by_every_cut(site: RunningService, clock: list[datetime]) -> None:
    here = await open_site(site)
    await a_day(site, clock, here)

    await count(site)
    whole = await tally(site, here)
    cuts = {
        by: (await ask(site, site_id=here["id"], by=by)).json()["tallies"]
        for by in ("window", "area", "hour", "call_class")
    }

    assert (whole["taken"], whole["served"], whole["abandoned"], whole["no_show"]) == (5, 2, 1, 1)
    assert whole["service_mean_minutes"] == 6
    # 10, 26 and 42 minutes: told within 5 %, the mean exactly.
    assert whole["wait_p50_minutes"] == pytest.approx(26, rel=rules.ERROR)
    assert whole["wait_p90_minutes"] == pytest.approx(42, rel=rules.ERROR)
    assert whole["wait_mean_minutes"] == 26
    assert [one["key"] for one in cuts["window"]] == [here["windows"][0]["id"]]
    assert [one["key"] for one in cuts["hour"]] == ["09"]
    assert {one["key"]: one["taken"] for one in cuts["call_class"]} == {"green": 1, "ordinary": 4}
    assert {one["key"] for one in cuts["area"]} == {"business_registration"}
    for by in ("area", "hour", "call_class"):
        assert sum(one["taken"] for one in cuts[by]) == 5
        assert sum(one["served"] for one in cuts[by]) == 2


async def test_counting_again_and_after_downtime_gives_the_same(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site)
    await a_day(site, clock, here)
    await count(site)
    once = await tally(site, here)

    await count(site)
    again = await tally(site, here)
    # The worker was down for a week: midnight's lapse, and what came after it, are found.
    await site.execute(
        "UPDATE tickets SET state = 'lapsed', updated_at = now() - interval '6 days'"
        " WHERE state = 'waiting' AND site_id = :site",
        site=here["id"],
    )
    await site.execute("UPDATE counting_progress SET looked_until = now() - interval '7 days'")
    await count(site)
    after = await tally(site, here)
    # The tables lost: the next round makes them anew.
    for table in ("tallies", "counting_progress", "counted_months", "stale_days"):
        await site.execute(f"DELETE FROM {table}")  # noqa: S608  # of this test's own list
    await count(site)

    assert again == once
    assert (once["abandoned"], after["abandoned"]) == (1, 2)
    assert await tally(site, here) == after


async def test_a_month_that_is_over_answers_as_its_days_and_late_tickets_correct_it(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site)
    await a_day(site, clock, here)
    clock[0] = datetime(2026, 11, 2, 1, tzinfo=UTC)
    october = {"from": "2026-10-01", "until": "2026-10-31"}
    await count(site)
    by_month = await tally(site, here, **october)
    months = (await site.execute("SELECT month FROM counted_months")).scalars().all()
    by_days = await tally(site, here, **{**october, "from": "2026-10-02"})
    # A kiosk that was off-line on the 31st tells of it two days later.
    headers = site.district.headers("site_manager")
    printed = {
        "id": str(new_id()),
        "number": "K1-001",
        "matter_code": here["matter"],
        "issued_at": "2026-10-31T10:00:00+08:00",
    }
    body = {"kiosk_code": "k1", "tickets": [printed]}
    synced = await site.client.post(
        f"/api/v1/sites/{here['id']}/tickets/sync", json=body, headers=headers
    )
    await site.execute(
        "UPDATE tickets SET created_at = :at WHERE id = :id", at=clock[0], id=printed["id"]
    )

    await count(site)
    corrected = await tally(site, here, **october)

    assert date(2026, 10, 1) in months
    assert by_month == by_days
    assert synced.json()["tickets"][0]["outcome"] == "kept"
    assert (by_month["taken"], corrected["taken"]) == (5, 6)
    assert (corrected["unrecorded"], corrected["abandoned"]) == (1, by_month["abandoned"])
    days = (await ask(site, "/days", site_id=here["id"], **october)).json()
    assert [one["day"] for one in days] == ["2026-10-12", "2026-10-31"]


async def test_appointments_on_time_and_not_come(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site)
    made = []
    for at in ("10:30", "11:00", "14:00"):
        booked = await site.client.post(
            "/api/v1/appointments",
            json={
                "site_id": here["id"],
                "matter_codes": [here["matter"]],
                "starts_at": f"2026-10-12T{at}:00+08:00",
                "channel": "online",
            },
            headers=site.district.headers("citizen", sub=f"citizen-{new_id()}"),
        )
        assert booked.status_code == 201, booked.text
        made.append(booked.json())
    staff = site.district.headers("clerk", site=here["id"])
    for nth, (hour, minute) in enumerate([(2, 25), (2, 55)]):
        clock[0] = datetime(2026, 10, 12, hour, minute, tzinfo=UTC)
        await site.client.post(f"/api/v1/appointments/{made[nth]['id']}/check-in", headers=staff)
        clock[0] += timedelta(minutes=5 if nth == 0 else 17)
        called = (await call_next(site, here)).json()["ticket"]
        await act(site, called, "serve")
        await act(site, called, "done")
    await site.execute(
        "UPDATE appointments SET state = 'no_show', updated_at = now() WHERE id = :id",
        id=made[2]["id"],
    )

    await count(site)
    whole = await tally(site, here)

    assert (whole["appointments"], whole["appointments_missed"]) == (3, 1)
    assert (whole["appointments_on_time"], whole["appointments_on_time_share"]) == (1, 0.5)


async def test_who_belongs_to_a_site_reads_that_one_and_a_supervisor_all(
    site: RunningService, clock: list[datetime]
) -> None:
    here, there = await open_site(site), await open_site(site)
    await take_ticket(site, here)
    await take_ticket(site, there)
    await count(site)

    own = await ask(site, role="site_manager", at=here["id"])
    foreign = await ask(site, role="site_manager", at=here["id"], site_id=there["id"])
    listed = (await ask(site, "/sites", role="site_manager", at=here["id"])).json()["items"]
    district = (await ask(site)).json()
    all_sites, cursor = [], None
    while True:
        page = (
            await ask(site, "/sites", limit=50, **({"cursor": cursor} if cursor else {}))
        ).json()
        all_sites += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break

    assert (own.json()["site_id"], own.json()["tallies"][0]["taken"]) == (here["id"], 1)
    assert foreign.json()["type"] == "urn:tongban:problem:foreign-site"
    assert [one["key"] for one in listed] == [here["id"]]
    assert district["site_id"] is None
    assert {here["id"], there["id"]} <= {one["key"] for one in all_sites}
    assert sum(one["taken"] for one in all_sites) == district["tallies"][0]["taken"]
    assert (await ask(site, role="clerk")).status_code == 403
    assert (await ask(site, site_id=site_record()["id"])).status_code == 404


@pytest.mark.parametrize(
    ("first", "last"), [("2026-10-13", "2026-10-12"), ("2020-01-01", "2026-10-12")]
)
async def test_a_range_that_cannot_be_is_refused(
    site: RunningService, first: str, last: str
) -> None:
    answer = await ask(site, **{"from": first, "until": last})

    assert answer.json()["type"] == "urn:tongban:problem:range-refused"


async def test_no_day_waits_behind_days_that_change_again_and_again(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site)
    days = [date(2026, 9, 14) + timedelta(days=nth) for nth in range(DAYS_A_ROUND + 4)]
    for day in days:
        clock[0] = datetime.combine(day, clock[0].timetz())
        await take_ticket(site, here)

    await count(site)

    for day in days:
        whole = await tally(site, here, **{"from": str(day), "until": str(day)})
        assert whole["taken"] == 1
