"""Use cases about reports: send what changed upward, compare what arrived, mend the difference."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.reports import rules, store
from catalog_service.reports.adapter import OutboxFolder, Upward
from catalog_service.reports.rules import Gap, GapKind, Report
from tongban.context import Context
from tongban.objects import folder_of

__all__ = ["Reconciled", "find_gaps", "mend_gaps", "report_upward", "use_outbox_folder"]

AT_ONCE = 200
_RESOURCE = "upward"

Reconciled = tuple[int, int, Sequence[Gap]]
"""How many reports are due, how many are there, and the differences."""


def use_outbox_folder(context: Context) -> None:
    """Report into a folder; another way upward is put here instead."""
    folder = context.settings.reports or folder_of(context.settings.objects) / "reports"
    context.resources[_RESOURCE] = OutboxFolder(folder)


async def report_upward(session: AsyncSession, context: Context) -> None:
    """Send what was told since its last report: published, retired, claimed.

    A report that can't be sent stays due; the worker comes back to it.
    """
    due = await _due(session, unreported_only=True, limit=AT_ONCE)
    if not due:
        return
    upward = _upward(context)
    for report in due:
        await upward.send(report)
    await store.note_reported(session, due, at=context.clock())


async def find_gaps(session: AsyncSession, context: Context) -> Reconciled:
    """Compare what should have been reported with what is there."""
    due = await _due(session, unreported_only=False)
    held = await _upward(context).held()
    found = rules.gaps({one.key: one.digest for one in due}, held)
    return len(due), len(held), found


async def mend_gaps(session: AsyncSession, context: Context) -> Reconciled:
    """Send what is missing or outdated once more, take back what should not be there."""
    due = {one.key: one for one in await _due(session, unreported_only=False)}
    upward = _upward(context)
    held = await upward.held()
    found = rules.gaps({key: one.digest for key, one in due.items()}, held)
    resent = [due[gap.key] for gap in found if gap.kind is not GapKind.UNEXPECTED]
    for report in resent:
        await upward.send(report)
    for gap in found:
        if gap.kind is GapKind.UNEXPECTED:
            await upward.withdraw(gap.key)
    if resent:
        await store.note_reported(session, resent, at=context.clock())
    await session.flush()
    return len(due), len(held), found


def _upward(context: Context) -> Upward:
    upward: Upward = context.resources[_RESOURCE]
    return upward


async def _due(
    session: AsyncSession, *, unreported_only: bool, limit: int | None = None
) -> list[Report]:
    versions = await store.versions(session, unreported_only=unreported_only, limit=limit)
    claims = await store.claims(session, unreported_only=unreported_only, limit=limit)
    matters = [
        Report(
            rules.matter_key(row.code, row.number),
            row.sequence,
            {
                "kind": "matter",
                "code": row.code,
                "version": row.number,
                "state": row.state.value,
                "effective_from": row.effective_from.isoformat(),
                "retired_on": row.retired_on and row.retired_on.isoformat(),
                "content": row.content,
            },
        )
        for row in versions
    ]
    items = [
        Report(
            rules.claim_key(row.code),
            row.version,
            {
                "kind": "claim",
                "basic_code": row.code,
                "name": row.name,
                "claimed_at": row.claimed_at.isoformat(),
            },
        )
        for row in claims
        if row.claimed_at is not None
    ]
    return [*matters, *items]
