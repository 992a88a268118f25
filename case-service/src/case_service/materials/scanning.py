"""The virus scan (查毒): an interface, the ClamAV daemon behind it, and what stands for none."""

import asyncio
import re
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

import structlog

from case_service.materials.rules import ScanState
from tongban.context import Context

__all__ = ["Clamd", "InvalidScanner", "NoScanner", "Scanner", "Verdict", "scanner_of", "use"]

_RESOURCE: Final = "scanner"
_SECONDS: Final = 60.0
_FOUND: Final = re.compile(r"stream: (?P<signature>.+) FOUND")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Verdict:
    """What a scan came to, and who says so."""

    state: ScanState
    engine: str | None = None
    signature: str | None = None


class Scanner(Protocol):
    """Looks at a file's bytes; it need not read all of them."""

    async def scan(self, content: AsyncIterator[bytes]) -> Verdict: ...


class InvalidScanner(ValueError):
    """Neither none, nor clamd://host:port, nor clamd:///path/of/its/socket."""


class NoScanner:
    """No scanner is there; that nobody looked is put on record with each file."""

    async def scan(self, content: AsyncIterator[bytes]) -> Verdict:
        del content
        return Verdict(ScanState.NOT_SCANNED)


class Clamd:
    """The ClamAV daemon, by its INSTREAM command; over TCP or a Unix socket.

    Its StreamMaxLength must be no less than the largest upload: of what is longer it says that
    the scan failed.
    """

    def __init__(self, place: str | tuple[str, int], *, seconds: float = _SECONDS) -> None:
        self._place = place
        self._seconds = seconds

    async def scan(self, content: AsyncIterator[bytes]) -> Verdict:
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as fault:
            log.error("scan.failed", fault=repr(fault))
            return Verdict(ScanState.FAILED, "clamd")
        if answer == "stream: OK":
            return Verdict(ScanState.CLEAN, "clamd")
        if found := _FOUND.fullmatch(answer):
            return Verdict(ScanState.INFECTED, "clamd", found["signature"])
        log.error("scan.failed", answer=answer)
        return Verdict(ScanState.FAILED, "clamd")

    async def _ask(self, content: AsyncIterator[bytes]) -> str:
        reader, writer = await self._connected()
        try:
            writer.write(b"zINSTREAM\0")
            async for piece in content:
                writer.write(struct.pack("!L", len(piece)) + piece if piece else b"")
                await writer.drain()
            writer.write(struct.pack("!L", 0))
            await writer.drain()
            answer = await reader.readuntil(b"\0")
        finally:
            writer.close()
        return answer[:-1].decode("utf-8", "replace").strip()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._place, str):
            return await asyncio.open_unix_connection(self._place)
        return await asyncio.open_connection(*self._place)


def scanner_of(setting: str) -> Scanner:
    """Return the scanner that the setting names.

    Raises:
        InvalidScanner: it names none that is known.
    """
    if setting == "none":
        return NoScanner()
    url = urlsplit(setting)
    if url.scheme == "clamd" and url.hostname:
        return Clamd((url.hostname, url.port or 3310))
    if url.scheme == "clamd" and url.path:
        return Clamd(url.path)
    raise InvalidScanner(setting)


def use(context: Context) -> Scanner:
    """Return this process's scanner."""
    known: Scanner | None = context.resources.get(_RESOURCE)
    if known is None:
        known = context.resources[_RESOURCE] = scanner_of(context.settings.scanner)
    return known
