"""Both suites behind one interface: published vectors, a second implementation, refusals."""

import json
from typing import Any

import gmalg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interop.keys_of_both import (
    ED25519_PRIVATE,
    PRIVATE,
    SECRET,
    SM2_PRIVATE,
    SM2_PUBLIC,
    R,
    S,
    X,
    Y,
    base64url,
)
from joserfc import jws
from joserfc.jwk import OKPKey

from interop_service import sm2, suites
from interop_service.keys import KeySetUnusable, PartnerKeys
from interop_service.suites import ALGORITHMS, JwsInvalid, KeyUnusable, PrivateKey, Suite

IDENTITY = b"1234567812345678"


def public(jwk: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name != "d"}


@pytest.fixture(params=Suite)
def key(request: pytest.FixtureRequest) -> PrivateKey:
    suite: Suite = request.param
    return suites.private_key(PRIVATE[suite])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_digests_as_its_standard_does(content: bytes, expected: str) -> None:
    """GB/T 32905, annex A."""
    assert suites.digest(Suite.SM2_SM3, content) == expected


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=150))
def test_a_second_sm3_agrees(content: bytes) -> None:
    other = gmalg.SM3()
    other.update(content)

    assert suites.digest(Suite.SM2_SM3, content) == other.value().hex()


def test_the_standard_s_own_sm2_signature_is_good() -> None:
    signature = bytes.fromhex(R + S)

    assert suites.public_key(SM2_PUBLIC).verify(signature, b"message digest")
    assert not suites.public_key(SM2_PUBLIC).verify(signature, b"message digesT")
    assert sm2.point_of(int(SECRET, 16)) == (int(X, 16), int(Y, 16))


@settings(max_examples=3, deadline=None)
@given(st.binary(max_size=200))
def test_a_second_sm2_takes_our_signatures_and_we_take_its(content: bytes) -> None:
    point = b"\x04" + bytes.fromhex(X + Y)
    other = gmalg.SM2(bytes.fromhex(SECRET), IDENTITY, point)
    ours = suites.private_key(SM2_PRIVATE).sign(content)
    r, s = other.sign(content)

    assert other.verify(content, ours[:32], ours[32:])
    assert suites.public_key(SM2_PUBLIC).verify(r + s, content)


def test_another_content_or_signature_is_refused(key: PrivateKey) -> None:
    verifier = suites.public_key(public(PRIVATE[key.SUITE]))
    signature = key.sign(b"content")
    flipped = bytes([signature[0] ^ 1]) + signature[1:]

    assert len(signature) == 64
    assert verifier.verify(signature, b"content")
    for wrong in (flipped, signature[:-1], signature + b"\0", b"", bytes(64), b"\xff" * 64):
        assert not verifier.verify(wrong, b"content")
    assert not verifier.verify(signature, b"other")


def test_a_private_key_tells_its_public_half(key: PrivateKey) -> None:
    told = key.public_jwk() | {"kid": "k"}

    assert suites.public_key(told).verify(key.sign(b"x"), b"x")


@pytest.mark.parametrize(
    ("jwk", "code"),
    [
        (SM2_PRIVATE, "private_key"),
        (SM2_PUBLIC | {"y": SM2_PUBLIC["x"]}, "malformed"),
        (SM2_PUBLIC | {"x": "AA"}, "malformed"),
        (SM2_PUBLIC | {"x": 5}, "malformed"),
        (SM2_PUBLIC | {"x": SM2_PUBLIC["x"] + "="}, "malformed"),
        (SM2_PUBLIC | {"crv": "P-256"}, "use_or_curve"),
        (SM2_PUBLIC | {"kty": "OKP"}, "use_or_curve"),
        (SM2_PUBLIC | {"kid": "区"}, "no_key_id"),
        (SM2_PUBLIC | {"kid": None}, "no_key_id"),
        (SM2_PUBLIC | {"exp": "tomorrow"}, "lifetime"),
        (SM2_PUBLIC | {"nbf": -1}, "lifetime"),
        (public(ED25519_PRIVATE) | {"x": "AA"}, "malformed"),
    ],
)
def test_a_key_that_can_not_serve_is_refused(jwk: dict[str, Any], code: str) -> None:
    with pytest.raises(KeyUnusable) as refusal:
        suites.public_key(jwk)

    assert refusal.value.code == code


@pytest.mark.parametrize("secret", ["0" * 64, f"{sm2.N - 1:064X}", f"{sm2.N:064X}"])
def test_a_number_outside_the_curve_s_order_is_no_key(secret: str) -> None:
    with pytest.raises(KeyUnusable):
        suites.private_key(SM2_PRIVATE | {"d": base64url(secret)})


def test_without_the_extra_the_sm_suite_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sm2, "IS_INSTALLED", False)

    for read, jwk in ((suites.public_key, SM2_PUBLIC), (suites.private_key, SM2_PRIVATE)):
        with pytest.raises(KeyUnusable, match="suite_missing"):
            read(jwk)


def test_of_a_key_set_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner that offers both suites is reached by the one that both have."""
    encryption = OKPKey.generate_key("X25519").as_dict(private=False)
    offered = [
        public(PRIVATE[Suite.ED25519_SHA256]) | {"use": "sig"},
        SM2_PUBLIC | {"use": "sig"},
        encryption | {"kid": "610172-encryption", "use": "enc"},
    ]
    whole = PartnerKeys.from_jwks({"keys": offered})
    monkeypatch.setattr(sm2, "IS_INSTALLED", False)

    known = PartnerKeys.from_jwks({"keys": offered})

    assert [key.SUITE for key in whole.signing.values()] == list(Suite)
    assert [key.SUITE for key in known.signing.values()] == [Suite.ED25519_SHA256]
    with pytest.raises(KeySetUnusable, match="suite_missing"):
        PartnerKeys.from_jwks({"keys": offered[1:]})


PAYLOAD = {"z": 1, "a": "区", "at": "2020-06-15T01:30:00Z"}


def test_signed_json_is_canonical_and_opens(key: PrivateKey) -> None:
    keys = {key.key_id: suites.public_key(public(PRIVATE[key.SUITE]))}
    token = suites.sign_jws(PAYLOAD, key)

    payload, signer = suites.open_jws(token, keys)

    assert payload.decode() == '{"a":"区","at":"2020-06-15T01:30:00Z","z":1}'
    assert signer.key_id == key.key_id


def test_a_second_jws_reads_the_first_suite() -> None:
    key = suites.private_key(ED25519_PRIVATE)
    other = OKPKey.import_key(public(ED25519_PRIVATE))
    token = suites.sign_jws(PAYLOAD, key)

    assert json.loads(jws.deserialize_compact(token, other, algorithms=["Ed25519"]).payload) == (
        PAYLOAD
    )


def test_jws_that_proves_nothing_is_refused(key: PrivateKey) -> None:
    keys = {key.key_id: suites.public_key(public(PRIVATE[key.SUITE]))}
    token = suites.sign_jws(PAYLOAD, key)
    head, payload, signature = token.split(".")
    other = next(one for one in ALGORITHMS.values() if one is not key.algorithm)

    def header(**changes: Any) -> str:
        claims = {"alg": key.algorithm.jws, "kid": key.key_id, **changes}
        return suites._encode(json.dumps(claims).encode())

    for wrong in (
        "",
        "a.b",
        f"{head}.{payload}.{signature}.x",
        f"{head}.{payload}x.{signature}",
        f"{head}.{payload}.",
        f"{header(alg=other.jws)}.{payload}.{signature}",
        f"{header(alg='none')}.{payload}.",
        f"{header(kid='another')}.{payload}.{signature}",
        f"{header(crit=['b64'], b64=False)}.{payload}.{signature}",
        f"{suites._encode(b'[]')}.{payload}.{signature}",
    ):
        with pytest.raises(JwsInvalid):
            suites.open_jws(wrong, keys)
