"""What a reliance rests on, and both districts know of: verification, evidence, a case's result."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges import service as exchanges
from interop_service.once_only import proofs as once_only
from interop_service.verifications import service as verifications
from interop_service.verifications.rules import ProofState

__all__ = ["KnownProof", "known", "tell"]


@dataclass(frozen=True)
class KnownProof:
    """A document that was verified, fetched, or a case's result: with whom, by what, and which."""

    partner: str
    agreement: str
    document_number: str
    status_list: dict[str, Any] | None = None


async def known(session: AsyncSession, proof_id: UUID) -> KnownProof | None:
    """Return what was verified, fetched or decided under this id, at either of the districts."""
    verified = await verifications.proven(session, proof_id)
    if verified is not None:
        return KnownProof(
            verified.partner, verified.agreement, verified.number or "", verified.status_list
        )
    fetched = await once_only.proven(session, proof_id)
    if fetched is not None:
        return KnownProof(fetched.partner, fetched.agreement, fetched.document_number or "")
    result = await exchanges.brought_licence(session, proof_id)
    if result is None or result.agreement is None:
        return None
    return KnownProof(result.partner, result.agreement, result.licence_number or "")


async def tell(session: AsyncSession, *, partner: str, number: str, state: ProofState) -> None:
    """Tell this district's cases whether a document may be relied on from now on."""
    await verifications.tell_proofs(session, partner=partner, number=number, state=state)
    await once_only.tell_proofs(session, partner=partner, number=number, state=state)
