"""Matters made up for tests: each with a fresh code, so that tests don't meet."""

import itertools
import uuid
from copy import deepcopy
from typing import Any

from catalog_service.matters.example import EXAMPLE_CONTENT
from catalog_service.matters.vocabulary import TYPE_CODES, MatterType

__all__ = ["BODY", "fresh_code", "matter_content"]

BODY = "11610171MB29000014"
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
