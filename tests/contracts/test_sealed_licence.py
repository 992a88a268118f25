"""The e-licence as case-service seals it is what interop-service hands over and takes."""

import json
from datetime import date
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from case_service.documents.rules import digest_of, sealed
from case_service.licences.rules import compose
from case_service.licences.schemas import SealedLicence
from interop_service.once_only import documents
from interop_service.recognitions.rules import DocumentKind, Objection
from interop_service.recognitions.seals import SealedDocument

ISSUER = "610172"
KEY = OKPKey.generate_key("Ed25519")
SEALS = {"610172-seal": KEY}


def composed() -> dict[str, Any]:
    return compose(
        number="610172-ZZ-2020-000045",
        verification_code="ABCDEFGHJKLM",
        licence_type="business_licence",
        name="营业执照",
        district=ISSUER,
        body="西安曲江新区市场监督管理局",
        case_number="6101722020061500000025",
        holder={"name": "西安黄先生文化传播有限公司", "credit_code": "91610133MA6TX0000X"},
        valid_from=date(2020, 6, 15),
        valid_until=date(2030, 6, 14),
        status={
            "status_list": {"idx": 45, "uri": "https://qujiang/api/v1/licences/status-lists/0"}
        },
    )


def sealed_by_issuer(content: dict[str, Any]) -> dict[str, Any]:
    payload = json.dumps({"number": content["number"], "sha256": digest_of(content)})
    return sealed(content, jws.serialize_compact({"alg": "Ed25519"}, payload, KEY, ["Ed25519"]))


def before_it_told_its_kind(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != "kind"}


@pytest.mark.parametrize("shape", [dict, before_it_told_its_kind])
def test_a_sealed_licence_is_evidence_and_recognised_as_a_licence(shape: Any) -> None:
    # As GET /api/v1/licences/{id} answers it, which is where the provider's staff take it from.
    answered = SealedLicence.model_validate(sealed_by_issuer(shape(composed())))
    licence = json.loads(answered.model_dump_json())

    assert documents.fault_of(licence, issuer=ISSUER, seals=SEALS) is None
    preview = documents.preview_of(licence)
    assert (preview.kind, preview.name) == ("licence", "营业执照")
    assert preview.number == "6101*************0045"
    assert preview.sha256 == documents.digest_of(licence)
    assert SealedDocument.model_validate(licence).kind == DocumentKind.LICENCE


def test_one_letter_more_and_it_is_none() -> None:
    licence = sealed_by_issuer(composed()) | {"name": "营业执照 "}

    assert documents.fault_of(licence, issuer=ISSUER, seals=SEALS) is Objection.SEAL_BROKEN
