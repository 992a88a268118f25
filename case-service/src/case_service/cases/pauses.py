"""What moves a case's limits (中止、恢复、延期): special procedures and the one extension."""

from datetime import datetime
from typing import Any

from case_service.cases.exchange import step_left
from case_service.cases.refusals import ExtensionTooLate, ExtensionTooLong, ProcedureNotAllowed
from case_service.cases.step import Effect, Step
from case_service.cases.tables import Case
from case_service.documents.wording import DocumentKind
from case_service.events import CaseExtended, CaseResumed, CaseSuspended
from case_service.notices.rules import NoticeKind
from tongban.clock import local_date

__all__ = ["ended_suspensions", "extend", "resume", "suspend"]


async def suspend(step: Step) -> Effect:
    """中止计时: for a special procedure of the matter, told in writing with its time (Art. 45)."""
    kind = step.need("procedure", zh="请选择特别程序", en="tell which special procedure")
    procedure = step.matter.content.special_procedure(kind)
    if procedure is None:
        allowed = step.matter.content.stopping_procedures
        raise ProcedureNotAllowed(allowed=[one.kind for one in allowed])
    planned_days = step.body.days or procedure.days
    documents = await step.draw_up(
        DocumentKind.SPECIAL_PROCEDURE,
        procedure=kind,
        planned_days=planned_days,
        reason=step.body.reason,
    )
    suspension = {
        "procedure": kind,
        "started_on": local_date(step.at).isoformat(),
        "planned_days": planned_days,
        "ended_on": None,
        "document": step.document.number if step.document else None,
    }
    changes: dict[str, Any] = {
        **documents,
        "suspensions": [*step.case.suspensions, suspension],
    }
    step.tell(NoticeKind.SUSPENDED, procedure=kind, planned_days=planned_days)
    event = CaseSuspended(
        **step.told,
        procedure=kind,
        planned_days=planned_days,
        content=await step_left(step, reason=step.body.reason),
    )
    return Effect(changes, [event], {"procedure": kind, "planned_days": planned_days})


async def resume(step: Step) -> Effect:
    """恢复计时: the procedure is over; what it took does not count."""
    changes: dict[str, Any] = {"suspensions": ended_suspensions(step.case, step.at)}
    changes |= await step.dates(changes)
    step.tell(NoticeKind.RESUMED, promised_due_on=changes["promised_due_on"])
    event = CaseResumed(
        **step.told,
        statutory_due_on=changes["statutory_due_on"],
        promised_due_on=changes["promised_due_on"],
    )
    return Effect(changes, [event], {"promised_due_on": str(changes["promised_due_on"])})


async def extend(step: Step) -> Effect:
    """延期: once, before the limit passes, with the approver and the reason told (Art. 42)."""
    days = step.need("days", zh="请填写延长的工作日数", en="tell by how many working days")
    reason = step.need("reason", zh="请说明延期理由", en="tell why it is extended")
    most = step.most_extension
    if days > most:
        raise ExtensionTooLong(most=most)
    due_on = step.case.statutory_due_on
    if due_on is not None and local_date(step.at) > due_on:
        raise ExtensionTooLate(due_on=due_on)
    changes: dict[str, Any] = {
        "extension": {
            "days": days,
            "approved_by": step.caller.subject,
            "reason": reason,
            "granted_on": local_date(step.at).isoformat(),
        }
    }
    changes |= await step.dates(changes)
    statutory_due_on = changes["statutory_due_on"]
    changes |= await step.draw_up(
        DocumentKind.EXTENSION,
        extension_days=days,
        reason=reason,
        statutory_due_on=statutory_due_on,
        is_provisional=changes["is_provisional"],
    )
    step.tell(NoticeKind.EXTENDED, days=days, reason=reason, statutory_due_on=statutory_due_on)
    event = CaseExtended(
        **step.told,
        days=days,
        statutory_due_on=statutory_due_on,
        promised_due_on=changes["promised_due_on"],
        content=await step_left(step, reason=reason),
    )
    return Effect(changes, [event], {"days": days, "reason": reason})


def ended_suspensions(case: Case, at: datetime) -> list[dict[str, Any]]:
    """Return the suspensions, the one that lasts ended today."""
    today = local_date(at).isoformat()
    return [{**one, "ended_on": one["ended_on"] or today} for one in case.suspensions]
