"""The protocol's page and its test data say what the code does."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import OKPKey

from interop_service import errors, suites
from interop_service.exchanges import envelopes, signatures
from interop_service.files import errors as file_errors
from interop_service.keys import OwnKeys
from interop_service.partners.rules import Denial
from interop_service.recognitions.seals import seal_fault
from interop_service.suites import ALGORITHMS, PublicKey, Suite
from tongban.objects.files import SEALED_AS
from tongban.problems import MalformedRequest, NotFound
from tongban.sealed_stream import CHUNK_BYTES, sealed_chunk

DOCS = Path(__file__).parents[2] / "docs/interop"
PAGE = (DOCS / "protocol.md").read_text()
VECTORS: dict[str, Any] = json.loads((DOCS / "vectors.json").read_text())
KEYS: dict[str, Any] = VECTORS["keys"]
AT = datetime(2020, 6, 15, 1, 30, tzinfo=UTC)
MARKS = {Suite.ED25519_SHA256: "", Suite.SM2_SM3: "_sm2"}


def keys_of(side: str, suite: Suite) -> dict[str, PublicKey]:
    jwk = KEYS[f"{side}_signing{MARKS[suite]}"]
    public = {name: value for name, value in jwk.items() if name != "d"}
    return {jwk["kid"]: suites.public_key(public)}


def request_of(suite: Suite) -> tuple[signatures.OutMessage, bytes]:
    told = VECTORS["suites"][suite]["request"]
    message = signatures.OutMessage(told["method"], told["url"], dict(told["headers"]))
    return message, told["body"].encode()


@pytest.mark.parametrize("suite", Suite)
def test_the_request_is_proven(suite: Suite) -> None:
    message, body = request_of(suite)

    proof = signatures.verify(message, body, keys=keys_of("near", suite), at=AT)

    assert proof.suite is suite
    assert proof.checkpoint == message.headers["Tongban-Checkpoint"]


def test_the_request_is_made_again_alike() -> None:
    message, body = request_of(Suite.ED25519_SHA256)
    made = {"Content-Digest", "Signature-Input", "Signature"}
    kept = {name: value for name, value in message.headers.items() if name not in made}
    again = signatures.OutMessage(message.method, message.url, kept)
    key = suites.private_key(KEYS["near_signing"])

    signatures.sign(again, body, key=key, at=AT, nonce="c2l4dGVlbi1vci1tb3JlLWNoYXJz")

    assert again.headers == message.headers


@pytest.mark.parametrize("suite", Suite)
def test_the_answer_is_proven_and_its_receipt_is_for_the_request(suite: Suite) -> None:
    message, body = request_of(suite)
    told = VECTORS["suites"][suite]["answer"]
    answer = signatures.Answer(told["status"], dict(told["headers"]), message)
    content, keys = told["body"].encode(), keys_of("owner", suite)

    signatures.verify_answer(answer, content, keys=keys, at=AT)
    signed = envelopes.open_receipt(
        content,
        keys=keys,
        by="610172",
        message_id=UUID(message.headers["Tongban-Message-Id"]),
        exchange_id=UUID(json.loads(body)["exchange_id"]),
        body=body,
    )

    assert signed.receipt.kind == "received"


@pytest.mark.parametrize("suite", Suite)
def test_the_signature_bases_cover_what_the_page_says(suite: Suite) -> None:
    def names(part: str) -> list[str]:
        lines = VECTORS["suites"][suite][part]["signature_base"]
        return [line.partition(": ")[0] for line in lines]

    def quoted(components: Iterable[str]) -> list[str]:
        return [one if one.startswith('"') else f'"{one}"' for one in components]

    requests, answers = signatures.COMPONENTS, signatures.ANSWER_COMPONENTS
    assert names("request") == quoted([*requests, signatures.CHECKPOINT, "@signature-params"])
    assert names("answer") == quoted([*answers, *signatures.BOUND_COMPONENTS, "@signature-params"])
    for component in quoted([*requests, *answers, *signatures.BOUND_COMPONENTS]):
        assert component in PAGE


def test_the_page_names_each_suite_s_algorithms() -> None:
    for suite, algorithm in ALGORITHMS.items():
        for name in (suite, algorithm.signature, algorithm.jws, algorithm.digest):
            assert f"`{name}`" in PAGE


def test_the_encrypted_part_opens() -> None:
    jwk = KEYS["owner_encryption"]
    own = OwnKeys(signing=[], encryption={jwk["kid"]: OKPKey.import_key(jwk)})

    content = envelopes.decrypt(VECTORS["encrypted"]["token"], own)

    assert content.decode() == VECTORS["encrypted"]["content"]


async def test_the_file_opens_and_is_sealed_again_alike() -> None:
    told = VECTORS["file"]
    content, key = bytes(range(256)) * told["repeated"], base64.urlsafe_b64decode(told["key"] + "=")
    whole = [content[:CHUNK_BYTES], content[CHUNK_BYTES:]]

    sealed = b"".join(
        sealed_chunk(one, key, context=SEALED_AS, place=place, is_last=place == 1)
        for place, one in enumerate(whole)
    )

    assert (len(content), hashlib.sha256(content).hexdigest()) == (
        told["content_size"],
        told["content_sha256"],
    )
    assert (len(sealed), hashlib.sha256(sealed).hexdigest()) == (told["size"], told["digest"])
    assert sealed[-16:].hex() == told["last_tag"]
    for word in (SEALED_AS, f"{CHUNK_BYTES:,}"):
        assert word in PAGE


def test_the_document_s_seal_is_good() -> None:
    assert (
        seal_fault(VECTORS["sealed_document"], {"s": OKPKey.import_key(KEYS["owner_seal"])}) is None
    )


def test_the_page_lists_every_fault_with_its_status_and_retry() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([\w-]+)` \| (yes|no) \|", PAGE, re.MULTILINE)
    faults = [
        (str(fault.status), fault.type, "yes" if fault.retry else "no")
        for fault in errors.MessageFault.__subclasses__()
    ]
    # Of the platform's own: told below the protocol's tree too, and final there.
    faults += [(str(one.status), one.type, "no") for one in (NotFound, MalformedRequest)]
    assert file_errors.FileUnknown.type in {kind for _, kind, _ in faults}

    assert sorted(rows) == sorted(faults)


def test_the_page_lists_every_reason_of_an_agreement() -> None:
    for denial in Denial:
        assert f"`{denial}`" in PAGE
