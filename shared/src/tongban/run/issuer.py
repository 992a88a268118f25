"""The embedded token issuer of the local profile; elsewhere the district's own OIDC issuer is it.

Its tokens name an issuer that no deployment trusts (`urn:tongban:local:…`).
"""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import OKPKey

from tongban.run.state import State, new_key, write_json

ALGORITHM = "Ed25519"
AUDIENCE = "tongban"


def issuer_of(district: str) -> str:
    return f"urn:tongban:local:{district}"


def jwks_url(state: State) -> str:
    return _jwks(state).as_uri()


def ensure_key(state: State) -> None:
    if not _signing(state).exists():
        rotate(state)


def rotate(state: State) -> None:
    """Sign with a new key from now on; what earlier ones signed stays good until it expires.

    The public part goes first: a token must never be seen before its key.
    """
    key = new_key("Ed25519")
    public = key.as_dict(private=False) | {"use": "sig", "alg": ALGORITHM}
    write_json(_jwks(state), {"keys": [*_public_keys(state), public]})
    write_json(_signing(state), key.as_dict(private=True))


def mint(
    state: State,
    *,
    sub: str,
    roles: Iterable[str],
    district: str | None = None,
    site_id: str | None = None,
    department: str | None = None,
    name: str | None = None,
    hours: float = 12,
) -> str:
    """A token such as the district's issuer would give to somebody who signed in."""
    key = OKPKey.import_key(json.loads(_signing(state).read_text()))
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": issuer_of(state.district),
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + int(hours * 3600),
        "sub": sub,
        "roles": list(roles),
        "district": district or state.district,
    }
    optional = {"site_id": site_id, "department": department, "name": name}
    claims |= {claim: value for claim, value in optional.items() if value is not None}
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


def _signing(state: State) -> Path:
    return state.issuer / "signing.private.json"


def _jwks(state: State) -> Path:
    return state.issuer / "jwks.json"


def _public_keys(state: State) -> list[dict[str, Any]]:
    if not _jwks(state).exists():
        return []
    keys: list[dict[str, Any]] = json.loads(_jwks(state).read_text())["keys"]
    return keys
