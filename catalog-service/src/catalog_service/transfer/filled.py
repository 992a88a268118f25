"""From a filled form to matters, and back: each fault told by sheet, row and column. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from catalog_service.errors import ImportFaulty
from catalog_service.matters.content import MatterContent
from catalog_service.matters.faults import Path
from catalog_service.transfer.cells import CellFault, Value, read, shown
from catalog_service.transfer.form import MATTER, PARENT, Column, Sheet
from catalog_service.transfer.rules import MOST_FAULTS
from tongban.problems import FieldError, Text, Where, sentences_of

__all__ = ["Cells", "Filled", "heading_of", "matters_of", "rows_of"]

Cells = Sequence[object]
Row = tuple[str | None, int]
"""The sheet's title, and the row's number as its reader sees it."""


def rows_of(sheet: Sheet, contents: Iterable[Mapping[str, Any]]) -> Iterator[list[Value | None]]:
    """Yield the rows of `sheet` that tell these matters."""
    for content in contents:
        for owners, part in _parts(content, sheet.path, (content["code"],)):
            owned = owners[: len(sheet.owners)]
            yield [*owned, *(shown(one, _inside(part, one.path)) for one in sheet.columns)]


def _parts(
    whole: Mapping[str, Any], path: tuple[str, ...], owners: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if not path:
        yield owners, whole
        return
    for part in whole.get(path[0], ()):
        yield from _parts(part, path[1:], (*owners, str(part.get("key", ""))))


def _inside(whole: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = whole
    for name in path:
        value = None if value is None else value.get(name)
    return value


@dataclass
class Filled:
    """A form being read: the matters so far, where each part stood, and the faults."""

    contents: list[dict[str, Any]] = field(default_factory=list)
    faults: list[FieldError] = field(default_factory=list)
    _rows: dict[Path, tuple[Row, Sheet]] = field(default_factory=dict)
    _by_code: dict[str, int] = field(default_factory=dict)

    def take(
        self, sheet: Sheet, headings: Cells, rows: Iterable[tuple[int, Cells]], *, title: str | None
    ) -> None:
        """Take over a sheet's numbered rows; the matters' sheet comes first."""
        columns = self._columns(sheet, headings, title)
        for number, cells in rows:
            if any(cell not in (None, "") for cell in cells):
                self._row(sheet, columns, cells, (title, number))

    def row_of(self, at: int) -> int:
        """Return the row in which matter `at` stands, as its reader counts it."""
        (_, number), _ = self._rows[(at,)]
        return number

    def checked(
        self, among: Iterable[int]
    ) -> tuple[list[tuple[int, MatterContent]], list[FieldError]]:
        """Return those of the matters `among` that are well formed, and the others' faults."""
        matters, faults = list[tuple[int, MatterContent]](), list[FieldError]()
        for at in among:
            try:
                matters.append((at, MatterContent.model_validate(self.contents[at])))
            except ValidationError as fault:
                faults += [
                    self.place(at, tuple(one["loc"]), sentences_of(dict(one)), one["type"])
                    for one in fault.errors(include_input=False)
                ]
        return matters, _once([*self.faults, *faults])[len(_once(self.faults)) :]

    def place(self, at: int, path: Path, said: Text, code: str) -> FieldError:
        """Make a fault of a place in matter `at`."""
        whole: Path = (at, *path)
        for length in range(len(whole), 0, -1):
            if whole[:length] in self._rows:
                (title, number), sheet = self._rows[whole[:length]]
                return Where.cell(title, number, heading_of(sheet, whole[length:]), said, code)
        return Where.cell(None, 1, None, said, code)

    def _columns(
        self, sheet: Sheet, headings: Cells, title: str | None
    ) -> list[tuple[int, Column]]:
        known = {name: one for one in sheet.all_columns for name in (one.heading, one.name)}
        found = []
        for at, heading in enumerate(headings):
            text = str(heading or "").strip()
            if text in known:
                found.append((at, known[text]))
            elif text:
                said = {"zh-CN": "模板中没有这一列", "en": "the template has no such column"}
                self.faults.append(Where.cell(title, 1, text, said, "column_unknown"))
        there = {column.name for _, column in found}
        for column in sheet.all_columns:
            if column.is_required and column.name not in there:
                said = {"zh-CN": "缺少这一列", "en": "the column is missing"}
                self.faults.append(Where.cell(title, 1, column.heading, said, "column_missing"))
        return found

    def _row(
        self, sheet: Sheet, columns: Sequence[tuple[int, Column]], cells: Cells, row: Row
    ) -> None:
        whole: dict[str, Any] = {}
        owners: dict[str, str] = {}
        for at, column in columns:
            try:
                value = read(column, cells[at] if at < len(cells) else None)
            except CellFault as fault:
                self.faults.append(Where.cell(*row, column.heading, fault.said, "cell"))
                continue
            if column in sheet.owners:
                owners[column.name] = str(value or "")
            elif value is not None:
                _put(whole, column.path, value)
        if not sheet.path:
            self._rows[(len(self.contents),)] = (row, sheet)
            self._by_code.setdefault(str(whole.get("code")), len(self.contents))
            self.contents.append(whole)
        else:
            self._part(sheet, owners, whole, row)

    def _part(
        self, sheet: Sheet, owners: Mapping[str, str], part: dict[str, Any], row: Row
    ) -> None:
        at = self._by_code.get(owners.get(MATTER, ""))
        if at is None:
            said = {"zh-CN": "“事项”表中没有该编码", "en": "no row there has this code"}
            self.faults.append(Where.cell(*row, sheet.owners[0].heading, said, "matter_unknown"))
            return
        owner: dict[str, Any] = self.contents[at]
        path: Path = (at,)
        for name in sheet.path[:-1]:
            siblings = owner.get(name, [])
            keys = [str(one.get("key")) for one in siblings]
            if owners.get(PARENT) not in keys:
                said = {"zh-CN": "上级表中没有该键", "en": "no row there has this key"}
                self.faults.append(
                    Where.cell(*row, sheet.owners[1].heading, said, "parent_unknown")
                )
                return
            found = keys.index(owners[PARENT])
            owner, path = siblings[found], (*path, name, found)
        parts = owner.setdefault(sheet.path[-1], [])
        self._rows[(*path, sheet.path[-1], len(parts))] = (row, sheet)
        parts.append(part)


def matters_of(filled: Filled) -> list[MatterContent]:
    """Return the matters that a form tells.

    Raises:
        ImportFaulty: 422, with each fault by sheet, row and column.
    """
    matters, faults = filled.checked(range(len(filled.contents)))
    faults = _once([*filled.faults, *faults])
    if faults:
        raise ImportFaulty(errors=faults[:MOST_FAULTS])
    if not matters:
        said = {"zh-CN": "没有填写任何事项", "en": "no matter is filled in"}
        raise ImportFaulty(errors=[Where.cell(None, 2, None, said, "empty")])
    return [content for _, content in matters]


def _once(faults: Iterable[FieldError]) -> list[FieldError]:
    """Leave out what a cell's own fault explains: the value that is missing for it."""
    told: dict[tuple[Any, ...], FieldError] = {}
    for fault in faults:
        told.setdefault((fault.sheet, fault.row, fault.column), fault)
    return [*told.values()]


def heading_of(sheet: Sheet, path: Path) -> str | None:
    """Name the column that holds the innermost of `path`."""
    name = ".".join(part for part in path if isinstance(part, str))
    fitting = [
        column
        for column in sheet.all_columns
        if name == column.name
        or name.startswith(f"{column.name}.")
        or column.name.startswith(f"{name}.")
    ]
    return max(fitting, key=lambda one: len(one.name)).heading if fitting and name else name or None


def _put(whole: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        whole = whole.setdefault(name, {})
    whole[path[-1]] = value
