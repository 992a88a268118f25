"""The form as a workbook, filled and sent at once: nothing waits until all of it is packed.

A workbook is a ZIP of its sheets, one after the other. The matters' sheet is packed as they come;
the rows of the others wait in files and follow it. So the first bytes leave at once, none is long
in coming, and memory does not grow with the catalog. The library that draws the template packs a
book when it is complete, and takes a minute for 20,000 matters: nobody waits for a silent minute.
"""

import io
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import IO, Any, Self
from xml.sax.saxutils import escape

from xlsxwriter.utility import xl_col_to_name

from catalog_service.transfer.cells import Value
from catalog_service.transfer.filled import rows_of
from catalog_service.transfer.form import sheets
from catalog_service.transfer.workbook import template

__all__ = ["FormBook", "workbook_of"]

AT_ONCE_BYTES = 1 << 18
# ECMA-376 Part 1, 22.9.2.19 (ST_Xstring): what XML cannot hold, and what looks like its escape.
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)")
# What the template says of its size is that of an empty form; a reader does without it.
_EXTENT = re.compile(rb"<dimension [^>]*/>")
_END_OF_ROWS = b"</sheetData>"


class FormBook:
    """A workbook being filled: a matter is forgotten once it is written.

    What was packed is handed out, piece by piece, by `fill` and then by `rest`.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._packed = _Packed()
        self._pages = [_Page(f"xl/worksheets/sheet{at}.xml") for at in range(1, len(sheets()) + 1)]
        self._template = zipfile.ZipFile(io.BytesIO(template()))
        self._book = zipfile.ZipFile(self._packed, "w", zipfile.ZIP_DEFLATED)

    def __enter__(self) -> Self:
        """Begin the book: all that is no matter's, and the first sheet's heading."""
        own = {page.name for page in self._pages}
        for one in self._template.infolist():
            if one.filename not in own:
                self._book.writestr(one.filename, self._template.read(one))
        for page in self._pages:
            told = _EXTENT.sub(b"", self._template.read(page.name), count=1)
            page.head, _, page.tail = told.partition(_END_OF_ROWS)
        first, *others = self._pages
        first.rows = self._open.enter_context(self._book.open(first.name, "w"))
        first.rows.write(first.head)
        for page in others:
            page.rows = self._open.enter_context(tempfile.TemporaryFile())
        return self

    def __exit__(self, *fault: object) -> None:
        """Drop the files; a book that was left in the middle is no book."""
        self._open.close()

    def fill(self, contents: Sequence[Mapping[str, Any]]) -> bytes:
        """Add matters below those before; return what is packed by now."""
        for sheet, page in zip(sheets(), self._pages, strict=True):
            page.add(rows_of(sheet, contents))
        return self._packed.take()

    def rest(self) -> Iterator[bytes]:
        """Yield what is not handed out yet, to the end of the book."""
        first, *others = self._pages
        first.rows.write(_END_OF_ROWS + first.tail)
        first.rows.close()
        for page in others:
            page.rows.seek(0)
            with self._book.open(page.name, "w") as packed:
                packed.write(page.head)
                while rows := page.rows.read(AT_ONCE_BYTES):
                    packed.write(rows)
                    yield self._packed.take()
                packed.write(_END_OF_ROWS + page.tail)
        self._book.close()
        yield self._packed.take()


class _Page:
    """One sheet: what stands before and after its rows, and the rows that are written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.head = self.tail = b""
        self.rows: IO[bytes]
        self._filled = 1  # the headings

    def add(self, rows: Iterable[Sequence[Value | None]]) -> None:
        for cells in rows:
            self._filled += 1
            self.rows.write(_row(self._filled, cells))


class _Packed(io.RawIOBase):
    """Takes what is packed until somebody fetches it."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, packed: Any) -> int:
        self._held += packed
        return len(packed)

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


def workbook_of(contents: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the form, filled with these matters."""
    with FormBook() as book:
        return b"".join([book.fill(contents), *book.rest()])


def _row(number: int, cells: Sequence[Value | None]) -> bytes:
    told = (_cell(number, at, value) for at, value in enumerate(cells) if value is not None)
    return f'<row r="{number}">{"".join(told)}</row>'.encode()


def _cell(number: int, at: int, value: Value) -> str:
    place = f"{xl_col_to_name(at)}{number}"
    if isinstance(value, str):
        # As text in its place: nothing that somebody typed becomes a formula, a link or a number.
        text = escape(_UNSPEAKABLE.sub(_spelt, value))
        kept = "" if value == value.strip() else ' xml:space="preserve"'
        return f'<c r="{place}" t="inlineStr"><is><t{kept}>{text}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def _spelt(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):04X}_"
