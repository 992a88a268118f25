"""All four services look alike, and imports run one way."""

import subprocess
from pathlib import Path

import pytest

from support.house import ROOT, SERVICES, aggregates_of, imports_of, named, package_of

TOP_LEVEL = {
    "__init__.py",
    "__main__.py",
    "app.py",
    "consumers.py",
    "database.py",
    "errors.py",
    "events.py",
    "settings.py",
}
STATEMENTS = {"select", "insert", "update", "delete", "text"}


def test_imports_run_one_way() -> None:
    checked = subprocess.run(
        [ROOT / ".venv/bin/lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_files_at_its_top(service: str) -> None:
    found = {path.name for path in package_of(service).glob("*.py")}

    assert found >= TOP_LEVEL, f"missing: {sorted(TOP_LEVEL - found)}"
    assert (package_of(service) / "migrations/env.py").exists()
    assert (ROOT / f"{service}-service/README.md").exists()


def _users_of(module: str, folders: list[Path]) -> list[str]:
    return [
        folder.name
        for folder in folders
        for path in folder.glob("*.py")
        if any(name.startswith(module) for _, name in imports_of(path))
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_what_one_aggregate_alone_uses_lies_in_its_folder(service: str) -> None:
    misplaced = []
    for path in package_of(service).glob("*.py"):
        if path.name in TOP_LEVEL:
            continue
        users = _users_of(f"{service}_service.{path.stem}", aggregates_of(service))
        if len(set(users)) == 1:
            misplaced.append(f"{named(path)} is used by {users[0]} alone")

    assert not misplaced, "\n".join(misplaced)


@pytest.mark.parametrize("service", SERVICES)
def test_an_aggregates_files_come_together(service: str) -> None:
    missing = []
    for folder in aggregates_of(service):
        files = {path.stem for path in folder.glob("*.py")}
        if "routes" in files:
            missing += [f"{named(folder)}/{name}.py" for name in {"schemas", "service"} - files]
        if "tables" in files and "store" not in files:
            missing.append(f"{named(folder)}/store.py")

    assert not missing, f"missing: {missing}"


def _statements_in(path: Path) -> list[str]:
    return [
        f"{named(path)}:{line}: {name} belongs in store.py"
        for line, name in imports_of(path)
        if name.startswith("sqlalchemy") and name.rpartition(".")[2] in STATEMENTS
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_statements_are_in_the_store(service: str) -> None:
    found = [
        one
        for folder in aggregates_of(service)
        for name in ("routes", "schemas", "service", "rules")
        if (path := folder / f"{name}.py").exists()
        for one in _statements_in(path)
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize("service", SERVICES)
def test_an_aggregate_asks_another_by_its_service(service: str) -> None:
    reached = []
    for folder in aggregates_of(service):
        closed = tuple(
            f"{service}_service.{other.name}.{part}."
            for other in aggregates_of(service)
            if other != folder
            for part in ("store", "routes")
        )
        reached += [
            f"{named(path)}:{line}: {name}; ask that aggregate's service"
            for path in sorted(folder.glob("*.py"))
            for line, name in imports_of(path)
            if f"{name}.".startswith(closed)
        ]

    assert not reached, "\n".join(reached)
