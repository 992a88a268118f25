"""The live stream of a queue (排队实时推送): one look at the database for all who listen.

Each process looks twice a second which of its listeners' sites have new notes, and reads those
once. A listener that comes back names the last number it had and gets what followed; where that
is too long ago to be kept, the whole queue as it is.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from site_service.queue import notes
from site_service.queue.overview import overview
from site_service.queue.tables import QueueNote
from tongban.context import Context

LOOK_SECONDS = 0.5
BEAT_SECONDS = 10.0
"""A word goes out at least so often, or whoever is in between takes the line for dead."""
LONGEST_SECONDS = 600.0
"""Then the listener is let go and comes back: to another process, if that has less to do."""
AT_HAND = 500
RETRY_MILLISECONDS = 2000
RESOURCE = "queue.streams"

log = structlog.get_logger(__name__)


@dataclass
class _Site:
    """What is at hand of one site's notes, and who waits for more."""

    last: int
    notes: deque[QueueNote] = field(default_factory=lambda: deque(maxlen=AT_HAND))
    news: asyncio.Event = field(default_factory=asyncio.Event)
    listeners: int = 0

    def after(self, number: int) -> list[QueueNote] | None:
        """Return the notes after a number; None where some of them are not at hand."""
        if number >= self.last:
            return []
        if not self.notes or self.notes[0].number > number + 1:
            return None
        return [note for note in self.notes if note.number > number]

    def add(self, fresh: Sequence[QueueNote]) -> None:
        self.notes.extend(fresh)
        self.last = fresh[-1].number
        news, self.news = self.news, asyncio.Event()
        news.set()


class Streams:
    """One process's listeners."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sites: dict[str, _Site] = {}
        self._looking: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, context: Context) -> Self:
        """Return the process's own."""
        found: Self = context.resources.setdefault(RESOURCE, cls(context))
        return found

    async def listen(self, site_id: str, last_seen: int | None) -> AsyncIterator[bytes]:
        """Yield the stream: where to resume, the queue or what was missed, then what comes."""
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        site = await self._join(site_id)
        ends_at = asyncio.get_running_loop().time() + LONGEST_SECONDS
        try:
            number, missed = await self._begin(site_id, last_seen)
            for part in missed:
                yield part
            while (now := asyncio.get_running_loop().time()) < ends_at:
                news = site.news
                fresh = site.after(number)
                if fresh is None:
                    number, missed = await self._begin(site_id, number)
                    for part in missed:
                        yield part
                    continue
                for note in fresh:
                    number = note.number
                    yield _told(note)
                if not fresh and not await _comes(news, min(BEAT_SECONDS, ends_at - now)):
                    yield b": \n\n"
        finally:
            self._leave(site_id)

    async def _begin(self, site_id: str, last_seen: int | None) -> tuple[int, list[bytes]]:
        """Return up to which number the listener is told by these parts, and the parts."""
        async with self._context.reads() as session:
            if last_seen is not None:
                last = (await notes.last_numbers(session, [site_id])).get(site_id, 0)
                found = await notes.after(session, site_id, last_seen, most=AT_HAND + 1)
                is_whole = len(found) <= AT_HAND and (
                    found[0].number == last_seen + 1 if found else last_seen == last
                )
                if is_whole:
                    number = found[-1].number if found else last_seen
                    return number, [_told(note) for note in found]
            # The number is read before the queue: what comes between is told once more, not never.
            queue = await overview(session, site_id, at=self._context.clock())
        return queue.last_event, [_part("queue", queue.last_event, queue.model_dump_json())]

    async def _join(self, site_id: str) -> _Site:
        site = self._sites.get(site_id)
        if site is None:
            async with self._context.reads() as session:
                last = (await notes.last_numbers(session, [site_id])).get(site_id, 0)
            site = self._sites.setdefault(site_id, _Site(last))
        site.listeners += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return site

    def _leave(self, site_id: str) -> None:
        site = self._sites[site_id]
        site.listeners -= 1
        if not site.listeners:
            del self._sites[site_id]

    async def _look(self) -> None:
        """Look for news for as long as anybody listens."""
        while self._sites:
            try:
                await self._fetch()
            except (SQLAlchemyError, OSError) as fault:
                log.warning("queue.stream_waits", fault=repr(fault))
                await asyncio.sleep(BEAT_SECONDS / 5)
            await asyncio.sleep(LOOK_SECONDS)

    async def _fetch(self) -> None:
        async with self._context.reads() as session:
            lasts = await notes.last_numbers(session, list(self._sites))
            for site_id, last in lasts.items():
                site = self._sites.get(site_id)
                if site is not None and last > site.last:
                    fresh = await notes.after(session, site_id, site.last, most=AT_HAND)
                    if fresh:
                        site.add(fresh)


async def _comes(news: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(news.wait(), timeout=max(seconds, 0.01))
    except TimeoutError:
        return False
    return True


def _told(note: QueueNote) -> bytes:
    facts = {**note.facts, "at": note.at.isoformat()}
    return _part(note.kind, note.number, json.dumps(facts, ensure_ascii=False))


def _part(kind: str, number: int, told: str) -> bytes:
    return f"id: {number}\nevent: {kind}\ndata: {told}\n\n".encode()
