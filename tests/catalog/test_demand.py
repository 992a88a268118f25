"""Demand is counted from submitted cases: by batches, each case once, faded by its age."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from catalog.factories import fresh_code
from hypothesis import given
from hypothesis import strategies as st

from catalog_service.consumers import CONSUMED, CaseSubmitted
from catalog_service.search.rules import HALF_LIFE, Asked, counted
from tongban.clock import utc_now
from tongban.inbox import Batch
from tongban.messages import Envelope
from tongban.testing.fixtures import RunningService, envelope

COUNT_DEMAND: Batch[Any] = next(one for one in CONSUMED if isinstance(one, Batch))
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def submitted(code: str, *, at: datetime | None = None) -> Envelope:
    case_id = str(uuid4())
    told = {
        "case_id": case_id,
        "matter_code": code,
        "owner_district": "610171",
        "at": (at or utc_now()).isoformat(),
    }
    return envelope(CaseSubmitted.SUBJECT, case_id, told)


async def hear(catalog: RunningService, *batch: Envelope) -> None:
    async with catalog.context.sessions.begin() as session:
        await COUNT_DEMAND.apply(session, batch, catalog.context)


async def cases(catalog: RunningService, code: str) -> Any:
    found = await catalog.execute("SELECT cases FROM matter_demand WHERE code = :c", c=code)
    return found.scalar()


async def test_a_batch_counts_each_case_of_each_matter_once(catalog: RunningService) -> None:
    often, seldom = fresh_code(), fresh_code()
    batch = [*(submitted(often) for _ in range(30)), submitted(seldom)]

    await hear(catalog, *batch, *batch)
    await hear(catalog, *batch[10:])

    assert await cases(catalog, often) == pytest.approx(30, abs=0.01)
    assert await cases(catalog, seldom) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("is_together", [True, False])
async def test_a_case_counts_by_its_age_in_a_batch_as_alone(
    catalog: RunningService, is_together: bool
) -> None:
    code, now = fresh_code(), utc_now()
    events = [submitted(code, at=now - HALF_LIFE * age) for age in (1, 0, 2)]

    for batch in [events] if is_together else [[one] for one in events]:
        await hear(catalog, *batch)

    assert await cases(catalog, code) == pytest.approx(1.75, abs=0.01)


async def test_a_case_of_tomorrow_counts_as_one_of_today(catalog: RunningService) -> None:
    code = fresh_code()

    await hear(catalog, submitted(code, at=utc_now() + timedelta(days=400)))

    found = await catalog.execute(
        "SELECT as_of <= now() FROM matter_demand WHERE code = :c", c=code
    )
    assert found.scalar() is True


async def test_a_batch_costs_as_many_statements_as_one_event(
    catalog: RunningService, statements: Any
) -> None:
    codes = [fresh_code() for _ in range(5)]

    with statements() as alone:
        await hear(catalog, submitted(codes[0]))
    with statements() as together:
        await hear(catalog, *(submitted(code) for code in codes * 20))

    assert len(together) == len(alone) == 2


ASKED = st.builds(
    Asked,
    owner_district=st.sampled_from(["610171", "610172"]),
    code=st.sampled_from(["a", "b", "c"]),
    at=st.integers(0, 10_000).map(lambda hours: NOON + timedelta(hours=hours)),
)


@given(st.lists(ASKED), st.randoms())
def test_the_count_is_the_same_in_any_order_and_never_more_than_the_cases(
    asked: list[Asked], random: Any
) -> None:
    shuffled = [*asked]
    random.shuffle(shuffled)

    found = counted(asked)

    assert found == counted(shuffled)
    keys = [(one.owner_district, one.code) for one in found]
    assert keys == sorted({(one.owner_district, one.code) for one in asked})
    assert sum(one.cases for one in found) <= len(asked) + 1e-9
    assert all(one.cases >= 1 for one in found), "the newest counts whole"
