"""Use cases of people's data: hand out everything about one person, erase what may be erased."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.archive import service as archive
from case_service.archive.service import Term
from case_service.assistance import authorities
from case_service.cases import party
from case_service.cases.schemas import Words
from case_service.cases.tables import Case, TimelineEntry
from case_service.consents import service as consents
from case_service.consents.schemas import ConsentRead
from case_service.drafts import service as drafts
from case_service.enquiries import service as enquiries
from case_service.enquiries.rules import EnquiryState
from case_service.licences.tables import Licence
from case_service.notices import service as notices
from case_service.people import preferences, rules, store
from case_service.people.erasing import erase_case
from case_service.people.rules import CaseAge, Kept, PersonRequest
from case_service.people.schemas import ErasureRead, ExportRead, KeptRead, PersonRequestRead
from case_service.people.tables import PersonRequestRow
from case_service.ratings import service as ratings
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.paging import Paging

__all__ = ["Person", "erase", "export"]

AT_ONCE: Final = 500
"""So many rows of each kind are handed out, or erased, in one request."""

_WHOLE: Final = Paging(limit=AT_ONCE, cursor=None)

_BECAUSE: Mapping[Kept, Words] = MappingProxyType(
    {
        Kept.UNDER_WAY: Words(
            zh="正在办理，办结或撤回后方可删除",
            en="it is under way; withdraw it or wait for its end",
        ),
        Kept.RETENTION: Words(
            zh="依法归档保存，期满后可申请删除",
            en="the law keeps its file; ask again once the time is over",
        ),
        Kept.APPRAISAL: Words(
            zh="保管期限已满，经鉴定和审批后销毁",
            en="its term is over; it goes with the next destruction that is approved",
        ),
        Kept.LICENCE_VALID: Words(
            zh="所发证照仍然有效，须可查验", en="its licence is valid and has to stay verifiable"
        ),
        Kept.PROOF_OF_CONSENT: Words(
            zh="作为合法处理个人信息的证明保存", en="it proves that what was done was allowed"
        ),
        Kept.ENQUIRY_OPEN: Words(
            zh="咨询投诉尚未办结", en="it is not answered yet; withdraw it or wait"
        ),
    }
)


@dataclass(frozen=True)
class Person:
    """Whose data: by account, by blind indexes of his number, or both."""

    subject: str | None
    indexes: tuple[bytes, ...] = ()


async def export(
    session: AsyncSession,
    context: Context,
    person: Person,
    *,
    caller: Caller,
    evidence: str | None,
    at: datetime,
) -> ExportRead:
    """查阅复制: everything kept about a person, unmasked; that it was asked is on the record."""
    found = await store.cases_of(
        session, subject=person.subject, indexes=person.indexes, limit=AT_ONCE + 1
    )
    cases = found[:AT_ONCE]
    ids = [case.id for case in cases]
    steps: dict[UUID, list[TimelineEntry]] = defaultdict(list)
    for entry in await store.timelines_of(session, ids):
        steps[entry.case_id].append(entry)
    licences = await store.licences_of(session, ids)
    told = [
        *(await consents.of_person(
            session,
            subject=person.subject,
            identity_indexes=person.indexes,
            paging=_WHOLE,
        ))[0]
    ]  # fmt: skip
    await _put_on_record(session, PersonRequest.EXPORT, person, caller, evidence, at)
    whole = ExportRead(
        at=at,
        account=person.subject,
        preferences=None,
        cases=[_case(context, case, steps[case.id]) for case in cases],
        licences=[_licence(one) for one in licences],
        ratings=[],
        drafts=[],
        notices=[],
        enquiries=[],
        consents=[ConsentRead.model_validate(one).model_dump(mode="json") for one in told],
        authorities=[],
        requests=[],
        is_whole=len(found) <= AT_ONCE,
    )
    if person.subject is None:
        return whole
    return whole.model_copy(update=await _of_account(session, context, person.subject, at))


async def _of_account(
    session: AsyncSession, context: Context, subject: str, at: datetime
) -> dict[str, Any]:
    """Return what is kept by a person's account rather than by his number."""
    vault = context.vault
    told, _ = await notices.of_subject(session, subject, _WHOLE)
    asked = await enquiries.all_of(session, subject, limit=AT_ONCE)
    granted, _ = await authorities.of_account(session, subject, _WHOLE)
    requests = await store.requests_of(session, subject, _WHOLE)
    return {
        "preferences": await preferences.read(session, subject),
        "drafts": await drafts.exported(session, context, subject, limit=AT_ONCE),
        "ratings": await ratings.of_subject(session, vault, subject, limit=AT_ONCE),
        "notices": [notices.shown(one, is_staff=False).model_dump(mode="json") for one in told],
        "enquiries": [enquiries.exported(vault, one) for one in asked],
        "authorities": [
            authorities.shown(one, vault=vault, today=at).model_dump(mode="json") for one in granted
        ],
        "requests": [PersonRequestRead.model_validate(one) for one in requests],
    }


async def erase(
    session: AsyncSession,
    context: Context,
    person: Person,
    *,
    caller: Caller,
    evidence: str | None,
    at: datetime,
) -> ErasureRead:
    """删除个人信息: erase what no law keeps; tell of the rest why it is kept, and until when."""
    today, erased = local_date(at), Counter[str]()
    kept: list[KeptRead] = []
    found = await store.cases_of(
        session, subject=person.subject, indexes=person.indexes, limit=AT_ONCE, is_locked=True
    )
    licences = await store.licences_of(session, [case.id for case in found])
    with_valid = {one.case_id for one in licences if _is_valid(one, today)}
    terms = await archive.terms_of(session, context, found)
    for case in found:
        age = _age(case, with_valid, terms[case.id])
        reason = rules.kept_because(age, today=today)
        if reason is None:
            erased.update(await erase_case(session, context, case))
        else:
            until = age.kept_until if reason is Kept.RETENTION else None
            kept.append(_kept("case", case.number, reason, until))
    if person.subject is not None:
        await _erase_of_account(session, context, person.subject, erased, kept)
    proofs, _ = await consents.of_person(
        session, subject=person.subject, identity_indexes=person.indexes, paging=_WHOLE
    )
    kept += [_kept("consent", str(one.id), Kept.PROOF_OF_CONSENT, None) for one in proofs]
    row = await _put_on_record(
        session,
        PersonRequest.ERASURE,
        person,
        caller,
        evidence,
        at,
        erased=dict(erased),
        kept=[one.model_dump(mode="json") for one in kept],
    )
    return ErasureRead(id=row.id, at=at, erased=dict(erased), kept=kept)


async def _erase_of_account(
    session: AsyncSession,
    context: Context,
    subject: str,
    erased: Counter[str],
    kept: list[KeptRead],
) -> None:
    for enquiry in await enquiries.all_of(session, subject, limit=AT_ONCE):
        if enquiry.state is EnquiryState.OPEN:
            kept.append(_kept("enquiry", str(enquiry.id), Kept.ENQUIRY_OPEN, None))
        else:
            enquiries.erase(context.vault, enquiry)
            erased["enquiries"] += 1
    erased["drafts"] += await drafts.erase_of(session, subject, limit=AT_ONCE)
    erased["preferences"] += await store.drop_preference(session, subject)


async def _put_on_record(
    session: AsyncSession,
    request: PersonRequest,
    person: Person,
    caller: Caller,
    evidence: str | None,
    at: datetime,
    *,
    erased: Mapping[str, int] | None = None,
    kept: Sequence[Mapping[str, Any]] = (),
) -> PersonRequestRow:
    row = PersonRequestRow(
        request=request,
        subject=person.subject,
        identity_index=person.indexes[0] if person.indexes else None,
        requested_by=caller.subject,
        evidence=evidence,
        at=at,
        erased=dict(erased or {}),
        kept=list(kept),
    )
    session.add(row)
    await session.flush()
    audit.note(
        session,
        actor=caller.subject,
        action=f"person.{request.value}",
        subject=str(row.id),
        payload={"is_on_behalf": caller.subject != person.subject, "erased": row.erased},
    )
    await session.flush()
    return row


def _age(case: Case, with_valid_licence: set[UUID], term: Term) -> CaseAge:
    return CaseAge(
        stage=case.stage,
        outcome=case.outcome,
        was_received=case.received_at is not None,
        closed_on=local_date(case.closed_at) if case.closed_at else None,
        has_valid_licence=case.id in with_valid_licence,
        kept_until=term.ends_on,
        is_filed=term.is_filed,
    )


def _is_valid(licence: Licence, today: date) -> bool:
    is_running = licence.valid_until is None or licence.valid_until >= today
    return licence.state.value == "valid" and is_running


def _kept(what: str, number: str, reason: Kept, until: date | None) -> KeptRead:
    return KeptRead(
        what=what, number=number, reason=reason, explained=_BECAUSE[reason], until=until
    )


def _case(context: Context, case: Case, steps: Sequence[TimelineEntry]) -> dict[str, Any]:
    whole = party.opened(context.vault, case.sealed_party, case_id=case.id)
    plain = ("number", "matter_code", "matter_name", "stage", "outcome", "channel", "site_id")
    days = ("submitted_at", "accepted_at", "decided_at", "closed_at")
    return {
        "id": str(case.id),
        **{name: getattr(case, name) for name in plain},
        **{name: _told(getattr(case, name)) for name in days},
        **whole,
        "situation_answers": case.situation_answers,
        "evidence": case.evidence,
        "documents": case.documents,
        "steps": [
            {"at": step.at.isoformat(), "action": step.action, "facts": step.facts}
            for step in steps
        ],
    }


def _licence(licence: Licence) -> dict[str, Any]:
    return {
        "number": licence.number,
        "name": licence.name,
        "state": licence.state.value,
        "valid_from": licence.valid_from.isoformat(),
        "valid_until": licence.valid_until.isoformat() if licence.valid_until else None,
    }


def _told(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
