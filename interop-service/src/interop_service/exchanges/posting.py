"""One signed request to a partner, and its answer: proven the partner's, or no answer at all."""

import asyncio
import secrets
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, Final
from uuid import UUID

import httpx
import pydantic_core

from interop_service import tls
from interop_service.exchanges import signatures
from interop_service.exchanges.beside import beside_loop
from interop_service.exchanges.checkpoints import latest_checkpoint
from interop_service.exchanges.protocol import CHUNK, PROTOCOL
from interop_service.exchanges.rules import FaultOf
from interop_service.exchanges.signatures import Answer, AnswerUnproven, OutMessage
from interop_service.keys import own_keys
from interop_service.suites import PublicKey, Suite
from tongban.context import Context

__all__ = [
    "TRANSPORT",
    "Proven",
    "Told",
    "Unproven",
    "client_of",
    "patch",
    "post",
    "told_by",
]

if find_spec("sniffio") is None:
    # httpcore asks for it whenever it takes a lock or a connection, and an import that fails looks
    # through the whole path each time: a tenth of what sending costs. None says at once: not here.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # Python's own way to say so

TRANSPORT: Final = "partner_transport"
"""The resource that replaces the network, for two districts in one process."""

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 20
WHOLE_SECONDS: Final = 45
"""The longest that one request takes, its answer included."""
LONGEST_ANSWER: Final = 64 * 1024
LONGEST_RETRY_AFTER: Final = 3600.0


@dataclass(frozen=True)
class Proven:
    """What the partner answered to this very request."""

    status: int
    content: bytes
    retry_after: float | None
    """Seconds that the partner asks to be left alone."""
    upload_offset: int | None
    """Where a file goes on, in the answer to one of its chunks."""
    checkpoint: str | None
    request: OutMessage
    """What was asked, with its signature."""


@dataclass(frozen=True)
class Unproven:
    """No answer, or one that the partner did not sign for this request."""

    fault: str
    status: int | None = None
    content: bytes = b""
    """What came, for a person to look at and nobody to act on."""
    fault_of: FaultOf = FaultOf.NETWORK
    """Ours alone where the partner's server refused our certificate."""


@dataclass(frozen=True)
class Told:
    """A partner's refusal (RFC 9457), as much of it as is read."""

    kind: str
    """Its type, without the common prefix; empty where the answer is no problem."""
    reasons: str
    is_our_fault: bool
    is_final: bool
    """The message itself is at fault: sending it again is of no use."""


def client_of(context: Context) -> httpx.AsyncClient:
    """Return the client for partners, to be closed by the caller."""
    # Partners are reached directly and never by a redirect: the signature names the address.
    return httpx.AsyncClient(
        transport=context.resources.get(TRANSPORT),
        verify=tls.tls_of(context).line,
        event_hooks={"request": [tls.look_of(context)]},
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )


async def post(
    client: httpx.AsyncClient,
    context: Context,
    *,
    url: str,
    message_id: UUID,
    body: bytes,
    keys: Mapping[str, PublicKey],
    suite: Suite,
) -> Proven | Unproven:
    """Send a message, signed for this attempt, and verify the answer by the partner's `keys`."""
    fields = {"Content-Type": "application/json"}
    message = _message(context, "POST", url, fields, message_id=message_id, suite=suite)
    return await _send(client, context, message, body, keys=keys, suite=suite)


async def patch(
    client: httpx.AsyncClient,
    context: Context,
    *,
    url: str,
    message_id: UUID,
    chunk: bytes,
    offset: int,
    keys: Mapping[str, PublicKey],
    suite: Suite,
    seconds: float = WHOLE_SECONDS,
) -> Proven | Unproven:
    """Send a chunk of a file, signed, and verify the answer by the partner's `keys`."""
    fields = {"Content-Type": CHUNK, "Upload-Offset": str(offset)}
    message = _message(context, "PATCH", url, fields, message_id=message_id, suite=suite)
    return await _send(
        client,
        context,
        message,
        chunk,
        keys=keys,
        suite=suite,
        seconds=seconds,
        read_seconds=seconds,
    )


def _message(
    context: Context,
    method: str,
    url: str,
    fields: Mapping[str, str],
    *,
    message_id: UUID,
    suite: Suite,
) -> OutMessage:
    return OutMessage(
        method=method,
        url=url,
        headers={
            **fields,
            # The digest is of the bytes that travel: no proxy is to pack the answer.
            "Accept-Encoding": "identity",
            "Tongban-Protocol": PROTOCOL,
            "Tongban-Message-Id": str(message_id),
            "Tongban-Sender": context.settings.district,
            **latest_checkpoint(context, suite),
        },
    )


async def _send(
    client: httpx.AsyncClient,
    context: Context,
    message: OutMessage,
    body: bytes,
    *,
    keys: Mapping[str, PublicKey],
    suite: Suite,
    seconds: float = WHOLE_SECONDS,
    read_seconds: float = READ_SECONDS,
) -> Proven | Unproven:
    at = context.clock()
    key = own_keys(context).signer(suite, at=at)
    nonce = secrets.token_urlsafe(24)
    sign = partial(signatures.sign, message, body, key=key, at=at, nonce=nonce)
    await beside_loop(len(body), sign)  # a file's chunk takes its time to digest
    try:
        async with (
            asyncio.timeout(seconds),
            client.stream(
                message.method,
                message.url,
                content=body,
                headers=message.headers,
                timeout=httpx.Timeout(read_seconds, connect=CONNECT_SECONDS),
            ) as answer,
        ):
            content = await _read(answer)
    # With TLS 1.3 a server refuses a certificate only after the handshake, when we read.
    except (httpx.HTTPError, TimeoutError, ssl.SSLError) as fault:
        said, fault_of = tls.fault_in(fault) or (
            f"unreachable: {type(fault).__name__}",
            FaultOf.NETWORK,
        )
        return Unproven(said, fault_of=fault_of)
    try:
        proof = signatures.verify_answer(
            Answer(answer.status_code, answer.headers, message), content, keys=keys, at=at
        )
    except AnswerUnproven as fault:
        return Unproven(
            f"answer-unproven: status {answer.status_code}, {fault}", answer.status_code, content
        )
    return Proven(
        status=answer.status_code,
        content=content,
        retry_after=_seconds(answer.headers.get("Retry-After")),
        upload_offset=_number(answer.headers.get("Upload-Offset")),
        checkpoint=proof.checkpoint,
        request=message,
    )


def told_by(answer: Proven) -> Told:
    """Read a refusal."""
    try:
        problem = pydantic_core.from_json(answer.content)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    reasons = problem.get("reasons") or problem.get("reason")
    is_ours = problem.get("fault") == "yours"
    is_final = 400 <= answer.status < 500 and is_ours and problem.get("retry") is False
    return Told(
        kind=_plain(str(problem.get("type", "")).removeprefix("urn:tongban:problem:")),
        reasons=_plain(_listed(reasons)),
        is_our_fault=is_ours,
        is_final=is_final,
    )


async def _read(answer: httpx.Response) -> bytes:
    content = b""
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > LONGEST_ANSWER:
            return b""  # no answer is that long
    return content


def _seconds(field: str | None) -> float | None:
    """Seconds alone: the protocol has no dates there."""
    if field is None or not field.isdecimal():
        return None
    return min(float(field), LONGEST_RETRY_AFTER)


def _number(field: str | None) -> int | None:
    return int(field) if field is not None and field.isdecimal() else None


def _listed(reasons: Any) -> str:
    if isinstance(reasons, list):
        return ", ".join(map(str, reasons))
    return "" if reasons is None else str(reasons)


def _plain(text: str) -> str:
    """Keep of a partner's words what can be stored and shown."""
    return "".join(letter for letter in text if letter.isprintable())[:400]
