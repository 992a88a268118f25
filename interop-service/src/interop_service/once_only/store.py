"""Every SQL statement about requests for evidence."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from interop_service.once_only.rules import FINAL, EvidenceState, Party
from interop_service.once_only.tables import EvidenceRequest
from interop_service.verifications.rules import ProofState
from tongban.paging import Paging, after

__all__ = ["lock_request", "overdue", "proofs_on", "request", "requests_page", "told_proofs"]

SEALED = (
    undefer(EvidenceRequest.sealed_holder),
    undefer(EvidenceRequest.sealed_preview),
    undefer(EvidenceRequest.sealed_evidence),
)
AT_ONCE = 200
OPEN = [state for state in EvidenceState if state not in FINAL]


async def request(
    session: AsyncSession, request_id: UUID, *, subject: str | None = None
) -> EvidenceRequest | None:
    """Return a request; with `subject`, only that applicant's own."""
    statement = select(EvidenceRequest).filter_by(id=request_id).options(*SEALED)
    if subject is not None:
        statement = statement.filter_by(applicant_subject=subject)
    found: EvidenceRequest | None = await session.scalar(statement)
    return found


async def lock_request(
    session: AsyncSession, request_id: UUID, *, subject: str | None = None
) -> EvidenceRequest | None:
    """Return a request, locked; with `subject`, only that applicant's own."""
    statement = select(EvidenceRequest).filter_by(id=request_id).options(*SEALED)
    if subject is not None:
        statement = statement.filter_by(applicant_subject=subject)
    found: EvidenceRequest | None = await session.scalar(
        statement.with_for_update().execution_options(populate_existing=True)
    )
    return found


async def overdue(session: AsyncSession, *, at: datetime) -> Sequence[EvidenceRequest]:
    """Return, locked, what is over but still has something of the applicant's."""
    rows = await session.scalars(
        select(EvidenceRequest)
        .where(
            EvidenceRequest.expires_at <= at,
            or_(
                EvidenceRequest.state.in_(OPEN),
                EvidenceRequest.sealed_evidence.is_not(None),
            ),
        )
        .order_by(EvidenceRequest.expires_at)
        .limit(AT_ONCE)
        .options(*SEALED)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def proofs_on(
    session: AsyncSession, *, partner: str, number: str
) -> Sequence[EvidenceRequest]:
    """Return, locked, where a document was delivered that a case may rest on, or might."""
    rows = await session.scalars(
        select(EvidenceRequest)
        .where(
            EvidenceRequest.partner == partner,
            EvidenceRequest.document_number == number,
            EvidenceRequest.party == Party.REQUESTER,
            EvidenceRequest.proof_state.is_not(None),
            EvidenceRequest.proof_state != ProofState.ENDED,
        )
        .order_by(EvidenceRequest.id)
        .with_for_update()
    )
    return rows.all()


async def told_proofs(session: AsyncSession) -> Sequence[EvidenceRequest]:
    """Return what was told as something that a case may rest on, oldest first."""
    rows = await session.scalars(
        select(EvidenceRequest)
        .where(EvidenceRequest.proof_state.is_not(None))
        .order_by(EvidenceRequest.id)
    )
    return rows.all()


async def requests_page(
    session: AsyncSession,
    paging: Paging,
    *,
    party: Party | None,
    state: EvidenceState | None,
    subject: str | None,
) -> Sequence[EvidenceRequest]:
    wanted = {"party": party, "state": state, "applicant_subject": subject}
    statement = select(EvidenceRequest).filter_by(
        **{name: value for name, value in wanted.items() if value is not None}
    )
    rows = await session.scalars(after(statement, paging, EvidenceRequest.id, descending=True))
    return rows.all()
