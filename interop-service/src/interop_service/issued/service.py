"""Use cases of the licences that this district issued: keep how they stand, find one."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.issued import rules, store
from interop_service.issued.rules import Standing, Term
from interop_service.issued.tables import IssuedLicence

__all__ = ["by_number", "find", "keep", "standing_of"]


async def keep(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Keep how a licence stands; tell whether that is news."""
    return await store.keep_if_newer(session, values)


async def by_number(session: AsyncSession, number: str) -> IssuedLicence | None:
    """Return the licence of this number, if this district issued one."""
    return await store.by_number(session, number)


async def find(
    session: AsyncSession, *, number: str | None, code: str | None
) -> IssuedLicence | None:
    """Return the licence that was shown; where number and code are given, both must be its own."""
    if code is None:
        return await store.by_number(session, number) if number is not None else None
    found = await store.by_code(session, rules.code_digest(code))
    is_other = found is not None and number is not None and found.number != number
    return None if is_other else found


def standing_of(licence: IssuedLicence, on: date) -> Standing:
    """Return how a licence stands on a day."""
    term = Term(licence.state, licence.valid_from, licence.valid_until, licence.invalid_from)
    return rules.standing_on(on, term)
