"""A database and the login that owns it, on an embedded PostgreSQL or on one from outside."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg


def ensure_database(admin_url: str, name: str, *, password: str) -> bool:
    """Create the database `name` and its login of the same name; tells whether it was missing."""
    # A thread of its own: the caller may already be inside an event loop.
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, _ensure_database(admin_url, name, password)).result()


def url_for(admin_url: str, name: str, *, password: str) -> str:
    """Where the login `name` finds its own database on the administrator's server."""
    server = urlsplit(admin_url)
    place = server.netloc.rpartition("@")[2]
    return urlunsplit(
        (
            "postgresql+asyncpg",
            f"{quote(name)}:{quote(password, safe='')}@{place}",
            f"/{name}",
            "",
            "",
        )
    )


async def _ensure_database(admin_url: str, name: str, password: str) -> bool:
    plain_url = urlsplit(admin_url)._replace(scheme="postgresql").geturl()
    connection = await asyncpg.connect(plain_url, timeout=10)
    try:
        quoted = await connection.fetchval("SELECT quote_ident($1)", name)
        secret = await connection.fetchval("SELECT quote_literal($1::text)", password)
        role_exists = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name
        )
        verb = "ALTER" if role_exists else "CREATE"
        await connection.execute(f"{verb} ROLE {quoted} LOGIN PASSWORD {secret}")
        if await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name
        ):
            return False
        if not await connection.fetchval(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ):
            # Only a member may create a database for its owner.
            await connection.execute(f"GRANT {quoted} TO CURRENT_USER")
        await connection.execute(
            f"CREATE DATABASE {quoted} OWNER {quoted} TEMPLATE template0"
            " ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
        )
        await connection.execute(f"REVOKE CONNECT ON DATABASE {quoted} FROM PUBLIC")
        return True
    finally:
        await connection.close()
