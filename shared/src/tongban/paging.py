"""Keyset paging: `?limit=&cursor=` → `{items, next_cursor}`; a page costs the same at any depth."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import BigInteger, Integer, Select, bindparam, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from tongban.problems import Problem, Where

__all__ = [
    "CursorInvalid",
    "Page",
    "PageQuery",
    "Paging",
    "after",
    "page_of",
    "page_values",
    "paged",
]

T = TypeVar("T")
R = TypeVar("R")


class CursorInvalid(Problem):
    """The cursor was not made by this list."""

    status = 422
    type = "cursor-invalid"
    title = {"zh-CN": "翻页标记无效", "en": "The cursor is not valid"}
    detail = {
        "zh-CN": "请从第一页重新开始，不要修改 next_cursor 的内容。",
        "en": "Start again from the first page and pass next_cursor on unchanged.",
    }


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True)
class Paging:
    """What the caller asked for: how many, after which row."""

    limit: int
    cursor: str | None


async def _paging(
    limit: Annotated[int, Query(ge=1, le=100, description="每页条数 / items per page")] = 20,
    cursor: Annotated[
        str | None, Query(description="上一页的 next_cursor / from the page before")
    ] = None,
) -> Paging:
    return Paging(limit=limit, cursor=cursor)


PageQuery = Annotated[Paging, Depends(_paging)]

_TYPES: dict[type, tuple[str, Callable[[str], Any]]] = {
    datetime: ("t", datetime.fromisoformat),
    date: ("d", date.fromisoformat),
    UUID: ("u", UUID),
}
_READERS = {tag: read for tag, read in _TYPES.values()}


def _encode(values: Sequence[Any]) -> str:
    plain = [_plain(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    # By isinstance: the driver's ids are of a subclass of UUID.
    for kind, (tag, _) in _TYPES.items():
        if isinstance(value, kind):
            return [tag, value.isoformat() if hasattr(value, "isoformat") else str(value)]
    return value


def _decode(cursor: str, columns: Sequence["Column"]) -> list[Any]:
    fault = CursorInvalid(errors=[Where.parameter("cursor", CursorInvalid.detail)])
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = [_READERS[v[0]](v[1]) if isinstance(v, list) else v for v in raw]
    except (ValueError, KeyError, IndexError, TypeError, binascii.Error):
        raise fault from None
    if len(values) != len(columns) or not all(map(_fits, values, columns)):
        raise fault
    return values


def _fits(value: Any, column: "Column") -> bool:
    """Whether the database can compare `value` with `column`: a cursor may be made up."""
    if isinstance(value, str):
        return issubclass(column.type.python_type, str) and "\0" not in value
    if isinstance(value, int):
        bits = 63 if isinstance(column.type, BigInteger) else 31
        return column.type.python_type is type(value) and abs(value) < 2**bits
    return isinstance(value, column.type.python_type)


Column = InstrumentedAttribute[Any] | ColumnElement[Any]


def after(
    statement: Select[*tuple[Any, ...]], paging: Paging, *columns: Column, descending: bool = False
) -> Select[*tuple[Any, ...]]:
    """Order `statement` by `columns` (the last unique) and start it after the cursor.

    One row more than asked for is fetched, so that `page_of` knows whether there is a next page.

    Raises:
        CursorInvalid: 422, the cursor is not from this list.
    """
    mark = None if paging.cursor is None else tuple(_decode(paging.cursor, columns))
    return _placed(statement, columns, mark, rows=paging.limit + 1, descending=descending)


def paged(
    statement: Select[*tuple[Any, ...]],
    *columns: Column,
    descending: bool = False,
    has_cursor: bool,
) -> Select[*tuple[Any, ...]]:
    """Return the same for a statement that is put together once and kept.

    Where the page begins and how many rows it has come as parameters, from `page_values`.
    """
    marks = [bindparam(f"cursor_{place}", type_=one.type) for place, one in enumerate(columns)]
    rows = bindparam("page_rows", type_=Integer)
    mark = tuple_(*marks) if has_cursor else None
    return _placed(statement, columns, mark, rows=rows, descending=descending)


def page_values(paging: Paging, *columns: Column) -> dict[str, Any]:
    """Return the parameters of a statement that is `paged` by these columns.

    Raises:
        CursorInvalid: 422, the cursor is not from this list.
    """
    values = [] if paging.cursor is None else _decode(paging.cursor, columns)
    marks = {f"cursor_{place}": value for place, value in enumerate(values)}
    return {"page_rows": paging.limit + 1, **marks}


def _placed(
    statement: Select[*tuple[Any, ...]],
    columns: Sequence[Column],
    mark: Any,
    *,
    rows: Any,
    descending: bool,
) -> Select[*tuple[Any, ...]]:
    if mark is not None:
        place = tuple_(*columns)
        statement = statement.where(place < mark if descending else place > mark)
    ordering = [column.desc() if descending else column.asc() for column in columns]
    return statement.order_by(*ordering).limit(rows)


def page_of(
    rows: Sequence[R], paging: Paging, *, key: Callable[[R], Sequence[Any]]
) -> tuple[list[R], str | None]:
    """Cut the extra row off and return the page with the next cursor, made from `key(row)`."""
    page = list(rows[: paging.limit])
    more = len(rows) > paging.limit
    return page, _encode(key(page[-1])) if more and page else None
