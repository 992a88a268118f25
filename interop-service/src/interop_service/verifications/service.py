"""Use cases of verifying partners' licences: ask, read, and tell what a case may rest on."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.events import ProofChanged
from interop_service.exchanges import envelopes
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.exchanges.rules import DeliveryState
from interop_service.issued import rules as issued
from interop_service.issued.rules import Standing
from interop_service.letters import sending as letters
from interop_service.letters.rules import LetterKind
from interop_service.letters.sending import TOO_LATE
from interop_service.letters.tables import Letter
from interop_service.partners import service as partners
from interop_service.partners.tables import Agreement, Partner
from interop_service.recognitions.seals import seal_fault
from interop_service.verifications import rules, status_lists, store, weighing
from interop_service.verifications.errors import (
    LicenceNotGenuine,
    VerificationNotAllowed,
    VerificationNotFound,
)
from interop_service.verifications.rules import (
    ANSWERED_WITHIN,
    USABLE_FOR,
    ProofState,
    VerificationParty,
    VerificationState,
    VerificationStep,
)
from interop_service.verifications.schemas import (
    Asked,
    FromList,
    StatusPlace,
    VerificationDetail,
    VerificationIn,
    VerificationMessage,
    VerificationRead,
)
from interop_service.verifications.status_lists import StatusList
from interop_service.verifications.tables import LicenceVerification
from tongban import audit
from tongban.context import Context
from tongban.ids import new_id
from tongban.messages import Event, publish
from tongban.paging import Paging

__all__ = [
    "PATH",
    "ask",
    "ask_again",
    "detail",
    "end_overdue",
    "follow_letter",
    "is_list_due",
    "keep_list",
    "note",
    "proof_states",
    "proven",
    "tell_proof",
    "tell_proofs",
    "verifications_page",
]

PATH = f"{TREE}/licence-verifications"


async def ask(
    session: AsyncSession, context: Context, given: VerificationIn, *, actor: str, at: datetime
) -> LicenceVerification:
    """查验: ask a partner whether a licence that was shown is genuine and in force now.

    Raises:
        VerificationNotAllowed: 403, with every reason; nothing is asked.
        LicenceNotGenuine: 422, the document that was shown is not the partner's.
    """
    agreement = await partners.agreement(session, given.agreement)
    found = await weighing.reasons_against(
        session,
        given.agreement,
        partner=agreement.partner if agreement is not None else "",
        our_type=given.counts_as,
        their_type=given.licence_type,
        at=at,
    )
    if found or agreement is None:
        raise VerificationNotAllowed(reasons=found)
    partner = await partners.partner(session, agreement.partner)
    asked = Asked(
        number=given.number,
        code=issued.presented_code(given.presented) if given.presented is not None else None,
    )
    if given.document is not None:
        asked = _of_document(given.document, asked, partner)
    row = _question(given, partner=agreement.partner, number=asked.number, asked_by=actor)
    return await _send(session, context, row, asked, agreement, partner, at=at)


async def ask_again(
    session: AsyncSession, context: Context, *, partner: str, number: str, at: datetime
) -> LicenceVerification | None:
    """Ask anew about a licence whose bit in the public list turned.

    Not where a question is under way, or its issuer said already why it stands no more.
    """
    earlier = await store.last_question(session, partner=partner, number=number)
    if earlier is None or earlier.standing is not Standing.VALID:
        return None
    found = await weighing.reasons_against(
        session,
        earlier.agreement,
        partner=partner,
        our_type=earlier.counts_as,
        their_type=earlier.licence_type,
        at=at,
    )
    agreement = await partners.agreement(session, earlier.agreement)
    if found or agreement is None:
        return None
    row = _question(earlier, partner=partner, number=number, asked_by="service:interop")
    there = await partners.partner(session, partner)
    asked = Asked(number=number)
    return await _send(session, context, row, asked, agreement, there, at=at)


async def is_list_due(
    session: AsyncSession, *, partner: str, path: str, at: datetime, every: timedelta
) -> bool:
    """Tell whether a partner's list was not fetched lately."""
    copy = await store.list_copy(session, partner=partner, path=path)
    return copy is None or copy.fetched_at + every <= at


async def keep_list(
    session: AsyncSession,
    *,
    partner: str,
    path: str,
    token: str,
    found: StatusList,
    at: datetime,
) -> None:
    """Keep a partner's list as it signed it, unless what is kept is newer."""
    await store.keep_copy(
        session,
        partner=partner,
        path=path,
        token=token,
        made_at=found.made_at,
        expires_at=found.expires_at,
        fetched_at=at,
    )


def _question(
    of: VerificationIn | LicenceVerification, *, partner: str, number: str | None, asked_by: str
) -> LicenceVerification:
    return LicenceVerification(
        id=new_id(),
        party=VerificationParty.ASKER,
        partner=partner,
        agreement=of.agreement,
        licence_type=of.licence_type,
        counts_as=of.counts_as,
        purpose=of.purpose,
        number=number,
        asked_by=asked_by,
        reasons=[],
        is_disputed=False,
    )


async def _send(
    session: AsyncSession,
    context: Context,
    row: LicenceVerification,
    asked: Asked,
    agreement: Agreement,
    partner: Partner,
    *,
    at: datetime,
) -> LicenceVerification:
    row.state, row.expires_at = VerificationState.ASKED, at + ANSWERED_WITHIN
    session.add(row)
    note(session, row, "asked", actor=row.asked_by)
    await session.flush()
    message = VerificationMessage(
        protocol=PROTOCOL,
        exchange_id=row.id,
        from_district=context.settings.district,
        to_district=row.partner,
        sent_at=context.clock(),
        agreement=row.agreement,
        licence_type=row.licence_type,
        counts_as=row.counts_as,
        purpose=row.purpose,
        expires_at=row.expires_at,
        request=envelopes.encrypt(
            asked.model_dump_json(exclude_none=True).encode(), partners.keys_of(partner)
        ),
    )
    await letters.prepare(
        session,
        context,
        message,
        LetterKind.VERIFICATION_ASKED,
        path=PATH,
        agreement=agreement.code,
        not_after=row.expires_at,
    )
    return row


def _of_document(document: dict[str, Any], asked: Asked, partner: Partner) -> Asked:
    """Return what is asked about a sealed licence, once its seal is the partner's."""
    fault = seal_fault(document, partners.keys_of(partner).seal)
    if fault is not None:
        raise LicenceNotGenuine(fault)
    issuer = document.get("issued_by")
    if not isinstance(issuer, dict) or issuer.get("district") != partner.district:
        raise LicenceNotGenuine("other_issuer")
    number = str(document["number"])
    if asked.number is not None and asked.number != number:
        raise LicenceNotGenuine("other_number")
    unsealed = {name: value for name, value in document.items() if name != "seal"}
    digest = hashlib.sha256(rfc8785.dumps(unsealed)).hexdigest()
    return asked.model_copy(update={"number": number, "content_sha256": digest})


async def detail(
    session: AsyncSession, verification_id: UUID, *, at: datetime
) -> VerificationDetail:
    """Return a question with its signed answer, and what the issuer's public list says.

    Raises:
        VerificationNotFound: 404.
    """
    row = await store.verification(session, verification_id)
    if row is None:
        raise VerificationNotFound
    return VerificationDetail(
        **VerificationRead.model_validate(row).model_dump(),
        answer=row.answer,
        from_list=await _from_list(session, row, at=at),
    )


async def _from_list(
    session: AsyncSession, row: LicenceVerification, *, at: datetime
) -> FromList | None:
    """Return what the kept copy of the list says; of an unanswered question, by an earlier one."""
    place = row.status_list
    if place is None and row.number is not None and row.party is VerificationParty.ASKER:
        place = await store.place_of(session, partner=row.partner, number=row.number)
    if place is None or row.party is not VerificationParty.ASKER:
        return None
    where = StatusPlace.model_validate(place)
    copy = await store.list_copy(session, partner=row.partner, path=where.path)
    if copy is None or copy.expires_at <= at:
        return None
    partner = await partners.partner(session, row.partner)
    try:
        found = status_lists.read(copy.token, path=where.path, seals=partners.keys_of(partner).seal)
    except status_lists.ListInvalid:
        return None  # sealed by a key that is registered no more
    stands = found.stands(where.idx)
    return None if stands is None else FromList(stands=stands, as_of=found.made_at)


async def verifications_page(
    session: AsyncSession,
    paging: Paging,
    *,
    party: VerificationParty | None,
    state: VerificationState | None,
    partner: str | None,
    number: str | None,
) -> Sequence[LicenceVerification]:
    return await store.verifications_page(
        session, paging, party=party, state=state, partner=partner, number=number
    )


async def follow_letter(session: AsyncSession, _context: Context, letter: Letter) -> None:
    """End a question that its issuer refused, or that did not reach it in time."""
    row = await store.lock_verification(session, letter.exchange_id)
    if row is None or letter.state is DeliveryState.DELIVERED:
        return
    is_late = letter.last_fault == TOO_LATE
    step = VerificationStep.EXPIRE if is_late else VerificationStep.REFUSE
    state = rules.next_state(row.state, step)
    if state is not None:
        row.state, row.reasons = state, [letter.last_fault or "refused"]
        note(session, row, state, actor=f"district:{row.partner}")


async def end_overdue(session: AsyncSession, context: Context) -> None:
    """End the questions that nobody answered in time."""
    for row in await store.overdue(session, at=context.clock()):
        row.state, row.reasons = VerificationState.EXPIRED, [TOO_LATE]
        note(session, row, row.state, actor=context.settings.district)
    await session.flush()


async def proven(session: AsyncSession, verification_id: UUID) -> LicenceVerification | None:
    """Return an answered question, if a licence was found by it."""
    row = await store.verification(session, verification_id)
    is_known = row is not None and row.state is VerificationState.ANSWERED
    return row if row is not None and is_known and row.number is not None else None


async def tell_proofs(
    session: AsyncSession, *, partner: str, number: str, state: ProofState
) -> None:
    """Tell of what was verified how the licence stands now: whether a case may rest on it."""
    for row in await store.proofs_on(session, partner=partner, number=number):
        if row.proof_state is not state:
            row.proof_state = state
            tell_proof(session, row)


def tell_proof(session: AsyncSession, row: LicenceVerification) -> None:
    publish(session, _proof(row), of=row)


async def proof_states(session: AsyncSession) -> AsyncIterator[tuple[Event, int]]:
    """Yield what was told of each licence that was verified, with its sequence."""
    for row in await store.told_proofs(session):
        yield _proof(row), row.sequence


def note(session: AsyncSession, row: LicenceVerification, what: str, *, actor: str) -> None:
    """Put on the ledger what became of a question."""
    audit.note(
        session,
        actor=actor,
        action=f"licence_verification.{what}",
        subject=str(row.id),
        payload={
            "party": row.party,
            "partner": row.partner,
            "agreement": row.agreement,
            "purpose": row.purpose,
            "standing": row.standing,
            "reasons": row.reasons,
        },
    )


def _proof(row: LicenceVerification) -> ProofChanged:
    if row.as_of is None or row.proof_state is None:
        raise AssertionError("only what was answered is told")
    return ProofChanged(
        proof_id=row.id,
        issuer_district=row.partner,
        document_number=row.number or "",
        counts_as=row.counts_as,
        purpose=row.purpose,
        state=row.proof_state.value,
        usable_until=row.as_of + USABLE_FOR,
        valid_until=row.valid_until,
    )
