"""The form that clerks fill: which sheets and columns it has, read off the model of a matter.

A plain field is a column, a list of words a column with `；` between them, a list of parts a sheet
of its own whose first columns say whose they are. What is nested deeper stands in its cell as
JSON. A field that the model gains is in the form without anybody adding it here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from catalog_service.matters.content import MatterContent
from catalog_service.matters.words import chinese
from catalog_service.transfer.headings import COLUMNS, SHEETS

__all__ = ["MATTER", "PARENT", "Column", "Kind", "Sheet", "flat_columns", "sheets"]

MATTER = "matter"
PARENT = "parent"


class Kind(StrEnum):
    """What a cell of a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    DAY = "day"
    CHOICE = "choice"
    WORDS = "words"
    CONDITION = "condition"
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """One column: the field it fills, and what a clerk may write."""

    name: str
    kind: Kind
    is_required: bool = False
    choices: type[StrEnum] | None = None

    @property
    def heading(self) -> str:
        """What stands above it: the Chinese word, and the field's name."""
        return f"{COLUMNS[self.name]} ({self.name})" if self.name in COLUMNS else self.name

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self.name.split("."))

    @property
    def words(self) -> Mapping[str, str]:
        """The choices: value by the word that is shown."""
        kind = self.choices
        if kind is None:
            return {}
        return {chinese(kind.__name__, one.value): one.value for one in kind}


@dataclass(frozen=True)
class Sheet:
    """One sheet: the matters themselves, or one kind of their parts."""

    path: tuple[str, ...]
    columns: Sequence[Column]
    owners: Sequence[Column] = field(default=())
    """The columns that say whose a row is: the matter's code, and its part's key."""

    @property
    def name(self) -> str:
        return ".".join(self.path) or "matters"

    @property
    def title(self) -> str:
        return SHEETS.get(self.name, self.name)

    @property
    def all_columns(self) -> Sequence[Column]:
        return (*self.owners, *self.columns)


_PLAIN: Mapping[Any, Kind] = MappingProxyType(
    {str: Kind.TEXT, int: Kind.INTEGER, float: Kind.NUMBER, bool: Kind.FLAG, date: Kind.DAY}
)
_OWNER = Column(MATTER, Kind.TEXT, is_required=True)
_PARENT = Column(PARENT, Kind.TEXT, is_required=True)


@cache
def sheets() -> Sequence[Sheet]:
    """Return the form's sheets: the matters first."""
    return (
        Sheet((), tuple(_columns(MatterContent, nested=True))),
        *_part_sheets(MatterContent, (), (_OWNER,)),
    )


@cache
def flat_columns() -> Sequence[Column]:
    """Return the columns of the one-sheet form: a matter a row, its parts as JSON."""
    return tuple(_columns(MatterContent, nested=False))


def _columns(
    model: type[BaseModel], *, nested: bool, prefix: str = "", required: bool = True
) -> Iterator[Column]:
    for name, info in _fields(model):
        kind, is_many = _meaning(info)
        is_required = info.is_required() and required
        if _is_model(kind) and not is_many:
            inner = f"{prefix}{name}."
            yield from _columns(kind, nested=False, prefix=inner, required=is_required)
        elif _is_model(kind) and nested and _has_sheet(model, kind):
            continue
        else:
            yield _column(f"{prefix}{name}", kind, is_many=is_many, is_required=is_required)


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Yield a model's fields by the names that they have in JSON."""
    for name, info in model.model_fields.items():
        yield info.alias or name, info


def _column(name: str, kind: Any, *, is_many: bool, is_required: bool) -> Column:
    choices = kind if isinstance(kind, type) and issubclass(kind, StrEnum) else None
    if is_many and (choices or kind is str):
        return Column(name, Kind.WORDS, is_required, choices)
    if choices:
        return Column(name, Kind.CHOICE, is_required, choices)
    if name == "when":
        return Column(name, Kind.CONDITION, is_required)
    return Column(name, Kind.JSON if is_many else _PLAIN.get(kind, Kind.JSON), is_required)


def _part_sheets(
    model: type[BaseModel], path: tuple[str, ...], owners: tuple[Column, ...]
) -> Iterator[Sheet]:
    for name, info in _fields(model):
        kind, is_many = _meaning(info)
        if not (is_many and _is_model(kind) and _has_sheet(model, kind)):
            continue
        inner = (*path, name)
        # A part of a part needs its owner's key; deeper than that, parts stand as JSON.
        has_parts = "key" in kind.model_fields and not path
        yield Sheet(inner, tuple(_columns(kind, nested=has_parts)), owners)
        if has_parts:
            yield from _part_sheets(kind, inner, (_OWNER, _PARENT))


def _has_sheet(owner: type[BaseModel], kind: type[BaseModel]) -> bool:
    is_top = owner is MatterContent
    return kind is not owner and (is_top or "key" in owner.model_fields)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _meaning(info: FieldInfo) -> tuple[Any, bool]:
    """Return what a field holds, bare of null and of validators, and whether it is many of it."""
    kind = _bare(info.annotation)
    if get_origin(kind) in (list, tuple, set, frozenset):
        return _bare(get_args(kind)[0]), True
    return kind, False


def _bare(annotation: Any) -> Any:
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, UnionType):
            inner = [one for one in get_args(annotation) if one is not NoneType]
            if len(inner) != 1:
                return annotation
            annotation = inner[0]
        else:
            return annotation
