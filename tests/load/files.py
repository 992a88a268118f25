"""A large material from district to district: megabytes a second, and the memory of both sides.

`python tests/load/files.py [--megabytes 500]`. Two districts on this machine, over real HTTP: the
near side's worker sends, the owner's API takes, each a process of its own; every chunk is signed,
digested, proven and stored, and the whole is proven at the end. Then the same again with the
worker killed half way, and once more with a file that is there already. Nothing is asserted but
that the bytes are the same: it prints a table.
"""

import argparse
import asyncio
import hashlib
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1]))

from interop.test_files import file_handed_on
from interop.two_districts import (
    OWNER,
    Districts,
    case_package,
    running,
    two_districts,
)
from load.exchanges import Part, move_to, part_of

from tongban.objects import LeftFile, leave_file, open_file
from tongban.run.nats import EmbeddedNats
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres
from tongban.telemetry import configure_logging
from tongban.testing.district import TestDistrict
from tongban.testing.fixtures import RunningService

MEGABYTE: Final = 1024 * 1024
BLOCK: Final = 256 * 1024


@dataclass(frozen=True)
class File:
    """Bytes of nobody's, made anew wherever they are needed and nowhere held."""

    seed: bytes
    size: int

    async def pieces(self) -> AsyncIterator[bytes]:
        block = hashlib.shake_256(self.seed).digest(BLOCK)
        for number in range(self.size // BLOCK):
            yield number.to_bytes(8) + block[8:]

    async def sha256(self) -> str:
        digest = hashlib.sha256()
        async for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()


@dataclass(frozen=True)
class Row:
    """One run: how long, how many chunks arrived, and the processes' peaks."""

    name: str
    megabytes: int
    seconds: float
    chunks: int
    sender: int
    receiver: int

    def cells(self) -> str:
        rate = self.megabytes / self.seconds
        return (
            f"| {self.name} | {self.megabytes} | {self.seconds:.1f} | {rate:,.0f} |"
            f" {self.chunks} | {self.sender} | {self.receiver} |"
        )


def memory(part: Part, field: str = "VmHWM") -> int:
    """Return a process's peak of resident memory, or what it holds now (`VmRSS`), in MB."""
    status = Path(f"/proc/{part.process.pid}/status").read_text()
    line = next(one for one in status.splitlines() if one.startswith(f"{field}:"))
    return int(line.split()[1]) // 1024


async def forwarded(both: Districts, file: File) -> UUID:
    """Let the file be left as the case-service does, and the case be forwarded."""
    began = time.perf_counter()
    left = await leave_file(both.near.context.objects, file.pieces())
    print(f"left by the case-service in {time.perf_counter() - began:.1f} s", file=sys.stderr)
    material = {
        "key": "plan",
        "name": "总平面图",
        "media_type": "application/pdf",
        "size": file.size,
        "sha256": await file.sha256(),
        "file": left.model_dump(mode="json"),
    }
    return await both.exchange(package=case_package(materials=[material]))


async def delivered(near: RunningService, exchange_id: UUID) -> None:
    """Return once the owner's receipt is here."""
    state = "SELECT state FROM deliveries WHERE exchange_id = :id"
    while await _one(near, state, exchange_id) != "delivered":  # noqa: ASYNC110  # not our process
        await asyncio.sleep(0.05)


async def chunks_taken(owner: RunningService) -> int:
    # What was observed is written every few seconds.
    await asyncio.sleep(6)
    return int(
        await _one(
            owner,
            "SELECT count(*) FROM operations WHERE path LIKE '%/files/%' AND outcome = 'taken'",
        )
    )


async def _one(side: RunningService, statement: str, exchange_id: UUID | None = None) -> Any:
    values = {} if exchange_id is None else {"id": exchange_id}
    return (await side.execute(statement, **values)).scalar_one()


async def half_way(owner: RunningService, size: int) -> None:
    reached = "SELECT coalesce(max(reached), 0) FROM exchange_files WHERE whole_at IS NULL"
    while await _one(owner, reached) < size // 2:  # noqa: ASYNC110  # another process takes
        await asyncio.sleep(0.02)


async def run(both: Districts, api: Part, name: str, file: File, *, is_killed: bool) -> Row:
    near, owner = both.near, both.owner
    await owner.execute("DELETE FROM operations")
    exchange_id = await forwarded(both, file)
    began = time.perf_counter()
    if is_killed:
        async with part_of(near, "work") as worker:
            await half_way(owner, file.size)
            worker.process.send_signal(signal.SIGKILL)
            worker.process.wait()
        # As if its leases had run out: a minute of waiting tells nothing.
        await near.execute("UPDATE deliveries SET next_attempt_at = now() WHERE state = 'due'")
        await near.execute("UPDATE exchange_files SET taken_until = NULL")
    async with part_of(near, "work") as worker:
        began = began if is_killed else time.perf_counter()
        await delivered(near, exchange_id)
        seconds = time.perf_counter() - began
        peak = memory(worker)
    count = await chunks_taken(owner)
    await require_same(both, exchange_id, file)
    return Row(name, file.size // MEGABYTE, seconds, count, peak, memory(api))


async def require_same(both: Districts, exchange_id: UUID, file: File) -> None:
    """See that the owner's case is handed the very bytes."""
    material = await file_handed_on(both, exchange_id)
    digest = hashlib.sha256()
    left = LeftFile.model_validate(material["file"])
    async for piece in open_file(both.owner.context.objects, left):
        digest.update(piece)
    assert digest.hexdigest() == await file.sha256()


@asynccontextmanager
async def districts(folder: Path) -> AsyncIterator[Districts]:
    postgres = EmbeddedPostgres(folder / "postgres", free_port())
    nats = EmbeddedNats(folder / "nats", free_port())
    postgres.start()
    nats.start()
    try:
        near_keys, owner_keys = TestDistrict(folder / "near"), TestDistrict(folder / "owner", OWNER)
        async with (
            running(near_keys, postgres, nats.url) as near,
            running(owner_keys, postgres, nats.url) as owner,
            two_districts(near, owner) as both,
        ):
            yield both
    finally:
        nats.stop()
        postgres.stop()


async def measure(folder: Path, megabytes: int) -> None:
    async with districts(folder) as both, part_of(both.owner, "api") as api:
        await move_to(both.near, OWNER, api.url)
        size = megabytes * MEGABYTE
        rest = memory(api, "VmRSS")
        file, another = File(b"one", size), File(b"another", size)
        print(f"\nthe owner's API at rest: {rest} MB\n")
        print("| | MB | seconds | MB/s | chunks | sender's peak, MB | receiver's peak, MB |")
        print("| --- | --: | --: | --: | --: | --: | --: |")
        print((await run(both, api, "sent", file, is_killed=False)).cells(), flush=True)
        killed = await run(both, api, "worker killed half way", another, is_killed=True)
        print(killed.cells(), flush=True)
        print((await run(both, api, "there already", file, is_killed=False)).cells(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    given = parser.parse_args()
    configure_logging("load", "error")
    with tempfile.TemporaryDirectory(prefix="tongban-") as folder:
        Path(folder).chmod(0o755)
        asyncio.run(measure(Path(folder), given.megabytes))


if __name__ == "__main__":
    main()
