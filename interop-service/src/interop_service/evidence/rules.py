"""What is logged of a message, and when a log is no longer to be trusted with more. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ValidationError

from interop_service import suites
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.suites import JwsInvalid, PublicKey
from tongban.checkpoints import Checkpoint

__all__ = [
    "DELIVERED",
    "TAKEN",
    "Anchor",
    "AnchorInvalid",
    "Direction",
    "anchor_claims",
    "is_backlogged",
    "logged_message",
    "logged_request",
    "read_anchor",
]

TAKEN: Final = "message.taken"
DELIVERED: Final = "message.delivered"
"""The ledger's actions, at the receiver and at the sender."""

_FIELDS: Final = frozenset(
    {
        "content-digest",
        "content-type",
        "tongban-protocol",
        "tongban-message-id",
        "tongban-sender",
        "tongban-checkpoint",
        "signature-input",
        "signature",
    }
)
"""What the signature of a message covers (docs/interop/protocol.md, 3.2), and the signature."""


class Direction(StrEnum):
    """Which way a logged message went."""

    IN = "in"  # 接收
    OUT = "out"  # 发送


class AnchorInvalid(ValueError):
    """A checkpoint that its district did not sign, or that does not say what it should."""


class _Claims(BaseModel):
    """A checkpoint as it travels; see docs/interop/evidence.md."""

    protocol: Literal["2"]
    district: str
    ledger: str
    seq: int
    hash: str
    since: int
    root: str
    link: str
    at: datetime


@dataclass(frozen=True)
class Anchor:
    """A district's signed word on its log, as another district holds it."""

    district: str
    ledger: str
    seq: int
    hash: str
    link: str
    """The chain of all spans up to `seq`, in hex: two that differ at one `seq` are two pasts."""
    at: datetime
    token: str

    def contradicts(self, other: "Anchor") -> bool:
        """Tell whether no single log can have been at both."""
        is_same_place = (self.district, self.ledger, self.seq) == (
            other.district,
            other.ledger,
            other.seq,
        )
        return is_same_place and (self.hash, self.link) != (other.hash, other.link)


def anchor_claims(checkpoint: Checkpoint, *, district: str) -> dict[str, Any]:
    """Return what a district signs of its log's checkpoint for its partners."""
    return {
        "protocol": PROTOCOL,
        "district": district,
        "ledger": checkpoint.ledger,
        "seq": checkpoint.seq,
        "hash": checkpoint.hash.hex(),
        "since": checkpoint.span.since,
        "root": checkpoint.span.root.hex(),
        "link": checkpoint.link.hex(),
        "at": checkpoint.at.isoformat(timespec="microseconds"),
    }


def read_anchor(token: str, *, district: str, keys: Mapping[str, PublicKey]) -> Anchor:
    """Verify and read a checkpoint that a district sent.

    Raises:
        AnchorInvalid: it is not signed by that district, or is of another.
    """
    try:
        payload, _ = suites.open_jws(token, keys)
        claims = _Claims.model_validate_json(payload)
    except JwsInvalid as fault:
        raise AnchorInvalid(str(fault)) from None
    except ValidationError:
        raise AnchorInvalid("it does not say what a checkpoint says") from None
    if claims.district != district:
        raise AnchorInvalid("it is of another district")
    return Anchor(
        district=claims.district,
        ledger=claims.ledger,
        seq=claims.seq,
        hash=claims.hash,
        link=claims.link,
        at=claims.at,
        token=token,
    )


def logged_request(method: str, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return a request as the log keeps it: what its signature covers, and the signature."""
    kept = {name.lower(): value for name, value in headers.items() if name.lower() in _FIELDS}
    return {"method": method, "url": url, "headers": kept}


def logged_message(
    *,
    message_id: UUID,
    exchange_id: UUID,
    kind: str,
    sender: str,
    receiver: str,
    request: Mapping[str, Any],
    receipt: Mapping[str, Any],
    signature: str,
) -> dict[str, Any]:
    """Return the ledger's payload: both sides note the same of one message."""
    return {
        "message_id": str(message_id),
        "exchange_id": str(exchange_id),
        "kind": kind,
        "sender": sender,
        "receiver": receiver,
        "request": dict(request),
        "receipt": dict(receipt),
        "receipt_signature": signature,
    }


def is_backlogged(oldest: datetime | None, *, at: datetime, limit: timedelta) -> bool:
    """Tell whether an entry has waited for its seal longer than the limit."""
    return oldest is not None and at - oldest > limit
