"""Use cases of the register: keep a line with its history, look up what need not be brought."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.equivalences import rules, store
from interop_service.equivalences.errors import (
    AgreementUnknown,
    EquivalenceNotFound,
    MatterNotOffered,
)
from interop_service.equivalences.rules import Asked, EquivalentKind, Held, Row
from interop_service.equivalences.schemas import (
    AskedMaterial,
    EquivalenceIn,
    EquivalenceRead,
    HeldLicence,
    LookedUp,
    LookUpIn,
    RowVerdict,
    VerdictRead,
)
from interop_service.equivalences.tables import Equivalence, EquivalenceVersion
from interop_service.partners import service as partners
from interop_service.partners.tables import Agreement
from tongban import audit
from tongban.context import Context
from tongban.etags import require_match
from tongban.paging import Paging

__all__ = ["equivalences_page", "history", "keep", "look_up", "types_against"]


async def keep(
    session: AsyncSession,
    given: EquivalenceIn,
    *,
    actor: str,
    if_match: str | None,
    at: datetime,
) -> Equivalence:
    """Keep a line of the register, new or changed; what it said before stays on record.

    Raises:
        AgreementUnknown: 422.
        StaleVersion: 412.
    """
    agreement = await partners.agreement(session, given.agreement)
    if agreement is None:
        raise AgreementUnknown(given.agreement)
    await store.alone_with_line(session, agreement=given.agreement)
    row = await store.line(
        session,
        agreement=given.agreement,
        kind=given.kind,
        our_type=given.our_type,
        their_type=given.their_type,
    )
    said = {"valid_from": given.valid_from, "valid_until": given.valid_until, "basis": given.basis}
    if row is None:
        row = Equivalence(
            partner=agreement.partner,
            agreement=given.agreement,
            kind=given.kind,
            our_type=given.our_type,
            their_type=given.their_type,
            **said,
        )
        session.add(row)
    else:
        require_match(row.version, if_match)
        if all(getattr(row, name) == value for name, value in said.items()):
            return row
        for name, value in said.items():
            setattr(row, name, value)
    await session.flush()
    session.add(
        EquivalenceVersion(
            equivalence_id=row.id, version=row.version, kept_at=at, kept_by=actor, **said
        )
    )
    audit.note(
        session,
        actor=actor,
        action="equivalence.keep",
        subject=str(row.id),
        payload={**given.model_dump(mode="json"), "version": row.version},
    )
    await session.flush()
    return row


async def history(session: AsyncSession, equivalence_id: UUID) -> Sequence[EquivalenceVersion]:
    """Return what a line said, oldest first.

    Raises:
        EquivalenceNotFound: 404.
    """
    if await store.equivalence(session, equivalence_id) is None:
        raise EquivalenceNotFound
    return await store.versions_of(session, equivalence_id)


async def equivalences_page(
    session: AsyncSession,
    paging: Paging,
    *,
    partner: str | None,
    agreement: str | None,
    kind: EquivalentKind | None,
) -> Sequence[Equivalence]:
    return await store.equivalences_page(
        session, paging, partner=partner, agreement=agreement, kind=kind
    )


async def look_up(
    session: AsyncSession, context: Context, asked: LookUpIn, *, on: date
) -> LookedUp:
    """Say what an applicant need not bring to the owner, and what counts as equal today.

    Raises:
        AgreementUnknown, MatterNotOffered: 422.
    """
    agreement = await partners.agreement(session, asked.agreement)
    if agreement is None:
        raise AgreementUnknown(asked.agreement)
    owner = asked.owner or agreement.partner
    materials = await _materials(session, asked, owner)
    lines = await store.lines_of(session, asked.agreement)
    rows = [_row(line) for line in lines]
    agreed = _agreed(agreement)
    standing = await partners.standing_against(session, agreement, partner=agreement.partner, on=on)
    held = [Held(one.issuer, one.licence_type, one.valid_until) for one in asked.held]
    verdicts = [
        rules.verdict_on(
            Asked(one.key, one.name, one.waived_by),
            held=held,
            owner=owner,
            own=context.settings.district,
            partner=agreement.partner,
            rows=rows,
            agreed=agreed,
            standing=standing,
            on=on,
        )
        for one in materials
    ]
    against = [[*standing, *rules.rows_against(row, agreed=agreed, on=on)] for row in rows]
    return LookedUp(
        agreement=agreement.code,
        owner=owner,
        materials=[
            VerdictRead(
                key=one.key,
                name=one.name,
                is_needed=one.is_needed,
                proven_by=_held(one.by),
                equivalence_id=one.row_id,
                reasons=list(one.reasons),
            )
            for one in verdicts
        ],
        equivalences=[
            RowVerdict(
                **EquivalenceRead.model_validate(line).model_dump(),
                counts=not found,
                reasons=list(found),
            )
            for line, found in zip(lines, against, strict=True)
        ],
    )


async def types_against(
    session: AsyncSession, agreement: Agreement, *, our_type: str, their_type: str, on: date
) -> list[rules.Shortfall]:
    """Return why a licence or material type of theirs does not count as ours on a day."""
    found = [
        _row(line)
        for line in await store.lines_of(session, agreement.code)
        if (line.our_type, line.their_type) == (our_type, their_type)
        and line.kind is not EquivalentKind.DECISION
    ]
    if not found:
        return [rules.Shortfall.NOT_EQUAL]
    against = [rules.rows_against(row, agreed=_agreed(agreement), on=on) for row in found]
    return min(against, key=len)


async def _materials(session: AsyncSession, asked: LookUpIn, owner: str) -> Sequence[AskedMaterial]:
    if asked.matter_code is None:
        return asked.materials
    offer = await partners.offer_of(
        session, owner=owner, matter_code=asked.matter_code, agreement=asked.agreement
    )
    if offer is None:
        raise MatterNotOffered
    offered = [AskedMaterial.model_validate(one) for one in offer.matter.get("materials", [])]
    return [*offered, *asked.materials]


def _agreed(agreement: Agreement) -> Mapping[EquivalentKind, Collection[str]]:
    return {
        EquivalentKind.MATERIAL: agreement.recognised_materials,
        EquivalentKind.LICENCE: agreement.recognised_materials,
        EquivalentKind.DECISION: agreement.recognised_results,
    }


def _row(line: Equivalence) -> Row:
    return Row(
        id=line.id,
        kind=line.kind,
        our_type=line.our_type,
        their_type=line.their_type,
        valid_from=line.valid_from,
        valid_until=line.valid_until,
    )


def _held(one: Held | None) -> HeldLicence | None:
    if one is None:
        return None
    return HeldLicence.model_construct(
        issuer=one.issuer, licence_type=one.type, valid_until=one.valid_until
    )
