"""A case between two districts (跨区通办): packed for the owner, taken in there, and the way back.

Bytes and personal data cross by claim check only; what is heard is in `consumers`.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import party, steps, store, writing
from case_service.cases.rules import Channel, Outcome, Stage
from case_service.cases.service import draw_number, matter_values, party_values
from case_service.cases.tables import Case
from case_service.events import CaseClosed, CaseReceived, CaseSubmitted
from case_service.materials import service as materials
from case_service.matters.rules import Matter
from tongban.context import Context
from tongban.ids import new_id
from tongban.objects import ClaimCheck

__all__ = [
    "Package",
    "ResultBack",
    "acknowledge",
    "fail",
    "mirror",
    "packed",
    "read_package",
    "result_left",
    "take_in",
    "take_result",
]


class PackedMaterial(BaseModel):
    """One file in a package."""

    key: str
    name: str
    media_type: str
    size: int
    sha256: str
    content: str

    def raw(self) -> bytes:
        """Return the bytes, when they are what the package says.

        Raises:
            PackageBroken: size or digest differ.
        """
        raw = base64.b64decode(self.content, validate=True)
        if len(raw) != self.size or hashlib.sha256(raw).hexdigest() != self.sha256:
            raise PackageBroken(self.key)
        return raw


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


class ResultBack(BaseModel):
    """What the owner hands back; read tolerantly."""

    model_config = ConfigDict(extra="ignore")

    owner_number: str | None = None
    outcome: Literal[Outcome.GRANTED, Outcome.DENIED, Outcome.DECLINED, Outcome.WITHDRAWN]
    outside_number: str | None = None
    notice: dict[str, Any] | None = None


class PackageBroken(ValueError):
    """A file in the package is not what the package says; its key is told."""


async def packed(
    session: AsyncSession,
    context: Context,
    case: Case,
    whole: party.Party,
    *,
    receipt: Mapping[str, Any],
    received_at: datetime,
) -> ClaimCheck:
    """Leave all that the owner needs for interop, which alone sends it."""
    files = await materials.with_bytes(session, context, case.id)
    package = {
        "near_number": case.number,
        "matter_code": case.matter_code,
        "channel": case.channel.value,
        **whole,
        "situation_answers": case.situation_answers,
        "materials": [
            {
                "key": file.key,
                "name": file.name,
                "media_type": file.media_type,
                "size": file.size,
                "sha256": file.sha256,
                "content": base64.b64encode(raw).decode(),
            }
            for file, raw in files
        ],
        "receipt": receipt,
        "received_at": received_at.isoformat(),
        "site_id": case.site_id,
    }
    return await context.leave("interop", _encoded(package))


async def result_left(
    context: Context, case: Case, notice: Mapping[str, Any], *, outside_number: str | None
) -> ClaimCheck:
    """Leave the result and its sealed notice for interop, for the way back."""
    result = {
        "owner_number": case.number,
        "outcome": case.outcome,
        "outside_number": outside_number,
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
) -> Case | None:
    """Make the owner's case of a package; None where the exchange has one already.

    Its stage is RECEIVED: our receipt is what every clock here starts from.
    """
    if await store.by_exchange(session, exchange_id) is not None:
        return None
    case_id, actor = new_id(), f"district:{package.from_district}"
    number = await draw_number(session, context, at=at)
    whole: party.Party = {
        "applicant": package.applicant,
        "agent": package.agent,
        "form": package.form,
    }
    values: dict[str, Any] = {
        **matter_values(matter),
        **party_values(context, whole, case_id),
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
        "submitted_at": at,
        "received_by": actor,
        "received_at": at,
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
    for file in package.materials:
        await materials.keep(
            session,
            context,
            file.raw(),
            case_id=case_id,
            key=file.key,
            name=file.name,
            file_name=None,
            media_type=file.media_type,
            by=actor,
            at=at,
        )
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


async def acknowledge(
    session: AsyncSession, case: Case, *, action: str, facts: Mapping[str, Any], at: datetime
) -> None:
    """Put on the near case's timeline how far its package has come."""
    await steps.take(session, case, {}, action=action, actor=_owner(case), at=at, facts=facts)


async def mirror(
    session: AsyncSession, case: Case, *, stage: str, owner_number: str | None, at: datetime
) -> None:
    """Mirror the owner's stage and number on the near case."""
    await steps.take(
        session,
        case,
        {"owner_stage": stage, "owner_number": owner_number or case.owner_number},
        action="progressed",
        actor=_owner(case),
        at=at,
        facts={"owner_stage": stage, "owner_number": owner_number},
    )


async def take_result(
    session: AsyncSession,
    case: Case,
    result: ResultBack,
    *,
    is_recognised: bool,
    at: datetime,
) -> None:
    """Close the near case with the owner's result; the applicant is told."""
    changes = {
        "stage": Stage.CLOSED,
        "outcome": result.outcome,
        "outside_number": result.outside_number,
        "owner_number": result.owner_number or case.owner_number,
        "owner_stage": Stage.CLOSED.value,
        "received_notice": result.notice,
    }
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
        actor=_owner(case),
        at=at,
        events=[event],
        facts={"outcome": result.outcome.value, "is_recognised": is_recognised},
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


def _owner(case: Case) -> str:
    return f"district:{case.owner_district}"


def _encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
