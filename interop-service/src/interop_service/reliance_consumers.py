"""What this service hears of its district's licences and of cases that rest on partners' ones."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.reliances import issuing
from interop_service.reliances import service as reliances
from interop_service.reliances.service import Recorded
from tongban.context import Context
from tongban.inbox import Effect, NotYet
from tongban.messages import Event

__all__ = ["FOLLOW_LICENCE", "FOLLOW_RELIANCE"]


class LicenceChanged(Event):
    SUBJECT = "case.licence.changed"

    licence_id: UUID
    number: str
    code_sha256: str
    content_sha256: str
    licence_type: str
    state: str
    valid_from: date
    valid_until: date | None
    invalid_from: date | None
    ground: str | None
    status_list: dict[str, Any]
    sequence: int


class RelianceRecorded(Event):
    SUBJECT = "case.reliance.recorded"

    reliance_id: UUID
    proof_id: UUID
    case_id: UUID
    number: str
    at: datetime


async def keep_licence(session: AsyncSession, event: LicenceChanged, context: Context) -> None:
    """Keep how a licence of ours stands; an end is told to every district that relied on it."""
    await issuing.keep_licence(session, context, event.model_dump(), at=context.clock())


async def record_reliance(session: AsyncSession, event: RelianceRecorded, context: Context) -> None:
    """Keep that a case of ours rests on a partner's document, and tell its issuer."""
    told = Recorded(
        reliance_id=event.reliance_id,
        proof_id=event.proof_id,
        case_id=event.case_id,
        number=event.number,
        at=event.at,
    )
    if not await reliances.record(session, context, told):
        # Restored from a backup, this service may have lost it: it is not to be lost for good.
        raise NotYet(f"interop.proof.{event.proof_id}")


FOLLOW_LICENCE = Effect(LicenceChanged, keep_licence)
FOLLOW_RELIANCE = Effect(RelianceRecorded, record_reliance)
