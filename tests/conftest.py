"""How the tests are shared out where several processes run them (`make test`)."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
# Their districts take long to start: one process starts them once, for all of these.
TOGETHER = ("journeys",)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, in their order; a whole folder's where set-up is dear."""
    for item in items:
        path = item.path.relative_to(ROOT)
        group = path.parts[0] if path.parts[0] in TOGETHER else str(path)
        item.add_marker(pytest.mark.xdist_group(group))
