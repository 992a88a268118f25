"""Migrations stand on their own: the code moves on, they do not."""

import ast
import re
from pathlib import Path

import pytest

from support.house import PACKAGES, SERVICES, imports_of, named, package_of, service_of

MIGRATIONS = sorted(
    path for package in PACKAGES.values() for path in package.glob("migrations/versions/*.py")
)
KERNEL = PACKAGES["tongban"]


def _value_of(path: Path, name: str) -> object:
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                return ast.literal_eval(value)
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if (
                found == name
            ):
                return ast.literal_eval(value)
    return None


@pytest.mark.parametrize("path", MIGRATIONS, ids=named)
def test_a_revision_is_named_as_its_file(path: Path) -> None:
    assert _value_of(path, "revision") == path.stem
    assert re.fullmatch(r"\d{4}_[a-z0-9_]+", path.stem)


@pytest.mark.parametrize("path", MIGRATIONS, ids=named)
def test_a_migration_never_imports_the_code_it_migrates(path: Path) -> None:
    imported = [name for _, name in imports_of(path) if name.partition(".")[0] in PACKAGES]

    assert not imported


@pytest.mark.parametrize("path", MIGRATIONS, ids=named)
def test_an_upgrade_waits_for_no_lock_longer_than_five_seconds(path: Path) -> None:
    functions = {
        node.name: node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }

    first = next(
        statement
        for statement in functions["upgrade"].body
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    )
    assert "lock_timeout = '5s'" in ast.unparse(first).replace('\\"', "'")
    assert functions["downgrade"].body


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES.keys())
def test_revisions_are_numbered_without_a_gap(package: Path) -> None:
    numbers = [int(path.stem[:4]) for path in MIGRATIONS if path.is_relative_to(package)]

    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", SERVICES)
def test_the_migrate_command_and_the_tests_mean_the_same_migrations(name: str) -> None:
    # The command does not import the service, so it cannot ask it.
    assert service_of(name).migrations == f"{package_of(name).name}.migrations"
