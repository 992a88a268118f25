"""What of a case goes into its file (归档内容): the case and its timeline as they are at filing.

Pure but for the rows it reads from.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import rfc8785

from case_service.cases.party import Party
from case_service.cases.tables import Case, TimelineEntry
from case_service.documents.tables import Document
from case_service.materials.tables import Material

__all__ = ["CASE", "TIMELINE", "case_record", "contents_digest", "listed", "timeline_record"]

CASE: Final = "case.json"
TIMELINE: Final = "timeline.json"

_TOLD: Final = (
    "number", "district", "owner_district", "from_district", "exchange_id", "near_number",
    "owner_number", "site_id", "channel", "life_event", "matter_code", "matter_name",
    "matter_version", "department", "handling", "statutory_days", "statutory_unit",
    "promised_days", "situation_answers", "evidence", "proofs", "submitted_by", "received_by",
    "accepted_by", "reviewed_by", "decided_by", "helpers", "is_elderly", "green_channel",
    "submitted_at", "received_at", "accepted_at", "decided_at", "forwarded_at", "closed_at",
    "statutory_due_on", "promised_due_on", "suspensions", "extension", "is_joint", "tolerated",
    "commitments", "deemed_accepted", "instant_decision", "reopened_at", "challenges", "stage",
    "outcome", "reason", "outside_number", "outside_state", "outside_result", "licence_number",
    "licence_operation", "received_notice",
)  # fmt: skip
"""The columns of a case that its file tells, besides who applied and what the form said."""


def case_record(case: Case, party: Party, licences: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return a case as its file keeps it, with the applicant unmasked and the licences sealed."""
    return {
        **{name: _plain(getattr(case, name)) for name in _TOLD},
        **party,
        "licences": list(licences),
    }


def timeline_record(steps: Iterable[TimelineEntry]) -> list[dict[str, Any]]:
    """Return a case's timeline as its file keeps it."""
    names = ("at", "action", "stage", "actor", "actor_role", "site_id", "comment", "facts")
    return [{name: _plain(getattr(step, name)) for name in names} for step in steps]


def listed(
    *, record: bytes, timeline: bytes, documents: Sequence[Document], materials: Sequence[Material]
) -> list[dict[str, Any]]:
    """Return path, size and SHA-256 of each thing in the file; paths are ids, never names."""
    return [
        _thing(CASE, len(record), hashlib.sha256(record).hexdigest()),
        _thing(TIMELINE, len(timeline), hashlib.sha256(timeline).hexdigest()),
        *(
            # The digest that the seal covers: of the document without the seal itself.
            {**_thing(f"documents/{one.number}.json", None, one.sha256), "kind": one.kind.value}
            for one in documents
        ),
        *(
            {**_thing(f"materials/{one.id}", one.size, one.sha256), "key": one.key}
            for one in materials
        ),
    ]


def contents_digest(contents: Sequence[dict[str, Any]]) -> str:
    """Return the SHA-256 of the list as canonical JSON (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(list(contents))).hexdigest()


def _thing(path: str, size: int | None, sha256: str) -> dict[str, Any]:
    return {"path": path, "size": size, "sha256": sha256}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return str(value) if isinstance(value, UUID) else value
