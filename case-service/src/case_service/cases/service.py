"""Use cases of a case: submit it, find it, read it, ask how far it is."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.assistance import authorities, green_channel
from case_service.bundles.following import waiting_for_parts
from case_service.cases import application, listing, numbers, party, related, store, writing
from case_service.cases.reading import shown
from case_service.cases.rules import Channel, Evidence, Handling, Stage, step_of
from case_service.cases.schemas import CaseIn, CaseRead
from case_service.cases.succession import named_faults, succession_of, tell_if_late
from case_service.cases.tables import DEFAULTS, Case, TimelineEntry, as_read
from case_service.errors import (
    ApplicationIncomplete,
    CaseNotFound,
)
from case_service.events import CaseSubmitted
from case_service.materials import waiving
from case_service.materials.rules import claims_not_held
from case_service.matters.rules import Matter
from case_service.matters.service import matters_of
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller, NotAllowed, Role
from tongban.ids import new_id
from tongban.paging import Paging
from tongban.problems import FieldError, Where

__all__ = [
    "draw_number",
    "get",
    "get_for_update",
    "list_cases",
    "read",
    "require_visible",
    "submit",
    "timeline",
    "visible",
    "visible_for_update",
]

NUMBER_BLOCK = 20
FULL_READERS = (Role.CLERK, Role.REVIEWER, Role.APPROVER)
"""Besides them whoever helps with the case."""
_COUNTERS = frozenset({Channel.WINDOW, Channel.PROXY})


async def get(session: AsyncSession, case_id: UUID) -> Case:
    """Return the case.

    Raises:
        CaseNotFound: 404.
    """
    case = await store.find(session, case_id)
    if case is None:
        raise CaseNotFound
    return case


async def get_for_update(session: AsyncSession, case_id: UUID) -> Case:
    """Return the case, locked until the transaction ends.

    Raises:
        CaseNotFound: 404.
    """
    case = await store.get_for_update(session, case_id)
    if case is None:
        raise CaseNotFound
    return case


def require_visible(case: Case, caller: Caller) -> None:
    """Refuse a caller who may not know of this case; the same rule as the lists' in SQL.

    Raises:
        CaseNotFound: it is not his.
        ForeignSite: he works at another site.
    """
    if caller.has(*listing.SEES_DISTRICT):
        return
    if caller.subject in (case.applicant_subject, case.submitted_by, *case.agents):
        return
    if not caller.has(*listing.SEES_SITE):
        raise CaseNotFound
    caller.require_site(case.site_id)


async def visible(session: AsyncSession, case_id: UUID, caller: Caller) -> Case:
    """Return the case, where this caller may know of it.

    Raises:
        CaseNotFound, ForeignSite
    """
    case = await get(session, case_id)
    require_visible(case, caller)
    return case


async def visible_for_update(session: AsyncSession, case_id: UUID, caller: Caller) -> Case:
    """Return the case, locked, where this caller may know of it.

    Raises:
        CaseNotFound, ForeignSite
    """
    case = await get_for_update(session, case_id)
    require_visible(case, caller)
    return case


async def draw_number(session: AsyncSession, context: Context, *, at: datetime) -> str:
    """Return the next case number; running numbers are drawn in blocks."""
    drawn: list[int] = context.resources.setdefault("case_numbers", [])
    if not drawn:
        drawn.extend(reversed(await store.draw_numbers(session, NUMBER_BLOCK)))
    return numbers.make(context.settings.district, local_date(at), drawn.pop())


async def submit(
    session: AsyncSession,
    context: Context,
    body: CaseIn,
    *,
    caller: Caller,
    at: datetime,
    draft: tuple[UUID, str] | None = None,
    bundle_id: UUID | None = None,
) -> CaseRead:
    """Take an application in; it is checked against its matter as a whole.

    `draft` are the id and the number that it has as a draft; `bundle_id` what it is part of.

    Raises:
        MatterUnknown, MatterRetired, SiteUnknown, ForeignSite, ApplicationIncomplete,
        LicenceNotFound, LicenceNotSucceeded, DuplicateApplication
    """
    known = matters_of(context)
    matter = await known.current(session, body.matter_code, today=local_date(at))
    site_id = body.site_id or (caller.site_id if caller.is_staff else None)
    if site_id is not None:
        if caller.is_staff:
            caller.require_site(site_id)
        await known.open_site(session, site_id)
    facts = application.facts_of(body.situation_answers, body.form)
    identity = party.identity_of(body.applicant.model_dump(mode="json"))
    proofs = await waiving.proofs_of(
        session, context, matter, facts, identity=identity, today=local_date(at)
    )
    faults = _faults(body, matter, caller, local_date(at))
    faults += named_faults(body, matter, today=local_date(at))
    faults += claims_not_held({one.key: one.evidence for one in body.materials}, proofs)
    if faults:
        raise ApplicationIncomplete(errors=faults)
    principal = await _principal(session, context, body, caller, at=at)
    succession, before = await succession_of(session, context, body, matter, today=local_date(at))
    case_id, number = draft or (new_id(), await draw_number(session, context, at=at))
    values = _first_values(
        context, body, matter, caller, case_id=case_id, number=number, site_id=site_id, at=at
    )
    values |= {**succession, "bundle_id": bundle_id}
    if proofs:
        values["proofs"] = proofs
        values["evidence"] |= dict.fromkeys(proofs, Evidence.LICENCE.value)
    if body.authority_id is not None:
        values |= {"applicant_subject": principal, "agents": [caller.subject]}
    event = CaseSubmitted(
        case_id=values["id"],
        number=number,
        at=at,
        matter_code=matter.code,
        matter_version=matter.version,
        owner_district=matter.owner_district,
        handling=matter.content.handling,
        channel=values["channel"].value,
        site_id=site_id,
        ticket_id=body.ticket_id,
    )
    case = as_read({**DEFAULTS, **values})
    related.refuse_duplicate(session, context, case, caller)
    tell_if_late(session, case, before)
    await writing.submit(
        session,
        values,
        entry={
            "case_id": values["id"],
            "at": at,
            "action": "submit",
            "stage": Stage.SUBMITTED,
            "actor": caller.subject,
            "actor_role": role_of(caller),
            "site_id": site_id,
        },
        events=[event],
        ledger={
            "at": at,
            "actor": caller.subject,
            "action": "case.submit",
            "subject": str(values["id"]),
            "payload": {"number": number, "matter_code": matter.code},
        },
    )
    return shown(case, matter, [], vault=context.vault, caller=caller)


async def _principal(
    session: AsyncSession, context: Context, body: CaseIn, caller: Caller, *, at: datetime
) -> str | None:
    """Return the account of whom an agent applies for, held to the authority that he names."""
    if body.authority_id is None:
        return None
    identity = party.identity_of(body.applicant.model_dump(mode="json"))
    return await authorities.principal_for(
        session,
        body.authority_id,
        caller=caller,
        matter_code=body.matter_code,
        identity_index=context.vault.blind_index(identity),
        at=at,
    )


def _first_values(
    context: Context,
    body: CaseIn,
    matter: Matter,
    caller: Caller,
    *,
    case_id: UUID,
    number: str,
    site_id: str | None,
    at: datetime,
) -> dict[str, Any]:
    applicant = body.applicant.model_dump(mode="json")
    whole: party.Party = {
        "applicant": applicant,
        "agent": body.agent.model_dump(mode="json") if body.agent else None,
        "form": body.form,
    }
    if body.earlier_licence is not None:
        whole["earlier_licence"] = body.earlier_licence.model_dump(mode="json")
    return {
        **matter_values(matter),
        **party_values(context, whole, case_id),
        "id": case_id,
        "number": number,
        "stage": Stage.SUBMITTED,
        "district": context.settings.district,
        "site_id": site_id,
        "ticket_id": body.ticket_id,
        "channel": body.channel or (Channel.WINDOW if caller.is_staff else Channel.ONLINE),
        "life_event": body.life_event,
        "may_repeat": body.confirm_duplicate,
        "applicant_subject": body.applicant_subject if caller.is_staff else caller.subject,
        "situation_answers": body.situation_answers,
        "evidence": {one.key: one.evidence.value for one in body.materials},
        "is_elderly": green_channel.is_elderly(
            applicant, local_date(at), from_age=context.settings.elderly_age
        ),
        "green_channel": green_channel.is_open(
            context.settings.green_channel,
            applicant=applicant,
            answers={**body.situation_answers, **body.form},
            today=local_date(at),
            from_age=context.settings.elderly_age,
        ),
        "agents": [],
        "submitted_by": caller.subject,
        "helpers": [caller.subject] if caller.has(Role.HELPER) else [],
        "submitted_at": at,
        "current_step": step_of(Stage.SUBMITTED, is_immediate=False, owes_licence=False),
        "step_started_at": at,
        "mode": matter.mode,
        "forward_within_days": matter.forward_within_days,
    }


def matter_values(matter: Matter) -> dict[str, Any]:
    """Return the columns that come from the matter's version."""
    return {
        "matter_code": matter.code,
        "matter_name": matter.content.name,
        "matter_version": matter.version,
        "owner_district": matter.owner_district,
        "handling": Handling(matter.content.handling),
        "department": matter.content.body.name if matter.forward_within_days is None else None,
        "statutory_days": matter.content.statutory_days,
        "promised_days": matter.content.promised_days,
        "statutory_unit": matter.content.statutory_unit,
    }


def party_values(context: Context, whole: party.Party, case_id: UUID) -> dict[str, Any]:
    """Return the columns about the applicant: sealed, masked, and found by a blind index."""
    applicant = whole["applicant"]
    return {
        "applicant_kind": applicant["kind"],
        "applicant_masked": party.masked_name(applicant),
        "identity_index": context.vault.blind_index(party.identity_of(applicant)),
        "name_index": context.vault.blind_index(party.name_sought(applicant["name"])),
        "phone_index": context.vault.blind_index(tail)
        if (tail := party.phone_tail(applicant))
        else None,
        "premises_index": context.vault.blind_index(premises)
        if (premises := party.premises_sought(whole["form"]))
        else None,
        "sealed_party": party.sealed(context.vault, whole, case_id=case_id),
    }


def _faults(body: CaseIn, matter: Matter, caller: Caller, today: date) -> list[FieldError]:
    faults = application.faults_in(
        matter.content,
        applicant_kind=body.applicant.kind,
        situation_answers=body.situation_answers,
        form=body.form,
        evidence={one.key: one.evidence for one in body.materials},
    )
    agent = body.agent
    if agent and agent.authority and agent.authority.until < today:
        remedy = {"zh-CN": "委托已过期，请重新委托", "en": "it has ended; a new one is needed"}
        faults.append(Where.pointer("/agent/authority/until", remedy, "ended"))
    if not caller.is_staff and body.channel in _COUNTERS:
        remedy = {"zh-CN": "网上申请请用 online", "en": "applying by yourself is online"}
        faults.append(Where.pointer("/channel", remedy, "channel"))
    if not caller.is_staff and body.applicant_subject not in (None, caller.subject):
        remedy = {"zh-CN": "只有工作人员可代填账号", "en": "only staff name another account"}
        faults.append(Where.pointer("/applicant_subject", remedy, "subject"))
    return faults


def role_of(caller: Caller) -> str:
    """Return the role to put on the timeline: a staff member acts as staff."""
    order = list(Role)
    ranked = sorted(caller.roles, key=lambda role: (not caller.is_staff, order.index(role)))
    staff = [role for role in ranked if role not in (Role.CITIZEN, Role.ENTERPRISE)]
    return (staff or ranked)[0].value


async def read(
    session: AsyncSession, context: Context, case_id: UUID, *, caller: Caller, is_full: bool
) -> CaseRead:
    """Return the case; reading it unmasked is for those who handle it, and on the record.

    Raises:
        CaseNotFound, ForeignSite, NotAllowed
    """
    found = await store.get_with_files(session, case_id, is_locked=False)
    if found is None:
        raise CaseNotFound
    case, files = found
    require_visible(case, caller)
    if is_full:
        if not caller.has(*FULL_READERS) and caller.subject not in case.helpers:
            raise NotAllowed(needed=sorted(FULL_READERS))
        audit.note(
            session,
            actor=caller.subject,
            action="case.read_full",
            subject=str(case.id),
            payload={"number": case.number},
        )
        await session.flush()
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    reviews = (
        await store.reviews_of(session, case.id, case.review_round) if case.review_round else []
    )
    return shown(
        case,
        matter,
        files,
        vault=context.vault,
        caller=caller,
        is_full=is_full,
        reviews=reviews,
        waits_for_parts=case.id in await waiting_for_parts(session, [case]),
    )


async def list_cases(
    session: AsyncSession, caller: Caller, paging: Paging, **filters: Any
) -> list[RowMapping]:
    """Return the rows of one page and one more, where there is one."""
    return list(await listing.list_visible(session, caller, paging, **filters))


async def timeline(session: AsyncSession, case_id: UUID, *, caller: Caller) -> list[TimelineEntry]:
    """Return the case's steps, oldest first.

    Raises:
        CaseNotFound, ForeignSite
    """
    await visible(session, case_id, caller)
    return list(await store.timeline_of(session, case_id))
