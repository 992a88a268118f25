"""One attempt to deliver a message, without the network: what goes, and what its answer proves."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pydantic_core

from interop_service.exchanges import envelopes, signatures
from interop_service.exchanges.envelopes import ReceiptInvalid, SignedReceipt
from interop_service.exchanges.messages import lacking_in
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.exchanges.signatures import Answer, AnswerUnproven, OutMessage
from tongban_client.messages import Message
from tongban_client.parties import Ourselves, Partner

__all__ = [
    "Attempt",
    "FilesLacking",
    "NotDelivered",
    "Refused",
    "Unproven",
    "open_answer",
    "refusal",
    "sign",
]

PREFIX: Final = "urn:tongban:problem:"


class NotDelivered(Exception):
    """There is no receipt: the message stays with its sender (protocol.md, 5 and 6)."""


class Unproven(NotDelivered):
    """No answer, or none that the partner signed for this request: send the message again."""


class Refused(NotDelivered):
    """The partner's own refusal, or an answer of its that is no receipt."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: int | None) -> None:
        self.status = status
        self.kind = str(problem.get("type", "")).removeprefix(PREFIX)
        """The problem's type, without the common prefix; empty where it is no problem."""
        self.problem = problem
        self.retry_after = retry_after
        """Seconds before which the partner does not want the message again."""
        super().__init__(f"status {status} {self.kind}: {problem.get('detail', '')}")

    @property
    def is_final(self) -> bool:
        """Tell whether the message will never be taken as it is."""
        is_theirs = self.problem.get("fault") == "yours" and self.problem.get("retry") is False
        return 400 <= self.status < 500 and is_theirs


class FilesLacking(NotDelivered):
    """The partner keeps the message until these files are there; then send it again (4.12)."""

    def __init__(self, lacking: Mapping[str, int]) -> None:
        self.lacking = lacking
        """By digest, from which byte on. Empty: all are there, and are examined."""
        super().__init__(f"files lacking: {', '.join(lacking) or 'none, being examined'}")


@dataclass(frozen=True)
class Attempt:
    """A message, signed for one attempt."""

    message: Message
    partner: Partner
    request: OutMessage


def sign(
    message: Message,
    *,
    us: Ourselves,
    partner: Partner,
    at: datetime,
    language: str = "zh-CN",
    checkpoint: str | None = None,
) -> Attempt:
    """Sign a message for one attempt; its id and body are the same in each.

    Raises:
        KeysUnreadable: no key of ours signs by the agreement's suite now.
    """
    headers = {
        "Content-Type": "application/json",
        # The digest is of the bytes that travel: no proxy is to pack the answer.
        "Accept-Encoding": "identity",
        "Accept-Language": language,
        "Tongban-Protocol": PROTOCOL,
        "Tongban-Message-Id": str(message.message_id),
        "Tongban-Sender": us.district,
    }
    if checkpoint is not None:
        headers["Tongban-Checkpoint"] = checkpoint
    request = OutMessage("POST", partner.url(message.path), headers)
    key = us.signer(partner.suite, at=at)
    signatures.sign(request, message.body, key=key, at=at, nonce=secrets.token_urlsafe(24))
    return Attempt(message, partner, request)


def open_answer(
    attempt: Attempt, status: int, headers: Any, content: bytes, *, at: datetime
) -> SignedReceipt:
    """Return the receipt, if the partner answered this very request with it. Keep the receipt.

    Raises:
        Unproven: nothing proves that the answer is the partner's: it is no answer.
        FilesLacking: it is kept, and has no receipt until files are there that it names.
        Refused: it is, but no receipt for this message.
    """
    partner, message = attempt.partner, attempt.message
    keys = partner.keys.signing
    answer = Answer(status, headers, attempt.request)
    try:
        signatures.verify_answer(answer, content, keys=keys, at=at)
    except AnswerUnproven as fault:
        raise Unproven(f"status {status}: {fault}") from None
    if status != 202:
        raise refusal(status, headers, content)
    lacking = lacking_in(content)
    if lacking is not None:
        raise FilesLacking(lacking)
    try:
        return envelopes.open_receipt(
            content,
            keys=keys,
            by=partner.district,
            message_id=message.message_id,
            exchange_id=message.exchange_id,
            body=message.body,
        )
    except ReceiptInvalid as fault:
        raise Refused(status, {"detail": str(fault)}, None) from None


def refusal(status: int, headers: Mapping[str, str], content: bytes) -> Refused:
    """Return what a proven answer says that is not what was asked for."""
    return Refused(status, _problem(content), _seconds(headers.get("Retry-After")))


def _problem(content: bytes) -> dict[str, Any]:
    try:
        problem = pydantic_core.from_json(content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _seconds(field: str | None) -> int | None:
    return int(field) if field is not None and field.isdecimal() else None
