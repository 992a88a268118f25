"""Whether the databases are already what the code wants: then a start need not migrate them."""

import hashlib
from collections.abc import Iterable
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

import tongban

_READ = (".py", ".json", ".sql")


def fingerprint(modules: Iterable[str]) -> str:
    """Of everything that decides what `migrate` does: migrations, kernel, installed libraries."""
    digest = hashlib.sha256()
    kernel = Path(tongban.__file__).parent
    services = [place for module in modules for place in _migrations_of(module)]
    for folder in (kernel, *services):
        for path in sorted(folder.rglob("*")):
            if path.suffix in _READ:
                digest.update(f"{path.relative_to(folder)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    for line in sorted(f"{each.name}=={each.version}" for each in distributions()):
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def _migrations_of(module: str) -> list[Path]:
    spec = find_spec(module)  # finds the package without running it
    places = spec.submodule_search_locations if spec else None
    return [Path(place) / "migrations" for place in places or ()]
