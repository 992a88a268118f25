"""The tester's signature under the agreement, sent before it plays (protocol.md, 4.8)."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from interop_service import suites
from interop_service.exchanges import signatures
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.exchanges.signatures import Answer, AnswerUnproven
from tongban.ids import new_id
from tongban_client.conformance.playing import Tester
from tongban_client.messages import Message
from tongban_client.sending import Unproven, refusal, sign

__all__ = ["NotAgreed", "sign_agreement"]


class NotAgreed(ValueError):
    """The endpoint has signed other terms under this code, or none."""


def sign_agreement(tester: Tester, terms: Mapping[str, Any], client: httpx.Client) -> None:
    """Sign these terms and send the signature; the endpoint has to have signed the very same.

    Raises:
        NotAgreed: it has not.
        NotDelivered: it refuses the signature, or its answer is not proven.
        httpx.HTTPError: it does not answer.
    """
    us, partner, at = tester.us, tester.partner, tester.clock()
    body = {
        "protocol": PROTOCOL,
        "from_district": us.district,
        "to_district": partner.district,
        "sent_at": at.isoformat(),
        "code": tester.agreement,
        "signature": suites.sign_jws(terms, us.signer(partner.suite, at=at)),
    }
    message = Message(f"{TREE}/agreements", new_id(), json.dumps(body).encode(), new_id())
    request = sign(message, us=us, partner=partner, at=at).request
    answer = client.post(request.url, content=message.body, headers=dict(request.headers))
    try:
        signatures.verify_answer(
            Answer(answer.status_code, answer.headers, request),
            answer.content,
            keys=partner.keys.signing,
            at=tester.clock(),
        )
    except AnswerUnproven as fault:
        raise Unproven(f"status {answer.status_code}: {fault}") from None
    if answer.status_code != httpx.codes.OK:
        raise refusal(answer.status_code, answer.headers, answer.content)
    if answer.json().get("signature") is None:
        raise NotAgreed(
            f"{partner.district} 没有签署相同的协议文本 has not signed the very same terms of "
            f"{tester.agreement}"
        )
