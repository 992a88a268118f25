"""Which port belongs to whom: all follow from one base port."""

import random
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tongban.run.faults import CannotRun

HOST = "127.0.0.1"
SERVICES = ("catalog", "case", "site", "interop")

# Below the range from which systems take ports for outgoing connections.
_FREE_RANGE = range(10_000, 30_000)


@dataclass(frozen=True)
class Ports:
    """The gateway listens on the base port, every other process at an offset from it."""

    base: int = 8000

    def __post_init__(self) -> None:
        if not 1 <= self.base <= 65_535 - 14:
            raise CannotRun(
                f"端口 {self.base} 不可用，请把 TONGBAN_PORT 设为 1 到 65521 之间的数。",
                f"Port {self.base} cannot be used: set TONGBAN_PORT to a number from 1 to 65521.",
            )

    @property
    def gateway(self) -> int:
        return self.base

    @property
    def nats(self) -> int:
        return self.base + 5

    @property
    def postgres(self) -> int:
        return self.base + 6

    def api(self, service: str) -> int:
        return self.base + 1 + SERVICES.index(service)

    def work(self, service: str) -> int:
        return self.base + 11 + SERVICES.index(service)

    def all(self) -> dict[str, int]:
        return {
            "gateway": self.gateway,
            **{f"{service} api": self.api(service) for service in SERVICES},
            "nats": self.nats,
            "postgres": self.postgres,
            **{f"{service} work": self.work(service) for service in SERVICES},
        }


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port whose last connections linger in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    """Does somebody accept connections there?"""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def require_free(ports: Iterable[int]) -> None:
    for port in ports:
        if not is_free(port):
            raise CannotRun(
                f"端口 {port} 已被占用，请停止占用它的程序，或用 TONGBAN_PORT 另选一个起始端口。",
                f"Port {port} is taken: stop the program that holds it, or choose another base "
                "port with TONGBAN_PORT.",
            )


def free_port() -> int:
    return _first_free(lambda port: [port])


def free_base_port() -> int:
    """A base port whose every offset in use is free."""
    return _first_free(lambda port: list(Ports(port).all().values()))


def _first_free(needed_from: Callable[[int], list[int]]) -> int:
    for port in random.sample(_FREE_RANGE, 500):
        if all(is_free(each) for each in needed_from(port)):
            return port
    raise CannotRun(
        "找不到空闲端口，请先停止占用端口的程序。",
        "No free ports were found: stop a program that holds some.",
    )
