"""The actions of the back (后台): review, decide, issue, deliver, close; and withdrawal.

Each checks what it needs, and says what it changes and tells.
"""

from typing import Any

from case_service.cases.exchange import result_left
from case_service.cases.rules import Outcome
from case_service.cases.step import Effect, Step
from case_service.documents.wording import DocumentKind
from case_service.events import (
    CaseClosed,
    CaseDecided,
    CaseDelivered,
    CaseLicenceIssued,
    CaseReviewed,
    CaseWithdrawn,
)
from case_service.licences import service as licences

__all__ = ["close", "decide", "deliver", "issue", "review", "withdraw"]


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
        notice = await step.just_drawn()
        claim = await result_left(step.context, case, notice, outside_number=outside_number)
    event = CaseClosed(
        **step.told, outcome=outcome.value, outside_number=outside_number, result=claim
    )
    return Effect(changes, [event], {"outcome": outcome.value})


async def withdraw(step: Step) -> Effect:
    """撤回: at the applicant's wish, before a decision."""
    changes = {"outcome": Outcome.WITHDRAWN, "reason": step.body.reason}
    return Effect(changes, [CaseWithdrawn(**step.told)])
