"""The signature of a message: what it must cover, by whom, and when."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from interop_service.errors import DigestMismatch, MessageExpired, MessageFault, SignatureInvalid
from interop_service.exchanges.signatures import COMPONENTS, TAG, OutMessage, sign, verify

KEY = OKPKey.generate_key("Ed25519")
KEYS = {"k": KEY}
AT = datetime(2020, 6, 15, 1, 30, tzinfo=UTC)
BODY = b'{"exchange_id": "x"}'
NONCE = "n" * 24


def signed(**changes: Any) -> OutMessage:
    message = OutMessage(
        method="POST",
        url="https://qujiang.example/api/v1/exchanges",
        headers={
            "Content-Type": "application/json",
            "Tongban-Message-Id": "01990000-0000-7000-8000-000000000001",
            "Tongban-Sender": "610171",
        },
    )
    values: dict[str, Any] = {"key": KEY, "key_id": "k", "at": AT, "nonce": NONCE, **changes}
    sign(message, BODY, **values)
    return message


def test_a_signed_message_is_verified() -> None:
    proof = verify(signed(), BODY, keys=KEYS, at=AT)

    assert (proof.key_id, proof.nonce) == ("k", NONCE)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 299, 300])
def test_a_signature_is_good_for_five_minutes_either_way(seconds: int) -> None:
    verify(signed(), BODY, keys=KEYS, at=AT + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-86400, -301, 301, 86400])
def test_outside_its_window_it_is_expired(seconds: int) -> None:
    with pytest.raises(MessageExpired):
        verify(signed(), BODY, keys=KEYS, at=AT + timedelta(seconds=seconds))


@given(st.binary().filter(lambda body: body != BODY))
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(DigestMismatch):
        verify(signed(), body, keys=KEYS, at=AT)


HEADERS = ["Content-Type", "Tongban-Message-Id", "Tongban-Sender", "Content-Digest"]
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
        ("PUT", "https://qujiang.example/api/v1/exchanges"),
        ("POST", "https://ankang.example/api/v1/exchanges"),
        ("POST", "https://qujiang.example:8443/api/v1/exchanges"),
        ("POST", "https://qujiang.example/api/v1/exchanges/keys"),
        ("POST", "https://qujiang.example/api/v1/exchanges?dry_run=true"),
        ("POST", "https://qujiang.example/api/v1//exchanges"),
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
    with pytest.raises(SignatureInvalid):
        verify(signed(), BODY, keys={"k": OKPKey.generate_key("Ed25519")}, at=AT)


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


def by_hand(*, covered: tuple[str, ...], **changes: Any) -> OutMessage:
    """Signed by the library itself, with whatever it is told."""
    message = signed()
    del message.headers["Signature"], message.headers["Signature-Input"]
    private = KEY.private_key
    assert isinstance(private, Ed25519PrivateKey)
    resolver = MappingKeyResolver(public_keys={}, private_keys={"k": private})
    values = {
        "created": AT,
        "expires": AT + timedelta(minutes=5),
        "nonce": NONCE,
        "tag": TAG,
        **changes,
    }
    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=resolver).sign(
        message, key_id="k", covered_component_ids=covered, use_existing_digest=True, **values
    )
    return message


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
