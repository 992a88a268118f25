"""The transition table as people read it (办件流转图): a Mermaid diagram and a table of roles.

`python -m case_service.cases.diagram docs/cases.md` writes both into the document, between its
two marks; a test holds the document to the table.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from case_service.cases.guards import REASONS
from case_service.cases.rules import TRANSITIONS, Action, Guard, Stage, Transition
from case_service.cases.words import ACTIONS, STAGE_NAMES
from tongban.identity import Role

__all__ = ["drawn", "written_into"]

BEGIN: Final = "<!-- generated: begin -->"
END: Final = "<!-- generated: end -->"


def drawn() -> str:
    """Return the diagram, the table of roles and the conditions, in Markdown."""
    return "\n".join(
        ["```mermaid", *_diagram(), "```", "", *_roles(), "", *_staying(), "", *_guards()]
    )


def written_into(document: str) -> str:
    """Return the document with what lies between its marks drawn anew."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{drawn()}\n{END}{after}"


def _diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    for stage in Stage:
        yield f"    {stage.value}: {STAGE_NAMES[stage]} {stage.value}"
    yield f"    [*] --> {Stage.SUBMITTED.value}: 提交 submit"
    for source, action, _, target in _moving():
        yield f"    {source.value} --> {target.value}: {ACTIONS[action]} {action.value}"
    # 转出的办件随对方区的结果办结。
    yield f"    {Stage.FORWARDED.value} --> {Stage.CLOSED.value}: 收到结果 result"


def _roles() -> Iterator[str]:
    yield "| 环节 stage | 操作 action | 到 leads to | 谁 who | 条件 when |"
    yield "| --- | --- | --- | --- | --- |"
    for source, action, transition, target in _moving():
        yield _row(source, action, transition, target.value)


def _staying() -> Iterator[str]:
    yield "| 操作 action（环节不变 the stage stays） | 环节 stages | 谁 who | 条件 when |"
    yield "| --- | --- | --- | --- |"
    for action in Action:
        places = {
            source: one
            for (source, taken), one in TRANSITIONS.items()
            if taken is action and one.target is source
        }
        if places:
            first = next(iter(places.values()))
            stages = ", ".join(f"`{stage.value}`" for stage in Stage if stage in places)
            yield (
                f"| {ACTIONS[action]} `{action.value}` | {stages} | {_who(first)} | "
                f"{_conditions(first)} |"
            )


def _guards() -> Iterator[str]:
    yield "| 条件 condition | 不满足时 told where it fails |"
    yield "| --- | --- |"
    for guard in Guard:
        yield f"| `{guard.value}` | {REASONS[guard]['zh-CN']} · {REASONS[guard]['en']} |"


def _moving() -> Iterator[tuple[Stage, Action, Transition, Stage]]:
    for (source, action), transition in sorted(TRANSITIONS.items(), key=_as_listed):
        targets = (transition.target, transition.if_never_accepted, transition.if_with_owner)
        for target in targets:
            if target is not None and target is not source:
                yield source, action, transition, target


def _as_listed(entry: tuple[tuple[Stage, Action], Transition]) -> tuple[int, int]:
    (stage, action), _ = entry
    return list(Stage).index(stage), list(Action).index(action)


def _row(source: Stage, action: Action, transition: Transition, target: str) -> str:
    return (
        f"| {STAGE_NAMES[source]} `{source.value}` | {ACTIONS[action]} `{action.value}` | "
        f"`{target}` | {_who(transition)} | {_conditions(transition)} |"
    )


def _who(transition: Transition) -> str:
    people = [role.value for role in Role if role in transition.roles]
    return ", ".join([*people, "*machine*"] if transition.by_machine else people)


def _conditions(transition: Transition) -> str:
    return ", ".join(f"`{guard.value}`" for guard in transition.guards)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(written_into(path.read_text()))
