"""Statements counted, as a test holds a loop over rows to one statement for all of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from tongban.testing.fixtures import RunningService

__all__ = ["counting"]


@contextmanager
def counting(side: RunningService) -> Iterator[list[str]]:
    """Gather the statements that a side asks meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = side.context.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
