"""What staff read of files."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.files import store
from interop_service.files.tables import ExchangeFile
from tongban.paging import Paging

__all__ = ["files_page"]


async def files_page(
    session: AsyncSession, paging: Paging, *, partner: str | None, is_whole: bool | None
) -> Sequence[ExchangeFile]:
    """Return files, the newest first: of one partner, whole ones or those on their way."""
    return await store.page(session, paging, partner=partner, is_whole=is_whole)
