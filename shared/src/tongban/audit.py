"""The service's ledger in use: note what was done, seal and sign it behind, verify, prove."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from joserfc.jwk import OKPKey
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.checkpoints import NO_LINK, Checkpoint, Span
from tongban.clock import utc_now
from tongban.context import Context, read_private_key
from tongban.ids import new_id
from tongban.kernel import LedgerCheckpointRow, LedgerRow
from tongban.ledger import GENESIS, Entry, Head, Verification, read_chain, seal_batch, verify
from tongban.merkle import path_of, root_of

__all__ = [
    "NO_LINK",
    "OLDEST_UNSEALED",
    "UNSEALED",
    "Proof",
    "checkpoint_at",
    "checkpoints_after",
    "entries_of",
    "name_of",
    "newest_checkpoint",
    "note",
    "oldest_unsealed",
    "proofs_of",
    "seal",
    "sign_checkpoint",
    "verify_all",
]

VERIFIED_AT_ONCE = 2_000
LARGEST_TREE = 65_536
"""The most entries that one checkpoint is signed over; those after them have the next."""

UNSEALED = select(select(LedgerRow.id).where(LedgerRow.seq.is_(None)).exists())
OLDEST_UNSEALED = (
    select(LedgerRow.at).where(LedgerRow.seq.is_(None)).order_by(LedgerRow.at).limit(1)
)
"""Since when the ledger's oldest entry waits: to ask by itself, or within another look."""


@dataclass(frozen=True)
class Proof:
    """That an entry stood in the ledger when a checkpoint was signed."""

    entry: Entry
    path: Sequence[bytes]
    """The entry's audit path in the checkpoint's hash tree (RFC 9162)."""
    checkpoint: Checkpoint


def note(
    session: AsyncSession,
    *,
    actor: str,
    action: str,
    subject: str,
    payload: dict[str, Any],
    at: datetime | None = None,
) -> UUID:
    """Put an entry on the ledger with the caller's change; the sealer chains it soon after.

    `payload` says what changed, without personal data; `at` is now, where another record of the
    same step does not tell its moment. Returns the entry's id.
    """
    entry = LedgerRow(
        id=new_id(),
        at=at or utc_now(),
        actor=actor,
        action=action,
        subject=subject,
        payload=payload,
    )
    session.add(entry)
    return entry.id


async def seal(session: AsyncSession, _context: Context) -> None:
    """Chain the ledger's new entries."""
    while await seal_batch(session, LedgerRow):
        pass


async def sign_checkpoint(session: AsyncSession, context: Context) -> None:
    """Sign how far the ledger reaches, where it grew since the last time."""
    last = await newest_checkpoint(session, context)
    since = 0 if last is None else last.seq
    newest = (
        await session.execute(
            select(LedgerRow.seq, LedgerRow.hash)
            .where(LedgerRow.seq > since, LedgerRow.seq <= since + LARGEST_TREE)
            .order_by(LedgerRow.seq.desc())
            .limit(1)
        )
    ).one_or_none()
    if newest is None or newest.seq is None or newest.hash is None:
        return
    leaves = await _hashes(session, since, newest.seq)
    signed = Checkpoint.sign(
        name_of(context),
        Head(newest.seq, newest.hash),
        Span(since, newest.seq, await asyncio.to_thread(root_of, leaves)),
        previous=NO_LINK if last is None else last.link,
        at=utc_now(),
        key=_key(context),
    )
    session.add(
        LedgerCheckpointRow(
            seq=signed.seq, hash=signed.hash, at=signed.at, signature=signed.signature
        )
    )


async def newest_checkpoint(session: AsyncSession, context: Context) -> Checkpoint | None:
    """Return the last signed checkpoint; None before the first.

    Raises:
        BrokenCheckpoint: it was not signed with this service's key.
    """
    row = await session.scalar(
        select(LedgerCheckpointRow).order_by(LedgerCheckpointRow.seq.desc()).limit(1)
    )
    return None if row is None else _read(context, row.signature)


async def checkpoint_at(session: AsyncSession, context: Context, seq: int) -> Checkpoint | None:
    """Return the checkpoint that was signed at `seq`, if one was.

    Raises:
        BrokenCheckpoint: it was not signed with this service's key.
    """
    row = await session.get(LedgerCheckpointRow, seq)
    return None if row is None else _read(context, row.signature)


async def checkpoints_after(session: AsyncSession, context: Context, seq: int) -> list[Checkpoint]:
    """Return the signed checkpoints beyond `seq`, in their order.

    Raises:
        BrokenCheckpoint: one was not signed with this service's key.
    """
    found = select(LedgerCheckpointRow.signature).where(LedgerCheckpointRow.seq > seq)
    rows = await session.scalars(found.order_by(LedgerCheckpointRow.seq))
    return [_read(context, signature) for signature in rows]


async def oldest_unsealed(session: AsyncSession) -> datetime | None:
    """Return since when the ledger's oldest entry waits to be sealed; None where none does."""
    return await session.scalar(OLDEST_UNSEALED)


async def entries_of(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Entry]:
    """Return those of these entries that are sealed, in the ledger's order."""
    columns = [getattr(LedgerRow, name) for name in Entry.__slots__]
    found = select(*columns).where(LedgerRow.id.in_(ids), LedgerRow.seq.is_not(None))
    return [Entry(*row) for row in await session.execute(found.order_by(LedgerRow.seq))]


async def proofs_of(session: AsyncSession, context: Context, ids: Sequence[UUID]) -> list[Proof]:
    """Return the proofs of these entries: of all that a signed checkpoint has reached.

    Raises:
        BrokenCheckpoint: one was not signed with this service's key.
    """
    proofs: list[Proof] = []
    entries = list(await entries_of(session, ids))
    while entries:
        reached = await session.scalar(
            select(LedgerCheckpointRow.signature)
            .where(LedgerCheckpointRow.seq >= entries[0].seq)
            .order_by(LedgerCheckpointRow.seq)
            .limit(1)
        )
        if reached is None:
            break
        checkpoint = _read(context, reached)
        start = checkpoint.span.since
        leaves = await _hashes(session, start, checkpoint.seq)
        there = [entry for entry in entries if entry.seq <= checkpoint.seq]
        places = [entry.seq - start - 1 for entry in there]
        paths = await asyncio.to_thread(_paths, leaves, places)
        proofs += [Proof(entry, path, checkpoint) for entry, path in zip(there, paths, strict=True)]
        entries = entries[len(there) :]
    return proofs


def _paths(leaves: Sequence[bytes], places: Sequence[int]) -> list[list[bytes]]:
    return [path_of(leaves, place) for place in places]


async def _hashes(session: AsyncSession, after: int, until: int) -> list[bytes]:
    found = select(LedgerRow.hash).where(LedgerRow.seq > after, LedgerRow.seq <= until)
    hashes = await session.scalars(found.order_by(LedgerRow.seq))
    return [sealed for sealed in hashes if sealed is not None]


async def verify_all(session: AsyncSession, context: Context) -> Verification:
    """Walk the whole ledger in parts and hold it to its newest signed checkpoint.

    Raises:
        BrokenCheckpoint: the checkpoint was not signed with this service's key.
    """
    signed = await newest_checkpoint(session, context)
    checkpoint = None if signed is None else signed.head
    head, count = GENESIS, 0
    part: list[Entry] = []
    async for entry in read_chain(session, LedgerRow):
        part.append(entry)
        if len(part) == VERIFIED_AT_ONCE:
            reached = checkpoint if checkpoint and checkpoint.seq <= part[-1].seq else None
            found = verify(part, start=head, checkpoint=reached)
            if not found.ok:
                return found
            head, count, part = found.head, count + found.entries, []
    last = verify(part, start=head, checkpoint=checkpoint)
    return Verification(last.ok, count + last.entries, last.head, last.first_fault)


def _read(context: Context, signature: str) -> Checkpoint:
    return Checkpoint.read(signature, ledger=name_of(context), key=_key(context))


def name_of(context: Context) -> str:
    """Return what this service's ledger is called in its checkpoints."""
    return f"{context.settings.district}/{context.settings.SERVICE}"


def _key(context: Context) -> OKPKey:
    return read_private_key(context.settings.ledger_key_file)
