"""Signed checkpoints of a ledger (检查点): how far it reached, and proof of single entries.

A checkpoint signs the chain's last hash, and the hash tree of what was sealed since the one before:
so one entry can be proven to somebody who is not to see the others.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self

import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from tongban.ledger import Entry, Head, is_own
from tongban.merkle import PathUnfit, root_from

__all__ = ["NO_LINK", "BrokenCheckpoint", "Checkpoint", "Span", "is_proven", "link_of"]

_ALGORITHM: Final = "Ed25519"


class BrokenCheckpoint(ValueError):
    """Not signed by this key, or for another ledger."""


class Span(NamedTuple):
    """A stretch of the ledger: the entries after `since` up to `seq`, and their tree's root."""

    since: int
    seq: int
    root: bytes


NO_LINK: Final = bytes(32)


def link_of(span: Span, *, previous: bytes = NO_LINK) -> bytes:
    """Chain a span to all before it: SHA-256 over its canonical JSON (RFC 8785) and their link.

    So few numbers lead from an old checkpoint to any later one, without the entries in between.
    """
    told: dict[str, Any] = {
        "since": span.since,
        "seq": span.seq,
        "root": span.root.hex(),
        "previous": previous.hex(),
    }
    return hashlib.sha256(rfc8785.dumps(told)).digest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The district's signed word on how far a ledger reached, and with what hash."""

    ledger: str
    seq: int
    hash: bytes
    at: datetime
    span: Span
    """The hash tree (RFC 9162) over the hashes of the entries since the checkpoint before."""
    link: bytes
    """What chains the span to those before it."""
    signature: str  # a compact JWS (RFC 7515) that carries all of the above

    @property
    def head(self) -> Head:
        return Head(self.seq, self.hash)

    @classmethod
    def sign(
        cls,
        ledger: str,
        head: Head,
        span: Span,
        *,
        previous: bytes = NO_LINK,
        at: datetime,
        key: OKPKey,
    ) -> Self:
        link = link_of(span, previous=previous)
        claims: dict[str, Any] = {
            "ledger": ledger,
            "seq": head.seq,
            "hash": head.hash.hex(),
            "since": span.since,
            "root": span.root.hex(),
            "link": link.hex(),
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        }
        signature = jws.serialize_compact(
            {"alg": _ALGORITHM}, rfc8785.dumps(claims), key, algorithms=[_ALGORITHM]
        )
        return cls(ledger, head.seq, head.hash, at, span, link, signature)

    @classmethod
    def read(cls, signature: str, *, ledger: str, key: OKPKey) -> Self:
        """Verify a checkpoint's signature and return what it says."""
        try:
            signed = jws.deserialize_compact(signature, key, algorithms=[_ALGORITHM])
        except (JoseError, ValueError) as fault:
            raise BrokenCheckpoint("the signature does not hold") from fault
        claims = json.loads(signed.payload)
        if claims["ledger"] != ledger:
            raise BrokenCheckpoint(f"of another ledger: {claims['ledger']}")
        return cls(
            ledger=ledger,
            seq=claims["seq"],
            hash=bytes.fromhex(claims["hash"]),
            at=datetime.fromisoformat(claims["at"]),
            # Those signed before trees were signed hold the chain's end and prove no entry.
            span=Span(
                claims.get("since", claims["seq"]),
                claims["seq"],
                bytes.fromhex(claims.get("root", "")),
            ),
            link=bytes.fromhex(claims.get("link", NO_LINK.hex())),
            signature=signature,
        )


def is_proven(entry: Entry, path: Sequence[bytes], span: Span) -> bool:
    """Tell whether the entry is unaltered and stood in the ledger when the span was signed.

    `path` is its audit path in the span's tree.
    """
    try:
        root = root_from(
            entry.hash,
            index=entry.seq - span.since - 1,
            size=span.seq - span.since,
            path=path,
        )
    except PathUnfit:
        return False
    return root == span.root and is_own(entry)
