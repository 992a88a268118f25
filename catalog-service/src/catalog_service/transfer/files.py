"""The form as a file: XLSX, one sheet a kind of part, and CSV, a matter a row."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from catalog_service.errors import ImportFaulty
from catalog_service.transfer.errors import FileUnreadable
from catalog_service.transfer.filled import Filled, rows_of
from catalog_service.transfer.form import Sheet, flat_columns, sheets
from catalog_service.transfer.instructions import INSTRUCTIONS, WORD_LISTS
from tongban.problems import Where

__all__ = ["MOST_BYTES", "csv_head", "csv_row", "read_csv", "read_xlsx"]

MOST_BYTES = 20 * 1024 * 1024
MOST_UNPACKED = 400 * 1024 * 1024
MOST_ROWS, MOST_COLUMNS = 100_000, 200
_CELL = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,4})(\d{1,9})"|<row\b[^>]*?\br="(\d{1,9})"')
# A spreadsheet takes a cell that begins so for a formula; the apostrophe says that it is text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_IS_LONG = 1 << 22
csv.field_size_limit(_IS_LONG)

FLAT = Sheet((), flat_columns())


def read_xlsx(content: bytes) -> Filled:
    """Read a filled workbook.

    Raises:
        FileUnreadable: 422. ImportFaulty: 422, a sheet that the template does not have.
    """
    try:
        _require_modest(content)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        pages = {name: book.get_sheet_by_name(name) for name in names}
        rows = {name: page.to_python(skip_empty_area=False) for name, page in pages.items()}
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as fault:
        raise FileUnreadable(expected="XLSX") from fault
    known = {title: one for one in sheets() for title in (one.title, one.name)}
    strange = [name for name in names if name not in {*known, INSTRUCTIONS, WORD_LISTS}]
    if strange:
        said = {"zh-CN": "模板中没有这张表", "en": "the template has no such sheet"}
        raise ImportFaulty(
            errors=[Where.cell(name, 1, None, said, "sheet_unknown") for name in strange]
        )
    filled = Filled()
    # In the form's order: a part's owner is read before the part, wherever its sheet lies.
    for sheet in sheets():
        title = next((name for name in names if known.get(name) == sheet), None)
        if title is not None:
            filled.take(sheet, rows[title], title=title)
    return filled


def _require_modest(content: bytes) -> None:
    """Refuse what unpacks to more than it seems: a small file can claim a huge sheet."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
            raise ValueError("the workbook unpacks to too much")
        for name in packed.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                for column, row, whole_row in _CELL.findall(packed.read(name)):
                    if int(row or whole_row) > MOST_ROWS or _column_number(column) > MOST_COLUMNS:
                        raise ValueError("the sheet is too large")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def read_csv(content: bytes) -> Filled:
    """Read a table of matters, written in UTF-8 or as a Chinese spreadsheet saves it.

    Raises:
        FileUnreadable: 422.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as fault:
            raise FileUnreadable(expected="CSV") from fault
    filled = Filled()
    try:
        filled.take(FLAT, _unguarded(csv.reader(io.StringIO(text, newline=""))), title=None)
    except csv.Error as fault:
        raise FileUnreadable(expected="CSV") from fault
    return filled


def csv_head() -> bytes:
    """Return the headings of a table of matters, with the mark by which spreadsheets know UTF-8."""
    return "\ufeff".encode() + _line([column.heading for column in FLAT.columns])


def csv_row(content: Mapping[str, Any]) -> bytes:
    """Return a matter's row."""
    [row] = rows_of(FLAT, [content])
    return _line([_guarded(cell) for cell in row])


def _line(cells: Sequence[Any]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerow(["" if cell is None else cell for cell in cells])
    return written.getvalue().encode()


def _guarded(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _unguarded(rows: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    for row in rows:
        yield [
            cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
            for cell in row
        ]
