"""Status lists (证照状态列表): whether a licence still stands, for who verifies it off-line.

An IETF Token Status List: a signed JWT with one bit a licence, compressed; 1 is one that stands no
more. A verifier keeps it as long as it says and need not tell us which licence he was shown.
"""

import asyncio
import base64
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import rfc8785
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.licences import store
from case_service.licences.errors import StatusListNotFound
from case_service.seals.signing import seal_of
from tongban.clock import local_date
from tongban.context import Context

__all__ = [
    "LIST_SIZE",
    "MAX_AGE",
    "MEDIA_TYPE",
    "bits_of",
    "compressed",
    "place_of",
    "token",
    "told_place",
]

LIST_SIZE: Final = 1 << 17
"""So many licences share a list, so that asking for it tells nobody which one is meant."""
MAX_AGE: Final = timedelta(minutes=5)
"""So long a copy may be kept before the list is asked for again."""
VALID_FOR: Final = timedelta(hours=24)
"""After so long a copy is worth nothing, also to who can't ask again."""
TYPE: Final = "statuslist+jwt"
MEDIA_TYPE: Final = f"application/{TYPE}"


def place_of(context: Context, index: int) -> dict[str, Any]:
    """Return what a licence tells of its place, as a Referenced Token does."""
    list_id, place = divmod(index, LIST_SIZE)
    return {"status_list": {"idx": place, "uri": _address(context, list_id)}}


def told_place(index: int) -> dict[str, Any]:
    """Return the same for a partner, who knows this district's address and believes no other."""
    list_id, place = divmod(index, LIST_SIZE)
    return {"idx": place, "path": _path(list_id)}


async def token(session: AsyncSession, context: Context, list_id: int, *, at: datetime) -> str:
    """Return a status list as of now: the same letters until it, or the five minutes, change.

    Raises:
        StatusListNotFound: no licence has its place there.
    """
    first = list_id * LIST_SIZE
    if not await store.reaches(session, first):
        raise StatusListNotFound
    ended = await store.ended_between(session, first, first + LIST_SIZE - 1, on=local_date(at))
    packed = await asyncio.to_thread(compressed, bits_of(index - first for index in ended))
    step = int(MAX_AGE.total_seconds())
    made_at = int(at.timestamp()) // step * step
    claims: dict[str, Any] = {
        "sub": _address(context, list_id),
        "iat": made_at,
        "exp": made_at + int(VALID_FOR.total_seconds()),
        "ttl": step,
        "status_list": {"bits": 1, "lst": packed},
    }
    return await seal_of(context).sign(rfc8785.dumps(claims), typ=TYPE)


def bits_of(places: Iterable[int]) -> bytes:
    """Return the list's bytes: of each, the lowest bit is the first place."""
    bits = bytearray(LIST_SIZE // 8)
    for place in places:
        bits[place // 8] |= 1 << place % 8
    return bytes(bits)


def compressed(bits: bytes) -> str:
    """Return the bytes as the token carries them: DEFLATE in ZLIB, base64url without padding."""
    return base64.urlsafe_b64encode(zlib.compress(bits, 9)).rstrip(b"=").decode()


def _address(context: Context, list_id: int) -> str:
    return f"{context.settings.public_url}{_path(list_id)}"


def _path(list_id: int) -> str:
    return f"/api/v1/licences/status-lists/{list_id}"
