"""What a partner's letters on licences do here: a question is answered, an answer is kept."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.errors import (
    AgreementDenies,
    EvidenceDenied,
    ExchangeKnown,
    ExchangeUnknown,
    PackageUnreadable,
)
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.issued import service as issued
from interop_service.issued.rules import ENDINGS, Standing
from interop_service.keys import own_keys
from interop_service.letters import sending
from interop_service.letters import taking as letters
from interop_service.letters.rules import LetterKind
from interop_service.once_only.rules import Impediment
from interop_service.partners import service as partners
from interop_service.reliances import service as reliances
from interop_service.suites import JwsInvalid
from interop_service.verifications import rules, service, store, weighing
from interop_service.verifications.rules import (
    ProofState,
    VerificationParty,
    VerificationState,
    VerificationStep,
)
from interop_service.verifications.schemas import (
    Asked,
    Finding,
    StatusPlace,
    VerificationAnswerMessage,
    VerificationMessage,
)
from interop_service.verifications.tables import LicenceVerification
from tongban.clock import local_date
from tongban.context import Context

__all__ = ["take_answer", "take_question"]

CLOCKS_APART: Final = timedelta(minutes=5)


async def take_question(
    session: AsyncSession, context: Context, signed: SignedMessage, *, at: datetime
) -> SignedReceipt:
    """At the issuer: answer how the licence stands now, signed, if agreement and register allow."""
    message = letters.read(VerificationMessage, signed, context)

    async def take() -> None:
        if await store.verification(session, message.exchange_id) is not None:
            raise ExchangeKnown(exchange_id=message.exchange_id)
        found = await weighing.reasons_against(
            session,
            message.agreement,
            partner=signed.sender,
            our_type=message.licence_type,
            their_type=message.counts_as,
            at=at,
        )
        if message.expires_at <= at:
            found.append(Impediment.LIMIT_PAST)
        if found:
            raise AgreementDenies(reasons=found)
        await partners.require_suite(session, message.agreement, signed.suite)
        asked = letters.opened(Asked, message.request, context)
        if asked.number is None and asked.code is None:
            raise PackageUnreadable(reason="content: number or code")
        finding = await _finding(session, context, message, asked, at=at)
        key = own_keys(context).signer(signed.suite, at=at)
        row = LicenceVerification(
            id=message.exchange_id,
            party=VerificationParty.ISSUER,
            partner=signed.sender,
            agreement=message.agreement,
            licence_type=message.licence_type,
            counts_as=message.counts_as,
            purpose=message.purpose,
            expires_at=message.expires_at,
            state=VerificationState.ANSWERED,
            asked_by=f"district:{signed.sender}",
            answer=suites.sign_jws(finding.claims(), key),
        )
        _keep_finding(row, finding)
        session.add(row)
        service.note(session, row, "answered", actor=context.settings.district)
        await session.flush()
        await _send_answer(session, context, row, signed, at=at)

    kind = LetterKind.VERIFICATION_ASKED
    return await letters.once(session, context, signed, message, kind, take, at=at)


async def _finding(
    session: AsyncSession,
    context: Context,
    message: VerificationMessage,
    asked: Asked,
    *,
    at: datetime,
) -> Finding:
    licence = await issued.find(session, number=asked.number, code=asked.code)
    if licence is not None and licence.licence_type != message.licence_type:
        licence = None  # of other types nothing is told: they are not agreed
    matches = None
    if asked.content_sha256 is not None and licence is not None:
        matches = licence.content_sha256 == asked.content_sha256
    is_disputed = licence is not None and await reliances.is_disputed(session, licence.number)
    return Finding(
        exchange_id=message.exchange_id,
        issuer=context.settings.district,
        asked_by=message.from_district,
        number=licence.number if licence is not None else asked.number,
        licence_type=message.licence_type,
        standing=(
            issued.standing_of(licence, local_date(at)) if licence is not None else Standing.UNKNOWN
        ),
        content_matches=matches,
        is_disputed=is_disputed,
        valid_from=licence.valid_from if licence is not None else None,
        valid_until=licence.valid_until if licence is not None else None,
        invalid_from=licence.invalid_from if licence is not None else None,
        as_of=at,
        status_list=(
            StatusPlace.model_validate(licence.status_list) if licence is not None else None
        ),
    )


async def _send_answer(
    session: AsyncSession,
    context: Context,
    row: LicenceVerification,
    signed: SignedMessage,
    *,
    at: datetime,
) -> None:
    message = VerificationAnswerMessage(
        protocol=PROTOCOL,
        exchange_id=row.id,
        from_district=context.settings.district,
        to_district=row.partner,
        sent_at=context.clock(),
        at=at,
        answer=row.answer or "",
    )
    await sending.prepare(
        session,
        context,
        message,
        LetterKind.VERIFICATION_ANSWERED,
        path=f"{service.PATH}/{row.id}/answer",
        agreement=row.agreement,
        not_after=row.expires_at,
    )


async def take_answer(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    verification_id: UUID,
    *,
    at: datetime,
) -> SignedReceipt:
    """At the asker: keep the issuer's signed answer; where it is good a case may rest on it."""
    message = letters.read(VerificationAnswerMessage, signed, context)

    async def take() -> None:
        row = await store.lock_verification(session, verification_id)
        is_theirs = row is not None and row.partner == signed.sender
        is_ours = row is not None and row.party is VerificationParty.ASKER
        is_this = message.exchange_id == verification_id
        if row is None or not (is_theirs and is_ours and is_this):
            raise ExchangeUnknown(exchange_id=verification_id)
        await partners.require_suite(session, row.agreement, signed.suite)
        state = rules.next_state(row.state, VerificationStep.ANSWER)
        if state is None:
            raise EvidenceDenied(reasons=[Impediment.CLOSED])
        finding = _opened_finding(context, row, message, signed, at=at)
        row.state, row.answer = state, message.answer
        _keep_finding(row, finding)
        found = rules.doubts(
            standing=finding.standing,
            content_matches=finding.content_matches,
            is_disputed=finding.is_disputed,
        )
        row.reasons = [doubt.value for doubt in found]
        service.note(session, row, state, actor=f"district:{signed.sender}")
        if not found:
            row.proof_state = ProofState.USABLE
            service.tell_proof(session, row)
        elif finding.standing in ENDINGS and finding.number is not None:
            await reliances.end_here(
                session,
                partner=row.partner,
                number=finding.number,
                change=ENDINGS[finding.standing],
                effective_from=finding.invalid_from or local_date(finding.as_of),
                at=at,
            )
        await session.flush()

    kind = LetterKind.VERIFICATION_ANSWERED
    return await letters.once(session, context, signed, message, kind, take, at=at)


def _opened_finding(
    context: Context,
    row: LicenceVerification,
    message: VerificationAnswerMessage,
    signed: SignedMessage,
    *,
    at: datetime,
) -> Finding:
    """Return what the issuer signed, if it is its own, and about what we asked.

    Raises:
        PackageUnreadable: 422.
    """
    try:
        payload, _ = suites.open_jws(message.answer, signed.keys.signing)
        finding = Finding.model_validate_json(payload)
    except JwsInvalid as fault:
        raise PackageUnreadable(reason=f"answer: {fault}") from None
    except ValidationError as fault:
        places = ", ".join("/".join(map(str, error["loc"])) for error in fault.errors()[:10])
        raise PackageUnreadable(reason=f"answer: {places}") from None
    expected = {
        "exchange_id": row.id,
        "issuer": signed.sender,
        "asked_by": context.settings.district,
        "licence_type": row.licence_type,
        "number": row.number or finding.number,
    }
    for name, value in expected.items():
        if getattr(finding, name) != value:
            raise PackageUnreadable(reason=f"answer: another {name}")
    is_known = finding.standing is not Standing.UNKNOWN
    if is_known and finding.number is None:
        raise PackageUnreadable(reason="answer: number")
    if finding.as_of > at + CLOCKS_APART:
        raise PackageUnreadable(reason="answer: as_of")
    return finding


def _keep_finding(row: LicenceVerification, finding: Finding) -> None:
    row.number, row.standing = finding.number, finding.standing
    row.content_matches, row.is_disputed = finding.content_matches, finding.is_disputed
    row.valid_from, row.valid_until = finding.valid_from, finding.valid_until
    row.invalid_from, row.as_of = finding.invalid_from, finding.as_of
    row.status_list = finding.status_list.model_dump() if finding.status_list is not None else None
