"""Holds what came back to the protocol: status, problem, receipt, and the answer's signature."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from interop_service.exchanges import envelopes, signatures
from interop_service.exchanges.envelopes import ReceiptInvalid
from interop_service.exchanges.messages import lacking_in
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.exchanges.signatures import Answer, AnswerUnproven
from tongban.clock import Clock
from tongban.problems import MEDIA_TYPE
from tongban_client.conformance.drafts import Request
from tongban_client.conformance.shapes import Refused, Text
from tongban_client.parties import Partner

__all__ = ["Finding", "Got", "Judge", "Lost"]

PREFIX: Final = "urn:tongban:problem:"
TOLD: Final = ("detail", "reason", "reasons", "errors")
"""What a problem says besides its type."""


@dataclass(frozen=True)
class Finding(Text):
    """What is not as the protocol asks."""


@dataclass(frozen=True)
class Got:
    """An answer, as it came."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def receipt_signature(self) -> str:
        """The receipt's signature, as the answer has it; empty where it has none."""
        return str(_object(self.content).get("signature", ""))


@dataclass(frozen=True)
class Lost:
    """No answer; the text says why."""

    why: str


@dataclass(frozen=True)
class Judge:
    """Knows the district that answers, by its keys."""

    partner: Partner
    clock: Clock

    def taken(
        self, request: Request, got: Got | Lost, *, same_as: str | None = None
    ) -> list[Finding]:
        """Hold an answer to 202 and the receipt for its message, `same_as` word by word (3.6)."""
        if isinstance(got, Lost):
            return [_lost(got)]
        found = self._unproven(request, got)
        if got.status != 202:
            return [*found, _another_status(got, "202")]
        draft = request.draft
        try:
            signed = envelopes.open_receipt(
                got.content,
                keys=self.partner.keys.signing,
                by=self.partner.district,
                message_id=draft.message_id,
                exchange_id=draft.exchange_id,
                body=request.body,
            )
        except ReceiptInvalid as fault:
            return [*found, Finding(f"回执无效：{fault}", f"the receipt is not good: {fault}")]
        if same_as is not None and signed.signature != same_as:
            found.append(Finding("第二次的回执与第一次不同", "the second receipt is another one"))
        return found

    def awaited(
        self, request: Request, got: Got | Lost, *, lacking: dict[str, int]
    ) -> list[Finding]:
        """Hold an answer to 202 without a receipt, that tells what is lacking (4.12)."""
        if isinstance(got, Lost):
            return [_lost(got)]
        found = self._unproven(request, got)
        if got.status != 202:
            return [*found, _another_status(got, "202")]
        told = lacking_in(got.content)
        if told != lacking:
            found.append(
                Finding(f"lacking 为 {told}，应为 {lacking}", f"lacking is {told}, not {lacking}")
            )
        return found

    def reached(
        self, request: Request, got: Got | Lost, *, status: int, offset: int, is_whole: bool
    ) -> list[Finding]:
        """Hold an answer to what it says of a file (4.12)."""
        if isinstance(got, Lost):
            return [_lost(got)]
        found = self._unproven(request, got)
        if got.status != status:
            return [*found, _another_status(got, str(status))]
        said = {"Upload-Offset": str(offset), "Upload-Complete": "?1" if is_whole else "?0"}
        return found + [
            Finding(
                f"{name} 为 {got.headers.get(name)}，应为 {value}",
                f"{name} is {got.headers.get(name)}, not {value}",
            )
            for name, value in said.items()
            if got.headers.get(name) != value
        ]

    def refused(self, request: Request, got: Got | Lost, refusal: Refused) -> list[Finding]:
        """Hold an answer to one of the problems that are expected (6)."""
        if isinstance(got, Lost):
            return [_lost(got)]
        found = self._unproven(request, got) if refusal.is_bound else []
        expected = {(fault.status, fault.type): fault for fault in refusal.faults}
        problem = _object(got.content)
        kind = str(problem.get("type", "")).removeprefix(PREFIX)
        fault = expected.get((got.status, kind))
        if fault is None:
            words = " / ".join(f"{status} {kind}" for status, kind in expected)
            return [*found, _another_status(got, words)]
        media_type = got.headers.get("Content-Type", "").partition(";")[0]
        said: dict[str, tuple[Any, Any]] = {
            "Content-Type": (media_type, MEDIA_TYPE),
            "fault": (problem.get("fault"), fault.fault),
            "retry": (problem.get("retry"), fault.retry),
        }
        return found + [
            Finding(f"{name} 为 {one!r}，应为 {other!r}", f"{name} is {one!r}, not {other!r}")
            for name, (one, other) in said.items()
            if one != other
        ]

    def _unproven(self, request: Request, got: Got) -> list[Finding]:
        """What is wrong with the answer's own signature (3.4)."""
        answer = Answer(got.status, got.headers, request.message)
        keys = self.partner.keys.signing
        try:
            signatures.verify_answer(answer, got.content, keys=keys, at=self.clock())
        except AnswerUnproven as fault:
            return [
                Finding(
                    f"应答没有签名，或未与请求绑定（3.4）：{fault}",
                    f"the answer is not signed, or not bound to its request (3.4): {fault}",
                )
            ]
        fields = {"Tongban-Sender": self.partner.district, "Tongban-Protocol": PROTOCOL}
        return [
            Finding(f"应答的 {name} 不是 {value}", f"the answer's {name} is not {value}")
            for name, value in fields.items()
            if got.headers.get(name) != value
        ]


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _lost(lost: Lost) -> Finding:
    return Finding(f"没有应答：{lost.why}", f"no answer: {lost.why}")


def _another_status(got: Got, expected: str) -> Finding:
    problem = _object(got.content)
    kind = str(problem.get("type", "")).removeprefix(PREFIX)
    told = f"{got.status} {kind}".strip()
    words = {name: problem[name] for name in TOLD if name in problem}
    detail = json.dumps(words, ensure_ascii=False)[:300] if words else ""
    return Finding(
        f"应答为 {told}，应为 {expected} {detail}".rstrip(),
        f"the answer is {told}, not {expected} {detail}".rstrip(),
    )
