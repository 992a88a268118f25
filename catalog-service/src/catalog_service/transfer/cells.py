"""What a cell says: a value as a clerk reads it, and back. Pure."""

import json
import re
from datetime import date, datetime
from typing import Any

from catalog_service.matters.words import chinese, meant
from catalog_service.transfer.form import Column, Kind

__all__ = ["CellFault", "Value", "read", "shown"]

Value = str | int | float | bool | date

BETWEEN = "；"
TRUE, FALSE = "是", "否"
_FLAGS = {TRUE: True, "true": True, "1": True, "yes": True} | {
    FALSE: False,
    "false": False,
    "0": False,
    "no": False,
}
_EQUALS = re.compile(r"\s*([A-Za-z0-9_]+)\s*=\s*([A-Za-z0-9_-]+)\s*")


class CellFault(ValueError):
    """A cell that can't be read, said in both languages."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.said = {"zh-CN": zh, "en": en}


def shown(column: Column, value: Any) -> Value | None:
    """Return how a value stands in its cell; None leaves the cell empty."""
    if value is None or value == []:
        return None
    match column.kind:
        case Kind.CHOICE:
            return _word(column, value)
        case Kind.WORDS:
            words = [_word(column, one) for one in value]
            is_plain = not any(mark in word for word in words for mark in "；;\n[")
            return BETWEEN.join(words) if is_plain else _json(value)
        case Kind.FLAG:
            return TRUE if value else FALSE
        case Kind.CONDITION:
            return _short(value) or _json(value)
        case Kind.JSON:
            return _json(value)
        case _:
            return value  # type: ignore[no-any-return]  # stored content is JSON: text or a number


def read(column: Column, cell: object) -> Any:
    """Return what a cell says; None where it is empty.

    Raises:
        CellFault: it can't be read as what the column holds.
    """
    cell = cell.strip() if isinstance(cell, str) else cell
    if cell is None or cell == "":
        return None
    match column.kind:
        case Kind.TEXT:
            return _text(cell)
        case Kind.INTEGER | Kind.NUMBER:
            return _number(cell)
        case Kind.FLAG:
            return _flag(cell)
        case Kind.DAY:
            return _day(cell)
        case Kind.CHOICE:
            return _value(column, _text(cell))
        case Kind.WORDS:
            return _words(column, _text(cell))
        case Kind.CONDITION:
            return _condition(_text(cell))
        case Kind.JSON:
            return _parsed(_text(cell))


def _word(column: Column, value: str) -> str:
    return chinese(column.choices.__name__, value) if column.choices else value


def _value(column: Column, word: str) -> str:
    return meant(column.choices, word) if column.choices else word


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return TRUE if cell else FALSE
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a spreadsheet keeps every number as a fraction
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(cell)


def _number(cell: object) -> int | float:
    if isinstance(cell, str):
        try:
            cell = float(cell)
        except ValueError:
            raise CellFault(zh="应为数字", en="must be a number") from None
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        raise CellFault(zh="应为数字", en="must be a number")
    return int(cell) if float(cell).is_integer() else cell


def _flag(cell: object) -> bool:
    flag = _FLAGS.get(_text(cell).lower())
    if flag is None:
        raise CellFault(zh=f"应为“{TRUE}”或“{FALSE}”", en=f"must be {TRUE} (yes) or {FALSE} (no)")
    return flag


def _day(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else _text(cell)


def _words(column: Column, text: str) -> Any:
    if text.startswith("["):
        return _parsed(text)
    words = [word.strip() for word in re.split(r"[；;\n]", text)]
    return [_value(column, word) for word in words if word]


def _short(condition: Any) -> str | None:
    """Write `fact=value`, joined by `&`, where that says all of a condition."""
    if not isinstance(condition, dict):
        return None
    parts = condition["all"] if condition.keys() == {"all"} else [condition]
    plain = all(
        isinstance(one, dict)
        and one.keys() == {"fact", "is"}
        and isinstance(one["is"], str)
        and _EQUALS.fullmatch(f"{one['fact']}={one['is']}")
        for one in parts
    )
    is_kept = plain and (len(parts) > 1 or "all" not in condition)
    return " & ".join(f"{one['fact']}={one['is']}" for one in parts) if is_kept else None


def _condition(text: str) -> Any:
    if text.startswith("{"):
        return _parsed(text)
    found = [_EQUALS.fullmatch(part) for part in text.split("&")]
    parts = [{"fact": one[1], "is": one[2]} for one in found if one]
    if len(parts) < len(found):
        raise CellFault(
            zh="应写作 情形键=答案值，多个以 & 相连，如 has_branch=yes；或写 JSON",
            en="write key=value, several joined by &, like has_branch=yes; or JSON",
        )
    return parts[0] if len(parts) == 1 else {"all": parts}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise CellFault(zh="不是合法的 JSON", en="is not valid JSON") from None
