"""The form as a file: XLSX, one sheet a kind of part, and CSV, a matter a row."""

import csv
import io
import itertools
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from catalog_service.errors import ImportFaulty
from catalog_service.transfer.errors import FileUnreadable
from catalog_service.transfer.filled import Cells, Filled, rows_of
from catalog_service.transfer.form import Sheet, flat_columns, sheets
from catalog_service.transfer.instructions import INSTRUCTIONS, WORD_LISTS
from tongban.problems import Where

__all__ = ["FLAT", "MOST_BYTES", "CsvRows", "csv_head", "csv_row", "read_csv", "read_xlsx"]

MOST_BYTES = 20 * 1024 * 1024
MOST_UNPACKED = 400 * 1024 * 1024
# What a spreadsheet can hold at all, and how many cells of a sheet are read: a dozen for each
# part of 20,000 matters.
MOST_ROWS, MOST_CELLS = 1_048_576, 4_000_000
_CELL = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,4})(\d{1,9})"|<row\b[^>]*?\br="(\d{1,9})"')
_LONGEST_TAG = 200
# A spreadsheet takes a cell that begins so for a formula; the apostrophe says that it is text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_IS_LONG = 1 << 22
_UTF_8_MARK = b"\xef\xbb\xbf"
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
        return _read_sheets(book)
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as fault:
        raise FileUnreadable(expected="XLSX") from fault


def _read_sheets(book: CalamineWorkbook) -> Filled:
    known = {title: one for one in sheets() for title in (one.title, one.name)}
    strange = [name for name in book.sheet_names if name not in {*known, INSTRUCTIONS, WORD_LISTS}]
    if strange:
        said = {"zh-CN": "模板中没有这张表", "en": "the template has no such sheet"}
        raise ImportFaulty(
            errors=[Where.cell(name, 1, None, said, "sheet_unknown") for name in strange]
        )
    filled = Filled()
    # In the form's order: a part's owner is read before the part, wherever its sheet lies.
    for sheet in sheets():
        title = next((name for name in book.sheet_names if known.get(name) == sheet), None)
        if title is not None:
            rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
            filled.take(sheet, *_headed(rows), title=title)
    return filled


def _headed(rows: Iterable[Cells]) -> tuple[Cells, Iterator[tuple[int, Cells]]]:
    numbered = enumerate(rows, start=1)
    _, headings = next(numbered, (1, ()))
    return headings, numbered


def _require_modest(content: bytes) -> None:
    """Refuse what unpacks to more than it seems: a small file can claim a huge sheet."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
            raise ValueError("the workbook unpacks to too much")
        for name in packed.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                rows, columns = _extent(packed, name)
                if rows > MOST_ROWS or rows * columns > MOST_CELLS:
                    raise ValueError("the sheet is too large")


def _extent(packed: zipfile.ZipFile, name: str) -> tuple[int, int]:
    """Return how many rows and columns a sheet says that it has, reading it bit by bit."""
    rows, columns, before = 1, 1, b""
    with packed.open(name) as page:
        while chunk := page.read(1 << 20):
            for column, row, whole_row in _CELL.findall(before + chunk):
                rows = max(rows, int(row or whole_row))
                columns = max(columns, _column_number(column))
            before = chunk[-_LONGEST_TAG:]
    return rows, columns


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


class CsvRows:
    """Reads a table as it arrives, in UTF-8 or as a Chinese spreadsheet saves it.

    In both a byte of a quotation mark or a line end is nothing else, so that bytes are split
    before they are decoded. A row that goes over several lines is one, as the spreadsheet has it.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._begun = bytearray()
        self._is_quoted = False
        self._encoding = "utf-8"
        self._is_decided = False
        self._number = 0

    def feed(self, chunk: bytes) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that are whole by now, by their numbers.

        Raises:
            FileUnreadable: 422.
        """
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            self._take(part + b"\n")
            if not self._is_quoted:
                yield from self.end()
        self._take(rest)

    def end(self) -> Iterator[tuple[int, list[str]]]:
        """Yield what has begun, as nothing comes after it."""
        text = self._decoded(bytes(self._begun))
        self._begun.clear()
        try:
            for cells in csv.reader(io.StringIO(text, newline="")):
                self._number += 1
                yield self._number, [_unguarded(cell) for cell in cells]
        except csv.Error as fault:
            raise FileUnreadable(expected="CSV") from fault

    def _take(self, part: bytes) -> None:
        self._begun += part
        self._is_quoted ^= part.count(b'"') % 2 == 1
        if len(self._begun) > self._most_bytes:
            # A quotation that never ends would make one row of the rest of the file.
            raise FileUnreadable(expected="CSV")

    def _decoded(self, row: bytes) -> str:
        if self._number == 0:
            row = row.removeprefix(_UTF_8_MARK)
        try:
            text = row.decode(self._encoding)
        except UnicodeDecodeError as fault:
            if self._is_decided:
                raise FileUnreadable(expected="CSV") from fault
            self._encoding, self._is_decided = "gb18030", True
            return self._decoded(row)
        self._is_decided = self._is_decided or not text.isascii()
        return text


def read_csv(content: bytes) -> Filled:
    """Read a table of matters.

    Raises:
        FileUnreadable: 422.
    """
    rows = CsvRows(most_bytes=len(content))
    read = itertools.chain(rows.feed(content), rows.end())
    filled = Filled()
    filled.take(FLAT, *_headed(cells for _, cells in read), title=None)
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


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
