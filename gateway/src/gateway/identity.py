"""Who is at the door: a citizen or clerk with a token, a partner with a signature, or anybody.

The services check again by themselves; what is refused here never reaches them.
"""

from dataclasses import dataclass

from starlette.datastructures import Headers

from gateway.routing import is_exchange, is_public
from tongban.identity import TokenMissing, TokenRefused, Verifier

__all__ = ["Visitor", "identify"]


@dataclass(frozen=True)
class Visitor:
    """Who asks, as far as the door can tell."""

    address: str
    subject: str | None = None
    """Proven by a token."""
    partner: str | None = None
    """Claimed by a signed message; interop-service verifies the signature."""


async def identify(
    verifier: Verifier, *, method: str, path: str, headers: Headers, address: str
) -> Visitor:
    """Return who asks.

    Raises:
        TokenMissing: no token, and the path is neither public nor for partners.
        TokenRefused, ForeignDistrict, KeysUnavailable: a token was sent and is not good.
    """
    if is_exchange(path):
        # With a signature or without: interop answers a partner, signed, also what it refuses.
        return Visitor(address, partner=headers.get("tongban-sender"))
    authorization = headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused("not a bearer token")
        caller = await verifier.verify(token.strip())
        return Visitor(address, subject=caller.subject)
    if is_public(method, path):
        return Visitor(address)
    raise TokenMissing
