"""The service's ledger in use: note what was done, seal and sign it behind, verify it."""

from typing import Any

from joserfc.jwk import OKPKey
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.clock import utc_now
from tongban.context import Context, read_private_key
from tongban.kernel import LedgerCheckpointRow, LedgerRow
from tongban.ledger import (
    GENESIS,
    Checkpoint,
    Entry,
    Head,
    Verification,
    read_chain,
    seal_batch,
    verify,
)

__all__ = ["name_of", "note", "seal", "sign_checkpoint", "verify_all"]

VERIFIED_AT_ONCE = 2_000


def note(
    session: AsyncSession, *, actor: str, action: str, subject: str, payload: dict[str, Any]
) -> None:
    """Put an entry on the ledger with the caller's change; the sealer chains it soon after.

    `payload` says what changed, without personal data.
    """
    session.add(
        LedgerRow(at=utc_now(), actor=actor, action=action, subject=subject, payload=payload)
    )


async def seal(session: AsyncSession, _context: Context) -> None:
    """Chain the ledger's new entries."""
    while await seal_batch(session, LedgerRow):
        pass


async def sign_checkpoint(session: AsyncSession, context: Context) -> None:
    """Sign how far the ledger reaches, where it grew since the last time."""
    newest = (
        await session.execute(
            select(LedgerRow.seq, LedgerRow.hash)
            .where(LedgerRow.seq.is_not(None))
            .order_by(LedgerRow.seq.desc())
            .limit(1)
        )
    ).one_or_none()
    if newest is None or newest.seq is None or newest.hash is None:
        return
    if await session.get(LedgerCheckpointRow, newest.seq) is not None:
        return
    signed = Checkpoint.sign(
        name_of(context), Head(newest.seq, newest.hash), at=utc_now(), key=_key(context)
    )
    session.add(
        LedgerCheckpointRow(
            seq=signed.seq, hash=signed.hash, at=signed.at, signature=signed.signature
        )
    )


async def verify_all(session: AsyncSession, context: Context) -> Verification:
    """Walk the whole ledger in parts and hold it to its newest signed checkpoint.

    Raises:
        BrokenCheckpoint: the checkpoint was not signed with this service's key.
    """
    row = await session.scalar(
        select(LedgerCheckpointRow).order_by(LedgerCheckpointRow.seq.desc()).limit(1)
    )
    checkpoint = None
    if row is not None:
        read = Checkpoint.read(row.signature, ledger=name_of(context), key=_key(context))
        checkpoint = read.head
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


def name_of(context: Context) -> str:
    """Return what this service's ledger is called in its checkpoints."""
    return f"{context.settings.district}/{context.settings.SERVICE}"


def _key(context: Context) -> OKPKey:
    return read_private_key(context.settings.ledger_key_file)
