"""The actions of the front (前台): receive, ask for corrections, accept or decline, forward.

Each checks what it needs, and says what it changes and tells.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from case_service.cases import application, party
from case_service.cases.exchange import packed, packed_corrections, result_left, step_left
from case_service.cases.owed import owed_at_acceptance
from case_service.cases.rules import Outcome, Stage
from case_service.cases.service import matter_values, party_values
from case_service.cases.step import Effect, Step
from case_service.documents import service as documents
from case_service.documents.wording import DocumentKind
from case_service.errors import (
    ApplicationIncomplete,
    MaterialsMissing,
    MatterRetired,
    MatterUnknown,
)
from case_service.events import (
    CaseAccepted,
    CaseCorrected,
    CaseCorrectionsRequested,
    CaseDeclined,
    CaseForwarded,
    CaseReceived,
)
from case_service.matters.rules import Matter
from case_service.matters.service import matters_of
from case_service.notices.rules import NoticeKind
from case_service.payments.charging import charge
from tongban.clock import local_date
from tongban.ids import new_id
from tongban.problems import Where

__all__ = ["accept", "correct", "decline", "forward", "pre_check", "receive", "request_correction"]


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
    step.tell(NoticeKind.CORRECTION, due_on=due_on)
    content = await step_left(step, missing=[one.model_dump() for one in missing])
    return Effect(
        changes,
        [CaseCorrectionsRequested(**step.told, due_on=due_on, content=content)],
        {"missing": [one.what for one in missing], "due_on": due_on.isoformat()},
    )


async def correct(step: Step) -> Effect:
    """补正: the applicant supplied what was asked for; a corrected form is checked as a whole."""
    changes: dict[str, Any] = {
        "missing": [],
        "notified_at": None,
        "corrected_at": step.at,
    }
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
    package = None
    if step.target is Stage.FORWARDED:
        form = None if step.body.form is None else dict(step.body.form)
        package, changes["sent_material_id"] = await packed_corrections(
            step.session, step.context, step.case, form=form
        )
    return Effect(changes, [CaseCorrected(**step.told, package=package)])


async def accept(step: Step) -> Effect:
    """受理: the matter's version in force is fixed, and the clocks start.

    Silence past the fifth working day is acceptance from the day of receipt, whatever is missing
    (行政许可法 Art. 32); what is to follow, and what was promised, is noted with its date.
    """
    step.matter = await _matter_in_force(step)
    is_deemed = bool(step.machine.get("deemed"))
    is_delegated = bool(step.machine.get("delegated"))
    if not is_deemed and not is_delegated:
        _require_materials(step)
    changes: dict[str, Any] = {
        **matter_values(step.matter),
        **await owed_at_acceptance(step),
        # 委托受理: as by silence, from the day of receipt, here the near district's.
        "accepted_at": _told_last(step) if is_deemed or is_delegated else step.at,
        "accepted_by": step.caller.subject,
        "deemed_accepted": is_deemed,
    }
    changes |= await step.dates(changes)
    dates = {
        name: changes[name] for name in ("statutory_due_on", "promised_due_on", "is_provisional")
    }
    changes |= await step.draw_up(DocumentKind.ACCEPTANCE, **dates)
    changes |= charge(step)
    told = {name: str(day) for name, day in dates.items() if name != "is_provisional"}
    step.tell(NoticeKind.DEEMED_ACCEPTED if is_deemed else NoticeKind.ACCEPTED, **told)
    facts: dict[str, Any] = dict(told)
    if changes["tolerated"]:
        step.tell(NoticeKind.SUPPLY_DUE, due_on=changes["supply_due_on"])
        facts["tolerated"] = [one["name"] for one in changes["tolerated"]]
    if is_deemed:
        facts["deemed_accepted"] = True
    return Effect(changes, [CaseAccepted(**step.told, **dates)], facts)


async def decline(step: Step) -> Effect:
    """不予受理: told in a sealed document, with the reason and the remedies."""
    reason = step.need("reason", zh="请说明不予受理的理由", en="tell why it is not accepted")
    changes = {"outcome": Outcome.DECLINED, "reason": reason}
    changes |= await step.draw_up(
        DocumentKind.DECLINE, outcome=Outcome.DECLINED.value, reason=reason
    )
    step.tell(NoticeKind.DECLINED, reason=reason)
    result = None
    if step.case.from_district is not None:
        notice = await step.just_drawn()
        outcome = Outcome.DECLINED
        result = await result_left(
            step.context, step.case, notice, outcome=outcome, outside_number=None, reason=reason
        )
    event = CaseDeclined(**step.told, reason_code=step.body.reason_code or "other", result=result)
    return Effect(changes, [event], {"reason": reason})


async def forward(step: Step) -> Effect:
    """转出: the package goes to the district that owns the matter; only that one accepts."""
    _require_materials(step)
    effect = Effect()
    if step.case.received_at is None:
        effect = await receive(step)
    exchange_id = new_id()
    due_on = effect.changes.get("forward_due_on", step.case.forward_due_on)
    package, sent_material_id = await packed(
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
        "with_owner_since": None,
        "sent_material_id": sent_material_id,
        "owners": [],
        "owner_stage": None,
    }
    effect.changes |= await step.dates(effect.changes)
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


def _told_last(step: Step) -> datetime:
    """Return when what there is came in: the receipt, or the corrections after it."""
    return step.case.corrected_at or step.case.received_at or step.at


async def _matter_in_force(step: Step) -> Matter:
    known = matters_of(step.context)
    try:
        return await known.current(step.session, step.case.matter_code, today=local_date(step.at))
    except (MatterRetired, MatterUnknown):
        # Retired since: the case goes by the version that it was submitted under.
        return step.matter


async def _receipt(step: Step) -> dict[str, Any]:
    """Return the sealed receipt: of this step, or of the receipt before it."""
    if step.document is not None:
        return await step.just_drawn()
    receipts = [one for one in step.case.documents if one["kind"] == DocumentKind.RECEIPT]
    return await documents.get(
        step.session,
        step.context,
        case_id=step.case.id,
        document_id=UUID(receipts[-1]["id"]),
        reader=step.caller.subject,
    )


def _names_handed_in(step: Step) -> list[str]:
    return [one.name for one in step.matter.content.materials if one.key in step.uploaded]


def _require_materials(step: Step) -> None:
    missing = application.missing_materials(
        step.matter.content,
        application.facts_of(step.case.situation_answers, step.party["form"]),
        evidence=step.case.evidence,
        uploaded=step.uploaded,
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
