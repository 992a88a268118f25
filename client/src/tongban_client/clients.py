"""The client, for threads and for asyncio: the same calls, and nothing between them but await."""

import asyncio
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

import httpx

from interop_service.exchanges.envelopes import SignedReceipt
from tongban.clock import Clock, utc_now
from tongban_client import sending
from tongban_client.files import Ask, Asking, SealedFile, delivery
from tongban_client.messages import Message
from tongban_client.parties import KeySet, Ourselves, Partner, key_set_of, keys_url
from tongban_client.sending import Attempt, Unproven

__all__ = ["AsyncClient", "Client"]

TIMEOUT: Final = httpx.Timeout(30, connect=5)
# Partners are reached directly and never by a redirect: the signature names the address.
# httpx passes on as it is what TLS says after the handshake: that a certificate is refused, say.
_NO_ANSWER: Final = (httpx.HTTPError, ssl.SSLError)
OPTIONS: Final[dict[str, Any]] = {"follow_redirects": False, "trust_env": False}


class Client:
    """Sends this district's messages; a receipt comes back, or `NotDelivered` is raised."""

    def __init__(
        self,
        us: Ourselves,
        *,
        clock: Clock = utc_now,
        timeout: httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._us, self._clock = us, clock
        self._http = httpx.Client(timeout=timeout, transport=transport, **OPTIONS)

    def send(self, message: Message, partner: Partner) -> SignedReceipt:
        """Send a message once; where it is not delivered, send the same message again later.

        Raises:
            Unproven: no answer, or none that is proven: send it again.
            FilesLacking: it names files that are not there: use `deliver`.
            Refused: unless `is_final`, send it again, not before `retry_after`.
        """
        attempt = sending.sign(message, us=self._us, partner=partner, at=self._clock())
        try:
            answer = self._http.post(
                attempt.request.url, content=message.body, headers=attempt.request.headers
            )
        except httpx.HTTPError as fault:
            raise _unreachable(fault) from fault
        return _opened(attempt, answer, self._clock)

    def deliver(
        self, message: Message, partner: Partner, files: Sequence[SealedFile] = ()
    ) -> SignedReceipt:
        """Send a message and those of its files that the partner lacks, from where it has them.

        Raises:
            Unproven, Refused, FilesLacking: as `send`; call it again, and it goes on.
        """
        asking = delivery(message, files, us=self._us, partner=partner, clock=self._clock)
        given: tuple[int, Any, bytes] | None = None
        while True:
            try:
                ask = _next(asking, given)
            except _Delivered as end:
                return end.receipt
            request = ask.request
            try:
                answer = self._http.request(
                    request.method, request.url, content=ask.body, headers=request.headers
                )
            except httpx.HTTPError as fault:
                raise _unreachable(fault) from fault
            given = answer.status_code, answer.headers, answer.content

    def read_keys(self, endpoint: str) -> KeySet:
        """Read a district's published keys: to compare and register, never to trust as they are.

        Raises:
            Unproven: no answer.
            KeysUnreadable: what it answers is no key set.
        """
        try:
            answer = self._http.get(keys_url(endpoint))
        except httpx.HTTPError as fault:
            raise _unreachable(fault) from fault
        return key_set_of(answer.status_code, answer.content)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient:
    """The same, for asyncio."""

    def __init__(
        self,
        us: Ourselves,
        *,
        clock: Clock = utc_now,
        timeout: httpx.Timeout = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._us, self._clock = us, clock
        self._http = httpx.AsyncClient(timeout=timeout, transport=transport, **OPTIONS)

    async def send(self, message: Message, partner: Partner) -> SignedReceipt:
        """Send a message once; see `Client.send`."""
        attempt = sending.sign(message, us=self._us, partner=partner, at=self._clock())
        try:
            answer = await self._http.post(
                attempt.request.url, content=message.body, headers=attempt.request.headers
            )
        except _NO_ANSWER as fault:
            raise _unreachable(fault) from fault
        return _opened(attempt, answer, self._clock)

    async def deliver(
        self, message: Message, partner: Partner, files: Sequence[SealedFile] = ()
    ) -> SignedReceipt:
        """Send a message and its files; see `Client.deliver`."""
        asking = delivery(message, files, us=self._us, partner=partner, clock=self._clock)
        given: tuple[int, Any, bytes] | None = None
        while True:
            try:
                # Reading and sealing a chunk is work for a thread, not for the loop.
                ask = await asyncio.to_thread(_next, asking, given)
            except _Delivered as end:
                return end.receipt
            request = ask.request
            try:
                answer = await self._http.request(
                    request.method, request.url, content=ask.body, headers=request.headers
                )
            except _NO_ANSWER as fault:
                raise _unreachable(fault) from fault
            given = answer.status_code, answer.headers, answer.content

    async def read_keys(self, endpoint: str) -> KeySet:
        """Read a district's published keys; see `Client.read_keys`."""
        try:
            answer = await self._http.get(keys_url(endpoint))
        except _NO_ANSWER as fault:
            raise _unreachable(fault) from fault
        return key_set_of(answer.status_code, answer.content)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


class _Delivered(Exception):
    """The receipt is here."""

    def __init__(self, receipt: SignedReceipt) -> None:
        self.receipt = receipt


def _next(asking: Asking, given: tuple[int, Any, bytes] | None) -> Ask:
    """Return what is to be sent next.

    Raises:
        _Delivered: nothing; StopIteration would be lost on its way between threads.
    """
    try:
        return next(asking) if given is None else asking.send(given)
    except StopIteration as end:
        raise _Delivered(end.value) from None


def _opened(attempt: Attempt, answer: httpx.Response, clock: Clock) -> SignedReceipt:
    return sending.open_answer(
        attempt, answer.status_code, answer.headers, answer.content, at=clock()
    )


def _unreachable(fault: httpx.HTTPError | ssl.SSLError) -> Unproven:
    return Unproven(f"{type(fault).__name__}: {fault}")
