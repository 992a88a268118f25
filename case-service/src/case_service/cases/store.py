"""Every SQL statement on cases. A submission and a step are one statement each: case, timeline,
ledger and outbox go in together.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnDefault,
    ColumnElement,
    Insert,
    RowMapping,
    Table,
    Update,
    and_,
    false,
    func,
    insert,
    inspect,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError

from case_service.cases.tables import CASE_NUMBERS, Case, Material, ProgressMiss, TimelineEntry
from case_service.events import CaseEvent
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.kernel import LedgerRow, OutboxRow
from tongban.ledger import entry_values
from tongban.messages import outbox_values
from tongban.paging import Paging, after

__all__ = [
    "advance",
    "by_exchange",
    "count_misses",
    "draw_numbers",
    "files_of",
    "find",
    "find_by_number",
    "get_file",
    "get_for_update",
    "get_with_files",
    "list_visible",
    "note_miss",
    "submit",
    "timeline_of",
    "with_open_clocks",
]

CASES: Table = Case.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
TIMELINE: Table = TimelineEntry.__table__  # type: ignore[assignment]  # as above
LEDGER: Table = LedgerRow.__table__  # type: ignore[assignment]  # as above
OUTBOX: Table = OutboxRow.__table__  # type: ignore[assignment]  # as above

SEES_DISTRICT = (Role.REVIEWER, Role.APPROVER, Role.SEAL_KEEPER, Role.SUPERVISOR, Role.ADMIN)
SEES_SITE = (Role.CLERK, Role.HELPER, Role.SITE_MANAGER)
SUMMARY = (
    "id",
    "number",
    "stage",
    "matter_code",
    "matter_name",
    "handling",
    "applicant_masked",
    "site_id",
    "owner_district",
    "owner_stage",
    "submitted_at",
    "promised_due_on",
    "statutory_due_on",
    "is_provisional",
    "outcome",
    "version",
)


async def draw_numbers(session: AsyncSession, count: int) -> list[int]:
    """Draw `count` running numbers at once; those that are not used are gaps."""
    drawn = await session.scalars(
        select(CASE_NUMBERS.next_value()).select_from(func.generate_series(1, count).alias())
    )
    return list(drawn)


async def submit(
    session: AsyncSession,
    values: Mapping[str, Any],
    *,
    entry: Mapping[str, Any],
    events: Sequence[CaseEvent],
    ledger: Mapping[str, Any],
) -> None:
    """Insert a case with its first timeline entry, its events and its ledger entry."""
    row = _complete(CASES, {**values, "sequence": len(events), "version": 1})
    await session.execute(
        _with_traces(session, insert(CASES).values(row), entry, events, ledger, already_told=0)
    )


async def advance(
    session: AsyncSession,
    case: Case,
    changes: Mapping[str, Any],
    *,
    entry: Mapping[str, Any],
    events: Sequence[CaseEvent],
    ledger: Mapping[str, Any],
) -> None:
    """Store a step of a locked case, with all that tells of it.

    Raises:
        StaleDataError: the row is not what was read.
    """
    after_it = {
        **changes,
        "version": case.version + 1,
        "sequence": case.sequence + len(events),
        "updated_at": entry["at"],
    }
    statement = (
        update(CASES)
        .where(CASES.c.id == case.id, CASES.c.version == case.version)
        .values(after_it)
        .returning(CASES.c.id)
    )
    moved = await session.scalar(
        _with_traces(session, statement, entry, events, ledger, already_told=case.sequence)
    )
    if moved is None:
        raise StaleDataError
    for name, value in after_it.items():
        set_committed_value(case, name, value)


def _with_traces(
    session: AsyncSession,
    statement: Insert | Update | Any,
    entry: Mapping[str, Any],
    events: Sequence[CaseEvent],
    ledger: Mapping[str, Any],
    *,
    already_told: int,
) -> Any:
    """Let the timeline, the ledger, the outbox and whatever waits in the session ride along."""
    step = {"id": new_id(), "facts": {}, **entry}
    noted = entry_values(**ledger)
    if events:
        # One insert for all: the relay sends by position, and only within an insert it is ordered.
        rows = [
            outbox_values(event, sequence=already_told + place)
            for place, event in enumerate(events, start=1)
        ]
        statement = statement.add_cte(
            insert(OUTBOX).values(rows).returning(OUTBOX.c.position).cte("told")
        )
    return statement.add_cte(
        *_taken_along(session),
        insert(TIMELINE).values(step).returning(TIMELINE.c.id).cte("step"),
        insert(LEDGER).values(noted).returning(LEDGER.c.id).cte("noted"),
    )


def _taken_along(session: AsyncSession) -> list[CTE]:
    """Take the new rows out of the session, as inserts of the one statement.

    A document, the use of its seal and their ledger entries cost no statements of their own.
    """
    inserts = []
    for place, row in enumerate(list(session.new)):
        state = inspect(row)
        columns = {attr.key: attr.columns[0].name for attr in state.mapper.column_attrs}
        values = {columns[key]: value for key, value in state.dict.items() if key in columns}
        if state.mapper.version_id_col is not None:
            values.setdefault(state.mapper.version_id_col.name, 1)
        table = state.mapper.local_table
        session.expunge(row)
        inserts.append(
            insert(table)
            .values(_complete(table, values))
            .returning(*table.primary_key)
            .cte(f"along_{place}")
        )
    return inserts


def _complete(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Add the columns' own defaults, which an insert with others beside it does not fill in."""
    filled = {
        column.name: column.default.arg(None) if column.default.is_callable else column.default.arg
        for column in table.columns
        if isinstance(column.default, ColumnDefault) and column.name not in values
    }
    return {**filled, **values}


async def find(session: AsyncSession, case_id: UUID) -> Case | None:
    return await session.get(Case, case_id)


async def get_for_update(session: AsyncSession, case_id: UUID) -> Case | None:
    """Return the case, locked until the transaction ends."""
    return await session.scalar(
        select(Case)
        .where(Case.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _files_json() -> Any:
    """A case's files as one JSON column, so that a read is one statement."""
    return (
        select(
            func.coalesce(
                func.json_agg(
                    func.json_build_object(
                        "id", Material.id,
                        "key", Material.key,
                        "file_name", Material.file_name,
                        "media_type", Material.media_type,
                        "size", Material.size,
                        "sha256", Material.sha256,
                        "uploaded_at", Material.uploaded_at,
                    )
                ),
                func.json_build_array(),
            )
        )
        .where(Material.case_id == Case.id)
        .scalar_subquery()
    )  # fmt: skip


async def get_with_files(
    session: AsyncSession, case_id: UUID, *, is_locked: bool
) -> tuple[Case, list[dict[str, Any]]] | None:
    """Return the case and its files, oldest first, in one statement."""
    statement = select(Case, _files_json()).where(Case.id == case_id)
    if is_locked:
        statement = statement.with_for_update(of=Case).execution_options(populate_existing=True)
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    case, files = found
    return case, sorted(files, key=lambda file: file["id"])


async def find_by_number(session: AsyncSession, number: str) -> Case | None:
    return await session.scalar(select(Case).where(Case.number == number))


async def by_exchange(session: AsyncSession, exchange_id: UUID) -> Case | None:
    """Return the case of an exchange, locked."""
    return await session.scalar(
        select(Case)
        .where(Case.exchange_id == exchange_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """Return the condition of the rows that this caller may know of."""
    if caller.has(*SEES_DISTRICT):
        return true()
    own = or_(CASES.c.applicant_subject == caller.subject, CASES.c.submitted_by == caller.subject)
    if not caller.has(*SEES_SITE):
        return own if caller.has(Role.CITIZEN, Role.ENTERPRISE) else false()
    if caller.site_id is None:
        return true()
    # Without a site: applied for online, or come from another district.
    return or_(CASES.c.site_id == caller.site_id, CASES.c.site_id.is_(None))


async def list_visible(
    session: AsyncSession,
    caller: Caller,
    paging: Paging,
    *,
    stage: str | None = None,
    site_id: str | None = None,
    number: str | None = None,
    matter_code: str | None = None,
    is_open: bool | None = None,
    is_mine: bool = False,
) -> Sequence[RowMapping]:
    """Return one page, newest first, of what this caller may see; one row more tells of a next."""
    wanted: list[ColumnElement[bool]] = [visible_to(caller)]
    exact = {"stage": stage, "site_id": site_id, "number": number, "matter_code": matter_code}
    wanted += [CASES.c[name] == value for name, value in exact.items() if value is not None]
    if is_open is not None:
        wanted.append(CASES.c.closed_at.is_(None) if is_open else CASES.c.closed_at.is_not(None))
    if is_mine:
        wanted.append(
            or_(
                *(
                    CASES.c[name] == caller.subject
                    for name in ("applicant_subject", "submitted_by", "received_by", "accepted_by")
                )
            )
        )
    statement = select(*(CASES.c[name] for name in SUMMARY)).where(and_(*wanted))
    page = after(statement, paging, CASES.c.id, descending=True)
    rows: Sequence[RowMapping] = (await session.execute(page)).mappings().all()
    return rows


async def timeline_of(session: AsyncSession, case_id: UUID) -> Sequence[TimelineEntry]:
    """Return the case's steps, oldest first."""
    rows = await session.scalars(
        select(TimelineEntry).where(TimelineEntry.case_id == case_id).order_by(TimelineEntry.id)
    )
    return rows.all()


async def files_of(session: AsyncSession, case_id: UUID) -> Sequence[Material]:
    rows = await session.scalars(
        select(Material).where(Material.case_id == case_id).order_by(Material.id)
    )
    return rows.all()


async def get_file(session: AsyncSession, case_id: UUID, file_id: UUID) -> Material | None:
    return await session.scalar(
        select(Material).where(Material.case_id == case_id, Material.id == file_id)
    )


async def count_misses(
    session: AsyncSession, number: str, *, since: datetime
) -> tuple[int, datetime | None]:
    """Return how many progress queries missed since then, and when the first of them did."""
    count, first = (
        await session.execute(
            select(func.count(), func.min(ProgressMiss.at)).where(
                ProgressMiss.number == number, ProgressMiss.at > since
            )
        )
    ).one()
    return count, first


async def note_miss(session: AsyncSession, number: str, *, at: datetime) -> None:
    session.add(ProgressMiss(number=number, at=at))
    await session.flush()


async def with_open_clocks(session: AsyncSession, year: int) -> Sequence[Case]:
    """Return, locked, the unfinished cases with a date that the calendar of `year` may move."""
    # The notice for a year may move the last days of the year before.
    reach = date(year, 1, 1) - timedelta(days=3)
    dates = (
        Case.notice_due_on,
        Case.correction_due_on,
        Case.statutory_due_on,
        Case.promised_due_on,
        Case.issue_due_on,
        Case.forward_due_on,
    )
    rows = await session.scalars(
        select(Case)
        .where(
            Case.closed_at.is_(None),
            or_(Case.is_provisional, *(due >= reach for due in dates)),
        )
        .order_by(Case.id)
        .with_for_update()
    )
    return rows.all()
