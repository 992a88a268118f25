"""Use cases of relying on a partner's document, and of learning that it stands no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import service as cases
from case_service.cases import steps
from case_service.cases.rules import FINAL, Evidence
from case_service.cases.tables import Case
from case_service.materials import service as materials
from case_service.matters.service import matters_of
from case_service.reliances import rules, store
from case_service.reliances.errors import PartnerProofNotFound, ProofProvesNothing
from case_service.reliances.events import RelianceRecorded
from case_service.reliances.rules import Proof
from case_service.reliances.schemas import RelyIn
from case_service.reliances.tables import PartnerProof, Reliance
from case_service.reliances.vocabulary import RelianceState
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.messages import publish
from tongban.paging import Paging

__all__ = ["Told", "affected", "note_change", "note_result_ended", "of_case", "rely"]


@dataclass(frozen=True)
class Told:
    """What the exchange tells of a document that a case rests on."""

    state: RelianceState
    at: datetime
    change: str | None = None
    effective_from: date | None = None


async def rely(
    session: AsyncSession,
    context: Context,
    case_id: UUID,
    body: RelyIn,
    *,
    caller: Caller,
    at: datetime,
    if_match: str | None,
) -> tuple[Reliance, int]:
    """采信: prove a material by a partner's document that was verified or fetched for this matter.

    That its holder is the applicant is what the clerk sees; the exchange tells no holder.

    Raises:
        CaseNotFound, ForeignSite, StaleVersion, CaseFinished, MaterialUnknown,
        PartnerProofNotFound, ProofProvesNothing
    """
    case = await materials.locked_case(session, case_id, caller, if_match=if_match)
    asked = await materials.material_asked(session, context, case, body.key)
    proof = await store.proof(session, body.proof_id)
    if proof is None:
        raise PartnerProofNotFound
    found = rules.faults_of(
        _proof(proof),
        proven_by=asked.waived_by,
        matter_code=case.matter_code,
        today=local_date(at),
        at=at,
    )
    if found:
        raise ProofProvesNothing(reasons=[fault.value for fault in found])
    reliance = Reliance(
        id=new_id(),
        case_id=case.id,
        case_number=case.number,
        material_key=asked.key,
        material_name=asked.name,
        proof_id=proof.proof_id,
        issuer_district=proof.issuer_district,
        document_number=proof.document_number,
        counts_as=proof.counts_as,
        relied_by=caller.subject,
        relied_at=at,
        state=RelianceState.STANDING,
    )
    session.add(reliance)
    publish(
        session,
        RelianceRecorded(
            reliance_id=reliance.id,
            proof_id=proof.proof_id,
            case_id=case.id,
            number=case.number,
            at=at,
        ),
        of=reliance,
    )
    await steps.take(
        session,
        case,
        await _proven(session, context, case, reliance, proof, at=at),
        action="rely",
        actor=caller.subject,
        actor_role=cases.role_of(caller),
        site_id=caller.site_id,
        at=at,
        facts={"material": asked.name, **_facts(reliance)},
    )
    await session.flush()
    return reliance, case.version


async def note_change(
    session: AsyncSession, context: Context, reliance_id: UUID, told: Told
) -> bool:
    """Note on the case that what it rests on is disputed, cleared, or stands no more.

    Of a case that is not decided yet the material is owed again: nothing is decided on what does
    not stand. Return whether such a reliance is known.
    """
    reliance = await store.get_for_update(session, reliance_id)
    if reliance is None:
        return False
    if reliance.state in (told.state, RelianceState.ENDED):
        return True
    reliance.state, reliance.changed_at = told.state, told.at
    reliance.change, reliance.effective_from = told.change, told.effective_from
    case = await store.case_for_update(session, reliance.case_id)
    is_undecided = case.stage not in FINAL and case.outcome is None
    changes: dict[str, Any] = {"next_due_at": case.next_due_at}
    if told.state is RelianceState.ENDED and is_undecided:
        changes = await _owed_again(session, context, case, reliance, at=told.at)
    await _take(session, case, changes, told, _facts(reliance))
    return True


async def note_result_ended(
    session: AsyncSession, case_id: UUID, told: Told, *, facts: dict[str, str]
) -> None:
    """Note on a case that another district decided that the licence it brought stands no more."""
    case = await store.case_for_update(session, case_id)
    await _take(session, case, {"next_due_at": case.next_due_at}, told, facts)


async def _take(
    session: AsyncSession, case: Case, changes: dict[str, Any], told: Told, facts: dict[str, str]
) -> None:
    if told.change is not None and told.effective_from is not None:
        facts |= {"change": told.change, "effective_from": told.effective_from.isoformat()}
    await steps.take(
        session,
        case,
        changes,
        action=f"reliance_{told.state.value}",
        actor=f"district:{facts['issuer_district']}",
        at=told.at,
        facts=facts,
    )


async def of_case(session: AsyncSession, case_id: UUID, caller: Caller) -> Sequence[Reliance]:
    """Return what a case rests on of partners' documents, oldest first.

    Raises:
        CaseNotFound, ForeignSite
    """
    await cases.visible(session, case_id, caller)
    return await store.of_case(session, case_id)


async def affected(
    session: AsyncSession,
    paging: Paging,
    *,
    state: RelianceState | None,
    issuer_district: str | None,
    document_number: str | None,
) -> Sequence[RowMapping]:
    """Return a page of the cases whose documents are disputed or stand no more, newest first."""
    states = [state] if state is not None else [RelianceState.DISPUTED, RelianceState.ENDED]
    return await store.affected(
        session,
        paging,
        states=states,
        issuer_district=issuer_district,
        document_number=document_number,
    )


async def _proven(
    session: AsyncSession,
    context: Context,
    case: Case,
    reliance: Reliance,
    proof: PartnerProof,
    *,
    at: datetime,
) -> dict[str, Any]:
    """Return the changes by which a document proves a material, one that was still owed too."""
    key = reliance.material_key
    changes: dict[str, Any] = {
        "evidence": {**case.evidence, key: Evidence.LICENCE.value},
        "proofs": {**case.proofs, key: _kept(reliance, proof)},
    }
    left = [one for one in case.tolerated if one["key"] != key]
    if len(left) == len(case.tolerated):
        return changes
    changes |= {"tolerated": left, "supply_due_on": case.supply_due_on if left else None}
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    return changes | await steps.reckoned(session, context, case, changes, matter=matter, at=at)


async def _owed_again(
    session: AsyncSession, context: Context, case: Case, reliance: Reliance, *, at: datetime
) -> dict[str, Any]:
    """Return the changes by which a material that nothing proves any more is to be supplied."""
    key = reliance.material_key
    if case.proofs.get(key, {}).get("licence_id") != str(reliance.proof_id):
        return {"next_due_at": case.next_due_at}  # something else proves it meanwhile
    changes: dict[str, Any] = {
        "evidence": {name: value for name, value in case.evidence.items() if name != key},
        "proofs": {name: value for name, value in case.proofs.items() if name != key},
    }
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    if case.accepted_at is not None:
        # What is owed keeps the decision waiting; before acceptance, what is missing does.
        calendar = await steps.calendar_of(session, context)
        due_on = calendar.add_working_days(local_date(at), matter.content.supply_days).due_on
        owed = {"key": key, "name": reliance.material_name, "due_on": due_on.isoformat()}
        changes["evidence"][key] = Evidence.SUPPLY_LATER.value
        changes["tolerated"] = [*case.tolerated, owed]
        changes["supply_due_on"] = min(case.supply_due_on or due_on, due_on)
    return changes | await steps.reckoned(session, context, case, changes, matter=matter, at=at)


def _proof(row: PartnerProof) -> Proof:
    return Proof(
        counts_as=row.counts_as,
        purpose=row.purpose,
        state=row.state,
        usable_until=row.usable_until,
        valid_until=row.valid_until,
    )


def _kept(reliance: Reliance, proof: PartnerProof) -> dict[str, Any]:
    """Return what the case keeps of it, as of a licence of the district's own."""
    return {
        "licence_id": str(proof.proof_id),
        "licence_number": proof.document_number,
        "licence_type": proof.counts_as,
        "name": reliance.material_name,
        "valid_until": proof.valid_until.isoformat() if proof.valid_until else None,
        "issuer_district": proof.issuer_district,
    }


def _facts(reliance: Reliance) -> dict[str, str]:
    return {
        "document_number": reliance.document_number,
        "issuer_district": reliance.issuer_district,
    }
