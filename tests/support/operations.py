"""Every operation of the platform, as its services describe them, without starting any."""

import tempfile
from pathlib import Path
from typing import Any

from gateway.openapi import merge
from support.house import SERVICES, service_of
from tongban import app
from tongban.testing.district import TestDistrict

__all__ = ["document"]


def document() -> dict[str, Any]:
    """Return what the gateway tells at /openapi.json."""
    with tempfile.TemporaryDirectory() as folder:
        district = TestDistrict(Path(folder) / "district")
        told = {name: _told_by(name, district) for name in sorted(SERVICES)}
    return merge(told)


def _told_by(name: str, district: TestDistrict) -> dict[str, Any]:
    service = service_of(name)
    settings = district.settings(name, database_url="postgresql+asyncpg://none", nats_url="none")
    return app.create(service, service.settings(**settings)).openapi()
