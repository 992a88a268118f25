"""The near district's case follows its owner (收件区办件随动): stage, clocks, notices.

Receipt and acceptance are apart: nothing here is decided. In the proxy and joint modes the near
window tells the applicant, once; in the online mode the owner does, and here it is only shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import steps
from case_service.cases.exchange import ResultBack, StepBack, note
from case_service.cases.rules import FINAL, Outcome, Stage
from case_service.cases.step import tells_applicant
from case_service.cases.tables import Case
from case_service.cases.words import OUTCOMES
from case_service.events import CaseClosed
from case_service.matters.service import matters_of
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from tongban.context import Context

__all__ = ["Progress", "mirror", "take_result"]

_BEFORE_ACCEPTANCE = frozenset({"prepared", "sent", "received", "correcting"})
_DATED = ("accepted", "resumed", "extended")
_TOLD: Mapping[str, NoticeKind] = MappingProxyType(
    {
        "corrections_requested": NoticeKind.CORRECTION,
        "accepted": NoticeKind.ACCEPTED,
        "suspended": NoticeKind.SUSPENDED,
        "resumed": NoticeKind.RESUMED,
        "extended": NoticeKind.EXTENDED,
        "decided": NoticeKind.DECIDED,
    }
)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What an owner told of its case."""

    stage: str
    district: str
    owner_number: str | None
    at: datetime
    facts: Mapping[str, Any]
    """Its dates, outcome, procedure and the like, where there are any."""
    content: StepBack = field(default_factory=StepBack)
    standing: Sequence[Mapping[str, Any]] = ()
    """Joint: how all of the owners stand."""


async def mirror(session: AsyncSession, context: Context, case: Case, progress: Progress) -> None:
    """Mirror what an owner told on the near case, and tell the applicant of it."""
    if case.stage in FINAL:
        await _note(session, case, progress, {})
        return
    owners = _owners(case, progress)
    is_main = progress.district == case.owner_district
    changes: dict[str, Any] = {"owners": owners}
    if is_main:
        changes["owner_stage"] = progress.stage
        changes["owner_number"] = progress.owner_number or case.owner_number
    changes |= _corrections(case, progress, owners)
    if progress.stage in _DATED:
        changes |= _slowest(owners)
    if "stage" in changes:
        matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
        changes |= await steps.reckoned(
            session, context, case, changes, matter=matter, at=progress.at
        )
    _tell(session, case, progress, owners, changes)
    await _note(session, case, progress, changes)


async def take_result(
    session: AsyncSession,
    case: Case,
    result: ResultBack,
    *,
    is_recognised: bool,
    at: datetime,
) -> None:
    """Close the near case with what its owner decided, or all of its owners did together."""
    kept: Mapping[str, Any] = next(
        (one for one in case.owners if one["district"] == case.owner_district), {}
    )
    changes: dict[str, Any] = {
        "stage": Stage.CLOSED,
        "outcome": result.outcome,
        "outside_number": result.outside_number,
        "owner_number": result.owner_number or case.owner_number,
        "owner_stage": Stage.CLOSED.value,
        "received_notice": result.notice or kept.get("notice"),
        "missing": [],
        "notified_at": None,
    }
    if tells_applicant(case):
        _tell_result(session, case, result, at)
    event = CaseClosed(
        **steps.told_of(case, at),
        outcome=result.outcome.value,
        outside_number=result.outside_number,
    )
    await steps.take(
        session,
        case,
        changes,
        action="result",
        actor=f"district:{case.owner_district}",
        at=at,
        events=[event],
        facts={"outcome": result.outcome.value, "is_recognised": is_recognised},
    )


def _owners(case: Case, progress: Progress) -> list[dict[str, Any]]:
    """Return how each owner stands once this is told; what one sealed is kept with it."""
    known = {one["district"]: one for one in case.owners}
    for told in progress.standing:
        known[told["district"]] = {**known.get(told["district"], {}), **told}
    before = known.get(progress.district, {"district": progress.district})
    own = {**before, "stage": progress.stage, "owner_number": progress.owner_number}
    if progress.stage != "concluded":
        dates = ("statutory_due_on", "promised_due_on")
        own |= {name: progress.facts[name] for name in dates if progress.facts.get(name)}
    if progress.facts.get("outcome"):
        own["outcome"] = progress.facts["outcome"]
    if progress.content.notice is not None:
        own["notice"] = progress.content.notice
    if progress.stage == "corrections_requested":
        own["missing"] = progress.content.missing
    elif progress.stage in ("corrected", "accepted", "concluded"):
        own.pop("missing", None)
    known[progress.district] = own
    return list(known.values())


def _corrections(
    case: Case, progress: Progress, owners: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what a request for corrections changes, or its end at the owner itself."""
    if progress.stage not in ("corrections_requested", "corrected", "accepted"):
        return {}
    missing = [
        {**one, "district": owner["district"]}
        for owner in owners
        for one in owner.get("missing", ())
    ]
    if missing:
        return {
            "stage": Stage.CORRECTING,
            "missing": missing,
            "corrections": case.corrections + (case.stage is not Stage.CORRECTING),
            "notified_at": case.notified_at or progress.at,
        }
    if case.stage is Stage.CORRECTING:
        return {"stage": Stage.FORWARDED, "missing": [], "notified_at": None}
    return {}


def _slowest(owners: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the dates by which the whole is due: those of the owner that is due last."""
    found = {}
    for name in ("statutory_due_on", "promised_due_on"):
        told = [date.fromisoformat(owner[name]) for owner in owners if owner.get(name)]
        if told:
            found[name] = max(told)
    return found


def _tell(
    session: AsyncSession,
    case: Case,
    progress: Progress,
    owners: Sequence[Mapping[str, Any]],
    changes: Mapping[str, Any],
) -> None:
    """Have the applicant told once: of a joint case's acceptance when the last has accepted."""
    kind = _TOLD.get(progress.stage)
    if kind is None or not tells_applicant(case):
        return
    is_joint = bool(progress.standing)
    if is_joint and kind is NoticeKind.DECIDED:
        return  # it is decided when all have: the result tells it
    if is_joint and kind is NoticeKind.ACCEPTED:
        waiting = [one for one in owners if one.get("state") in _BEFORE_ACCEPTANCE]
        if waiting:
            return
    facts: dict[str, Any] = {
        "due_on": progress.facts.get("due_on"),
        "procedure": progress.facts.get("procedure"),
        "planned_days": progress.facts.get("planned_days"),
        "days": progress.facts.get("days"),
        "reason": progress.content.reason,
        "statutory_due_on": changes.get("statutory_due_on"),
        "promised_due_on": changes.get("promised_due_on"),
    }
    if kind is NoticeKind.DECIDED:
        facts |= _outcome_said(Outcome(progress.facts["outcome"]))
    notices.tell(session, case, kind, progress.at, **facts)


def _tell_result(session: AsyncSession, case: Case, result: ResultBack, at: datetime) -> None:
    if result.outcome is Outcome.DECLINED:
        notices.tell(session, case, NoticeKind.DECLINED, at, reason=result.reason)
    elif result.outcome in (Outcome.GRANTED, Outcome.DENIED) and not _was_told(case):
        said = _outcome_said(result.outcome)
        notices.tell(session, case, NoticeKind.DECIDED, at, reason=result.reason, **said)


def _was_told(case: Case) -> bool:
    """Tell whether the one owner's decision was told when it was made."""
    is_joint = len(case.owners) > 1
    told = {one.get("stage") for one in case.owners} | {case.owner_stage}
    return not is_joint and not told.isdisjoint({"decided", "licence_issued", "delivered"})


def _outcome_said(outcome: Outcome) -> dict[str, str]:
    said = OUTCOMES[outcome]
    return {"outcome_zh": said["zh-CN"], "outcome_en": said["en"]}


async def _note(
    session: AsyncSession, case: Case, progress: Progress, changes: Mapping[str, Any]
) -> None:
    facts = {
        "owner_stage": progress.stage,
        "owner_number": progress.owner_number,
        **{name: str(value) for name, value in progress.facts.items() if value is not None},
    }
    if progress.standing:
        facts["district"] = progress.district
    await note(
        session,
        case,
        action="progressed",
        by=progress.district,
        facts=facts,
        at=progress.at,
        changes=changes,
    )
