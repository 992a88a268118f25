"""What a partner's letters on evidence do here: weighed first, and nothing is half taken."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import (
    EvidenceDenied,
    ExchangeKnown,
    ExchangeUnknown,
    OutOfTurn,
    PackageUnreadable,
)
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.exchanges.proof import SignedMessage
from interop_service.letters import taking as letters
from interop_service.letters.rules import LetterKind
from interop_service.once_only import documents, moving, proofs, rules, store
from interop_service.once_only.moving import sealing_context
from interop_service.once_only.rules import FINAL, EvidenceState, EvidenceStep, Impediment, Party
from interop_service.once_only.schemas import (
    EvidenceContent,
    EvidenceRequestMessage,
    EvidenceStepMessage,
    Preview,
    RequestContent,
)
from interop_service.once_only.tables import EvidenceRequest
from interop_service.partners import service as partners
from tongban.context import Context

__all__ = ["take_request", "take_step"]

_STEPS = {
    "previewed": EvidenceStep.PREVIEW,
    "accepted": EvidenceStep.ACCEPT,
    "refused": EvidenceStep.REFUSE,
    "delivered": EvidenceStep.DELIVER,
    "denied": EvidenceStep.DENY,
}


async def take_request(
    session: AsyncSession, context: Context, signed: SignedMessage, *, at: datetime
) -> SignedReceipt:
    """调取申请: at the provider, keep what a partner asks for, if everything speaks for it."""
    message = letters.read(EvidenceRequestMessage, signed, context)

    async def take() -> None:
        if await store.request(session, message.exchange_id) is not None:
            raise ExchangeKnown(exchange_id=message.exchange_id)
        await partners.require_suite(session, message.agreement, signed.suite)
        content = letters.opened(RequestContent, message.request, context)
        row = EvidenceRequest(
            id=message.exchange_id,
            party=Party.PROVIDER,
            partner=signed.sender,
            agreement=message.agreement,
            evidence_type=message.evidence_type,
            counts_as=message.counts_as,
            purpose=message.purpose,
            expires_at=message.expires_at,
            state=EvidenceState.REQUESTED,
            requested_by=f"district:{signed.sender}",
        )
        consent = content.consent
        terms = consent.terms() if consent is not None else None
        found = await moving.weigh(session, row, terms, at=at)
        if found or consent is None:
            raise EvidenceDenied(reasons=found)
        row.consent_reference = consent.reference
        row.consent_given_at, row.consent_expires_at = consent.given_at, consent.expires_at
        row.sealed_holder = context.vault.seal(
            content.holder.model_dump_json(), context=sealing_context("holder", row.id)
        )
        session.add(row)
        moving.move(session, row, EvidenceState.REQUESTED, actor=row.requested_by)
        await session.flush()

    kind = LetterKind.EVIDENCE_REQUESTED
    return await letters.once(session, context, signed, message, kind, take, at=at)


async def take_step(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    request_id: UUID,
    *,
    at: datetime,
) -> SignedReceipt:
    """What follows a request: the provider's preview, evidence or denial; the applicant's word."""
    message = letters.read(EvidenceStepMessage, signed, context)
    step = _STEPS[message.kind]

    async def take() -> None:
        row = await store.lock_request(session, request_id)
        is_theirs = row is not None and row.partner == signed.sender
        if row is None or not is_theirs or message.exchange_id != request_id:
            raise ExchangeUnknown(exchange_id=request_id)
        await partners.require_suite(session, row.agreement, signed.suite)
        if message.purpose != row.purpose:
            raise EvidenceDenied(reasons=[Impediment.OTHER_PURPOSE])
        sender = Party.PROVIDER if row.party is Party.REQUESTER else Party.REQUESTER
        state = rules.next_state(row.state, step, by=sender)
        if state is None:
            if row.state in FINAL or sender not in rules.TAKEN_BY[step]:
                raise EvidenceDenied(reasons=[Impediment.CLOSED])
            raise OutOfTurn(state=row.state, possible=rules.steps_from(row.state, sender))
        if step in (EvidenceStep.PREVIEW, EvidenceStep.ACCEPT, EvidenceStep.DELIVER):
            found = await moving.impediments_of(session, row, at=at)
            if found:
                raise EvidenceDenied(reasons=found)
        if step is EvidenceStep.PREVIEW:
            _keep_preview(context, row, message)
        elif step is EvidenceStep.DELIVER:
            _keep_evidence(session, context, row, message, signed)
        moving.move(
            session,
            row,
            state,
            actor=f"district:{signed.sender}",
            reasons=list(message.reasons),
        )
        if step is EvidenceStep.ACCEPT:
            await _hand_over(session, context, row, at=at)
        await session.flush()

    kind = LetterKind(f"evidence_{message.kind}")
    return await letters.once(session, context, signed, message, kind, take, at=at)


def _keep_preview(context: Context, row: EvidenceRequest, message: EvidenceStepMessage) -> None:
    preview = letters.opened(Preview, message.content, context)
    row.sealed_preview = context.vault.seal(
        preview.model_dump_json(), context=sealing_context("preview", row.id)
    )


def _keep_evidence(
    session: AsyncSession,
    context: Context,
    row: EvidenceRequest,
    message: EvidenceStepMessage,
    signed: SignedMessage,
) -> None:
    """Keep what was delivered, if it is what the applicant saw, and the provider's own."""
    content = letters.opened(EvidenceContent, message.content, context)
    fault = documents.fault_of(content.document, issuer=signed.sender, seals=signed.keys.seal)
    if fault is not None:
        raise PackageUnreadable(reason=f"document: {fault}")
    plain = context.vault.open(
        row.sealed_preview or b"", context=sealing_context("preview", row.id)
    )
    if Preview.model_validate_json(plain).sha256 != documents.digest_of(content.document):
        raise EvidenceDenied(reasons=[Impediment.OTHER_DOCUMENT])
    row.sealed_evidence = context.vault.seal(
        content.model_dump_json(), context=sealing_context("evidence", row.id)
    )
    proofs.tell_delivered(session, row, content.document)


async def _hand_over(
    session: AsyncSession, context: Context, row: EvidenceRequest, *, at: datetime
) -> None:
    plain = context.vault.open(
        row.sealed_evidence or b"", context=sealing_context("evidence", row.id)
    )
    content = EvidenceContent.model_validate_json(plain)
    await moving.send_step(session, context, row, "delivered", at=at, content=content)
