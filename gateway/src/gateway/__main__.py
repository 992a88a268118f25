"""`python -m gateway api`."""

import typer

from gateway.settings import Settings
from tongban.process import assembling, serve
from tongban.telemetry import configure_logging

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@cli.callback()
def gateway() -> None:
    """The one door to the district's services."""


@cli.command()
def api() -> None:
    """Serve the gateway."""
    settings = Settings()
    configure_logging("gateway", settings.log_level)
    with assembling():
        from gateway.app import create_app

        app = create_app(settings)
    serve(
        app,
        host=settings.host,
        port=settings.port,
        certificate=settings.tls_certificate_file,
        key=settings.tls_key_file,
        client_ca=settings.tls_client_ca_file,
    )


if __name__ == "__main__":
    cli()
