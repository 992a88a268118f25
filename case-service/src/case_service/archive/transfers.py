"""Use cases of transfers (移交): pack files for the archives, hand the package out, close it."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import rfc8785
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.archive import bag, record, service, store
from case_service.archive.bag import Part, Sizes
from case_service.archive.errors import (
    NotTransferable,
    ReceiptBelied,
    TransferNotFound,
    TransferNotReady,
)
from case_service.archive.events import ArchiveTransferred
from case_service.archive.tables import ArchiveFile, ArchiveTransfer
from case_service.archive.vocabulary import ArchiveState, TransferState
from case_service.documents import service as documents
from case_service.documents.rules import digest_of
from case_service.duty import Duty
from case_service.materials import keeping
from case_service.seals.signing import seal_of
from tongban import audit, gb
from tongban.clock import local_date
from tongban.context import Context, read_private_key
from tongban.etags import require_match
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.kernel import LedgerRow
from tongban.messages import publish
from tongban.objects import ObjectStore, sweep
from tongban.paging import Paging
from tongban.sealed_stream import new_stream_key, opened, sealed

__all__ = [
    "TRANSFER_DUTY",
    "acknowledge",
    "get",
    "listed",
    "open_package",
    "pack",
    "public_keys",
    "request",
    "sweep_packages",
]

AREA: Final = "case-archive"
MOST: Final = 500
"""So many files are in one package."""
TYPE: Final = "archive-package+jws"
ORPHANED_FOR: Final = timedelta(days=2)
UNTIL_CHECKPOINT: Final = timedelta(minutes=1)


def area(context: Context) -> ObjectStore:
    """Return where packages lie until the archives have them."""
    return context.objects.within(AREA)


async def request(
    session: AsyncSession,
    file_ids: Sequence[UUID],
    *,
    recipient: str,
    caller: Caller,
    at: datetime,
) -> ArchiveTransfer:
    """Ask for a package of these files; the worker makes it.

    Raises:
        NotTransferable: one is not filed, handed over already, or proposed for destruction.
    """
    wanted = set(file_ids)
    files = {file.id: file for file in await store.locked_files(session, wanted)}
    refused = [str(one) for one in wanted - files.keys()]
    refused += [file.number or str(file.id) for file in files.values() if not _may_go(file)]
    if refused:
        raise NotTransferable(numbers="、".join(sorted(refused)))
    transfer = ArchiveTransfer(
        id=new_id(),
        number=f"YJ-{local_date(at):%Y%m%d}-{await store.draw_number(session):06}",
        recipient=recipient,
        files=len(files),
        requested_by=caller.subject,
        requested_at=at,
        next_due_at=at,
    )
    session.add(transfer)
    for file in files.values():
        file.transfer_id = transfer.id
    _note(session, caller.subject, "request", transfer)
    await session.flush()
    return transfer


async def pack(
    session: AsyncSession, context: Context, transfer: ArchiveTransfer, at: datetime
) -> None:
    """Make the package; where a file is not what was filed, keep none and tell which.

    It waits for the checkpoint that covers what it proves.
    """
    transfer.next_due_at = None
    files = await store.files_of_transfer(session, transfer.id)
    ledger = await store.ledger_of(session, [str(file.case_id) for file in files])
    if not await _is_provable(session, [one for entries in ledger.values() for one in entries]):
        transfer.next_due_at = at + UNTIL_CHECKPOINT
        return
    key, found, whole = new_stream_key(), Sizes(), hashlib.sha256()
    size = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal size
        async for piece in bag.written(
            _parts(session, context, files, ledger, found),
            info=_info(context, transfer, files, at),
            sign=lambda digests: _signed(context, transfer, digests),
            at=at,
            found=found,
        ):
            whole.update(piece)
            size += len(piece)
            yield piece

    stored = await area(context).put(sealed(counted(), key, context=_bytes_of(transfer.id)))
    if found.broken:
        await area(context).delete(stored.key)
        transfer.state, transfer.fault = TransferState.BROKEN, "、".join(found.broken)[:2000]
        for file in files:
            file.transfer_id = None
    else:
        transfer.state, transfer.ready_at = TransferState.READY, at
        transfer.object_key, transfer.size = stored.key, size
        transfer.sha256 = whole.hexdigest()
        transfer.sealed_key = context.vault.seal(key, context=_key_of(transfer.id))
    _note(session, "system", transfer.state.value, transfer, sha256=transfer.sha256)


async def open_package(
    session: AsyncSession, context: Context, transfer_id: UUID, *, caller: Caller
) -> tuple[ArchiveTransfer, AsyncIterator[bytes]]:
    """Return a package and its bytes; who took it is on record.

    Raises:
        TransferNotFound, TransferNotReady
    """
    transfer = await get(session, transfer_id)
    if transfer.object_key is None or transfer.sealed_key is None:
        raise TransferNotReady(state=transfer.state.value)
    key = context.vault.open(transfer.sealed_key, context=_key_of(transfer.id))
    pieces = await area(context).open(transfer.object_key)
    _note(session, caller.subject, "read", transfer)
    await session.flush()
    return transfer, opened(pieces, key, context=_bytes_of(transfer.id))


async def acknowledge(
    session: AsyncSession,
    context: Context,
    transfer_id: UUID,
    *,
    receipt_number: str,
    sha256: str,
    caller: Caller,
    at: datetime,
    if_match: str | None,
) -> ArchiveTransfer:
    """登记接收回执: the archives have the package; ours of it goes, the files are handed over.

    Raises:
        TransferNotFound, StaleVersion, TransferNotReady, ReceiptBelied
    """
    transfer = await store.transfer_for_update(session, transfer_id)
    if transfer is None:
        raise TransferNotFound
    require_match(transfer.version, if_match)
    if transfer.state is not TransferState.READY or transfer.object_key is None:
        raise TransferNotReady(state=transfer.state.value)
    if sha256.lower() != transfer.sha256:
        raise ReceiptBelied
    for file in await store.files_of_transfer(session, transfer.id):
        if file.state is ArchiveState.FILED:
            file.state = ArchiveState.TRANSFERRED
            event = ArchiveTransferred(**service.told(file, at), transfer_id=transfer.id)
            publish(session, event, of=file)
    transfer.state, transfer.receipt_number = TransferState.ACKNOWLEDGED, receipt_number
    transfer.acknowledged_by, transfer.acknowledged_at = caller.subject, at
    await area(context).delete(transfer.object_key)
    transfer.object_key = transfer.sealed_key = None
    _note(session, caller.subject, "acknowledge", transfer, receipt=receipt_number)
    await session.flush()
    return transfer


async def listed(session: AsyncSession, paging: Paging) -> Sequence[ArchiveTransfer]:
    """Return one page of transfers, newest first, and one row more."""
    return await store.transfers(session, paging)


async def get(session: AsyncSession, transfer_id: UUID) -> ArchiveTransfer:
    """Return a transfer.

    Raises:
        TransferNotFound
    """
    transfer = await session.get(ArchiveTransfer, transfer_id)
    if transfer is None:
        raise TransferNotFound
    return transfer


def public_keys(context: Context) -> dict[str, Any]:
    """Return, as a JWKS, the keys that a package is verified with: the seal's and the ledger's."""
    ledger = read_private_key(context.settings.ledger_key_file)
    return {"keys": [seal_of(context).public_jwk, ledger.as_dict(private=False)]}


async def sweep_packages(session: AsyncSession, context: Context) -> None:
    """Remove packages whose transaction never committed."""

    async def referenced(keys: Sequence[str]) -> set[str]:
        return await store.object_keys(session, keys)

    await sweep(area(context), older_than=context.clock() - ORPHANED_FOR, referenced=referenced)


async def _parts(
    session: AsyncSession,
    context: Context,
    files: Sequence[ArchiveFile],
    ledger: dict[str, list[LedgerRow]],
    found: Sizes,
) -> AsyncIterator[Part]:
    for file in files:
        filed = {one["path"]: one["sha256"] for one in file.contents}
        texts = service.opened_record(context, file)
        for name in (record.CASE, record.TIMELINE):
            yield Part(f"{file.number}/{name}", texts[name].encode(), filed.pop(name))
        yield Part(f"{file.number}/file.json", _json(_entry_of(file)))
        yield Part(
            f"{file.number}/ledger.json",
            _json(await _proof(session, context, ledger[str(file.case_id)])),
        )
        for one in await store.documents_of(session, file.case_id):
            path = f"documents/{one.number}"
            if not one.sealed_body:
                continue
            told = await documents.sealed(session, context, one)
            if filed.pop(f"{path}.json", None) != digest_of(told):
                found.broken.append(f"{file.number}/{path}.json")
            yield Part(f"{file.number}/{path}.json", _json(told))
            yield Part(f"{file.number}/{path}.pdf", await documents.paper_of(session, context, one))
        for material, content in await store.materials_of(session, file.case_id):
            path = f"materials/{material.id}"
            pieces = await keeping.read(context, material, content)
            yield Part(f"{file.number}/{path}", pieces, filed.pop(path, "added since"))
        # What was filed and is not there any more.
        found.broken += [f"{file.number}/{path}" for path in filed]


async def _is_provable(session: AsyncSession, entries: Sequence[LedgerRow]) -> bool:
    """Tell whether a signed checkpoint covers these: before, they prove nothing to the archives."""
    reached = [one.seq for one in entries if one.seq is not None]
    if len(reached) < len(entries):
        return False
    return not reached or await store.checkpoint_after(session, max(reached)) is not None


async def _proof(
    session: AsyncSession, context: Context, entries: Sequence[LedgerRow]
) -> dict[str, Any]:
    """Return what the ledger says of a case, and the signed checkpoint that covers it."""
    sealed_entries = [one for one in entries if one.seq is not None]
    last = max((one.seq or 0 for one in sealed_entries), default=0)
    checkpoint = await store.checkpoint_after(session, last) if last else None
    return {
        "ledger": audit.name_of(context),
        "entries": [
            {
                "id": str(one.id),
                "seq": one.seq,
                "at": one.at.isoformat(),
                "actor": one.actor,
                "action": one.action,
                "subject": one.subject,
                "payload": one.payload,
                "previous_hash": (one.previous_hash or b"").hex(),
                "hash": (one.hash or b"").hex(),
            }
            for one in sealed_entries
        ],
        "checkpoint": checkpoint.signature if checkpoint is not None else None,
    }


def _entry_of(file: ArchiveFile) -> dict[str, Any]:
    return {
        "number": file.number,
        "edition": file.edition,
        "case_number": file.case_number,
        "case_id": str(file.case_id),
        "matter_code": file.matter_code,
        "matter_name": file.matter_name,
        "closed_on": file.closed_on.isoformat(),
        "retention": file.retention.value if file.retention else None,
        "retention_ends_on": (
            file.retention_ends_on.isoformat() if file.retention_ends_on else None
        ),
        "filed_at": file.filed_at.isoformat() if file.filed_at else None,
        "contents": file.contents,
        "signature": file.signature,
    }


def _info(
    context: Context, transfer: ArchiveTransfer, files: Sequence[ArchiveFile], at: datetime
) -> dict[str, str]:
    district = gb.district(context.settings.district)
    return {
        "Source-Organization": district.name,
        "Bagging-Date": local_date(at).isoformat(),
        "External-Identifier": transfer.number,
        "External-Description": f"{len(files)} case files / 政务服务办件档案 {len(files)} 件",
        "Internal-Sender-Identifier": str(transfer.id),
        "Recipient": transfer.recipient,
        "Bag-Software-Agent": "Tongban",
    }


async def _signed(context: Context, transfer: ArchiveTransfer, digests: Mapping[str, str]) -> str:
    claims: dict[str, Any] = {"number": transfer.number, "sha256": dict(digests)}
    return await seal_of(context).sign(rfc8785.dumps(claims), typ=TYPE)


def _may_go(file: ArchiveFile) -> bool:
    return (
        file.state is ArchiveState.FILED
        and file.next_due_at is None
        and file.transfer_id is None
        and file.destruction_id is None
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _bytes_of(transfer_id: UUID) -> str:
    return f"archive.package:{transfer_id}"


def _key_of(transfer_id: UUID) -> str:
    return f"archive.package.key:{transfer_id}"


def _note(
    session: AsyncSession, actor: str, action: str, transfer: ArchiveTransfer, **more: Any
) -> None:
    audit.note(
        session,
        actor=actor,
        action=f"archive_transfer.{action}",
        subject=str(transfer.id),
        payload={"number": transfer.number, "files": transfer.files, **more},
    )


TRANSFER_DUTY = Duty("archive_transfer", ArchiveTransfer, pack)
