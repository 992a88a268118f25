"""`make run`, `make token` and `make ops`: a district in the foreground, and what it takes."""

import asyncio
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from tongban.run import issuer, operate
from tongban.run.faults import CannotRun
from tongban.run.platform import Platform
from tongban.run.ports import Ports, Processes
from tongban.run.state import State

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

_CHECKOUT = Path(__file__).resolve().parents[4]
_DEFAULT_PORT = "8000"
_DEFAULT_STATE = ".tongban"


@app.command()
def up(
    district: Annotated[
        str, typer.Option(help="辖区数据目录名 · folder of the district below deploy/districts")
    ] = "xian-hitech",
    data: Annotated[bool, typer.Option(help="导入辖区数据 · load the district's data")] = True,
) -> None:
    """启动一个辖区，直到 Ctrl-C · run a whole district until Ctrl-C."""
    try:
        folder = _data_folder(district)
        asyncio.run(
            serve(
                Platform(
                    folder=state_folder(),
                    district=_district_code(folder),
                    ports=_ports(),
                    data=folder if data else None,
                    admin_url=os.environ.get("TONGBAN_DATABASE_URL") or None,
                    nats_url=os.environ.get("TONGBAN_NATS_URL") or None,
                )
            )
        )
    except CannotRun as fault:
        _refuse(fault)


@app.command()
def token(
    role: Annotated[list[str], typer.Option(help="角色，可多次给出 · a role, may be repeated")],
    site: Annotated[str | None, typer.Option(help="网点 · site, such as hitech-hall")] = None,
    sub: Annotated[str | None, typer.Option(help="用户 · who it is")] = None,
    name: Annotated[str | None, typer.Option(help="姓名 · their name")] = None,
    department: Annotated[str | None, typer.Option(help="部门 · their department")] = None,
    hours: Annotated[float, typer.Option(help="有效小时数 · hours it stays good")] = 12,
) -> None:
    """签发本地令牌 · print a token of the embedded issuer, which only this machine trusts."""
    try:
        _require_roles(role)
        minted = issuer.mint(
            State.existing(state_folder()),
            # One person each: who accepts a case may not also decide it.
            sub=sub or f"local-{role[0]}",
            roles=role,
            site_id=site,
            department=department,
            name=name,
            hours=hours,
        )
    except CannotRun as fault:
        _refuse(fault)
    else:
        typer.echo(minted)


# Options after the service's name are its command's.
@app.command(context_settings={"allow_interspersed_args": False})
def on(
    service: Annotated[str, typer.Argument(help="服务 · catalog, case, site, interop")],
    command: Annotated[list[str], typer.Argument(help="命令 · such as dead-letters --replay ID")],
) -> None:
    """在服务上执行运维命令 · run an operator's command with a service's own settings."""
    try:
        operate.become(service, command, state=State.existing(state_folder()))
    except CannotRun as fault:
        _refuse(fault)


@app.command()
def rotate_issuer() -> None:
    """更换本地令牌密钥 · sign with a new key from now on; earlier tokens stay good."""
    try:
        issuer.rotate(State.existing(state_folder()))
    except CannotRun as fault:
        _refuse(fault)
    else:
        typer.echo("新令牌用新密钥签发，已签发的令牌到期前仍然有效。")
        typer.echo("New tokens are signed by a new key; earlier ones stay good until they expire.")


async def serve(platform: Platform) -> None:
    """Run a district until SIGINT or SIGTERM, telling each step on standard output."""
    started = time.monotonic()
    platform.tell = platform.supervisor.tell = lambda line: _say(
        f"[{time.monotonic() - started:5.1f} s] {line}"
    )
    stopping = asyncio.Event()
    _stop_on_signals(stopping)

    start = asyncio.create_task(platform.start())
    signalled = asyncio.create_task(stopping.wait())
    await asyncio.wait({start, signalled}, return_when=asyncio.FIRST_COMPLETED)
    if start.done():
        signalled.cancel()
        await start
        _say(f"Tongban is ready: {platform.url}")
        _say(f"  接口文档 · docs:  {platform.url}/docs")
        _say("  获取令牌 · token: make token role=clerk site=hitech-hall")
        _say("  停止 · stop:      Ctrl-C")
        await stopping.wait()
    _say("正在停止 · stopping")
    start.cancel()
    with suppress(asyncio.CancelledError):
        await start
    await platform.stop()
    _say("已停止 · stopped")


def state_folder() -> Path:
    return Path(os.environ.get("TONGBAN_STATE") or _DEFAULT_STATE)


def _require_roles(roles: list[str]) -> None:
    # Here, for it brings the web framework along, which `up` need not wait for.
    from tongban.identity import Role

    known = [str(role) for role in Role]
    if unknown := sorted(set(roles) - set(known)):
        raise CannotRun(
            f"没有角色 {'、'.join(unknown)}，可选：{'、'.join(known)}。",
            f"There is no role {', '.join(unknown)}: choose from {', '.join(known)}.",
        )


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    # The terminal went away; `nohup` asks to stay nevertheless.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, stopping.set)


def _ports() -> Ports:
    return Ports(_base_port(), Processes.parse(os.environ.get("TONGBAN_PROCESSES", "")))


def _base_port() -> int:
    text = os.environ.get("TONGBAN_PORT") or _DEFAULT_PORT
    if not text.isdecimal():
        raise CannotRun(
            f"TONGBAN_PORT 应为数字，而不是 {text}。",
            f"TONGBAN_PORT must be a number, not {text}.",
        )
    return int(text)


def _data_folder(district: str) -> Path:
    given = os.environ.get("TONGBAN_DATA")
    return Path(given) if given else _CHECKOUT / "deploy" / "districts" / district


def _district_code(folder: Path) -> str:
    try:
        return str(json.loads((folder / "district.json").read_text())["code"])
    except (OSError, ValueError, KeyError):
        raise CannotRun(
            f"{folder} 中没有可读的辖区说明 district.json，请检查 --district 或 TONGBAN_DATA。",
            f"There is no readable district.json in {folder}: check --district or TONGBAN_DATA.",
        ) from None


def _say(line: str) -> None:
    with suppress(OSError):  # nobody reads on; the district runs on
        typer.echo(line)


def _refuse(fault: CannotRun) -> None:
    typer.echo(str(fault), err=True)
    raise typer.Exit(2)
