"""How a case is shown: to whom, with what he can do now, and personal data masked unless asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from case_service.cases import application, joint, party, rules
from case_service.cases.owed import broken_commitments
from case_service.cases.party import Party
from case_service.cases.rules import FINAL, Action, CaseFacts, Handling, Outcome, Stage
from case_service.cases.schemas import (
    CaseRead,
    FileRead,
    MaterialState,
    MatterRef,
    TimelineRead,
    Words,
)
from case_service.cases.step import most_extension
from case_service.cases.tables import Case, Review, TimelineEntry
from case_service.cases.words import STAGES, STEPS
from case_service.matters.rules import Matter
from tongban.identity import Caller
from tongban.problems import Text
from tongban.vault import Vault

ONLINE = "online"

__all__ = ["case_facts", "material_states", "said", "shown", "step_shown"]

SAME_NAMES = (
    "id", "number", "stage", "channel", "is_elderly", "green_channel",
    "site_id", "ticket_id", "life_event", "bundle_id", "situation_answers",
    "missing", "documents", "licence_id", "licence_number", "submitted_at", "received_at",
    "accepted_at", "decided_at", "closed_at", "notice_due_on", "correction_due_on",
    "statutory_due_on",
    "promised_due_on", "issue_due_on", "forward_due_on", "is_provisional",
    "current_step", "suspensions", "extension", "is_joint", "tolerated", "supply_due_on",
    "commitments", "deemed_accepted", "instant_decision", "challenges", "reopened_at",
    "fee_due_cents", "outcome",
    "reason", "outside_number", "outside_state", "outside_result", "exchange_id", "from_district",
    "near_number", "owner_number", "owner_stage", "owners", "with_owner_since",
    "withdrawal_requested_at", "handed_over_at",
    "forward_failed_reason", "received_notice", "version",
)  # fmt: skip


def case_facts(
    case: Case, matter: Matter, reviews: Sequence[Review] = (), *, waits_for_parts: bool = False
) -> CaseFacts:
    """Return what the rules ask about this case, and the opinions of its current round."""
    done_by = {
        Action.RECEIVE: case.received_by,
        Action.ACCEPT: case.accepted_by,
        Action.REVIEW: case.reviewed_by,
    }
    return CaseFacts(
        stage=case.stage,
        is_immediate=case.handling is Handling.IMMEDIATE,
        is_partners=case.owner_district != case.district,
        was_corrected=case.corrections > 0,
        was_accepted=case.accepted_at is not None,
        owes_licence=case.outcome is Outcome.GRANTED and matter.content.licence is not None,
        owes_material=bool(case.tolerated),
        awaited=tuple(one.department for one in joint.waited_for(reviews)),
        lead=next((one.department for one in reviews if one.is_lead), None),
        is_extendable=case.extension is None and most_extension(case, matter) > 0,
        is_suspendable=bool(matter.content.stopping_procedures),
        has_unchecked_commitment=any(one["kept"] is None for one in case.commitments),
        waits_for_parts=waits_for_parts,
        assigned_to=case.assigned_to,
        has_forward_failed=case.forward_failed_reason is not None,
        has_outside_system=matter.content.outside_system is not None,
        is_exchanged=case.exchange_id is not None,
        is_with_owner=is_with_owner(case),
        is_asked_back=case.withdrawal_requested_at is not None,
        has_result_to_hand_over=has_result_to_hand_over(case),
        people={action: who for action, who in done_by.items() if who is not None},
        opinion_givers=frozenset(one.reviewer for one in reviews if one.reviewer is not None),
        helpers=frozenset(case.helpers),
    )


def is_with_owner(case: Case) -> bool:
    """Tell whether another district has the case that was received here."""
    is_sent = case.exchange_id is not None and case.forward_failed_reason is None
    return is_sent and case.owner_district != case.district and case.stage not in FINAL


def has_result_to_hand_over(case: Case) -> bool:
    """Tell whether the near window still has to hand the owner's result to the applicant."""
    is_back = case.owner_district != case.district and case.stage is Stage.CLOSED
    is_decided = case.outcome in (Outcome.GRANTED, Outcome.DENIED)
    return is_back and is_decided and case.mode != ONLINE and case.handed_over_at is None


def material_states(
    matter: Matter,
    *,
    facts: Mapping[str, Any],
    evidence: Mapping[str, Any],
    proofs: Mapping[str, Any],
    files: Sequence[Mapping[str, Any]],
) -> list[MaterialState]:
    """Return each material that applies, with its files and whether it is still missing."""
    uploaded = frozenset(file["key"] for file in files)
    missing = application.missing_materials(
        matter.content, facts, evidence=evidence, uploaded=uploaded
    )
    missing_keys = {one.key for one in missing}
    return [
        MaterialState(
            key=asked.key,
            name=asked.name,
            necessity=asked.necessity,
            evidence=evidence.get(asked.key),
            proof=proofs.get(asked.key),
            is_missing=asked.key in missing_keys,
            files=[FileRead.model_validate(file) for file in files if file["key"] == asked.key],
        )
        for asked in matter.content.materials_for(facts)
    ]


def shown(
    case: Case,
    matter: Matter,
    files: Sequence[Mapping[str, Any]],
    *,
    vault: Vault,
    caller: Caller,
    is_full: bool = False,
    reviews: Sequence[Review] = (),
    waits_for_parts: bool = False,
) -> CaseRead:
    """Return the case as this caller may see it."""
    whole = party.opened(vault, case.sealed_party, case_id=case.id)
    told: Party = whole if is_full else party.masked(whole, matter.content)
    return CaseRead(
        **{name: getattr(case, name) for name in SAME_NAMES},
        stage_name=said(STAGES[case.stage]),
        actions=rules.actions_for(
            case_facts(case, matter, reviews, waits_for_parts=waits_for_parts),
            subject=caller.subject,
            roles=caller.roles,
            department=caller.department,
        ),
        matter=MatterRef(
            code=case.matter_code,
            name=case.matter_name,
            version=case.matter_version,
            handling=case.handling,
            owner_district=case.owner_district,
        ),
        is_rescission_due=case.outcome is Outcome.GRANTED and bool(broken_commitments(case)),
        joint_review=joint.shown(reviews),
        applicant=told["applicant"],
        agent=told["agent"],
        form=told["form"],
        earlier_licence=told.get("earlier_licence"),
        materials=material_states(
            matter,
            facts=application.facts_of(case.situation_answers, whole["form"]),
            evidence=case.evidence,
            proofs=case.proofs,
            files=files,
        ),
    )


def step_shown(entry: TimelineEntry, *, is_staff: bool) -> TimelineRead:
    """Return a step; who took it, and what staff noted for one another, is for staff."""
    return TimelineRead(
        at=entry.at,
        action=entry.action,
        action_name=said(STEPS[entry.action]),
        stage=entry.stage,
        actor=entry.actor if is_staff else None,
        actor_role=entry.actor_role,
        site_id=entry.site_id,
        comment=entry.comment if is_staff else None,
        facts=entry.facts,
    )


def said(text: Text) -> Words:
    return Words(zh=text["zh-CN"], en=text["en"])
