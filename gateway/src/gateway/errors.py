"""What goes wrong at the door.

Problem
├── UnreadableTarget    400  the request's address is not text
├── TooManyRequests     429  over the rate; Retry-After says how long to wait
├── AnswerLost          502  the service ended before it answered; it may have acted
├── UpstreamDown        503  the service cannot be reached; nothing was changed
├── NotReady            503  the gateway's own readiness
└── UpstreamSlow        504  the service did not answer in time; it may yet act
"""

from tongban.problems import Problem

__all__ = [
    "AnswerLost",
    "NotReady",
    "TooManyRequests",
    "UnreadableTarget",
    "UpstreamDown",
    "UpstreamSlow",
]


class UnreadableTarget(Problem):
    """The request's address is not text."""

    status = 400
    type = "unreadable-target"
    title = {"zh-CN": "请求地址无法识别", "en": "The address cannot be read"}
    detail = {
        "zh-CN": "地址应为 UTF-8 并经百分号编码。",
        "en": "Send the address as percent-encoded UTF-8.",
    }


class TooManyRequests(Problem):
    """Over the rate."""

    status = 429
    type = "too-many-requests"
    title = {"zh-CN": "请求过于频繁", "en": "Too many requests"}
    detail = {
        "zh-CN": "限额为 {limit}，请在 {retry_after} 秒后重试。",
        "en": "The limit is {limit}; try again in {retry_after} seconds.",
    }

    def __init__(self, *, limit: str, retry_after: int) -> None:
        headers = {"Retry-After": str(retry_after)}
        super().__init__(headers=headers, limit=limit, retry_after=retry_after)


class AnswerLost(Problem):
    """The service ended before it answered."""

    status = 502
    type = "answer-lost"
    title = {"zh-CN": "服务中断，未收到答复", "en": "The service ended before it answered"}
    detail = {
        "zh-CN": "{service} 服务可能已经办理，请用同一 Idempotency-Key 重试。",
        "en": "Service {service} may have acted; retry with the same Idempotency-Key.",
    }


class UpstreamDown(Problem):
    """The service cannot be reached."""

    status = 503
    type = "service-unavailable"
    title = {"zh-CN": "服务暂时不可用", "en": "Temporarily unavailable"}
    detail = {
        "zh-CN": "{service} 服务未连通，没有任何内容被修改，请稍后重试。",
        "en": "Service {service} cannot be reached; nothing was changed. Try again later.",
    }


class NotReady(Problem):
    """Some services do not answer: `services` tells each one's state, `unready` each process's."""

    status = 503
    type = "not-ready"
    title = {"zh-CN": "尚未就绪", "en": "Not ready"}
    detail = {
        "zh-CN": "未就绪的服务：{missing}。",
        "en": "Services not ready: {missing}.",
    }


class UpstreamSlow(Problem):
    """The service did not answer in time."""

    status = 504
    type = "service-slow"
    title = {"zh-CN": "服务未及时答复", "en": "The service did not answer in time"}
    detail = {
        "zh-CN": "{service} 服务可能仍在办理，请用同一 Idempotency-Key 重试。",
        "en": "Service {service} may still act; retry with the same Idempotency-Key.",
    }
