"""What a partner's letters on reliances do here: taken once, and nothing is half taken."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import (
    EvidenceDenied,
    ExchangeKnown,
    ExchangeUnknown,
    MessageNotAllowed,
    MessageUnreadable,
)
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.exchanges.proof import SignedMessage
from interop_service.letters import taking as letters
from interop_service.letters.rules import LetterKind
from interop_service.once_only.rules import Impediment
from interop_service.partners import service as partners
from interop_service.reliances import issuing, moving, proofs, service, store
from interop_service.reliances.rules import (
    DisputeGround,
    DisputeState,
    RelianceParty,
    RelianceState,
)
from interop_service.reliances.schemas import Reason, RelianceMessage, RelianceStepMessage
from interop_service.reliances.tables import Dispute, Reliance
from interop_service.verifications.rules import ProofState
from tongban.context import Context
from tongban.problems import Where

__all__ = ["take_reliance", "take_step"]

_SENT_BY = {
    "dispute_raised": RelianceParty.RELYING,
    "dispute_answered": RelianceParty.ISSUER,
    "disputed": RelianceParty.ISSUER,
    "cleared": RelianceParty.ISSUER,
    "ended": RelianceParty.ISSUER,
}
_NEEDED = {
    "dispute_raised": ("dispute_id", "ground", "content"),
    "dispute_answered": ("dispute_id", "outcome"),
    "ended": ("change", "effective_from"),
}


async def take_reliance(
    session: AsyncSession, context: Context, signed: SignedMessage, *, at: datetime
) -> SignedReceipt:
    """采信告知: at the issuer, keep that a document was relied on that we answered for or gave."""
    message = letters.read(RelianceMessage, signed, context)

    async def take() -> None:
        await store.alone_with_document(session, message.document_number)
        if await store.reliance(session, message.exchange_id) is not None:
            raise ExchangeKnown(exchange_id=message.exchange_id)
        proof = await proofs.known(session, message.proof_id)
        if proof is None or proof.partner != signed.sender:
            raise ExchangeUnknown(exchange_id=message.proof_id)
        await partners.require_suite(session, proof.agreement, signed.suite)
        if proof.document_number != message.document_number:
            raise EvidenceDenied(reasons=[Impediment.OTHER_DOCUMENT])
        row = Reliance(
            id=message.exchange_id,
            party=RelianceParty.ISSUER,
            partner=signed.sender,
            agreement=proof.agreement,
            proof_id=message.proof_id,
            document_number=message.document_number,
            case_number=message.case_number,
            relied_at=message.relied_at,
            state=RelianceState.STANDING,
            told_at=at,
        )
        session.add(row)
        moving.note(session, row, "recorded", actor=f"district:{signed.sender}")
        await session.flush()
        await issuing.tell_newcomer(session, context, row, at=at)
        await session.flush()

    return await letters.once(session, context, signed, message, LetterKind.RELIED_ON, take, at=at)


async def take_step(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    reliance_id: UUID,
    *,
    at: datetime,
) -> SignedReceipt:
    """What follows: a dispute and its answer, or that the document stands no more."""
    message = letters.read(RelianceStepMessage, signed, context)
    _require_whole(message)

    async def take() -> None:
        found = await store.reliance(session, reliance_id)
        is_theirs = found is not None and found.partner == signed.sender
        if found is None or not is_theirs or message.exchange_id != reliance_id:
            raise ExchangeUnknown(exchange_id=reliance_id)
        await partners.require_suite(session, found.agreement, signed.suite)
        sender = _SENT_BY[message.kind]
        if found.party is sender:
            allowed = [kind for kind, by in _SENT_BY.items() if by is not sender]
            raise MessageNotAllowed(
                mode="reliance", side=_other(sender).value, allowed=", ".join(allowed)
            )
        await store.alone_with_document(session, found.document_number)
        row = await store.lock_reliance(session, reliance_id)
        if row is None:
            raise ExchangeUnknown(exchange_id=reliance_id)
        if message.kind == "dispute_raised":
            await _take_dispute(session, context, row, message, at=at)
        elif message.kind == "dispute_answered":
            await _take_answer(session, context, row, message, at=at)
        else:
            await _take_news(session, row, message, at=at)
        await session.flush()

    kind = moving.KINDS[message.kind]
    return await letters.once(session, context, signed, message, kind, take, at=at)


async def _take_dispute(
    session: AsyncSession,
    context: Context,
    row: Reliance,
    message: RelianceStepMessage,
    *,
    at: datetime,
) -> None:
    """At the issuer: keep a dispute, and tell the others who relied on the document."""
    content = letters.opened(Reason, message.content, context)
    if message.dispute_id is None or await store.dispute(session, message.dispute_id) is not None:
        raise ExchangeKnown(exchange_id=message.dispute_id)
    actor = f"district:{row.partner}"
    made = Dispute(
        id=message.dispute_id,
        party=RelianceParty.ISSUER,
        partner=row.partner,
        reliance_id=row.id,
        document_number=row.document_number,
        ground=DisputeGround(message.ground or ""),
        state=DisputeState.RAISED,
        raised_at=message.at,
        raised_by=actor,
        due_on=await service.answer_due_on(session, context, at=at),
    )
    made.sealed_reason = context.vault.seal(
        content.reason, context=service.sealing_context("reason", made)
    )
    session.add(made)
    moving.note(session, row, "dispute_raised", actor=actor)
    await session.flush()
    if row.state is RelianceState.ENDED:
        # The letters crossed: what ended is not weighed any more.
        await issuing.answer(
            session,
            context,
            made,
            DisputeState.UPHELD,
            actor=context.settings.district,
            at=at,
        )
        return
    for one in await store.of_document(session, row.document_number, party=RelianceParty.ISSUER):
        is_news = moving.dispute(session, one, actor=actor, at=at)
        if is_news and one.partner != row.partner:
            await moving.send_step(session, context, one, "disputed", at=at)


async def _take_answer(
    session: AsyncSession,
    context: Context,
    row: Reliance,
    message: RelianceStepMessage,
    *,
    at: datetime,
) -> None:
    """At the relying district: keep the answer; a rejection clears all of our cases."""
    found = None
    if message.dispute_id is not None:
        found = await store.lock_dispute(session, message.dispute_id)
    if found is None or found.reliance_id != row.id or found.party is not RelianceParty.RELYING:
        raise ExchangeUnknown(exchange_id=message.dispute_id)
    if found.state is not DisputeState.RAISED:
        raise EvidenceDenied(reasons=[Impediment.CLOSED])
    actor = f"district:{row.partner}"
    found.state = DisputeState(message.outcome or "")
    found.answered_at, found.answered_by = message.at, actor
    if message.content is not None:
        reason = letters.opened(Reason, message.content, context).reason
        found.sealed_answer = context.vault.seal(
            reason, context=service.sealing_context("answer", found)
        )
    moving.note(session, row, f"dispute_{found.state}", actor=actor)
    if found.state is DisputeState.REJECTED and message.is_cleared:
        for one in await store.of_document(
            session,
            row.document_number,
            party=RelianceParty.RELYING,
            state=RelianceState.DISPUTED,
            partner=row.partner,
        ):
            moving.clear(session, one, actor=actor, at=at)
        await _tell_proofs(session, row, ProofState.USABLE)


async def _take_news(
    session: AsyncSession, row: Reliance, message: RelianceStepMessage, *, at: datetime
) -> None:
    """At the relying district: another disputes it, or no one any more, or it stands no more."""
    actor = f"district:{row.partner}"
    if message.kind == "disputed":
        moving.dispute(session, row, actor=actor, at=at)
        await _tell_proofs(session, row, ProofState.DISPUTED)
    elif message.kind == "cleared":
        own = await store.open_disputes(
            session, row.document_number, party=RelianceParty.RELYING, partner=row.partner
        )
        if not own:  # else ours is on its way there, and is yet to be answered
            moving.clear(session, row, actor=actor, at=at)
            await _tell_proofs(session, row, ProofState.USABLE)
    elif message.change is not None and message.effective_from is not None:
        moving.end(
            session,
            row,
            change=message.change,
            effective_from=message.effective_from,
            actor=actor,
            at=at,
        )
        await _tell_proofs(session, row, ProofState.ENDED)


async def _tell_proofs(session: AsyncSession, row: Reliance, state: ProofState) -> None:
    await proofs.tell(session, partner=row.partner, number=row.document_number, state=state)


def _require_whole(message: RelianceStepMessage) -> None:
    missing = [name for name in _NEEDED.get(message.kind, ()) if getattr(message, name) is None]
    if message.ground is not None and message.ground not in set(DisputeGround):
        missing.append("ground")
    if missing:
        detail = {
            "zh-CN": f"{message.kind} 须填此项",
            "en": f"a step {message.kind} needs it",
        }
        errors = [Where.pointer(f"/{name}", detail, "missing") for name in missing]
        raise MessageUnreadable(errors=errors)


def _other(party: RelianceParty) -> RelianceParty:
    is_relying = party is RelianceParty.RELYING
    return RelianceParty.ISSUER if is_relying else RelianceParty.RELYING
