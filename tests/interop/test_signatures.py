"""The signatures of a message and of its answer: what they must cover, by whom, and when."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from http_message_signatures.digests import ContentDigest
from hypothesis import given
from hypothesis import strategies as st
from interop.keys_of_both import PRIVATE
from joserfc.jwk import OKPKey

from interop_service import suites
from interop_service.errors import DigestMismatch, MessageExpired, MessageFault, SignatureInvalid
from interop_service.exchanges.signatures import (
    COMPONENTS,
    TAG,
    Answer,
    AnswerUnproven,
    OutMessage,
    Proof,
    sign,
    sign_answer,
    verify,
    verify_answer,
)
from interop_service.suites import PrivateKey, PublicKey, Suite, content_digest

AT = datetime(2020, 6, 15, 1, 30, tzinfo=UTC)
BODY = b'{"exchange_id": "x"}'
NONCE = "n" * 24


def pair(suite: Suite) -> tuple[PrivateKey, dict[str, PublicKey]]:
    key = suites.private_key(PRIVATE[suite] | {"kid": "k"})
    return key, {"k": suites.public_key(key.public_jwk() | {"kid": "k"})}


PAIRS = {suite: pair(suite) for suite in Suite}
KEY, KEYS = PAIRS[Suite.ED25519_SHA256]
SM_KEY, SM_KEYS = PAIRS[Suite.SM2_SM3]


def request() -> OutMessage:
    return OutMessage(
        method="POST",
        url="https://qujiang.example/interop/v2/exchanges",
        headers={
            "Content-Type": "application/json",
            "Tongban-Protocol": "2",
            "Tongban-Message-Id": "01990000-0000-7000-8000-000000000001",
            "Tongban-Sender": "610171",
        },
    )


def signed(
    key: PrivateKey = KEY, *, nonce: str = NONCE, more: Mapping[str, str] | None = None
) -> OutMessage:
    message = request()
    message.headers |= more or {}
    sign(message, BODY, key=key, at=AT, nonce=nonce)
    return message


@pytest.mark.parametrize("suite", Suite)
def test_a_signed_message_is_verified(suite: Suite) -> None:
    key, keys = PAIRS[suite]

    proof = verify(signed(key), BODY, keys=keys, at=AT)

    assert proof == Proof(key_id="k", nonce=NONCE, suite=suite, checkpoint=None)


def test_the_checkpoint_is_covered_and_told() -> None:
    message = signed(more={"Tongban-Checkpoint": "a.b.c"})

    assert verify(message, BODY, keys=KEYS, at=AT).checkpoint == "a.b.c"
    message.headers["Tongban-Checkpoint"] = "a.b.d"
    with pytest.raises(SignatureInvalid):
        verify(message, BODY, keys=KEYS, at=AT)


def test_a_checkpoint_that_was_put_in_on_the_way_is_refused() -> None:
    message = signed()
    message.headers["Tongban-Checkpoint"] = "a.b.c"

    with pytest.raises(SignatureInvalid):
        verify(message, BODY, keys=KEYS, at=AT)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 299, 300])
def test_a_signature_is_good_for_five_minutes_either_way(seconds: int) -> None:
    verify(signed(), BODY, keys=KEYS, at=AT + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-86400, -301, 301, 86400])
def test_outside_its_window_it_is_expired(seconds: int) -> None:
    with pytest.raises(MessageExpired):
        verify(signed(), BODY, keys=KEYS, at=AT + timedelta(seconds=seconds))


@pytest.mark.parametrize("days", [-2, 2])
def test_a_key_outside_its_life_is_refused(days: int) -> None:
    jwk = KEY.public_jwk() | {
        "kid": "k",
        "nbf": int((AT + timedelta(days=days - 1)).timestamp()),
        "exp": int((AT + timedelta(days=days)).timestamp()),
    }

    with pytest.raises(SignatureInvalid):
        verify(signed(), BODY, keys={"k": suites.public_key(jwk)}, at=AT)


@given(st.binary().filter(lambda body: body != BODY))
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(DigestMismatch):
        verify(signed(), body, keys=KEYS, at=AT)


def test_the_other_suite_s_digest_is_refused() -> None:
    message = by_hand(covered=COMPONENTS, digest=content_digest(Suite.SM2_SM3, BODY))

    with pytest.raises(DigestMismatch):
        verify(message, BODY, keys=KEYS, at=AT)


HEADERS = [
    "Content-Type",
    "Tongban-Protocol",
    "Tongban-Message-Id",
    "Tongban-Sender",
    "Content-Digest",
]
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@given(st.sampled_from(HEADERS), VISIBLE)
def test_any_altered_field_is_refused(name: str, value: str) -> None:
    message = signed()
    if message.headers[name] == value:
        return
    message.headers[name] = value

    with pytest.raises(MessageFault):
        verify(message, BODY, keys=KEYS, at=AT)


@pytest.mark.parametrize("name", [*HEADERS, "Signature", "Signature-Input"])
def test_any_missing_field_is_refused(name: str) -> None:
    message = signed()
    del message.headers[name]

    with pytest.raises(SignatureInvalid):
        verify(message, BODY, keys=KEYS, at=AT)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("PUT", "https://qujiang.example/interop/v2/exchanges"),
        ("POST", "https://ankang.example/interop/v2/exchanges"),
        ("POST", "https://qujiang.example:8443/interop/v2/exchanges"),
        ("POST", "https://qujiang.example/interop/v2/keys"),
        ("POST", "https://qujiang.example/interop/v2/exchanges?dry_run=true"),
        ("POST", "https://qujiang.example/interop/v2//exchanges"),
    ],
)
def test_another_target_is_refused(method: str, url: str) -> None:
    message = signed()
    message.method, message.url = method, url

    with pytest.raises(SignatureInvalid):
        verify(message, BODY, keys=KEYS, at=AT)


@given(st.sampled_from(["created", "expires", "nonce", "keyid", "alg", "tag"]), VISIBLE)
def test_any_altered_parameter_is_refused(name: str, value: str) -> None:
    message = signed()
    before = message.headers["Signature-Input"]
    text = value.replace("\\", "").replace('"', "")
    parts = [
        f'{name}="{text}"' if part.startswith(f"{name}=") else part for part in before.split(";")
    ]
    message.headers["Signature-Input"] = ";".join(parts)
    if message.headers["Signature-Input"] == before:
        return

    with pytest.raises(MessageFault):
        verify(message, BODY, keys=KEYS, at=AT)


def test_another_key_under_the_same_id_is_refused() -> None:
    other = suites.private_key(OKPKey.generate_key("Ed25519").as_dict(private=True) | {"kid": "k"})

    for keys in ({"k": suites.public_key(other.public_jwk() | {"kid": "k"})}, SM_KEYS, {}):
        with pytest.raises(SignatureInvalid):
            verify(signed(), BODY, keys=keys, at=AT)


@pytest.mark.parametrize("left_out", COMPONENTS)
def test_a_signature_that_covers_too_little_is_refused(left_out: str) -> None:
    covered = tuple(component for component in COMPONENTS if component != left_out)
    message = by_hand(covered=covered)

    with pytest.raises(SignatureInvalid):
        verify(message, BODY, keys=KEYS, at=AT)


@pytest.mark.parametrize(
    "changes",
    [
        {"tag": "another-application"},
        {"tag": None},
        {"nonce": None},
        {"nonce": "short"},
        {"expires": None},
        {"include_alg": False},
        {"label": "another"},
    ],
)
def test_a_signature_without_its_parameters_is_refused(changes: dict[str, Any]) -> None:
    message = by_hand(covered=COMPONENTS, **changes)

    with pytest.raises(SignatureInvalid):
        verify(message, BODY, keys=KEYS, at=AT)


def test_a_signature_may_not_last_longer_than_the_window() -> None:
    message = by_hand(covered=COMPONENTS, expires=AT + timedelta(days=1))

    with pytest.raises(MessageExpired):
        verify(message, BODY, keys=KEYS, at=AT)


def by_hand(*, covered: tuple[str, ...], digest: str | None = None, **changes: Any) -> OutMessage:
    """Signed by the library's own Ed25519, with whatever it is told."""
    message = signed()
    del message.headers["Signature"], message.headers["Signature-Input"]
    if digest is not None:
        message.headers["Content-Digest"] = digest
    private = OKPKey.import_key(PRIVATE[Suite.ED25519_SHA256]).private_key
    assert isinstance(private, Ed25519PrivateKey)
    resolver = MappingKeyResolver(public_keys={}, private_keys={"k": private})
    values = {
        "created": AT,
        "expires": AT + timedelta(minutes=5),
        "nonce": NONCE,
        "label": "tongban",
        "tag": TAG,
        **changes,
    }
    signer = HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=resolver)
    signer.content_digest_class = AnyDigest
    signer.sign(message, key_id="k", covered_component_ids=covered, **values)
    return message


class AnyDigest(ContentDigest):
    """Signs a digest that the library does not know."""

    @classmethod
    def prepare(cls, headers: Any, body: Any, *, use_existing_digest: bool) -> None:
        pass


ANSWER = b'{"receipt": "x"}'


def answered(
    to: OutMessage,
    key: PrivateKey = KEY,
    *,
    status: int = 202,
    more: Mapping[str, str] | None = None,
) -> Answer:
    answer = Answer(
        202,
        {
            "content-type": "application/json",
            "tongban-protocol": "2",
            "tongban-sender": "610172",
            **(more or {}),
        },
        to,
    )
    sign_answer(answer, ANSWER, key=key, at=AT)
    return answer


@pytest.mark.parametrize("suite", Suite)
def test_an_answer_is_proven_for_its_request(suite: Suite) -> None:
    key, keys = PAIRS[suite]
    answer = answered(signed(key), key, more={"tongban-checkpoint": "a.b.c"})

    proof = verify_answer(answer, ANSWER, keys=keys, at=AT)

    assert proof == Proof(key_id="k", nonce=NONCE, suite=suite, checkpoint="a.b.c")


def test_a_partner_s_clock_does_not_matter_to_an_answer() -> None:
    answer = answered(signed())

    verify_answer(answer, ANSWER, keys=KEYS, at=AT + timedelta(minutes=10))


def other_nonce(answer: Answer) -> None:
    answer.request = signed(nonce="m" * 24)


def other_signer_s_request(answer: Answer) -> None:
    answer.request = signed(SM_KEY)


def other_message(answer: Answer) -> None:
    answer.request = signed(more={"Tongban-Message-Id": "01990000-0000-7000-8000-000000000002"})


def other_target(answer: Answer) -> None:
    message = request()
    message.url += "/x"
    sign(message, BODY, key=KEY, at=AT, nonce=NONCE)
    answer.request = message


def other_request_body(answer: Answer) -> None:
    message = request()
    sign(message, b"{}", key=KEY, at=AT, nonce=NONCE)
    answer.request = message


def other_status(answer: Answer) -> None:
    answer.status_code = 200


def other_sender(answer: Answer) -> None:
    answer.headers["tongban-sender"] = "610302"


def put_off(answer: Answer) -> None:
    answer.headers["retry-after"] = "3600"


def no_signature(answer: Answer) -> None:
    del answer.headers["Signature"]


def bound_to_nothing(answer: Answer) -> None:
    bare = OutMessage("POST", "https://qujiang.example/interop/v2/exchanges", {})
    answer.headers = answered(bare).headers


@pytest.mark.parametrize(
    "change",
    [
        other_nonce,
        other_signer_s_request,
        other_message,
        other_target,
        other_request_body,
        other_status,
        other_sender,
        put_off,
        no_signature,
        bound_to_nothing,
    ],
    ids=lambda change: change.__name__,
)
def test_an_answer_to_another_request_or_altered_proves_nothing(
    change: Callable[[Answer], None],
) -> None:
    answer = answered(signed())
    change(answer)

    with pytest.raises(AnswerUnproven):
        verify_answer(answer, ANSWER, keys=KEYS, at=AT)


@pytest.mark.parametrize("keys", [{}, SM_KEYS], ids=["unknown", "other suite"])
def test_an_answer_by_another_key_proves_nothing(keys: dict[str, PublicKey]) -> None:
    with pytest.raises(AnswerUnproven):
        verify_answer(answered(signed()), ANSWER, keys=keys, at=AT)


def test_an_answer_with_another_body_proves_nothing() -> None:
    with pytest.raises(AnswerUnproven):
        verify_answer(answered(signed()), b"{}", keys=KEYS, at=AT)


def test_a_request_is_no_answer_and_an_answer_no_request() -> None:
    message = signed()
    answer = Answer(202, dict(message.headers), message)

    with pytest.raises(AnswerUnproven):
        verify_answer(answer, BODY, keys=KEYS, at=AT)


@dataclass
class Published:
    """RFC 9421, B.2: the request of the test vectors."""

    method: str = "POST"
    url: str = "https://example.com/foo?param=Value&Pet=dog"
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "Host": "example.com",
            "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "Content-Type": "application/json",
            "Content-Length": "18",
        }
    )


def test_the_rfc_s_own_ed25519_signature_is_made_again() -> None:
    """RFC 9421, B.2.6: Ed25519 signs alike each time, so our library must sign as the RFC does."""
    seed = base64.urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU=")
    private = Ed25519PrivateKey.from_private_bytes(seed)
    resolver = MappingKeyResolver(public_keys={}, private_keys={"test-key-ed25519": private})
    message = Published()

    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=resolver).sign(
        message,
        key_id="test-key-ed25519",
        created=datetime.fromtimestamp(1618884473, UTC),
        label="sig-b26",
        include_alg=False,
        covered_component_ids=(
            "date",
            "@method",
            "@path",
            "@authority",
            "content-type",
            "content-length",
        ),
    )

    assert message.headers["Signature"] == (
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lI"
        "p5WPpBKRCw==:"
    )
    public = base64.urlsafe_b64decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=")
    assert private.public_key() == Ed25519PublicKey.from_public_bytes(public)
