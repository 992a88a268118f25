"""The working-day calendar: read by anybody, amended by an admin, told to the others."""

from typing import Any

import pytest

from tongban.testing.fixtures import RunningService

NEW_YEAR = {"day": "2061-01-03", "kind": "holiday", "name": "元旦"}  # a Monday


async def amend(catalog: RunningService, year: int, body: dict[str, Any], **headers: str) -> Any:
    return await catalog.client.patch(
        f"/api/v1/calendar/{year}",
        json=body,
        headers=catalog.district.headers("admin") | headers,
    )


async def test_a_published_year_is_read_by_anybody(catalog: RunningService) -> None:
    read = (await catalog.client.get("/api/v1/calendar/2020")).json()

    assert read["is_published"] is True
    assert {"day": "2020-10-08", "kind": "holiday"}.items() <= next(
        one for one in read["days"] if one["day"] == "2020-10-08"
    ).items()


async def test_a_year_that_nobody_stored_is_not_published(catalog: RunningService) -> None:
    read = (await catalog.client.get("/api/v1/calendar/2099")).json()

    assert read == {"year": 2099, "is_published": False, "days": []}


async def test_an_amendment_is_stored_and_told(catalog: RunningService) -> None:
    first = await amend(catalog, 2061, {"is_published": True, "days": [NEW_YEAR]})
    second = await amend(catalog, 2061, {"days": []}, **{"If-Match": first.headers["etag"]})
    stale = await amend(catalog, 2061, {"days": []}, **{"If-Match": first.headers["etag"]})

    assert first.json() == {"year": 2061, "is_published": True, "days": [NEW_YEAR]}
    assert second.json() == {"year": 2061, "is_published": True, "days": []}
    assert stale.status_code == 412
    told = await catalog.outbox.envelopes("2061")
    assert [(one.sequence, one.event_type) for one in told] == [
        (1, "catalog.calendar.changed"),
        (2, "catalog.calendar.changed"),
    ]
    assert told[0].data["days"] == [NEW_YEAR]
    assert (await catalog.client.get("/api/v1/calendar/2061")).json() == second.json()


@pytest.mark.parametrize(
    ("days", "pointers"),
    [
        ([{"day": "2063-01-01", "kind": "holiday"}], ["/days/0/day"]),
        ([{"day": "2062-01-02", "kind": "holiday"}] * 2, ["/days/1/day"]),
        ([{"day": "2062-01-02", "kind": "make_up_workday"}], ["/days/0/kind"]),
        ([{"day": "2062-01-07", "kind": "make_up_workday"}], []),
    ],
)
async def test_days_that_do_not_make_a_year_are_refused(
    catalog: RunningService, days: list[dict[str, str]], pointers: list[str]
) -> None:
    answer = await amend(catalog, 2062, {"days": days})

    assert answer.status_code == (422 if pointers else 200)
    assert [one["pointer"] for one in answer.json().get("errors", [])] == pointers
