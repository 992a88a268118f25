"""A virus scanner that speaks clamd's INSTREAM and knows one virus, the EICAR test file."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from case_service.materials.scanning import Clamd

__all__ = ["EICAR", "running_clamd"]

# In two halves, so that no scanner takes this file for one.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@asynccontextmanager
async def running_clamd(*, answer: bytes | None = None) -> AsyncIterator[Clamd]:
    """Run the scanner on a free port; with `answer` it says that, whatever it is shown."""

    async def scan(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        shown = b""
        while length := struct.unpack("!L", await reader.readexactly(4))[0]:
            shown += await reader.readexactly(length)
        found = b"stream: Eicar-Test-Signature FOUND" if EICAR in shown else b"stream: OK"
        writer.write((found if answer is None else answer) + b"\0")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(scan, "127.0.0.1", 0)
    async with server:
        yield Clamd(server.sockets[0].getsockname()[:2], seconds=5)
