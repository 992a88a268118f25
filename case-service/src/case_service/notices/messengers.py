"""How notices leave the house (消息渠道): an interface, a folder, and a message gateway over HTTP.

A message may be handed over twice, when a worker dies in between; its id lets the receiver know.
"""

import asyncio
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import httpx
import pydantic_core

from case_service.notices.languages import Language
from case_service.notices.rules import NoticeKind
from case_service.settings import Settings

__all__ = [
    "Message",
    "MessageGateway",
    "Messenger",
    "MessengerFault",
    "OutboxFolder",
    "Recipient",
    "messenger_of",
]

_TIMEOUT: Final = httpx.Timeout(10, connect=3)
_OWNER_ONLY: Final = 0o700


class MessengerFault(Exception):
    """It was not taken; a final fault is one that trying again does not mend."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


@dataclass(frozen=True)
class Recipient:
    """Whom a message is for, by whatever reaches him."""

    name: str | None
    phone: str | None
    account: str | None


@dataclass(frozen=True)
class Message:
    """One notice on its way out."""

    id: UUID
    kind: NoticeKind
    language: Language
    title: str
    text: str
    recipient: Recipient


class Messenger(Protocol):
    """Takes messages; what it answers is kept as the record of delivery."""

    name: str

    async def send(self, message: Message) -> str:
        """Hand a message over and return the receiver's name for it.

        Raises:
            MessengerFault: it was not taken.
        """
        ...


class OutboxFolder:
    """A folder with one JSON file a message, for whoever sends them on; its owner alone reads."""

    name = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: Message) -> str:
        file_name = f"{message.id}.json"
        try:
            await asyncio.to_thread(self._write, file_name, pydantic_core.to_json(asdict(message)))
        except OSError as fault:
            raise MessengerFault(f"folder: {fault.strerror}") from fault
        return file_name

    def _write(self, file_name: str, content: bytes) -> None:
        self._folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        unfinished = self._folder / f".{file_name}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._folder / file_name)


class MessageGateway:
    """A gateway for text messages that takes JSON; the notice's id is the idempotency key."""

    name = "gateway"

    def __init__(
        self, url: str, token: str | None, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._transport = transport

    async def send(self, message: Message) -> str:
        headers = {
            **self._headers,
            "Content-Type": "application/json",
            "Idempotency-Key": str(message.id),
        }
        try:
            async with httpx.AsyncClient(
                transport=self._transport, timeout=_TIMEOUT, trust_env=False
            ) as client:
                answer = await client.post(
                    self._url, content=pydantic_core.to_json(asdict(message)), headers=headers
                )
        except httpx.HTTPError as fault:
            raise MessengerFault(f"unreachable: {type(fault).__name__}") from fault
        if answer.is_success:
            return answer.headers.get("Location") or str(message.id)
        # Too early and too many mend themselves; any other refusal is of the message itself.
        is_final = answer.is_client_error and answer.status_code not in (408, 425, 429)
        raise MessengerFault(f"status {answer.status_code}", is_final=is_final)


def messenger_of(settings: Settings) -> Messenger:
    """Return the one that the settings name: the gateway where there is one, else the folder."""
    if settings.messages_url is None:
        return OutboxFolder(settings.messages_folder or settings.keys.parent / "messages")
    token_file = settings.messages_token_file
    return MessageGateway(
        settings.messages_url, token_file.read_text("ascii").strip() if token_file else None
    )
