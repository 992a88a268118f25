"""The empty form as a workbook: drop-downs where words are agreed on, a sheet that explains it."""

import io
from collections.abc import Mapping
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from catalog_service.transfer.cells import FALSE, TRUE
from catalog_service.transfer.form import Column, Kind, Sheet, sheets
from catalog_service.transfer.instructions import (
    COLUMN_HEADINGS,
    INSTRUCTIONS,
    WORD_LISTS,
    instruction_rows,
)

__all__ = ["template"]

LAST_ROW = 1_048_575
SHORT, LONG = 16, 40
_BOLD = {"bold": True, "text_wrap": True}
# Nothing that somebody typed becomes a formula, a link or a number.
SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def template() -> bytes:
    """Return the form without a matter."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, SAFE) as book:
        look = {
            "heading": book.add_format({**_BOLD, "bg_color": "#DDEBF7"}),
            "required": book.add_format({**_BOLD, "bg_color": "#FCE4D6"}),
        }
        pages = [(sheet, book.add_worksheet(sheet.title)) for sheet in sheets()]
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        _explain(book.add_worksheet(INSTRUCTIONS), look["heading"], wrapped)
        lists = _list_words(book.add_worksheet(WORD_LISTS))
        for sheet, page in pages:
            _head(sheet, page, lists, **look)
    return written.getvalue()


def _head(
    sheet: Sheet,
    page: Worksheet,
    lists: Mapping[str, str],
    *,
    heading: Format,
    required: Format,
) -> None:
    page.freeze_panes(1, 1)
    for at, column in enumerate(sheet.all_columns):
        is_long = column.kind in {Kind.TEXT, Kind.WORDS, Kind.JSON}
        page.set_column(at, at, LONG if is_long else SHORT)
        page.write_string(0, at, column.heading, required if column.is_required else heading)
        rule = _rule(column, lists)
        if rule is not None:
            page.data_validation(1, at, LAST_ROW, at, rule)


def _rule(column: Column, lists: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what the spreadsheet itself checks while the form is filled in."""
    if column.kind is Kind.CHOICE and column.choices is not None:
        return {"validate": "list", "source": lists[column.choices.__name__], **_REFUSAL}
    if column.kind is Kind.FLAG:
        return {"validate": "list", "source": [TRUE, FALSE], **_REFUSAL}
    if column.kind is Kind.INTEGER:
        return {"validate": "integer", "criteria": ">=", "value": 0, **_REFUSAL}
    return None


_REFUSAL = {
    "error_title": "填写有误 / not valid",
    "error_message": "请按“填写说明”填写。\nSee the sheet of instructions.",
}


def _list_words(page: Worksheet) -> Mapping[str, str]:
    """Write the agreed words, a column each, and return where each list lies."""
    page.hide()
    kinds = {
        column.choices.__name__: [*column.words]
        for sheet in sheets()
        for column in sheet.all_columns
        if column.kind is Kind.CHOICE and column.choices is not None
    }
    for number in range(max(map(len, kinds.values())) + 1):
        for at, (name, words) in enumerate(kinds.items()):
            cell = name if number == 0 else words[number - 1] if number <= len(words) else ""
            page.write_string(number, at, cell)
    return {
        name: f"='{WORD_LISTS}'!${_letters(at)}$2:${_letters(at)}${len(words) + 1}"
        for at, (name, words) in enumerate(kinds.items())
    }


def _letters(at: int) -> str:
    name: str = xlsxwriter.utility.xl_col_to_name(at)
    return name


def _explain(page: Worksheet, heading: Format, wrapped: Format) -> None:
    page.set_column(0, 4, LONG)
    for number, row in enumerate(instruction_rows()):
        for at, text in enumerate(row):
            page.write_string(number, at, text, heading if row == COLUMN_HEADINGS else wrapped)
