"""Settings from the environment; a service's own variable wins over the platform's.

`CASE_LOG_LEVEL` sets one service, `TONGBAN_LOG_LEVEL` all of them. What belongs to one service
alone (its database, ports, keys) is read from its own variables only, so that no service ever
falls back to a wider credential.
"""

from pathlib import Path
from typing import Any, ClassVar

from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

__all__ = ["Base", "ServiceSettings"]


class _SharedEnvironment(EnvSettingsSource):
    """`TONGBAN_*`, less what a service must be given by name."""

    def __call__(self) -> dict[str, Any]:
        own: frozenset[str] = self.settings_cls.OWN  # type: ignore[attr-defined]  # Base declares it
        return {name: value for name, value in super().__call__().items() if name not in own}


class Base(BaseSettings):
    """What every process of a district is told."""

    SERVICE: ClassVar[str]
    OWN: ClassVar[frozenset[str]] = frozenset({"port"})

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    district: str
    """Code of the district this process serves: GB/T 2260, or locally assigned."""
    oidc_issuer: str
    oidc_audience: str = "tongban"
    oidc_jwks_url: str
    """Where the issuer's keys are: http(s), or file:// for the embedded issuer."""
    host: str = "127.0.0.1"
    port: int
    log_level: str = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            EnvSettingsSource(settings_cls, env_prefix=f"{cls.SERVICE.upper()}_"),
            _SharedEnvironment(settings_cls, env_prefix="TONGBAN_"),
        )


class ServiceSettings(Base):
    """What a service with a database and a worker is told."""

    OWN: ClassVar[frozenset[str]] = frozenset(
        {
            "port",
            "work_port",
            "database_url",
            "private_key_file",
            "data_key_file",
            "ledger_key_file",
        }
    )

    work_port: int
    """Where the worker answers /healthz, /readyz and /metrics."""
    database_url: str
    api_pool: int = 8
    work_pool: int = 5
    nats_url: str = "nats://127.0.0.1:8005"
    objects: str
    """The object store, shared by the services of the district: a folder, or s3://bucket/…"""
    keys: Path
    """Folder with each service's public key, `<service>.public.json`."""
    private_key_file: Path
    data_key_file: Path
    ledger_key_file: Path
    """Signs the checkpoints of the service's ledger (Ed25519 private JWK)."""
    work: str = "relay,consumers,timers,loops"
    """Which parts this worker runs; several workers may share them out."""
