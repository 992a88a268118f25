"""Keeps processes running: one that dies is started again, with growing patience, and said so."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tongban.run.process import Process, until

Tell = Callable[[str], None]

_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Patience:
    """How long to wait before the next start: twice as long each time, up to a limit."""

    first_seconds: float = 0.5
    longest_seconds: float = 30.0
    forgiven_after_seconds: float = 60.0  # alive this long, the next death counts as the first

    def after(self, previous_seconds: float | None, *, lived_seconds: float) -> float:
        if previous_seconds is None or lived_seconds >= self.forgiven_after_seconds:
            return self.first_seconds
        return min(previous_seconds * 2, self.longest_seconds)


@dataclass
class Supervisor:
    """Watches what it was told to keep, until it is told to stop it."""

    tell: Tell
    patience: Patience = field(default_factory=Patience)
    _watches: dict[str, asyncio.Task[None]] = field(default_factory=dict, init=False)

    def keep(self, process: Process) -> None:
        """Start it where it does not run yet, and from now on whenever it has died."""
        if not process.is_alive:
            process.start()
        if process.name not in self._watches:
            self._watches[process.name] = asyncio.create_task(self._watch(process))

    async def stop(self, processes: Sequence[Process], *, timeout_seconds: float = 5.0) -> None:
        """Ask all of them to end; end those that do not."""
        for process in processes:
            await self._let_go(process)
            process.tell(process.stop_signal)
        await until(lambda: not any(each.is_alive for each in processes), timeout_seconds)
        for process in processes:
            process.kill()

    async def _let_go(self, process: Process) -> None:
        watch = self._watches.pop(process.name, None)
        if watch is not None:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def _watch(self, process: Process) -> None:
        wait: float | None = None
        while True:
            started = time.monotonic()
            await until(lambda: not process.is_alive, poll_seconds=_LOOK_SECONDS)
            wait = self.patience.after(wait, lived_seconds=time.monotonic() - started)
            self.tell(
                f"{process.name} 已退出（代码 {process.exit_code}），{wait:g} 秒后重启 · "
                f"{process.name} ended (code {process.exit_code}), started again in {wait:g} s; "
                f"see {process.log}"
            )
            await asyncio.sleep(wait)
            process.start()
