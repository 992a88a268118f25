"""A signing key of the SM suite (国密, GB/T 32918), where its library is installed.

The library comes with `interop-service[sm2]`: not every system has a wheel of it, and a district
that agreed on the suite with nobody runs without.
"""

import base64
import hashlib
from importlib.util import find_spec

import rfc8785

__all__ = ["is_installed", "new_key"]


def is_installed() -> bool:
    """Tell whether this environment can sign by SM2."""
    return find_spec("tongsuopy") is not None


def new_key() -> dict[str, str]:
    """Return a new private JWK whose id is its thumbprint (RFC 7638)."""
    from tongsuopy.crypto.asymciphers import ec

    secret = ec.generate_private_key(ec.SM2()).private_numbers()
    place = secret.public_numbers
    public = {"kty": "EC", "crv": "SM2", "x": _encode(place.x), "y": _encode(place.y)}
    thumbprint = hashlib.sha256(rfc8785.dumps(public)).digest()
    return {**public, "d": _encode(secret.private_value), "kid": _base64url(thumbprint)}


def _encode(number: int) -> str:
    return _base64url(number.to_bytes(32))


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
