"""Use cases of fetching evidence: ask, offer, say yes or no, read, and forget in time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges.rules import DeliveryState
from interop_service.keys import own_keys
from interop_service.letters.rules import LetterKind
from interop_service.letters.sending import TOO_LATE
from interop_service.letters.tables import Letter
from interop_service.once_only import documents, moving, rules, store
from interop_service.once_only.errors import (
    DocumentUnfit,
    EvidenceGone,
    EvidenceNotAllowed,
    EvidenceRequestNotFound,
    EvidenceStepRefused,
)
from interop_service.once_only.moving import sealing_context
from interop_service.once_only.rules import EvidenceState, EvidenceStep, Impediment, Party
from interop_service.once_only.schemas import (
    DenialIn,
    EvidenceContent,
    EvidenceOffer,
    EvidenceRequestDetail,
    EvidenceRequestIn,
    EvidenceRequestRead,
    Holder,
    Preview,
    RequestContent,
)
from interop_service.once_only.tables import EvidenceRequest
from interop_service.partners import service as partners
from tongban import audit
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.paging import Paging

__all__ = [
    "ask",
    "deny",
    "detail",
    "evidence",
    "follow_letter",
    "forget_overdue",
    "offer",
    "requests_page",
    "say",
]


async def ask(
    session: AsyncSession,
    context: Context,
    given: EvidenceRequestIn,
    *,
    caller: Caller,
    at: datetime,
) -> EvidenceRequest:
    """调取: ask a partner for evidence, by the applicant's consent.

    Raises:
        EvidenceNotAllowed: 403, with every reason; nothing is kept and nothing asked.
    """
    agreement = await partners.agreement(session, given.agreement)
    consent = given.consent
    row = EvidenceRequest(
        id=new_id(),
        party=Party.REQUESTER,
        partner=agreement.partner if agreement is not None else "",
        agreement=given.agreement,
        evidence_type=given.evidence_type,
        counts_as=given.counts_as,
        purpose=given.purpose,
        expires_at=given.expires_at,
        state=EvidenceState.REQUESTED,
        requested_by=caller.subject,
        applicant_subject=None if caller.is_staff else caller.subject,
    )
    terms = consent.terms() if consent is not None else None
    found = await moving.weigh(session, row, terms, at=at)
    if found or consent is None:
        raise EvidenceNotAllowed(reasons=found)
    row.consent_reference = consent.reference
    row.consent_given_at, row.consent_expires_at = consent.given_at, consent.expires_at
    session.add(row)
    moving.move(session, row, EvidenceState.REQUESTED, actor=caller.subject)
    await session.flush()
    content = RequestContent(holder=given.holder, consent=consent)
    await moving.send_request(session, context, row, content)
    return row


async def offer(
    session: AsyncSession,
    context: Context,
    request_id: UUID,
    given: EvidenceOffer,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> EvidenceRequest:
    """预览: at the provider, keep the document that was found and let the applicant preview it.

    Raises:
        EvidenceRequestNotFound: 404.
        EvidenceNotAllowed: 403.
        EvidenceStepRefused: 409.
        DocumentUnfit: 422.
    """
    row = await _locked(session, request_id, caller, if_match)
    state = _next(row, EvidenceStep.PREVIEW)
    await _require_allowed(session, row, at=at)
    own = context.settings.district
    fault = documents.fault_of(given.document, issuer=own, seals=_own_seals(context))
    if fault is not None:
        raise DocumentUnfit(fault)
    preview = documents.preview_of(given.document)
    row.document_number = str(given.document["number"])
    row.sealed_evidence = context.vault.seal(
        EvidenceContent(document=given.document).model_dump_json(),
        context=sealing_context("evidence", row.id),
    )
    row.sealed_preview = context.vault.seal(
        preview.model_dump_json(), context=sealing_context("preview", row.id)
    )
    moving.move(session, row, state, actor=caller.subject)
    await moving.send_step(session, context, row, "previewed", at=at, content=preview)
    await session.flush()
    return row


async def deny(
    session: AsyncSession,
    context: Context,
    request_id: UUID,
    given: DenialIn,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> EvidenceRequest:
    """不予提供: at the provider, say that there is nothing, or that it is not shared.

    Raises:
        EvidenceRequestNotFound: 404.
        EvidenceStepRefused: 409.
    """
    row = await _locked(session, request_id, caller, if_match)
    moving.move(
        session, row, _next(row, EvidenceStep.DENY), actor=caller.subject, reasons=[given.reason]
    )
    await moving.send_step(session, context, row, "denied", at=at, reasons=[given.reason])
    await session.flush()
    return row


async def say(
    session: AsyncSession,
    context: Context,
    request_id: UUID,
    step: EvidenceStep,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> EvidenceRequest:
    """申请人决定: the applicant says yes or no; a window may for who stands before it.

    Raises:
        EvidenceRequestNotFound: 404.
        EvidenceNotAllowed: 403, to a yes.
        EvidenceStepRefused: 409.
    """
    row = await _locked(session, request_id, caller, if_match)
    state = _next(row, step)
    if step is EvidenceStep.ACCEPT:
        await _require_allowed(session, row, at=at)
    row.decided_by = caller.subject
    moving.move(session, row, state, actor=caller.subject)
    is_yes = step is EvidenceStep.ACCEPT
    await moving.send_step(session, context, row, "accepted" if is_yes else "refused", at=at)
    await session.flush()
    return row


async def detail(
    session: AsyncSession, context: Context, request_id: UUID, *, caller: Caller
) -> tuple[EvidenceRequestDetail, int]:
    """Return a request with its preview; who reads whose evidence it is, is on record.

    Raises:
        EvidenceRequestNotFound: 404, also of another applicant's.
    """
    row = await store.request(session, request_id, subject=_own_only(caller))
    if row is None:
        raise EvidenceRequestNotFound
    preview = holder = None
    if row.sealed_preview is not None:
        plain = context.vault.open(row.sealed_preview, context=sealing_context("preview", row.id))
        preview = Preview.model_validate_json(plain)
    if row.sealed_holder is not None:
        plain = context.vault.open(row.sealed_holder, context=sealing_context("holder", row.id))
        holder = Holder.model_validate_json(plain)
        _note_reading(session, row, caller, "evidence_request.read_holder")
    await session.flush()
    read = EvidenceRequestDetail(
        **EvidenceRequestRead.model_validate(row).model_dump(),
        preview=preview,
        holder=holder,
        actions=rules.steps_from(row.state, row.party),
    )
    return read, row.version


async def evidence(
    session: AsyncSession, context: Context, request_id: UUID, *, caller: Caller, at: datetime
) -> EvidenceContent:
    """Return what was delivered, within its limit; each reading is on record.

    Raises:
        EvidenceRequestNotFound, EvidenceGone: 404.
    """
    row = await store.request(session, request_id, subject=_own_only(caller))
    if row is None:
        raise EvidenceRequestNotFound
    is_here = row.party is Party.REQUESTER and row.state is EvidenceState.DELIVERED
    if not is_here or row.sealed_evidence is None or row.expires_at <= at:
        raise EvidenceGone(state=row.state)
    _note_reading(session, row, caller, "evidence_request.read")
    await session.flush()
    plain = context.vault.open(row.sealed_evidence, context=sealing_context("evidence", row.id))
    return EvidenceContent.model_validate_json(plain)


async def requests_page(
    session: AsyncSession,
    paging: Paging,
    *,
    caller: Caller,
    party: Party | None,
    state: EvidenceState | None,
) -> Sequence[EvidenceRequest]:
    return await store.requests_page(
        session, paging, party=party, state=state, subject=_own_only(caller)
    )


async def follow_letter(session: AsyncSession, context: Context, letter: Letter) -> None:
    """Go on where a letter was taken, or will never be: the request's next state."""
    row = await store.lock_request(session, letter.exchange_id)
    if row is None:
        return
    own = context.settings.district
    if letter.state is DeliveryState.DELIVERED:
        # Handed over when its receipt is here, not when it was sent.
        if letter.kind is LetterKind.EVIDENCE_DELIVERED and row.state is EvidenceState.ACCEPTED:
            moving.move(session, row, EvidenceState.DELIVERED, actor=own)
        return
    is_late = letter.last_fault == TOO_LATE
    step = EvidenceStep.EXPIRE if is_late else EvidenceStep.DENY
    state = rules.next_state(row.state, step, by=Party.PROVIDER)
    if state is not None:
        reason = Impediment.LIMIT_PAST if is_late else letter.last_fault or "refused"
        moving.move(session, row, state, actor=own, reasons=[reason])


async def forget_overdue(session: AsyncSession, context: Context) -> None:
    """End what is past its limit, and drop what was delivered for until then."""
    for row in await store.overdue(session, at=context.clock()):
        state = rules.next_state(row.state, EvidenceStep.EXPIRE, by=row.party)
        if state is not None:
            reasons: list[str] = [Impediment.LIMIT_PAST]
            moving.move(session, row, state, actor=context.settings.district, reasons=reasons)
        row.sealed_holder = row.sealed_preview = row.sealed_evidence = None
    await session.flush()


async def _locked(
    session: AsyncSession, request_id: UUID, caller: Caller, if_match: str | None
) -> EvidenceRequest:
    row = await store.lock_request(session, request_id, subject=_own_only(caller))
    if row is None:
        raise EvidenceRequestNotFound
    require_match(row.version, if_match)
    return row


def _next(row: EvidenceRequest, step: EvidenceStep) -> EvidenceState:
    state = rules.next_state(row.state, step, by=row.party)
    if state is None:
        possible = rules.steps_from(row.state, row.party)
        raise EvidenceStepRefused(state=row.state, possible=possible)
    return state


async def _require_allowed(session: AsyncSession, row: EvidenceRequest, *, at: datetime) -> None:
    found = await moving.impediments_of(session, row, at=at)
    if found:
        raise EvidenceNotAllowed(reasons=found)


def _own_only(caller: Caller) -> str | None:
    """An applicant sees his own requests; staff see the district's."""
    return None if caller.is_staff else caller.subject


def _own_seals(context: Context) -> dict[str, OKPKey]:
    return {
        jwk["kid"]: OKPKey.import_key(jwk)
        for jwk in own_keys(context).published()
        if "-seal" in jwk["kid"]
    }


def _note_reading(session: AsyncSession, row: EvidenceRequest, caller: Caller, action: str) -> None:
    audit.note(
        session,
        actor=caller.subject,
        action=action,
        subject=str(row.id),
        payload={"purpose": row.purpose},
    )
