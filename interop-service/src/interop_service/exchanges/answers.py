"""Signs whatever is answered on the protocol's paths, a refusal too, bound to its request."""

import json
import re
import time
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interop_service.exchanges import signatures
from interop_service.exchanges.checkpoints import latest_checkpoint
from interop_service.exchanges.protocol import PROTOCOL, ROOT
from interop_service.exchanges.rules import FaultOf
from interop_service.exchanges.signatures import Answer
from interop_service.keys import own_keys
from interop_service.monitoring.recording import Recorder
from interop_service.monitoring.rules import Direction, Operation, answered, path_without_ids
from tongban.context import Context
from tongban.problems import MEDIA_TYPE

__all__ = ["Asked", "SignedAnswers"]

PREFIX: Final = "urn:tongban:problem:"
_DISTRICT: Final = re.compile(r"[0-9]{6}")
_FAULTS: Final = {"ours": FaultOf.OURS, "yours": FaultOf.THEIRS}


class Asked:
    """A request as it was signed: with the raw path and query."""

    def __init__(self, scope: Scope) -> None:
        self.method: str = scope["method"]
        self.headers = Headers(scope=scope)
        path = scope.get("raw_path") or scope["path"].encode()
        query = scope["query_string"]
        target = path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
        self.url = f"{scope['scheme']}://{self.headers.get('host', '')}{target}"


class SignedAnswers:
    """The middleware: below it answers are made, here they are completed and signed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(ROOT):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()
        began = time.perf_counter()

        async def gather(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                # The answer to HEAD has no bytes, whatever a part below said.
                is_head = scope["method"] == "HEAD"
                content = _answer(scope, start, b"" if is_head else bytes(body))
                await send(start)
                await send({"type": "http.response.body", "body": content})
                milliseconds = (time.perf_counter() - began) * 1000
                _observe(scope, start["status"], content, milliseconds=milliseconds)

        await self._app(scope, receive, gather)


def _answer(scope: Scope, start: Message, body: bytes) -> bytes:
    """Complete the answer's header fields; return its body."""
    context: Context = scope["app"].state.context
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    if body and headers.get("content-type", "").startswith(MEDIA_TYPE):
        body = _with_fault(start["status"], body)
    if "content-length" in headers:
        headers["content-length"] = str(len(body))
    headers.setdefault("content-type", "application/json")
    headers |= {
        "tongban-protocol": PROTOCOL,
        "tongban-sender": context.settings.district,
    }
    asked = Asked(scope)
    suite = signatures.suite_asked_for(asked)
    headers |= latest_checkpoint(context, suite)
    answer = Answer(start["status"], headers, asked)
    at = context.clock()
    key = own_keys(context).signer(suite, at=at)
    signatures.sign_answer(answer, body, key=key, at=at)
    start["headers"] = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers.items()
    ]
    return body


def _observe(scope: Scope, status: int, body: bytes, *, milliseconds: float) -> None:
    """Record that a partner's message came and what it was answered."""
    context: Context = scope["app"].state.context
    headers = Headers(scope=scope)
    sender = headers.get("tongban-sender", "")
    if scope["method"] not in ("PATCH", "POST") or not _DISTRICT.fullmatch(sender):
        return  # published keys, say: anybody reads them
    told = json.loads(body) if body else {}
    is_refusal = status >= 400
    at = context.clock() - timedelta(milliseconds=milliseconds)
    Recorder.of(context).note(
        Operation(
            at=at,
            partner=sender,
            direction=Direction.IN,
            path=path_without_ids(scope["path"]),
            message_id=_uuid(headers.get("tongban-message-id")),
            exchange_id=_uuid(told.get("receipt", {}).get("exchange_id") or _id_in(scope["path"])),
            milliseconds=milliseconds,
            outcome=answered(status, is_final=is_refusal and not told["retry"]),
            fault=told["type"].removeprefix(PREFIX) if is_refusal else None,
            # Of this district's own point of view, as with what it sends.
            fault_of=_FAULTS[told["fault"]] if is_refusal else None,
        )
    )


def _id_in(path: str) -> str | None:
    return next((part for part in path.split("/") if _uuid(part) is not None), None)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _with_fault(status: int, body: bytes) -> bytes:
    """Say of any problem whose fault it is and whether to send again: a part below may not know."""
    problem: dict[str, Any] = json.loads(body)
    is_ours = status >= 500
    problem.setdefault("fault", "ours" if is_ours else "yours")
    problem.setdefault("retry", is_ours)
    return json.dumps(problem, ensure_ascii=False).encode()
