"""Use cases of partners: register, look up what an agreement allows, tell the others."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import pydantic_core
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import PartnerNotFound, SuiteNotAgreed
from interop_service.events import AgreementChanged, MatterOfferChanged, PartnerChanged
from interop_service.keys import PartnerKeys
from interop_service.partners import rules, store
from interop_service.partners.rules import AgreementTerms, Denial, OfferTerms, PartnerState, Way
from interop_service.partners.schemas import PartnerIn
from interop_service.partners.tables import Agreement, MatterOffer, Partner
from interop_service.refusals import KeyNotFound
from interop_service.suites import Suite
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.messages import Event, publish
from tongban.paging import Paging

__all__ = [
    "active_districts",
    "active_partner",
    "agreement",
    "agreements_page",
    "all_partners",
    "denials",
    "end_agreements",
    "keys_of",
    "known",
    "locked",
    "locked_agreement",
    "offer_of",
    "offers_page",
    "offers_under",
    "partner",
    "partners_page",
    "recognised_results",
    "register",
    "require_suite",
    "revoke_key",
    "standing_against",
    "states",
    "suite_of",
    "suspend",
    "tell_agreement",
    "tell_offer",
    "tell_partner",
]


async def register(session: AsyncSession, given: PartnerIn, *, actor: str) -> Partner:
    """Register a partner, or update it, as two persons approved it.

    Its address, keys and limits are kept where none are given.
    """
    row = await store.lock_partner(session, given.district)
    if row is None:
        row = Partner(
            district=given.district,
            provenance=None,
            endpoint=None,
            keys=None,
            messages_a_minute=rules.MESSAGES_A_MINUTE,
            messages_at_once=rules.MESSAGES_AT_ONCE,
            largest_file_megabytes=rules.LARGEST_FILE_MEGABYTES,
        )
        session.add(row)
    is_suspended = row.state is PartnerState.SUSPENDED
    row.name, row.english_name = given.name, given.english_name
    row.endpoint = given.endpoint or row.endpoint
    row.keys = given.keys or row.keys
    if given.contacts is not None:
        row.contacts = [contact.model_dump() for contact in given.contacts]
    row.messages_a_minute = given.messages_a_minute or row.messages_a_minute
    row.messages_at_once = given.messages_at_once or row.messages_at_once
    row.largest_file_megabytes = given.largest_file_megabytes or row.largest_file_megabytes
    row.state = rules.partner_state(
        is_reachable=bool(row.endpoint and row.keys), is_suspended=is_suspended
    )
    tell_partner(session, row)
    audit.note(
        session,
        actor=actor,
        action="partner.register",
        subject=row.district,
        payload={"endpoint": row.endpoint, "state": row.state, "has_new_keys": bool(given.keys)},
    )
    await session.flush()
    return row


async def partner(session: AsyncSession, district: str) -> Partner:
    """Return a partner.

    Raises:
        PartnerNotFound: 404.
    """
    row = await store.partner(session, district)
    if row is None:
        raise PartnerNotFound(district=district)
    return row


async def active_partner(session: AsyncSession, district: str) -> Partner | None:
    """Return the partner if messages may come from it and go to it."""
    row = await store.partner(session, district)
    return row if row is not None and row.state is PartnerState.ACTIVE else None


async def all_partners(session: AsyncSession) -> Sequence[Partner]:
    """Return every partner, locked."""
    return await store.partners(session)


async def active_districts(session: AsyncSession) -> Sequence[str]:
    """Return the partners that messages go to and come from."""
    return await store.active_districts(session)


def keys_of(row: Partner) -> PartnerKeys:
    """Return an active partner's keys, which were checked when they were registered."""
    return _read_keys(pydantic_core.to_json(row.keys or {}), tuple(row.revoked_keys))


@lru_cache(maxsize=500)
def _read_keys(jwks: bytes, revoked: tuple[str, ...]) -> PartnerKeys:
    """Read a key set once: the same text has the same keys."""
    return PartnerKeys.from_jwks(pydantic_core.from_json(jwks)).without(revoked)


async def revoke_key(session: AsyncSession, district: str, key_id: str, *, actor: str) -> Partner:
    """Believe a key no longer, from now on; one administrator is enough to be careful.

    Raises:
        PartnerNotFound, KeyNotFound: 404.
    """
    row = await locked(session, district)
    known = {jwk.get("kid") for jwk in (row.keys or {}).get("keys", [])}
    if key_id not in known:
        raise KeyNotFound(key_id=key_id)
    if key_id not in row.revoked_keys:
        row.revoked_keys = [*row.revoked_keys, key_id]
        tell_partner(session, row)
        audit.note(
            session,
            actor=actor,
            action="partner.revoke_key",
            subject=district,
            payload={"key_id": key_id},
        )
    await session.flush()
    return row


async def suspend(
    session: AsyncSession, district: str, *, is_suspended: bool, actor: str
) -> Partner:
    """Neither hear a partner nor send to it, or do so again.

    Raises:
        PartnerNotFound: 404.
    """
    row = await locked(session, district)
    row.state = rules.partner_state(
        is_reachable=bool(row.endpoint and row.keys), is_suspended=is_suspended
    )
    tell_partner(session, row)
    audit.note(
        session,
        actor=actor,
        action="partner.suspend",
        subject=district,
        payload={"is_suspended": is_suspended},
    )
    await session.flush()
    return row


async def known(session: AsyncSession, district: str) -> Partner | None:
    """Return a partner, if it is one."""
    return await store.partner(session, district)


async def locked(session: AsyncSession, district: str) -> Partner:
    """Return a partner, locked.

    Raises:
        PartnerNotFound: 404.
    """
    row = await store.lock_partner(session, district)
    if row is None:
        raise PartnerNotFound(district=district)
    return row


async def offer_of(
    session: AsyncSession, *, owner: str, matter_code: str, agreement: str | None = None
) -> MatterOffer | None:
    """Return the offer of a district's matter: a partner's has one, our own one per agreement."""
    return await store.offer(
        session, owner_district=owner, matter_code=matter_code, agreement=agreement
    )


async def agreement(session: AsyncSession, code: str | None) -> Agreement | None:
    """Return the agreement of this code."""
    return await store.agreement(session, code) if code is not None else None


async def suite_of(session: AsyncSession, code: str) -> Suite:
    """Return the suite by which everything under an agreement is signed."""
    row = await agreement(session, code)
    return row.suite if row is not None else Suite.ED25519_SHA256


async def require_suite(session: AsyncSession, code: str | None, used: Suite) -> None:
    """Check that a message is signed by the suite of its agreement, where there is one here.

    Raises:
        SuiteNotAgreed: 403.
    """
    row = await agreement(session, code)
    if row is not None and row.suite is not used:
        raise SuiteNotAgreed(used=used, agreed=row.suite, agreement=row.code)


async def standing_against(
    session: AsyncSession, agreed: Agreement | None, *, partner: str, on: date
) -> tuple[Denial, ...]:
    """Return why nothing may go under an agreement on a day; none means that it stands."""
    row = await store.partner(session, partner)
    reasons = []
    if row is None or row.state is not PartnerState.ACTIVE:
        reasons.append(Denial.PARTNER_NOT_ACTIVE)
    if agreed is None:
        return (*reasons, Denial.NO_AGREEMENT)
    return (*reasons, *rules.denials_of_terms(_terms(agreed), partner=partner, on=on))


async def denials(
    session: AsyncSession,
    *,
    way: Way,
    partner: str,
    owner: str,
    agreement: str | None,
    matter_code: str,
    mode: str,
    on: date,
) -> tuple[Denial, ...]:
    """Return why a case of this matter may not go this way; none means that it may."""
    row = await store.partner(session, partner)
    offer = agreed = None
    if agreement is not None:
        agreed = await store.agreement(session, agreement)
        offer = await store.offer(
            session, owner_district=owner, matter_code=matter_code, agreement=agreement
        )
    return rules.reasons_against(
        way=way,
        partner=partner,
        partner_state=row.state if row is not None else None,
        agreement=_terms(agreed) if agreed is not None else None,
        offer=_offer_terms(offer) if offer is not None else None,
        mode=mode,
        on=on,
    )


async def locked_agreement(session: AsyncSession, code: str) -> Agreement | None:
    """Return an agreement, locked, if there is one of this code."""
    return await store.lock_agreement(session, code)


async def offers_under(session: AsyncSession, code: str) -> Sequence[MatterOffer]:
    """Return what is offered under an agreement, by either district."""
    return await store.offers_under(session, {code})


async def recognised_results(session: AsyncSession, agreement: str | None) -> Sequence[str]:
    """Return the kinds of result that count here under an agreement."""
    row = await store.agreement(session, agreement) if agreement is not None else None
    return row.recognised_results if row is not None else ()


async def end_agreements(session: AsyncSession, context: Context) -> None:
    """End the agreements whose last day has passed, and withdraw what was offered under them."""
    ended = await store.overdue_agreements(session, on=local_date(context.clock()))
    for agreement in ended:
        agreement.state = rules.AgreementState.ENDED
        tell_agreement(session, agreement)
    by_code = {agreement.code: agreement for agreement in ended}
    for offer in await store.offers_under(session, by_code):
        offer.state = rules.OfferState.WITHDRAWN
        tell_offer(session, offer, by_code[offer.agreement], own_district=context.settings.district)
    await session.flush()


async def partners_page(session: AsyncSession, paging: Paging) -> Sequence[Partner]:
    return await store.partners_page(session, paging)


async def agreements_page(
    session: AsyncSession, paging: Paging, *, partner: str | None
) -> Sequence[Agreement]:
    return await store.agreements_page(session, paging, partner=partner)


async def offers_page(
    session: AsyncSession, paging: Paging, *, owner_district: str | None
) -> Sequence[MatterOffer]:
    return await store.offers_page(session, paging, owner_district=owner_district)


def tell_partner(session: AsyncSession, row: Partner) -> None:
    publish(session, _partner_event(row), of=row)


def tell_agreement(session: AsyncSession, row: Agreement) -> None:
    publish(session, _agreement_event(row), of=row)


def tell_offer(
    session: AsyncSession, row: MatterOffer, agreement: Agreement, *, own_district: str
) -> None:
    """Tell of a partner's offer; what this district offers is told by its own catalog."""
    if row.owner_district != own_district:
        publish(session, _offer_event(row, agreement), of=row)


async def states(session: AsyncSession) -> AsyncIterator[tuple[Event, int]]:
    """Yield what was told of each partner, agreement and offer, with its sequence."""
    for partner in await store.partners(session):
        yield _partner_event(partner), partner.sequence
    agreements = {row.code: row for row in await store.agreements(session)}
    for agreement in agreements.values():
        yield _agreement_event(agreement), agreement.sequence
    for offer in await store.all_offers(session):
        if offer.sequence:
            yield _offer_event(offer, agreements[offer.agreement]), offer.sequence


def _partner_event(row: Partner) -> PartnerChanged:
    return PartnerChanged(district=row.district, name=row.name, state=row.state.value)


def _agreement_event(row: Agreement) -> AgreementChanged:
    return AgreementChanged(
        code=row.code,
        partner=row.partner,
        mode=row.mode.value,
        direction=row.direction.value,
        areas=row.areas,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        forward_within_days=row.forward_within_days,
        recognised_materials=row.recognised_materials,
        recognised_results=row.recognised_results,
        postage_borne_by=row.postage_borne_by.value,
        delegated_acceptance=row.delegated_acceptance,
        state=row.state.value,
    )


def _offer_event(row: MatterOffer, agreement: Agreement) -> MatterOfferChanged:
    return MatterOfferChanged(
        owner_district=row.owner_district,
        agreement=row.agreement,
        mode=row.mode.value,
        version=row.matter_version,
        state=row.state.value,
        forward_within_days=agreement.forward_within_days,
        matter=row.matter,
    )


def _terms(row: Agreement) -> AgreementTerms:
    return AgreementTerms(
        code=row.code,
        partner=row.partner,
        mode=row.mode,
        direction=row.direction,
        areas=row.areas,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        state=row.state,
        is_signed=row.signed_digest is not None,
    )


def _offer_terms(row: MatterOffer) -> OfferTerms:
    matter: dict[str, Any] = row.matter
    return OfferTerms(agreement=row.agreement, mode=row.mode, area=matter["area"], state=row.state)
