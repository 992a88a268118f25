"""A real server of the S3 protocol (SeaweedFS), for as long as a test needs one."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

__all__ = ["S3Server", "running_s3"]

_WEED = Path(sys.executable).parent / "weed"
_ACCESS = """{"identities": [{"name": "tests",
 "credentials": [{"accessKey": "tests", "secretKey": "tests-secret"}],
 "actions": ["Admin", "Read", "Write", "List"]}]}"""
_CREDENTIALS = "[default]\naws_access_key_id = tests\naws_secret_access_key = tests-secret\n"


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    credentials: Path

    def location(self, prefix: str) -> str:
        """Return the setting that leads to a place of a test's own in the one bucket."""
        options = f"endpoint={quote(self.endpoint)}&credentials={quote(str(self.credentials))}"
        return f"s3://tests/{prefix}?{options}"


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """Start the server on free ports and stop it at the end."""
    master, volume, filer, s3 = _free_ports(4)
    (folder / "access.json").write_text(_ACCESS)
    (folder / "credentials.ini").write_text(_CREDENTIALS)
    (folder / "data").mkdir()
    here = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                _WEED, "server", *here, f"-dir={folder}/data", f"-master.port={master}",
                f"-volume.port={volume}", "-filer", f"-filer.port={filer}", "-s3",
                f"-s3.port={s3}", f"-s3.config={folder}/access.json", "-volume.max=20",
                "-master.volumeSizeLimitMB=64",
            ],
            cwd=folder,
            stdout=log,
            stderr=log,
        )  # fmt: skip
    try:
        _wait_until_ready(s3, process)
        yield S3Server(f"http://127.0.0.1:{s3}", folder / "credentials.ini")
    finally:
        process.kill()  # asked to end, it lingers; nothing of it is kept
        process.wait()


def _free_ports(count: int) -> list[int]:
    """Return free ports whose neighbours 10,000 above are free too: the server takes both."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            if port > 50_000 or port in found:
                continue
            try:
                other.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            found.append(port)
    return found


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the S3 server did not start; its log lies in its folder")
