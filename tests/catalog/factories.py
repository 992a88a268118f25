"""Matters made up for tests: each with a fresh code, so that tests don't meet."""

import itertools
import uuid
from copy import deepcopy
from pathlib import Path
from typing import Any

from catalog_service.matters.example import EXAMPLE_CONTENT
from catalog_service.matters.vocabulary import TYPE_CODES, MatterType
from tongban.testing.fixtures import RunningService

__all__ = ["BODY", "claim_basic_items", "fresh_code", "matter_content"]

BODY = "11610171MB29000014"
XIAN_BASIC_ITEMS = Path(__file__).parents[2] / "deploy/districts/xian-hitech/basic_items.json"
_run = uuid.uuid4().int % 9_000
_count = itertools.count()


def fresh_code(matter_type: str = "licence") -> str:
    """Return a code that no other test of this run uses."""
    number = next(_count)
    return f"{BODY}461{TYPE_CODES[MatterType(matter_type)]}{_run:04d}{number:04d}"


def matter_content(**changes: Any) -> dict[str, Any]:
    """Return a valid matter's content with a fresh code and these fields changed."""
    content = deepcopy(EXAMPLE_CONTENT)
    kind = changes.get("matter_type", content["matter_type"])
    return {**content, "code": fresh_code(kind), **changes}


async def claim_basic_items(catalog: RunningService) -> None:
    """Arrange that every code of this run, and the district's data, is of a claimed basic item."""
    answer = await catalog.client.post(
        "/api/v1/catalog/basic-items/import",
        content=XIAN_BASIC_ITEMS.read_bytes(),
        headers=catalog.district.headers("admin") | {"Content-Type": "application/json"},
    )
    assert answer.status_code == 200, answer.text
    for matter_type, digits in TYPE_CODES.items():
        await catalog.execute(
            """
            INSERT INTO basic_items
                (code, name, matter_type, levels, legal_basis, state, source,
                 claimed_by, claimed_at, version)
            SELECT code, '事项', :matter_type, '{}', '[]', 'in_force', 'tests', 'tests', now(), 1
            FROM (SELECT concat('61', CAST(:digits AS text), CAST(:run AS text),
                                lpad(CAST(number AS text), 4, '0')) AS code
                  FROM generate_series(0, 5999) AS number
                  UNION SELECT concat('61', CAST(:digits AS text), '02003001')) AS codes
            ON CONFLICT DO NOTHING
            """,
            matter_type=matter_type.value,
            digits=digits,
            run=f"{_run:04d}",
        )
