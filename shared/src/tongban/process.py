"""The command line of a service: `python -m case_service api | work | migrate | …`.

Each command imports what it needs itself: the whole application costs seconds of CPU to import,
and `migrate`, which every start of a district runs once for each service, needs none of it.
"""

import asyncio
import gc
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from tongban.settings import ServiceSettings
from tongban.telemetry import configure_logging

if TYPE_CHECKING:
    import uvicorn

    from tongban.ledger import Verification
    from tongban.service import Service

__all__ = ["UNREAD_BYTES", "assembling", "main", "serve"]


UNREAD_BYTES = 256 * 1024
"""So much of a request may lie in the kernel, on either side, that its service has not read yet.

Left to itself the kernel takes megabytes: who sends would count a service as silent that still
reads what was sent a minute ago.
"""


def serve(
    app: Any,
    *,
    host: str,
    port: int,
    unread_bytes: int | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    client_ca: Path | None = None,
) -> None:
    """Serve an ASGI application with uvicorn until SIGTERM or SIGINT.

    By TLS where there is a `certificate` (PEM, a chain) with its `key`, which are taken anew when
    they change; with a `client_ca`, to those alone who show a certificate of one of these
    authorities.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        backlog=4096,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_ca_certs=client_ca,
        ssl_cert_reqs=ssl.CERT_REQUIRED if client_ca is not None else ssl.CERT_NONE,
    )
    if certificate is not None and key is not None:
        _keep_certificate(config, certificate, key)
    listener = config.bind_socket()
    if unread_bytes is not None:  # each connection inherits it, if it is told before the first
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, unread_bytes)
    _freeze()
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(f"{host}:{port}: the application did not start")


def _keep_certificate(config: "uvicorn.Config", certificate: Path, key: Path) -> None:
    from tongban.certificates import LOOK_SECONDS, KeptCertificate
    from tongban.clock import utc_now

    config.load()
    if config.ssl is None:
        raise AssertionError("it was told the certificate")
    kept = KeptCertificate(config.ssl, certificate, key)

    async def look() -> None:
        kept.look(utc_now())

    config.callback_notify, config.timeout_notify = look, LOOK_SECONDS


def _freeze() -> None:
    """Keep the collector off what is loaded by now and stays for good.

    Unfrozen, it walks all of it once or twice a second under load, 50 ms each time: measured at
    the gateway, p99 was 52 ms, and is 8 ms.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def assembling() -> Iterator[None]:
    """Import and put together what stays, without the collector.

    It finds nothing there and looks again and again: a quarter of the CPU of a start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def main(package: str) -> None:
    """Run the command that the arguments name, for the service in this package."""
    cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    def settings() -> ServiceSettings:
        made: ServiceSettings = import_module(f"{package}.settings").Settings()
        configure_logging(made.SERVICE, made.log_level)
        return made

    def service() -> "Service":
        with assembling():
            made: Service = import_module(f"{package}.app").SERVICE
        return made

    @cli.command()
    def api() -> None:
        """Serve the REST API."""
        told = settings()
        with assembling():
            app = import_module(f"{package}.app").create_app(told)
        serve(app, host=told.host, port=told.port, unread_bytes=UNREAD_BYTES)

    @cli.command()
    def work() -> None:
        """Relay events, consume others' events, keep the timers."""
        import uvloop

        with assembling():
            from tongban.worker import work as run_worker
        told, whole = settings(), service()
        _freeze()
        uvloop.run(run_worker(whole, told))

    @cli.command()
    def migrate() -> None:
        """Bring the database to the newest schema."""
        from tongban import migrate as migrations

        try:
            asyncio.run(migrations.migrate(settings().database_url, f"{package}.migrations"))
        except migrations.Unsearchable as fault:
            sys.exit(str(fault))

    @cli.command()
    def republish() -> None:
        """Tell the current state again, as new reference events."""
        typer.echo(f"{asyncio.run(_republish(service(), settings()))} events")

    @cli.command()
    def rebuild(projection: str) -> None:
        """Fill a projection's table anew from its reference stream, then swap it in."""
        from tongban.rebuild import NoSuchProjection
        from tongban.rebuild import rebuild as rebuild_projection

        try:
            rows = asyncio.run(rebuild_projection(service(), settings(), projection))
        except NoSuchProjection as fault:
            sys.exit(str(fault))
        typer.echo(f"{projection}: {rows} rows")

    @cli.command(name="verify-ledger")
    def verify_ledger() -> None:
        """Look for altered, removed or re-ordered entries of the tamper-evident log."""
        found = asyncio.run(_verify_ledger(settings()))
        if found.first_fault is not None:
            fault = found.first_fault
            kinds = {"altered": "被篡改", "removed": "被删除", "reordered": "次序被改"}
            sys.exit(
                f"审计日志第 {fault.seq} 条{kinds[fault.kind]} / entry {fault.seq}: {fault.kind}"
            )
        typer.echo(f"审计日志完整，共 {found.entries} 条 / {found.entries} entries, unbroken")

    @cli.command(name="dead-letters")
    def dead_letters(
        replay_id: Annotated[UUID | None, typer.Option("--replay", help="apply this one")] = None,
    ) -> None:
        """List the messages that could not be applied, or replay one."""
        from tongban.rebuild import replay

        for line in asyncio.run(replay(service(), settings(), replay_id)):
            typer.echo(line)

    cli()


async def _verify_ledger(settings: ServiceSettings) -> "Verification":
    from tongban import audit
    from tongban.context import open_context

    async with open_context(settings, pool=1) as context, context.sessions() as session:
        return await audit.verify_all(session, context)


async def _republish(service: "Service", settings: ServiceSettings) -> int:
    from tongban.context import open_context
    from tongban.messages import publish_state

    count = 0
    if service.republish is None:
        return count
    async with open_context(settings, pool=1) as context, context.sessions.begin() as session:
        async for event, sequence in service.republish(session):
            publish_state(session, event, sequence=sequence)
            count += 1
            if count % 500 == 0:
                await session.flush()
    return count
