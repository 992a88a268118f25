"""How a case is shown: to whom, with what he can do now, and personal data masked unless asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from case_service.cases import application, party, rules
from case_service.cases.party import Party
from case_service.cases.rules import Action, CaseFacts, Handling, Outcome
from case_service.cases.schemas import (
    CaseRead,
    FileRead,
    MaterialState,
    MatterRef,
    TimelineRead,
    Words,
)
from case_service.cases.tables import Case, TimelineEntry
from case_service.cases.words import STAGES, STEPS
from case_service.matters.rules import Matter
from tongban.identity import Caller
from tongban.problems import Text
from tongban.vault import Vault

__all__ = ["case_facts", "material_states", "said", "shown", "step_shown"]

SAME_NAMES = (
    "id", "number", "stage", "channel", "site_id", "ticket_id", "life_event", "situation_answers",
    "missing", "documents", "licence_id", "licence_number", "submitted_at", "received_at",
    "accepted_at", "decided_at", "closed_at", "notice_due_on", "correction_due_on",
    "statutory_due_on",
    "promised_due_on", "issue_due_on", "forward_due_on", "is_provisional", "outcome", "reason",
    "outside_number", "exchange_id", "from_district", "near_number", "owner_number", "owner_stage",
    "forward_failed_reason", "received_notice", "version",
)  # fmt: skip


def case_facts(case: Case, matter: Matter) -> CaseFacts:
    """Return what the rules ask about this case."""
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
        owes_licence=case.outcome is Outcome.GRANTED and matter.content.licence is not None,
        has_forward_failed=case.forward_failed_reason is not None,
        people={action: who for action, who in done_by.items() if who is not None},
        helpers=frozenset(case.helpers),
    )


def material_states(
    matter: Matter,
    *,
    facts: Mapping[str, Any],
    evidence: Mapping[str, Any],
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
) -> CaseRead:
    """Return the case as this caller may see it."""
    whole = party.opened(vault, case.sealed_party, case_id=case.id)
    told: Party = whole if is_full else party.masked(whole, matter.content)
    return CaseRead(
        **{name: getattr(case, name) for name in SAME_NAMES},
        stage_name=said(STAGES[case.stage]),
        actions=rules.actions_for(
            case_facts(case, matter), subject=caller.subject, roles=caller.roles
        ),
        matter=MatterRef(
            code=case.matter_code,
            name=case.matter_name,
            version=case.matter_version,
            handling=case.handling,
            owner_district=case.owner_district,
        ),
        applicant=told["applicant"],
        agent=told["agent"],
        form=told["form"],
        materials=material_states(
            matter,
            facts=application.facts_of(case.situation_answers, whole["form"]),
            evidence=case.evidence,
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
