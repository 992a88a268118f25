"""Use cases of authorities: give one, take it back, and hold whoever acts for another to it."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.assistance import rules, store
from case_service.assistance.errors import (
    AuthorityNotFound,
    AuthorityRevokedAlready,
    NotThePrincipal,
    OwnAgent,
)
from case_service.assistance.rules import Authorisation, Granted
from case_service.assistance.schemas import AuthorityIn, AuthorityRead
from case_service.assistance.tables import Assistance, Authority
from case_service.cases import history
from case_service.cases.tables import Case
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.paging import Paging, page_of
from tongban.problems import Where
from tongban.vault import Vault

__all__ = ["attach", "give", "of_account", "principal_for", "require", "revoke", "shown"]

_ANOTHER = {"zh-CN": "请填写他人的账号", "en": "name somebody else's account"}
_PRINCIPAL = {"zh-CN": "须为授权人本人的证件号码", "en": "has to be the principal's number"}


async def give(
    session: AsyncSession,
    context: Context,
    given: AuthorityIn,
    *,
    principal_subject: str | None,
    principal_number: str | None,
    way: Authorisation,
    evidence: str | None,
    recorded_by: str,
    at: datetime,
) -> Authority:
    """代办授权: keep that a person lets another act for him.

    Raises:
        OwnAgent, AuthorityEvidenceMissing, AuthorityDatesWrong
    """
    if given.agent_subject == principal_subject:
        raise OwnAgent(errors=[Where.pointer("/agent_subject", _ANOTHER, "self")])
    today = local_date(at)
    valid_from = given.valid_from or today
    rules.check_authority(
        way=way, evidence=evidence, valid_from=valid_from, until=given.until, today=today
    )
    agent = json.dumps({"name": given.agent_name, "relation": given.relation}, ensure_ascii=False)
    authority = Authority(
        id=(authority_id := new_id()),
        kind=given.kind,
        principal_subject=principal_subject,
        principal_index=context.vault.blind_index(principal_number) if principal_number else None,
        agent_subject=given.agent_subject,
        sealed_agent=context.vault.seal(agent, context=_place(authority_id)),
        matters=given.matters,
        actions=given.actions,
        valid_from=valid_from,
        until=given.until,
        way=way,
        evidence=evidence,
        given_at=at,
        recorded_by=recorded_by,
    )
    session.add(authority)
    _note(session, authority, "authority.give", actor=recorded_by)
    await session.flush()
    return authority


async def revoke(
    session: AsyncSession, authority_id: UUID, *, caller: Caller, at: datetime
) -> Authority:
    """撤销授权: by whoever gave it, by the agent who lays it down, or before a clerk.

    Raises:
        AuthorityNotFound, AuthorityRevokedAlready
    """
    authority = await store.get_authority(session, authority_id, is_locked=True)
    if authority is None or not _concerns(authority, caller):
        raise AuthorityNotFound
    if authority.revoked_at is not None:
        raise AuthorityRevokedAlready(revoked_at=authority.revoked_at)
    authority.revoked_at, authority.revoked_by = at, caller.subject
    _note(session, authority, "authority.revoke", actor=caller.subject)
    await session.flush()
    return authority


async def of_account(
    session: AsyncSession, subject: str, paging: Paging
) -> tuple[Sequence[Authority], str | None]:
    """Return a page of what an account gave or was given, newest first."""
    rows = await store.authorities_of(session, subject, paging)
    return page_of(rows, paging, key=lambda row: (row.id,))


async def principal_for(
    session: AsyncSession,
    authority_id: UUID,
    *,
    caller: Caller,
    matter_code: str,
    identity_index: bytes,
    at: datetime,
) -> str | None:
    """Return the account of whom the caller applies for, held to his authority.

    Raises:
        AuthorityNotFound: it is not this agent's.
        NotThePrincipal: the application is somebody else's.
        AuthorityEnded, AuthorityOutOfScope
    """
    authority = await store.get_authority(session, authority_id)
    if authority is None or authority.agent_subject != caller.subject:
        raise AuthorityNotFound
    # One that was given online names no number: the account itself is who gave it.
    if authority.principal_index not in (None, identity_index):
        place = Where.pointer("/applicant/identity_number", _PRINCIPAL, "principal")
        raise NotThePrincipal(errors=[place])
    rules.require([_granted(authority)], matter=matter_code, action="submit", today=local_date(at))
    return authority.principal_subject


async def require(
    session: AsyncSession, case: Case, action: str, *, caller: Caller, at: datetime
) -> None:
    """Hold whoever acts for the applicant to his right; the applicant and a clerk need none.

    Before a clerk the applicant is there himself, and the step says whose hand it was.

    Raises:
        AuthorityMissing, AuthorityEnded, AuthorityOutOfScope
    """
    if caller.subject == case.applicant_subject:
        return
    if not caller.is_staff:
        rows = await store.of_agent(
            session,
            caller.subject,
            principal=case.applicant_subject,
            identity_index=case.identity_index,
        )
        granted = [_granted(row) for row in rows]
    elif caller.roles == {Role.HELPER} and action in rules.ACTED_FOR:
        helped = await store.acting_for(session, case.id, caller.subject)
        granted = [_authorised(row) for row in helped]
    else:
        return
    rules.require(granted, matter=case.matter_code, action=action, today=local_date(at))


async def attach(
    session: AsyncSession, case: Case, authority_id: UUID, *, caller: Caller, at: datetime
) -> Authority:
    """登记代办人: let an agent into a case that the applicant himself handed in; `case` is locked.

    Raises:
        AuthorityNotFound: not this agent's, or not of this applicant's.
        AuthorityEnded, AuthorityOutOfScope
    """
    authority = await store.get_authority(session, authority_id)
    if authority is None or not (
        caller.has(Role.CLERK) or caller.subject == authority.agent_subject
    ):
        raise AuthorityNotFound
    is_principals = authority.principal_index == case.identity_index or (
        authority.principal_subject is not None
        and authority.principal_subject == case.applicant_subject
    )
    if not is_principals:
        raise AuthorityNotFound
    action = next(iter(authority.actions), "upload")
    rules.require(
        [_granted(authority)], matter=case.matter_code, action=action, today=local_date(at)
    )
    if authority.agent_subject not in case.agents:
        case.agents = [*case.agents, authority.agent_subject]
    facts = {"kind": authority.kind.value, "until": authority.until.isoformat()}
    history.note(
        session,
        case,
        action="authorise",
        actor=caller.subject,
        site_id=caller.site_id,
        at=at,
        facts=facts,
        payload={"authority": str(authority.id), **facts},
    )
    _note(session, authority, "authority.attach", actor=caller.subject)
    await session.flush()
    return authority


def shown(authority: Authority, *, vault: Vault, today: datetime) -> AuthorityRead:
    """Return an authority as both sides see it."""
    agent = json.loads(vault.open(authority.sealed_agent, context=_place(authority.id)))
    return AuthorityRead(
        id=authority.id,
        kind=authority.kind,
        agent_subject=authority.agent_subject,
        agent_name=agent["name"],
        relation=agent["relation"],
        matters=authority.matters,
        actions=authority.actions,
        valid_from=authority.valid_from,
        until=authority.until,
        way=authority.way,
        evidence=authority.evidence,
        given_at=authority.given_at,
        revoked_at=authority.revoked_at,
        is_in_force=_granted(authority).is_in_force(local_date(today)),
    )


def _concerns(authority: Authority, caller: Caller) -> bool:
    sides = (authority.principal_subject, authority.agent_subject)
    return caller.subject in sides or caller.has(Role.CLERK)


def _granted(authority: Authority) -> Granted:
    return Granted(
        matters=authority.matters,
        actions=authority.actions,
        valid_from=authority.valid_from,
        until=authority.until,
        is_revoked=authority.revoked_at is not None,
    )


def _authorised(help_given: Assistance) -> Granted:
    given_on = local_date(help_given.at)
    return Granted(
        actions=help_given.actions,
        valid_from=given_on,
        until=help_given.until or given_on,
    )


def _note(session: AsyncSession, authority: Authority, action: str, *, actor: str) -> None:
    audit.note(
        session,
        actor=actor,
        action=action,
        subject=str(authority.id),
        payload={
            "kind": authority.kind.value,
            "way": authority.way.value,
            "until": authority.until.isoformat(),
        },
    )


def _place(authority_id: UUID) -> str:
    return f"authorities.agent:{authority_id}"
