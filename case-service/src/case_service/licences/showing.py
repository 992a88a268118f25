"""Showing a licence at a window (亮证): a code that works once, within a minute."""

import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.licences import rules, store
from case_service.licences.errors import LicenceNotFound, ShowCodeInvalid
from case_service.licences.schemas import LicenceRead, ShowCodeMade
from case_service.licences.service import shown
from case_service.licences.tables import ShowCode
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller

__all__ = ["LIFETIME", "make", "redeem"]

LIFETIME: Final = timedelta(seconds=60)
_LENGTH: Final = 8


async def make(
    session: AsyncSession, context: Context, licence_id: UUID, *, caller: Caller, at: datetime
) -> ShowCodeMade:
    """Return a fresh code for one of the caller's own licences.

    Raises:
        LicenceNotFound: it is not his.
    """
    licence = await store.owned(session, licence_id, caller.subject)
    if licence is None:
        raise LicenceNotFound
    code = "".join(secrets.choice(rules.CODE_ALPHABET) for _ in range(_LENGTH))
    made = ShowCode(
        licence_id=licence.id,
        code_index=context.vault.blind_index(_as_indexed(code)),
        made_at=at,
        expires_at=at + LIFETIME,
    )
    session.add(made)
    _note(session, caller, "licence.show", licence.id, licence.number)
    await session.flush()
    return ShowCodeMade(code=code, expires_at=made.expires_at)


async def redeem(
    session: AsyncSession, context: Context, typed: str, *, caller: Caller, at: datetime
) -> LicenceRead:
    """Return the licence that a holder shows; the code is used up.

    Raises:
        ShowCodeInvalid: unknown, used before, or too late.
    """
    indexes = context.vault.blind_indexes(_as_indexed(rules.read_code(typed)))
    licence = await store.redeem(session, indexes, at=at, by=caller.subject, site_id=caller.site_id)
    if licence is None:
        raise ShowCodeInvalid
    _note(session, caller, "licence.shown", licence.id, licence.number)
    await session.flush()
    return shown(context, licence, local_date(at))


def _as_indexed(code: str) -> str:
    return f"licences.show_code:{code}"


def _note(
    session: AsyncSession, caller: Caller, action: str, licence_id: UUID, number: str
) -> None:
    audit.note(
        session,
        actor=caller.subject,
        action=action,
        subject=str(licence_id),
        payload={"number": number},
    )
