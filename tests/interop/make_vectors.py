"""Writes docs/interop/vectors.json anew, with the test keys that it holds: python this file."""

import base64
import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.append(str(Path(__file__).parents[1]))

from http_message_signatures import HTTPMessageSigner
from interop.keys_of_both import SM2_PRIVATE

from interop_service import suites
from interop_service.exchanges import envelopes, signatures
from interop_service.exchanges.envelopes import Receipt
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.exchanges.signatures import Answer, OutMessage
from interop_service.exchanges.signing import algorithm
from interop_service.keys import PartnerKeys
from interop_service.suites import ALGORITHMS, PrivateKey, Suite
from tongban.objects.files import SEALED_AS
from tongban.sealed_stream import CHUNK_BYTES, sealed_chunk

FILE = Path(__file__).parents[2] / "docs/interop/vectors.json"
AT = datetime(2020, 6, 15, 1, 30, tzinfo=UTC)
EXCHANGE = UUID("0172b5a0-0000-7000-8000-000000000001")
MESSAGE = UUID("0172b5a0-0000-7000-8000-000000000002")
RECEIPT = UUID("0172b5a0-0000-7000-8000-000000000003")
NONCE = "c2l4dGVlbi1vci1tb3JlLWNoYXJz"


def main() -> None:
    before = json.loads(FILE.read_text())
    keys: dict[str, Any] = before["keys"]
    # Both sides' SM2 key is the standard's own example: 附录 A of GB/T 32918.5.
    keys["near_signing_sm2"] = SM2_PRIVATE | {"kid": "610171-signing-sm2-test"}
    keys["owner_signing_sm2"] = SM2_PRIVATE | {"kid": "610172-signing-sm2-test"}
    made = {
        "warning": before["warning"],
        "keys": keys,
        "suites": {suite.value: _exchange(suite, keys, before) for suite in Suite},
        "encrypted": before["encrypted"],
        "sealed_document": before["sealed_document"],
        "file": _file(),
    }
    FILE.write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n")


def _exchange(suite: Suite, keys: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """A request and its answer, each with its signature base."""
    mark = "" if suite is Suite.ED25519_SHA256 else "_sm2"
    near = suites.private_key(keys[f"near_signing{mark}"])
    owner = suites.private_key(keys[f"owner_signing{mark}"])
    message = {
        "protocol": PROTOCOL,
        "exchange_id": str(EXCHANGE),
        "from_district": "610171",
        "to_district": "610172",
        "sent_at": "2020-06-15T01:30:00Z",
        "agreement": "hitech-qujiang-2020",
        "mode": "proxy",
        "matter_code": "11610133MB2P38849J4001030101000",
        "near_number": "610171202006150000017",
        "package": _package(keys, before),
    }
    body = json.dumps(message, separators=(",", ":")).encode()
    request = OutMessage(
        "POST",
        f"https://gov.qujiang.example{TREE}/exchanges",
        {
            "Content-Type": "application/json",
            "Tongban-Protocol": PROTOCOL,
            "Tongban-Message-Id": str(MESSAGE),
            "Tongban-Sender": "610171",
            "Tongban-Checkpoint": _checkpoint(near),
        },
    )
    signatures.sign(request, body, key=near, at=AT, nonce=NONCE)
    receipt = Receipt(
        receipt_id=RECEIPT,
        message_id=MESSAGE,
        exchange_id=EXCHANGE,
        digest=suites.digest(suite, body),
        digest_algorithm=ALGORITHMS[suite].digest,
        at=AT,
        by="610172",
    )
    given = envelopes.sign_receipt(receipt, owner).model_dump_json().encode()
    answer = Answer(
        202,
        {
            "Content-Type": "application/json",
            "Tongban-Protocol": PROTOCOL,
            "Tongban-Sender": "610172",
        },
        request,
    )
    signatures.sign_answer(answer, given, key=owner, at=AT)
    return {
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "body": body.decode(),
            "signature_base": _base(request, signatures.TAG),
        },
        "answer": {
            "status": answer.status_code,
            "headers": answer.headers,
            "body": given.decode(),
            "signature_base": _base(answer, signatures.ANSWER_TAG),
        },
    }


def _file() -> dict[str, Any]:
    """A file of two chunks; its content is told in words."""
    repeated, key = 1200, bytes(range(32))
    content = bytes(range(256)) * repeated
    chunks = [content[:CHUNK_BYTES], content[CHUNK_BYTES:]]
    sealed = b"".join(
        sealed_chunk(chunk, key, context=SEALED_AS, place=place, is_last=place == 1)
        for place, chunk in enumerate(chunks)
    )
    return {
        "content": "the bytes 00 to ff, one after the other, as often as `repeated` says",
        "repeated": repeated,
        "content_size": len(content),
        "content_sha256": hashlib.sha256(content).hexdigest(),
        "key": base64.urlsafe_b64encode(key).rstrip(b"=").decode(),
        "size": len(sealed),
        "digest": hashlib.sha256(sealed).hexdigest(),
        "last_tag": sealed[-16:].hex(),
    }


def _package(keys: dict[str, Any], before: dict[str, Any]) -> str:
    owner = {"keys": [keys["owner_signing"], keys["owner_encryption"]]}
    public = {"keys": [{n: v for n, v in key.items() if n != "d"} for key in owner["keys"]]}
    content: str = before["encrypted"]["content"]
    return envelopes.encrypt(content.encode(), PartnerKeys.from_jwks(public))


def _checkpoint(key: PrivateKey) -> str:
    head = {"district": "610171", "seq": 1024, "hash": "00" * 32, "at": "2020-06-15T01:29:00Z"}
    return suites.sign_jws(head, key)


def _base(message: OutMessage | Answer, tag: str) -> list[str]:
    """The signature base as the library makes it, line by line."""
    reader = HTTPMessageSigner(signature_algorithm=algorithm(Suite.ED25519_SHA256))
    headers = {name.lower(): value for name, value in message.headers.items()}
    found = reader._parse_signature_dictionary(headers["signature-input"])["tongban"]
    base, _, _ = reader._build_signature_base(
        message, covered_component_ids=list(found), signature_params=found.params
    )
    assert found.params["tag"] == tag
    return str(base).split("\n")


if __name__ == "__main__":
    main()
