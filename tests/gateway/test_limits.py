"""How often one caller, address or partner may ask."""

import pytest
from pydantic import ValidationError

from gateway.errors import TooManyRequests
from gateway.identity import Visitor
from gateway.limits import Limits
from gateway.settings import Settings

URLS = {
    f"{service}_url": "http://127.0.0.1:1" for service in ("catalog", "case", "site", "interop")
}


def settings(**rates: str) -> Settings:
    return Settings.model_validate(
        {
            "district": "610171",
            "oidc_issuer": "urn:test",
            "oidc_jwks_url": "file:///none",
            "port": 1,
            **URLS,
            **rates,
        }
    )


async def ask(
    limits: Limits, visitor: Visitor, *, method: str = "GET", path: str = "cases"
) -> None:
    await limits.admit(visitor, method=method, path=f"/api/v1/{path}")


async def test_one_caller_over_the_rate_waits_and_others_do_not() -> None:
    limits = Limits(settings(request_rate="2/minute"))
    busy, calm = Visitor("10.0.0.1", subject="busy"), Visitor("10.0.0.1", subject="calm")
    await ask(limits, busy)
    await ask(limits, busy)

    with pytest.raises(TooManyRequests) as refusal:
        await ask(limits, busy)
    await ask(limits, calm)

    assert 1 <= int(refusal.value.headers["Retry-After"]) <= 60


async def test_without_a_token_the_address_is_counted() -> None:
    limits = Limits(settings(request_rate="1/minute"))
    await ask(limits, Visitor("10.0.0.1"))

    await ask(limits, Visitor("10.0.0.2"))
    with pytest.raises(TooManyRequests):
        await ask(limits, Visitor("10.0.0.1"))


async def test_numbers_are_not_tried_out_at_the_public_progress() -> None:
    limits = Limits(settings(progress_rate="1/minute"))
    citizen = Visitor("10.0.0.1")
    await ask(limits, citizen, method="POST", path="cases/progress")

    with pytest.raises(TooManyRequests):
        await ask(limits, citizen, method="POST", path="cases/progress")
    await ask(limits, citizen, path="matters")


async def test_tickets_have_a_rate_of_their_own() -> None:
    limits = Limits(settings(ticket_rate="1/minute"))
    kiosk = Visitor("10.0.0.1", subject="kiosk-1")
    await ask(limits, kiosk, method="POST", path="sites/hitech-hall/tickets")

    with pytest.raises(TooManyRequests):
        await ask(limits, kiosk, method="POST", path="sites/zhangba-street/tickets")
    await ask(limits, kiosk, path="sites/hitech-hall/queue")


async def test_a_made_up_sender_takes_no_partners_share() -> None:
    limits = Limits(settings(exchange_rate="1/minute"))
    partner, forger = Visitor("10.0.0.1", partner="610172"), Visitor("10.9.9.9", partner="610172")
    await ask(limits, forger, method="POST", path="exchanges")

    with pytest.raises(TooManyRequests):
        await ask(limits, forger, method="POST", path="exchanges")
    await ask(limits, partner, method="POST", path="exchanges")


async def test_changing_the_sender_does_not_escape_the_addresss_rate() -> None:
    limits = Limits(settings(request_rate="1/minute"))
    await ask(limits, Visitor("10.9.9.9", partner="610172"), method="POST", path="exchanges")

    with pytest.raises(TooManyRequests):
        await ask(limits, Visitor("10.9.9.9", partner="610302"), method="POST", path="exchanges")


def test_a_rate_that_cannot_be_read_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="request_rate"):
        settings(request_rate="often")
