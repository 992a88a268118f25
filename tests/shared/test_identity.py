"""Tokens: what is refused, and how rotated keys are found."""

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from tongban import identity
from tongban.identity import ForeignDistrict, Role, TokenRefused, Verifier
from tongban.testing.district import TestDistrict


@pytest.fixture
def home(tmp_path: Any) -> TestDistrict:
    return TestDistrict(tmp_path / "home")


def verifier_of(home: TestDistrict) -> Verifier:
    return Verifier(
        issuer=home.issuer, audience="tongban", jwks_url=home.jwks_url, district=home.code
    )


async def test_a_good_token_names_its_caller(home: TestDistrict) -> None:
    token = home.token("clerk", "helper", subject="clerk-7", site="hitech-hall", name="李敏")

    caller = await verifier_of(home).verify(token)

    assert (caller.subject, caller.site_id, caller.name) == ("clerk-7", "hitech-hall", "李敏")
    assert caller.roles == {Role.CLERK, Role.HELPER}
    assert caller.is_staff


async def test_unknown_roles_are_left_out(home: TestDistrict) -> None:
    caller = await verifier_of(home).verify(home.token("citizen", "emperor"))

    assert caller.roles == {Role.CITIZEN}
    assert not caller.is_staff


async def test_alg_none_is_refused(home: TestDistrict) -> None:
    header, payload, _signature = home.token("admin").split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")

    with pytest.raises(TokenRefused):
        await verifier_of(home).verify(f"{none}.{payload}.")
    assert header


async def test_a_symmetric_signature_with_the_public_key_is_refused(home: TestDistrict) -> None:
    secret = OctKey.import_key(json.dumps(home.signing_key.as_dict(private=False)).encode())
    claims = {
        "iss": home.issuer,
        "aud": "tongban",
        "sub": "x",
        "exp": 9999999999,
        "roles": ["admin"],
        "district": home.code,
    }
    forged = jwt.encode({"alg": "HS256"}, claims, secret, algorithms=["HS256"])

    with pytest.raises(TokenRefused):
        await verifier_of(home).verify(forged)


async def test_a_foreign_key_under_a_known_name_is_refused(home: TestDistrict) -> None:
    foreign = OKPKey.generate_key("Ed25519", {"kid": "test-1"})

    with pytest.raises(TokenRefused) as refusal:
        await verifier_of(home).verify(home.token("admin", key=foreign))

    assert refusal.value.facts["reason"] == "signature"


async def test_a_rotated_key_is_found_without_a_restart(
    home: TestDistrict, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = verifier_of(home)
    await verifier.verify(home.token("clerk"))
    newer = OKPKey.generate_key("Ed25519", {"kid": "test-2", "use": "sig"})
    home.publish_jwks(home.signing_key, newer)
    monkeypatch.setattr(identity, "JWKS_RETRY_SECONDS", 0)

    caller = await verifier.verify(home.token("clerk", key=newer, subject="after-rotation"))

    assert caller.subject == "after-rotation"


async def test_a_forged_token_does_not_make_us_fetch_keys_each_time(home: TestDistrict) -> None:
    verifier = verifier_of(home)
    await verifier.verify(home.token("clerk"))
    home.publish_jwks()  # were the keys read again now, the good token below would be refused
    foreign = OKPKey.generate_key("Ed25519", {"kid": "who"})

    with pytest.raises(TokenRefused):
        await verifier.verify(home.token("clerk", key=foreign))

    assert await verifier.verify(home.token("clerk"))


async def test_known_keys_survive_an_outage_of_the_issuer(
    home: TestDistrict, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = verifier_of(home)
    await verifier.verify(home.token("clerk"))
    (home.folder / "jwks.json").unlink()
    monkeypatch.setattr(identity, "JWKS_SECONDS", -1)

    assert await verifier.verify(home.token("clerk"))


async def test_a_token_of_another_district_is_refused(home: TestDistrict) -> None:
    with pytest.raises(ForeignDistrict):
        await verifier_of(home).verify(home.token("clerk", district="610172"))


@pytest.mark.parametrize("rubbish", ["", "x", "a.b", "a.b.c", "a.b.c.d.e", "é.é.é", "." * 50])
async def test_rubbish_is_refused_not_a_crash(home: TestDistrict, rubbish: str) -> None:
    with pytest.raises(TokenRefused):
        await verifier_of(home).verify(rubbish)
