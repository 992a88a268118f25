"""A case between two districts (跨区通办): packed for the owner, taken in there, and the way back.

Bytes and personal data cross by claim check only; what is heard is in `consumers`.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import party, steps, store, writing
from case_service.cases.packing import PackedMaterial, keep_files, last_of, packed_material
from case_service.cases.rules import Channel, Outcome, Stage
from case_service.cases.service import draw_number, matter_values, party_values
from case_service.cases.step import Step
from case_service.cases.succession import succession_at_owner
from case_service.cases.tables import Case
from case_service.events import CaseReceived, CaseSubmitted
from case_service.materials import service as materials
from case_service.matters.rules import Matter
from case_service.matters.service import matters_of
from tongban.clock import local_date
from tongban.context import Context
from tongban.ids import new_id
from tongban.objects import ClaimCheck

__all__ = [
    "CorrectionsBack",
    "Package",
    "ResultBack",
    "StepBack",
    "acknowledge",
    "fail",
    "note",
    "packed",
    "packed_corrections",
    "read_package",
    "result_left",
    "step_left",
    "take_corrections",
    "take_in",
]


class CorrectionsBack(BaseModel):
    """What the applicant supplied at the near district; read tolerantly."""

    model_config = ConfigDict(extra="ignore")

    form: dict[str, Any] | None = None
    materials: list[PackedMaterial] = Field(default_factory=list)


class Package(BaseModel):
    """What the near district hands over; read tolerantly."""

    model_config = ConfigDict(extra="ignore")

    near_number: str
    matter_code: str
    from_district: str
    applicant: dict[str, Any]
    agent: dict[str, Any] | None = None
    form: dict[str, Any] = Field(default_factory=dict)
    situation_answers: dict[str, Any] = Field(default_factory=dict)
    materials: list[PackedMaterial] = Field(default_factory=list)
    received_at: datetime | None = None


class StepBack(BaseModel):
    """What a step of the owner's is about; read tolerantly."""

    model_config = ConfigDict(extra="ignore")

    missing: list[dict[str, Any]] = Field(default_factory=list)
    reason: str | None = None
    notice: dict[str, Any] | None = None


class ResultBack(BaseModel):
    """What the owner hands back; read tolerantly."""

    model_config = ConfigDict(extra="ignore")

    owner_number: str | None = None
    outcome: Literal[Outcome.GRANTED, Outcome.DENIED, Outcome.DECLINED, Outcome.WITHDRAWN]
    outside_number: str | None = None
    notice: dict[str, Any] | None = None
    reason: str | None = None


async def packed(
    session: AsyncSession,
    context: Context,
    case: Case,
    whole: party.Party,
    *,
    receipt: Mapping[str, Any],
    received_at: datetime,
) -> tuple[ClaimCheck, UUID | None]:
    """Leave all that the owner needs for interop, which alone sends it; tell the last file."""
    files = await materials.to_pack(session, context, case.id)
    package = {
        "near_number": case.number,
        "matter_code": case.matter_code,
        "channel": case.channel.value,
        **whole,
        "situation_answers": case.situation_answers,
        "materials": [await packed_material(context, *one) for one in files],
        "receipt": receipt,
        "received_at": received_at.isoformat(),
        "site_id": case.site_id,
    }
    return await context.leave("interop", _encoded(package)), last_of(files)


async def packed_corrections(
    session: AsyncSession, context: Context, case: Case, *, form: Mapping[str, Any] | None
) -> tuple[ClaimCheck, UUID | None]:
    """Leave what the applicant supplied since the package went, and the form where it changed."""
    files = await materials.to_pack(session, context, case.id, behind=case.sent_material_id)
    supplied = {"form": form, "materials": [await packed_material(context, *one) for one in files]}
    last = last_of(files) or case.sent_material_id
    return await context.leave("interop", _encoded(supplied)), last


async def step_left(step: Step, **told: Any) -> ClaimCheck | None:
    """Leave what a step is about for the near district; nothing where the case is our own.

    The sealed document is the one that the step drew up.
    """
    if step.case.from_district is None:
        return None
    content = {"notice": await step.just_drawn(), **told}
    return await step.context.leave("interop", _encoded(content))


async def result_left(
    context: Context,
    case: Case,
    notice: Mapping[str, Any],
    *,
    outcome: Outcome,
    outside_number: str | None,
    reason: str | None = None,
) -> ClaimCheck:
    """Leave the result and its sealed notice for interop, for the way back."""
    result = {
        "owner_number": case.number,
        "outcome": outcome,
        "outside_number": outside_number,
        "reason": reason,
        "notice": notice,
    }
    return await context.leave("interop", _encoded(result))


async def read_package(context: Context, claim: ClaimCheck, *, from_district: str) -> Package:
    """Collect a package that interop left for us."""
    raw = json.loads(await context.collect(claim))
    return Package.model_validate({"from_district": from_district, **raw})


async def take_in(
    session: AsyncSession,
    context: Context,
    package: Package,
    matter: Matter,
    *,
    exchange_id: UUID,
    mode: str,
    at: datetime,
    is_delegated: bool = False,
) -> Case | None:
    """Make the owner's case of a package; None where the exchange has one already.

    Its stage is RECEIVED: our receipt is what every clock here starts from, unless the agreement
    delegates acceptance; then it is the near district's.
    """
    if await store.by_exchange(session, exchange_id) is not None:
        return None
    case_id, actor = new_id(), f"district:{package.from_district}"
    received_at = min(package.received_at or at, at) if is_delegated else at
    number = await draw_number(session, context, at=at)
    whole: party.Party = {
        "applicant": package.applicant,
        "agent": package.agent,
        "form": package.form,
    }
    values: dict[str, Any] = {
        **matter_values(matter),
        **party_values(context, whole, case_id),
        **await succession_at_owner(
            session, context, package.applicant, matter, today=local_date(at)
        ),
        "id": case_id,
        "number": number,
        "stage": Stage.RECEIVED,
        "district": context.settings.district,
        "from_district": package.from_district,
        "near_number": package.near_number,
        "exchange_id": exchange_id,
        "mode": mode,
        "channel": Channel.PROXY,
        "situation_answers": package.situation_answers,
        "evidence": {file.key: "file" for file in package.materials},
        "submitted_by": actor,
        "submitted_at": received_at,
        "received_by": actor,
        "received_at": received_at,
    }
    case = Case(**values)
    values |= await steps.reckoned(session, context, case, {}, matter=matter, at=at)
    told = steps.told_of(case, at)
    submitted = CaseSubmitted(
        **told,
        matter_code=matter.code,
        matter_version=matter.version,
        owner_district=matter.owner_district,
        handling=matter.content.handling,
        channel="proxy",
    )
    await keep_files(session, context, package.materials, case_id=case_id, by=actor, at=at)
    await writing.submit(
        session,
        values,
        entry={
            "case_id": case_id,
            "at": at,
            "action": "receive",
            "stage": Stage.RECEIVED,
            "actor": actor,
            "facts": {"from_district": package.from_district, "near_number": package.near_number},
        },
        events=[submitted, CaseReceived(**told)],
        ledger={
            "at": at,
            "actor": actor,
            "action": "case.take_in",
            "subject": str(case_id),
            "payload": {"number": number, "exchange_id": str(exchange_id)},
        },
    )
    return case


async def take_corrections(
    session: AsyncSession, context: Context, case: Case, supplied: CorrectionsBack, *, at: datetime
) -> dict[str, Any]:
    """Keep, at the owner, the files that came with corrections; return the form's new columns."""
    by = f"district:{case.from_district}"
    await keep_files(session, context, supplied.materials, case_id=case.id, by=by, at=at)
    # An evidence that was to follow, or was promised, is a file now.
    evidence = {**case.evidence, **{file.key: "file" for file in supplied.materials}}
    changes: dict[str, Any] = {"evidence": evidence} if evidence != case.evidence else {}
    if supplied.form is not None:
        whole = party.opened(context.vault, case.sealed_party, case_id=case.id)
        changes |= party_values(context, {**whole, "form": supplied.form}, case.id)
    return changes


async def note(
    session: AsyncSession,
    case: Case,
    *,
    action: str,
    by: str,
    facts: Mapping[str, Any],
    at: datetime,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Put on the timeline what another district did about the case."""
    actor = f"district:{by}"
    await steps.take(session, case, changes or {}, action=action, actor=actor, at=at, facts=facts)


async def acknowledge(
    session: AsyncSession,
    context: Context,
    case: Case,
    *,
    facts: Mapping[str, Any],
    at: datetime,
) -> None:
    """Note that the owner has the package: the time for forwarding ends here, in time or not."""
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    changes: dict[str, Any] = {"with_owner_since": at}
    changes |= await steps.reckoned(session, context, case, changes, matter=matter, at=at)
    await note(
        session,
        case,
        action="acknowledged",
        by=case.owner_district,
        facts=facts,
        at=at,
        changes=changes,
    )


async def fail(session: AsyncSession, case: Case, *, reason: str, at: datetime) -> None:
    """Mark the near case so that it can be forwarded again."""
    await steps.take(
        session,
        case,
        {"forward_failed_reason": reason, "next_due_at": at},
        action="forward_failed",
        actor="service:interop",
        at=at,
        facts={"reason": reason},
    )


def _encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
