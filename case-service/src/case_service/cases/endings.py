"""How a case ends without a decision (撤回、终止), and what may follow an end."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from case_service.archive import service as archive
from case_service.cases.owed import owed_again
from case_service.cases.pauses import ended_suspensions
from case_service.cases.refusals import LicenceStands, NotOverdueYet
from case_service.cases.rules import FINAL, Ground, Outcome, Stage
from case_service.cases.step import Effect, Step
from case_service.cases.tables import Case
from case_service.documents.wording import DocumentKind
from case_service.events import (
    CaseEvent,
    CaseReopened,
    CaseTerminated,
    CaseWithdrawalRequested,
    CaseWithdrawn,
)
from case_service.licences import service as licences
from case_service.notices.rules import NoticeKind
from case_service.payments.charging import charge_again, give_back
from tongban.clock import local_date
from tongban.problems import Text

__all__ = ["note_review", "reopen", "terminate", "withdraw"]

_BY_ITSELF: Mapping[Ground, Text] = MappingProxyType(
    {
        Ground.CORRECTION_OVERDUE: {
            "zh-CN": "逾期未按补正告知书补正",
            "en": "what the correction notice asked for was not supplied in time",
        },
        Ground.SUPPLY_OVERDUE: {
            "zh-CN": "容缺受理的材料逾期未补交",
            "en": "the material owed on acceptance was not supplied in time",
        },
    }
)
"""The reasons that the dates of the case give; every other one is told."""


async def withdraw(step: Step) -> Effect:
    """撤回: at the applicant's wish, before a decision.

    A case that another district has is asked back; its answer is the result that comes.
    """
    if step.target not in FINAL:
        asked = {"withdrawal_requested_at": step.at, "reason": step.body.reason}
        return Effect(asked, [CaseWithdrawalRequested(**step.told)], {"asked": True})
    changes = {
        "outcome": Outcome.WITHDRAWN,
        "reason": step.body.reason,
        "suspensions": ended_suspensions(step.case, step.at),
        **await give_back(step),
    }
    return Effect(changes, [CaseWithdrawn(**step.told)])


async def terminate(step: Step) -> Effect:
    """终止: out of time, without an applicant, or by a rule that the reason cites."""
    ground = Ground(step.need("ground", zh="请选择终止事由", en="tell the ground"))
    if ground in _BY_ITSELF:
        _require_overdue(step, ground)
        reason = _BY_ITSELF[ground]
    else:
        told = step.need("reason", zh="请说明理由及依据", en="tell the reason and the rule")
        reason = {"zh-CN": told, "en": told}
    changes: dict[str, Any] = {
        "outcome": Outcome.TERMINATED,
        "reason": reason["zh-CN"],
        "suspensions": ended_suspensions(step.case, step.at),
        **await give_back(step),
    }
    changes |= await step.draw_up(
        DocumentKind.TERMINATION, outcome=Outcome.TERMINATED.value, reason=reason
    )
    step.tell(NoticeKind.TERMINATED, reason=reason["zh-CN"])
    events: list[CaseEvent] = [CaseTerminated(**step.told, ground=ground.value)]
    if step.case.exchange_id is not None:
        # To the near district an application that was given up is one withdrawn.
        events.append(CaseWithdrawn(**step.told))
    return Effect(changes, events, {"ground": ground.value, "reason": reason["zh-CN"]})


async def reopen(step: Step) -> Effect:
    """重新办理: supervision orders it done again; the clocks start anew."""
    reason = step.need("reason", zh="请说明重新办理的理由", en="tell why it is reopened")
    order = step.need("order_number", zh="请填写督办文号", en="tell the order's number")
    case, is_accepted = step.case, step.target is Stage.ACCEPTED
    await archive.require_not_destroyed(step.session, case.id)
    if case.licence_id is not None:
        await _require_no_licence(step, case.licence_id)
    changes: dict[str, Any] = {
        **dict.fromkeys(_UNDONE),
        **charge_again(step),
        **await owed_again(step),
        # The applicant may have applied anew meanwhile.
        "may_repeat": True,
        "reopened_at": step.at,
        **(
            {"accepted_at": step.at}
            if is_accepted
            else {
                "received_at": step.at,
                "received_by": case.received_by or step.caller.subject,
                "corrections": 0,
                "corrected_at": None,
                "notified_at": None,
                "missing": [],
            }
        ),
    }
    facts = {
        "reason": reason,
        "order_number": order,
        "outcome_before": case.outcome.value if case.outcome else None,
        "licence_before": case.licence_number,
    }
    event = CaseReopened(**step.told, stage=step.target.value, order_number=order)
    return Effect(changes, [event], {name: told for name, told in facts.items() if told})


_UNDONE = (
    "closed_at",
    "outcome",
    "reason",
    "decided_at",
    "decided_by",
    "reviewed_by",
    "licence_id",
    "licence_number",
    "extension",
    "instant_decision",
    "archive_file_id",
)
"""What no longer stands once a case is reopened; the timeline and the ledger keep it."""


async def note_review(step: Step) -> Effect:
    """登记复议诉讼: somebody goes against what was done; noted again when its state changes."""
    challenge = step.need("challenge", zh="请填写复议或诉讼", en="tell the review or suit")
    noted = {**challenge.model_dump(mode="json"), "noted_on": local_date(step.at).isoformat()}
    others = [
        one
        for one in step.case.challenges
        if (one["kind"], one["number"]) != (noted["kind"], noted["number"])
    ]
    return Effect({"challenges": [*others, noted]}, [], noted)


def _require_overdue(step: Step, ground: Ground) -> None:
    due_on = _due_on(step.case, ground)
    if due_on is None or local_date(step.at) <= due_on:
        raise NotOverdueYet(due_on=due_on or "—")


def _due_on(case: Case, ground: Ground) -> date | None:
    if ground is Ground.CORRECTION_OVERDUE:
        return case.correction_due_on if case.stage is Stage.CORRECTING else None
    return case.supply_due_on if case.tolerated else None


async def _require_no_licence(step: Step, licence_id: Any) -> None:
    if await licences.is_valid(step.session, licence_id, on=local_date(step.at)):
        raise LicenceStands(licence_number=step.case.licence_number)
