"""The document on how a case moves is drawn from the table, and says what the table says."""

from pathlib import Path

import pytest

from case_service.cases.diagram import drawn, written_into
from case_service.cases.rules import TRANSITIONS, Action, Stage
from case_service.cases.words import ACTIONS, STAGE_NAMES

DOCUMENT = Path(__file__).parents[2] / "docs/cases.md"


def test_the_document_is_up_to_date() -> None:
    text = DOCUMENT.read_text()

    assert text == written_into(text), (
        "run `.venv/bin/python -m case_service.cases.diagram docs/cases.md`"
    )


@pytest.mark.parametrize(("stage", "action"), sorted(TRANSITIONS))
def test_each_transition_is_drawn(stage: Stage, action: Action) -> None:
    target = TRANSITIONS[stage, action].target

    if target is stage:
        begins = f"| {ACTIONS[action]} `{action.value}` | `"
        row = next(line for line in drawn().splitlines() if line.startswith(begins))
        assert f"`{stage.value}`" in row
    else:
        arrow = f"{stage.value} --> {target.value}: {ACTIONS[action]} {action.value}"
        assert arrow in drawn()


def test_every_stage_and_action_has_its_chinese_name() -> None:
    assert set(STAGE_NAMES) == set(Stage)
    assert set(ACTIONS) == set(Action)
