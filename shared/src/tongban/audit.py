"""The service's ledger in use: note what was done; the worker seals it in the background."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tongban.clock import utc_now
from tongban.kernel import LedgerRow

__all__ = ["note"]


def note(
    session: AsyncSession, *, actor: str, action: str, subject: str, payload: dict[str, Any]
) -> None:
    """Put an entry on the ledger with the caller's change; the sealer chains it soon after.

    `payload` says what changed, without personal data.
    """
    session.add(
        LedgerRow(at=utc_now(), actor=actor, action=action, subject=subject, payload=payload)
    )
