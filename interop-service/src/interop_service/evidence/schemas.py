"""What is handed out as evidence; its written form is docs/interop/evidence.md."""

from datetime import datetime
from typing import Any, Literal, NewType, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tongban.audit import Proof
from tongban.checkpoints import Checkpoint
from tongban.ledger import Entry

__all__ = ["AnchorRead", "EntryRead", "EvidenceFile", "LoggedBody", "ProvenMessage", "SpanRead"]

LoggedBody = NewType("LoggedBody", str)
"""A message's body in base64."""


class EntryRead(BaseModel):
    """A sealed entry of the ledger."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    payload: dict[str, Any]
    seq: int
    previous_hash: str
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls(
            id=entry.id,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            payload=dict(entry.payload),
            seq=entry.seq,
            previous_hash=entry.previous_hash.hex(),
            hash=entry.hash.hex(),
        )

    def entry(self) -> Entry:
        """Return it as the ledger's own value.

        Raises:
            ValueError: a hash is no hexadecimal number.
        """
        return Entry(
            id=self.id,
            at=self.at,
            actor=self.actor,
            action=self.action,
            subject=self.subject,
            payload=self.payload,
            seq=self.seq,
            previous_hash=bytes.fromhex(self.previous_hash),
            hash=bytes.fromhex(self.hash),
        )


class SpanRead(BaseModel):
    """A stretch of the log under one hash tree; chained, they lead to the newest checkpoint."""

    since: int
    seq: int
    root: str

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Self:
        span = checkpoint.span
        return cls(since=span.since, seq=span.seq, root=span.root.hex())


class ProvenMessage(BaseModel):
    """A message's ledger entry, and the audit path that leads to its span's root."""

    entry: EntryRead
    path: list[str]
    body: str | None = None
    """The body as it went, in base64, where it is still kept and was asked for."""

    @classmethod
    def of(cls, proof: Proof, body: LoggedBody | None) -> Self:
        return cls(
            entry=EntryRead.of(proof.entry), path=[one.hex() for one in proof.path], body=body
        )


class EvidenceFile(BaseModel):
    """证据文件: what proves an exchange to whoever has the districts' public keys."""

    format: Literal["tongban-evidence/1"] = "tongban-evidence/1"
    district: str
    """Whose log it is from."""
    exchange_id: UUID
    made_at: datetime
    messages: list[ProvenMessage]
    pending: int = Field(ge=0)
    """Messages that no checkpoint has reached yet."""
    previous_link: str
    spans: list[SpanRead]
    checkpoint: str | None
    """The newest checkpoint, signed."""
    anchors: list[str]
    """The partner's signed checkpoints that came here at that time."""
    contradictions: list[str]
    """Checkpoints of the partner's that say otherwise than one of `anchors`."""
    keys: dict[str, dict[str, Any]]
    """Each district's key set, as this one knows it; a verifier has them by another way."""


class AnchorRead(BaseModel):
    """A partner's signed checkpoint, as it is kept here."""

    model_config = ConfigDict(from_attributes=True)

    ledger: str
    seq: int
    hash: str
    link: str
    signed_at: datetime
    received_at: datetime
    token: str
    contradicted_by: str | None
