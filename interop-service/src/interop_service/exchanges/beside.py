"""Work beside the event loop, for what is large: a small one is not worth the way to a thread."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["beside_loop"]

LARGE: Final = 256 * 1024

R = TypeVar("R")


async def beside_loop(size: int, work: Callable[[], R]) -> R:
    """Do `work` on something of so many bytes, in a thread where that holds up all others."""
    return await asyncio.to_thread(work) if size > LARGE else work()
