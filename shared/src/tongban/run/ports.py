"""Which port belongs to whom: all follow from one base port."""

import random
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tongban.run.faults import CannotRun

HOST = "127.0.0.1"
SERVICES = ("catalog", "case", "site", "interop")

# Further processes of the same kind follow at this distance: case's second API at +22, its third
# at +42.
_STRIDE = 20
_LAST_OFFSET = 14

MOST = 16  # processes of one kind

# Below the range from which systems take ports for outgoing connections.
_FREE_RANGE = range(10_000, 30_000)


@dataclass(frozen=True)
class Processes:
    """How many processes of each kind there are; one, where nothing else is said.

    `{"case": 2, "case-work": 3, "gateway": 1}`: a service's name alone means its API.
    """

    counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kinds = ("gateway", *SERVICES, *(f"{service}-work" for service in SERVICES))
        if unknown := sorted(set(self.counts) - set(kinds)):
            raise CannotRun(
                f"TONGBAN_PROCESSES 中没有 {'、'.join(unknown)} 这种进程，"
                f"可选：{'、'.join(kinds)}。",
                f"There is no process {', '.join(unknown)} to name in TONGBAN_PROCESSES: choose "
                f"from {', '.join(kinds)}.",
            )
        if wrong := [kind for kind, count in self.counts.items() if not 1 <= count <= MOST]:
            raise CannotRun(
                f"TONGBAN_PROCESSES 中 {'、'.join(wrong)} 的数目应为 1 到 {MOST}。",
                f"TONGBAN_PROCESSES must give {', '.join(wrong)} a number from 1 to {MOST}.",
            )

    @classmethod
    def parse(cls, text: str) -> "Processes":
        """Read `case=2,case-work=2`."""
        counts = {}
        for word in filter(None, (word.strip() for word in text.split(","))):
            kind, _, count = (part.strip() for part in word.partition("="))
            if not count.isdecimal():
                raise CannotRun(
                    f"TONGBAN_PROCESSES 无法识别“{word}”，应写作 case=2,case-work=2。",
                    f"TONGBAN_PROCESSES cannot be read at “{word}”: write case=2,case-work=2.",
                )
            counts[kind] = int(count)
        return cls(counts)

    def apis(self, service: str) -> range:
        """The numbers of its API's processes, from 1."""
        return range(1, self.counts.get(service, 1) + 1)

    def workers(self, service: str) -> range:
        """The numbers of its workers, from 1."""
        return range(1, self.counts.get(f"{service}-work", 1) + 1)

    @property
    def most(self) -> int:
        return max(self.counts.values(), default=1)


def named(service: str, part: str, number: int) -> str:
    """What a process is called: `case api`, `case api 2`."""
    return f"{service} {part}" if number == 1 else f"{service} {part} {number}"


@dataclass(frozen=True)
class Ports:
    """The gateway listens on the base port, every other process at an offset from it."""

    base: int = 8000
    processes: Processes = field(default_factory=Processes)

    def __post_init__(self) -> None:
        highest = 65_535 - _LAST_OFFSET - _STRIDE * (self.processes.most - 1)
        if not 1 <= self.base <= highest:
            raise CannotRun(
                f"端口 {self.base} 不可用，请把 TONGBAN_PORT 设为 1 到 {highest} 之间的数。",
                f"Port {self.base} cannot be used: set TONGBAN_PORT to a number from 1 to "
                f"{highest}.",
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

    def api(self, service: str, number: int = 1) -> int:
        """Where the service's API listens, or the gateway; `number` tells its processes apart."""
        place = 0 if service == "gateway" else 1 + SERVICES.index(service)
        return self.base + place + _STRIDE * (number - 1)

    def work(self, service: str, number: int = 1) -> int:
        return self.base + 11 + SERVICES.index(service) + _STRIDE * (number - 1)

    def apis(self) -> dict[str, int]:
        """Where each API listens, by its process's name."""
        return {
            named(service, "api", number): self.api(service, number)
            for service in ("gateway", *SERVICES)
            for number in self.processes.apis(service)
        }

    def workers(self) -> dict[str, int]:
        """Where each worker tells its health, by its process's name."""
        return {
            named(service, "work", number): self.work(service, number)
            for service in SERVICES
            for number in self.processes.workers(service)
        }

    def all(self) -> dict[str, int]:
        return {**self.apis(), "nats": self.nats, "postgres": self.postgres, **self.workers()}


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
    return free_ports().base


def free_ports(counts: Mapping[str, int] | None = None) -> Ports:
    """Ports for so many processes (see `Processes`), every one of them free."""
    processes = Processes(counts or {})
    base = _first_free(lambda port: list(Ports(port, processes).all().values()))
    return Ports(base, processes)


def _first_free(needed_from: Callable[[int], list[int]]) -> int:
    for port in random.sample(_FREE_RANGE, 500):
        if all(is_free(each) for each in needed_from(port)):
            return port
    raise CannotRun(
        "找不到空闲端口，请先停止占用端口的程序。",
        "No free ports were found: stop a program that holds some.",
    )
