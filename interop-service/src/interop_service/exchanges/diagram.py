"""The modes' tables as people read them (三种模式): a diagram, the hops and the messages of each.

`python -m interop_service.exchanges.diagram docs/interop/modes.md` writes them into the document,
between its two marks; a test holds the document to the tables.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from interop_service.exchanges.modes import MACHINES, Machine
from interop_service.exchanges.rules import HopClock, MessageKind, Side, State
from interop_service.partners.rules import Mode
from interop_service.wording import MODES, SIDES, STATES

__all__ = ["drawn", "written_into"]

BEGIN: Final = "<!-- generated: begin -->"
END: Final = "<!-- generated: end -->"

_CLOCKS: Final = {
    HopClock.FORWARD: "转送时限，依协议",
    HopClock.NOTICE: "五个工作日内一次性告知",
    HopClock.CORRECTION: "补正时限",
    HopClock.PROMISED: "承诺或法定时限，以先到者为准",
    HopClock.SUSPENSION: "特别程序所需时间，不计入",
    HopClock.ISSUE: "十个工作日内颁发、送达",
    HopClock.HAND_OVER: "交付时限，依协议",
}


def drawn() -> str:
    """Return each mode's diagram and tables, in Markdown."""
    return "\n\n".join("\n".join(_mode(mode, machine)) for mode, machine in MACHINES.items())


def written_into(document: str) -> str:
    """Return the document with what lies between its marks drawn anew."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{drawn()}\n{END}{after}"


def _mode(mode: Mode, machine: Machine) -> Iterator[str]:
    yield f"## {MODES[mode]} {mode.value}"
    yield ""
    yield from ("```mermaid", "stateDiagram-v2")
    reached = _reached(machine)
    for state in reached:
        yield f"    {state.value}: {STATES[state]} {state.value}"
    yield f"    [*] --> {State.PREPARED.value}"
    yield f"    {State.PREPARED.value} --> {State.SENT.value}"
    for (source, kind), move in machine.moves.items():
        if move.target is not source:
            yield f"    {source.value} --> {move.target.value}: {kind.value}"
    yield "```"
    yield ""
    yield "| 状态 state | 由谁负责 in whose hands | 时限 clock |"
    yield "| --- | --- | --- |"
    for state in reached:
        hop = machine.hops[state]
        clock = f"{_CLOCKS[hop.clock]} `{hop.clock.value}`" if hop.clock is not None else "–"
        side = f"{SIDES[hop.responsible]} `{hop.responsible.value}`"
        yield f"| {STATES[state]} `{state.value}` | {side} | {clock} |"
    yield ""
    yield "| 消息 message | 由谁发送 from | 何时 in state | 到 leads to |"
    yield "| --- | --- | --- | --- |"
    for kind in MessageKind:
        yield from _rows(kind, machine)


def _rows(kind: MessageKind, machine: Machine) -> Iterator[str]:
    by_target: dict[tuple[str, str], list[str]] = {}
    for (source, one), move in machine.moves.items():
        if one is kind:
            senders = ", ".join(f"`{side.value}`" for side in Side if side in move.senders)
            target = "–" if move.target is source else f"`{move.target.value}`"
            by_target.setdefault((senders, target), []).append(f"`{source.value}`")
    for (senders, target), sources in by_target.items():
        yield f"| `{kind.value}` | {senders} | {', '.join(sources)} | {target} |"


def _reached(machine: Machine) -> list[State]:
    targets = {move.target for move in machine.moves.values()}
    return [state for state in State if state in targets | {State.PREPARED, State.SENT}]


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(written_into(path.read_text()))
