"""The conformance kit: ours passes it over a real connection, and a faulty partner does not."""

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from interop.messages import signing_key
from interop.test_over_the_wire import served
from interop.two_districts import (
    AGREEMENT,
    HOSTS,
    KEYS_PATH,
    MATTER_CODE,
    NEAR,
    OWNER,
    Districts,
    key_settings,
    register,
)
from joserfc.jwk import OKPKey
from starlette.requests import Request
from starlette.responses import Response

from interop_service import suites
from interop_service.exchanges import envelopes, signatures
from interop_service.exchanges.answers import Asked
from interop_service.exchanges.envelopes import Receipt
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.suites import PrivateKey
from tongban.clock import utc_now
from tongban.ids import new_id
from tongban_client.conformance.checks import CHECKS
from tongban_client.conformance.command import main

ENDED = {
    **OKPKey.generate_key("Ed25519").as_dict(private=True),
    "kid": f"{NEAR}-signing-ended",
    "use": "sig",
    "exp": 1_600_000_000,
}


async def run(*arguments: object) -> tuple[int, str]:
    """The command, as a user runs it, beside the server that it calls."""
    out = io.StringIO()
    status = await asyncio.to_thread(main, [str(one) for one in arguments], out=out)
    return status, out.getvalue()


def by(districts: Districts) -> list[object]:
    """The options that every run has."""
    key = key_settings(districts.near.district)["signing_key_file"]
    return [
        *("--district", OWNER, "--as", NEAR, "--key", key),
        *("--agreement", AGREEMENT, "--matter", MATTER_CODE, "--slow-seconds", 0.2),
    ]


async def tell_keys(districts: Districts, *more: dict[str, Any]) -> None:
    """Let the owner know the near side's keys, and `more`."""
    published = (await districts.near.client.get(KEYS_PATH)).json()["keys"]
    partner = {
        "district": NEAR,
        "name": "西安高新区",
        "english_name": "Hi-tech Zone",
        "endpoint": f"https://{HOSTS[NEAR]}",
        "keys": {"keys": [*published, *more]},
    }
    await register(districts.owner, partner)


async def test_ours_conforms(districts: Districts, tmp_path: Path) -> None:
    ended, told, terms = (tmp_path / f"{name}.json" for name in ("ended", "report", "terms"))
    ended.write_text(json.dumps(ENDED))
    signed = await districts.owner.client.get(
        f"/api/v1/agreements/{AGREEMENT}/signatures",
        headers=districts.owner.district.headers("admin"),
    )
    agreed = next(one["terms"] for one in reversed(signed.json()) if one["by"] == OWNER)
    terms.write_text(json.dumps(agreed | {"forward_within_days": 9}))
    await tell_keys(districts, {name: ENDED[name] for name in ENDED if name != "d"})
    try:
        async with served(districts.owner.app) as endpoint:
            options = [*by(districts), "--terms", terms, "--ended-key", ended, "--json", told]
            unequal = await run(endpoint, *options)
            terms.write_text(json.dumps(agreed))
            status, text = await run(endpoint, *options)
    finally:
        await tell_keys(districts)

    assert unequal[0] == 2
    assert "has not signed the very same terms" in unequal[1]
    assert status == 0, text
    report = json.loads(told.read_text())
    assert report["is_good"]
    assert [one["name"] for one in report["checks"]] == [check.name for check in CHECKS]
    assert {one["outcome"] for one in report["checks"]} == {"passed"}, text


Answer = Callable[[Request, bytes, PrivateKey], Response]


def receipt_for(message_id: object, body: bytes, key: PrivateKey) -> bytes:
    """A signed receipt, rightly made for whichever message."""
    receipt = Receipt(
        receipt_id=new_id(),
        message_id=str(message_id),
        exchange_id=json.loads(body)["exchange_id"],
        digest=suites.digest(key.SUITE, body),
        at=utc_now(),
        by=OWNER,
    )
    return envelopes.sign_receipt(receipt, key).model_dump_json().encode()


def rubbish(request: Request, body: bytes, key: PrivateKey) -> Response:
    return Response(b"<html>welcome</html>", 200, media_type="text/html")


def unsigned(request: Request, body: bytes, key: PrivateKey) -> Response:
    content = receipt_for(request.headers["Tongban-Message-Id"], body, key)
    return Response(content, 202, media_type="application/json")


def signed(content: bytes, asked: signatures.SignedRequest, key: PrivateKey) -> Response:
    headers = {
        "content-type": "application/json",
        "tongban-protocol": PROTOCOL,
        "tongban-sender": OWNER,
    }
    answer = signatures.Answer(202, headers, asked)
    signatures.sign_answer(answer, content, key=key, at=utc_now())
    return Response(content, 202, headers=answer.headers)


def receipt_of_another(request: Request, body: bytes, key: PrivateKey) -> Response:
    return signed(receipt_for(new_id(), body, key), Asked(request.scope), key)


def bound_to_another(request: Request, body: bytes, key: PrivateKey) -> Response:
    """Answers rightly, but to a request with another message id."""
    headers = dict(request.headers) | {"tongban-message-id": str(new_id())}
    asked = signatures.OutMessage("POST", str(request.url), headers)
    return signed(receipt_for(request.headers["Tongban-Message-Id"], body, key), asked, key)


@pytest.mark.parametrize(
    ("answer", "finding"),
    [
        (rubbish, "the answer is 200, not 202"),
        (unsigned, "the answer is not signed, or not bound to its request (3.4)"),
        (receipt_of_another, "the receipt is not good: the receipt is for another message_id"),
        (bound_to_another, "the answer is not signed, or not bound to its request (3.4)"),
    ],
)
async def test_a_faulty_partner_is_told_what_fails(
    districts: Districts, tmp_path: Path, answer: Answer, finding: str
) -> None:
    keys, told = tmp_path / "keys.json", tmp_path / "report.json"
    keys.write_bytes((await districts.owner.client.get(KEYS_PATH)).content)
    key = signing_key(districts.owner)

    async def faulty(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        body = await request.body() if scope["method"] == "POST" else b""
        given = Response(b"nothing", 404) if not body else answer(request, body, key)
        await given(scope, receive, send)

    async with served(faulty) as endpoint:
        status, text = await run(endpoint, *by(districts), "--keys", keys, "--json", told)

    checks = {one["name"]: one for one in json.loads(told.read_text())["checks"]}
    assert status == 1
    assert checks["good-package"]["outcome"] == "failed"
    assert finding in "\n".join(one["en"] for one in checks["good-package"]["findings"])
    assert finding in text
    assert {name for name, one in checks.items() if one["outcome"] == "passed"} == set()
    assert checks["ended-key"]["outcome"] == "not_run"


async def test_what_can_not_be_checked_is_said(districts: Districts, tmp_path: Path) -> None:
    nothing = tmp_path / "none.json"
    nowhere = "http://127.0.0.1:9"

    unreachable, first = await run(nowhere, *by(districts))
    unreadable, second = await run(nowhere, *by(districts), "--keys", nothing)

    assert (unreachable, unreadable) == (2, 2)
    assert "could not be checked" in first
    assert "none.json" in second
