"""What a process holds while it lives: settings, database, keys, stores, and the clock."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from anyio import Path as AsyncPath
from fastapi import Depends, Request
from joserfc.jwk import OKPKey
from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tongban import db
from tongban.clock import Clock, utc_now
from tongban.identity import Verifier
from tongban.objects import ClaimCheck, ObjectStore, collect, leave, open_store
from tongban.settings import ServiceSettings
from tongban.vault import Vault

__all__ = ["Context", "InContext", "open_context", "read_private_key"]


@dataclass
class Context:
    """One process's resources, handed to routes, event handlers, timers and loops alike."""

    settings: Any
    engine: AsyncEngine
    sessions: db.Sessions
    reading: AsyncEngine
    """The same connections, each statement its own transaction."""
    reads: db.Sessions
    verifier: Verifier
    vault: Vault
    objects: ObjectStore
    private_key: OKPKey
    clock: Clock = utc_now
    resources: dict[str, Any] = field(default_factory=dict)
    """What one service adds for itself, by name."""
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What is to be ended before the common resources are closed."""

    @asynccontextmanager
    async def beside(self, session: AsyncSession) -> AsyncIterator[AsyncSession]:
        """Read beside a request's session while that has asked for nothing; once it has, by it.

        Its write is then all that it asks, one statement. Whoever holds one connection and waits
        for another keeps the last ones from those who wait as well.
        """
        if session.in_transaction():
            yield session
        else:
            async with self.reads() as reading:
                yield reading

    async def look(self, statement: Executable, **values: Any) -> set[Any]:
        """Return what there is to do, before any of it is begun; an empty set where nothing is.

        `statement` selects one column: whether something waits, or the names of what does. Asked
        by itself it costs a twentieth of a transaction that finds nothing.
        """
        async with self.reading.connect() as connection:
            return {found for found in await connection.scalars(statement, values) if found}

    async def leave(self, recipient: str, payload: bytes) -> ClaimCheck:
        """Store `payload` encrypted for the service `recipient`, before the caller commits."""
        path = AsyncPath(self.settings.keys / f"{recipient}.public.json")
        public = OKPKey.import_key(json.loads(await path.read_text()))
        return await leave(self.objects, public, payload)

    async def collect(self, claim: ClaimCheck) -> bytes:
        """Fetch and decrypt what another service left for this one.

        Raises:
            ClaimBroken: size or digest differ, or it was left for somebody else.
        """
        return await collect(self.objects, self.private_key, claim)


@asynccontextmanager
async def open_context(settings: ServiceSettings, *, pool: int) -> AsyncIterator[Context]:
    """Open a process's resources and close them at the end."""
    made = db.engine(settings.database_url, pool=pool)
    reading = db.reading_engine_of(made)
    closing = AsyncExitStack()
    try:
        yield Context(
            closing=closing,
            settings=settings,
            engine=made,
            sessions=db.sessions_of(made),
            reading=reading,
            reads=db.sessions_of(reading),
            verifier=Verifier(
                issuer=settings.oidc_issuer,
                audience=settings.oidc_audience,
                jwks_url=settings.oidc_jwks_url,
                district=settings.district,
            ),
            vault=Vault.from_file(settings.data_key_file),
            objects=open_store(settings.objects),
            private_key=read_private_key(settings.private_key_file),
        )
    finally:
        await closing.aclose()
        await made.dispose()


def read_private_key(path: Path) -> OKPKey:
    """Read a private JWK (Ed25519 or X25519) from its file."""
    return OKPKey.import_key(json.loads(path.read_text()))


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


InContext = Annotated[Context, Depends(_context)]
