"""Use cases of the actions (办理操作): each checks what it needs, and says what it changes.

`act` does what they have in common: the lock, the rules, and one statement that stores the step.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import application, papers, party, rules, steps, store
from case_service.cases.exchange import packed, result_left
from case_service.cases.reading import case_facts, shown
from case_service.cases.rules import Action, Outcome
from case_service.cases.schemas import ActionIn, CaseRead
from case_service.cases.service import matter_values, party_values, require_visible, role_of
from case_service.cases.tables import Case
from case_service.documents import service as documents
from case_service.documents.tables import Document
from case_service.documents.wording import DocumentKind
from case_service.errors import (
    ActionIncomplete,
    ApplicationIncomplete,
    CaseNotFound,
    MaterialsMissing,
    MatterRetired,
    MatterUnknown,
)
from case_service.events import (
    CaseAccepted,
    CaseClosed,
    CaseCorrected,
    CaseCorrectionsRequested,
    CaseDecided,
    CaseDeclined,
    CaseDelivered,
    CaseEvent,
    CaseForwarded,
    CaseLicenceIssued,
    CaseReceived,
    CaseReviewed,
    CaseWithdrawn,
)
from case_service.licences import service as licences
from case_service.matters.rules import Matter
from case_service.matters.service import matters_of
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.problems import Where

__all__ = ["act"]


@dataclass
class Step:
    """What an action goes by."""

    session: AsyncSession
    context: Context
    case: Case
    files: Sequence[Mapping[str, Any]]
    matter: Matter
    body: ActionIn
    caller: Caller
    at: datetime
    document: Document | None = None
    """The one that this step drew up."""

    @cached_property
    def party(self) -> party.Party:
        return party.opened(self.context.vault, self.case.sealed_party, case_id=self.case.id)

    @property
    def told(self) -> dict[str, Any]:
        return steps.told_of(self.case, self.at)

    async def dates(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return every date of the case once `changes` are made."""
        return steps.clock_values(
            self.case,
            changes,
            await steps.calendar_of(self.session, self.context),
            owes_licence=self.matter.content.licence is not None,
        )

    async def draw_up(self, kind: DocumentKind, **facts: Any) -> dict[str, Any]:
        """Draw up a document; return the change that puts it on the case."""
        self.document = await papers.draw_up(
            self.session,
            self.context,
            self.case,
            kind,
            matter=self.matter,
            party=self.party,
            at=self.at,
            by=self.caller.subject,
            facts=facts,
        )
        return papers.with_document(self.case, self.document)

    def need(self, name: str, *, zh: str, en: str) -> Any:
        """Return what the body tells under `name`.

        Raises:
            ActionIncomplete: it does not.
        """
        value = getattr(self.body, name)
        if not value:
            place = Where.pointer(f"/{name}", {"zh-CN": zh, "en": en}, "missing")
            raise ActionIncomplete(errors=[place])
        return value


@dataclass
class Effect:
    """What an action changes and tells."""

    changes: dict[str, Any] = field(default_factory=dict)
    events: list[CaseEvent] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    """For the timeline, told to the applicant too."""


async def act(
    session: AsyncSession,
    context: Context,
    case_id: UUID,
    action: Action,
    body: ActionIn,
    *,
    caller: Caller,
    at: datetime,
    if_match: str | None,
) -> CaseRead:
    """Take one action on a case, as the rules allow it.

    Raises:
        CaseNotFound, ForeignSite, StaleVersion, ActionNotAllowed, NotAllowed, SamePerson,
        HelperMayNotDecide, ActionIncomplete, MaterialsMissing
    """
    found = await store.get_with_files(session, case_id, is_locked=True)
    if found is None:
        raise CaseNotFound
    case, files = found
    require_visible(case, caller)
    require_match(case.version, if_match)
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    transition = rules.advance(
        case_facts(case, matter), action, subject=caller.subject, roles=caller.roles
    )
    step = Step(session, context, case, files, matter, body, caller, at)
    effect = await EFFECTS[action](step)
    await steps.take(
        session,
        case,
        {"stage": transition.target, **effect.changes},
        action=action.value,
        actor=caller.subject,
        actor_role=role_of(caller),
        site_id=caller.site_id,
        at=at,
        comment=body.comment,
        facts=effect.facts,
        events=effect.events,
    )
    return shown(case, step.matter, files, vault=context.vault, caller=caller)


async def receive(step: Step) -> Effect:
    """收件: a receipt for what was handed in; at the owner every clock starts from it."""
    changes: dict[str, Any] = {"received_at": step.at, "received_by": step.caller.subject}
    changes |= await step.dates(changes)
    changes |= await step.draw_up(
        DocumentKind.RECEIPT,
        materials=_names_handed_in(step) or None,
        forward_due_on=changes["forward_due_on"],
    )
    return Effect(changes, [CaseReceived(**step.told, site_id=step.case.site_id)])


async def pre_check(_step: Step) -> Effect:
    """预审: a look beforehand; the comment is on the timeline."""
    return Effect()


async def request_correction(step: Step) -> Effect:
    """一次性告知补正: all that is missing, told once, in a sealed notice."""
    missing = step.need("missing", zh="请列出需要补正的全部内容", en="list all that is missing")
    changes: dict[str, Any] = {
        "missing": [one.model_dump() for one in missing],
        "corrections": step.case.corrections + 1,
        "notified_at": step.at,
    }
    changes |= await step.dates(changes)
    due_on = changes["correction_due_on"]
    changes |= await step.draw_up(
        DocumentKind.CORRECTION,
        missing=[one.what for one in missing],
        due_on=due_on,
        is_provisional=changes["is_provisional"],
    )
    return Effect(
        changes,
        [CaseCorrectionsRequested(**step.told, due_on=due_on)],
        {"missing": [one.what for one in missing], "due_on": due_on.isoformat()},
    )


async def correct(step: Step) -> Effect:
    """补正: the applicant supplied what was asked for; a corrected form is checked as a whole."""
    changes: dict[str, Any] = {"missing": [], "notified_at": None}
    if step.body.form is not None:
        faults = application.faults_in(
            step.matter.content,
            applicant_kind=step.case.applicant_kind,
            situation_answers=step.case.situation_answers,
            form=step.body.form,
            evidence={},
        )
        if faults:
            raise ApplicationIncomplete(errors=faults)
        whole: party.Party = {**step.party, "form": dict(step.body.form)}
        changes |= party_values(step.context, whole, step.case.id)
    changes |= await step.dates(changes)
    return Effect(changes, [CaseCorrected(**step.told)])


async def accept(step: Step) -> Effect:
    """受理: the matter's version in force is fixed, and the clocks start."""
    step.matter = await _matter_in_force(step)
    _require_materials(step)
    changes: dict[str, Any] = {
        **matter_values(step.matter),
        "accepted_at": step.at,
        "accepted_by": step.caller.subject,
    }
    changes |= await step.dates(changes)
    dates = {
        name: changes[name] for name in ("statutory_due_on", "promised_due_on", "is_provisional")
    }
    changes |= await step.draw_up(DocumentKind.ACCEPTANCE, **dates)
    told = {name: str(day) for name, day in dates.items() if name != "is_provisional"}
    return Effect(changes, [CaseAccepted(**step.told, **dates)], told)


async def decline(step: Step) -> Effect:
    """不予受理: told in a sealed document, with the reason and the remedies."""
    reason = step.need("reason", zh="请说明不予受理的理由", en="tell why it is not accepted")
    changes = {"outcome": Outcome.DECLINED, "reason": reason}
    changes |= await step.draw_up(
        DocumentKind.DECLINE, outcome=Outcome.DECLINED.value, reason=reason
    )
    event = CaseDeclined(**step.told, reason_code=step.body.reason_code or "other")
    return Effect(changes, [event], {"reason": reason})


async def forward(step: Step) -> Effect:
    """转出: the package goes to the district that owns the matter; only that one accepts."""
    _require_materials(step)
    effect = Effect()
    if step.case.received_at is None:
        effect = await receive(step)
    exchange_id = new_id()
    due_on = effect.changes.get("forward_due_on", step.case.forward_due_on)
    package = await packed(
        step.session,
        step.context,
        step.case,
        step.party,
        receipt=await _receipt(step),
        received_at=step.case.received_at or step.at,
    )
    effect.changes |= {
        "exchange_id": exchange_id,
        "forwarded_at": step.at,
        "forward_failed_reason": None,
    }
    effect.events.append(
        CaseForwarded(
            **{**step.told, "exchange_id": exchange_id},
            owner_district=step.case.owner_district,
            matter_code=step.case.matter_code,
            mode=step.case.mode or "proxy",
            forward_due_on=due_on,
            package=package,
        )
    )
    effect.facts |= {"owner_district": step.case.owner_district}
    return effect


async def review(step: Step) -> Effect:
    """审查."""
    return Effect({"reviewed_by": step.caller.subject}, [CaseReviewed(**step.told)])


async def decide(step: Step) -> Effect:
    """决定: granted, or denied with the reason and the ways of review and suit."""
    outcome = Outcome(
        step.need("outcome", zh="请选择 granted 或 denied", en="tell granted or denied")
    )
    reason = step.body.reason
    if outcome is Outcome.DENIED:
        reason = step.need("reason", zh="请说明不予的理由", en="tell why it is denied")
    changes: dict[str, Any] = {
        "outcome": outcome,
        "reason": reason,
        "decided_at": step.at,
        "decided_by": step.caller.subject,
        "outside_number": step.body.outside_number or step.case.outside_number,
    }
    changes |= await step.dates(changes)
    changes |= await step.draw_up(DocumentKind.DECISION, outcome=outcome.value, reason=reason)
    event = CaseDecided(**step.told, outcome=outcome.value)
    return Effect(changes, [event], {"outcome": outcome.value})


async def issue(step: Step) -> Effect:
    """出证: the licence that the matter results in."""
    result = step.matter.content.licence
    if result is None or result.licence_type is None:
        raise AssertionError("the rules let a licence be issued only where one is owed")
    applicant = step.party["applicant"]
    identity = ("name", "credit_code", "identity_number", "legal_representative")
    licence = await licences.issue(
        step.session,
        step.context,
        case_id=step.case.id,
        case_number=step.case.number,
        licence_type=result.licence_type,
        name=result.name,
        holder={key: applicant[key] for key in identity if applicant.get(key)},
        validity_months=result.validity_months,
        at=step.at,
        issued_by=step.caller.subject,
    )
    event = CaseLicenceIssued(**step.told, licence_id=licence.id, licence_type=result.licence_type)
    changes = {"licence_id": licence.id, "licence_number": licence.number}
    return Effect(changes, [event], {"licence_number": licence.number})


async def deliver(step: Step) -> Effect:
    """送达."""
    way = step.body.way or "window"
    return Effect({}, [CaseDelivered(**step.told, way=way)], {"way": way})


async def close(step: Step) -> Effect:
    """办结: an exchanged case's sealed result notice goes back to the near district."""
    case, outcome = step.case, step.case.outcome
    if outcome is None:
        raise AssertionError("the rules let a case be closed only once it is decided")
    outside_number = step.body.outside_number or case.outside_number
    changes: dict[str, Any] = {"outside_number": outside_number}
    claim = None
    if case.from_district is not None:
        outside = step.matter.content.outside_system
        changes |= await step.draw_up(
            DocumentKind.RESULT_NOTICE,
            outcome=outcome.value,
            reason=case.reason,
            licence_number=case.licence_number,
            outside_system=outside.name if outside else None,
            outside_number=outside_number,
        )
        notice = await _just_drawn(step)
        claim = await result_left(step.context, case, notice, outside_number=outside_number)
    event = CaseClosed(
        **step.told, outcome=outcome.value, outside_number=outside_number, result=claim
    )
    return Effect(changes, [event], {"outcome": outcome.value})


async def withdraw(step: Step) -> Effect:
    """撤回: at the applicant's wish, before a decision."""
    changes = {"outcome": Outcome.WITHDRAWN, "reason": step.body.reason}
    return Effect(changes, [CaseWithdrawn(**step.told)])


EFFECTS: Mapping[Action, Callable[[Step], Awaitable[Effect]]] = MappingProxyType(
    {
        Action.RECEIVE: receive,
        Action.PRE_CHECK: pre_check,
        Action.REQUEST_CORRECTION: request_correction,
        Action.CORRECT: correct,
        Action.ACCEPT: accept,
        Action.DECLINE: decline,
        Action.FORWARD: forward,
        Action.REVIEW: review,
        Action.DECIDE: decide,
        Action.ISSUE: issue,
        Action.DELIVER: deliver,
        Action.CLOSE: close,
        Action.WITHDRAW: withdraw,
    }
)


async def _matter_in_force(step: Step) -> Matter:
    known = matters_of(step.context)
    try:
        return await known.current(step.session, step.case.matter_code, today=local_date(step.at))
    except (MatterRetired, MatterUnknown):
        # Retired since: the case goes by the version that it was submitted under.
        return step.matter


async def _just_drawn(step: Step) -> dict[str, Any]:
    if step.document is None:
        raise AssertionError("this step drew up no document")
    return await documents.sealed(step.session, step.context, step.document)


async def _receipt(step: Step) -> dict[str, Any]:
    """Return the sealed receipt: of this step, or of the receipt before it."""
    if step.document is not None:
        return await _just_drawn(step)
    receipts = [one for one in step.case.documents if one["kind"] == DocumentKind.RECEIPT]
    return await documents.get(
        step.session,
        step.context,
        case_id=step.case.id,
        document_id=UUID(receipts[-1]["id"]),
        reader=step.caller.subject,
    )


def _names_handed_in(step: Step) -> list[str]:
    uploaded = {file["key"] for file in step.files}
    return [one.name for one in step.matter.content.materials if one.key in uploaded]


def _require_materials(step: Step) -> None:
    missing = application.missing_materials(
        step.matter.content,
        application.facts_of(step.case.situation_answers, step.party["form"]),
        evidence=step.case.evidence,
        uploaded=frozenset(file["key"] for file in step.files),
    )
    if missing:
        raise MaterialsMissing(
            names=[one.name for one in missing],
            errors=[
                Where.pointer(
                    f"/materials/{one.key}",
                    {"zh-CN": f"缺少材料：{one.name}", "en": f"missing: {one.name}"},
                    "missing",
                )
                for one in missing
            ],
        )
