"""What the worker does about stored bytes (存储清理): scan again, collect, sweep.

References are counted by asking who refers, never by a counter that could be wrong. A content
that nobody refers to is condemned after a grace, and its bytes and row go in a later round: a
round that is cut off is done again, and nothing that is referred to can be reached by it.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.materials import keeping, scanning, store
from case_service.materials.rules import ScanState
from case_service.materials.scanning import NoScanner
from tongban import audit
from tongban.context import Context
from tongban.objects import sweep

__all__ = ["collect_unreferenced", "scan_again", "sweep_materials"]

AT_ONCE: Final = 200
SCANNED_AT_ONCE: Final = 20
RESCAN_AFTER: Final = timedelta(minutes=5)
CONDEMNED_FOR: Final = timedelta(minutes=10)
ORPHANED_FOR: Final = timedelta(days=2)
"""Longer than any upload lives: what is stored by then has its row, or never will."""

log = structlog.get_logger(__name__)


async def collect_unreferenced(session: AsyncSession, context: Context) -> None:
    """Remove what was condemned, then condemn what no material has had for the grace."""
    at = context.clock()
    gone = await store.condemned(session, before=at - CONDEMNED_FOR, most=AT_ONCE)
    for content in gone:
        await keeping.area(context).delete(content.object_key)
    if gone:
        await store.drop_contents(session, [content.id for content in gone])
    grace = timedelta(hours=context.settings.unreferenced_hours)
    marked = await store.condemn_unreferenced(session, unused_since=at - grace, at=at, most=AT_ONCE)
    if gone or marked:
        log.info("contents.collected", removed=len(gone), condemned=marked)


async def scan_again(session: AsyncSession, context: Context) -> None:
    """Scan what no scanner has looked at with success; what is infected is shut away."""
    scanner, at = scanning.use(context), context.clock()
    if isinstance(scanner, NoScanner):
        return
    for content in await store.unscanned(session, before=at - RESCAN_AFTER, most=SCANNED_AT_ONCE):
        pieces: AsyncIterator[bytes] = await keeping.open_bytes(context, content)
        verdict = await scanner.scan(pieces)
        await store.keep_verdict(
            session,
            content.id,
            scan_state=verdict.state,
            scan_engine=verdict.engine,
            scan_signature=verdict.signature,
            scanned_at=at,
        )
        if verdict.state is ScanState.INFECTED:
            audit.note(
                session,
                actor="system",
                action="material.infected",
                subject=str(content.id),
                payload={"signature": verdict.signature},
            )


async def sweep_materials(session: AsyncSession, context: Context) -> None:
    """Remove objects of this service's own area whose transaction never committed."""

    async def referenced(keys: Sequence[str]) -> set[str]:
        return await store.held_keys(session, keys)

    removed = await sweep(
        keeping.area(context),
        older_than=context.clock() - ORPHANED_FOR,
        referenced=referenced,
    )
    if removed:
        log.info("objects.swept", removed=removed)
