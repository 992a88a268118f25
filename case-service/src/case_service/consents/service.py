"""Use cases of consents: give one, take it back, list them, require one before acting on it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.consents import rules, store
from case_service.consents.errors import ConsentMissing, ConsentNotFound
from case_service.consents.rules import ConsentWay, Purpose
from case_service.consents.tables import Consent
from tongban import audit
from tongban.identity import Caller, Role
from tongban.paging import Paging, page_of

__all__ = ["give", "of_person", "require", "revoke"]


async def require(
    session: AsyncSession,
    *,
    subject: str | None,
    identity_index: bytes | None,
    purpose: Purpose,
    scope: str,
    at: datetime,
    consent_id: UUID | None = None,
) -> Consent:
    """Return the consent by which `scope` may be used; the newest where there are several.

    The person is named by account, by the blind index of his number, or both. With `consent_id`
    it must be that one.

    Raises:
        ConsentMissing: none was given, or it is over, revoked, or does not reach so far.
    """
    indexes = [identity_index] if identity_index else []
    given = await store.of_person(
        session, subject=subject, identity_indexes=indexes, purpose=purpose
    )
    for consent in given:
        if consent_id not in (None, consent.id):
            continue
        if rules.holds(consent, at) and rules.covers(consent.scope, scope):
            return consent
    raise ConsentMissing(purpose=purpose.value, scope=scope)


async def give(
    session: AsyncSession,
    *,
    subject: str | None,
    identity_index: bytes | None,
    purpose: Purpose,
    scope: Sequence[str],
    way: ConsentWay,
    evidence: str | None,
    expires_at: datetime | None,
    is_revocable: bool,
    recorded_by: str,
    at: datetime,
) -> Consent:
    """授权同意: keep what a person agreed to, and how he said so.

    Raises:
        ConsentEvidenceMissing, ConsentOver: see the rules.
    """
    rules.check(way=way, evidence=evidence, expires_at=expires_at, at=at)
    consent = Consent(
        subject=subject,
        identity_index=identity_index,
        purpose=purpose,
        scope=list(dict.fromkeys(scope)),
        way=way,
        evidence=evidence,
        given_at=at,
        expires_at=expires_at,
        is_revocable=is_revocable,
        recorded_by=recorded_by,
    )
    session.add(consent)
    await session.flush()
    _note(session, consent, action="consent.give", actor=recorded_by)
    await session.flush()
    return consent


async def revoke(
    session: AsyncSession, consent_id: UUID, *, caller: Caller, at: datetime
) -> Consent:
    """撤回同意: by the person himself, or by a clerk before whom he says so.

    Raises:
        ConsentNotFound, ConsentNotRevocable, ConsentRevokedAlready
    """
    consent = await store.get_for_update(session, consent_id)
    if consent is None or not (caller.subject == consent.subject or caller.has(Role.CLERK)):
        raise ConsentNotFound
    rules.check_revocation(is_revocable=consent.is_revocable, revoked_at=consent.revoked_at)
    consent.revoked_at, consent.revoked_by = at, caller.subject
    _note(session, consent, action="consent.revoke", actor=caller.subject)
    await session.flush()
    return consent


async def of_person(
    session: AsyncSession,
    *,
    subject: str | None,
    identity_indexes: Sequence[bytes] = (),
    paging: Paging,
) -> tuple[Sequence[Consent], str | None]:
    """Return a page of what a person agreed to, newest first, with what is over."""
    rows = await store.page_of_person(
        session, subject=subject, identity_indexes=identity_indexes, paging=paging
    )
    return page_of(rows, paging, key=lambda row: (row.id,))


def _note(session: AsyncSession, consent: Consent, *, action: str, actor: str) -> None:
    audit.note(
        session,
        actor=actor,
        action=action,
        subject=str(consent.id),
        payload={"purpose": consent.purpose.value, "way": consent.way.value},
    )
