"""Who takes money online (支付接口): a page to pay on, signed confirmations, and refunds.

What passes is an order's number and cents, nothing personal. Both ways are signed by HMAC-SHA256
over the bytes as they are sent.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import urlencode
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from case_service.payments.tables import Payment
from case_service.settings import Settings
from tongban.context import Context
from tongban.texts import Code, Line

__all__ = [
    "SIGNATURE",
    "Cashier",
    "CashierFault",
    "Confirmation",
    "LocalCashier",
    "RemoteCashier",
    "cashier_of",
]

SIGNATURE: Final = "Payment-Signature"
"""The header that carries the signature, in hex."""
_TIMEOUT: Final = 10.0
_TOKEN_LETTERS: Final = 32


class Confirmation(BaseModel):
    """支付确认: what a cashier tells of a payment; told again it changes nothing."""

    model_config = ConfigDict(extra="forbid")

    number: Line
    """缴费单号"""
    amount_cents: int = Field(ge=1)
    cashier_number: Code
    """支付平台流水号 / the cashier's own number of it"""
    paid_at: datetime


class CashierFault(Exception):
    """The cashier did not take it; it is tried again."""


class Cashier(Protocol):
    """Takes money for the district, and gives it back."""

    name: str

    def page_for(self, payment: Payment) -> str:
        """Return the address of the page on which this payment is made."""
        ...

    def has_signed(self, body: bytes, signature: str) -> bool:
        """Tell whether these bytes come from the cashier."""
        ...

    async def give_back(
        self, refund_id: UUID, *, number: str, cashier_number: str, amount_cents: int
    ) -> None:
        """Give money back the way it came; the same refund asked for twice is one.

        Raises:
            CashierFault: it was not taken.
        """
        ...


def _signed(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


class LocalCashier:
    """The platform's own, for a district without a payment platform, and for trying things out.

    It moves no money: whoever presses the button on its page has paid, and a refund is done when
    it is asked for. Its confirmations are signed and checked as those of any other.
    """

    name = "local"

    def __init__(self, keys: list[bytes], public_url: str) -> None:
        self._keys = keys
        self._public_url = public_url

    def page_for(self, payment: Payment) -> str:
        return f"{self._public_url}/api/v1/payments/pages/{self.token_of(payment.number)}"

    def token_of(self, number: str) -> str:
        """Return what opens the page of a payment: its number, and proof that it was given out."""
        return f"{number}-{_signed(self._keys[0], number.encode())[:_TOKEN_LETTERS]}"

    def number_in(self, token: str) -> str | None:
        """Return the number of the payment whose page this opens; None where it is not ours."""
        number, _, proof = token.rpartition("-")
        expected = (_signed(key, number.encode())[:_TOKEN_LETTERS] for key in self._keys)
        return number if any(hmac.compare_digest(proof, one) for one in expected) else None

    def confirm(self, told: Confirmation) -> tuple[bytes, str]:
        """Return a confirmation as it is sent, with its signature."""
        body = to_json(told)
        return body, _signed(self._keys[0], body)

    def has_signed(self, body: bytes, signature: str) -> bool:
        return any(hmac.compare_digest(signature, _signed(key, body)) for key in self._keys)

    async def give_back(
        self, refund_id: UUID, *, number: str, cashier_number: str, amount_cents: int
    ) -> None:
        """Nothing to move: what was never taken is back already."""


class RemoteCashier:
    """A payment platform outside: a signed address to pay at, signed refunds as JSON."""

    name = "remote"

    def __init__(
        self,
        page_url: str,
        refund_url: str,
        key: bytes,
        *,
        public_url: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._page_url = page_url
        self._refund_url = refund_url
        self._key = key
        self._public_url = public_url
        self._transport = transport

    def page_for(self, payment: Payment) -> str:
        order = urlencode(
            {
                "number": payment.number,
                "amount_cents": payment.amount_cents,
                "confirm_at": f"{self._public_url}/api/v1/payments/confirmations",
            }
        )
        return f"{self._page_url}?{order}&signature={_signed(self._key, order.encode())}"

    def has_signed(self, body: bytes, signature: str) -> bool:
        return hmac.compare_digest(signature, _signed(self._key, body))

    async def give_back(
        self, refund_id: UUID, *, number: str, cashier_number: str, amount_cents: int
    ) -> None:
        body = to_json(
            {"number": number, "cashier_number": cashier_number, "amount_cents": amount_cents}
        )
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": str(refund_id),
            SIGNATURE: _signed(self._key, body),
        }
        try:
            async with httpx.AsyncClient(
                transport=self._transport, timeout=_TIMEOUT, trust_env=False
            ) as client:
                answer = await client.post(self._refund_url, content=body, headers=headers)
        except httpx.HTTPError as fault:
            raise CashierFault(f"unreachable: {type(fault).__name__}") from fault
        if not answer.is_success:
            raise CashierFault(f"status {answer.status_code}")


def cashier_of(context: Context) -> Cashier:
    """Return the one that the settings name: the platform outside where there is one."""
    made: Cashier | None = context.resources.get("cashier")
    if made is None:
        made = context.resources["cashier"] = _made(context.settings, context)
    return made


def _made(settings: Settings, context: Context) -> Cashier:
    if settings.payment_page_url is None:
        # A key of its own for every installation, and the older ones for as long as they open.
        return LocalCashier(context.vault.blind_indexes("payments.cashier"), settings.public_url)
    if settings.payment_refund_url is None or settings.payment_key_file is None:
        raise ValueError("a payment platform needs CASE_PAYMENT_REFUND_URL and _KEY_FILE too")
    return RemoteCashier(
        settings.payment_page_url,
        settings.payment_refund_url,
        settings.payment_key_file.read_bytes().strip(),
        public_url=settings.public_url,
    )
