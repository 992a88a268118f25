"""The tamper-evident log (防篡改日志): who did what to what, chained by hashes.

A request inserts its entries *unsealed*, so that requests never wait for one another at the
chain's tail. A sealer in the background gives them `seq`, `previous_hash` and `hash` in batches.
The chain's order is the order of sealing: an entry whose transaction commits late is sealed after
younger ones, so `at` may step back where `seq` does not.

An entry that is altered, removed or moved later breaks the chain at its place; the removal of the
chain's end, which breaks nothing, is found by a signed checkpoint kept elsewhere (`checkpoints`).
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

import rfc8785
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    LargeBinary,
    Text,
    Update,
    Uuid,
    bindparam,
    column,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, validates

from tongban.ids import new_id

_EXACT_INTEGERS: Final = 2**53


class LedgerEntryColumns:
    """A service's `ledger` table is this mixin and a name."""

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    seq: Mapped[int | None] = mapped_column(BigInteger)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)

    @validates("payload")
    def _sealable(self, _: str, payload: dict[str, Any]) -> dict[str, Any]:
        _refuse_unsealable(payload)
        return payload

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index | CheckConstraint, ...]:
        name = cls.__tablename__  # type: ignore[attr-defined]  # the mapped class has it
        return (
            # Both are partial: an insert touches the small one of unsealed rows alone.
            Index(f"ix_{name}_unsealed", "at", "id", postgresql_where=text("seq IS NULL")),
            Index(f"uq_{name}_seq", "seq", unique=True, postgresql_where=text("seq IS NOT NULL")),
            CheckConstraint(
                "num_nulls(seq, previous_hash, hash) IN (0, 3)"
                " AND (hash IS NULL OR octet_length(hash) = 32)",
                name="sealed_whole",
            ),
        )


class UnsealablePayload(ValueError):
    """A payload whose numbers would not come back from the database as they went in."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A sealed entry."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    payload: Mapping[str, Any]
    seq: int
    previous_hash: bytes
    hash: bytes


class Head(NamedTuple):
    """The end of a chain, or of its part that is verified already."""

    seq: int
    hash: bytes


GENESIS: Final = Head(0, bytes(32))


class FaultKind(StrEnum):
    ALTERED = "altered"  # 被篡改
    REMOVED = "removed"  # 被删除
    REORDERED = "reordered"  # 次序被改


@dataclass(frozen=True, slots=True)
class Fault:
    kind: FaultKind
    seq: int


@dataclass(frozen=True, slots=True)
class Verification:
    """`entries` is how many were found right; `head` is where the next verification may begin."""

    ok: bool
    entries: int
    head: Head
    first_fault: Fault | None


def entry_values(
    *, at: datetime, actor: str, action: str, subject: str, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """The row of a new, unsealed entry, for an ORM object and a hot path's one statement alike."""
    _refuse_unsealable(payload)
    return {
        "id": new_id(),
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "payload": dict(payload),
    }


def entry_hash(
    previous_hash: bytes,
    seq: int,
    *,
    id: UUID,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    payload: Mapping[str, Any],
) -> bytes:
    """SHA-256 over the entry as canonical JSON (RFC 8785)."""
    return hashlib.sha256(
        rfc8785.dumps(
            {
                "previous_hash": previous_hash.hex(),
                "seq": seq,
                "id": str(id),
                "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
                "actor": actor,
                "action": action,
                "subject": subject,
                "payload": dict(payload),
            }
        )
    ).digest()


def verify(
    entries: Iterable[Entry], *, start: Head = GENESIS, checkpoint: Head | None = None
) -> Verification:
    """Walk a chain from `start` and name its first fault; a checkpoint holds its end too."""
    head, count = start, 0
    for entry in entries:
        fault = _fault_of(entry, head) or _contradiction(entry, checkpoint)
        if fault is not None:
            return Verification(False, count, head, fault)
        head, count = Head(entry.seq, entry.hash), count + 1
    if checkpoint is not None and head.seq < checkpoint.seq:
        return Verification(False, count, head, Fault(FaultKind.REMOVED, head.seq + 1))
    return Verification(True, count, head, None)


def _fault_of(entry: Entry, head: Head) -> Fault | None:
    if entry.seq > head.seq + 1:
        return Fault(FaultKind.REMOVED, head.seq + 1)
    if entry.seq <= head.seq:
        return Fault(FaultKind.REORDERED, entry.seq)
    follows = entry.previous_hash == head.hash
    is_unaltered = is_own(entry)
    if follows and is_unaltered:
        return None
    if follows:
        return Fault(FaultKind.ALTERED, entry.seq)
    # An untouched entry that follows nothing: the one before it was rewritten, hash and all.
    return (
        Fault(FaultKind.ALTERED, head.seq)
        if is_unaltered
        else Fault(FaultKind.REORDERED, entry.seq)
    )


def is_own(entry: Entry) -> bool:
    """Tell whether an entry's hash is that of what it says."""
    return entry.hash == entry_hash(
        entry.previous_hash,
        entry.seq,
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        payload=entry.payload,
    )


def _contradiction(entry: Entry, checkpoint: Head | None) -> Fault | None:
    """A chain rewritten to its end is consistent in itself; only the checkpoint remembers."""
    if checkpoint is None or entry.seq != checkpoint.seq or entry.hash == checkpoint.hash:
        return None
    return Fault(FaultKind.ALTERED, entry.seq)


async def seal_batch(
    session: AsyncSession, table: type[LedgerEntryColumns], limit: int = 500
) -> int:
    """Seal the oldest unsealed entries in the caller's transaction; return how many.

    Of several sealers one works and the others seal nothing: the lock ends with the transaction.
    """
    name = table.__tablename__  # type: ignore[attr-defined]  # every mapped class has it
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"{name}.sealer", 0))
    if not await session.scalar(select(lock)):
        return 0
    head = await _head(session, table)
    unsealed = (
        select(table.id, table.at, table.actor, table.action, table.subject, table.payload)
        .where(table.seq.is_(None))
        .order_by(table.at, table.id)
        .limit(limit)
    )
    ids, previous, hashes = [], [], []
    for row in (await session.execute(unsealed)).mappings():
        ids.append(row["id"])
        previous.append(head.hash)
        head = Head(head.seq + 1, entry_hash(head.hash, head.seq + 1, **row))
        hashes.append(head.hash)
    if ids:
        first = head.seq - len(ids) + 1
        await session.execute(
            _seal_statement(table),
            {
                "ids": ids,
                "seqs": list(range(first, head.seq + 1)),
                "previous": previous,
                "hashes": hashes,
            },
        )
    return len(ids)


async def read_chain(
    session: AsyncSession, table: type[LedgerEntryColumns], after_seq: int = 0
) -> AsyncIterator[Entry]:
    """The sealed entries in their order, streamed."""
    columns = [getattr(table, name) for name in Entry.__slots__]
    statement = select(*columns).where(table.seq > after_seq).order_by(table.seq)
    async for row in await session.stream(statement):
        yield Entry(*row)


async def _head(session: AsyncSession, table: type[LedgerEntryColumns]) -> Head:
    last = (
        select(table.seq, table.hash)
        .where(table.seq.is_not(None))
        .order_by(table.seq.desc())
        .limit(1)
    )
    row = (await session.execute(last)).one_or_none()
    if row is None or row.seq is None or row.hash is None:
        return GENESIS
    return Head(row.seq, row.hash)


def _seal_statement(table: type[LedgerEntryColumns]) -> Update:
    sealed = (
        func.unnest(
            bindparam("ids", type_=ARRAY(Uuid)),
            bindparam("seqs", type_=ARRAY(BigInteger)),
            bindparam("previous", type_=ARRAY(LargeBinary)),
            bindparam("hashes", type_=ARRAY(LargeBinary)),
        )
        .table_valued(
            column("id", Uuid),
            column("seq", BigInteger),
            column("previous_hash", LargeBinary),
            column("hash", LargeBinary),
        )
        .render_derived(name="sealed")
    )
    return (
        update(table)
        .where(table.id == sealed.c.id, table.seq.is_(None))
        .values(seq=sealed.c.seq, previous_hash=sealed.c.previous_hash, hash=sealed.c.hash)
        .execution_options(synchronize_session=False)
    )


def _refuse_unsealable(payload: Mapping[str, Any]) -> None:
    """Refuse in the request what would stop the sealer later.

    JSON has one kind of number: a large float comes back from the database as an integer that
    RFC 8785, which reckons with doubles, cannot write.
    """
    try:
        rfc8785.dumps(dict(payload))
    except rfc8785.CanonicalizationError as fault:
        raise UnsealablePayload(str(fault)) from fault
    if any(abs(number) >= _EXACT_INTEGERS for number in _floats(payload)):
        raise UnsealablePayload("a float of 2**53 or more does not come back as it went in")


def _floats(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _floats(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _floats(inner)
