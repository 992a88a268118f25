"""The platform from start to stop, over real servers and with stand-ins for the services."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tongban.run.faults import CannotRun
from tongban.run.platform import Platform
from tongban.run.ports import (
    MOST,
    SERVICES,
    Ports,
    Processes,
    free_base_port,
    free_ports,
    is_free,
)
from tongban.run.postgres import EmbeddedPostgres
from tongban.run.process import until, wait_until
from tongban.run.supervisor import Patience

STAND_INS = Path(__file__).parent / "stand_ins"
MODULES = dict.fromkeys((*SERVICES, "gateway"), "stand_in")


def make_platform(folder: Path, **given: Any) -> Platform:
    settings = {"PYTHONPATH": str(STAND_INS), "STAND_IN_RECORD": str(folder / "record")}
    return Platform(
        folder=folder / "state",
        district="610171",
        ports=given.pop("ports", None) or Ports(free_base_port()),
        settings=settings | given.pop("settings", {}),
        modules=MODULES,
        durable=False,
        **given,
    )


def noted(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "record").read_text().splitlines()]


def pids_of(folder: Path) -> set[int]:
    """Whatever runs on this machine for that folder's district."""
    found = set()
    for process in Path("/proc").iterdir():
        try:
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            is_ours = str(folder).encode() in told or os.readlink(process / "cwd").startswith(
                str(folder)
            )
        except OSError:
            continue
        if is_ours and process.name.isdecimal():
            found.add(int(process.name))
    return found


async def test_a_district_starts_loads_its_data_and_leaves_no_process(tmp_path: Path) -> None:
    steps: list[str] = []
    platform = make_platform(tmp_path, tell=steps.append)

    async with platform:
        running = set(platform.processes)
        pids = pids_of(tmp_path)
    started = [(line["name"], line["part"]) for line in noted(tmp_path)]

    assert running == {
        *("postgres", "nats", "gateway api"),
        *(f"{service} {part}" for service in SERVICES for part in ("api", "work")),
    }
    assert sorted(started) == sorted(
        [("GATEWAY", "api")]
        + [(each.upper(), part) for each in SERVICES for part in ("migrate", "api", "work")]
    )
    assert len(pids) >= len(running)
    assert pids_of(tmp_path) == set()
    assert all(is_free(port) for port in platform.ports.all().values())
    assert steps


async def test_a_service_in_plural_gets_ports_of_its_own_and_the_gateway_all_of_them(
    tmp_path: Path,
) -> None:
    ports = free_ports({"case": 3, "site-work": 2, "gateway": 2})
    async with make_platform(tmp_path, ports=ports, patience=Patience(0.1)) as platform:
        running = set(platform.processes)
        told = platform.processes["gateway api 2"].environment
        third = platform.processes["case api 3"]
        first_pid = third.pid
        third.tell(signal.SIGKILL)
        back = await until(lambda: third.pid != first_pid and not is_free(ports.api("case", 3)), 15)

    assert len(running) == 11 + 2 + 1 + 1
    assert {"case api", "case api 2", "case api 3", "site work 2", "gateway api 2"} <= running
    base = ports.base
    assert told["GATEWAY_PORT"] == str(base + 20)
    assert told["GATEWAY_CASE_URL"] == ",".join(
        f"http://127.0.0.1:{base + offset}" for offset in (2, 22, 42)
    )
    assert ports.work("site", 2) == base + 33
    assert back
    assert pids_of(tmp_path) == set()


async def test_a_further_processes_port_that_is_taken_is_named(tmp_path: Path) -> None:
    ports = free_ports({"case": 2})
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", ports.api("case", 2)))
        holder.listen()

        with pytest.raises(CannotRun, match=f"Port {ports.base + 22} is taken"):
            await make_platform(tmp_path, ports=ports).start()


def test_no_two_processes_ever_share_a_port() -> None:
    everything = Processes(
        {kind: MOST for kind in ("gateway", *SERVICES, *(f"{each}-work" for each in SERVICES))}
    )
    ports = Ports(8000, everything).all()

    assert len(ports) == len(set(ports.values())) == 9 * MOST + 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("case", "cannot be read at “case”"),
        ("case=two", "cannot be read at “case=two”"),
        ("case=-1", "cannot be read"),
        ("case=0", f"a number from 1 to {MOST}"),
        ("case=17", f"a number from 1 to {MOST}"),
        ("cases=2", "There is no process cases"),
    ],
)
def test_numbers_of_processes_that_cannot_be_are_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(CannotRun, match=sentence):
        Processes.parse(text)


def test_numbers_of_processes_are_read() -> None:
    assert Processes.parse(" case=2, case-work = 3 ,").counts == {"case": 2, "case-work": 3}
    assert Processes.parse("").counts == {}


async def test_each_file_is_loaded_once_and_again_when_it_changes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("matters", "partners", "sites"):
        (data / f"{name}.json").write_text(json.dumps(name))

    ports = Ports(free_base_port())
    async with make_platform(tmp_path, data=data, ports=ports):
        pass
    async with make_platform(tmp_path, data=data, ports=ports):
        pass
    (data / "partners.json").write_text(json.dumps("more partners"))
    async with make_platform(tmp_path, data=data, ports=ports):
        pass
    (data / "partners.json").write_text(json.dumps("partners"))
    async with make_platform(tmp_path, data=data, ports=ports):
        pass

    posts = [line for line in noted(tmp_path) if "path" in line]
    assert [(post["path"], post["body"]) for post in posts] == [
        ("/api/v1/catalog/import?publish=true", "matters"),
        ("/api/v1/partners/import", "partners"),
        ("/api/v1/sites/import", "sites"),  # told to come back: what it refers to was on its way
        ("/api/v1/sites/import", "sites"),
        ("/api/v1/partners/import", "more partners"),
        ("/api/v1/partners/import", "partners"),
    ]
    assert posts[2]["key"] == posts[3]["key"]
    assert len({post["key"] for post in posts}) == 5


async def test_databases_are_migrated_and_filled_once_and_again_when_they_are_new(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "matters.json").write_text("[]")

    for _ in range(2):
        async with make_platform(tmp_path, data=data) as platform:
            pass
    once = noted(tmp_path)
    shutil.rmtree(platform.state.folder / "postgres")
    async with make_platform(tmp_path, data=data):
        pass
    twice = noted(tmp_path)

    assert [sum(line["part"] == "migrate" for line in lines) for lines in (once, twice)] == [4, 8]
    assert [sum("path" in line for line in lines) for lines in (once, twice)] == [1, 2]


async def test_a_refused_file_is_told_in_full_and_nothing_stays_behind(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "matters.json").write_text('"refused"')

    with pytest.raises(CannotRun, match=r"matters\.json was not loaded \(422\)") as refusal:
        await make_platform(tmp_path, data=data).start()

    assert refusal.value.detail == '{"title": "矿"}'
    assert pids_of(tmp_path) == set()


@pytest.mark.parametrize("failing", ["CASE migrate", "SITE work"])
async def test_a_process_that_cannot_start_is_told_with_its_log(
    tmp_path: Path, failing: str
) -> None:
    with pytest.raises(CannotRun, match=failing.lower()) as refusal:
        await make_platform(tmp_path, settings={"STAND_IN_FAILS": failing}).start()

    assert refusal.value.detail == "no such luck"
    assert pids_of(tmp_path) == set()


@pytest.mark.parametrize("name", ["case work", "nats", "postgres"])
async def test_what_is_killed_comes_back(tmp_path: Path, name: str) -> None:
    said: list[str] = []
    async with make_platform(
        tmp_path, tell=said.append, patience=Patience(first_seconds=0.1)
    ) as platform:
        process = platform.processes[name]
        first = process.pid
        process.tell(signal.SIGKILL)

        port = {"nats": platform.ports.nats, "postgres": platform.ports.postgres}.get(
            name, platform.ports.work("case")
        )
        back = await until(
            lambda: process.pid != first and process.is_alive and not is_free(port), 15
        )

    assert back
    assert any(f"{name} ended (code -9)" in line for line in said)


async def test_what_is_halted_stays_down_until_it_is_resumed(tmp_path: Path) -> None:
    async with make_platform(tmp_path, patience=Patience(first_seconds=0.01)) as platform:
        await platform.halt("nats")
        await asyncio.sleep(0.3)
        was_down = is_free(platform.ports.nats)
        platform.resume("nats")
        came_back = await until(lambda: not is_free(platform.ports.nats), 5)

    assert was_down
    assert came_back


async def test_a_stubborn_app_does_not_hold_up_the_end(tmp_path: Path) -> None:
    platform = make_platform(tmp_path, settings={"STAND_IN_STUBBORN": "CASE api"})
    await platform.start()

    started = time.monotonic()
    await platform.stop()

    assert time.monotonic() - started < 30  # the app itself would take an hour
    assert pids_of(tmp_path) == set()


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    platform = make_platform(tmp_path)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", platform.ports.nats))
        holder.listen()

        with pytest.raises(CannotRun, match=f"Port {platform.ports.nats} is taken") as refusal:
            await platform.start()

    assert "TONGBAN_PORT" in refusal.value.zh
    assert pids_of(tmp_path) == set()


async def test_two_launchers_never_share_a_folder(tmp_path: Path) -> None:
    async with make_platform(tmp_path) as first:
        with pytest.raises(CannotRun, match="Another Tongban"):
            await make_platform(tmp_path).start()
        still_there = {each.name for each in first.processes.values() if each.is_alive}

    assert len(still_there) == 11


async def test_servers_from_outside_are_used_instead(tmp_path: Path) -> None:
    outside_ports = Ports(free_base_port())
    postgres = EmbeddedPostgres(tmp_path / "outside", outside_ports.postgres)
    postgres.start()
    try:
        platform = make_platform(tmp_path, admin_url=postgres.admin_url)
        async with platform:
            running = set(platform.processes)
            told = platform.processes["case api"].environment["CASE_DATABASE_URL"]
    finally:
        postgres.stop()

    assert "postgres" not in running
    assert told.startswith("postgresql+asyncpg://tongban_610171_case:")
    assert told.endswith(f"@127.0.0.1:{outside_ports.postgres}/tongban_610171_case")


@pytest.mark.parametrize(
    ("outside", "sentence"),
    [
        ({"admin_url": "postgresql://postgres@127.0.0.1:1/postgres"}, "TONGBAN_DATABASE_URL"),
        ({"nats_url": "nats://127.0.0.1:1"}, "TONGBAN_NATS_URL"),
    ],
)
async def test_a_server_from_outside_that_is_not_there_is_named(
    tmp_path: Path, outside: dict[str, str], sentence: str
) -> None:
    with pytest.raises(CannotRun, match=sentence):
        await make_platform(tmp_path, **outside).start()

    assert pids_of(tmp_path) == set()


class Launcher:
    """`serve` in a process of its own, as a terminal or a service manager would run it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.output = folder / f"output-{port}-{time.monotonic_ns()}"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, STAND_INS / "serve.py"),
                    *(folder / "state", str(port), folder / "record"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        return "Tongban is ready: http://127.0.0.1:" in self.output.read_text()

    def wait_ready(self) -> None:
        assert wait_until(lambda: self.is_ready() or self.process.poll() is not None, 30)
        assert self.is_ready(), self.output.read_text()


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path, free_base_port())
    launcher.wait_ready()
    yield launcher
    launcher.process.kill()
    launcher.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_all_in_order(
    tmp_path: Path, launcher: Launcher, number: signal.Signals
) -> None:
    launcher.process.send_signal(number)

    assert launcher.process.wait(60) == 0
    assert pids_of(tmp_path) == set()
    assert "stopped" in launcher.output.read_text().splitlines()[-1]


def test_a_killed_launcher_takes_its_children_along_and_the_next_one_comes_up(
    tmp_path: Path, launcher: Launcher
) -> None:
    port = int(launcher.output.read_text().partition("http://127.0.0.1:")[2].split()[0])
    assert len(pids_of(tmp_path)) >= 12

    launcher.process.kill()
    launcher.process.wait()
    next_launcher = Launcher(tmp_path, port)  # at once: leftovers may still be ending
    next_launcher.wait_ready()
    next_launcher.process.kill()
    next_launcher.process.wait()

    assert wait_until(lambda: pids_of(tmp_path) == set(), 60), pids_of(tmp_path)


def test_a_signal_while_starting_ends_it_too(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, free_base_port())
    wait_until(lambda: "starting PostgreSQL" in launcher.output.read_text(), 10)

    launcher.process.send_signal(signal.SIGTERM)

    assert launcher.process.wait(60) == 0
    assert pids_of(tmp_path) == set()
