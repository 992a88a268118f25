"""What may follow acceptance (容缺受理、告知承诺): a material by a date, the check of a promise."""

from collections.abc import Mapping
from typing import Any

from case_service.cases import application
from case_service.cases.rules import Outcome
from case_service.cases.step import Effect, Step
from case_service.cases.tables import Case
from case_service.errors import ActionIncomplete, MaterialsMissing
from case_service.notices.rules import NoticeKind
from tongban.clock import local_date
from tongban.problems import Where

__all__ = ["broken_commitments", "check_commitment", "owed_again", "owed_at_acceptance", "supply"]


async def owed_at_acceptance(step: Step) -> dict[str, Any]:
    """Return the changes that note what is still owed, and what was promised, on acceptance."""
    facts = application.facts_of(step.case.situation_answers, step.party["form"])
    content, evidence = step.matter.content, step.case.evidence
    later = application.owed_later(content, facts, evidence=evidence, uploaded=step.uploaded)
    promised = application.promised_instead(
        content, facts, evidence=evidence, uploaded=step.uploaded
    )
    supply_due_on = await step.due_in(content.supply_days) if later else None
    check_due_on = await step.due_in(content.commitment_check_days) if promised else None
    return {
        "tolerated": [
            {"key": one.key, "name": one.name, "due_on": str(supply_due_on)} for one in later
        ],
        "supply_due_on": supply_due_on,
        "commitments": [
            {
                "key": one.key,
                "name": one.name,
                "check_due_on": str(check_due_on),
                "checked_on": None,
                "kept": None,
            }
            for one in promised
        ],
    }


async def owed_again(step: Step) -> dict[str, Any]:
    """Return the changes that give what is still owed a new date, once the case is reopened.

    The old one would end the case as overdue again.
    """
    left = [one for one in step.case.tolerated if one["key"] not in step.uploaded]
    if not left:
        return {"tolerated": [], "supply_due_on": None}
    due_on = await step.due_in(step.matter.content.supply_days)
    step.tell(NoticeKind.SUPPLY_DUE, due_on=due_on)
    return {
        "tolerated": [{**one, "due_on": str(due_on)} for one in left],
        "supply_due_on": due_on,
    }


async def supply(step: Step) -> Effect:
    """容缺补交: what was owed is here; its files were uploaded before."""
    owed = step.case.tolerated
    supplied = [one for one in owed if one["key"] in step.uploaded]
    left = [one for one in owed if one["key"] not in step.uploaded]
    if not supplied:
        raise MaterialsMissing(
            names=[one["name"] for one in owed],
            errors=[
                Where.pointer(
                    f"/materials/{one['key']}",
                    {
                        "zh-CN": f"请先上传：{one['name']}",
                        "en": f"upload it first: {one['name']}",
                    },
                    "missing",
                )
                for one in owed
            ],
        )
    changes = {
        "tolerated": left,
        "supply_due_on": step.case.supply_due_on if left else None,
    }
    return Effect(changes, [], {"supplied": [one["name"] for one in supplied]})


async def check_commitment(step: Step) -> Effect:
    """核查承诺: kept, or broken; what was granted on a broken one is to be rescinded."""
    key = step.need("key", zh="请选择核查的承诺", en="tell which commitment")
    kept = step.need("kept", zh="请说明承诺是否属实", en="tell whether it was kept")
    checked = [dict(one) for one in step.case.commitments]
    found = next((one for one in checked if one["key"] == key and one["kept"] is None), None)
    if found is None:
        open_keys = "、".join(one["key"] for one in checked if one["kept"] is None)
        place = Where.pointer(
            "/key",
            {"zh-CN": f"待核查的承诺为：{open_keys}", "en": f"left to check: {open_keys}"},
            "choice",
        )
        raise ActionIncomplete(errors=[place])
    found |= {"checked_on": local_date(step.at).isoformat(), "kept": kept}
    facts = {"name": found["name"], "kept": kept}
    if not kept:
        facts["is_rescission_due"] = step.case.outcome is Outcome.GRANTED
    return Effect({"commitments": checked}, [], facts)


def broken_commitments(case: Case) -> list[Mapping[str, Any]]:
    """Return the promises that were found untrue."""
    return [one for one in case.commitments if one["kept"] is False]
