"""NATS with JetStream from the environment's own wheel."""

import os
import shutil
import signal
import sysconfig
from pathlib import Path

from tongban.run.faults import CannotRun
from tongban.run.ports import HOST, is_open, require_free
from tongban.run.process import Process, wait_until

_START_SECONDS = 20.0


class EmbeddedNats:
    """One server on a loopback port, its streams kept in a folder."""

    def __init__(self, folder: Path, port: int, *, log: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.port = port
        self.process = Process(
            name="nats",
            command=[_server(), "-a", HOST, "-p", str(port), "-js", "-sd", self.folder],
            log=log or self.folder.with_name(f"{self.folder.name}.log"),
            orphan_signal=signal.SIGTERM,  # it still writes down where its streams end
            environment={"PATH": os.defpath, "HOME": "/"},
        )

    @property
    def url(self) -> str:
        return f"nats://{HOST}:{self.port}"

    @property
    def is_ready(self) -> bool:
        return self.process.is_alive and is_open(self.port)

    def start(self) -> None:
        self.launch()
        self.confirm()

    def launch(self) -> None:
        require_free([self.port])  # else somebody else's answer there would look like ours
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.process.start()

    def confirm(self) -> None:
        """Wait until the started server accepts connections."""
        wait_until(lambda: self.is_ready or not self.process.is_alive, _START_SECONDS)
        if not self.is_ready:
            self.process.kill()
            raise CannotRun(
                f"NATS 未能启动，原因见上，全文见 {self.process.log}。",
                f"NATS did not start: see why above, and all of it in {self.process.log}.",
                detail=self.process.last_lines(),
            )

    def stop(self) -> None:
        self.process.stop()


def _server() -> Path:
    beside_python = Path(sysconfig.get_path("scripts")) / "nats-server"
    if beside_python.exists():
        return beside_python
    elsewhere = shutil.which("nats-server")
    if elsewhere is None:
        raise CannotRun(
            "本平台没有内置的 NATS，请自行启动一个并用 TONGBAN_NATS_URL 指定其地址。",
            "There is no embedded NATS for this platform: start one yourself and name it in "
            "TONGBAN_NATS_URL.",
        )
    return Path(elsewhere)
