"""One attempt to deliver one message, and what came of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from interop_service.errors import MaintenanceUnderWay, TooManyMessages
from interop_service.exchanges import envelopes, posting
from interop_service.exchanges.envelopes import ReceiptInvalid, SignedReceipt
from interop_service.exchanges.messages import lacking_in
from interop_service.exchanges.posting import Proven, Unproven
from interop_service.exchanges.rules import FaultOf
from interop_service.keys import PartnerKeys
from interop_service.monitoring import rules as operations
from interop_service.monitoring.recording import Recorder
from interop_service.monitoring.rules import Direction, Operation, path_without_ids
from interop_service.suites import Suite
from tongban.context import Context

__all__ = [
    "Answered",
    "Awaited",
    "Delivered",
    "Errand",
    "FileErrand",
    "Outcome",
    "Postponed",
    "Refused",
    "ask",
    "attempt",
    "judge_refusal",
]


SOON_SECONDS: Final = 1.0
"""So long what is under way takes to end: only the message that was one too many waits for it."""


@dataclass(frozen=True)
class FileErrand:
    """A file that a message names."""

    file_id: UUID
    digest: str
    size: int
    is_taken: bool = False
    """Another delivery sends it just now."""


@dataclass(frozen=True)
class Errand:
    """One attempt to deliver one message."""

    message_id: UUID
    exchange_id: UUID
    partner: str
    keys: PartnerKeys
    suite: Suite
    url: str
    body: bytes
    attempts: int
    give_up_at: datetime | None = None
    """After it the message is not sent again by itself."""
    files: tuple[FileErrand, ...] = ()
    """What goes beside it, where the partner lacks it."""
    is_line_good: bool = True
    """Whether the last attempt to reach this partner went well, as far as was known."""


@dataclass(frozen=True)
class Delivered:
    """The partner took it and says so."""

    receipt: SignedReceipt
    answer: Proven


@dataclass(frozen=True)
class Postponed:
    """It did not arrive, or was not receipted; it goes again later."""

    fault: str
    fault_of: FaultOf
    retry_after: float | None = None
    is_closed: bool = False
    """The partner is closed for that long: whatever else waits for it need not knock either."""
    is_full: bool = False
    """We send more than the partner takes: so long all rests that waits for it. No attempt."""
    got_on: bool = False
    """Some of its files came through before: the line is good enough to go on at once."""
    is_waiting: bool = False
    """It was no attempt: its files are sent by another, or wait for room."""


@dataclass(frozen=True)
class Awaited:
    """The partner keeps it until these files are there: by digest, from which byte on."""

    lacking: Mapping[str, int]


@dataclass(frozen=True)
class Refused:
    """The partner says that the message itself is at fault: sending it again is of no use."""

    fault: str
    fault_of: FaultOf = FaultOf.OURS


Outcome = Delivered | Postponed | Refused
Answered = Outcome | Awaited
_OUTCOMES = {
    Delivered: operations.Outcome.TAKEN,
    Postponed: operations.Outcome.POSTPONED,
    Refused: operations.Outcome.REFUSED,
    Awaited: operations.Outcome.TAKEN,
}


async def attempt(client: httpx.AsyncClient, context: Context, errand: Errand) -> Outcome:
    """Send one message that names no files once, and say what became of it."""
    answered = await ask(client, context, errand)
    if isinstance(answered, Awaited):
        return Postponed("files: the partner asks for one not named", FaultOf.THEIRS)
    return answered


async def ask(client: httpx.AsyncClient, context: Context, errand: Errand) -> Answered:
    """Send one message once, and say what was answered."""
    at, began = context.clock(), time.perf_counter()
    outcome = await _attempt(client, context, errand)
    milliseconds = (time.perf_counter() - began) * 1000
    Recorder.of(context).note(_observed(errand, outcome, at=at, milliseconds=milliseconds))
    return outcome


def _observed(errand: Errand, outcome: Answered, *, at: datetime, milliseconds: float) -> Operation:
    fault, fault_of = None, None
    if isinstance(outcome, Postponed | Refused):
        fault, fault_of = outcome.fault, outcome.fault_of
    return Operation(
        at=at,
        partner=errand.partner,
        direction=Direction.OUT,
        path=path_without_ids(urlsplit(errand.url).path),
        message_id=errand.message_id,
        exchange_id=errand.exchange_id,
        milliseconds=milliseconds,
        outcome=_OUTCOMES[type(outcome)],
        fault=fault,
        fault_of=fault_of,
    )


async def _attempt(client: httpx.AsyncClient, context: Context, errand: Errand) -> Answered:
    answer = await posting.post(
        client,
        context,
        url=errand.url,
        message_id=errand.message_id,
        body=errand.body,
        keys=errand.keys.signing,
        suite=errand.suite,
    )
    if isinstance(answer, Unproven):
        return Postponed(answer.fault, answer.fault_of)
    return _judge(errand, answer)


def _judge(errand: Errand, answer: Proven) -> Answered:
    if answer.status == httpx.codes.ACCEPTED:
        lacking = lacking_in(answer.content)
        if lacking is not None:
            return Awaited(lacking)
        try:
            receipt = envelopes.open_receipt(
                answer.content,
                keys=errand.keys.signing,
                by=errand.partner,
                message_id=errand.message_id,
                exchange_id=errand.exchange_id,
                body=errand.body,
            )
            return Delivered(receipt, answer)
        except ReceiptInvalid as fault:
            return Postponed(f"receipt-invalid: {fault}", FaultOf.THEIRS)
    return judge_refusal(answer)


def judge_refusal(answer: Proven) -> Postponed | Refused:
    """Say what a proven answer means that is not what was asked for."""
    told = posting.told_by(answer)
    if told.is_final:
        return Refused(f"{told.kind}: {told.reasons}" if told.reasons else told.kind)
    is_limited = told.kind == TooManyMessages.type
    is_soon = (answer.retry_after or 0) <= SOON_SECONDS
    return Postponed(
        f"status {answer.status} {told.kind}".strip(),
        FaultOf.OURS if told.is_our_fault else FaultOf.THEIRS,
        answer.retry_after,
        is_closed=told.kind == MaintenanceUnderWay.type,
        is_full=is_limited and not is_soon,
        is_waiting=is_limited and is_soon,
    )
