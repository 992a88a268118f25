"""Use cases of licences: issue one, show it, tell whoever is shown it how it stands, revoke it."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import TimelineEntry
from case_service.documents.rules import digest_of, sealed
from case_service.documents.schemas import IssuedBy
from case_service.errors import LicenceNotFound, LicenceRevokedAlready
from case_service.events import CaseLicenceRevoked
from case_service.licences import rules, store
from case_service.licences.rules import LicenceState, Standing
from case_service.licences.schemas import (
    LicenceRead,
    LicenceSummary,
    LicenceVerified,
    SealedLicence,
)
from case_service.licences.tables import LICENCE_NUMBERS, Licence
from case_service.seals import service as seals
from case_service.seals.rules import LICENCE
from tongban import audit, gb
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.messages import publish
from tongban.paging import Page, Paging, page_of

__all__ = ["get", "issue", "of_holder", "revoke", "valid_of_holder", "valid_of_subject", "verify"]

_VAULT: Final = "licences.body"
_VAULT_REASON: Final = "licences.reason"


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
) -> Licence:
    """出证: number and seal a licence, valid from today; `holder` has at least a `name`."""
    district = gb.district(context.settings.district)
    issued_on = local_date(at)
    running, authority = await seals.draw(
        session, LICENCE_NUMBERS, kind=LICENCE, on=issued_on, case_id=case_id, by=issued_by
    )
    licence = Licence(
        id=new_id(),
        case_id=case_id,
        number=rules.number_of(district=district.code, year=issued_on.year, running=running),
        verification_code=rules.new_verification_code(),
        licence_type=licence_type,
        name=name,
        state=LicenceState.VALID,
        holder_masked=rules.mask_holder(holder),
        holder_index=_indexed(context, holder),
        valid_from=issued_on,
        valid_until=rules.last_day(issued_on, validity_months),
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
    licence.sealed_body = context.vault.seal(json.dumps(signed), context=_VAULT)
    session.add(licence)
    return licence


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
    return _read(context, licence, local_date(at)), licence.version


async def of_holder(
    session: AsyncSession, subject: str, paging: Paging, *, at: datetime
) -> Page[LicenceSummary]:
    """Return a page of the caller's own licences, newest first."""
    rows = await store.of_holder(session, subject, paging)
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
        standing=_standing(licence, local_date(at)),
        number=licence.number,
        licence_type=licence.licence_type,
        name=licence.name,
        issued_by=IssuedBy(district=district.code, body=district.name),
        holder=licence.holder_masked,
        valid_from=licence.valid_from,
        valid_until=licence.valid_until,
        revoked_at=licence.revoked_at,
        seal=licence.seal,
    )


async def revoke(
    session: AsyncSession,
    context: Context,
    licence_id: UUID,
    *,
    reason: str,
    if_match: str | None,
    at: datetime,
    revoked_by: str,
) -> tuple[LicenceRead, int]:
    """吊销: end a licence before its time, and tell so.

    Raises:
        LicenceNotFound, LicenceRevokedAlready: there is nothing to revoke.
        StaleVersion: it was changed since the caller read it.
    """
    licence = await store.get_for_update(session, licence_id)
    if licence is None:
        raise LicenceNotFound
    require_match(licence.version, if_match)
    if licence.state is LicenceState.REVOKED:
        raise LicenceRevokedAlready(revoked_at=licence.revoked_at)
    licence.state = LicenceState.REVOKED
    licence.revoked_at, licence.revoked_by = at, revoked_by
    licence.sealed_reason = context.vault.seal(reason, context=_VAULT_REASON)
    case = await store.case_of(session, licence)
    publish(
        session,
        CaseLicenceRevoked(
            case_id=case.id,
            number=case.number,
            exchange_id=case.exchange_id,
            at=at,
            licence_id=licence.id,
            licence_type=licence.licence_type,
        ),
        of=case,
    )
    session.add(
        TimelineEntry(
            case_id=case.id,
            at=at,
            action="revoke_licence",
            stage=case.stage,
            actor=revoked_by,
            actor_role=Role.APPROVER,
            facts={"licence_number": licence.number},
        )
    )
    audit.note(
        session,
        actor=revoked_by,
        action="licence.revoke",
        subject=str(licence.id),
        payload={"number": licence.number},
    )
    await session.flush()
    return _read(context, licence, local_date(at)), licence.version


async def is_valid(session: AsyncSession, licence_id: UUID, *, on: date) -> bool:
    """Tell whether a licence of this district is valid on that day."""
    licence = await session.get(Licence, licence_id)
    return licence is not None and _standing(licence, on) is Standing.VALID


def _standing(licence: Licence, today: date) -> Standing:
    return rules.standing_on(today, state=licence.state, valid_until=licence.valid_until)


def _summary(licence: Licence, today: date) -> dict[str, Any]:
    return {
        "id": licence.id,
        "case_id": licence.case_id,
        "number": licence.number,
        "verification_code": licence.verification_code,
        "licence_type": licence.licence_type,
        "name": licence.name,
        "standing": _standing(licence, today),
        "valid_from": licence.valid_from,
        "valid_until": licence.valid_until,
    }


def _read(context: Context, licence: Licence, today: date) -> LicenceRead:
    reason = licence.sealed_reason
    return LicenceRead(
        **_summary(licence, today),
        state=licence.state,
        issued_at=licence.issued_at,
        revoked_at=licence.revoked_at,
        revocation_reason=(
            context.vault.open_text(reason, context=_VAULT_REASON) if reason else None
        ),
        document=SealedLicence.model_validate_json(
            context.vault.open(licence.sealed_body, context=_VAULT)
        ),
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
