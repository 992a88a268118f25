"""Words that the source may not say, each with what to say instead."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.house import PACKAGES, named, sources_of

MOST_LINES = 400
OUTSIDE_THE_KERNEL = [package for package in PACKAGES if package != "tongban"]

INSTEAD = {
    "commit": "one request is one transaction: end the use case with `await session.flush()`",
    "HTTPException": "raise a Problem of the service's errors.py",
    "now": "take the time as an argument; routes have `Now`, handlers `context.clock`",
}
EXCUSE = re.compile(r"#\s*(?:type:\s*ignore|noqa)")
GOOD_EXCUSE = re.compile(
    r"# (?:type: ignore\[[\w-]+(?:, ?[\w-]+)*\]|noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*)"
    r"(?:  # | - )\S.*"
)


def _said(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="commit")):
                yield node.lineno, "commit"
            case ast.Name(id="HTTPException") | ast.alias(name="HTTPException"):
                yield node.lineno, "HTTPException"
            case ast.Attribute(attr="HTTPException"):
                yield node.lineno, "HTTPException"
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Name(id="datetime" | "date")
                    | ast.Attribute(attr="datetime" | "date"),
                    attr="now" | "utcnow" | "today",
                )
            ):
                yield node.lineno, "now"


@pytest.mark.parametrize("path", sources_of(*OUTSIDE_THE_KERNEL), ids=named)
def test_nothing_outside_the_kernel_says_what_only_the_kernel_may(path: Path) -> None:
    said = [
        f"{named(path)}:{line}: {INSTEAD[word]}"
        for line, word in _said(ast.parse(path.read_text()))
    ]

    assert not said, "\n".join(said)


@pytest.mark.parametrize(
    "line",
    [
        "session.commit()",
        "raise HTTPException(404)",
        "from fastapi import HTTPException as Refusal",
        "starlette.exceptions.HTTPException",
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
    ],
)
def test_the_law_sees_each_way_of_saying_it(line: str) -> None:
    assert list(_said(ast.parse(line)))


def test_no_file_holds_two_ideas() -> None:
    long = [
        f"{named(path)}: {lines} lines; split it by idea"
        for path in sources_of()
        if (lines := len(path.read_text().splitlines())) > MOST_LINES
    ]

    assert not long, "\n".join(long)


def test_every_excuse_has_a_code_and_a_reason() -> None:
    bare = [
        f"{named(path)}:{number}: {line.strip()}"
        for path in sources_of()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if EXCUSE.search(line) and not GOOD_EXCUSE.search(line)
    ]

    assert not bare, "\n".join(bare)
