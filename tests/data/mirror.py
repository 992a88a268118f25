"""Both sides of an agreement list a matter alike: `python tests/data/mirror.py` makes it so.

A matter is written once, in its owner's `matters.json`; what `partners.json` says of it, here and
at the partner's, is copied from there. Matters of districts without a data set stay as they are.
"""

import json
from pathlib import Path
from typing import Any

__all__ = ["DISTRICTS", "mirrored", "text_of"]

DISTRICTS = Path(__file__).parents[2] / "deploy" / "districts"
FOLDERS = {"610171": "xian-hitech", "610172": "qujiang", "610971": "ankang-hitech"}
WIDTH = 160

Row = dict[str, Any]


def mirrored(folder: str) -> Row:
    """Return a district's `partners.json` with each matter as its owner tells it."""
    told = {
        (owner, matter["code"]): matter
        for owner, home in FOLDERS.items()
        for matter in _read(home, "matters")["matters"]
    }
    partners = _read(folder, "partners")
    for offer in partners["matter_offers"]:
        known = (offer["owner_district"], offer["matter"]["code"])
        offer["matter"] = told.get(known, offer["matter"])
    return partners


def text_of(document: Row) -> str:
    """Return a data set's file as it is kept: a row a line, so that a change is seen in a diff."""
    return f"{_written(document, 0)}\n"


def _written(value: Any, indent: int) -> str:
    inline = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict) or len(inline) <= WIDTH:
        return inline
    pad = " " * (indent + 2)
    fields = ",\n".join(f'{pad}"{key}": {_listed(one, indent + 2)}' for key, one in value.items())
    return f"{{\n{fields}\n{' ' * indent}}}"


def _listed(value: Any, indent: int) -> str:
    inline = json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict) and "materials" in value:
        return _written(value, indent)
    if not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return inline
    is_part = "provenance" not in value[0] and "matter" not in value[0]
    if is_part and len(inline) <= WIDTH:
        return inline
    pad = " " * (indent + 2)
    rows = [
        json.dumps(one, ensure_ascii=False) if is_part else _written(one, indent + 2)
        for one in value
    ]
    listed = ",\n".join(f"{pad}{row}" for row in rows)
    return f"[\n{listed}\n{' ' * indent}]"


def _read(folder: str, name: str) -> Row:
    content: Row = json.loads((DISTRICTS / folder / f"{name}.json").read_text("utf-8"))
    return content


if __name__ == "__main__":
    for each in FOLDERS.values():
        (DISTRICTS / each / "partners.json").write_text(text_of(mirrored(each)), "utf-8")
