"""Files go after their message: what its receiver lacks, in chunks, and then the message again.

Part of one delivery, under its lease: so files keep to the partner's line, its breaker and backoff
as messages do. Where to go on the receiver tells, so nothing is lost with the process that sends.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx
import structlog

from interop_service.exchanges import attempting, posting, store
from interop_service.exchanges.attempting import (
    Answered,
    Awaited,
    Errand,
    FileErrand,
    Outcome,
    Postponed,
    Refused,
)
from interop_service.exchanges.posting import Proven, Unproven
from interop_service.exchanges.protocol import TREE
from interop_service.exchanges.rules import FaultOf
from interop_service.files import service as files
from interop_service.files.rules import Piece, chunk_at, is_quiet
from tongban.context import Context
from tongban.objects import FILES

__all__ = ["bring"]

ROUNDS: Final = 3
"""So often a message is sent again within one attempt, after all that was lacking had been sent."""
AT_ONCE: Final = 2
"""Files under way to one partner: its messages have the rest of the room."""
LEASE: Final = timedelta(seconds=60)
PROVING_LEASE: Final = timedelta(seconds=150)
PROVING_SECONDS: Final = 120
"""With the last chunk the receiver reads the whole; a large one takes its time."""
LONGEST_WAIT: Final = 10.0
WAITING_SECONDS: Final = 5.0
_TOLD_OFFSET: Final = frozenset({httpx.codes.NO_CONTENT, httpx.codes.CONFLICT})

_IN_TURN: Final = Postponed(
    "files: wait for their turn", FaultOf.OURS, WAITING_SECONDS, is_waiting=True
)

log = structlog.get_logger(__name__)


async def bring(client: httpx.AsyncClient, context: Context, errand: Errand) -> Outcome:
    """Send a message, the files that its receiver lacks, and the message again for its receipt."""
    if any(one.is_taken for one in errand.files):
        return _IN_TURN
    got_on = False
    for _ in range(ROUNDS):
        answered: Answered = await attempting.ask(client, context, errand)
        if not isinstance(answered, Awaited):
            return answered
        if not answered.lacking:  # all are there, and it is busy with them
            return Postponed("files: examined", FaultOf.THEIRS, WAITING_SECONDS, is_waiting=True)
        by_digest = {one.digest: one for one in errand.files}
        for digest, offset in answered.lacking.items():
            file = by_digest.get(digest)
            if file is None:
                return Postponed("files: the partner asks for one not named", FaultOf.THEIRS)
            run = _Run(client, context, errand, file, offset)
            fault = await run.send()
            got_on = got_on or run.got_on
            if isinstance(fault, Postponed):
                return replace(fault, got_on=got_on)
            if fault is not None:
                return fault
    return Postponed("files: sent, and still lacking", FaultOf.THEIRS, got_on=got_on)


class _Run:
    """One file on its way, from where the receiver has it to its end."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        context: Context,
        errand: Errand,
        file: FileErrand,
        offset: int,
    ) -> None:
        self._client, self._context, self._errand, self._file = client, context, errand, file
        self._offset, self._began_at = offset, offset
        parts = urlsplit(errand.url)
        self._url = f"{parts.scheme}://{parts.netloc}{TREE}/files/{file.digest}"

    @property
    def got_on(self) -> bool:
        return self._offset > self._began_at

    async def send(self) -> Postponed | Refused | None:
        """Send it; return what stopped it, or None where the receiver has all of it."""
        context, file = self._context, self._file
        at = context.clock()
        async with context.sessions.begin() as session:
            pieces = await files.take(
                session,
                file.file_id,
                partner=self._errand.partner,
                at=at,
                until=at + LEASE,
                most=AT_ONCE,
            )
        if pieces is None:
            return _IN_TURN
        fault = await self._chunks(pieces)
        whole_at = context.clock() if fault is None else None
        async with context.sessions.begin() as session:
            await files.let_go(
                session,
                file.file_id,
                reached=self._offset,
                whole_at=whole_at,
                fault=None if fault is None else fault.fault,
            )
        log.info(
            "file.sent" if fault is None else "file.stopped",
            partner=self._errand.partner,
            exchange_id=str(self._errand.exchange_id),
            bytes=self._offset - self._began_at,
            fault=None if fault is None else fault.fault,
        )
        return fault

    async def _chunks(self, pieces: Sequence[Piece]) -> Postponed | Refused | None:
        reached: list[int] = []
        while (found := chunk_at(pieces, self._offset)) is not None:
            reached.append(self._offset)
            if is_quiet(reached):
                return Postponed("files: the partner does not get on", FaultOf.THEIRS)
            piece, skipped = found
            stored = await self._context.objects.within(FILES).get(piece.object_key)
            answer = await self._patch(stored[skipped:])
            if isinstance(answer, Unproven):
                return Postponed(answer.fault, answer.fault_of)
            if answer.upload_offset is not None and answer.status in _TOLD_OFFSET:
                self._offset = answer.upload_offset
            elif answer.status == httpx.codes.TOO_MANY_REQUESTS and self._may_wait(answer):
                await asyncio.sleep(answer.retry_after or 1)
            else:
                if answer.status == httpx.codes.UNPROCESSABLE_ENTITY:
                    self._offset = 0  # it begins anew, or not again
                return attempting.judge_refusal(answer)
        return None

    def _may_wait(self, answer: Proven) -> bool:
        return (answer.retry_after or 1) <= LONGEST_WAIT

    async def _patch(self, chunk: bytes) -> Proven | Unproven:
        context, errand, file = self._context, self._errand, self._file
        is_last = self._offset + len(chunk) == file.size
        await self._hold(context.clock(), PROVING_LEASE if is_last else LEASE)
        return await posting.patch(
            self._client,
            context,
            url=self._url,
            message_id=errand.message_id,
            chunk=chunk,
            offset=self._offset,
            keys=errand.keys.signing,
            suite=errand.suite,
            seconds=PROVING_SECONDS if is_last else posting.WHOLE_SECONDS,
        )

    async def _hold(self, at: datetime, lease: timedelta) -> None:
        """Keep the message and the file ours for as long as this chunk may take."""
        async with self._context.sessions.begin() as session:
            await store.hold(session, self._errand.message_id, until=at + lease)
            await files.hold(session, self._file.file_id, reached=self._offset, until=at + lease)
