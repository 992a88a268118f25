"""Use cases of licences: issue one, or its successor; show it; tell how it stands."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.documents.rules import digest_of, sealed
from case_service.documents.schemas import IssuedBy
from case_service.licences import rules, store, telling
from case_service.licences.errors import LicenceNotFound, LicenceNotSucceeded
from case_service.licences.paper import on_paper
from case_service.licences.rules import Term
from case_service.licences.schemas import (
    Ended,
    LicenceRead,
    LicenceSummary,
    LicenceVerified,
    SealedLicence,
)
from case_service.licences.status_lists import place_of
from case_service.licences.tables import LICENCE_NUMBERS, Licence
from case_service.licences.vocabulary import LicenceOperation, LicenceState, Standing
from case_service.seals import service as seals
from case_service.seals.rules import LICENCE
from tongban import audit, gb
from tongban.clock import local_date, start_of
from tongban.context import Context
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.paging import Page, Paging, page_of

__all__ = [
    "BODY",
    "COMPENSATION",
    "REASON",
    "due_at",
    "get",
    "holder_of",
    "is_valid",
    "issue",
    "of_holder",
    "opened",
    "print_out",
    "require_predecessor",
    "shown",
    "standing_of",
    "valid_of_holder",
    "valid_of_subject",
    "verify",
]

BODY: Final = "licences.body"
REASON: Final = "licences.reason"
COMPENSATION: Final = "licences.compensation"
"""What each encrypted column is bound to."""


async def issue(
    session: AsyncSession,
    context: Context,
    *,
    case_id: UUID,
    case_number: str,
    licence_type: str,
    name: str,
    holder: Mapping[str, str],
    validity_months: int | None,
    at: datetime,
    issued_by: str,
    operation: LicenceOperation = LicenceOperation.FIRST,
    predecessor_id: UUID | None = None,
    before: Term | None = None,
) -> tuple[Licence, Licence | None]:
    """出证: number and seal a licence; return it, and the predecessor that it takes the place of.

    `holder` has at least a `name`. A first licence is valid from today; a successor's term comes
    from its predecessor's, which ends when the successor begins; where the predecessor was not
    issued here, its term is `before`.

    Raises:
        LicenceNotSucceeded: the predecessor was ended or replaced meanwhile.
    """
    district = gb.district(context.settings.district)
    issued_on = local_date(at)
    predecessor = await _to_succeed(session, predecessor_id)
    term = rules.term_of(
        operation,
        today=issued_on,
        months=validity_months,
        before=Term(predecessor.valid_from, predecessor.valid_until) if predecessor else before,
        deemed_from=predecessor.deemed_renewed_on if predecessor else None,
    )
    running, authority = await seals.draw(
        session, LICENCE_NUMBERS, kind=LICENCE, on=issued_on, case_id=case_id, by=issued_by
    )
    licence = Licence(
        id=new_id(),
        case_id=case_id,
        number=rules.number_of(district=district.code, year=issued_on.year, running=running),
        verification_code=rules.new_verification_code(),
        status_index=running,
        licence_type=licence_type,
        name=name,
        operation=operation,
        predecessor_id=predecessor_id,
        state=LicenceState.VALID,
        holder_masked=rules.mask_holder(holder),
        holder_index=_indexed(context, holder),
        valid_from=term.valid_from,
        valid_until=term.valid_until,
        validity_months=validity_months,
        next_due_at=due_at(issued_on, valid_until=term.valid_until, invalid_from=None),
        issued_at=at,
        issued_by=issued_by,
    )
    content = rules.compose(
        number=licence.number,
        verification_code=licence.verification_code,
        licence_type=licence_type,
        name=name,
        district=district.code,
        body=district.name,
        case_number=case_number,
        holder=holder,
        valid_from=licence.valid_from,
        valid_until=licence.valid_until,
        status=place_of(context, running),
    )
    licence.seal = await seals.use(
        session,
        context,
        authority,
        number=licence.number,
        sha256=digest_of(content),
        licence_id=licence.id,
        at=at,
        by=issued_by,
    )
    signed = sealed(content, licence.seal)
    licence.sealed_body = context.vault.seal(json.dumps(signed), context=BODY)
    session.add(licence)
    telling.tell(session, licence)
    if predecessor is not None:
        _supersede(predecessor, term, today=issued_on)
        telling.tell(session, predecessor)
    return licence, predecessor


def due_at(today: date, *, valid_until: date | None, invalid_from: date | None) -> datetime | None:
    """Return when the next thing is due for a licence by itself, if anything is."""
    day = rules.next_day_due(today, valid_until=valid_until, invalid_from=invalid_from)
    return None if day is None else start_of(day)


async def require_predecessor(
    session: AsyncSession,
    context: Context,
    licence_id: UUID,
    *,
    identity: str,
    licence_type: str,
    on: date,
) -> Licence:
    """Return the licence that somebody applies to have varied, renewed or issued again.

    Raises:
        LicenceNotFound: he holds no such licence of this type.
        LicenceNotSucceeded: it is no longer in force, or was replaced.
    """
    indexes = context.vault.blind_indexes(identity)
    licence = await store.held_by(session, licence_id, indexes)
    if licence is None or licence.licence_type != licence_type:
        raise LicenceNotFound
    if not rules.may_be_succeeded(
        licence.state,
        invalid_from=licence.invalid_from,
        valid_until=licence.valid_until,
        on=on,
    ):
        raise LicenceNotSucceeded(licence_number=licence.number)
    return licence


async def _to_succeed(session: AsyncSession, predecessor_id: UUID | None) -> Licence | None:
    if predecessor_id is None:
        return None
    predecessor = await store.get_for_update(session, predecessor_id)
    if predecessor is None:
        raise LicenceNotFound
    if predecessor.state is not LicenceState.VALID or predecessor.invalid_from is not None:
        raise LicenceNotSucceeded(licence_number=predecessor.number)
    return predecessor


def _supersede(predecessor: Licence, term: Term, *, today: date) -> None:
    predecessor.invalid_from = term.valid_from
    predecessor.next_due_at = due_at(today, valid_until=None, invalid_from=term.valid_from)
    if term.valid_from <= today:
        predecessor.state = LicenceState.SUPERSEDED


async def get(
    session: AsyncSession, context: Context, licence_id: UUID, caller: Caller, *, at: datetime
) -> tuple[LicenceRead, int]:
    """Return a licence in full with its version, and put on record who read it.

    Raises:
        LicenceNotFound: there is none, or it is not the caller's to see.
    """
    licence = await store.visible(session, licence_id, caller)
    if licence is None:
        raise LicenceNotFound
    audit.note(
        session,
        actor=caller.subject,
        action="licence.read",
        subject=str(licence.id),
        payload={"number": licence.number},
    )
    return shown(context, licence, local_date(at)), licence.version


async def print_out(
    session: AsyncSession, context: Context, licence_id: UUID, caller: Caller
) -> tuple[str, bytes]:
    """Return a licence's number and its PDF, and put on record who had it printed.

    Raises:
        LicenceNotFound: there is none, or it is not the caller's to see.
    """
    licence = await store.visible(session, licence_id, caller)
    if licence is None:
        raise LicenceNotFound
    audit.note(
        session,
        actor=caller.subject,
        action="licence.print",
        subject=str(licence.id),
        payload={"number": licence.number},
    )
    face = await on_paper(context, opened(context, licence), issued_at=licence.issued_at)
    return licence.number, face


async def of_holder(
    session: AsyncSession,
    subject: str,
    paging: Paging,
    *,
    at: datetime,
    licence_type: str | None = None,
    is_valid: bool | None = None,
) -> Page[LicenceSummary]:
    """Return a page of the caller's own licences, newest first."""
    rows = await store.of_holder(
        session,
        subject,
        paging,
        licence_type=licence_type,
        valid_on=local_date(at) if is_valid else None,
    )
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    items = [LicenceSummary(**_summary(row, local_date(at))) for row in page]
    return Page(items=items, next_cursor=cursor)


async def verify(
    session: AsyncSession, context: Context, code: str, *, at: datetime
) -> LicenceVerified:
    """查验: tell how the licence with this code stands; of its holder no more than the mask."""
    licence = await store.by_code(session, rules.read_code(code))
    if licence is None:
        return LicenceVerified(standing=Standing.UNKNOWN)
    district = gb.district(context.settings.district)
    return LicenceVerified(
        standing=standing_of(licence, local_date(at)),
        number=licence.number,
        licence_type=licence.licence_type,
        name=licence.name,
        issued_by=IssuedBy(district=district.code, body=district.name),
        holder=licence.holder_masked,
        valid_from=licence.valid_from,
        valid_until=licence.valid_until,
        invalid_from=licence.invalid_from,
        ended_at=licence.ended_at,
        seal=licence.seal,
    )


async def is_valid(session: AsyncSession, licence_id: UUID, *, on: date) -> bool:
    """Tell whether a licence of this district is valid on that day."""
    licence = await session.get(Licence, licence_id)
    return licence is not None and standing_of(licence, on) is Standing.VALID


def standing_of(licence: Licence, today: date) -> Standing:
    """Return how the licence stands today."""
    return rules.standing_on(
        today,
        state=licence.state,
        valid_from=licence.valid_from,
        valid_until=licence.valid_until,
        invalid_from=licence.invalid_from,
    )


def _summary(licence: Licence, today: date) -> dict[str, Any]:
    return {
        "id": licence.id,
        "case_id": licence.case_id,
        "number": licence.number,
        "verification_code": licence.verification_code,
        "licence_type": licence.licence_type,
        "name": licence.name,
        "operation": licence.operation,
        "predecessor_id": licence.predecessor_id,
        "standing": standing_of(licence, today),
        "valid_from": licence.valid_from,
        "valid_until": licence.valid_until,
        "deemed_renewed_on": licence.deemed_renewed_on,
    }


def shown(context: Context, licence: Licence, today: date) -> LicenceRead:
    """Return a licence in full."""
    return LicenceRead(
        **_summary(licence, today),
        state=licence.state,
        issued_at=licence.issued_at,
        invalid_from=licence.invalid_from,
        ended=_ended(context, licence),
        actions=rules.acts_from(licence.state, is_struck_off=licence.struck_off_at is not None),
        document=SealedLicence.model_validate(opened(context, licence)),
    )


def opened(context: Context, licence: Licence) -> dict[str, Any]:
    """Return the licence as it was handed out, its seal with it."""
    content: dict[str, Any] = json.loads(context.vault.open(licence.sealed_body, context=BODY))
    return content


def holder_of(context: Context, licence: Licence) -> dict[str, str]:
    """Return whose licence it is, as the licence says."""
    return dict(opened(context, licence)["holder"])


def _ended(context: Context, licence: Licence) -> Ended | None:
    if licence.ended_at is None or licence.sealed_reason is None:
        return None
    compensation = licence.sealed_compensation
    return Ended(
        at=licence.ended_at,
        ground=licence.end_ground,
        reason=context.vault.open_text(licence.sealed_reason, context=REASON),
        compensation=(
            context.vault.open_text(compensation, context=COMPENSATION) if compensation else None
        ),
        struck_off_at=licence.struck_off_at,
    )


async def valid_of_holder(
    session: AsyncSession,
    holder_indexes: Sequence[bytes],
    licence_types: Collection[str],
    *,
    on: date,
) -> Sequence[Licence]:
    """Return the holder's licences of these types that are valid on that day."""
    if not licence_types:
        return ()
    return await store.valid_of_holder(session, holder_indexes, licence_types, on=on)


async def valid_of_subject(session: AsyncSession, subject: str, *, on: date) -> Sequence[Licence]:
    """Return the licences of an account that are valid on that day, newest first."""
    return await store.valid_of_subject(session, subject, on=on)


def _indexed(context: Context, holder: Mapping[str, str]) -> bytes | None:
    number = holder.get("credit_code") or holder.get("identity_number")
    return context.vault.blind_index(number) if number else None
