"""The glossary and the code use the same words, both ways."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = (
    "shared",
    "gateway",
    "catalog-service",
    "case-service",
    "site-service",
    "interop-service",
    "client",
)
DOMAIN_MODULES = ("rules.py", "vocabulary.py", "wording.py")
COLUMNS = 5
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
IDENTIFIER = re.compile(r"`([A-Za-z_][A-Za-z0-9_]*)`")


@dataclass(frozen=True)
class Entry:
    """One row of the glossary."""

    line: int
    chinese: tuple[str, ...]
    identifiers: tuple[str, ...]
    where: str


def read_glossary() -> Iterator[Entry]:
    text = (ROOT / "docs" / "glossary.md").read_text()
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or cells[1] == "identifier" or set(cells[1]) <= {"-"}:
            continue
        assert len(cells) == COLUMNS, f"docs/glossary.md:{number} has {len(cells)} columns"
        yield Entry(
            line=number,
            chinese=tuple(cells[0].split("、")),
            identifiers=tuple(IDENTIFIER.findall(cells[1])),
            where=cells[4].strip("`"),
        )


GLOSSARY = tuple(read_glossary())


def sources(*members: str) -> Iterator[Path]:
    for member in members:
        yield from sorted((ROOT / member / "src").rglob("*.py"))


@cache
def words_in_code() -> frozenset[str]:
    return frozenset(word for path in sources(*MEMBERS) for word in WORD.findall(path.read_text()))


def domain_enumerations() -> Iterator[tuple[str, list[str]]]:
    """Each StrEnum of the services' rules and vocabularies, with its members' values."""
    for path in sources(*(member for member in MEMBERS if member.endswith("-service"))):
        if path.name not in DOMAIN_MODULES:
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and _is_str_enum(node):
                yield f"{path.parent.name}/{path.name} {node.name}", _values(node)


def _is_str_enum(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "StrEnum" for base in node.bases)


def _values(node: ast.ClassDef) -> list[str]:
    return [
        str(statement.value.value)
        for statement in node.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    ]


def test_every_identifier_of_the_glossary_is_a_word_of_the_code() -> None:
    unknown = [
        f"docs/glossary.md:{entry.line}: {identifier}"
        for entry in GLOSSARY
        for identifier in entry.identifiers
        if identifier not in words_in_code()
    ]

    assert GLOSSARY
    assert not unknown, "No code uses\n" + "\n".join(unknown)


@pytest.mark.parametrize(
    ("enumeration", "values"), [pytest.param(*each, id=each[0]) for each in domain_enumerations()]
)
def test_every_member_of_a_domain_enumeration_is_in_the_glossary(
    enumeration: str, values: list[str]
) -> None:
    known = {identifier for entry in GLOSSARY for identifier in entry.identifiers}

    missing = [value for value in values if value not in known]

    assert not missing, f"docs/glossary.md lacks, of {enumeration}: {', '.join(missing)}"


def test_each_identifier_stands_beside_its_chinese_word() -> None:
    unequal = [
        f"docs/glossary.md:{entry.line}: {len(entry.chinese)} for {len(entry.identifiers)}"
        for entry in GLOSSARY
        if not all(entry.chinese) or len(entry.chinese) != len(entry.identifiers)
    ]

    assert not unequal, "Chinese words and identifiers differ in number\n" + "\n".join(unequal)


def test_the_place_of_each_word_exists() -> None:
    nowhere = [
        f"docs/glossary.md:{entry.line}: {entry.where}"
        for entry in GLOSSARY
        if not is_module(entry.where)
    ]

    assert not nowhere, "There is no such module\n" + "\n".join(nowhere)


def is_module(name: str) -> bool:
    paths = [ROOT / member / "src" / Path(*name.split(".")) for member in MEMBERS]
    return any(path.is_dir() or path.with_suffix(".py").is_file() for path in paths)
