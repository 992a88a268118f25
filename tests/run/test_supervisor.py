"""The supervisor: what dies is started again with growing patience, what is stopped stays so."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import pytest

from tongban.run.process import Process, until
from tongban.run.supervisor import Patience, Supervisor


def _process(folder: Path, code: str, *, name: str = "worker") -> Process:
    return Process(name=name, command=[sys.executable, "-c", code], log=folder / f"{name}.log")


STAYS = "import time; time.sleep(60)"
IGNORES_SIGTERM = (
    f"import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); {STAYS}"
)


@pytest.mark.parametrize(
    ("previous_seconds", "lived_seconds", "wait_seconds"),
    [
        (None, 0, 0.5),
        (0.5, 0, 1.0),
        (1.0, 59, 2.0),
        (16.0, 1, 30.0),
        (30.0, 1, 30.0),
        (30.0, 60, 0.5),
    ],
)
def test_patience_doubles_up_to_a_limit_until_it_is_forgiven(
    previous_seconds: float | None, lived_seconds: float, wait_seconds: float
) -> None:
    assert Patience().after(previous_seconds, lived_seconds=lived_seconds) == wait_seconds


async def test_what_dies_is_started_again_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append, Patience(first_seconds=0.05))
    process = _process(tmp_path, STAYS)

    supervisor.keep(process)
    first = process.pid
    process.tell(signal.SIGKILL)
    restarted = await until(lambda: process.is_alive and process.pid != first, 5)
    await supervisor.stop([process])

    assert restarted
    assert len(said) == 1
    assert "worker ended (code -9), started again in 0.05 s" in said[0]


async def test_what_keeps_dying_is_waited_for_longer_each_time(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append, Patience(first_seconds=0.05))
    process = _process(tmp_path, "raise SystemExit('broken')")

    supervisor.keep(process)
    await until(lambda: len(said) == 3, 10)
    await supervisor.stop([process])

    waits = [line.partition("again in ")[2].partition(" s;")[0] for line in said]
    assert waits == ["0.05", "0.1", "0.2"]
    assert "broken" in process.last_lines()


async def test_what_is_stopped_is_not_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append, Patience(first_seconds=0.01))
    process = _process(tmp_path, STAYS)

    supervisor.keep(process)
    await supervisor.stop([process])
    await asyncio.sleep(0.2)

    assert not process.is_alive
    assert said == []


async def test_what_does_not_end_when_asked_is_ended(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda _line: None)
    process = _process(tmp_path, IGNORES_SIGTERM)
    supervisor.keep(process)
    await until(lambda: "up" in process.last_lines(), 5)

    started = time.monotonic()
    await supervisor.stop([process], timeout_seconds=0.3)

    assert process.exit_code == -signal.SIGKILL
    assert time.monotonic() - started < 2


async def test_a_process_has_a_session_of_its_own(tmp_path: Path) -> None:
    process = _process(
        tmp_path, f"import os; print(os.getsid(0) == os.getpid(), flush=True); {STAYS}"
    )
    process.start()

    await until(lambda: bool(process.last_lines()), 5)
    process.stop()

    assert process.last_lines() == "True"
