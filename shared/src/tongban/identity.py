"""Who calls, and what they may: a verified OIDC JWT, roles, and row-level district and site.

Each service checks the token itself; no header set by a proxy is believed.
"""

import asyncio
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx
import structlog
from anyio import Path as AsyncPath
from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    DecodeError,
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyIdError,
    JoseError,
    MissingClaimError,
    UnsupportedAlgorithmError,
)
from joserfc.jwk import KeySet, KeySetSerialization

from tongban.problems import Problem, Text

__all__ = [
    "Caller",
    "ForeignDistrict",
    "ForeignSite",
    "Identified",
    "MaybeCaller",
    "NotAllowed",
    "Permission",
    "Role",
    "TokenMissing",
    "TokenRefused",
    "Verifier",
    "allow",
    "authenticate",
]

# Pinned: `none` and every symmetric algorithm stay out, whatever a token's header says.
ALGORITHMS = ["Ed25519", "ES256", "RS256", "PS256"]
LEEWAY_SECONDS = 30
JWKS_SECONDS = 300
JWKS_RETRY_SECONDS = 5
CACHE_SIZE = 10_000

log = structlog.get_logger(__name__)


class Role(StrEnum):
    """What a caller may be, in this district."""

    CITIZEN = "citizen"  # 群众
    ENTERPRISE = "enterprise"  # 企业
    CLERK = "clerk"  # 窗口人员
    REVIEWER = "reviewer"  # 审查人员
    APPROVER = "approver"  # 首席代表
    SEAL_KEEPER = "seal_keeper"  # 印章管理员
    HELPER = "helper"  # 帮办代办员
    SUPERVISOR = "supervisor"  # 督办人员
    SITE_MANAGER = "site_manager"  # 大厅管理员
    CATALOG_EDITOR = "catalog_editor"  # 事项管理员
    ADMIN = "admin"  # 系统管理员
    OPS = "ops"  # 运维人员


_ROLES: Mapping[str, Text] = MappingProxyType(
    {
        Role.CITIZEN: {"zh-CN": "群众"},
        Role.ENTERPRISE: {"zh-CN": "企业"},
        Role.CLERK: {"zh-CN": "窗口人员"},
        Role.REVIEWER: {"zh-CN": "审查人员"},
        Role.APPROVER: {"zh-CN": "首席代表"},
        Role.SEAL_KEEPER: {"zh-CN": "印章管理员"},
        Role.HELPER: {"zh-CN": "帮办代办员"},
        Role.SUPERVISOR: {"zh-CN": "督办人员"},
        Role.SITE_MANAGER: {"zh-CN": "大厅管理员"},
        Role.CATALOG_EDITOR: {"zh-CN": "事项管理员"},
        Role.ADMIN: {"zh-CN": "系统管理员"},
        Role.OPS: {"zh-CN": "运维人员"},
    }
)
"""What a role is called; in English by its code."""

STAFF = frozenset(Role) - {Role.CITIZEN, Role.ENTERPRISE}


@dataclass(frozen=True)
class Caller:
    """A verified caller."""

    subject: str
    roles: frozenset[Role]
    district: str
    site_id: str | None = None
    department: str | None = None
    name: str | None = None

    @property
    def is_staff(self) -> bool:
        """Whether the caller works for the district."""
        return bool(self.roles & STAFF)

    def has(self, *roles: Role) -> bool:
        """Whether the caller has any of `roles`."""
        return not self.roles.isdisjoint(roles)

    def require_site(self, site_id: str | None) -> None:
        """Refuse a caller bound to a site who reaches for another site's row.

        Raises:
            ForeignSite: 403.
        """
        if self.site_id is not None and site_id is not None and self.site_id != site_id:
            raise ForeignSite(site_id=site_id)


class TokenMissing(Problem):
    """No token where one is needed."""

    status = 401
    type = "token-missing"
    title = {"zh-CN": "请先登录", "en": "Sign in first"}
    detail = {
        "zh-CN": "请在 Authorization 头中提供 Bearer 令牌。",
        "en": "Send a bearer token in the Authorization header.",
    }

    def __init__(self, **facts: Any) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer realm="tongban"'}, **facts)


class TokenRefused(Problem):
    """The token is not one this district accepts; `reason` says why."""

    status = 401
    type = "token-refused"
    title = {"zh-CN": "登录凭证无效", "en": "The token was refused"}
    detail = {
        "zh-CN": "原因：{reason}。请重新登录获取新的令牌。",
        "en": "Reason: {reason}. Sign in again for a new token.",
    }

    def __init__(self, reason: str) -> None:
        challenge = f'Bearer realm="tongban", error="invalid_token", error_description="{reason}"'
        super().__init__(headers={"WWW-Authenticate": challenge}, reason=reason)


class NotAllowed(Problem):
    """The caller's roles do not allow this."""

    status = 403
    type = "not-allowed"
    title = {"zh-CN": "没有权限", "en": "Not allowed"}
    detail = {
        "zh-CN": "该操作需要以下角色之一：{needed}。",
        "en": "This needs one of the roles {needed}.",
    }
    words = _ROLES


class ForeignDistrict(Problem):
    """The token is of another district."""

    status = 403
    type = "foreign-district"
    title = {"zh-CN": "令牌属于其他区", "en": "The token is of another district"}
    detail = {
        "zh-CN": "本区为 {district}，跨区事项请通过互通接口办理。",
        "en": "This district is {district}; districts reach each other through the exchange.",
    }


class ForeignSite(Problem):
    """The row belongs to a site that is not the caller's."""

    status = 403
    type = "foreign-site"
    title = {"zh-CN": "不属于您所在的网点", "en": "It belongs to another site"}
    detail = {
        "zh-CN": "该记录属于网点 {site_id}，请由该网点办理。",
        "en": "It belongs to site {site_id}; have it handled there.",
    }


class KeysUnavailable(Problem):
    """The issuer's keys could not be read, so no token can be checked."""

    status = 503
    type = "identity-keys-unavailable"
    title = {"zh-CN": "暂时无法验证身份", "en": "Identity cannot be checked now"}
    detail = {"zh-CN": "请稍后重试。", "en": "Try again later."}


class Verifier:
    """Checks tokens against the issuer's keys, which it reads again when they rotate."""

    def __init__(self, *, issuer: str, audience: str, jwks_url: str, district: str) -> None:
        self._jwks_url = jwks_url
        self._district = district
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        self._keys: KeySet | None = None
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._verified: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def verify(self, token: str) -> Caller:
        """Return the caller that `token` proves.

        Raises:
            TokenRefused: 401, with the reason.
            ForeignDistrict: 403, a good token of another district.
            KeysUnavailable: 503, the issuer's keys can't be read.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known and known[0] > time.time():
            return known[1]
        claims = await self._claims_of(token)
        caller = self._caller(claims)
        # No longer than the keys are believed: a withdrawn key ends its tokens too.
        until = min(float(claims["exp"]), time.time() + JWKS_SECONDS)
        self._verified[digest] = (until, caller)
        while len(self._verified) > CACHE_SIZE:
            self._verified.popitem(last=False)
        return caller

    async def _claims_of(self, token: str) -> dict[str, Any]:
        # The first callers after a start come at once: they wait for the keys, none is refused.
        async with self._reading:
            if time.monotonic() - self._read_at > JWKS_SECONDS:
                await self._read_keys()
        try:
            return self._decode(token)
        except (BadSignatureError, InvalidKeyIdError):
            # The issuer may have a new key; a forged token must not make us ask it each time.
            if time.monotonic() - self._read_at < JWKS_RETRY_SECONDS:
                raise TokenRefused("signature") from None
        await self._read_keys()
        try:
            return self._decode(token)
        except (BadSignatureError, InvalidKeyIdError):
            raise TokenRefused("signature") from None

    def _decode(self, token: str) -> dict[str, Any]:
        if self._keys is None:
            raise KeysUnavailable(headers={"Retry-After": str(JWKS_RETRY_SECONDS)})
        try:
            claims = jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims
            self._claims.validate(claims)
        except (BadSignatureError, InvalidKeyIdError):
            raise
        except ExpiredTokenError:
            raise TokenRefused("expired") from None
        except (InvalidClaimError, MissingClaimError) as fault:
            is_early = fault.claim == "nbf"
            raise TokenRefused("not yet valid" if is_early else f"claim {fault.claim}") from None
        except UnsupportedAlgorithmError:
            raise TokenRefused("algorithm") from None
        except (JoseError, DecodeError, ValueError, TypeError):
            raise TokenRefused("malformed") from None
        return claims

    async def _read_keys(self) -> None:
        self._read_at = time.monotonic()
        try:
            self._keys = KeySet.import_key_set(await _fetch_jwks(self._jwks_url))
        except (OSError, httpx.HTTPError, ValueError, JoseError) as fault:
            # Known keys stay in use through an outage of the issuer.
            log.warning("identity.keys_unavailable", url=self._jwks_url, fault=repr(fault))
            self._read_at -= JWKS_SECONDS - JWKS_RETRY_SECONDS

    def _caller(self, claims: dict[str, Any]) -> Caller:
        roles = claims.get("roles")
        district = claims.get("district")
        if not isinstance(roles, list) or not isinstance(district, str):
            raise TokenRefused("claim roles or district")
        if district != self._district:
            raise ForeignDistrict(district=self._district)
        return Caller(
            subject=str(claims["sub"]),
            roles=frozenset(role for role in Role if role.value in roles),
            district=district,
            site_id=claims.get("site_id"),
            department=claims.get("department"),
            name=claims.get("name"),
        )


async def _fetch_jwks(url: str) -> KeySetSerialization:
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = AsyncPath(Path(url2pathname(parts.path)))
        found: KeySetSerialization = json.loads(await path.read_text())
        return found
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.get(url)
        answer.raise_for_status()
        served: KeySetSerialization = answer.json()
        return served


async def authenticate(request: Request) -> Caller | None:
    """Return the request's caller, or None where no token was sent; remembered per request.

    Raises:
        TokenRefused, ForeignDistrict, KeysUnavailable: a token was sent and is not good.
    """
    known = getattr(request.state, "caller", ...)
    if known is not ...:
        return known  # type: ignore[no-any-return]  # request.state is untyped
    caller = None
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused("not a bearer token")
        caller = await request.app.state.context.verifier.verify(token.strip())
    request.state.caller = caller
    return caller


class Permission:
    """Who may call a route; a dependency that answers with the caller.

    Each route has exactly one, also where anybody may call it: the default is to deny.
    """

    def __init__(self, roles: Iterable[Role], *, is_public: bool = False) -> None:
        self.roles = frozenset(roles)
        self.is_public = is_public

    async def __call__(self, request: Request) -> Caller | None:
        caller = await authenticate(request)
        if caller is None:
            if self.is_public:
                return None
            raise TokenMissing
        if not self.is_public and self.roles.isdisjoint(caller.roles):
            raise NotAllowed(needed=sorted(self.roles))
        return caller


def allow(*roles: Role) -> Any:
    """Return the dependency that admits any of `roles`: `Annotated[Caller, allow(…)]`."""
    return Depends(Permission(roles))


Identified = Annotated[Caller, Depends(Permission(Role))]
"""Any caller with a token."""

MaybeCaller = Annotated[Caller | None, Depends(Permission((), is_public=True))]
"""Anybody; the caller where there is a token."""
