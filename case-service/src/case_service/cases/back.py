"""The actions of the back (后台): decide, issue, deliver, close; report outside, hand up.

Each checks what it needs, and says what it changes and tells.
"""

from typing import Any
from uuid import UUID

from case_service.cases import succession
from case_service.cases.exchange import result_left
from case_service.cases.owed import broken_commitments
from case_service.cases.refusals import CommitmentBroken
from case_service.cases.rules import Outcome, Stage
from case_service.cases.step import Effect, Step
from case_service.cases.words import OUTCOMES
from case_service.deliveries import handing
from case_service.documents.wording import DocumentKind
from case_service.events import (
    CaseClosed,
    CaseDecided,
    CaseDelivered,
    CaseEvent,
    CaseLicenceChanged,
    CaseLicenceIssued,
)
from case_service.licences import service as licences
from case_service.licences.following import follow_issue
from case_service.notices.rules import NoticeKind
from case_service.payments.charging import give_back, require_paid

__all__ = ["close", "decide", "deliver", "escalate", "issue", "report_outside"]


async def decide(step: Step) -> Effect:
    """决定: granted, or denied with the reason and the ways of review and suit."""
    outcome = Outcome(
        step.need("outcome", zh="请选择 granted 或 denied", en="tell granted or denied")
    )
    reason = step.body.reason
    if outcome is Outcome.DENIED:
        reason = step.need("reason", zh="请说明不予的理由", en="tell why it is denied")
    broken = broken_commitments(step.case)
    # Nobody pays for a refusal: the grant alone waits for the fee.
    if outcome is Outcome.GRANTED:
        require_paid(step)
    if outcome is Outcome.GRANTED and broken:
        raise CommitmentBroken(names=[one["name"] for one in broken])
    changes: dict[str, Any] = {
        "outcome": outcome,
        "reason": reason,
        "decided_at": step.at,
        "decided_by": step.caller.subject,
        "outside_number": step.body.outside_number or step.case.outside_number,
        "instant_decision": step.machine.get("rule"),
    }
    changes |= await step.dates(changes)
    if outcome is Outcome.DENIED:
        changes |= await give_back(step)
    changes |= await step.draw_up(DocumentKind.DECISION, outcome=outcome.value, reason=reason)
    said = OUTCOMES[outcome]
    step.tell(NoticeKind.DECIDED, outcome_zh=said["zh-CN"], outcome_en=said["en"], reason=reason)
    event = CaseDecided(**step.told, outcome=outcome.value)
    facts: dict[str, Any] = {"outcome": outcome.value}
    if changes["instant_decision"]:
        facts["rule"] = changes["instant_decision"]
    return Effect(changes, [event], facts)


async def issue(step: Step) -> Effect:
    """出证: the licence that the matter results in."""
    result = step.matter.content.licence
    if result is None or result.licence_type is None:
        raise AssertionError("the rules let a licence be issued only where one is owed")
    applicant = step.party["applicant"]
    identity = ("name", "credit_code", "identity_number", "legal_representative")
    holder = {key: applicant[key] for key in identity if applicant.get(key)}
    licence, predecessor = await licences.issue(
        step.session,
        step.context,
        case_id=step.case.id,
        case_number=step.case.number,
        licence_type=result.licence_type,
        name=result.name,
        holder=holder,
        validity_months=result.validity_months,
        at=step.at,
        issued_by=step.caller.subject,
        operation=step.case.licence_operation,
        predecessor_id=step.case.predecessor_id,
        before=succession.term_before(step.party),
    )
    await follow_issue(
        step.session,
        step.context,
        step.case,
        licence,
        holder=holder,
        is_licence=step.matter.content.is_licence,
        at=step.at,
    )
    step.tell(NoticeKind.READY, licence_number=licence.number)
    events: list[CaseEvent] = [
        CaseLicenceIssued(**step.told, licence_id=licence.id, licence_type=result.licence_type)
    ]
    if predecessor is not None:
        events.append(
            CaseLicenceChanged(
                **step.told,
                licence_id=predecessor.id,
                licence_type=predecessor.licence_type,
                change="superseded",
                effective_from=licence.valid_from,
                successor_id=licence.id,
            )
        )
    changes = {"licence_id": licence.id, "licence_number": licence.number}
    return Effect(changes, events, {"licence_number": licence.number})


async def deliver(step: Step) -> Effect:
    """送达: what was on its way, or is handed over right now; its proof of service is drawn up.

    At the near district it is the owner's result that its window hands to the applicant.
    """
    recipient = step.body.recipient or step.party["applicant"]["name"]
    delivery = await handing.complete(
        step.session,
        step.context,
        step.case,
        way=step.body.way,
        recipient=recipient,
        at=step.at,
        by=step.caller.subject,
    )
    changes = await step.draw_up(
        DocumentKind.PROOF_OF_SERVICE,
        **handing.proof_facts(delivery, recipient=recipient, at=step.at),
    )
    delivery.proof_id = UUID(changes["documents"][-1]["id"])
    step.session.add(delivery)
    way = delivery.way.value
    if step.target is Stage.CLOSED:
        changes["handed_over_at"] = step.at
    return Effect(changes, [CaseDelivered(**step.told, way=way)], {"way": way})


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
        notice = await step.just_drawn()
        claim = await result_left(
            step.context, case, notice, outcome=outcome, outside_number=outside_number
        )
    event = CaseClosed(
        **step.told, outcome=outcome.value, outside_number=outside_number, result=claim
    )
    return Effect(changes, [event], {"outcome": outcome.value})


async def report_outside(step: Step) -> Effect:
    """登记外部系统进展: number, state and result, as the system outside has them."""
    names = ("outside_number", "outside_state", "outside_result")
    told = {name: value for name in names if (value := getattr(step.body, name))}
    if not told:
        step.need("outside_state", zh="请填写编号、状态或结果", en="tell number, state or result")
    return Effect(dict(told), [], told)


async def escalate(step: Step) -> Effect:
    """上报: whoever is in charge hands the case up, and says why."""
    reason = step.need("reason", zh="请说明上报的理由", en="tell why it is handed up")
    return Effect({"assigned_to": None, "assigned_at": None}, [], {"reason": reason})
