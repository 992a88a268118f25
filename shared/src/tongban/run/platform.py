"""One district on this machine: its servers, its services, its data, from start to stop."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import asyncpg

from tongban.run import environment, issuer, postgres
from tongban.run.databases import ensure_database, url_for
from tongban.run.faults import CannotRun
from tongban.run.load import load
from tongban.run.migrations import fingerprint
from tongban.run.nats import EmbeddedNats
from tongban.run.ports import HOST, SERVICES, Ports, is_free, named, require_free
from tongban.run.postgres import EmbeddedPostgres
from tongban.run.process import Process, until
from tongban.run.readiness import until_ready, until_settled
from tongban.run.state import Servers, State
from tongban.run.supervisor import Patience, Supervisor, Tell

_LEFTOVER_SECONDS = 10.0
_QUIET_AFTER_LOAD_SECONDS = 1.5
# Below eight seconds, also when all have to be killed; but PostgreSQL may write what it holds.
_STOP_SECONDS = {"apps": 4.5, "workers": 2.0, "nats": 1.0, "postgres": postgres.STOP_SECONDS}


@dataclass
class Platform:
    """Five apps and four workers, or more of them, over one PostgreSQL and one NATS.

    `settings` are put over every process's environment, `modules` say what to run as each
    service (the services themselves, unless a test of the launcher brings its own).
    """

    folder: Path
    district: str
    ports: Ports = field(default_factory=Ports)
    data: Path | None = None
    admin_url: str | None = None  # a PostgreSQL from outside
    nats_url: str | None = None  # a NATS from outside
    settings: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, str] = field(
        default_factory=lambda: {
            **{service: f"{service}_service" for service in SERVICES},
            "gateway": "gateway",
        }
    )
    tell: Tell = lambda _line: None
    patience: Patience = field(default_factory=Patience)
    durable: bool = True
    """False for throw-away districts: what is written outlives its processes, not the machine."""
    ready_seconds: float = 180.0
    """So long may the processes take to be ready: more, where the machine does other work."""

    def __post_init__(self) -> None:
        self.processes: dict[str, Process] = {}
        self.supervisor = Supervisor(self.tell, self.patience)
        self._held = ExitStack()
        self._postgres: EmbeddedPostgres | None = None
        self._nats: EmbeddedNats | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.ports.gateway}"

    @property
    def state(self) -> State:
        return State.existing(self.folder)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def token(self, *, sub: str, roles: list[str], **claims: Any) -> str:
        return issuer.mint(self.state, sub=sub, roles=roles, **claims)

    async def start(self) -> None:
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Apps first, so that no request is lost, then workers, then what both stand on."""
        groups: dict[str, list[Process]] = {group: [] for group in _STOP_SECONDS}
        for process in self.processes.values():
            groups[_group_of(process)].append(process)
        for group, processes in groups.items():
            await self.supervisor.stop(processes, timeout_seconds=_STOP_SECONDS[group])
        self.processes.clear()
        self._held.close()

    async def halt(self, name: str) -> None:
        """Stop one process and leave it stopped, until `resume`."""
        process = self.processes[name]
        await self.supervisor.stop([process], timeout_seconds=_STOP_SECONDS[_group_of(process)])

    def resume(self, name: str) -> None:
        self.supervisor.keep(self.processes[name])

    async def settle(self, *, quiet_seconds: float = _QUIET_AFTER_LOAD_SECONDS) -> None:
        """Wait until no event is on its way."""
        # Events that wait may be many more than processes.
        await until_settled(
            self._workers(),
            quiet_seconds=quiet_seconds,
            timeout_seconds=max(120.0, self.ready_seconds),
        )

    async def _start(self) -> None:
        self.tell("检查状态目录与端口 · checking the state folder and the ports")
        state = State.create(self.folder, district=self.district)
        ended_well = self._held.enter_context(state.locked())
        issuer.ensure_key(state)
        await self._prepare_servers(state, ended_well=ended_well)
        await self._start_postgres()
        databases, were_there = await self._make_databases(state)
        await self._start_nats()
        servers = Servers(databases, self._nats.url if self._nats else str(self.nats_url))
        state.remember_servers(servers)
        self._name_processes(state, servers)
        for process in self._of("gateway"):
            process.start()  # it needs no database, and its start costs as much as a migration
        if not were_there:
            state.forget_loads()
        # A database from outside may have been restored meanwhile: it is always asked.
        wanted = fingerprint(self.modules[service] for service in SERVICES)
        if not (were_there and self.admin_url is None and state.migrated == wanted):
            await self._migrate(state, servers)
            state.remember_migrated(wanted)
        self.tell("启动四个服务与网关 · starting the four services and the gateway")
        for service in SERVICES:
            for process in self._of(service):
                process.start()
        await until_ready(self._apis() | self._workers(), timeout_seconds=self.ready_seconds)
        for process in self.processes.values():
            self.supervisor.keep(process)
        loaded = await self._load(state)
        self.tell("等待事件处理完毕 · waiting until no event is on its way")
        await self.settle(quiet_seconds=_QUIET_AFTER_LOAD_SECONDS if loaded else 0.0)

    async def _prepare_servers(self, state: State, *, ended_well: bool) -> None:
        needed = self.ports.all()
        if self.admin_url is None:
            self._postgres = EmbeddedPostgres(
                state.folder / "postgres",
                self.ports.postgres,
                fsync=self.durable,
                log=state.logs / "postgres.log",
            )
            await asyncio.to_thread(self._postgres.prepare)
        else:
            del needed["postgres"]
        if self.nats_url is None:
            self._nats = EmbeddedNats(
                state.folder / "nats", self.ports.nats, log=state.logs / "nats.log"
            )
        else:
            del needed["nats"]
        if not ended_well:  # what a killed launcher left is just ending
            await until(lambda: all(is_free(port) for port in needed.values()), _LEFTOVER_SECONDS)
        require_free(needed.values())

    async def _start_postgres(self) -> None:
        if self._postgres is None:
            self.tell("使用外部 PostgreSQL · using the PostgreSQL from outside")
            return
        self.tell("启动 PostgreSQL · starting PostgreSQL")
        self.processes["postgres"] = self._postgres.process
        # Here and not in a pool: a child ends with the thread that started it.
        self._postgres.process.start()
        await asyncio.to_thread(self._postgres.confirm)

    async def _make_databases(self, state: State) -> tuple[dict[str, str], bool]:
        """Make what is missing; tell each service's URL, and whether all were there."""
        self.tell("准备四个数据库 · preparing the four databases")
        if self._postgres is not None:
            admin_url, prefix = self._postgres.admin_url, ""
        else:
            admin_url, prefix = str(self.admin_url), f"tongban_{self.district}_"
        urls, were_there = {}, True
        for service in SERVICES:
            name, password = prefix + service, state.password(service)
            try:
                were_there &= not await asyncio.to_thread(
                    ensure_database, admin_url, name, password=password
                )
            except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as fault:
                raise CannotRun(
                    f"无法准备数据库 {name}，请检查 TONGBAN_DATABASE_URL 及其权限，原因见上。",
                    f"The database {name} could not be prepared: check TONGBAN_DATABASE_URL and "
                    "its rights; see why above.",
                    detail=str(fault),
                ) from fault
            urls[service] = url_for(admin_url, name, password=password)
        return urls, were_there

    async def _start_nats(self) -> None:
        if self._nats is not None:
            self.tell("启动 NATS · starting NATS")
            self.processes["nats"] = self._nats.process
            self._nats.launch()
            await asyncio.to_thread(self._nats.confirm)
            return
        self.tell("使用外部 NATS · using the NATS from outside")
        server = urlsplit(str(self.nats_url))
        try:
            _, writer = await asyncio.wait_for(
                asyncio.open_connection(server.hostname, server.port or 4222), timeout=10
            )
        except (OSError, TimeoutError) as fault:
            raise CannotRun(
                f"无法连接 NATS {server.hostname}:{server.port}，请检查 TONGBAN_NATS_URL。",
                f"NATS at {server.hostname}:{server.port} cannot be reached: check "
                "TONGBAN_NATS_URL.",
            ) from fault
        writer.close()

    def _name_processes(self, state: State, servers: Servers) -> None:
        counts = self.ports.processes
        for service in SERVICES:
            for part, numbers in (("api", counts.apis(service)), ("work", counts.workers(service))):
                for number in numbers:
                    told = environment.of_service(
                        service, state=state, ports=self.ports, servers=servers, number=number
                    )
                    self._add(service, part, told, state, number)
        for number in counts.apis("gateway"):
            told = environment.of_gateway(state=state, ports=self.ports, number=number)
            self._add("gateway", "api", told, state, number)

    def _add(
        self, service: str, part: str, told: Mapping[str, str], state: State, number: int = 1
    ) -> Process:
        name = named(service, part, number)
        process = Process(
            name=name,
            command=[sys.executable, "-P", "-m", self.modules[service], part],
            log=state.logs / f"{name.replace(' ', '-')}.log",
            environment={**told, **self.settings},
            folder=Path.cwd(),
        )
        self.processes[process.name] = process
        return process

    async def _migrate(self, state: State, servers: Servers) -> None:
        self.tell("迁移数据库 · migrating the databases")
        migrations = [
            self._add(
                service,
                "migrate",
                environment.of_service(service, state=state, ports=self.ports, servers=servers),
                state,
            )
            for service in SERVICES
        ]
        for migration in migrations:
            migration.start()
        await until(lambda: not any(each.is_alive for each in migrations))
        for migration in migrations:
            if migration.exit_code != 0:
                raise CannotRun(
                    f"{migration.name} 失败，日志末尾见上，全文见 {migration.log}。",
                    f"{migration.name} failed: the end of its log is above, all of it in "
                    f"{migration.log}.",
                    detail=migration.last_lines(),
                )
            del self.processes[migration.name]

    async def _load(self, state: State) -> bool:
        if self.data is None:
            return False
        self.tell("导入辖区数据 · loading the district's data")
        token = issuer.mint(state, sub="launcher", roles=["admin"], name="launcher", hours=1)
        return await load(self.data, state=state, gateway_url=self.url, token=token, tell=self.tell)

    def _of(self, service: str) -> list[Process]:
        return [each for name, each in self.processes.items() if name.split()[0] == service]

    def _apis(self) -> dict[int, Process]:
        return {port: self.processes[name] for name, port in self.ports.apis().items()}

    def _workers(self) -> dict[int, Process]:
        return {port: self.processes[name] for name, port in self.ports.workers().items()}


def _group_of(process: Process) -> str:
    if process.name in _STOP_SECONDS:
        return process.name
    return "apps" if process.name.split()[1] == "api" else "workers"
