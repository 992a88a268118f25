"""At the issuer: a document ends, or a dispute of it is answered; all who relied are told."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.issued import service as issued
from interop_service.issued.rules import ENDINGS, Ending
from interop_service.reliances import moving, store
from interop_service.reliances.errors import (
    DisputeAnswered,
    DisputeNotFound,
    LicenceStillStands,
)
from interop_service.reliances.rules import DisputeState, RelianceParty, RelianceState
from interop_service.reliances.schemas import (
    AnswerIn,
    DisputeDetail,
    DocumentEndingIn,
    UpholdIn,
)
from interop_service.reliances.service import sealing_context, shown
from interop_service.reliances.tables import Dispute, Reliance
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.paging import Paging

__all__ = [
    "answer",
    "detail",
    "disputes_page",
    "end_document",
    "keep_licence",
    "reject",
    "tell_newcomer",
    "uphold",
]


async def keep_licence(
    session: AsyncSession, context: Context, values: Mapping[str, Any], *, at: datetime
) -> None:
    """Keep how a licence of ours stands; where an act of law ended it, tell all who relied on it.

    A licence that a successor replaced was good when it was relied on: of that nobody is told.
    """
    number: str = values["number"]
    await store.alone_with_document(session, number)
    is_news = await issued.keep(session, values)
    change = ENDINGS.get(values["state"])
    if is_news and change is not None:
        await _end_everywhere(
            session,
            context,
            number,
            change=change,
            effective_from=values["invalid_from"] or local_date(at),
            actor="service:case",
            at=at,
        )


async def end_document(
    session: AsyncSession, context: Context, given: DocumentEndingIn, *, actor: str, at: datetime
) -> Sequence[Reliance]:
    """失效告知: a document that is no licence stands no more; return whom that concerns.

    Raises:
        LicenceStillStands: 409.
    """
    await store.alone_with_document(session, given.document_number)
    await _require_no_licence(session, given.document_number)
    audit.note(
        session,
        actor=actor,
        action="document.end",
        subject=given.document_number,
        payload={"change": given.change, "reason": given.reason},
    )
    return await _end_everywhere(
        session,
        context,
        given.document_number,
        change=given.change,
        effective_from=given.effective_from,
        actor=actor,
        at=at,
    )


async def _end_everywhere(
    session: AsyncSession,
    context: Context,
    number: str,
    *,
    change: Ending,
    effective_from: date,
    actor: str,
    at: datetime,
) -> Sequence[Reliance]:
    """End whatever rests on a document; open disputes of it are upheld by that."""
    for one in await store.open_disputes(session, number, party=RelianceParty.ISSUER):
        await answer(session, context, one, DisputeState.UPHELD, actor=actor, at=at)
    concerned = await store.of_document(session, number, party=RelianceParty.ISSUER)
    for row in concerned:
        moving.end(session, row, change=change, effective_from=effective_from, actor=actor, at=at)
        await _tell_end(session, context, row, at=at)
    await session.flush()
    return concerned


async def _tell_end(
    session: AsyncSession, context: Context, row: Reliance, *, at: datetime
) -> None:
    await moving.send_step(
        session,
        context,
        row,
        "ended",
        at=at,
        change=row.change,
        effective_from=row.effective_from,
    )


async def tell_newcomer(
    session: AsyncSession, context: Context, row: Reliance, *, at: datetime
) -> None:
    """Tell who relied on a document that ended, or is disputed, before his letter came."""
    licence = await issued.by_number(session, row.document_number)
    change = ENDINGS.get(licence.state) if licence is not None else None
    ending: tuple[Ending, date] | None
    if licence is not None and change is not None:
        ending = (change, licence.invalid_from or local_date(at))
    else:
        ending = await store.ending_of(session, row.document_number)
    actor = context.settings.district
    if ending is not None:
        moving.end(session, row, change=ending[0], effective_from=ending[1], actor=actor, at=at)
        await _tell_end(session, context, row, at=at)
    elif await store.has_open_dispute(session, row.document_number):
        moving.dispute(session, row, actor=actor, at=at)
        await moving.send_step(session, context, row, "disputed", at=at)


async def reject(
    session: AsyncSession,
    context: Context,
    dispute_id: UUID,
    given: AnswerIn,
    *,
    actor: str,
    if_match: str | None,
    at: datetime,
) -> Dispute:
    """异议不成立: the document stands; who was told of the dispute is told of its end.

    Raises:
        DisputeNotFound: 404.
        DisputeAnswered: 409.
    """
    row = await _locked(session, dispute_id, if_match)
    number = row.document_number
    others = await store.open_disputes(session, number, party=RelianceParty.ISSUER)
    is_cleared = all(one.id == row.id for one in others)
    row.sealed_answer = context.vault.seal(given.reason, context=sealing_context("answer", row))
    await answer(
        session,
        context,
        row,
        DisputeState.REJECTED,
        actor=actor,
        at=at,
        reason=given.reason,
        is_cleared=is_cleared,
    )
    if is_cleared:
        disputed = await store.of_document(
            session, number, party=RelianceParty.ISSUER, state=RelianceState.DISPUTED
        )
        for one in disputed:
            moving.clear(session, one, actor=actor, at=at)
            if one.partner != row.partner:
                # Who raised it learns so by the answer, for all of his cases.
                await moving.send_step(session, context, one, "cleared", at=at)
    await session.flush()
    return row


async def uphold(
    session: AsyncSession,
    context: Context,
    dispute_id: UUID,
    given: UpholdIn,
    *,
    actor: str,
    if_match: str | None,
    at: datetime,
) -> Dispute:
    """异议成立: the document ends; all who relied on it are told.

    Raises:
        DisputeNotFound: 404.
        DisputeAnswered, LicenceStillStands: 409.
    """
    row = await _locked(session, dispute_id, if_match)
    await _require_no_licence(session, row.document_number)
    row.sealed_answer = context.vault.seal(given.reason, context=sealing_context("answer", row))
    await answer(
        session, context, row, DisputeState.UPHELD, actor=actor, at=at, reason=given.reason
    )
    await _end_everywhere(
        session,
        context,
        row.document_number,
        change=given.change,
        effective_from=local_date(at),
        actor=actor,
        at=at,
    )
    return row


async def detail(
    session: AsyncSession, context: Context, dispute_id: UUID, *, actor: str, on: date
) -> tuple[DisputeDetail, int]:
    """Return a dispute with what either district says; who reads it is on record.

    Raises:
        DisputeNotFound: 404.
    """
    row = await store.dispute(session, dispute_id)
    if row is None:
        raise DisputeNotFound
    audit.note(
        session,
        actor=actor,
        action="dispute.read",
        subject=str(row.id),
        payload={"document": row.document_number},
    )
    answer = None
    if row.sealed_answer is not None:
        answer = context.vault.open_text(row.sealed_answer, context=sealing_context("answer", row))
    await session.flush()
    read = DisputeDetail(
        **shown(row, on=on).model_dump(),
        reason=context.vault.open_text(row.sealed_reason, context=sealing_context("reason", row)),
        answer=answer,
    )
    return read, row.version


async def disputes_page(
    session: AsyncSession,
    paging: Paging,
    *,
    party: RelianceParty | None,
    state: DisputeState | None,
    partner: str | None,
    overdue_on: date | None,
) -> Sequence[Dispute]:
    return await store.disputes_page(
        session, paging, party=party, state=state, partner=partner, overdue_on=overdue_on
    )


async def answer(
    session: AsyncSession,
    context: Context,
    row: Dispute,
    state: DisputeState,
    *,
    actor: str,
    at: datetime,
    reason: str | None = None,
    is_cleared: bool | None = None,
) -> None:
    """Answer a dispute and tell who raised it, once."""
    row.state, row.answered_at, row.answered_by = state, at, actor
    reliance = await store.lock_reliance(session, row.reliance_id)
    if reliance is None:
        raise AssertionError("a dispute is of a reliance")
    moving.note(session, reliance, f"dispute_{state}", actor=actor)
    await moving.send_step(
        session,
        context,
        reliance,
        "dispute_answered",
        at=at,
        reason=reason,
        dispute_id=row.id,
        outcome=state.value,
        is_cleared=is_cleared,
    )


async def _locked(session: AsyncSession, dispute_id: UUID, if_match: str | None) -> Dispute:
    found = await store.dispute(session, dispute_id)
    if found is None:
        raise DisputeNotFound
    # The document first, as whoever ends it has it: then nobody waits for the other.
    await store.alone_with_document(session, found.document_number)
    row = await store.lock_dispute(session, dispute_id)
    if row is None:
        raise DisputeNotFound
    if row.party is not RelianceParty.ISSUER or row.state is not DisputeState.RAISED:
        raise DisputeAnswered(state=row.state)
    require_match(row.version, if_match)
    return row


async def _require_no_licence(session: AsyncSession, number: str) -> None:
    if await issued.by_number(session, number) is not None:
        raise LicenceStillStands(document_number=number)
