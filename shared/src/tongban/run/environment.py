"""What each process is told: its own settings and nobody else's secrets."""

import os
from collections.abc import Mapping

from tongban.run import sm2
from tongban.run.issuer import AUDIENCE, issuer_of, jwks_url
from tongban.run.ports import HOST, SERVICES, Ports
from tongban.run.state import Servers, State

# The launcher's own: a service must not take the administrator's URL or the base port for its own.
_LAUNCHERS = frozenset(
    {
        "TONGBAN_PORT",
        "TONGBAN_PROCESSES",
        "TONGBAN_STATE",
        "TONGBAN_DATABASE_URL",
        "TONGBAN_DATA",
    }
)
_PREFIXES = tuple(f"{name.upper()}_" for name in (*SERVICES, "gateway"))


def of_service(
    service: str, *, state: State, ports: Ports, servers: Servers, number: int = 1
) -> dict[str, str]:
    prefix = service.upper()
    settings = {
        "DATABASE_URL": servers.database_urls[service],
        "PORT": str(ports.api(service, number)),
        "WORK_PORT": str(ports.work(service, number)),
        "PRIVATE_KEY_FILE": str(state.private_key(service)),
        "DATA_KEY_FILE": str(state.data_key(service)),
        "LEDGER_KEY_FILE": str(state.private_key(f"{service}-ledger")),
        **{name: str(path) for name, path in _own_keys(service, state).items()},
    }
    return {
        # Where the public reaches the gateway: here, unless the operator names another address.
        "TONGBAN_PUBLIC_URL": f"http://{HOST}:{ports.api('gateway')}",
        **_inherited(prefix),
        **_shared(state),
        "TONGBAN_NATS_URL": servers.nats_url,
        "TONGBAN_OBJECTS": str(state.objects),
        "TONGBAN_KEYS": str(state.keys),
        **{f"{prefix}_{name}": value for name, value in settings.items()},
    }


def of_gateway(*, state: State, ports: Ports, number: int = 1) -> dict[str, str]:
    return {
        **_inherited("GATEWAY"),
        **_shared(state),
        "GATEWAY_PORT": str(ports.api("gateway", number)),
        **{
            f"GATEWAY_{service.upper()}_URL": ",".join(
                f"http://{HOST}:{ports.api(service, each)}"
                for each in ports.processes.apis(service)
            )
            for service in SERVICES
        },
    }


def _shared(state: State) -> dict[str, str]:
    return {
        "PYTHONUNBUFFERED": "1",
        "TONGBAN_DISTRICT": state.district,
        "TONGBAN_OIDC_ISSUER": issuer_of(state.district),
        "TONGBAN_OIDC_AUDIENCE": AUDIENCE,
        "TONGBAN_OIDC_JWKS_URL": jwks_url(state),
    }


def _own_keys(service: str, state: State) -> Mapping[str, object]:
    by_sm2 = state.private_key("district-signing-sm2")
    # Without the suite's library the key would end interop-service's start.
    can_sm2 = sm2.is_installed() and by_sm2.exists()
    return {
        "case": {"SEAL_KEY_FILE": state.private_key("seal")},
        "interop": {
            "SIGNING_KEY_FILE": state.private_key("district-signing"),
            **({"SM2_SIGNING_KEY_FILE": by_sm2} if can_sm2 else {}),
            "ENCRYPTION_KEY_FILE": state.private_key("district-encryption"),
            "SEAL_PUBLIC_KEY_FILE": state.public_key("seal"),
        },
    }.get(service, {})


def _inherited(prefix: str) -> dict[str, str]:
    """The operator's environment, less the launcher's settings and the other services'."""
    others = tuple(each for each in _PREFIXES if each != f"{prefix}_")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in _LAUNCHERS and not name.startswith(others)
    }
