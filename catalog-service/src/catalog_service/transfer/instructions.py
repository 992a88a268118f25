"""What the template tells whoever fills it in, in Chinese and English."""

from collections.abc import Iterator

from catalog_service.transfer.form import Column, Kind, Sheet, sheets

__all__ = ["COLUMN_HEADINGS", "INSTRUCTIONS", "WORD_LISTS", "instruction_rows"]

INSTRUCTIONS = "填写说明"
WORD_LISTS = "词表"

_OPENING = (
    (
        "每个事项在“事项”表中占一行；材料、情形等在各自的表中，用“所属事项编码”指明事项。",
        "Each matter is a row of the first sheet; its materials, situations and so on are rows of "
        "their own sheets and name the matter by its code.",
    ),
    (
        "第一行是表头，不要改动；空行会被跳过。带 * 的列必填。",
        "The first row holds the headings: leave it as it is. Empty rows are skipped. "
        "Columns with * must be filled.",
    ),
    (
        "多个词语之间用“；”分开。有下拉框的列请从中选择，也可填英文标识。",
        "Put ； between several words. Choose from the list where there is one; "
        "the identifiers are understood too.",
    ),
    (
        "“适用条件”写作 情形键=答案值，几个同时成立的以 & 相连；空着表示始终适用。",
        "A condition reads key=value, several that must hold together joined by &; "
        "empty means always.",
    ),
    (
        "先以 dry_run=true 试导入：有误时列出每处的表、行、列，什么也不会写入。",
        "Try it with dry_run=true first: each fault is told by sheet, row and column, "
        "and nothing is written.",
    ),
)
COLUMN_HEADINGS = ("表 sheet", "列 column", "必填 required", "填写内容", "what to write")
_MEANING = {
    Kind.TEXT: ("文字", "text"),
    Kind.INTEGER: ("整数", "a whole number"),
    Kind.NUMBER: ("数字", "a number"),
    Kind.FLAG: ("是 / 否", "是 (yes) or 否 (no)"),
    Kind.DAY: ("日期，如 2026-10-10", "a date, like 2026-10-10"),
    Kind.CHOICE: ("下列之一", "one of"),
    Kind.WORDS: ("词语，以；分开", "words, with ； between them"),
    Kind.CONDITION: ("条件，如 has_branch=yes", "a condition, like has_branch=yes"),
    Kind.JSON: ("JSON", "JSON"),
}


def instruction_rows() -> Iterator[tuple[str, ...]]:
    """Yield the rows of the instructions: how to fill the form in, then each column."""
    yield from _OPENING
    yield ()
    yield COLUMN_HEADINGS
    for sheet in sheets():
        for column in sheet.all_columns:
            yield _column_row(sheet, column)


def _column_row(sheet: Sheet, column: Column) -> tuple[str, ...]:
    chinese, english = _MEANING[column.kind]
    words = "、".join(column.words)
    values = ", ".join(column.words.values())
    return (
        sheet.title,
        column.heading,
        "*" if column.is_required else "",
        f"{chinese}：{words}" if words else chinese,
        f"{english}: {values}" if values else english,
    )
