"""Files beside a message (protocol.md, 4.12): sealed as they are read, sent in chunks."""

import base64
import hashlib
import secrets
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from interop_service.exchanges import signatures
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.exchanges.protocol import CHUNK, PROTOCOL, TREE
from interop_service.exchanges.signatures import Answer, AnswerUnproven, OutMessage
from tongban.clock import Clock
from tongban.ids import new_id
from tongban.objects.files import SEALED_AS
from tongban.sealed_stream import CHUNK_BYTES, TAG_BYTES, new_stream_key, sealed_chunk
from tongban_client import sending
from tongban_client.messages import Message
from tongban_client.parties import Ourselves, Partner
from tongban_client.sending import FilesLacking, Refused, Unproven

__all__ = ["Ask", "Asking", "SealedFile", "delivery", "signed_chunk", "transfer"]

PIECE_CHUNKS: Final = 16
"""So many sealed chunks go at a time: 4 MiB."""
ROUNDS: Final = 3
_SEALED_BYTES: Final = CHUNK_BYTES + TAG_BYTES


@dataclass(frozen=True)
class SealedFile:
    """A file on disk, as it travels: keep its path and key with the message until the receipt."""

    path: Path
    key: bytes
    size: int
    """Of the sealed bytes."""
    digest: str
    """SHA-256 of the sealed bytes."""
    plain_size: int
    plain_sha256: str

    @classmethod
    def seal(cls, path: Path, *, key: bytes | None = None) -> Self:
        """Read a file once and tell what it is, sealed; nothing else is written.

        Under another key it is another file: give the same one to send the same bytes again.
        """
        used, size, digest, plain = key or new_stream_key(), 0, hashlib.sha256(), hashlib.sha256()
        whole = path.stat().st_size
        with path.open("rb") as file:
            for place in range(_chunks(whole)):
                chunk = file.read(CHUNK_BYTES)
                plain.update(chunk)
                sealed = _sealed(chunk, used, place, whole)
                digest.update(sealed)
                size += len(sealed)
        return cls(path, used, size, digest.hexdigest(), whole, plain.hexdigest())

    @property
    def material(self) -> dict[str, Any]:
        """The members of the material that tell of it; add `key`, `name` and `media_type`."""
        reference = {
            "digest": self.digest,
            "size": self.size,
            "key": base64.urlsafe_b64encode(self.key).rstrip(b"=").decode(),
        }
        return {"size": self.plain_size, "sha256": self.plain_sha256, "file": reference}

    def piece(self, offset: int) -> bytes:
        """Return the sealed bytes from `offset` on, some megabytes of them."""
        first, skipped = divmod(offset, _SEALED_BYTES)
        last = min(first + PIECE_CHUNKS, _chunks(self.plain_size))
        with self.path.open("rb") as file:
            file.seek(first * CHUNK_BYTES)
            sealed = b"".join(
                _sealed(file.read(CHUNK_BYTES), self.key, place, self.plain_size)
                for place in range(first, last)
            )
        return sealed[skipped:]


@dataclass(frozen=True)
class Ask:
    """A signed request, to be sent as it is."""

    request: OutMessage
    body: bytes


Asking = Generator[Ask, tuple[int, Any, bytes], Any]
"""Asks for a request to be sent, is given status, header fields and body of its answer."""


def delivery(
    message: Message,
    files: Sequence[SealedFile],
    *,
    us: Ourselves,
    partner: Partner,
    clock: Clock,
) -> Generator[Ask, tuple[int, Any, bytes], SignedReceipt]:
    """Send a message, the files that its receiver lacks, and the message again for its receipt.

    Raises:
        Unproven, Refused, FilesLacking: begin again later; it goes on where it was.
    """
    by_digest = {one.digest: one for one in files}
    for _ in range(ROUNDS):
        attempt = sending.sign(message, us=us, partner=partner, at=clock())
        status, headers, content = yield Ask(attempt.request, message.body)
        try:
            return sending.open_answer(attempt, status, headers, content, at=clock())
        except FilesLacking as answer:
            if not answer.lacking or not answer.lacking.keys() <= by_digest.keys():
                raise
            lacking = answer.lacking
        for digest, offset in lacking.items():
            yield from transfer(
                by_digest[digest], us=us, partner=partner, clock=clock, offset=offset
            )
    raise FilesLacking(lacking)


def transfer(
    file: SealedFile, *, us: Ourselves, partner: Partner, clock: Clock, offset: int | None = None
) -> Asking:
    """Send a file that a message named, from where its receiver has it; it tells where.

    Raises:
        Unproven, Refused: begin again later; it goes on where it was.
    """
    if offset is None:
        ask = signed_chunk(file.digest, b"", us=us, partner=partner, clock=clock)
        offset = _offset(ask, (yield ask), partner=partner, clock=clock)
    before = -1
    while offset < file.size:
        ask = signed_chunk(
            file.digest, file.piece(offset), offset=offset, us=us, partner=partner, clock=clock
        )
        answer = yield ask
        before, offset = offset, _offset(ask, answer, partner=partner, clock=clock)
        if offset == before:
            raise Refused(answer[0], {"detail": "the partner does not get on"}, None)


def signed_chunk(
    digest: str,
    chunk: bytes,
    *,
    offset: int | None = None,
    us: Ourselves,
    partner: Partner,
    clock: Clock,
) -> Ask:
    """Sign a chunk that begins at `offset`; without one, the question how far the file is."""
    at = clock()
    headers = {
        "Content-Type": CHUNK,
        "Accept-Encoding": "identity",
        "Tongban-Protocol": PROTOCOL,
        "Tongban-Message-Id": str(new_id()),
        "Tongban-Sender": us.district,
    }
    if offset is not None:
        headers["Upload-Offset"] = str(offset)
    method = "HEAD" if offset is None else "PATCH"
    request = OutMessage(method, partner.url(f"{TREE}/files/{digest}"), headers)
    key = us.signer(partner.suite, at=at)
    signatures.sign(request, chunk, key=key, at=at, nonce=secrets.token_urlsafe(24))
    return Ask(request, chunk)


def _offset(
    ask: Ask, answer: tuple[int, Mapping[str, str], bytes], *, partner: Partner, clock: Clock
) -> int:
    """Return where the file goes on, as the partner says."""
    status, headers, content = answer
    try:
        given = Answer(status, headers, ask.request)
        signatures.verify_answer(given, content, keys=partner.keys.signing, at=clock())
    except AnswerUnproven as fault:
        raise Unproven(f"status {status}: {fault}") from None
    told = headers.get("Upload-Offset")
    if status not in (200, 204, 409) or told is None or not told.isdecimal():
        raise sending.refusal(status, headers, content)
    return int(told)


def _chunks(size: int) -> int:
    return max(1, -(-size // CHUNK_BYTES))


def _sealed(chunk: bytes, key: bytes, place: int, size: int) -> bytes:
    is_last = place == _chunks(size) - 1
    return sealed_chunk(chunk, key, context=SEALED_AS, place=place, is_last=is_last)
