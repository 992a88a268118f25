"""A fee is paid once, by whatever way; a grant waits for it; money for nothing goes back."""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from case_service.duty import run_due
from case_service.payments.cashiers import SIGNATURE, CashierFault, RemoteCashier, cashier_of
from case_service.payments.service import PAYMENT_DUTY, REFUND_DUTY
from case_service.payments.tables import Payment
from support.case_world import Counter, know_matter, know_site
from tongban.testing.fixtures import RunningService

FEES = [
    {
        "name": "证照工本费",
        "amount_cents": 2000,
        "basis": "发改价格 2322 号",
        "exemptions": [
            {"name": "首次申领免收", "when": {"fact": "first_issue", "is": "yes"}},
            {"name": "特困人员免收", "basis": "财税 37 号"},
        ],
    }
]
QUESTION = [
    {"key": "first_issue", "question": "是否首次？", "answers": [{"value": "yes"}, {"value": "no"}]}
]
NO = {"first_issue": "no"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


async def costly(counter: Counter, **changes: Any) -> str:
    matter = {"fees": FEES, "situations": QUESTION, "materials": [], **changes}
    return await know_matter(counter.case, **matter)


async def accepted(counter: Counter, answer: str = "no", **changes: Any) -> str:
    """Return the id of an accepted case that costs something."""
    code = await costly(counter, **changes)
    case_id = await counter.submitted(code, situation_answers={"first_issue": answer})
    await counter.took(case_id, "receive")
    await counter.took(case_id, "accept")
    return case_id


async def fees(counter: Counter, case_id: str) -> dict[str, Any]:
    answer = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/fees", headers=counter.headers()
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def pay(counter: Counter, case_id: str, role: str = "clerk", **body: Any) -> httpx.Response:
    return await counter.case.client.post(
        f"/api/v1/cases/{case_id}/payments", json=body, headers=counter.headers(role)
    )


async def press(counter: Counter, pay_url: str) -> httpx.Response:
    return await counter.case.client.post(httpx.URL(pay_url).path)


async def confirm(counter: Counter, signature: str | None = None, **told: Any) -> httpx.Response:
    """Send a confirmation as the cashier would, signed by it unless told otherwise."""
    body = json.dumps({"paid_at": datetime.now(UTC).isoformat(), **told}).encode()
    key = counter.case.context.vault.blind_index("payments.cashier")
    signed = signature or hmac.new(key, body, hashlib.sha256).hexdigest()
    return await counter.case.client.post(
        "/api/v1/payments/confirmations",
        content=body,
        headers={SIGNATURE: signed, "Content-Type": "application/json"},
    )


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["type"].rpartition(":")[2])


async def test_a_fee_is_told_beforehand_and_a_grant_waits_until_it_is_paid(
    counter: Counter,
) -> None:
    code = await costly(counter)
    case_id = await counter.submitted(code, situation_answers=NO)
    quote = await fees(counter, case_id)
    early = await pay(counter, case_id)
    await counter.took(case_id, "receive")
    took = await counter.took(case_id, "accept")
    await counter.took(case_id, "review", "reviewer")

    waiting = await counter.act(case_id, "decide", "approver", outcome="granted")
    due = await fees(counter, case_id)
    asked, again = await pay(counter, case_id), await pay(counter, case_id)
    url = asked.json()["pay_url"]
    page = await counter.case.client.get(httpx.URL(url).path)
    pressed, twice = await asyncio.gather(press(counter, url), press(counter, url))
    assert (pressed.status_code, twice.status_code) == (200, 200), pressed.text
    settled = await fees(counter, case_id)
    granted = await counter.took(case_id, "decide", "approver", outcome="granted")

    assert quote["is_quote"]
    assert (quote["due_cents"], kind(early)) == (2000, (409, "nothing-to-pay"))
    assert took["fee_due_cents"] == 2000
    assert kind(waiting) == (409, "fee-unpaid")
    assert "20.00" in waiting.json()["detail"]
    assert waiting.json()["waiting"] == "decide"
    assert (due["is_quote"], due["due_cents"], due["waiting"]) == (False, 2000, ["decide"])
    assert asked.status_code == 201
    assert again.json()["id"] == asked.json()["id"]
    assert "¥20.00" in page.text
    assert "证照工本费" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "已支付" in pressed.text
    (payment,) = settled["payments"]
    assert (payment["state"], payment["method"]) == ("paid", "online")
    assert [one["state"] for one in settled["charges"]] == ["paid"]
    assert settled["waiting"] == []
    assert granted["stage"] == "decided"
    receipts = [one for one in granted["documents"] if one["kind"] == "fee_receipt"]
    assert [one["id"] for one in receipts] == [payment["receipt_id"]]
    assert (await counter.case.outbox.types(case_id)).count("case.case.fee_paid") == 1
    receipt = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/documents/{payment['receipt_id']}", headers=counter.headers()
    )
    assert "贰拾元整" in json.dumps(receipt.json(), ensure_ascii=False)


async def test_what_a_condition_or_a_clerk_exempts_is_not_asked_for(counter: Counter) -> None:
    by_answer = await accepted(counter, "yes")
    found = await accepted(counter)
    await pay(counter, found)
    charge = (await fees(counter, found))["charges"][0]["id"]
    path = f"/api/v1/cases/{found}/fees/{charge}/exempt"

    free = await fees(counter, by_answer)
    unknown = await counter.case.client.post(
        path, json={"name": "首次申领免收", "evidence": "无"}, headers=counter.headers()
    )
    exempted = await counter.case.client.post(
        path, json={"name": "特困人员免收", "evidence": "特困证 12 号"}, headers=counter.headers()
    )
    twice = await counter.case.client.post(
        path, json={"name": "特困人员免收", "evidence": "特困证 12 号"}, headers=counter.headers()
    )

    assert (free["due_cents"], free["charges"][0]["exemption"]) == (0, "首次申领免收")
    assert kind(unknown) == (409, "exemption-not-known")
    assert unknown.json()["allowed"] == ["特困人员免收"]
    assert exempted.json()["due_cents"] == 0
    assert exempted.json()["charges"][0]["state"] == "exempt"
    assert [one["state"] for one in exempted.json()["payments"]] == ["cancelled"]
    assert kind(twice) == (404, "charge-not-found")
    assert kind(await pay(counter, found)) == (409, "nothing-to-pay")


@pytest.mark.parametrize(
    ("body", "reference"),
    [
        ({"method": "cash"}, None),
        ({"method": "card", "reference": "POS-8831"}, "POS-8831"),
        ({"method": "paper_slip", "reference": "JKS-2026-17"}, "JKS-2026-17"),
    ],
)
async def test_a_clerk_takes_money_at_the_window_and_hands_it_back(
    counter: Counter, body: dict[str, str], reference: str | None
) -> None:
    case_id = await accepted(counter)
    online = (await pay(counter, case_id)).json()

    alone = await pay(counter, case_id, "helper", **body)
    bare = await pay(counter, case_id, method="card")
    key = {**counter.headers(), "Idempotency-Key": str(uuid4())}
    path = f"/api/v1/cases/{case_id}/payments"
    taken = await counter.case.client.post(path, json=body, headers=key)
    retried = await counter.case.client.post(path, json=body, headers=key)
    late = await confirm(
        counter, number=online["number"], amount_cents=2000, cashier_number="P-late"
    )
    await counter.took(case_id, "withdraw", reason="不办了")
    refunds = {one["reason"]: one for one in (await fees(counter, case_id))["refunds"]}
    back = f"/api/v1/cases/{case_id}/refunds/{refunds['not_granted']['id']}/hand-back"
    handed = await counter.case.client.post(back, headers=counter.headers())
    again = await counter.case.client.post(back, headers=counter.headers())
    through = refunds["paid_late"]["id"]
    cashiers = await counter.case.client.post(
        f"/api/v1/cases/{case_id}/refunds/{through}/hand-back", headers=counter.headers()
    )

    assert alone.json()["errors"][0]["pointer"] == "/method"
    assert bare.json()["errors"][0]["pointer"] == "/reference"
    assert taken.status_code == 201
    assert taken.json()["state"] == "paid"
    assert retried.json() == taken.json()
    assert taken.json()["cashier_number"] == (reference or taken.json()["number"])
    assert late.json()["state"] == "cancelled"
    assert handed.json()["state"] == "done"
    assert kind(again) == (404, "refund-not-found")
    assert kind(cashiers) == (409, "paid-to-the-cashier")
    after = await fees(counter, case_id)
    assert [one["state"] for one in after["charges"]] == ["refunded"]
    case = await counter.read(case_id)
    assert [one["kind"] for one in case["documents"]][-2:] == ["fee_receipt", "fee_refund"]


async def test_a_denial_does_not_wait_and_brings_the_money_back(counter: Counter) -> None:
    unpaid, paid = await accepted(counter), await accepted(counter)
    await press(counter, (await pay(counter, paid)).json()["pay_url"])
    asked = (await pay(counter, unpaid)).json()
    for case_id in (unpaid, paid):
        await counter.took(case_id, "review", "reviewer")
        await counter.took(case_id, "decide", "approver", outcome="denied", reason="不符合条件")

    done = await run_due(counter.case.context, REFUND_DUTY)
    again = await run_due(counter.case.context, REFUND_DUTY)

    assert done >= 1
    assert again == 0
    owed, back = await fees(counter, unpaid), await fees(counter, paid)
    assert [one["state"] for one in owed["charges"]] == ["void"]
    assert [one["state"] for one in owed["payments"]] == ["cancelled"]
    assert [one["state"] for one in back["charges"]] == ["refunded"]
    (refund,) = back["refunds"]
    assert (refund["state"], refund["amount_cents"], refund["reason"]) == (
        "done",
        2000,
        "not_granted",
    )
    assert (await counter.case.outbox.types(paid))[-1] == "case.case.fee_refunded"
    assert kind(await press(counter, asked["pay_url"])) == (409, "payment-over")


async def test_only_the_cashiers_word_counts_and_counts_once(counter: Counter) -> None:
    case_id = await accepted(counter)
    number = (await pay(counter, case_id)).json()["number"]
    told = {"number": number, "amount_cents": 2000, "cashier_number": "P-1"}

    unsigned = await confirm(counter, "0" * 64, **told)
    unknown = await confirm(counter, **{**told, "number": "610171-JF-2020-000000"})
    other = await confirm(counter, **{**told, "amount_cents": 1})
    first, second = await asyncio.gather(confirm(counter, **told), confirm(counter, **told))
    extra = [await confirm(counter, **{**told, "cashier_number": "P-2"}) for _ in range(2)]

    assert kind(unsigned) == (403, "confirmation-unsigned")
    assert kind(unknown) == (404, "payment-not-found")
    assert kind(other) == (409, "confirmation-mismatched")
    assert (first.status_code, second.status_code) == (200, 200)
    assert [one.status_code for one in extra] == [200, 200]
    after = await fees(counter, case_id)
    assert [one["state"] for one in after["payments"]] == ["paid"]
    assert [(one["reason"], one["amount_cents"]) for one in after["refunds"]] == [
        ("paid_twice", 2000)
    ]
    assert (await counter.case.outbox.types(case_id)).count("case.case.fee_paid") == 1
    await run_due(counter.case.context, REFUND_DUTY)
    # What came twice goes back once; what was owed stays paid.
    assert [one["state"] for one in (await fees(counter, case_id))["charges"]] == ["paid"]


async def test_the_machines_decision_waits_for_the_fee_and_follows_it_at_once(
    counter: Counter,
) -> None:
    rule = {"fact": "first_issue", "in": ["yes", "no"]}
    code = await costly(counter, instant_rule=rule, handling="immediate")
    citizen = counter.case.district.headers("citizen", subject=f"citizen-{uuid4().hex[:8]}")
    case_id = await counter.submitted(code, headers=citizen, situation_answers=NO)
    before = await counter.read(case_id)
    asked = await counter.case.client.post(
        f"/api/v1/cases/{case_id}/payments", json={}, headers=citizen
    )

    await press(counter, asked.json()["pay_url"])

    after = await counter.read(case_id)
    assert (before["stage"], before["fee_due_cents"]) == ("accepted", 2000)
    assert (after["stage"], after["outcome"]) == ("decided", "granted")


async def test_a_page_that_nobody_used_expires_and_another_is_asked_for(counter: Counter) -> None:
    context = counter.case.context
    case_id = await accepted(counter)
    first = (await pay(counter, case_id)).json()
    clock = context.clock
    context.clock = lambda: datetime.now(UTC) + timedelta(hours=3)
    try:
        while await run_due(context, PAYMENT_DUTY):
            pass
    finally:
        context.clock = clock

    second = (await pay(counter, case_id)).json()
    late = await confirm(counter, number=first["number"], amount_cents=2000, cashier_number="P-3")

    assert second["number"] != first["number"]
    # It was paid after all, and nothing else was: that is what was owed.
    assert late.json()["state"] == "paid"
    states = {one["number"]: one["state"] for one in (await fees(counter, case_id))["payments"]}
    assert states == {first["number"]: "paid", second["number"]: "cancelled"}


async def test_a_case_reopened_after_its_money_went_back_is_charged_again(
    counter: Counter,
) -> None:
    case_id = await accepted(counter)
    await pay(counter, case_id, method="cash")
    await counter.took(case_id, "withdraw", reason="不办了")

    reopened = await counter.took(
        case_id, "reopen", "supervisor", reason="督办", order_number="高督2026-1"
    )

    assert reopened["fee_due_cents"] == 2000
    assert [one["state"] for one in (await fees(counter, case_id))["charges"]] == ["paid", "due"]


@pytest.mark.parametrize("role", ["citizen", "reviewer"])
async def test_strangers_neither_see_nor_pay_nor_exempt(counter: Counter, role: str) -> None:
    case_id = await accepted(counter)
    stranger = counter.case.district.headers("citizen", subject="stranger")

    seen = await counter.case.client.get(f"/api/v1/cases/{case_id}/fees", headers=stranger)
    exempt = await counter.case.client.post(
        f"/api/v1/cases/{case_id}/fees/{uuid4()}/exempt",
        json={"name": "x", "evidence": "x"},
        headers=counter.headers(role),
    )
    forged = await counter.case.client.get(
        "/api/v1/payments/pages/610171-JF-2026-000001-" + "0" * 32
    )

    assert kind(seen) == (404, "case-not-found")
    assert exempt.status_code == 403
    assert kind(forged) == (404, "payment-not-found")


async def test_a_platform_outside_is_asked_by_signed_words(counter: Counter) -> None:
    asked: list[httpx.Request] = []

    async def take(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(503 if len(asked) == 1 else 200)

    cashier = RemoteCashier(
        "https://pay.example/page",
        "https://pay.example/refunds",
        b"shared",
        public_url="https://district.example",
        transport=httpx.MockTransport(take),
    )
    payment = Payment(number="610171-JF-2026-000001", amount_cents=2000)
    refund: dict[str, Any] = {
        "number": payment.number,
        "cashier_number": "P-1",
        "amount_cents": 2000,
    }

    query, _, signature = httpx.URL(cashier.page_for(payment)).query.rpartition(b"&signature=")
    with pytest.raises(CashierFault):
        await cashier.give_back(uuid4(), **refund)
    await cashier.give_back(uuid4(), **refund)

    assert signature.decode() == hmac.new(b"shared", query, hashlib.sha256).hexdigest()
    assert cashier.has_signed(asked[1].content, asked[1].headers[SIGNATURE])
    assert not cashier.has_signed(asked[1].content + b" ", asked[1].headers[SIGNATURE])
    assert json.loads(asked[1].content) == refund
    assert cashier_of(counter.case.context).name == "local"
