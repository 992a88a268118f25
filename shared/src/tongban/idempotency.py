"""One transaction a request, and safe retries within it.

The route class opens the transaction and commits it before the answer leaves. With an
`Idempotency-Key` the key's row, the answer with it, is inserted last, in that same transaction: of
two rivals with the same key one waits at its end for the other, is undone, and gives the other's
answer. So the same key and request get the same answer. A middleware would lie outside the
transaction, and a dependency never sees the answer.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import Table, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError
from starlette.datastructures import UploadFile

from tongban import writes
from tongban.identity import authenticate
from tongban.kernel import IdempotencyRow
from tongban.problems import Problem, Where

__all__ = ["IdempotencyKeyInvalid", "IdempotencyKeyReused", "IdempotentRoute", "TransactionalRoute"]

KEY = re.compile(r"[\x21-\x7e]{1,200}")
KEPT_HEADERS = ("etag", "location", "content-type", "content-language", "retry-after")
CHUNK = 1 << 20

# On every POST's path: made once, on the table itself, which spares half of their cost.
KEYS: Table = IdempotencyRow.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
STORED = select(KEYS.c.digest, KEYS.c.status, KEYS.c.headers, KEYS.c.body).where(
    *(KEYS.c[name] == bindparam(name) for name in ("subject", "operation", "key"))
)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class IdempotencyKeyReused(Problem):
    """The key was used for another request."""

    status = 422
    type = "idempotency-key-reused"
    title = {
        "zh-CN": "Idempotency-Key 已用于其他请求",
        "en": "The key was used for another request",
    }
    detail = {
        "zh-CN": "内容不同的请求请换用新的 Idempotency-Key。",
        "en": "Use a new Idempotency-Key for a request with other content.",
    }


class IdempotencyKeyInvalid(Problem):
    """The key is empty, too long, or not printable ASCII."""

    status = 422
    type = "idempotency-key-invalid"
    title = {"zh-CN": "Idempotency-Key 格式有误", "en": "The Idempotency-Key is not valid"}
    detail = {
        "zh-CN": "请使用 1 至 200 个可见 ASCII 字符，建议使用 UUID。",
        "en": "Use 1 to 200 visible ASCII characters; a UUID is a good choice.",
    }


class TransactionalRoute(APIRoute):
    """A route in one transaction."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def transact(request: Request) -> Response:
            return await _transact(request, handle)

        return transact


class IdempotentRoute(APIRoute):
    """A route in one transaction, whose POST may carry an `Idempotency-Key`."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def transact(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            if key is None or request.method != "POST":
                return await _transact(request, handle)
            if not KEY.fullmatch(key):
                place = Where.parameter("Idempotency-Key", IdempotencyKeyInvalid.detail)
                raise IdempotencyKeyInvalid(errors=[place])
            caller = await authenticate(request)
            if caller is None:
                # Without an identity two strangers' keys could meet: public POSTs only read.
                return await _transact(request, handle)
            return await _once(request, handle, caller.subject, key)

        return transact


async def _transact(request: Request, handle: Handler) -> Response:
    context = request.app.state.context
    if request.method in {"GET", "HEAD"}:
        async with context.reads.begin() as session:
            request.state.session = session
            return await handle(request)
    async with context.sessions() as session:
        writes.defer(session)
        request.state.session = session
        return await _handled(request, handle, session, None)


async def _handled(
    request: Request,
    handle: Handler,
    session: AsyncSession,
    kept: Callable[[Response], writes.Rider] | None,
) -> Response:
    """Answer and write; what a constraint refuses is told as what it means."""
    try:
        response = await handle(request)
        await writes.finish(session, kept(response) if kept is not None else None)
    except IntegrityError as fault:
        await session.rollback()
        meaning = await writes.explained(session, fault)
        if meaning is None:
            raise
        raise meaning from fault
    return response


async def _once(request: Request, handle: Handler, subject: str, key: str) -> Response:
    context = request.app.state.context
    operation = f"{request.method} {request.url.path}"
    digest = await _digest(request)
    identity = {"subject": subject, "operation": operation, "key": key}
    if (stored := await _stored_answer(context, identity, digest)) is not None:
        await request.close()  # the files of a multipart body: nobody reads them again
        return stored
    try:
        async with context.sessions() as session:
            writes.defer(session)
            request.state.session = session
            response = await _handled(
                request,
                handle,
                session,
                lambda answer: (KEYS, _kept(context, identity, digest, answer)),
            )
    except (Problem, IntegrityError, StaleDataError):
        # A rival with the same key may have been first, and what it changed be what failed here.
        if (stored := await _stored_answer(context, identity, digest)) is not None:
            return stored
        raise
    return response


def _kept(
    context: Any, identity: dict[str, str], digest: bytes, response: Response
) -> dict[str, Any]:
    """Return the key's row: what was asked, and the answer, encrypted."""
    return {
        **identity,
        "digest": digest,
        "status": response.status_code,
        "headers": {
            name: response.headers[name] for name in KEPT_HEADERS if name in response.headers
        },
        "body": context.vault.seal(bytes(response.body), context=f"answer:{identity['operation']}"),
    }


async def _stored_answer(context: Any, identity: dict[str, str], digest: bytes) -> Response | None:
    """Return the answer that this key was given, if any.

    Raises:
        IdempotencyKeyReused: it was given to another request.
    """
    async with context.reading.connect() as connection:
        row = (await connection.execute(STORED, identity)).one_or_none()
    if row is None:
        return None
    if row.digest != digest:
        raise IdempotencyKeyReused
    body = context.vault.open(row.body, context=f"answer:{identity['operation']}")
    headers = {**(row.headers or {}), "Idempotency-Replayed": "true"}
    return Response(content=body, status_code=row.status, headers=headers)


async def _digest(request: Request) -> bytes:
    """Digest what was asked: the query and the body; of a multipart body its parts.

    A client's retry draws a new multipart boundary, so the raw bytes differ though nothing else
    does.
    """
    whole = hashlib.sha256(request.url.query.encode())
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        for name, part in (await request.form()).multi_items():
            whole.update(name.encode() + b"\0")
            whole.update(await _part_digest(part))
    else:
        whole.update(await request.body())
    return whole.digest()


async def _part_digest(part: UploadFile | str) -> bytes:
    if isinstance(part, str):
        return hashlib.sha256(part.encode()).digest()
    inner = hashlib.sha256(f"{part.filename}\0{part.content_type}\0".encode())
    while chunk := await part.read(CHUNK):
        inner.update(chunk)
    await part.seek(0)
    return inner.digest()
