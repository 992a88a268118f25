"""A partner's public status list (状态列表): fetched where it is registered, believed by its seal.

An IETF Token Status List: one bit a licence, 1 is one that stands no more. It says so also while
the partner answers nothing, as long as the copy is good.
"""

import base64
import binascii
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import httpx
import pydantic_core
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, Field, ValidationError

from interop_service import tls

__all__ = ["ListInvalid", "StatusList", "fetch", "read"]

TYPE: Final = "statuslist+jwt"
LARGEST_TOKEN: Final = 2 * 1024 * 1024
LARGEST_LIST: Final = 4 * 1024 * 1024
"""Bytes unpacked: a small answer must not fill the memory."""


class ListInvalid(ValueError):
    """What was fetched is no status list of the partner's; the message says why."""


class _Bits(BaseModel):
    bits: int
    lst: str


class _Claims(BaseModel):
    sub: str
    iat: int = Field(ge=0)
    exp: int = Field(ge=0)
    status_list: _Bits


@dataclass(frozen=True)
class StatusList:
    """A partner's list, proven and unpacked."""

    made_at: datetime
    expires_at: datetime
    bits: bytes

    def stands(self, place: int) -> bool | None:
        """Tell whether the licence of this place stands; None where the list has no such place."""
        if place // 8 >= len(self.bits):
            return None
        return not self.bits[place // 8] >> place % 8 & 1


async def fetch(client: httpx.AsyncClient, url: str) -> str:
    """Return what a partner publishes.

    Raises:
        ListInvalid: nothing came, or too much.
    """
    token = b""
    try:
        async with client.stream("GET", url, headers={"Accept": f"application/{TYPE}"}) as answer:
            if answer.status_code != httpx.codes.OK:
                raise ListInvalid(f"status {answer.status_code}")
            async for chunk in answer.aiter_bytes():
                token += chunk
                if len(token) > LARGEST_TOKEN:
                    raise ListInvalid("too large")
    except (httpx.HTTPError, ssl.SSLError) as fault:
        said, _ = tls.fault_in(fault) or (f"unreachable: {type(fault).__name__}", None)
        raise ListInvalid(said) from None
    return token.decode("ascii", errors="replace").strip()


def read(token: str, *, path: str, seals: Mapping[str, OKPKey]) -> StatusList:
    """Verify a list by the partner's seals and unpack it; its age is for the caller to judge.

    Raises:
        ListInvalid: the partner did not seal it, it is of another place, or it can't be read.
    """
    claims = next((found for key in seals.values() if (found := _claims(token, key))), None)
    if claims is None:
        raise ListInvalid("not sealed by the partner")
    if urlsplit(claims.sub).path != path:
        raise ListInvalid("it is another list")
    if claims.status_list.bits != 1:
        raise ListInvalid("its statuses are not one bit each")
    return StatusList(
        made_at=datetime.fromtimestamp(claims.iat, UTC),
        expires_at=datetime.fromtimestamp(claims.exp, UTC),
        bits=_unpacked(claims.status_list.lst),
    )


def _claims(token: str, key: OKPKey) -> _Claims | None:
    try:
        signed = jws.deserialize_compact(token, key, algorithms=["Ed25519"])
        if signed.headers().get("typ") != TYPE:
            return None
        return _Claims.model_validate(pydantic_core.from_json(signed.payload))
    except (JoseError, ValidationError, ValueError, TypeError):
        return None


def _unpacked(packed: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        unpacker = zlib.decompressobj()
        bits = unpacker.decompress(raw, LARGEST_LIST)
    except (binascii.Error, ValueError, zlib.error):
        raise ListInvalid("it can't be unpacked") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ListInvalid("it is too large, or not whole")
    return bits
