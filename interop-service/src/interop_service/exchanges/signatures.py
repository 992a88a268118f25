"""Signing and verifying messages and their answers: RFC 9421, over bodies digested by RFC 9530.

What must be covered is fixed here, not chosen by a caller;
with which algorithm the key tells (`suites`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from http_message_signatures.exceptions import HTTPMessageSignaturesException, InvalidSignature

from interop_service.errors import DigestMismatch, MessageExpired, SignatureInvalid
from interop_service.exchanges.signing import KeyResolver, Reader, Signer, Verifier, algorithm
from interop_service.suites import (
    ALGORITHMS,
    PrivateKey,
    PublicKey,
    Suite,
    content_digest,
    is_content,
)

__all__ = [
    "ANSWER_COMPONENTS",
    "ANSWER_TAG",
    "BOUND_COMPONENTS",
    "CHECKPOINT",
    "COMPONENTS",
    "TAG",
    "WINDOW",
    "Answer",
    "AnswerUnproven",
    "Origin",
    "OutMessage",
    "Proof",
    "RequestUnproven",
    "SignedRequest",
    "key_id_of",
    "sign",
    "sign_answer",
    "suite_asked_for",
    "verify",
    "verify_answer",
    "verify_logged",
]

CHECKPOINT: Final = "tongban-checkpoint"
"""The sender's latest signed ledger checkpoint."""
WHERE_THERE: Final = (
    CHECKPOINT,
    "retry-after",
    "upload-offset",
    "upload-length",
    "upload-complete",
)
"""Fields that need not be there; one that is there is covered."""
COMPONENTS: Final = (
    "@method",
    "@authority",
    "@path",
    "@query",
    "content-digest",
    "content-type",
    "tongban-protocol",
    "tongban-message-id",
    "tongban-sender",
)
ANSWER_COMPONENTS: Final = (
    "@status",
    "content-digest",
    "content-type",
    "tongban-protocol",
    "tongban-sender",
)
BOUND_COMPONENTS: Final = (
    *(f'"{component}";req' for component in COMPONENTS),
    '"signature";req;key="tongban"',
)
"""What an answer covers of its request: all that the request covers, and its signature."""
TAG: Final = "tongban-exchange"
ANSWER_TAG: Final = "tongban-answer"
LABEL: Final = "tongban"
WINDOW: Final = timedelta(seconds=300)
SHORTEST_NONCE: Final = 16
LONGEST_NONCE: Final = 128


class Fields(Protocol):
    """Header fields, as the library reads them."""

    def items(self) -> Any: ...

    def __contains__(self, name: object, /) -> bool: ...

    def __getitem__(self, name: str, /) -> str: ...


class SignedRequest(Protocol):
    """What is verified: a request's method, absolute URL and header fields."""

    @property
    def method(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def headers(self) -> Fields: ...


@dataclass
class OutMessage:
    """A request about to be signed and sent; signing adds to its headers."""

    method: str
    url: str
    headers: dict[str, str]


@dataclass
class Answer:
    """An answer to a request: about to be signed, or just come."""

    status_code: int
    headers: Any
    request: SignedRequest


class AnswerUnproven(ValueError):
    """Nothing proves that the partner gave this answer to our request; the message says why."""


@dataclass(frozen=True)
class Proof:
    """What a good signature says besides the message."""

    key_id: str
    nonce: str
    suite: Suite
    checkpoint: str | None


class RequestUnproven(ValueError):
    """A request, as it was kept, is not the sender's; the message says why."""


@dataclass(frozen=True)
class Origin:
    """What a request that was kept proves without its body."""

    sender: str
    message_id: str
    content_digest: str
    """The field, as it was signed."""


def sign(message: OutMessage, body: bytes, *, key: PrivateKey, at: datetime, nonce: str) -> None:
    """Add Content-Digest, Signature-Input and Signature to the message's headers."""
    message.headers["Content-Digest"] = content_digest(key.SUITE, body)
    covered = (*COMPONENTS, *_where_there(message.headers))
    _sign(message, covered, key=key, at=at, nonce=nonce, tag=TAG)


def sign_answer(answer: Answer, body: bytes, *, key: PrivateKey, at: datetime) -> None:
    """Sign an answer so that it is good for its own request alone."""
    answer.headers["Content-Digest"] = content_digest(key.SUITE, body)
    covered = (
        *ANSWER_COMPONENTS,
        *_where_there(answer.headers),
        *_bound_of(answer.request),
    )
    nonce = _nonce_of(answer.request)
    _sign(answer, covered, key=key, at=at, nonce=nonce, tag=ANSWER_TAG)


def verify(
    request: SignedRequest, body: bytes, *, keys: Mapping[str, PublicKey], at: datetime
) -> Proof:
    """Return what the signature proves, made by one of the sender's `keys` at about `at`.

    Raises:
        SignatureInvalid: it is missing, covers too little, or was not made by that key.
        MessageExpired: it is good, but not now.
        DigestMismatch: it is good, but for another body.
    """
    try:
        key, covered, parameters = _verify(request, keys, tag=TAG, components=COMPONENTS, at=at)
    except HTTPMessageSignaturesException as fault:
        raise SignatureInvalid(reason=str(fault)) from None
    _check_times(parameters, at)
    if not is_content(key.SUITE, covered['"content-digest"'], body):
        raise DigestMismatch(algorithm=key.algorithm.digest)
    return _proof(key, covered, parameters)


def verify_answer(
    answer: Answer, body: bytes, *, keys: Mapping[str, PublicKey], at: datetime
) -> Proof:
    """Return what an answer's signature proves: the partner's, for this very request.

    Its times are not looked at: it is bound to the request's nonce, so it is no older than that.

    Raises:
        AnswerUnproven: it is not the partner's, for another request, or altered.
    """
    components = (*ANSWER_COMPONENTS, *BOUND_COMPONENTS)
    try:
        key, covered, parameters = _verify(
            answer, keys, tag=ANSWER_TAG, components=components, at=at
        )
    except HTTPMessageSignaturesException as fault:
        raise AnswerUnproven(str(fault)) from None
    if parameters["nonce"] != _nonce_of(answer.request):
        raise AnswerUnproven("the answer's nonce is not its request's")
    if not is_content(key.SUITE, covered['"content-digest"'], body):
        raise AnswerUnproven("the body is not the one that was digested")
    return _proof(key, covered, parameters)


def verify_logged(request: OutMessage, *, keys: Mapping[str, PublicKey]) -> Origin:
    """Return who signed a request that was kept, and for which body; its times are its own.

    Raises:
        RequestUnproven: it is not by one of these keys, or altered.
    """
    parameters = _parameters_of(request)
    try:
        at = datetime.fromtimestamp(int(parameters.get("created", 0)), UTC)
        _, covered, _ = _verify(request, keys, tag=TAG, components=COMPONENTS, at=at)
    except (HTTPMessageSignaturesException, ValueError, TypeError) as fault:
        raise RequestUnproven(str(fault)) from None
    return Origin(
        sender=covered['"tongban-sender"'],
        message_id=covered['"tongban-message-id"'],
        content_digest=covered['"content-digest"'],
    )


def key_id_of(request: SignedRequest) -> str:
    """Return the key by which a request says it is signed; whether it is, `verify` tells."""
    return str(_parameters_of(request).get("keyid"))


def suite_asked_for(request: SignedRequest) -> Suite | None:
    """Return the suite by which a request says it is signed; whether it is, `verify` tells."""
    named = _parameters_of(request).get("alg")
    return next((suite for suite in Suite if ALGORITHMS[suite].signature == named), None)


def _sign(
    message: OutMessage | Answer,
    covered: tuple[str, ...],
    *,
    key: PrivateKey,
    at: datetime,
    nonce: str,
    tag: str,
) -> None:
    signer = Signer(
        signature_algorithm=algorithm(key.SUITE), key_resolver=KeyResolver({key.key_id: key})
    )
    signer.sign_by(
        key,
        message,
        created=at,
        expires=at + WINDOW,
        nonce=nonce,
        label=LABEL,
        tag=tag,
        covered_component_ids=covered,
    )


def _verify(
    message: SignedRequest | Answer,
    keys: Mapping[str, PublicKey],
    *,
    tag: str,
    components: tuple[str, ...],
    at: datetime,
) -> tuple[PublicKey, Mapping[str, str], Mapping[str, Any]]:
    """Verify the one signature with our tag and return its key, components and parameters."""
    parameters = _parameters_of(message)
    key = keys.get(str(parameters.get("keyid")))
    if key is None:
        raise InvalidSignature("the signature is missing, or by an unknown key")
    if not key.is_valid(at):
        raise InvalidSignature("the key is not valid now")
    if parameters.get("alg") != key.algorithm.signature:
        raise InvalidSignature(f"alg must be {key.algorithm.signature}")
    verifier = Verifier(
        signature_algorithm=algorithm(key.SUITE), key_resolver=KeyResolver({key.key_id: key})
    )
    selection: Mapping[str, Any] = {"max_age": None, "expect_tag": tag, "expect_label": LABEL}
    (found,) = verifier.verify(message, **selection)
    required = (*components, *_where_there(message.headers))
    if not {_written(one) for one in required} <= found.covered_components.keys():
        # Not as we write them: the library knows whether they are the same, and says what lacks.
        (found,) = verifier.verify(message, **selection, require_components=required)
    _check_parameters(found.parameters)
    return key, found.covered_components, found.parameters


def _written(component: str) -> str:
    return component if component.startswith('"') else f'"{component}"'


def _proof(key: PublicKey, covered: Mapping[str, str], parameters: Mapping[str, Any]) -> Proof:
    return Proof(
        key_id=key.key_id,
        nonce=str(parameters["nonce"]),
        suite=key.SUITE,
        checkpoint=covered.get(f'"{CHECKPOINT}"'),
    )


def _where_there(headers: Fields) -> tuple[str, ...]:
    there = {name.lower() for name, _ in headers.items()}
    return tuple(name for name in WHERE_THERE if name in there)


def _bound_of(request: SignedRequest) -> tuple[str, ...]:
    """What there is to cover of a request: a faulty one may lack a field, and be told so."""
    there = {name.lower() for name, _ in request.headers.items()}
    if not _parameters_of(request):
        there.discard("signature")  # there is none with our label
    names = {component: component.split('"')[1] for component in BOUND_COMPONENTS}
    return tuple(
        component for component, name in names.items() if name.startswith("@") or name in there
    )


def _nonce_of(request: SignedRequest) -> str:
    nonce = _parameters_of(request).get("nonce")
    return nonce if isinstance(nonce, str) else ""


def _parameters_of(message: SignedRequest | Answer) -> Mapping[str, Any]:
    """What the signature with our label says of itself, not yet verified; nothing without one."""
    try:
        inputs = Reader.read(message, "signature-input")
        signatures = Reader.read(message, "signature")
    except (ValueError, TypeError, HTTPMessageSignaturesException):
        return {}
    if LABEL not in inputs or LABEL not in signatures:
        return {}
    parameters: Mapping[str, Any] = inputs[LABEL].params
    return parameters


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    nonce = parameters.get("nonce")
    if not isinstance(nonce, str) or not SHORTEST_NONCE <= len(nonce) <= LONGEST_NONCE:
        raise InvalidSignature(f"nonce of {SHORTEST_NONCE} to {LONGEST_NONCE} characters")
    for name in ("created", "expires"):
        if not isinstance(parameters.get(name), int):
            raise InvalidSignature(f"{name} is missing")


def _check_times(parameters: Mapping[str, Any], at: datetime) -> None:
    created, expires, now = parameters["created"], parameters["expires"], at.timestamp()
    window = WINDOW.total_seconds()
    if abs(now - created) > window or now > expires or not 0 < expires - created <= window:
        raise MessageExpired(created=created, expires=expires, received=int(now))
