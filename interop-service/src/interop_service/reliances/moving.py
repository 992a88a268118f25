"""A reliance moves on: kept, told to this district's own services, told to the other district."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.events import RelianceCleared, RelianceDisputed, RelianceEnded
from interop_service.exchanges import envelopes
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.issued.rules import Ending
from interop_service.letters import sending as letters
from interop_service.letters.rules import LetterKind
from interop_service.partners import service as partners
from interop_service.reliances import rules
from interop_service.reliances.rules import RelianceStep
from interop_service.reliances.schemas import (
    Reason,
    RelianceMessage,
    RelianceStepMessage,
    StepKind,
)
from interop_service.reliances.tables import Reliance
from tongban import audit
from tongban.context import Context
from tongban.messages import publish

__all__ = ["KINDS", "PATH", "clear", "dispute", "end", "note", "send_relied_on", "send_step"]

PATH = f"{TREE}/reliances"

KINDS: Mapping[StepKind, LetterKind] = {
    "dispute_raised": LetterKind.DISPUTE_RAISED,
    "dispute_answered": LetterKind.DISPUTE_ANSWERED,
    "disputed": LetterKind.RELIANCE_DISPUTED,
    "cleared": LetterKind.RELIANCE_CLEARED,
    "ended": LetterKind.RELIANCE_ENDED,
}


def dispute(session: AsyncSession, row: Reliance, *, actor: str, at: datetime) -> bool:
    """Note that the document is disputed; tell whether that is news."""
    if not _move(session, row, RelianceStep.DISPUTE, actor=actor, at=at):
        return False
    if row.case_id is not None:
        event = RelianceDisputed(
            reliance_id=row.id,
            case_id=row.case_id,
            issuer_district=row.partner,
            document_number=row.document_number,
            at=at,
        )
        publish(session, event, of=row)
    return True


def clear(session: AsyncSession, row: Reliance, *, actor: str, at: datetime) -> bool:
    """Note that the document is disputed no more; tell whether that is news."""
    if not _move(session, row, RelianceStep.CLEAR, actor=actor, at=at):
        return False
    if row.case_id is not None:
        event = RelianceCleared(
            reliance_id=row.id,
            case_id=row.case_id,
            issuer_district=row.partner,
            document_number=row.document_number,
            at=at,
        )
        publish(session, event, of=row)
    return True


def end(
    session: AsyncSession,
    row: Reliance,
    *,
    change: Ending,
    effective_from: date,
    actor: str,
    at: datetime,
) -> bool:
    """Note that the document stands no more; tell whether that is news."""
    if not _move(session, row, RelianceStep.END, actor=actor, at=at):
        return False
    row.change, row.effective_from = change, effective_from
    if row.case_id is not None:
        event = RelianceEnded(
            reliance_id=row.id,
            case_id=row.case_id,
            issuer_district=row.partner,
            document_number=row.document_number,
            change=change.value,
            effective_from=effective_from,
            at=at,
        )
        publish(session, event, of=row)
    return True


def _move(
    session: AsyncSession, row: Reliance, step: RelianceStep, *, actor: str, at: datetime
) -> bool:
    state = rules.next_state(row.state, step)
    if state is row.state:
        return False
    row.state, row.changed_at = state, at
    note(session, row, state, actor=actor)
    return True


def note(session: AsyncSession, row: Reliance, what: str, *, actor: str) -> None:
    """Put on the ledger what became of a reliance."""
    audit.note(
        session,
        actor=actor,
        action=f"reliance.{what}",
        subject=str(row.id),
        payload={
            "party": row.party,
            "partner": row.partner,
            "document": row.document_number,
            "case": row.case_number,
        },
    )


async def send_relied_on(session: AsyncSession, context: Context, row: Reliance) -> None:
    """Tell the issuer that its document was relied on, so that it knows whom an end concerns."""
    message = RelianceMessage(
        protocol=PROTOCOL,
        exchange_id=row.id,
        from_district=context.settings.district,
        to_district=row.partner,
        sent_at=context.clock(),
        proof_id=row.proof_id,
        document_number=row.document_number,
        case_number=row.case_number,
        relied_at=row.relied_at,
    )
    await letters.prepare(
        session,
        context,
        message,
        LetterKind.RELIED_ON,
        path=PATH,
        agreement=row.agreement,
    )


async def send_step(
    session: AsyncSession,
    context: Context,
    row: Reliance,
    kind: StepKind,
    *,
    at: datetime,
    reason: str | None = None,
    **facts: Any,
) -> None:
    """Tell the other district of a step; it goes for as long as it takes."""
    message = RelianceStepMessage(
        protocol=PROTOCOL,
        exchange_id=row.id,
        from_district=context.settings.district,
        to_district=row.partner,
        sent_at=context.clock(),
        kind=kind,
        at=at,
        content=await _encrypted(session, row, reason) if reason is not None else None,
        **facts,
    )
    await letters.prepare(
        session,
        context,
        message,
        KINDS[kind],
        path=f"{PATH}/{row.id}/steps",
        agreement=row.agreement,
    )


async def _encrypted(session: AsyncSession, row: Reliance, reason: str) -> str:
    """Return a reason as the other district alone reads it."""
    partner = await partners.partner(session, row.partner)
    content = Reason(reason=reason)
    return envelopes.encrypt(content.model_dump_json().encode(), partners.keys_of(partner))
