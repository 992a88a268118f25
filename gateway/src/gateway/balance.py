"""Which of a service's processes a request goes to (负载分配), and how long a dead one is spared.

Pure: what is known of each process, and the time, in; a choice out.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

__all__ = ["Load", "aside_seconds", "choose"]

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 15.0


class Load(Protocol):
    """What is known of one process."""

    @property
    def in_flight(self) -> int:
        """Requests that it has not answered yet."""

    @property
    def aside_until(self) -> float:
        """It refused a connection: until then it is asked only where nobody else is left."""


def choose(
    loads: Sequence[Load], *, now: float, last: int, tried: Collection[int] = ()
) -> int | None:
    """Return the process to ask; None where every one was tried.

    Of those that are not set aside it is the one with the fewest requests in flight; of several
    such, the next after `last` in turn. Where all are set aside, it is the one whose time ends
    first: a service that has just come back is found at once.
    """
    best: int | None = None
    for step in range(1, len(loads) + 1):
        index = (last + step) % len(loads)
        if index in tried or loads[index].aside_until > now:
            continue
        if best is None or loads[index].in_flight < loads[best].in_flight:
            best = index
    if best is not None:
        return best
    left = (index for index in range(len(loads)) if index not in tried)
    return min(left, key=lambda index: loads[index].aside_until, default=None)


def aside_seconds(refusals: int) -> float:
    """Return for how long a process is set aside after so many refusals in a row."""
    return min(FIRST_SECONDS * 2.0 ** min(refusals - 1, 10), LONGEST_SECONDS)
