"""One child process: a session of its own, a log file, and death with its parent."""

import asyncio
import ctypes
import math
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_POLL_SECONDS = 0.02
_LARGE_LOG_BYTES = 20_000_000
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """Whom a process runs as, where that is not ourselves."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, uid: int) -> "Account":
        entry = pwd.getpwuid(uid)
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @classmethod
    def named(cls, name: str) -> "Account":
        return cls.of(pwd.getpwnam(name).pw_uid)


@dataclass
class Process:
    """A command that is started, watched and stopped, and may be started again."""

    name: str
    command: Sequence[str | Path]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL  # sent by the kernel when the launcher dies
    kill_signal: signal.Signals = signal.SIGKILL  # ends it at once, and all that it has started
    _child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def start(self) -> None:
        """Start it from a thread that lives as long as the process shall (see `_die_with`)."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LARGE_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - the commands are our own
                [str(part) for part in self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid(), self.orphan_signal),
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
            )

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def is_alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._child.poll() if self._child else None

    def tell(self, number: signal.Signals) -> None:
        if self._child is not None:
            self._child.send_signal(number)

    def kill(self) -> None:
        """End it at once, with what it has started in its own session."""
        if self._child is not None:
            if self._child.poll() is None:
                os.killpg(self._child.pid, self.kill_signal)
            self._child.wait()

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """Ask it to end, and end it when it does not."""
        self.tell(self.stop_signal)
        if not wait_until(lambda: not self.is_alive, timeout_seconds):
            self.kill()

    def last_lines(self, count: int = 15) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 20_000))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])


def wait_until(is_true: Callable[[], bool], timeout_seconds: float) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


async def until(
    is_true: Callable[[], bool],
    timeout_seconds: float = math.inf,
    *,
    poll_seconds: float = _POLL_SECONDS,
) -> bool:
    """`wait_until` for those who share an event loop."""
    deadline = time.monotonic() + timeout_seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(poll_seconds)
    return True


def _die_with(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    """What a child does before it becomes its command: ask the kernel to end it with its parent.

    It must run between fork and exec, after the change of account (which clears the wish); a
    shim of Python would cost each start a tenth of a second. It only makes system calls through
    a library loaded before, so no lock held by another thread can block it. Linux watches the
    parent's *thread*: a child started from a pool dies with that pool. Elsewhere there is no
    such call, and a launcher that was killed leaves its children to the next one's port check.
    """
    if _LIBC is None:
        return None
    libc = _LIBC

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask
