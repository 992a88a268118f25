"""What this service hears of partners' documents that cases rest on, and what it does with it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.reliances import service
from case_service.reliances.service import Told
from case_service.reliances.tables import PartnerProof
from case_service.reliances.vocabulary import ProofState, RelianceState
from tongban.context import Context
from tongban.inbox import Projection, Steps
from tongban.messages import Event

__all__ = ["FOLLOW_RELIANCE", "KEEP_PROOF"]


class ProofChanged(Event):
    SUBJECT = "interop.proof.changed"

    proof_id: UUID
    issuer_district: str
    document_number: str
    counts_as: str
    purpose: str
    state: ProofState
    usable_until: datetime
    valid_until: date | None


class RelianceDisputed(Event):
    SUBJECT = "interop.reliance.disputed"

    reliance_id: UUID
    at: datetime


class RelianceCleared(Event):
    SUBJECT = "interop.reliance.cleared"

    reliance_id: UUID
    at: datetime


class RelianceEnded(Event):
    SUBJECT = "interop.reliance.ended"

    reliance_id: UUID
    case_id: UUID
    issuer_district: str
    document_number: str
    change: str
    effective_from: date
    at: datetime


async def note_disputed(session: AsyncSession, event: RelianceDisputed, context: Context) -> None:
    told = Told(RelianceState.DISPUTED, event.at)
    await service.note_change(session, context, event.reliance_id, told)


async def note_cleared(session: AsyncSession, event: RelianceCleared, context: Context) -> None:
    told = Told(RelianceState.STANDING, event.at)
    await service.note_change(session, context, event.reliance_id, told)


async def note_ended(session: AsyncSession, event: RelianceEnded, context: Context) -> None:
    told = Told(RelianceState.ENDED, event.at, event.change, event.effective_from)
    if await service.note_change(session, context, event.reliance_id, told):
        return
    # None that a window recorded: the licence came as the result of the case.
    await service.note_result_ended(
        session,
        event.case_id,
        told,
        facts={"document_number": event.document_number, "issuer_district": event.issuer_district},
    )


KEEP_PROOF = Projection(ProofChanged, PartnerProof, lambda event: event.model_dump())
FOLLOW_RELIANCE = Steps(
    aggregate="interop.reliance",
    handlers={
        RelianceDisputed: note_disputed,
        RelianceCleared: note_cleared,
        RelianceEnded: note_ended,
    },
    name="follow_reliance",
)
