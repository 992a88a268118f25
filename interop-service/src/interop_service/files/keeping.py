"""How long files are kept (文件保管): until nobody needs them; what no row refers to is swept.

Rows go first and objects after them, so that no row ever tells of bytes that are gone.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.files import store
from interop_service.files.rules import UNFINISHED_KEPT
from tongban.context import Context
from tongban.objects import FILES, sweep
from tongban.worker import INBOX_DAYS

__all__ = ["forget_files", "sweep_files"]

AT_ONCE: Final = 200
ORPHANED_FOR: Final = timedelta(days=INBOX_DAYS)
"""Longer than any event is on its way: what case-service left has its row by then, or never."""

log = structlog.get_logger(__name__)


async def forget_files(session: AsyncSession, context: Context) -> None:
    """Forget files that no message needs any more; a timer. Their objects are swept after that."""
    at = context.clock()
    gone = await store.forgettable(
        session,
        unused_since=at - timedelta(days=context.settings.files_kept_days),
        quiet_since=at - UNFINISHED_KEPT,
        limit=AT_ONCE,
    )
    if gone:
        await store.drop(session, gone)
        log.info("files.forgotten", files=len(gone))


async def sweep_files(session: AsyncSession, context: Context) -> None:
    """Remove the objects that no row tells of, or never did; a timer."""

    async def referenced(keys: Sequence[str]) -> set[str]:
        return await store.held_keys(session, keys)

    removed = await sweep(
        context.objects.within(FILES),
        older_than=context.clock() - ORPHANED_FOR,
        referenced=referenced,
    )
    if removed:
        log.info("files.swept", removed=removed)
