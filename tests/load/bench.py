"""`make bench`: what one district on this machine does a second, all safety on, and at what cost.

Everything goes through the gateway with tokens, idempotency keys, history, ledger and outbox, and
with fsync on. Two baselines are measured in the same run: pgbench with the same inserts, and the
same route without the gateway. Nothing is asserted: it prints a table for docs/performance.md.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from load.baseline import pgbench

from support.hall import District, running
from tongban.run.platform import Platform

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("wrk.lua")
HALL = "hitech-hall"
THREADS = 2
PATIENCE_SECONDS = 600.0
# The floors that were set, for the column beside what is reached.
AIMS = {"create": 600, "read": 2000, "list of 100": 500, "transition": 500}
# What a request may ask of the database.
MOST_STATEMENTS = {"create": 6, "read": 2, "list of 100": 2, "transition": 6}


@dataclass(frozen=True)
class Load:
    """What one run of wrk came to."""

    accepted: int
    refused: int
    errors: int
    seconds: float
    p50: float
    p95: float
    p99: float
    first_refusal: str

    @property
    def rate(self) -> float:
        return self.accepted / self.seconds


@dataclass(frozen=True)
class Cost:
    """CPU seconds by part, and SQL statements, at one moment."""

    cpu: dict[str, float]
    statements: float

    def since(self, before: "Cost") -> "Cost":
        cpu = {name: value - before.cpu.get(name, 0.0) for name, value in self.cpu.items()}
        return Cost(cpu, self.statements - before.statements)


def require_wrk() -> None:
    """Install the load tool where this machine lacks it and allows it."""
    if shutil.which("wrk"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit("make bench needs wrk: install it with your package manager.")
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "wrk"]):
        subprocess.run(["apt-get", *arguments], check=True, stdout=subprocess.DEVNULL)


async def wrk(
    url: str, path: str, *, token: str, connections: int, seconds: int, **environment: str
) -> Load:
    """Run wrk against one route."""
    told = {"TOKEN": token, "THREADS": str(THREADS), "RUN": f"{time.monotonic_ns()}", **environment}
    process = await asyncio.create_subprocess_exec(
        "wrk",
        f"-t{THREADS}",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        str(SCRIPT),
        url,
        "--",
        path,
        env={**os.environ, **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    printed = (await process.communicate())[0].decode(errors="replace")
    found = re.search(r"^RESULT\t(.*)$", printed, re.MULTILINE)
    if found is None:
        sys.exit(f"wrk said:\n{printed}")
    accepted, refused, errors, *times, first = found.group(1).split("\t")
    seconds_taken, p50, p95, p99 = map(float, times)
    load = Load(int(accepted), int(refused), int(errors), seconds_taken, p50, p95, p99, first)
    if load.refused or load.errors:
        print(f"  ! {path}: {load.refused} refused, {load.errors} errors; first: {first}")
    return load


def cost_of(platform: Platform) -> Cost:
    """Add up what each process of the platform has used; children count with their parent.

    Processes of one kind, such as two case APIs, count as one.
    """
    cpu: dict[str, float] = {}
    for each, process in platform.processes.items():
        name = each.rstrip("0123456789 ")
        root = psutil.Process(process.pid)
        for one in (root, *root.children(recursive=True)):
            try:
                times = one.cpu_times()
            except psutil.NoSuchProcess:  # a connection that ended
                continue
            cpu[name] = cpu.get(name, 0.0) + times.user + times.system
    statements = 0.0
    for number in platform.ports.processes.apis("case"):
        port = platform.ports.api("case", number)
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        statements += _sum_of(metrics, "tongban_sql_statements_total")
    return Cost(cpu, statements)


def _sum_of(metrics: str, name: str) -> float:
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in metrics.splitlines()
        if line.startswith((f"{name} ", f"{name}{{"))
    )


def event_delay(platform: Platform) -> dict[str, Counter[float]]:
    """Read the workers' histograms: from the change to its effect in a consumer."""
    delays: dict[str, Counter[float]] = {}
    for service in ("site", "interop", "catalog"):
        metrics = httpx.get(f"http://127.0.0.1:{platform.ports.work(service)}/metrics").text
        pattern = r'tongban_event_delay_seconds_bucket\{handler="(\w+)",le="([^"]+)".*?\} (\S+)'
        for handler, bound, count in re.findall(pattern, metrics):
            delays.setdefault(handler, Counter())[float(bound)] += float(count)  # type: ignore[assignment]  # a Counter of floats
    return delays


def percentile(before: Counter[float], now: Counter[float], share: float) -> float:
    """Return the upper bound of the bucket that holds this share of what came between."""
    between = {bound: now[bound] - before[bound] for bound in sorted(now)}
    total = between[float("inf")]
    return next(bound for bound, count in between.items() if count >= share * total)


async def ids_of(platform: Platform, folder: Path, stage: str, limit: int) -> Path:
    """Write the ids of cases at a stage to a file, for wrk to read."""
    connection = await asyncpg.connect(
        f"postgresql://case:{platform.state.password('case')}@127.0.0.1:{platform.ports.postgres}/case"
    )
    rows = await connection.fetch(
        "SELECT id FROM cases WHERE stage = $1 ORDER BY id DESC LIMIT $2", stage, limit
    )
    await connection.close()
    path = folder / f"{stage}.ids"
    path.write_text("".join(f"{row['id']}\n" for row in rows))
    return path


async def application(district: District) -> dict[str, Any]:
    """Return a submission that the service accepts."""
    from journeys.stories import FOOD_LICENCE, filled, first_answers

    found = await district.stranger().get("/matters", q=FOOD_LICENCE)
    code = next(one["code"] for one in found["items"] if one["owner_district"] == district.code)
    version = await district.stranger().get(f"/matters/{code}")
    return {
        "matter_code": code,
        "applicant": {
            "kind": "person",
            "name": "刘洋",
            "identity_kind": "resident_identity_card",
            "identity_number": "610113199003074518",
        },
        "form": filled(version, {}),
        "situation_answers": first_answers(version, prefer="no"),
        "site_id": HALL,
        "channel": "window",
        "confirm_duplicate": True,
    }


async def profile(platform: Platform, load: Any) -> None:
    """Print where the case API and the gateway spend their time while `load` runs."""
    recorders = {}
    for name in ("case api", "gateway api"):
        output = platform.folder / f"{name.split()[0]}.folded"
        pid = platform.processes[name].pid
        command = ["py-spy", "record", "-d", "10", "-r", "200", "-f", "raw", "-o", str(output)]
        recorders[name] = (
            await asyncio.create_subprocess_exec(
                str(Path(sys.executable).with_name(command[0])),
                *command[1:],
                "--pid",
                str(pid),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ),
            output,
        )
    await load
    for name, (recorder, output) in recorders.items():
        await recorder.wait()
        shares = shares_of(output.read_text())
        told = ", ".join(f"{place} {share:.0%}" for place, share in shares)
        print(f"\n{name}: {told}")


def shares_of(folded: str, most: int = 14) -> list[tuple[str, float]]:
    """Group the samples by the package of their innermost frame."""
    counts: Counter[str] = Counter()
    for line in folded.splitlines():
        stack, _, count = line.rpartition(" ")
        frame = stack.split(";")[-1]
        place = re.search(r"\((.*?)[:)]", frame)
        path = place.group(1) if place else frame
        counts[path.split("/")[0].removesuffix(".py")] += int(count)
    total = sum(counts.values()) or 1
    return [(name, count / total) for name, count in counts.most_common(most)]


def row(name: str, load: Load, cost: Cost | None = None) -> str:
    """Return one line of the table."""
    cells = [name, f"{load.rate:,.0f}", f"{AIMS[name]:,}" if name in AIMS else "–"]
    cells += [f"{one:.1f}" for one in (load.p50, load.p95, load.p99)]
    if cost is None:
        return "| " + " | ".join([*cells, "–", "–", "–", "–"]) + " |"
    each = {part: 1000 * spent / load.accepted for part, spent in cost.cpu.items()}
    others = sum(v for k, v in each.items() if k not in ("gateway api", "case api", "postgres"))
    statements = cost.statements / load.accepted
    most = MOST_STATEMENTS.get(name)
    cells.append(f"{statements:.1f}" + (f" > {most}!" if most and statements > most else ""))
    cells += [f"{each.get(part, 0):.2f}" for part in ("gateway api", "case api", "postgres")]
    return "| " + " | ".join([*cells[:-1], f"{cells[-1]} (+{others:.2f})"]) + " |"


async def measure(platform: Platform, name: str, path: str, **told: Any) -> tuple[Load, Cost]:
    before = cost_of(platform)
    load = await wrk(told.pop("url", platform.url), path, **told)
    cost = cost_of(platform).since(before)
    if not load.accepted:
        sys.exit(f"{name}: nothing was answered well within {load.seconds:.0f} s")
    print(row(name, load, cost), flush=True)
    return load, cost


async def bench(options: argparse.Namespace, folder: Path) -> None:
    async with running(
        "610171",
        folder / "state",
        processes=options.processes,
        settings={"GATEWAY_REQUEST_RATE": "1000000/second", "TONGBAN_LOG_LEVEL": "warning"},
        ready_seconds=PATIENCE_SECONDS,
    ) as district:
        platform = district.platform
        print(f"load average {os.getloadavg()[0]:.1f} before, on {os.cpu_count()} cores\n")
        clerk = platform.token(sub="bench-clerk", roles=["clerk"], site_id=HALL)
        body = json.dumps(await application(district))
        common: dict[str, Any] = {
            "token": clerk,
            "connections": options.connections,
            "seconds": options.seconds,
        }
        create = {"METHOD": "POST", "BODY": body, **common}
        await wrk(platform.url, "/api/v1/cases", **{**create, "seconds": 3})  # warm up
        print(
            "| route | req/s | aim | p50 ms | p95 ms | p99 ms | SQL | gateway CPU ms | case CPU ms"
            " | PostgreSQL CPU ms (+ workers, NATS) |"
        )
        print("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
        before = event_delay(platform)
        made, _ = await measure(platform, "create", "/api/v1/cases", **create)
        await platform.settle()
        delays = event_delay(platform)
        direct = f"http://127.0.0.1:{platform.ports.api('case')}"
        await measure(platform, "create, no gateway", "/api/v1/cases", url=direct, **create)
        await platform.settle()
        steady = await steady_delay(platform, create)
        submitted = await ids_of(platform, folder, "submitted", 60_000)
        read = {"METHOD": "GET", "IDS": str(submitted), **common}
        await measure(platform, "read", "/api/v1/cases/{id}", **read)
        await measure(
            platform, "list of 100", "/api/v1/cases?limit=100&open=true", METHOD="GET", **common
        )
        step = {"METHOD": "POST", "IDS": str(submitted), **common}
        await measure(platform, "transition", "/api/v1/cases/{id}/actions/receive", **step)
        print("| health, gateway alone |", end="")
        bare = await wrk(platform.url, "/healthz", METHOD="GET", **common)
        print(f" {bare.rate:,.0f} | – | {bare.p50:.1f} | {bare.p95:.1f} | {bare.p99:.1f} |")
        await platform.settle()
        baseline = await pgbench(platform, connections=16, seconds=options.seconds)
        print(
            f"\npgbench, the same inserts: {baseline:,.0f} tx/s; our creates are"
            f" {made.rate / baseline:.0%} of it"
        )
        for handler, now in delays.items():
            if now[float("inf")] > before.get(handler, Counter())[float("inf")]:
                p50, p99 = (
                    percentile(before.get(handler, Counter()), now, share) for share in (0.5, 0.99)
                )
                print(f"event delay at full load, {handler}: p50 ≤ {p50:g} s, p99 ≤ {p99:g} s")
        print(steady)
        print(f"load average {os.getloadavg()[0]:.1f} after")
        if options.profile:
            await profile(platform, wrk(platform.url, "/api/v1/cases", **{**create, "seconds": 12}))
        await district.client.aclose()


async def steady_delay(platform: Platform, create: dict[str, Any]) -> str:
    """Measure the event delay at a load that the machine can bear for long."""
    before = event_delay(platform)
    told = {**create, "connections": 2, "seconds": 10}
    load = await wrk(platform.url, "/api/v1/cases", **told)
    await platform.settle()
    now = event_delay(platform)
    parts = [
        f"{handler} p50 ≤ {percentile(before[handler], now[handler], 0.5):g} s,"
        f" p99 ≤ {percentile(before[handler], now[handler], 0.99):g} s"
        for handler in now
        if handler in before and now[handler][float("inf")] > before[handler][float("inf")]
    ]
    return f"event delay at {load.rate:,.0f} creates/s (2 connections): {'; '.join(parts)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--processes", default="", help="as TONGBAN_PROCESSES: case=2,gateway=2")
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    options = parser.parse_args()
    require_wrk()
    folder = Path(tempfile.mkdtemp(prefix="tongban-bench-"))
    folder.chmod(0o755)
    try:
        asyncio.run(bench(options, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
