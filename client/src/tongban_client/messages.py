"""The messages that a partner sends (protocol.md, 4), made once and sent until receipted. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from interop_service.exchanges import envelopes
from interop_service.exchanges.protocol import PROTOCOL, TREE
from tongban.ids import new_id
from tongban_client.parties import Ourselves, Partner

__all__ = [
    "Message",
    "Mode",
    "package",
    "progress",
    "rating",
    "reliance_step",
    "result",
    "verification",
]

Mode = Literal["online", "proxy", "joint"]


@dataclass(frozen=True)
class Message:
    """A message under its id: keep it, and send it again as it is until its receipt is here."""

    path: str
    exchange_id: UUID
    body: bytes
    message_id: UUID


def package(
    us: Ourselves,
    partner: Partner,
    content: Mapping[str, Any],
    *,
    agreement: str,
    mode: Mode,
    at: datetime,
    exchange_id: UUID | None = None,
) -> Message:
    """办件材料包 (4.1): open an exchange; `content` is the case, and goes encrypted.

    It has at least `near_number`, `matter_code`, `channel`, `applicant` and `received_at`.
    """
    outside = {
        "agreement": agreement,
        "mode": mode,
        "matter_code": content["matter_code"],
        "near_number": content["near_number"],
        "package": _encrypted(content, partner),
    }
    identity = exchange_id or new_id()
    return _message(f"{TREE}/exchanges", us, partner, identity, outside, ordinal=1, at=at)


def progress(
    us: Ourselves,
    partner: Partner,
    exchange_id: UUID,
    *,
    kind: str,
    owner_number: str,
    ordinal: int,
    at: datetime,
    **facts: Any,
) -> Message:
    """进度 (4.2): tell the near side how the case goes; `facts` are what the kind has besides."""
    step = {"kind": kind, "owner_number": owner_number, "at": at.isoformat(), **facts}
    return _message(_of(exchange_id, "receipts"), us, partner, exchange_id, step, ordinal, at=at)


def rating(
    us: Ourselves,
    partner: Partner,
    exchange_id: UUID,
    *,
    score: Literal[1, 2, 3, 4, 5],
    ordinal: int,
    at: datetime,
) -> Message:
    """评价 (4.4): tell the owner how the applicant rated it."""
    step = {"kind": "rated", "score": score, "at": at.isoformat()}
    return _message(_of(exchange_id, "receipts"), us, partner, exchange_id, step, ordinal, at=at)


def result(
    us: Ourselves,
    partner: Partner,
    exchange_id: UUID,
    content: Mapping[str, Any],
    *,
    ordinal: int,
    at: datetime,
) -> Message:
    """办理结果 (4.3): end the exchange; `content` goes encrypted.

    It has `owner_number`, `outcome` and, where one was issued, the sealed `notice`.
    """
    step = {"result": _encrypted(content, partner)}
    return _message(_of(exchange_id, "results"), us, partner, exchange_id, step, ordinal, at=at)


def verification(
    us: Ourselves,
    partner: Partner,
    shown: Mapping[str, str],
    *,
    agreement: str,
    licence_type: str,
    counts_as: str,
    purpose: str,
    expires_at: datetime,
    at: datetime,
) -> Message:
    """证照查验 (4.10): ask the issuer about a licence; `shown` goes encrypted.

    It has `number`, `code` or both, and `content_sha256` where the licence itself was shown.
    """
    outside = {
        "agreement": agreement,
        "licence_type": licence_type,
        "counts_as": counts_as,
        "purpose": purpose,
        "expires_at": expires_at.isoformat(),
        "request": _encrypted(shown, partner),
    }
    return _letter(f"{TREE}/licence-verifications", us, partner, new_id(), outside, at=at)


def reliance_step(
    us: Ourselves,
    partner: Partner,
    exchange_id: UUID,
    *,
    kind: str,
    at: datetime,
    **facts: Any,
) -> Message:
    """失效或异议 (4.11): what became of a document that was relied on; `facts` as the kind has."""
    step = {"kind": kind, "at": at.isoformat(), **facts}
    path = f"{TREE}/reliances/{exchange_id}/steps"
    return _letter(path, us, partner, exchange_id, step, at=at)


def _letter(
    path: str,
    us: Ourselves,
    partner: Partner,
    exchange_id: UUID,
    members: Mapping[str, Any],
    *,
    at: datetime,
) -> Message:
    """Return a message that belongs to no case: nobody counts it."""
    return _message(path, us, partner, exchange_id, members, None, at=at)


def _message(
    path: str,
    us: Ourselves,
    partner: Partner,
    exchange_id: UUID,
    members: Mapping[str, Any],
    ordinal: int | None,
    *,
    at: datetime,
) -> Message:
    body = {
        "protocol": PROTOCOL,
        "exchange_id": str(exchange_id),
        "from_district": us.district,
        "to_district": partner.district,
        "sent_at": at.isoformat(),
        **({"ordinal": ordinal} if ordinal is not None else {}),
        **members,
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    return Message(path, exchange_id, content, new_id())


def _encrypted(content: Mapping[str, Any], partner: Partner) -> str:
    plain = json.dumps(content, ensure_ascii=False).encode()
    return envelopes.encrypt(plain, partner.keys)


def _of(exchange_id: UUID, kind: str) -> str:
    return f"{TREE}/exchanges/{exchange_id}/{kind}"
