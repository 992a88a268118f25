"""A document on paper (文书版式): its JSON set as PDF/A, the same bytes each time.

The typesetter, the font and the QR code come from wheels. A page takes a few milliseconds of CPU:
callers set it in a thread.
"""

import io
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import pylopdf_fonts_zh_cn
import segno
import typst

__all__ = ["typeset"]

_TEMPLATE: Final = Path(__file__).parent / "templates" / "document.typ"


def typeset(document: Mapping[str, Any], *, sha256: str, verify_at: str) -> bytes:
    """Return the sealed `document` as PDF/A-2b; whoever scans its code comes to `verify_at`."""
    told = {name: value for name, value in document.items() if name != "facts"}
    told |= {"sha256": sha256, "verify_at": verify_at}
    compiler = typst.Compiler(_template(), font_paths=_fonts(), ignore_system_fonts=True)
    made = compiler.compile(
        format="pdf",
        sys_inputs={"document": json.dumps(told), "code": _code(verify_at)},
        pdf_standards=["a-2b"],
        # The document's own date: bytes depend on nothing but what it says.
        timestamp=int(datetime.fromisoformat(document["issued_at"]).timestamp()),
    )
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made


def _code(address: str) -> str:
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", border=0, xmldecl=False)
    return drawn.getvalue().decode()


@cache
def _template() -> bytes:
    return _TEMPLATE.read_bytes()


@cache
def _fonts() -> typst.Fonts:
    folder = pylopdf_fonts_zh_cn.serif_path().parent
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )
