"""What the district issued itself (免提交) is not asked for: found at submission, by itself."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.licences import service as licences
from case_service.materials.rules import waived
from case_service.matters.rules import Matter
from tongban.conditions import Facts
from tongban.context import Context

__all__ = ["proofs_of"]


async def proofs_of(
    session: AsyncSession,
    context: Context,
    matter: Matter,
    facts: Facts,
    *,
    identity: str,
    today: date,
) -> dict[str, dict[str, Any]]:
    """Return, by the materials' keys, the holder's valid licences that make them unnecessary.

    What our licences prove to a partner is for the recognitions between the districts to say.
    """
    asked = [one for one in matter.content.materials_for(facts) if one.waived_by]
    if not asked or matter.owner_district != context.settings.district:
        return {}
    kinds = [kind for one in asked for kind in one.waived_by]
    holders = context.vault.blind_indexes(identity)
    async with context.beside(session) as reading:
        held = await licences.valid_of_holder(reading, holders, kinds, on=today)
    return waived(asked, held)
