"""Every SQL statement of the archive."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Date,
    Interval,
    bindparam,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.archive.tables import (
    ARCHIVE_NUMBERS,
    ArchiveFile,
    ArchiveHold,
    ArchiveTransfer,
    Destruction,
    RegisterEntry,
    RetentionRule,
)
from case_service.archive.vocabulary import ArchiveState, RetentionClass
from case_service.cases.rules import Stage
from case_service.cases.tables import Case, TimelineEntry
from case_service.documents.tables import Document
from case_service.licences.tables import Licence
from case_service.licences.vocabulary import LicenceState
from case_service.materials.tables import Material, StoredContent
from tongban.clock import SHANGHAI
from tongban.kernel import LedgerCheckpointRow, LedgerRow
from tongban.paging import Paging, after

__all__ = [
    "Standing",
    "checkpoint_after",
    "destruction_for_update",
    "destructions",
    "documents_of",
    "draw_number",
    "ended",
    "file_for_update",
    "file_of_case",
    "files_of_cases",
    "files_of_destruction",
    "files_of_transfer",
    "get_file",
    "hold_for_update",
    "holds_of",
    "ledger_of",
    "licences_of",
    "list_files",
    "locked_files",
    "materials_of",
    "note_ended",
    "object_keys",
    "register",
    "registered",
    "rule_for_update",
    "rules",
    "standings",
    "timeline_of",
    "transfer_for_update",
    "transfers",
]


@dataclass(frozen=True)
class Standing:
    """A file with what is asked before it may be destroyed."""

    file: ArchiveFile
    challenges: list[Any]
    is_reopened: bool
    has_open_hold: bool
    has_valid_licence: bool


async def note_ended(session: AsyncSession, *, file_within: timedelta, most: int) -> int:
    """Open a file for each case that ended and has none, or was reopened and ended again.

    `file_within` from its end it falls due. Several workers share the cases out by SKIP LOCKED.
    """
    ended_cases = (
        select(Case.id, Case.number, Case.matter_code, Case.matter_name, Case.closed_at)
        .where(
            Case.closed_at.is_not(None),
            Case.archive_file_id.is_(None),
            # Withdrawn before anybody took it in: nothing official was done, nothing is filed.
            or_(Case.stage != Stage.WITHDRAWN, Case.received_at.is_not(None)),
        )
        .order_by(Case.closed_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("ended")
    )
    closed_on = cast(func.timezone(SHANGHAI.key, ended_cases.c.closed_at), Date)
    due_at = ended_cases.c.closed_at + bindparam("file_within", file_within, type_=Interval)
    opened = insert(ArchiveFile).from_select(
        [
            "id",
            "case_id",
            "case_number",
            "matter_code",
            "matter_name",
            "closed_on",
            "state",
            "sequence",
            "next_due_at",
        ],
        select(
            # Ids are the application's; here the case's own is one that nothing else has.
            ended_cases.c.id,
            ended_cases.c.id,
            ended_cases.c.number,
            ended_cases.c.matter_code,
            ended_cases.c.matter_name,
            closed_on,
            literal(ArchiveState.WAITING.value),
            literal(0),
            due_at,
        ),
        include_defaults=False,
    )
    filed = opened.on_conflict_do_update(
        index_elements=["case_id"],
        set_={
            "closed_on": opened.excluded.closed_on,
            "next_due_at": opened.excluded.next_due_at,
            "version": ArchiveFile.version + 1,
        },
    ).returning(ArchiveFile.id, ArchiveFile.case_id)
    noted = filed.cte("noted")
    marked = (
        update(Case)
        .where(Case.id == noted.c.case_id)
        .values(archive_file_id=noted.c.id, updated_at=func.now())
        .returning(Case.id)
        .execution_options(synchronize_session=False)
    )
    return len((await session.scalars(marked)).all())


async def draw_number(session: AsyncSession) -> int:
    return int(await session.scalar(select(ARCHIVE_NUMBERS.next_value())) or 0)


async def rules(session: AsyncSession) -> Sequence[RetentionRule]:
    return (await session.scalars(select(RetentionRule).order_by(RetentionRule.id))).all()


async def rule_for_update(session: AsyncSession, rule_id: UUID) -> RetentionRule | None:
    return await session.get(RetentionRule, rule_id, with_for_update=True, populate_existing=True)


async def get_file(session: AsyncSession, file_id: UUID) -> ArchiveFile | None:
    return await session.get(ArchiveFile, file_id)


async def file_for_update(session: AsyncSession, file_id: UUID) -> ArchiveFile | None:
    return await session.get(ArchiveFile, file_id, with_for_update=True, populate_existing=True)


async def file_of_case(session: AsyncSession, case_id: UUID) -> ArchiveFile | None:
    return await session.scalar(select(ArchiveFile).where(ArchiveFile.case_id == case_id))


async def files_of_cases(
    session: AsyncSession, case_ids: Collection[UUID]
) -> Sequence[ArchiveFile]:
    found = select(ArchiveFile).where(ArchiveFile.case_id.in_(case_ids))
    return (await session.scalars(found)).all()


async def list_files(
    session: AsyncSession,
    paging: Paging,
    *,
    state: ArchiveState | None,
    retention: RetentionClass | None,
    matter_code: str | None,
    number: str | None,
    ended_by: date | None,
) -> Sequence[ArchiveFile]:
    """Return a page of files; those whose term is over by a day, longest over first."""
    wanted = select(ArchiveFile)
    for column, value in (
        (ArchiveFile.state, state),
        (ArchiveFile.retention, retention),
        (ArchiveFile.matter_code, matter_code),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if number is not None:
        wanted = wanted.where(or_(ArchiveFile.number == number, ArchiveFile.case_number == number))
    if ended_by is None:
        return (await session.scalars(after(wanted, paging, ArchiveFile.id, descending=True))).all()
    wanted = wanted.where(
        ArchiveFile.state.in_((ArchiveState.FILED, ArchiveState.TRANSFERRED)),
        ArchiveFile.retention_ends_on <= ended_by,
    )
    ordered = after(wanted, paging, ArchiveFile.retention_ends_on, ArchiveFile.id)
    return (await session.scalars(ordered)).all()


async def locked_files(session: AsyncSession, ids: Collection[UUID]) -> list[ArchiveFile]:
    """Return the files locked, in one order everywhere."""
    found = (
        select(ArchiveFile)
        .where(ArchiveFile.id.in_(ids))
        .order_by(ArchiveFile.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(found))


async def standings(session: AsyncSession, ids: Collection[UUID], *, on: date) -> list[Standing]:
    """Return the files, locked, with what is asked before they go: one statement for all."""
    has_hold = exists().where(
        ArchiveHold.file_id == ArchiveFile.id, ArchiveHold.lifted_at.is_(None)
    )
    has_licence = exists().where(
        Licence.case_id == ArchiveFile.case_id,
        Licence.state == LicenceState.VALID,
        or_(Licence.valid_until.is_(None), Licence.valid_until >= on),
        or_(Licence.invalid_from.is_(None), Licence.invalid_from > on),
    )
    rows = await session.execute(
        select(ArchiveFile, Case.challenges, Case.archive_file_id.is_(None), has_hold, has_licence)
        .join(Case, Case.id == ArchiveFile.case_id)
        .where(ArchiveFile.id.in_(ids))
        .order_by(ArchiveFile.id)
        # The case too: a suit that is noted meanwhile waits, and then meets a destroyed file.
        .with_for_update(of=(ArchiveFile, Case))
        .execution_options(populate_existing=True)
    )
    return [Standing(*row) for row in rows]


async def holds_of(session: AsyncSession, file_id: UUID) -> Sequence[ArchiveHold]:
    found = select(ArchiveHold).where(ArchiveHold.file_id == file_id).order_by(ArchiveHold.id)
    return (await session.scalars(found)).all()


async def hold_for_update(
    session: AsyncSession, file_id: UUID, hold_id: UUID
) -> ArchiveHold | None:
    found = (
        select(ArchiveHold)
        .where(
            ArchiveHold.id == hold_id,
            ArchiveHold.file_id == file_id,
            ArchiveHold.lifted_at.is_(None),
        )
        .with_for_update()
    )
    return await session.scalar(found)


async def ended(session: AsyncSession, case_id: UUID) -> Case | None:
    """Return a case, locked, where it is over."""
    found = select(Case).where(Case.id == case_id, Case.closed_at.is_not(None)).with_for_update()
    return await session.scalar(found)


async def timeline_of(session: AsyncSession, case_id: UUID) -> Sequence[TimelineEntry]:
    found = select(TimelineEntry).where(TimelineEntry.case_id == case_id).order_by(TimelineEntry.id)
    return (await session.scalars(found)).all()


async def materials_of(
    session: AsyncSession, case_id: UUID
) -> list[tuple[Material, StoredContent | None]]:
    found = await session.execute(
        select(Material, StoredContent)
        .outerjoin(StoredContent, StoredContent.id == Material.content_id)
        .where(Material.case_id == case_id)
        .order_by(Material.id)
    )
    return [(row[0], row[1]) for row in found]


async def documents_of(session: AsyncSession, case_id: UUID) -> Sequence[Document]:
    found = select(Document).where(Document.case_id == case_id).order_by(Document.id)
    return (await session.scalars(found)).all()


async def licences_of(session: AsyncSession, case_id: UUID) -> Sequence[Licence]:
    found = select(Licence).where(Licence.case_id == case_id).order_by(Licence.id)
    return (await session.scalars(found)).all()


async def ledger_of(session: AsyncSession, subjects: Collection[str]) -> dict[str, list[LedgerRow]]:
    """Return the ledger's sealed entries about these, in the chain's order.

    The ledger is written at each step and read here alone: one pass over it for a whole package
    costs less than an index that every step would keep.
    """
    found = select(LedgerRow).where(LedgerRow.subject.in_(subjects)).order_by(LedgerRow.seq)
    entries: dict[str, list[LedgerRow]] = {subject: [] for subject in subjects}
    for row in await session.scalars(found):
        entries[row.subject].append(row)
    return entries


async def checkpoint_after(session: AsyncSession, seq: int) -> LedgerCheckpointRow | None:
    """Return the first signed checkpoint that covers the entry `seq`."""
    found = (
        select(LedgerCheckpointRow)
        .where(LedgerCheckpointRow.seq >= seq)
        .order_by(LedgerCheckpointRow.seq)
        .limit(1)
    )
    return await session.scalar(found)


async def transfers(session: AsyncSession, paging: Paging) -> Sequence[ArchiveTransfer]:
    listed = select(ArchiveTransfer)
    return (await session.scalars(after(listed, paging, ArchiveTransfer.id, descending=True))).all()


async def transfer_for_update(session: AsyncSession, transfer_id: UUID) -> ArchiveTransfer | None:
    return await session.get(
        ArchiveTransfer, transfer_id, with_for_update=True, populate_existing=True
    )


async def files_of_transfer(session: AsyncSession, transfer_id: UUID) -> Sequence[ArchiveFile]:
    found = (
        select(ArchiveFile)
        .where(ArchiveFile.transfer_id == transfer_id)
        .order_by(ArchiveFile.number)
        .with_for_update()
    )
    return (await session.scalars(found)).all()


async def destructions(session: AsyncSession, paging: Paging) -> Sequence[Destruction]:
    listed = select(Destruction)
    return (await session.scalars(after(listed, paging, Destruction.id, descending=True))).all()


async def destruction_for_update(session: AsyncSession, destruction_id: UUID) -> Destruction | None:
    return await session.get(
        Destruction, destruction_id, with_for_update=True, populate_existing=True
    )


async def files_of_destruction(
    session: AsyncSession, destruction_id: UUID, *, most: int | None = None
) -> Sequence[ArchiveFile]:
    """Return the files of a proposal that still stand."""
    found = (
        select(ArchiveFile)
        .where(
            ArchiveFile.destruction_id == destruction_id,
            ArchiveFile.state != ArchiveState.DESTROYED,
        )
        .order_by(ArchiveFile.id)
    )
    return (await session.scalars(found.limit(most) if most else found)).all()


async def registered(
    session: AsyncSession, paging: Paging, *, destruction_id: UUID | None
) -> Sequence[RegisterEntry]:
    listed = select(RegisterEntry)
    if destruction_id is not None:
        listed = listed.where(RegisterEntry.destruction_id == destruction_id)
    return (await session.scalars(after(listed, paging, RegisterEntry.id, descending=True))).all()


async def register(session: AsyncSession, entry: RegisterEntry) -> None:
    session.add(entry)
    await session.flush()


async def object_keys(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Return those of the keys that a transfer refers to."""
    found = select(ArchiveTransfer.object_key).where(ArchiveTransfer.object_key.in_(keys))
    return {key for key in await session.scalars(found) if key is not None}
