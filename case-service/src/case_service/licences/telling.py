"""Telling how a licence stands (证照变更), with the change itself, and again to whoever lost it."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.licences import store
from case_service.licences.events import LicenceChanged
from case_service.licences.status_lists import told_place
from case_service.licences.tables import Licence
from tongban.messages import Event, publish

__all__ = ["states", "tell"]


def tell(session: AsyncSession, licence: Licence) -> None:
    """Tell how a licence stands from now on; its row is locked, or new."""
    publish(session, _told(licence), of=licence)


async def states(session: AsyncSession) -> AsyncIterator[tuple[Event, int]]:
    """Yield how each licence stands, with its sequence."""
    async for licence in store.all_licences(session):
        yield _told(licence), licence.sequence


def _told(licence: Licence) -> LicenceChanged:
    return LicenceChanged(
        licence_id=licence.id,
        number=licence.number,
        code_sha256=hashlib.sha256(licence.verification_code.encode()).hexdigest(),
        content_sha256=_sealed_digest(licence.seal),
        licence_type=licence.licence_type,
        state=licence.state.value,
        valid_from=licence.valid_from,
        valid_until=licence.valid_until,
        invalid_from=licence.invalid_from,
        ground=licence.end_ground.value if licence.end_ground is not None else None,
        status_list=told_place(licence.status_index),
    )


def _sealed_digest(seal: str) -> str:
    """Return what our own seal says it is over: the content may be destroyed, the seal stays."""
    payload = seal.split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(said["sha256"])
