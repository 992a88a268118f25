"""A request moves on: weighed anew at each step, told to the other district, nothing kept after."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.equivalences import service as equivalences
from interop_service.exchanges import envelopes
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.letters import sending as letters
from interop_service.letters.rules import LetterKind
from interop_service.once_only import rules
from interop_service.once_only.rules import (
    FINAL,
    Consent,
    EvidenceState,
    Party,
    Wish,
)
from interop_service.once_only.schemas import (
    EvidenceRequestMessage,
    EvidenceStepMessage,
    RequestContent,
)
from interop_service.once_only.tables import EvidenceRequest
from interop_service.partners import service as partners
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context

__all__ = [
    "PATH",
    "impediments_of",
    "move",
    "sealing_context",
    "send_request",
    "send_step",
    "weigh",
]

PATH = f"{TREE}/evidence-requests"

Told = Literal["previewed", "accepted", "refused", "delivered", "denied"]


async def weigh(
    session: AsyncSession,
    row: EvidenceRequest,
    consent: Consent | None,
    *,
    at: datetime,
) -> list[str]:
    """Return every reason why what a request asks for may not be handed over now."""
    on = local_date(at)
    agreement = await partners.agreement(session, row.agreement)
    standing = await partners.standing_against(session, agreement, partner=row.partner, on=on)
    ours, theirs = row.counts_as, row.evidence_type
    if row.party is Party.PROVIDER:
        ours, theirs = theirs, ours
    shortfalls = (
        await equivalences.types_against(
            session, agreement, our_type=ours, their_type=theirs, on=on
        )
        if agreement is not None
        else []
    )
    wish = Wish(row.purpose, row.evidence_type, row.expires_at)
    return rules.impediments(wish, consent, standing=standing, shortfalls=shortfalls, at=at)


async def impediments_of(session: AsyncSession, row: EvidenceRequest, *, at: datetime) -> list[str]:
    """Weigh a request that was let through before: agreements end, and so does time."""
    consent = Consent(
        reference=row.consent_reference,
        purpose=row.purpose,
        evidence_type=row.evidence_type,
        given_at=row.consent_given_at,
        expires_at=row.consent_expires_at,
    )
    return await weigh(session, row, consent, at=at)


def move(
    session: AsyncSession,
    row: EvidenceRequest,
    state: EvidenceState,
    *,
    actor: str,
    reasons: list[str] | None = None,
) -> None:
    """Keep a request's new state; of one that has ended the applicant's data are dropped."""
    row.state = state
    row.reasons = reasons or []
    if state in FINAL:
        row.sealed_holder = None
        is_received = state is EvidenceState.DELIVERED and row.party is Party.REQUESTER
        if not is_received:
            row.sealed_preview = row.sealed_evidence = None
    audit.note(
        session,
        actor=actor,
        action=f"evidence_request.{state}",
        subject=str(row.id),
        payload={
            "party": row.party,
            "partner": row.partner,
            "purpose": row.purpose,
            "consent": row.consent_reference,
            "reasons": row.reasons,
        },
    )


async def send_request(
    session: AsyncSession, context: Context, row: EvidenceRequest, content: RequestContent
) -> None:
    """Ask the provider, by a letter that does not go past the limit."""
    message = EvidenceRequestMessage(
        protocol=PROTOCOL,
        exchange_id=row.id,
        from_district=context.settings.district,
        to_district=row.partner,
        sent_at=context.clock(),
        agreement=row.agreement,
        evidence_type=row.evidence_type,
        counts_as=row.counts_as,
        purpose=row.purpose,
        expires_at=row.expires_at,
        request=await _encrypted(session, row, content),
    )
    await letters.prepare(
        session,
        context,
        message,
        LetterKind.EVIDENCE_REQUESTED,
        path=PATH,
        agreement=row.agreement,
        not_after=row.expires_at,
    )


async def send_step(
    session: AsyncSession,
    context: Context,
    row: EvidenceRequest,
    kind: Told,
    *,
    at: datetime,
    content: BaseModel | None = None,
    reasons: list[str] | None = None,
) -> None:
    """Tell the other district of a step; evidence itself does not go past the limit."""
    message = EvidenceStepMessage(
        protocol=PROTOCOL,
        exchange_id=row.id,
        from_district=context.settings.district,
        to_district=row.partner,
        sent_at=context.clock(),
        kind=kind,
        purpose=row.purpose,
        at=at,
        content=await _encrypted(session, row, content) if content is not None else None,
        reasons=reasons or [],
    )
    await letters.prepare(
        session,
        context,
        message,
        LetterKind(f"evidence_{kind}"),
        path=f"{PATH}/{row.id}/steps",
        agreement=row.agreement,
        not_after=row.expires_at,
    )


async def _encrypted(session: AsyncSession, row: EvidenceRequest, content: BaseModel) -> str:
    partner = await partners.partner(session, row.partner)
    plain = content.model_dump_json(exclude_none=True).encode()
    return envelopes.encrypt(plain, partners.keys_of(partner))


def sealing_context(name: str, request_id: UUID) -> str:
    """Return what binds a sealed value to its place."""
    return f"evidence_requests.{name}:{request_id}"
