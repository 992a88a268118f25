"""What an older analyser made findable is made anew, a few matters at a time (重建检索).

The worker does so from its start on, while the search serves: by the old columns until their turn.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters import store
from catalog_service.matters.search import ANALYSER, Findable, findable
from tongban.context import Context

__all__ = ["ANY_STALE", "make_findable_anew"]

AT_ONCE = 100
ANY_STALE = store.any_stale(before=ANALYSER)


async def make_findable_anew(session: AsyncSession, _context: Context) -> int:
    """Make some matters of an older analyser findable by this one; return how many."""
    done = 0
    for of in (store.stale_published, store.stale_offered):
        stale = await of(session, before=ANALYSER, limit=AT_ONCE)
        if stale:
            # The analysis is CPU work: health checks are answered meanwhile.
            found_by = await asyncio.to_thread(_findable, [one.content for one in stale])
            await store.keep_findable(session, stale, [asdict(one) for one in found_by])
        done += len(stale)
    return done


def _findable(contents: Sequence[Mapping[str, Any]]) -> list[Findable]:
    return [
        findable(
            name=content["name"],
            english_name=content.get("english_name", ""),
            keywords=content.get("keywords", ()),
            area=content["area"],
        )
        for content in contents
    ]
