"""Use cases of the archive: file what ended (归档), keep the schedule, hold a file back."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import rfc8785
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.archive import record, store
from case_service.archive.errors import (
    ArchiveFileNotFound,
    CaseDestroyed,
    HoldNotFound,
    RetentionRuleGiven,
    RetentionRuleNotFound,
)
from case_service.archive.events import ArchiveFiled, ArchiveHeld, ArchiveReleased
from case_service.archive.rules import (
    RetentionLine,
    archive_number,
    class_of,
    retention_ends_on,
)
from case_service.archive.schemas import HoldIn, RetentionRuleIn
from case_service.archive.tables import ArchiveFile, ArchiveHold, RetentionRule
from case_service.archive.vocabulary import ArchiveState, RetentionClass
from case_service.cases import party
from case_service.cases.tables import Case
from case_service.duty import Duty
from case_service.errors import MatterUnknown
from case_service.licences.service import BODY as LICENCE_BODY
from case_service.matters.service import matters_of
from case_service.seals.signing import seal_of
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller
from tongban.messages import publish
from tongban.paging import Paging

__all__ = [
    "ARCHIVE_DUTY",
    "Term",
    "add_rule",
    "change_rule",
    "file_in_time",
    "get",
    "hold",
    "lift",
    "listed",
    "note_ended",
    "opened_record",
    "require_not_destroyed",
    "retention_of",
    "schedule",
    "terms_of",
    "told",
]

AT_ONCE: Final = 500
RECORD: Final = "archive.record"
TYPE: Final = "archive-file+jws"


@dataclass(frozen=True)
class Term:
    """Until when a case's file is kept; for ever where `ends_on` is None."""

    ends_on: date | None
    is_filed: bool


async def note_ended(session: AsyncSession, context: Context) -> None:
    """Open a file for each case that ended; it is filed when its days are over."""
    within = timedelta(days=context.settings.archive_days)
    while await store.note_ended(session, file_within=within, most=AT_ONCE) == AT_ONCE:
        pass


async def file_in_time(
    session: AsyncSession, context: Context, file: ArchiveFile, at: datetime
) -> None:
    """归档: fix what the file of a case holds, number it, and reckon how long it is kept."""
    file.next_due_at = None
    case = await store.ended(session, file.case_id)
    if case is None or case.archive_file_id is None:
        return  # reopened meanwhile: it falls due anew when it is closed again
    retention = await retention_of(session, context, case)
    kept = await _record(session, context, case)
    file.contents = kept.pop("contents")
    file.sealed_record = context.vault.seal(
        zlib.compress(json.dumps(kept, ensure_ascii=False).encode()), context=_context(file.id)
    )
    file.closed_on = local_date(case.closed_at or at)
    file.retention = retention
    file.retention_ends_on = retention_ends_on(retention, file.closed_on)
    file.number = file.number or archive_number(
        fonds=context.settings.archive_fonds or context.settings.district,
        year=file.closed_on.year,
        retention=retention,
        running=await store.draw_number(session),
    )
    file.edition += 1
    file.state, file.filed_at, file.transfer_id = ArchiveState.FILED, at, None
    file.signature = await seal_of(context).sign(
        rfc8785.dumps(
            {
                "number": file.number,
                "edition": file.edition,
                "contents_sha256": record.contents_digest(file.contents),
            }
        ),
        typ=TYPE,
    )
    publish(session, ArchiveFiled(**told(file, at), **_term(file)), of=file)
    _note(session, "system", "file", file)


async def retention_of(session: AsyncSession, context: Context, case: Case) -> RetentionClass:
    """Return how long a case's file is kept, by the schedule as it is now."""
    try:
        matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
        matter_type = matter.content.matter_type
    except MatterUnknown:
        matter_type = ""  # a partner's that is offered no more: by code and outcome alone
    schedule = [
        RetentionLine(
            retention=one.retention,
            matter_type=one.matter_type,
            matter_code=one.matter_code,
            matter_version=one.matter_version,
            outcome=one.outcome,
        )
        for one in await store.rules(session)
    ]
    return class_of(
        schedule,
        matter_type=matter_type,
        matter_code=case.matter_code,
        version=case.matter_version,
        outcome=case.outcome.value if case.outcome else "",
    )


async def terms_of(
    session: AsyncSession, context: Context, cases: Sequence[Case]
) -> dict[UUID, Term]:
    """Return until when the law keeps each case's file: as it was filed, or as it would be."""
    files = {
        file.case_id: file for file in await store.files_of_cases(session, [c.id for c in cases])
    }
    terms = {}
    for case in cases:
        file = files.get(case.id)
        if file is not None and file.filed_at is not None:
            is_filed = file.state is not ArchiveState.DESTROYED
            terms[case.id] = Term(file.retention_ends_on, is_filed=is_filed)
            continue
        ends_on = None
        if case.closed_at is not None:
            retention = await retention_of(session, context, case)
            ends_on = retention_ends_on(retention, local_date(case.closed_at))
        terms[case.id] = Term(ends_on, is_filed=False)
    return terms


async def require_not_destroyed(session: AsyncSession, case_id: UUID) -> None:
    """Refuse to take up again what is destroyed.

    Raises:
        CaseDestroyed
    """
    file = await store.file_of_case(session, case_id)
    if file is not None and file.state is ArchiveState.DESTROYED:
        raise CaseDestroyed


def opened_record(context: Context, file: ArchiveFile) -> dict[str, str]:
    """Return the JSON texts of case and timeline as they were filed."""
    packed = context.vault.open(file.sealed_record or b"", context=_context(file.id))
    texts: dict[str, str] = json.loads(zlib.decompress(packed))
    return texts


async def get(session: AsyncSession, file_id: UUID) -> tuple[ArchiveFile, Sequence[ArchiveHold]]:
    """Return a file's entry in the archive with its holds.

    Raises:
        ArchiveFileNotFound
    """
    file = await store.get_file(session, file_id)
    if file is None:
        raise ArchiveFileNotFound
    return file, await store.holds_of(session, file_id)


async def listed(
    session: AsyncSession,
    paging: Paging,
    *,
    state: ArchiveState | None,
    retention: RetentionClass | None,
    matter_code: str | None,
    number: str | None,
    ended_by: date | None,
) -> Sequence[ArchiveFile]:
    """Return one page of the files, and one row more."""
    return await store.list_files(
        session,
        paging,
        state=state,
        retention=retention,
        matter_code=matter_code,
        number=number,
        ended_by=ended_by,
    )


async def schedule(session: AsyncSession) -> Sequence[RetentionRule]:
    """Return the schedule of terms (保管期限表)."""
    return await store.rules(session)


async def add_rule(
    session: AsyncSession, body: RetentionRuleIn, *, caller: Caller
) -> RetentionRule:
    """Add a line to the schedule; files that are filed already keep their class.

    Raises:
        RetentionRuleGiven: there is one about the same cases.
    """
    rule = RetentionRule(**body.model_dump(), changed_by=caller.subject)
    try:
        async with session.begin_nested():
            session.add(rule)
    except IntegrityError as fault:
        raise RetentionRuleGiven from fault
    _note_rule(session, caller, "add", rule)
    await session.flush()
    return rule


async def change_rule(
    session: AsyncSession,
    rule_id: UUID,
    *,
    retention: RetentionClass,
    basis: str,
    caller: Caller,
    if_match: str | None,
) -> RetentionRule:
    """Give the cases of a line another term, on another basis.

    Raises:
        RetentionRuleNotFound, StaleVersion
    """
    rule = await store.rule_for_update(session, rule_id)
    if rule is None:
        raise RetentionRuleNotFound
    require_match(rule.version, if_match)
    before = rule.retention.value
    rule.retention, rule.basis, rule.changed_by = retention, basis, caller.subject
    _note_rule(session, caller, "change", rule, before=before)
    await session.flush()
    return rule


async def hold(
    session: AsyncSession, file_id: UUID, body: HoldIn, *, caller: Caller, at: datetime
) -> ArchiveHold:
    """冻结: keep a file from destruction while a review, a suit or an inspection goes on.

    Raises:
        ArchiveFileNotFound: there is none, or it is destroyed.
    """
    file = await store.file_for_update(session, file_id)
    if file is None or file.state is ArchiveState.DESTROYED:
        raise ArchiveFileNotFound
    placed = ArchiveHold(
        file_id=file.id,
        ground=body.ground,
        reference=body.reference,
        placed_by=caller.subject,
        placed_at=at,
    )
    session.add(placed)
    publish(session, ArchiveHeld(**told(file, at), ground=body.ground.value), of=file)
    _note(session, caller.subject, "hold", file, ground=body.ground.value)
    await session.flush()
    return placed


async def lift(
    session: AsyncSession, file_id: UUID, hold_id: UUID, *, caller: Caller, at: datetime
) -> ArchiveHold:
    """解除冻结.

    Raises:
        ArchiveFileNotFound, HoldNotFound
    """
    file = await store.file_for_update(session, file_id)
    if file is None:
        raise ArchiveFileNotFound
    held = await store.hold_for_update(session, file_id, hold_id)
    if held is None:
        raise HoldNotFound
    held.lifted_by, held.lifted_at = caller.subject, at
    publish(session, ArchiveReleased(**told(file, at), ground=held.ground.value), of=file)
    _note(session, caller.subject, "release", file, ground=held.ground.value)
    await session.flush()
    return held


def told(file: ArchiveFile, at: datetime) -> dict[str, Any]:
    """Return what every event of a file tells."""
    return {"at": at, "file_id": file.id, "case_id": file.case_id, "number": file.number or ""}


async def _record(session: AsyncSession, context: Context, case: Case) -> dict[str, Any]:
    whole = party.opened(context.vault, case.sealed_party, case_id=case.id)
    licences = [
        json.loads(context.vault.open(one.sealed_body, context=LICENCE_BODY))
        for one in await store.licences_of(session, case.id)
    ]
    told_case = _text(record.case_record(case, whole, licences))
    timeline = _text(record.timeline_record(await store.timeline_of(session, case.id)))
    materials = [one for one, _ in await store.materials_of(session, case.id)]
    return {
        record.CASE: told_case,
        record.TIMELINE: timeline,
        "contents": record.listed(
            record=told_case.encode(),
            timeline=timeline.encode(),
            documents=await store.documents_of(session, case.id),
            materials=materials,
        ),
    }


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)


def _term(file: ArchiveFile) -> dict[str, date | str | None]:
    retention = file.retention.value if file.retention else None
    return {"retention": retention, "retention_ends_on": file.retention_ends_on}


def _context(file_id: UUID) -> str:
    return f"{RECORD}:{file_id}"


def _note(session: AsyncSession, actor: str, action: str, file: ArchiveFile, **more: Any) -> None:
    audit.note(
        session,
        actor=actor,
        action=f"archive.{action}",
        subject=str(file.id),
        payload={"number": file.number, "edition": file.edition, **more},
    )


def _note_rule(
    session: AsyncSession, caller: Caller, action: str, rule: RetentionRule, **more: Any
) -> None:
    audit.note(
        session,
        actor=caller.subject,
        action=f"retention_rule.{action}",
        subject=str(rule.id),
        payload={"retention": rule.retention.value, "basis": rule.basis, **more},
    )


ARCHIVE_DUTY = Duty("archive", ArchiveFile, file_in_time)
