"""A district for tests: keys, an issuer, and settings for any service, in a folder."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from tongban.vault import generate_key_file

__all__ = ["TestDistrict"]

SERVICES = ("catalog", "case", "site", "interop")
DISTRICT_KEYS = {"case": ("seal",), "interop": ("signing", "encryption")}
"""The district's own keys that a service is given, besides its service keys."""


class TestDistrict:
    """The keys and the issuer of one made-up district."""

    __test__ = False

    def __init__(self, folder: Path, code: str = "610171") -> None:
        self.folder = folder
        self.code = code
        self.issuer = f"urn:tongban:test:{code}"
        self.signing_key = OKPKey.generate_key("Ed25519", {"kid": "test-1", "use": "sig"})
        (folder / "objects").mkdir(parents=True)
        (folder / "keys").mkdir()
        for service in SERVICES:
            self._make_service_keys(service)
        for name in ("signing", "seal"):
            self._make_district_key(name, OKPKey.generate_key("Ed25519", {"kid": f"{code}-{name}"}))
        key = OKPKey.generate_key("X25519", {"kid": f"{code}-encryption"})
        self._make_district_key("encryption", key)
        self.publish_jwks(self.signing_key)

    def publish_jwks(self, *keys: OKPKey) -> None:
        """Write the issuer's key set; give other keys to rotate it."""
        self._write("jwks.json", KeySet(list(keys)).as_dict(private=False))

    @property
    def jwks_url(self) -> str:
        return (self.folder / "jwks.json").as_uri()

    def settings(self, service: str, *, database_url: str, nats_url: str, **more: Any) -> Any:
        """Return the values for a service's Settings class."""
        return {
            "district": self.code,
            "oidc_issuer": self.issuer,
            "oidc_jwks_url": self.jwks_url,
            "port": 0,
            "work_port": 0,
            "database_url": database_url,
            "nats_url": nats_url,
            "objects": str(self.folder / "objects"),
            "keys": self.folder / "keys",
            "private_key_file": self.folder / f"keys/{service}.private.json",
            "data_key_file": self.folder / f"keys/{service}.data.key",
            "ledger_key_file": self.folder / f"keys/{service}.ledger.json",
            **{
                f"{name}_key_file": self.folder / f"keys/district-{name}.private.json"
                for name in DISTRICT_KEYS.get(service, ())
            },
            **more,
        }

    def token(
        self,
        *roles: str,
        subject: str | None = None,
        site: str | None = None,
        key: OKPKey | None = None,
        **claims: Any,
    ) -> str:
        """Return a JWT; any claim can be overridden, `None` leaves one out."""
        now = int(time.time())
        signing = key or self.signing_key
        made = {
            "iss": self.issuer,
            "aud": "tongban",
            "sub": subject or f"{'-'.join(roles) or 'nobody'}-{uuid4().hex[:8]}",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "roles": list(roles),
            "district": self.code,
            "site_id": site,
            **claims,
        }
        present = {name: value for name, value in made.items() if value is not None}
        header = {"alg": "Ed25519", "kid": signing.kid}
        return jwt.encode(header, present, signing, algorithms=["Ed25519"])

    def headers(self, *roles: str, **claims: Any) -> dict[str, str]:
        """Return the Authorization header of such a token."""
        return {"Authorization": f"Bearer {self.token(*roles, **claims)}"}

    def _make_service_keys(self, service: str) -> None:
        key = OKPKey.generate_key("X25519", {"kid": f"{service}-1"})
        self._write(f"keys/{service}.private.json", key.as_dict(private=True))
        self._write(f"keys/{service}.public.json", key.as_dict(private=False))
        generate_key_file(self.folder / f"keys/{service}.data.key")
        ledger = OKPKey.generate_key("Ed25519", {"kid": f"{service}-ledger"})
        self._write(f"keys/{service}.ledger.json", ledger.as_dict(private=True))

    def _make_district_key(self, name: str, key: OKPKey) -> None:
        self._write(f"keys/district-{name}.private.json", key.as_dict(private=True))

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        (self.folder / name).write_text(json.dumps(content))
