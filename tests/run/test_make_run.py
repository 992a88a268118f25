"""`make run` as a newcomer types it: a district that starts, stops whole, and remembers."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import httpx
import psutil
import pytest
from journeys.applications import HALL, pension_application

from support.hall import District, Person
from tongban.run.platform import Platform
from tongban.run.ports import Ports, free_base_port
from tongban.run.process import wait_until

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_SECONDS = 200
STOPS_WITHIN_SECONDS = 90  # of which PostgreSQL may take a minute, on a slow disk


class Launch:
    """One `make run`, as in a terminal of its own."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        self._output: IO[bytes] = log.open("wb")
        self.process = subprocess.Popen(
            ["make", "run"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def wait_until_ready(self) -> None:
        """Wait for the line that says so."""
        is_over = wait_until(
            lambda: "Tongban is ready" in self.said or self.process.poll() is not None,
            STARTS_WITHIN_SECONDS,
        )
        assert is_over, self.said
        assert self.process.poll() is None, self.said

    def stop(self, number: signal.Signals, *, whole_terminal: bool) -> None:
        """Ask it to end, and wait until it has."""
        if whole_terminal:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        self.process.wait(timeout=STOPS_WITHIN_SECONDS)

    def end(self) -> None:
        """Leave nothing behind, whatever the test came to."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=STOPS_WITHIN_SECONDS)
        self._output.close()


class Newcomer:
    """Somebody with a checkout, a free port and a folder."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.ports = Ports(free_base_port())
        # As from a fresh shell: not what `make test` itself was started with.
        outer = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TONGBAN_", "MAKE", "MFLAGS"))
        }
        self.environment = {
            **outer,
            "TONGBAN_STATE": str(self.state),
            "TONGBAN_PORT": str(self.ports.gateway),
        }
        self.launches: list[Launch] = []

    def run(self) -> Launch:
        launch = Launch(self.environment, self.state.parent / f"run-{len(self.launches)}.log")
        self.launches.append(launch)
        return launch

    def token(self, **choices: str) -> str:
        """Return what `make token` prints."""
        words = [f"{name}={value}" for name, value in choices.items()]
        done = subprocess.run(
            ["make", "token", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout.strip()

    def left_running(self) -> list[str]:
        """Return whatever runs for this state folder."""
        return [
            f"{process.pid} {' '.join(process.info['cmdline'] or ())}"
            for process in psutil.process_iter(["cmdline", "environ", "status"])
            if str(self.state) in f"{process.info['cmdline']} {process.info['environ']}"
            and process.info["status"] != psutil.STATUS_ZOMBIE
        ]


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    tmp_path.chmod(0o755)
    somebody = Newcomer(tmp_path)
    yield somebody
    for launch in somebody.launches:
        launch.end()


@pytest.mark.timeout(480)  # two whole starts, on a machine that has other work
async def test_a_district_runs_stops_whole_and_comes_back_with_its_data(
    newcomer: Newcomer,
) -> None:
    first = newcomer.run()
    first.wait_until_ready()
    token = newcomer.token(role="clerk", site=HALL)
    url = f"http://127.0.0.1:{newcomer.ports.gateway}"
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        platform = Platform(folder=newcomer.state, district="610171", ports=newcomer.ports)
        district = District("西安高新区", "610171", platform, client)
        clerk = Person("窗口", client, token)
        refused = await client.get("/api/v1/cases")
        listed = await clerk.get("/cases")
        case = await clerk.post("/cases", await pension_application(district))

        first.stop(signal.SIGTERM, whole_terminal=False)
        left = newcomer.left_running()
        second = newcomer.run()
        second.wait_until_ready()
        again = await clerk.get(f"/cases/{case['id']}")
        second.stop(signal.SIGINT, whole_terminal=True)

    assert f"Tongban is ready: {url}" in first.said
    assert f"{url}/docs" in first.said
    assert "make token" in first.said
    assert (refused.status_code, listed["items"]) == (httpx.codes.UNAUTHORIZED, [])
    assert again == case
    assert left == newcomer.left_running() == []
