"""Settings: a service's own variable wins, and its secrets are never taken from a wider one."""

import pytest
from pydantic import ValidationError

from tongban.settings import ServiceSettings


class ParcelSettings(ServiceSettings):
    SERVICE = "parcel"


COMMON = {
    "TONGBAN_DISTRICT": "610171",
    "TONGBAN_OIDC_ISSUER": "urn:test",
    "TONGBAN_OIDC_JWKS_URL": "file:///keys",
    "TONGBAN_OBJECTS": "/objects",
    "TONGBAN_KEYS": "/keys",
}
OWN = {
    "PARCEL_PORT": "1",
    "PARCEL_WORK_PORT": "2",
    "PARCEL_DATABASE_URL": "postgresql+asyncpg://parcel@db/parcel",
    "PARCEL_PRIVATE_KEY_FILE": "/keys/parcel",
    "PARCEL_DATA_KEY_FILE": "/keys/parcel.data",
    "PARCEL_LEDGER_KEY_FILE": "/keys/parcel.ledger",
}


def test_the_services_own_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**COMMON, **OWN, "TONGBAN_LOG_LEVEL": "info"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PARCEL_LOG_LEVEL", "debug")

    settings = ParcelSettings()

    assert settings.log_level == "debug"
    assert settings.objects == "/objects"


def test_a_wider_credential_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**COMMON, **OWN}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PARCEL_DATABASE_URL")
    monkeypatch.setenv("TONGBAN_DATABASE_URL", "postgresql+asyncpg://admin@db/postgres")

    with pytest.raises(ValidationError, match="database_url"):
        ParcelSettings()
