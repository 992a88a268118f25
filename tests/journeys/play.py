"""`make story`: starts three whole districts on this machine and plays the five stories."""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from journeys.cross_stories import company_moves, insured_online
from journeys.stories import Record, elderly, local_promise, mr_huang

from support.hall import running
from tongban.run.faults import CannotRun

SHANGHAI = ZoneInfo("Asia/Shanghai")

console = Console(highlight=False, soft_wrap=True)


def tell(district: str, actor: str, what: str) -> None:
    """Print one step with its time, district and actor."""
    at = datetime.now(SHANGHAI).strftime("%H:%M:%S.%f")[:-3]
    console.print(f"  {at}  [cyan]{district}[/]  [bold]{actor}[/]  {what}")


def conclude(title: str, record: Record) -> None:
    """Print what a story came to."""
    console.print(f"  [green]✔ {title}：{record.seconds:.1f} 秒 · {record.seconds:.1f} s[/]")


def _told_by(district: str) -> Callable[[str], None]:
    return lambda line: console.print(f"  {district} {line}")


def play() -> None:
    """Start both districts in a folder of their own, play, and leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="tongban-story-"))
    folder.chmod(0o755)
    try:
        asyncio.run(play_in(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def play_in(folder: Path) -> None:
    """Start both districts, introduce them, and play."""
    started = time.monotonic()
    console.print("启动三个区，各有自己的数据库与消息服务 · starting three districts")
    async with (
        running("610171", folder / "hitech", tell=_told_by("高新")) as hitech,
        running("610172", folder / "qujiang", tell=_told_by("曲江")) as qujiang,
        running("610971", folder / "ankang", tell=_told_by("安康")) as ankang,
    ):
        for partner in (qujiang, ankang):
            await hitech.meet(partner)
            await partner.meet(hitech)
        console.print(f"三区就绪，互换公钥 · ready after {time.monotonic() - started:.0f} s\n")

        console.print("[bold]一、黄先生跨区变更税务登记 · Mr Huang's tax registration[/]")
        huang = await mr_huang(hitech, qujiang, tell)
        conclude("两区记录一致，远少于半小时 · both records agree, far below half an hour", huang)

        console.print("\n[bold]二、74岁的赵奶奶 · Granny Zhao, 74, without a phone[/]")
        conclude("绿色通道，一站办结 · green channel, one stop", await elderly(hitech, tell))

        console.print("\n[bold]三、小馆子的食品经营许可 · a small restaurant's food licence[/]")
        conclude(
            "一次补正，核发电子证照 · corrected once, e-licence", await local_promise(hitech, tell)
        )

        console.print("\n[bold]四、刘女士的参保证明 · an insurance certificate, all online[/]")
        online = await insured_online(hitech, ankang, tell)
        conclude("全程网办，由办理区告知 · handled at a distance, told by the owner", online)

        console.print("\n[bold]五、企业跨区迁移，三区同办 · a company moves, three districts[/]")
        moved = await company_moves(hitech, qujiang, ankang, tell)
        conclude(
            "一窗受理，两区联合决定；吊销的证照告知采信区 · two districts in concert; "
            "a licence revoked, who relied on it told",
            moved,
        )
        console.print("\n正在停止 · stopping")


if __name__ == "__main__":
    try:
        play()
    except CannotRun as fault:
        sys.exit(str(fault))
