"""Using again (材料复用): an earlier file or an e-licence, by the applicant's recorded consent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import steps
from case_service.cases.schemas import FileRead
from case_service.cases.service import role_of
from case_service.cases.tables import Case
from case_service.consents import service as consents
from case_service.consents.rules import Purpose
from case_service.consents.tables import Consent
from case_service.licences import service as licences
from case_service.materials import keeping, rules, service, store
from case_service.materials.errors import LicenceProvesNothing, MaterialNotReusable
from case_service.materials.rules import MaterialOrigin
from case_service.materials.schemas import MyFile, MyLicence, MyMaterials, ReuseIn, ReuseRead
from case_service.materials.tables import Material
from case_service.matters.rules import MaterialAsked
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.paging import Paging, page_of

__all__ = ["of_caller", "reuse"]


async def of_caller(
    session: AsyncSession, caller: Caller, paging: Paging, *, at: datetime
) -> MyMaterials:
    """Return a page of the caller's own files, newest first, and his valid licences."""
    rows = await store.of_subject(session, caller.subject, paging)
    page, cursor = page_of(rows, paging, key=lambda row: (row[0].id,))
    held = await licences.valid_of_subject(session, caller.subject, on=local_date(at))
    return MyMaterials(
        items=[
            MyFile(
                case_number=number,
                matter_name=matter_name,
                **{
                    name: getattr(file, name)
                    for name in MyFile.model_fields
                    if name not in ("case_number", "matter_name")
                },
            )
            for file, number, matter_name in page
        ],
        next_cursor=cursor,
        licences=[MyLicence.model_validate(one) for one in held],
    )


async def reuse(
    session: AsyncSession,
    context: Context,
    case_id: UUID,
    body: ReuseIn,
    *,
    caller: Caller,
    at: datetime,
    if_match: str | None,
) -> tuple[ReuseRead, int]:
    """Prove a material by what the applicant handed in, or was issued, before.

    Raises:
        CaseNotFound, ForeignSite, StaleVersion, CaseFinished, MaterialUnknown, ConsentMissing,
        MaterialNotReusable, LicenceProvesNothing, MaterialInfected, MaterialNotScanned
    """
    case = await service.locked_case(session, case_id, caller, if_match=if_match)
    asked = await service.material_asked(session, context, case, body.key)
    if body.material_id is not None:
        answer = await _file(session, context, case, asked, body, body.material_id, caller, at)
    else:
        answer = await _licence(session, case, asked, body, caller, at)
    return answer, case.version


async def _file(
    session: AsyncSession,
    context: Context,
    case: Case,
    asked: MaterialAsked,
    body: ReuseIn,
    material_id: UUID,
    caller: Caller,
    at: datetime,
) -> ReuseRead:
    found = await store.of_applicant(session, material_id, identity_index=case.identity_index)
    earlier, kept = found or (None, None)
    if earlier is None or kept is None:
        raise MaterialNotReusable
    consent = await _consent(
        session, case, Purpose.REUSE_MATERIALS, str(earlier.id), body.consent_id, at
    )
    held = await store.use_content_by_id(session, kept.id, at=at)
    if held is None:
        raise MaterialNotReusable
    keeping.require_readable(held)
    again = Material(
        id=new_id(),
        case_id=case.id,
        key=asked.key,
        name=asked.name,
        file_name=earlier.file_name,
        media_type=earlier.media_type,
        size=earlier.size,
        sha256=earlier.sha256,
        content_id=held.id,
        origin=MaterialOrigin.REUSE,
        reused_from=earlier.id,
        consent_id=consent.id,
        uploaded_by=caller.subject,
        uploaded_at=at,
    )
    session.add(again)
    await _take(session, case, asked, consent, caller, at, changes={}, told={})
    file = FileRead.model_validate(again, from_attributes=True)
    return ReuseRead(key=asked.key, file=file, licence=None, consent_id=consent.id)


async def _licence(
    session: AsyncSession,
    case: Case,
    asked: MaterialAsked,
    body: ReuseIn,
    caller: Caller,
    at: datetime,
) -> ReuseRead:
    held = await licences.valid_of_holder(
        session, [case.identity_index], asked.waived_by, on=local_date(at)
    )
    licence = next((one for one in held if one.id == body.licence_id), None)
    if licence is None:
        raise LicenceProvesNothing(waived_by="、".join(asked.waived_by) or "—")
    consent = await _consent(
        session, case, Purpose.USE_LICENCES, licence.licence_type, body.consent_id, at
    )
    proof = {**rules.proof_of(licence), "consent_id": str(consent.id)}
    changes = {
        "evidence": {**case.evidence, asked.key: "licence"},
        "proofs": {**case.proofs, asked.key: proof},
    }
    told = {"licence_number": licence.number}
    await _take(session, case, asked, consent, caller, at, changes=changes, told=told)
    return ReuseRead(
        key=asked.key,
        file=None,
        licence=MyLicence.model_validate(licence),
        consent_id=consent.id,
    )


async def _consent(
    session: AsyncSession,
    case: Case,
    purpose: Purpose,
    scope: str,
    consent_id: UUID | None,
    at: datetime,
) -> Consent:
    return await consents.require(
        session,
        subject=case.applicant_subject,
        identity_index=case.identity_index,
        purpose=purpose,
        scope=scope,
        at=at,
        consent_id=consent_id,
    )


async def _take(
    session: AsyncSession,
    case: Case,
    asked: MaterialAsked,
    consent: Consent,
    caller: Caller,
    at: datetime,
    *,
    changes: Mapping[str, Any],
    told: Mapping[str, str],
) -> None:
    await steps.take(
        session,
        case,
        changes,
        action="reuse_material",
        actor=caller.subject,
        actor_role=role_of(caller),
        site_id=caller.site_id,
        at=at,
        facts={"material": asked.name, "consent_id": str(consent.id), **told},
    )
