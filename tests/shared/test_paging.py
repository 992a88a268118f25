"""Keyset paging: the pages of a list are the list, whatever the page size."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column, select

from tongban.paging import CursorInvalid, Paging, after, page_of

KEYS = st.lists(st.integers(0, 10**6), unique=True, max_size=60).map(sorted)


@given(keys=KEYS, limit=st.integers(1, 20))
def test_the_pages_together_are_the_list(keys: list[int], limit: int) -> None:
    seen: list[int] = []
    cursor = None
    while True:
        paging = Paging(limit=limit, cursor=cursor)
        rest = [key for key in keys if not seen or key > seen[-1]][: limit + 1]
        page, cursor = page_of(rest, paging, key=lambda key: (key,))
        seen += page
        if cursor is None:
            break

    assert seen == keys


def test_a_cursor_carries_times_and_ids() -> None:
    at = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    row = (at, UUID(int=7))
    _, cursor = page_of([row, row], Paging(limit=1, cursor=None), key=lambda one: one)

    columns: Any = (column("at"), column("id"))
    statement = after(
        select(*columns),
        Paging(limit=1, cursor=cursor),
        *columns,
    )

    assert at in statement.compile().params.values()
    assert UUID(int=7) in statement.compile().params.values()


@pytest.mark.parametrize("cursor", ["", "x", "é", "bnVsbA", "W10", "e30", "WzEsMiwzXQ", "W3t9LDFd"])
def test_a_cursor_from_elsewhere_is_refused(cursor: str) -> None:
    columns: Any = (column("a"), column("b"))

    with pytest.raises(CursorInvalid):
        after(select(*columns), Paging(limit=1, cursor=cursor), *columns)
