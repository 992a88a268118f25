"""What was fetched from its owner, as something that a case may rest on (采信)."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.events import ProofChanged
from interop_service.once_only import store
from interop_service.once_only.rules import EvidenceState
from interop_service.once_only.tables import EvidenceRequest
from interop_service.verifications.rules import ProofState
from tongban.messages import Event, publish

__all__ = ["proof_states", "proven", "tell_delivered", "tell_proofs"]

_HANDED_OVER = frozenset({EvidenceState.ACCEPTED, EvidenceState.DELIVERED})


def tell_delivered(session: AsyncSession, row: EvidenceRequest, document: dict[str, Any]) -> None:
    """Keep which document was delivered, and tell that a case may rest on it until the limit."""
    row.document_number = str(document["number"])
    row.valid_until = _day(document.get("valid_until"))
    row.proof_state = ProofState.USABLE
    publish(session, _proof(row), of=row)


async def proven(session: AsyncSession, request_id: UUID) -> EvidenceRequest | None:
    """Return a request whose document was handed over, or is on its way by the applicant's yes."""
    row = await store.request(session, request_id)
    is_known = row is not None and row.document_number is not None
    return row if row is not None and is_known and row.state in _HANDED_OVER else None


async def tell_proofs(
    session: AsyncSession, *, partner: str, number: str, state: ProofState
) -> None:
    """Tell of what was delivered how the document stands now: whether a case may rest on it."""
    for row in await store.proofs_on(session, partner=partner, number=number):
        if row.proof_state is not state:
            row.proof_state = state
            publish(session, _proof(row), of=row)


async def proof_states(session: AsyncSession) -> AsyncIterator[tuple[Event, int]]:
    """Yield what was told of each document that was delivered, with its sequence."""
    for row in await store.told_proofs(session):
        yield _proof(row), row.sequence


def _proof(row: EvidenceRequest) -> ProofChanged:
    if row.proof_state is None:
        raise AssertionError("only what was delivered is told")
    return ProofChanged(
        proof_id=row.id,
        issuer_district=row.partner,
        document_number=row.document_number or "",
        counts_as=row.counts_as,
        purpose=row.purpose,
        state=row.proof_state.value,
        usable_until=row.expires_at,
        valid_until=row.valid_until,
    )


def _day(told: Any) -> date | None:
    try:
        return date.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
