"""Bringing in partners, agreements and offers: all or nothing; the same again changes nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.partners import rules, service, store
from interop_service.partners.rules import PartnerState
from interop_service.partners.schemas import (
    AgreementIn,
    Counts,
    ImportReport,
    MatterOfferIn,
    PartnerEntry,
    PartnersImport,
)
from interop_service.partners.tables import Agreement, MatterOffer, Partner
from interop_service.refusals import ImportRefused
from tongban import audit
from tongban.problems import FieldError, Where

__all__ = ["bring_in", "keep"]

OfferKey = tuple[str, str, str]

UNKNOWN_PARTNER = {
    "zh-CN": "文件中和本区都没有这个合作区",
    "en": "is a partner neither in this file nor here",
}
UNKNOWN_AGREEMENT = {
    "zh-CN": "文件中和本区都没有这份协议",
    "en": "is an agreement neither in this file nor here",
}
OTHER_OWNER = {
    "zh-CN": "既不是本区，也不是协议的合作区",
    "en": "is neither this district nor the agreement's partner",
}
OTHER_MODE = {"zh-CN": "与协议的模式不同", "en": "is not the agreement's mode"}
OTHER_AREA = {"zh-CN": "不在协议的领域之内", "en": "is not among the agreement's areas"}
OWN_DISTRICT = {"zh-CN": "本区不是自己的合作区", "en": "is this district itself"}
TWICE = {"zh-CN": "在文件中重复出现", "en": "appears more than once in the file"}
OFFERED_ELSEWHERE = {
    "zh-CN": "对方已按另一份协议开放此事项",
    "en": "is offered by that district under another agreement already",
}


async def bring_in(
    session: AsyncSession,
    given: PartnersImport,
    *,
    own_district: str,
    on: date,
    is_dry_run: bool,
    actor: str,
) -> ImportReport:
    """Keep every row of `given`, or none.

    Raises:
        ImportRefused: 422, with a JSON pointer for each row that does not fit.
    """
    kept = await _Kept.read(session, given)
    faults = kept.faults_of(given, own_district=own_district)
    if faults:
        raise ImportRefused(errors=faults)
    if is_dry_run:
        with session.no_autoflush:
            report = _apply(session, given, kept, own_district=own_district, on=on, tells=False)
        session.expunge_all()
        return report.model_copy(update={"dry_run": True})
    report = _apply(session, given, kept, own_district=own_district, on=on, tells=True)
    audit.note(
        session,
        actor=actor,
        action="partners.import",
        subject=own_district,
        payload=report.model_dump(),
    )
    await session.flush()
    return report


async def keep(
    session: AsyncSession,
    given: AgreementIn | MatterOfferIn,
    *,
    own_district: str,
    on: date,
    actor: str,
) -> ImportReport:
    """Keep one agreement or offer: an import of one row, whose faults point into that row.

    Raises:
        ImportRefused: 422.
    """
    if isinstance(given, AgreementIn):
        file, row = PartnersImport(agreements=[given]), "/agreements/0"
    else:
        file, row = PartnersImport(matter_offers=[given]), "/matter_offers/0"
    try:
        return await bring_in(
            session, file, own_district=own_district, on=on, is_dry_run=False, actor=actor
        )
    except ImportRefused as fault:
        errors = [
            replace(one, pointer=(one.pointer or "").removeprefix(row)) for one in fault.errors
        ]
        raise ImportRefused(errors=errors) from None


class _Kept:
    """What is stored already of what the file names."""

    def __init__(
        self,
        partners: dict[str, Partner],
        agreements: dict[str, Agreement],
        offers: dict[OfferKey, MatterOffer],
    ) -> None:
        self.partners = partners
        self.agreements = agreements
        self.offers = offers

    @classmethod
    async def read(cls, session: AsyncSession, given: PartnersImport) -> "_Kept":
        codes = {offer.matter.code for offer in given.matter_offers}
        # Offers under an agreement that changes are told again with what changed.
        offers = [
            *await store.lock_offers(session, codes),
            *await store.offers_under(session, {one.code for one in given.agreements}),
        ]
        return cls(
            {row.district: row for row in await store.partners(session)},
            {row.code: row for row in await store.agreements(session)},
            {(row.owner_district, row.matter_code, row.agreement): row for row in offers},
        )

    def faults_of(self, given: PartnersImport, *, own_district: str) -> list[FieldError]:
        faults = _repeated("/partners", [one.district for one in given.partners], "district")
        faults += _repeated("/agreements", [one.code for one in given.agreements], "code")
        partners = {*self.partners, *(one.district for one in given.partners)}
        for place, one in enumerate(given.partners):
            if one.district == own_district:
                faults.append(_at(f"/partners/{place}/district", OWN_DISTRICT, "own_district"))
        for place, agreement in enumerate(given.agreements):
            if agreement.partner not in partners:
                pointer = f"/agreements/{place}/partner"
                faults.append(_at(pointer, UNKNOWN_PARTNER, "unknown_partner"))
        return faults + self._faults_of_offers(given, own_district=own_district)

    def _faults_of_offers(self, given: PartnersImport, *, own_district: str) -> list[FieldError]:
        agreements: Mapping[str, Agreement | AgreementIn] = {
            **self.agreements,
            **{one.code: one for one in given.agreements},
        }
        elsewhere = {(owner, code): agreement for owner, code, agreement in self.offers}
        faults, seen = [], set()
        for place, offer in enumerate(given.matter_offers):
            pointer = f"/matter_offers/{place}"
            key = _key(offer)
            if key in seen:
                faults.append(_at(f"{pointer}/matter/code", TWICE, "repeated"))
            seen.add(key)
            agreement = agreements.get(offer.agreement)
            if agreement is None:
                faults.append(_at(f"{pointer}/agreement", UNKNOWN_AGREEMENT, "unknown_agreement"))
                continue
            if offer.owner_district not in (own_district, agreement.partner):
                faults.append(_at(f"{pointer}/owner_district", OTHER_OWNER, "other_owner"))
            if offer.mode != agreement.mode:
                faults.append(_at(f"{pointer}/mode", OTHER_MODE, "other_mode"))
            if offer.matter.area not in agreement.areas:
                faults.append(_at(f"{pointer}/matter/area", OTHER_AREA, "other_area"))
            if offer.owner_district != own_district:
                owned = (offer.owner_district, offer.matter.code)
                if elsewhere.setdefault(owned, offer.agreement) != offer.agreement:
                    faults.append(
                        _at(f"{pointer}/agreement", OFFERED_ELSEWHERE, "offered_elsewhere")
                    )
        return faults


def _apply(
    session: AsyncSession,
    given: PartnersImport,
    kept: _Kept,
    *,
    own_district: str,
    on: date,
    tells: bool,
) -> ImportReport:
    report = ImportReport(
        dry_run=False, partners=Counts(), agreements=Counts(), matter_offers=Counts()
    )
    for entry in given.partners:
        row, is_changed = _keep_partner(session, entry, kept, report.partners)
        if is_changed and tells:
            service.tell_partner(session, row)
    changed_agreements = set()
    for one in given.agreements:
        agreement, is_changed = _keep_agreement(session, one, kept, report.agreements, on=on)
        if is_changed:
            changed_agreements.add(one.code)
            if tells:
                service.tell_agreement(session, agreement)
    changed_offers = {
        _key(offer)
        for offer in given.matter_offers
        if _keep_offer(session, offer, kept, report.matter_offers)
    }
    for code in changed_agreements | {agreement for _, _, agreement in changed_offers}:
        # Both signed what it was: what it is now they have to sign anew.
        kept.agreements[code].signed_digest = None
    for key, offer_row in kept.offers.items():
        agreement = kept.agreements[offer_row.agreement]
        offer_row.state = rules.offer_state(agreement.state)
        if tells and (key in changed_offers or offer_row.agreement in changed_agreements):
            service.tell_offer(session, offer_row, agreement, own_district=own_district)
    return report


def _keep_partner(
    session: AsyncSession, entry: PartnerEntry, kept: _Kept, counts: Counts
) -> tuple[Partner, bool]:
    values = entry.model_dump(include={"name", "english_name", "provenance"})
    row = kept.partners.get(entry.district)
    if row is None:
        row = Partner(
            district=entry.district,
            endpoint=None,
            keys=None,
            state=PartnerState.REGISTERED,
            **values,
        )
        session.add(row)
        kept.partners[entry.district] = row
        counts.created += 1
        return row, True
    return row, _update(row, values, counts)


def _keep_agreement(
    session: AsyncSession, given: AgreementIn, kept: _Kept, counts: Counts, *, on: date
) -> tuple[Agreement, bool]:
    values = given.model_dump(exclude={"code"}) | {
        "areas": [area.value for area in given.areas],
        "state": rules.agreement_state(valid_until=given.valid_until, on=on),
    }
    row = kept.agreements.get(given.code)
    if row is None:
        row = Agreement(code=given.code, **values)
        session.add(row)
        kept.agreements[given.code] = row
        counts.created += 1
        return row, True
    return row, _update(row, values, counts)


def _keep_offer(session: AsyncSession, given: MatterOfferIn, kept: _Kept, counts: Counts) -> bool:
    matter: dict[str, Any] = given.matter.model_dump(mode="json")
    joint_with = [one.model_dump() for one in given.joint_with]
    row = kept.offers.get(_key(given))
    if row is None:
        row = MatterOffer(
            owner_district=given.owner_district,
            matter_code=given.matter.code,
            agreement=given.agreement,
            mode=given.mode,
            joint_with=joint_with,
            matter=matter,
            matter_version=1,
            state=rules.offer_state(kept.agreements[given.agreement].state),
        )
        session.add(row)
        kept.offers[_key(given)] = row
        counts.created += 1
        return True
    values: dict[str, Any] = {"mode": given.mode, "joint_with": joint_with, "matter": matter}
    if row.matter != matter:
        # What was applied for under the content before stays bound to it.
        values["matter_version"] = row.matter_version + 1
    return _update(row, values, counts)


def _update(row: object, values: Mapping[str, Any], counts: Counts) -> bool:
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        counts.updated += 1
    else:
        counts.unchanged += 1
    return bool(changed)


def _key(offer: MatterOfferIn) -> OfferKey:
    return (offer.owner_district, offer.matter.code, offer.agreement)


def _repeated(pointer: str, names: list[str], field: str) -> list[FieldError]:
    return [
        _at(f"{pointer}/{place}/{field}", TWICE, "repeated")
        for place, name in enumerate(names)
        if name in names[:place]
    ]


def _at(pointer: str, said: Mapping[str, str], code: str) -> FieldError:
    return Where.pointer(pointer, said, code)
