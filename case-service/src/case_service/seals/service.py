"""Use cases of seals: number and seal a thing, and who may have that done."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.seals import rules, store
from case_service.seals.errors import (
    AuthorisationOver,
    NotItsKeeper,
    SealAuthorisationNotFound,
    SealNotAuthorised,
    SealNotFound,
)
from case_service.seals.rules import Authority
from case_service.seals.schemas import AuthorisationIn, KeepersIn, SealRead
from case_service.seals.signing import seal_of
from case_service.seals.tables import RegisteredSeal, SealAuthorisation, SealUse
from tongban import audit
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.paging import Paging, page_of

__all__ = [
    "authorisations",
    "authorise",
    "draw",
    "keep",
    "register",
    "revoke",
    "use",
    "uses",
]


async def draw(
    session: AsyncSession,
    numbers: sqlalchemy.Sequence,
    *,
    kind: str,
    on: date,
    case_id: UUID,
    by: str,
) -> tuple[int, Authority]:
    """Draw the next number, and the authority to seal what will bear it.

    A number that is not used after all stays a gap.

    Raises:
        SealNotAuthorised: no keeper has authorised it, nor is `by` a keeper.
    """
    number, authority = await store.draw(session, numbers, kind=kind, on=on, case_id=case_id, by=by)
    if authority is None:
        raise SealNotAuthorised(kind=kind)
    return number, authority


async def use(
    session: AsyncSession,
    context: Context,
    authority: Authority,
    *,
    number: str,
    sha256: str,
    at: datetime,
    by: str,
    document_id: UUID | None = None,
    licence_id: UUID | None = None,
) -> str:
    """用印: return the seal over a number and digest; each use is recorded, and on the ledger."""
    seal = seal_of(context)
    signature = await seal.sign(rules.claims_of(number, sha256))
    session.add(
        SealUse(
            id=new_id(),
            seal_id=authority.seal_id,
            authorisation_id=authority.authorisation_id,
            key_id=seal.key_id,
            document_id=document_id,
            licence_id=licence_id,
            number=number,
            at=at,
            by=by,
        )
    )
    audit.note(
        session,
        actor=by,
        action="seal.use",
        subject=str(document_id or licence_id),
        payload={"number": number, "sha256": sha256},
    )
    return signature


async def register(session: AsyncSession, context: Context) -> list[SealRead]:
    """Return every seal on the register."""
    return [_read(context, row) for row in await store.listed(session)]


async def keep(
    session: AsyncSession,
    context: Context,
    seal_id: UUID,
    body: KeepersIn,
    *,
    caller: Caller,
    if_match: str | None,
) -> SealRead:
    """Hand a seal to its keepers, or put it out of use.

    Raises:
        SealNotFound, StaleVersion
    """
    seal = await _get(session, seal_id)
    require_match(seal.version, if_match)
    before = {"keepers": list(seal.keepers), "state": seal.state.value}
    seal.keepers, seal.state = list(dict.fromkeys(body.keepers)), body.state
    _note(
        session,
        caller,
        "seal.keep",
        seal_id,
        before=before,
        after={"keepers": seal.keepers, "state": seal.state.value},
    )
    await session.flush()
    return _read(context, seal)


async def authorise(
    session: AsyncSession, seal_id: UUID, body: AuthorisationIn, *, caller: Caller, at: datetime
) -> SealAuthorisation:
    """用印授权: a keeper's word that these kinds are sealed on these days.

    Raises:
        SealNotFound, NotItsKeeper
    """
    _require_keeper(await _get(session, seal_id), caller)
    given = SealAuthorisation(
        id=new_id(),
        seal_id=seal_id,
        kinds=sorted({str(kind) for kind in body.kinds}),
        from_on=body.from_on,
        until_on=body.until_on,
        case_id=body.case_id,
        given_by=caller.subject,
        given_at=at,
    )
    session.add(given)
    told = body.model_dump(mode="json")
    _note(session, caller, "seal.authorise", seal_id, authorisation=str(given.id), **told)
    await session.flush()
    return given


async def revoke(
    session: AsyncSession,
    seal_id: UUID,
    authorisation_id: UUID,
    *,
    caller: Caller,
    at: datetime,
) -> SealAuthorisation:
    """End an authorisation; from this moment nothing is sealed under it.

    Raises:
        SealNotFound, NotItsKeeper, SealAuthorisationNotFound, AuthorisationOver
    """
    _require_keeper(await _get(session, seal_id), caller)
    given = await store.get_authorisation(session, seal_id, authorisation_id)
    if given is None:
        raise SealAuthorisationNotFound
    if given.revoked_at is not None:
        raise AuthorisationOver(revoked_at=given.revoked_at)
    given.revoked_at, given.revoked_by = at, caller.subject
    _note(session, caller, "seal.revoke", seal_id, authorisation=str(given.id))
    await session.flush()
    return given


async def authorisations(
    session: AsyncSession, seal_id: UUID, paging: Paging
) -> tuple[Sequence[SealAuthorisation], str | None]:
    """Return a page of a seal's authorisations, newest first.

    Raises:
        SealNotFound: there is no such seal.
    """
    await _get(session, seal_id)
    rows = await store.authorisations_of(session, seal_id, paging)
    return page_of(rows, paging, key=lambda row: (row.id,))


async def uses(
    session: AsyncSession, seal_id: UUID, paging: Paging
) -> tuple[Sequence[SealUse], str | None]:
    """Return a page of a seal's uses, newest first.

    Raises:
        SealNotFound: there is no such seal.
    """
    await _get(session, seal_id)
    rows = await store.uses_of(session, seal_id, paging)
    return page_of(rows, paging, key=lambda row: (row.id,))


async def _get(session: AsyncSession, seal_id: UUID) -> RegisteredSeal:
    seal = await store.get(session, seal_id)
    if seal is None:
        raise SealNotFound
    return seal


def _require_keeper(seal: RegisteredSeal, caller: Caller) -> None:
    if caller.subject not in seal.keepers:
        raise NotItsKeeper


def _note(session: AsyncSession, caller: Caller, action: str, seal_id: UUID, **told: Any) -> None:
    payload: Mapping[str, Any] = told
    audit.note(
        session,
        actor=caller.subject,
        action=action,
        subject=str(seal_id),
        payload=dict(payload),
    )


def _read(context: Context, seal: RegisteredSeal) -> SealRead:
    return SealRead(
        id=seal.id,
        name=seal.name,
        keepers=seal.keepers,
        state=seal.state,
        key_id=seal_of(context).key_id,
        version=seal.version,
    )
