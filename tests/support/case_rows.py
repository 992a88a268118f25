"""Cases as rows, at whatever stage a test needs one, without walking them there."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from case_service.cases.rules import Channel, Handling, Outcome, Stage
from case_service.cases.tables import Case
from tongban.testing.fixtures import RunningService

__all__ = ["MATTER_CODE", "stored_case"]

MATTER_CODE = "11610131MB2A12345X4610117001001"


async def stored_case(running: RunningService, **values: Any) -> Case:
    """Return a closed and granted case of this district, but for `values`."""
    case = Case(
        **{
            "number": f"610171{uuid4().int % 10**15:015}",
            "stage": Stage.CLOSED,
            "outcome": Outcome.GRANTED,
            "district": running.district.code,
            "owner_district": running.district.code,
            "site_id": "hitech-hall",
            "channel": Channel.WINDOW,
            "matter_code": MATTER_CODE,
            "matter_name": "变更税务登记",
            "matter_version": 1,
            "handling": Handling.IMMEDIATE,
            "statutory_days": 20,
            "promised_days": 1,
            "applicant_subject": f"citizen-{uuid4().hex[:8]}",
            "applicant_kind": "person",
            "applicant_masked": "黄**",
            "identity_index": b"",
            "sealed_party": b"",
            "situation_answers": {},
            "evidence": {},
            "submitted_by": "clerk-1",
            "submitted_at": datetime(2026, 3, 2, 1, 0, tzinfo=UTC),
            **values,
        }
    )
    async with running.context.sessions.begin() as session:
        session.add(case)
    return case
