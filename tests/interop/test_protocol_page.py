"""The protocol's page and its test data say what the code does."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc.jwk import OKPKey

from interop_service import errors
from interop_service.exchanges import envelopes, signatures
from interop_service.keys import OwnKeys
from interop_service.partners.rules import Denial
from interop_service.recognitions.seals import seal_fault

DOCS = Path(__file__).parents[2] / "docs/interop"
PAGE = (DOCS / "protocol.md").read_text()
VECTORS: dict[str, Any] = json.loads((DOCS / "vectors.json").read_text())
KEYS = {name: OKPKey.import_key(jwk) for name, jwk in VECTORS["keys"].items()}
REQUEST = VECTORS["request"]
BODY: bytes = REQUEST["body"].encode()
AT = datetime(2020, 6, 15, 1, 30, tzinfo=UTC)


def test_the_request_is_proven_and_made_again_alike() -> None:
    message = signatures.OutMessage(REQUEST["method"], REQUEST["url"], dict(REQUEST["headers"]))
    proof = signatures.verify(
        message, BODY, keys={"610171-signing-test": KEYS["near_signing"]}, at=AT
    )

    made = {"Content-Digest", "Signature-Input", "Signature"}
    again = signatures.OutMessage(
        REQUEST["method"],
        REQUEST["url"],
        {name: value for name, value in REQUEST["headers"].items() if name not in made},
    )
    signatures.sign(
        again, BODY, key=KEYS["near_signing"], key_id=proof.key_id, at=AT, nonce=proof.nonce
    )

    assert again.headers == REQUEST["headers"]


def test_the_signature_base_covers_what_the_page_says() -> None:
    lines = [line.partition(": ")[0].strip('"') for line in REQUEST["signature_base"]]

    assert lines == [*signatures.COMPONENTS, "@signature-params"]
    for component in signatures.COMPONENTS:
        assert f'"{component}"' in PAGE


def test_the_encrypted_part_opens() -> None:
    own = OwnKeys(
        signing=KEYS["owner_signing"],
        signing_id="",
        encryption=KEYS["owner_encryption"],
        encryption_id="",
        seal=None,
        seal_id=None,
    )

    content = envelopes.decrypt(VECTORS["encrypted"]["token"], own)

    assert content.decode() == VECTORS["encrypted"]["content"]


def test_the_receipt_is_for_the_request() -> None:
    answer = json.dumps(VECTORS["receipt"]).encode()

    signed = envelopes.open_receipt(
        answer,
        keys={"610172-signing-test": KEYS["owner_signing"]},
        by="610172",
        message_id=UUID(REQUEST["headers"]["Tongban-Message-Id"]),
        exchange_id=UUID(json.loads(BODY)["exchange_id"]),
        body_digest=envelopes.digest(BODY),
    )

    assert signed.receipt.kind == "received"


def test_the_document_s_seal_is_good() -> None:
    assert seal_fault(VECTORS["sealed_document"], {"s": KEYS["owner_seal"]}) is None


def test_the_page_lists_every_fault_with_its_status_and_retry() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([\w-]+)` \| (yes|no) \|", PAGE, re.MULTILINE)
    faults = [
        (str(fault.status), fault.type, "yes" if fault.retry else "no")
        for fault in errors.MessageFault.__subclasses__()
    ]

    assert sorted(rows) == sorted(faults)


def test_the_page_lists_every_reason_of_an_agreement() -> None:
    for denial in Denial:
        assert f"`{denial}`" in PAGE
