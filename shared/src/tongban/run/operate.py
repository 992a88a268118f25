"""An operator's command on a service, with the settings that its running processes have."""

import os
import socket
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from tongban.run import environment
from tongban.run.faults import CannotRun
from tongban.run.ports import SERVICES, Ports
from tongban.run.state import State

_PROCESSES = ("api", "work")


def become(service: str, command: Sequence[str], *, state: State) -> None:
    """Turn this process into `python -m <service>_service <command>`."""
    if service not in SERVICES:
        raise CannotRun(
            f"没有服务 {service}，可选：{'、'.join(SERVICES)}。",
            f"There is no service {service}: choose from {', '.join(SERVICES)}.",
        )
    if command[0] in _PROCESSES:
        kind = service if command[0] == "api" else f"{service}-work"
        raise CannotRun(
            f"{command[0]} 由 make run 启动，要多开一个，请设 TONGBAN_PROCESSES={kind}=2。",
            f"make run keeps {command[0]}: for a second one set TONGBAN_PROCESSES={kind}=2.",
        )
    servers = state.servers
    _require_database(servers.database_urls[service])
    # No port is listened on; which are named makes no difference.
    told = environment.of_service(service, state=state, ports=Ports(), servers=servers)
    words = [sys.executable, "-P", "-m", f"{service}_service", *command]
    os.execve(sys.executable, words, told)  # noqa: S606 - the command is our own


def _require_database(url: str) -> None:
    server = urlsplit(url)
    try:
        socket.create_connection((server.hostname, server.port or 5432), timeout=5).close()
    except OSError:
        raise CannotRun(
            f"数据库 {server.hostname}:{server.port} 没有运行，请先执行 make run。",
            f"The database at {server.hostname}:{server.port} does not run: start the district "
            "with make run first.",
        ) from None
