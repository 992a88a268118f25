"""Logs, request ids, traces and metrics: one line a request, personal data masked."""

import logging
import re
import secrets
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
import structlog.tracebacks
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tongban.ids import new_id

__all__ = [
    "CONSUMER_PENDING",
    "DEAD_LETTERS",
    "EVENTS_APPLIED",
    "EVENTS_RELAYED",
    "EVENT_DELAY",
    "OUTBOX_AGE",
    "OUTBOX_PENDING",
    "Telemetry",
    "configure_logging",
    "mask",
]

REQUESTS = Counter(
    "tongban_http_requests", "Requests answered", ["service", "method", "route", "status"]
)
DURATION = Histogram(
    "tongban_http_request_seconds",
    "Time to answer",
    ["service", "method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
OUTBOX_PENDING = Gauge("tongban_outbox_pending", "Events not yet relayed", ["service"])
OUTBOX_AGE = Gauge("tongban_outbox_age_seconds", "Age of the oldest unrelayed event", ["service"])
EVENTS_RELAYED = Counter("tongban_events_relayed", "Events sent to the broker", ["service"])
EVENTS_APPLIED = Counter("tongban_events_applied", "Events applied", ["service", "handler"])
CONSUMER_PENDING = Gauge(
    "tongban_consumer_pending", "Messages not yet applied", ["service", "handler"]
)
EVENT_DELAY = Histogram(
    "tongban_event_delay_seconds",
    "From the change to its effect in a consumer",
    ["service", "handler"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
DEAD_LETTERS = Counter("tongban_dead_letters", "Messages set aside", ["service", "handler"])

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
CASE_PATH = re.compile(r"/cases/([0-9a-f-]{36})")

_IDENTITY_NUMBER = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)")
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_PERSONAL = frozenset({"identity_number", "phone", "name", "authorization", "token", "address"})

log = structlog.get_logger("tongban.http")


def mask(text: str) -> str:
    """Mask what looks like an identity number or a mobile number within `text`."""
    return _PHONE.sub(r"\1****\2", _IDENTITY_NUMBER.sub(r"\1********\2", text))


def _mask_event(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name, value in event.items():
        event[name] = "***" if name in _PERSONAL else _masked(value)
    return event


def _masked(value: Any) -> Any:
    """Mask texts at any depth: a traceback quotes messages, and they may quote a number."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: _masked(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(one) for one in value]
    return value


def configure_logging(service: str, level: str) -> None:
    """Write JSON lines to standard output, for this process."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without local variables: they hold personal data.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            _mask_event,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=max(threshold, logging.WARNING), stream=sys.stdout, force=True)


class Telemetry:
    """ASGI middleware: request id, trace context, one log line and the metrics of each request."""

    def __init__(self, app: ASGIApp, *, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        request_id = _request_id(headers.get(b"x-request-id"))
        trace = _child_trace(headers.get(b"traceparent"))
        scope["request_id"] = request_id
        bound = {"request_id": request_id, "traceparent": trace, "service": self._service}
        if case := CASE_PATH.search(scope["path"]):
            bound["case_id"] = case.group(1)
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        with structlog.contextvars.bound_contextvars(**bound):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                self._count(scope, status, time.perf_counter() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"]
        REQUESTS.labels(self._service, method, route, str(status)).inc()
        DURATION.labels(self._service, method, route).observe(seconds)
        say = log.warning if status >= 500 else log.info
        say(
            "http.request",
            method=method,
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def _request_id(given: str | None) -> str:
    return given if given and REQUEST_ID.fullmatch(given) else str(new_id())


def _child_trace(given: str | None) -> str:
    """Continue the caller's trace with a span of ours (W3C Trace Context)."""
    known = TRACEPARENT.fullmatch(given or "")
    trace_id = known.group(1) if known else secrets.token_hex(16)
    return f"00-{trace_id}-{secrets.token_hex(8)}-01"
