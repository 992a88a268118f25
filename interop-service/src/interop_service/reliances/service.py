"""Use cases of reliances: record one, dispute it, learn that it ended; read and list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges.rules import DeliveryState
from interop_service.issued.rules import Ending
from interop_service.letters.rules import LetterKind
from interop_service.letters.sending import receipted_at
from interop_service.letters.tables import Letter
from interop_service.reliances import moving, proofs, rules, store
from interop_service.reliances.errors import (
    DisputeOpen,
    RelianceNotFound,
    RelianceStepRefused,
)
from interop_service.reliances.rules import (
    ANSWER_DAYS,
    DisputeState,
    RelianceParty,
    RelianceState,
)
from interop_service.reliances.schemas import (
    DisputeIn,
    DisputeRead,
    RelianceDetail,
    RelianceRead,
)
from interop_service.reliances.tables import Dispute, Reliance
from interop_service.verifications.rules import ProofState
from tongban.calendars import CalendarCache
from tongban.clock import local_date
from tongban.context import Context
from tongban.ids import new_id
from tongban.paging import Paging

__all__ = [
    "Recorded",
    "answer_due_on",
    "detail",
    "end_here",
    "follow_letter",
    "is_disputed",
    "raise_dispute",
    "record",
    "reliances_page",
    "sealing_context",
    "shown",
]


@dataclass(frozen=True)
class Recorded:
    """What the case-service tells of a case that rests on a partner's document."""

    reliance_id: UUID
    proof_id: UUID
    case_id: UUID
    number: str
    at: datetime


async def record(session: AsyncSession, context: Context, told: Recorded) -> bool:
    """采信: keep that a case rests on a document, and tell its issuer; False if it is unknown."""
    proof = await proofs.known(session, told.proof_id)
    if proof is None:
        return False
    row = Reliance(
        id=told.reliance_id,
        party=RelianceParty.RELYING,
        partner=proof.partner,
        agreement=proof.agreement,
        proof_id=told.proof_id,
        document_number=proof.document_number,
        case_id=told.case_id,
        case_number=told.number,
        relied_at=told.at,
        status_list=proof.status_list,
        state=RelianceState.STANDING,
    )
    session.add(row)
    moving.note(session, row, "recorded", actor=context.settings.district)
    await session.flush()
    await moving.send_relied_on(session, context, row)
    return True


async def raise_dispute(
    session: AsyncSession,
    context: Context,
    reliance_id: UUID,
    given: DisputeIn,
    *,
    actor: str,
    at: datetime,
) -> Dispute:
    """异议: doubt a document that a case here rests on; its issuer answers in ten working days.

    Raises:
        RelianceNotFound: 404.
        RelianceStepRefused, DisputeOpen: 409.
    """
    found = await store.reliance(session, reliance_id)
    if found is None:
        raise RelianceNotFound
    # The document first, as a partner's letters have it: then nobody waits for the other.
    await store.alone_with_document(session, found.document_number)
    row = await store.lock_reliance(session, reliance_id)
    if row is None:
        raise RelianceNotFound
    if row.party is not RelianceParty.RELYING or row.state is RelianceState.ENDED:
        possible = rules.steps_from(row.state, row.party)
        raise RelianceStepRefused(state=row.state, possible=possible)
    open_ones = await store.open_disputes(
        session, row.document_number, party=RelianceParty.RELYING, partner=row.partner
    )
    if open_ones:
        raise DisputeOpen(dispute_id=open_ones[0].id)
    made = Dispute(
        id=new_id(),
        party=RelianceParty.RELYING,
        partner=row.partner,
        reliance_id=row.id,
        document_number=row.document_number,
        ground=given.ground,
        state=DisputeState.RAISED,
        raised_at=at,
        raised_by=actor,
    )
    made.sealed_reason = context.vault.seal(given.reason, context=sealing_context("reason", made))
    session.add(made)
    moving.note(session, row, "dispute_raised", actor=actor)
    await _dispute_here(session, row, actor=actor, at=at)
    await session.flush()
    await moving.send_step(
        session,
        context,
        row,
        "dispute_raised",
        at=at,
        reason=given.reason,
        ground=given.ground.value,
        dispute_id=made.id,
    )
    await session.flush()
    return made


async def _dispute_here(session: AsyncSession, row: Reliance, *, actor: str, at: datetime) -> None:
    """Mark every case of ours that rests on the document; no other is to rest on it meanwhile."""
    for one in await store.of_document(
        session, row.document_number, party=RelianceParty.RELYING, partner=row.partner
    ):
        moving.dispute(session, one, actor=actor, at=at)
    await proofs.tell(
        session, partner=row.partner, number=row.document_number, state=ProofState.DISPUTED
    )


async def end_here(
    session: AsyncSession,
    *,
    partner: str,
    number: str,
    change: Ending,
    effective_from: date,
    at: datetime,
) -> None:
    """End, at the relying district, whatever rests on a document that its issuer ended."""
    await store.alone_with_document(session, number)
    actor = f"district:{partner}"
    for row in await store.of_document(
        session, number, party=RelianceParty.RELYING, partner=partner
    ):
        moving.end(session, row, change=change, effective_from=effective_from, actor=actor, at=at)
    await proofs.tell(session, partner=partner, number=number, state=ProofState.ENDED)


async def is_disputed(session: AsyncSession, number: str) -> bool:
    """Tell whether a document of this district's is disputed by any district that relied on it."""
    return await store.has_open_dispute(session, number)


async def detail(
    session: AsyncSession, reliance_id: UUID, *, on: date
) -> tuple[RelianceDetail, int]:
    """Return a reliance with its disputes and what may be done here now.

    Raises:
        RelianceNotFound: 404.
    """
    row = await store.reliance(session, reliance_id)
    if row is None:
        raise RelianceNotFound
    disputes = await store.disputes_of(session, row.id)
    read = RelianceDetail(
        **RelianceRead.model_validate(row).model_dump(),
        disputes=[shown(one, on=on) for one in disputes],
        actions=rules.steps_from(row.state, row.party),
    )
    return read, row.version


def shown(row: Dispute, *, on: date) -> DisputeRead:
    """Return a dispute as it stands on a day."""
    read = DisputeRead.model_validate(row)
    is_open = row.state is DisputeState.RAISED
    read.is_overdue = is_open and row.due_on is not None and on > row.due_on
    return read


async def reliances_page(
    session: AsyncSession,
    paging: Paging,
    *,
    party: RelianceParty | None,
    state: RelianceState | None,
    partner: str | None,
    document_number: str | None,
) -> Sequence[Reliance]:
    return await store.reliances_page(
        session,
        paging,
        party=party,
        state=state,
        partner=partner,
        document_number=document_number,
    )


async def follow_letter(session: AsyncSession, context: Context, letter: Letter) -> None:
    """Note that the other district has a letter, or refused it: then it is a dead letter."""
    row = await store.lock_reliance(session, letter.exchange_id)
    if row is None:
        return
    if letter.state is not DeliveryState.DELIVERED:
        row.last_fault = letter.last_fault
        return
    row.last_fault = None
    at = await receipted_at(session, context, letter)
    if letter.kind is LetterKind.RELIED_ON:
        row.told_at = at
    elif letter.kind is LetterKind.DISPUTE_RAISED:
        for one in await store.disputes_of(session, row.id):
            if one.due_on is None and one.state is DisputeState.RAISED:
                one.due_on = await answer_due_on(session, context, at=at)


async def answer_due_on(session: AsyncSession, context: Context, *, at: datetime) -> date:
    """Return by when a dispute is answered that its issuer receipted at `at`; alike on both."""
    cache: CalendarCache = context.resources.setdefault("calendar", CalendarCache())
    calendar = await cache.get(session)
    return calendar.add_working_days(local_date(at), ANSWER_DAYS).due_on


def sealing_context(name: str, row: Dispute) -> str:
    """Return what binds a sealed value to its place."""
    return f"disputes.{name}:{row.id}"
