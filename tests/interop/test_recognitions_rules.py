"""Whether a partner's document counts here, and the seal that says who issued it."""

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from joserfc import jws
from joserfc.jwk import OKPKey

from interop_service.recognitions.rules import (
    DocumentKind,
    Objection,
    RecognitionState,
    objections,
    state_of,
)
from interop_service.recognitions.seals import seal_fault

SEAL = OKPKey.generate_key("Ed25519", {"kid": "610172-seal"})
OTHER = OKPKey.generate_key("Ed25519", {"kid": "610172-seal"})
DOCUMENT: dict[str, Any] = {
    "number": "6101722020061500000025-1",
    "kind": "notice",
    "issued_by": {"district": "610172", "body": "税务局"},
    "facts": {"outcome": "granted"},
}
GOOD: dict[str, Any] = {
    "kind": DocumentKind.NOTICE,
    "issuer": "610172",
    "owner": "610172",
    "agreed_kinds": ["notice"],
    "seal_fault": None,
}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, ()),
        ({"seal_fault": Objection.SEAL_BROKEN}, (Objection.SEAL_BROKEN,)),
        ({"issuer": "610302"}, (Objection.OTHER_ISSUER,)),
        ({"agreed_kinds": []}, (Objection.NOT_AGREED,)),
        ({"kind": DocumentKind.LICENCE}, (Objection.NOT_AGREED,)),
        (
            {"issuer": "610302", "agreed_kinds": [], "seal_fault": Objection.NO_SEAL},
            (Objection.NO_SEAL, Objection.OTHER_ISSUER, Objection.NOT_AGREED),
        ),
    ],
)
def test_every_objection_is_told(changes: dict[str, Any], found: tuple[Objection, ...]) -> None:
    assert objections(**{**GOOD, **changes}) == found


@pytest.mark.parametrize("objection", Objection)
def test_one_objection_is_enough_to_refuse(objection: Objection) -> None:
    assert state_of([objection]) is RecognitionState.REFUSED
    assert state_of([]) is RecognitionState.RECOGNISED


def sealed(document: dict[str, Any], key: OKPKey = SEAL, **payload: Any) -> dict[str, Any]:
    digest = hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    content = json.dumps({"number": document["number"], "sha256": digest, **payload})
    token = jws.serialize_compact({"alg": "Ed25519"}, content, key, algorithms=["Ed25519"])
    return document | {"seal": token}


SEALED = sealed(DOCUMENT)


@pytest.mark.parametrize(
    ("document", "seals", "fault"),
    [
        (SEALED, {"a": SEAL}, None),
        (SEALED, {"a": OTHER, "b": SEAL}, None),
        (dict(reversed(SEALED.items())), {"a": SEAL}, None),
        (DOCUMENT, {"a": SEAL}, Objection.NO_SEAL),
        (SEALED | {"seal": 5}, {"a": SEAL}, Objection.NO_SEAL),
        (SEALED, {}, Objection.UNKNOWN_SEAL),
        (SEALED, {"a": OTHER}, Objection.SEAL_BROKEN),
        (SEALED | {"number": "other"}, {"a": SEAL}, Objection.SEAL_BROKEN),
        (SEALED | {"facts": {"outcome": "denied"}}, {"a": SEAL}, Objection.SEAL_BROKEN),
        (SEALED | {"more": "words"}, {"a": SEAL}, Objection.SEAL_BROKEN),
        (SEALED | {"seal": "not.a.jws"}, {"a": SEAL}, Objection.SEAL_BROKEN),
        (SEALED | {"facts": {"big": 2**60}}, {"a": SEAL}, Objection.MALFORMED),
        (sealed(DOCUMENT, number="another"), {"a": SEAL}, Objection.SEAL_BROKEN),
    ],
)
def test_the_seal_is_checked_by_the_issuer_s_keys(
    document: dict[str, Any], seals: dict[str, OKPKey], fault: Objection | None
) -> None:
    assert seal_fault(document, seals) is fault
